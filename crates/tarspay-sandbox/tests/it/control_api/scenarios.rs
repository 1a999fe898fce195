//! Scenarios: played in each of the forms they come in, shown and cleared.

use super::{get, post, refused};
use crate::Caller;
use crate::support::{DEPOSIT, kenya};
use serde_json::{Value, json};
use tarspay_sandbox::Sandbox;

#[tokio::test]
async fn scenarios_are_played_and_cleared() {
    let sandbox = Sandbox::start().await.unwrap();
    let listed = get(&sandbox, "scenarios").await;
    assert_eq!(listed["scenarios"], json!([]));
    assert!(listed["shipped"].as_array().unwrap().iter().any(|one| one["name"] == "paid-at-once"));
    let played = post(&sandbox, "scenarios", &json!({ "shipped": "paid-later" })).await;
    assert_eq!(
        (&played["name"], &played["steps"][1]),
        (&json!("paid-later"), &json!({ "after": "3m", "do": "pay" }))
    );
    // What is shown can be played.
    let mut own = played.clone();
    own["name"] = json!("own");
    assert_eq!(post(&sandbox, "scenarios", &json!({ "scenario": own })).await, own);
    let toml = "name = \"third\"\ndescription = \"T\"\n[[faults]]\nkind = \"lose_callback\"";
    post(&sandbox, "scenarios", &json!({ "toml": toml })).await;
    let names = |value: &Value| -> Vec<_> {
        value["scenarios"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect()
    };
    assert_eq!(names(&get(&sandbox, "scenarios").await), ["paid-later", "own", "third"]);

    let id = Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let order = get(&sandbox, &format!("orders/{id}")).await;
    let planned: Vec<_> = order["planned"].as_array().unwrap().iter().map(|one| &one["step"]).collect();
    assert_eq!(planned, ["open after 20s", "pay after 3m"]);
    let pay_at = order["planned"][1]["at"].as_u64().unwrap();
    assert_eq!(pay_at - order["created_at"].as_u64().unwrap(), 180_000);
    let events = get(&sandbox, "events").await["events"].to_string();
    assert!(events.contains(r#""kind":"scenario_took""#), "{events}");

    assert_eq!(names(&post(&sandbox, "scenarios/own/clear", &json!({})).await), ["paid-later", "third"]);
    assert_eq!(refused(&sandbox, 404, "POST", "scenarios/own/clear", "").await.0, "unknown_scenario");
    assert!(names(&post(&sandbox, "scenarios/clear", &json!({})).await).is_empty());

    for (body, status, kind, named) in [
        (json!({ "shipped": "nothing" }), 404, "unknown_scenario", "paid-at-once"),
        (json!({ "scenario": { "name": "x" } }), 400, "invalid_scenario", "`description`"),
        (json!({ "scenario": 5 }), 400, "invalid_scenario", "struct"),
        (json!({ "toml": "name = " }), 400, "invalid_scenario", "line 1"),
        (json!({}), 400, "invalid_request", "\"toml\""),
        (json!({ "shipped": "paid-later", "toml": "" }), 400, "invalid_request", "one alone"),
    ] {
        let found = refused(&sandbox, status, "POST", "scenarios", &body.to_string()).await;
        assert!(found.0 == kind && found.1.contains(named), "{body}: {found:?}");
    }
    assert_eq!(get(&sandbox, "scenarios").await["scenarios"], json!([]));
}
