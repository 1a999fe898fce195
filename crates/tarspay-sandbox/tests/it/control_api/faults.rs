//! Faults: each one that there is, asked for, shown and taken back.

use super::{get, post, refused};
use crate::{BALANCE, Caller};
use serde_json::{Value, json};
use std::time::Duration;
use tarspay_sandbox::{Fault, Sandbox};

#[tokio::test]
async fn every_fault_can_be_asked_for() {
    let sandbox = Sandbox::start().await.unwrap();
    for (fault, expected) in [
        (json!({ "kind": "delay", "millis": 5 }), Fault::delay(Duration::from_millis(5))),
        (json!({ "kind": "drop_connection" }), Fault::drop_connection()),
        (json!({ "kind": "drop_connection", "after_commit": true }), Fault::drop_connection().after_commit()),
        (json!({ "kind": "http_status", "status": 502 }), Fault::http_status(502).unwrap()),
        (json!({ "kind": "refuse", "code": -1 }), Fault::refuse(tarspay_types::ErrorCode::SYSTEM_ERROR)),
        (json!({ "kind": "truncate", "bytes": 9 }), Fault::truncate(9)),
        (json!({ "kind": "slow_response", "millis": 5 }), Fault::slow_response(Duration::from_millis(5))),
        (
            json!({ "kind": "unknown_state", "state": 7 }),
            Fault::unknown_state(tarspay_types::OrderState::from_code(7)),
        ),
        (json!({ "kind": "wrong_callback_signature" }), Fault::wrong_callback_signature()),
        (json!({ "kind": "high_s_callback_signature" }), Fault::high_s_callback_signature()),
        (json!({ "kind": "duplicate_callback", "copies": 2 }), Fault::duplicate_callback(2).unwrap()),
        (json!({ "kind": "reorder_callbacks" }), Fault::reorder_callbacks()),
        (json!({ "kind": "lose_callback" }), Fault::lose_callback()),
        (json!({ "kind": "delay_callback", "millis": 5 }), Fault::delay_callback(Duration::from_millis(5))),
        (json!({ "kind": "forge_callback" }), Fault::forge_callback()),
    ] {
        let shown = post(&sandbox, "faults", &fault).await;
        assert_eq!((&shown["what"], &shown["times_left"]), (&json!(expected.to_string()), &json!(1)));
        assert_eq!(shown["kind"], fault["kind"]);
        assert_eq!(sandbox.faults().last().unwrap().1.to_string(), expected.to_string());
    }
    assert_eq!(get(&sandbox, "faults").await["faults"].as_array().unwrap().len(), 15);
    let left = post(&sandbox, "faults/3/clear", &json!({})).await;
    assert_eq!(left["faults"].as_array().unwrap().len(), 14);
    let (kind, _) = refused(&sandbox, 404, "POST", "faults/3/clear", "").await;
    assert_eq!(kind, "unknown_fault");
    assert_eq!(post(&sandbox, "faults/clear", &json!({})).await, json!({ "faults": [] }));

    let some =
        json!({ "kind": "refuse", "code": 5_003_008, "path": BALANCE, "times": 2, "chance_percent": 100 });
    let shown = post(&sandbox, "faults", &some).await;
    assert_eq!((&shown["path"], &shown["times_left"]), (&json!(BALANCE), &json!(2)));
    let caller = Caller::of(&sandbox);
    for code in [5_003_008, 5_003_008, 0] {
        assert_eq!(caller.balance_query().send(sandbox.address()).await.code(), code);
    }
    for (fault, message) in [
        (json!({ "kind": "http_status", "status": 99 }), "\"status\" must be from 200 to 599"),
        (json!({ "kind": "http_status", "status": 100 }), "\"status\" must be from 200 to 599"),
        (json!({ "kind": "http_status", "status": 600 }), "\"status\" must be from 200 to 599"),
        (json!({ "kind": "duplicate_callback", "copies": 0 }), "\"copies\" must be from 1 to 100"),
        (json!({ "kind": "duplicate_callback", "copies": 101 }), "\"copies\" must be from 1 to 100"),
    ] {
        let (kind, found) = refused(&sandbox, 400, "POST", "faults", &fault.to_string()).await;
        assert!(kind == "invalid_request" && found.contains(message), "{found}");
        let scenario = json!({ "name": "s", "description": "S.", "faults": [fault] });
        let (kind, found) =
            refused(&sandbox, 400, "POST", "scenarios", &json!({ "scenario": scenario }).to_string()).await;
        assert!(kind == "invalid_scenario" && found.contains(message), "{found}");
    }
    let always = json!({ "kind": "delay", "millis": 0, "always": true, "merchant_order_no": "D1" });
    let shown = post(&sandbox, "faults", &always).await;
    assert_eq!((&shown["times_left"], &shown["merchant_order_no"]), (&Value::Null, &json!("D1")));
}
