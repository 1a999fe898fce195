//! The clock: looked at, moved and stopped.

use super::{get, post};
use crate::Caller;
use crate::support::{DEPOSIT, kenya};
use serde_json::json;
use tarspay_sandbox::Sandbox;

#[tokio::test]
async fn the_clock_is_looked_at_and_set() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let frozen = post(&sandbox, "clock/freeze", &json!({})).await;
    assert_eq!(frozen["is_frozen"], true);
    let advanced = post(&sandbox, "clock/advance", &json!({ "millis": 30 * 60 * 1000 })).await;
    assert_eq!(advanced["now"].as_u64().unwrap() - frozen["now"].as_u64().unwrap(), 30 * 60 * 1000);
    assert_eq!(get(&sandbox, &format!("orders/{id}")).await["state"], 6);
    assert_eq!(get(&sandbox, "clock").await, advanced);
    assert_eq!(post(&sandbox, "clock/resume", &json!({})).await["is_frozen"], false);
}
