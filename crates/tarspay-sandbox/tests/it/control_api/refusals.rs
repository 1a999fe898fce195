//! What every route refuses: wrong members, unknown things and other methods.

use super::{refused, send};
use crate::Caller;
use crate::http::Request;
use crate::support::{DEPOSIT, kenya};
use serde_json::json;
use tarspay_sandbox::Sandbox;

#[tokio::test]
async fn what_cannot_be_is_refused_and_named() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let partial = format!("orders/{id}/partial");
    let key = sandbox.system_public_key();
    for (path, body, named) in [
        (partial.as_str(), "{", "the body is not a JSON object"),
        (&partial, "[]", "the body is not a JSON object"),
        (&partial, "\"\u{fffd}", "the body is not a JSON object"),
        (&partial, "{}", "\"amount\" is missing"),
        (&partial, r#"{"amount":null}"#, "\"amount\" is missing"),
        (&partial, r#"{"amount":1}"#, "\"amount\" must be a text"),
        (&partial, r#"{"amount":"-1"}"#, "\"amount\" cannot be used"),
        (&partial, r#"{"amount":"1","amuont":"1"}"#, "\"amuont\" is not known here; known: amount"),
        ("clock/advance", "{}", "\"millis\" is missing"),
        ("clock/advance", r#"{"millis":-1}"#, "\"millis\" must be a whole number"),
        ("clock/advance", r#"{"millis":1.5}"#, "\"millis\" must be a whole number"),
        ("clock/freeze", r#"{"now":1}"#, "\"now\" is not known here; known: none"),
        ("clock/freeze?now=1", "", "no query"),
        ("merchants/M7/keys", r#"{"public_key":"00"}"#, "\"public_key\" cannot be used"),
        ("merchants/%20/keys", &format!(r#"{{"public_key":"{key}"}}"#), "\"merchant_no\" cannot be used"),
        ("merchants/M1688443086/status", r#"{"status":"fine"}"#, "\"status\" must be active"),
        ("merchants/M1688443086/balances", r#"{"frozen":"1"}"#, "\"available\" is missing"),
        ("faults", "{}", "\"kind\" is missing"),
        ("faults", r#"{"kind":"rain"}"#, "\"kind\" must be one of delay, drop_connection,"),
        ("faults", r#"{"kind":"delay"}"#, "\"millis\" is missing"),
        (
            "faults",
            r#"{"kind":"delay","millis":1,"bytes":1}"#,
            "\"bytes\" is not known here; known: kind, millis, after",
        ),
        ("faults", r#"{"kind":"http_status","status":70000}"#, "\"status\" must be from 200 to 599"),
        ("faults", r#"{"kind":"http_status","status":-1}"#, "\"status\" must be from 200 to 599"),
        ("faults", r#"{"kind":"http_status","status":502.5}"#, "\"status\" must be a whole number"),
        ("faults", r#"{"kind":"refuse","code":"x"}"#, "\"code\" must be a whole number"),
        ("faults", r#"{"kind":"truncate","bytes":-1}"#, "\"bytes\" must be a whole number"),
        ("faults", r#"{"kind":"delay","millis":1e300}"#, "\"millis\" must be a whole number"),
        ("faults", r#"{"kind":"duplicate_callback"}"#, "\"copies\" is missing"),
        ("faults", r#"{"kind":1}"#, "\"kind\" must be a text"),
        ("faults", r#"{"kind":"delay","millis":2592000001}"#, "\"millis\" must be at most 2592000000"),
        ("faults", r#"{"kind":"slow_response","millis":1000000000000000}"#, "which is 30 days"),
        ("faults", r#"{"kind":"delay_callback","millis":2592000001}"#, "which is 30 days"),
        ("faults", r#"{"kind":"reorder_callbacks","times":0}"#, "\"times\" must be at least 1"),
        ("faults", r#"{"kind":"reorder_callbacks","times":1,"always":true}"#, "together with always"),
        ("faults", r#"{"kind":"reorder_callbacks","always":1}"#, "\"always\" must be true or false"),
        ("faults", r#"{"kind":"reorder_callbacks","seed":1}"#, "\"seed\" is of no use"),
        ("faults", r#"{"kind":"reorder_callbacks","chance_percent":101}"#, "at most 100"),
    ] {
        let (kind, message) = refused(&sandbox, 400, "POST", path, body).await;
        assert_eq!(kind, "invalid_request", "{path} {body}");
        assert!(message.contains(named), "{path} {body}: {message}");
    }
    let (kind, _) = refused(&sandbox, 400, "POST", &partial, r#"{"amount":"100"}"#).await;
    assert_eq!(kind, "invalid_amount");
    for path in ["orders?stat=2", "orders?state=x", "events?after=-1", "orders?state=%zz", "orders?state=%2"]
    {
        assert_eq!(refused(&sandbox, 400, "GET", path, "").await.0, "invalid_request", "{path}");
    }
    assert_eq!(sandbox.order(&id).unwrap().state, tarspay_types::OrderState::CREATING);
    assert!(sandbox.faults().is_empty());
}

#[tokio::test]
async fn a_long_text_is_cut_where_a_refusal_repeats_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let long = "x".repeat(3000);
    for body in [
        format!(r#"{{"kind":"{long}"}}"#),
        format!(r#"{{"kind":"delay","millis":"{long}"}}"#),
        format!(r#"{{"kind":"delay","{long}":1}}"#),
        format!(r#"{{"kind":"delay","millis":1,"merchant_order_no":"{long}"}}"#),
        format!(r#""{long}""#),
    ] {
        let (_, message) = refused(&sandbox, 400, "POST", "faults", &body).await;
        assert!(!message.contains(&"x".repeat(65)), "{message}");
    }
    for path in ["", "merchants/", "orders/", "callbacks/"] {
        let (_, message) = refused(&sandbox, 404, "GET", &format!("{path}{long}"), "").await;
        assert!(!message.contains(&"x".repeat(65)) && message.contains("xxx…"), "{message}");
    }
    let (_, message) = refused(&sandbox, 404, "POST", &format!("scenarios/{long}/clear"), "").await;
    assert!(!message.contains(&"x".repeat(65)), "{message}");
}

#[tokio::test]
async fn what_is_unknown_is_not_found() {
    let sandbox = Sandbox::start().await.unwrap();
    for (path, kind) in [
        ("", "unknown_path"),
        ("nothing", "unknown_path"),
        ("health/", "unknown_path"),
        ("orders/P1/nothing", "unknown_path"),
        ("merchants/M9", "unknown_merchant"),
        ("merchants/%20", "unknown_merchant"),
        ("merchants/M9/balances", "unknown_merchant"),
        ("orders/P1", "unknown_order"),
        ("orders/", "unknown_order"),
        ("callbacks/1", "unknown_callback"),
        ("callbacks/x", "unknown_callback"),
    ] {
        assert_eq!(refused(&sandbox, 404, "GET", path, "").await.0, kind, "{path}");
    }
    assert_eq!(refused(&sandbox, 404, "POST", "orders/P1/pay", "").await.0, "unknown_order");
    assert_eq!(refused(&sandbox, 404, "POST", "callbacks/1/resend", "").await.0, "unknown_callback");
    let status = refused(&sandbox, 404, "POST", "merchants/M9/status", r#"{"status":"active"}"#).await;
    assert_eq!(status.0, "unknown_merchant");
    let root = Request::post("/_sandbox", "").method("GET").header("Host", "localhost");
    let root = root.send(sandbox.address()).await;
    assert_eq!((root.status, &root.json()["error"]["kind"]), (404, &json!("unknown_path")));
}

#[tokio::test]
async fn another_method_is_told_which_is_allowed() {
    let sandbox = Sandbox::start().await.unwrap();
    for (path, methods, allowed) in [
        ("health", &["POST", "PUT", "DELETE", "OPTIONS", "X"][..], "GET"),
        ("orders/P1/pay", &["GET", "PUT", "DELETE"], "POST"),
        ("callbacks/settle", &["GET"], "POST"),
        ("faults", &["DELETE"], "GET, POST"),
        ("merchants/M1/balances", &["PATCH"], "GET, POST"),
    ] {
        for method in methods {
            let response = send(&sandbox, method, path, "").await;
            assert_eq!((response.status, response.header("allow")), (405, Some(allowed)), "{method} {path}");
            assert_eq!(response.json()["error"]["kind"], "method_not_allowed");
        }
    }
}
