//! Events: read after a number, and waited for.

use super::get;
use crate::http::Request;
use crate::support::{DEPOSIT, kenya};
use crate::time::{HeldTime, another_call};
use crate::{BALANCE, Caller};
use serde_json::json;
use std::pin::pin;
use tarspay_sandbox::Sandbox;

#[tokio::test]
async fn events_come_after_a_number_and_are_waited_for() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    assert_eq!(get(&sandbox, "events").await, json!({ "events": [], "last": 0 }));
    assert_eq!(get(&sandbox, "events?after=0&wait_millis=1").await["last"], 0);
    let body = kenya("D1", &json!({ "notifyUrl": "http://127.0.0.1:9/" }));
    caller.create(&sandbox, DEPOSIT, &body).await;
    let events = get(&sandbox, "events?wait_millis=20000").await;
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["state_changed", "called"]);
    assert_eq!(events["last"], 2);
    let rest = get(&sandbox, "events?after=1").await;
    assert_eq!(rest["events"], json!([events["events"][1]]));

    // No time passes: only an event can end the wait.
    let time = HeldTime::new();
    let mut waiting = pin!(get(&sandbox, "events?after=2&wait_millis=20000"));
    tokio::select! {
        biased;
        early = &mut waiting => panic!("nothing has happened: {early}"),
        () = another_call(&sandbox) => {}
    }
    let query = caller.balance_query();
    let (news, _) = tokio::join!(waiting, query.send(sandbox.address()));
    assert_eq!((&news["last"], &news["events"][0]["path"]), (&json!(3), &json!(BALANCE)));
    time.go_on();
}

#[tokio::test]
async fn a_stopping_sandbox_lets_those_go_who_wait() {
    let sandbox = Sandbox::start().await.unwrap();
    let request =
        Request::post("/_sandbox/events?wait_millis=20000", "").method("GET").header("Host", "localhost");
    // No time passes: neither the wait nor the patience of the stop can end by itself.
    let time = HeldTime::new();
    let mut waiting = pin!(request.send(sandbox.address()));
    tokio::select! {
        biased;
        early = &mut waiting => panic!("nothing has happened: {early:?}"),
        () = another_call(&sandbox) => {}
    }
    let (let_go, ()) = tokio::join!(waiting, sandbox.stop());
    assert_eq!(let_go.json()["last"], 0);
    time.go_on();
}
