//! Events: read after a number, and waited for.

use super::get;
use crate::http::{Request, in_time};
use crate::support::{DEPOSIT, kenya};
use crate::{BALANCE, Caller};
use serde_json::json;
use std::time::{Duration, Instant};
use tarspay_sandbox::Sandbox;

#[tokio::test]
async fn events_come_after_a_number_and_are_waited_for() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    assert_eq!(get(&sandbox, "events").await, json!({ "events": [], "last": 0 }));
    assert_eq!(get(&sandbox, "events?after=0&wait_millis=1").await["last"], 0);
    caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let events = get(&sandbox, "events?wait_millis=20000").await;
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["state_changed", "called"]);
    assert_eq!(events["last"], 2);
    let rest = get(&sandbox, "events?after=1").await;
    assert_eq!(rest["events"], json!([events["events"][1]]));

    let waiting = get(&sandbox, "events?after=2&wait_millis=20000");
    let acting = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        caller.balance_query().send(sandbox.address()).await;
    };
    let (news, ()) = in_time(async { tokio::join!(waiting, acting) }).await;
    assert_eq!((&news["last"], &news["events"][0]["path"]), (&json!(3), &json!(BALANCE)));
}

#[tokio::test]
async fn a_stopping_sandbox_lets_those_go_who_wait() {
    let sandbox = Sandbox::start().await.unwrap();
    let address = sandbox.address();
    let request =
        Request::post("/_sandbox/events?wait_millis=20000", "").method("GET").header("Host", "localhost");
    let waiting = tokio::spawn(async move { request.send(address).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    in_time(sandbox.stop()).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(waiting.await.unwrap().json()["last"], 0);
}
