//! Merchants: their keys, status and balances, and what they pay in fees.

use super::{get, post, refused};
use crate::Caller;
use crate::support::{DEPOSIT, WITHDRAWAL, kenya, payout};
use serde_json::{Value, json};
use tarspay_sandbox::Sandbox;
use tarspay_sign::PrivateKey;

#[tokio::test]
async fn a_merchant_is_registered_and_calls() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = PrivateKey::generate().unwrap();
    let public_key = key.public_key().to_string();
    let caller = Caller::new(key, &crate::merchant_no("M7"));
    let keys = json!({ "public_key": public_key });
    let merchant = post(&sandbox, "merchants/M7/keys", &keys).await;
    assert_eq!((&merchant["merchant_no"], &merchant["status"]), (&json!("M7"), &json!("active")));
    assert_eq!(merchant["keys"][0]["public_key"], public_key);
    let balances = post(&sandbox, "merchants/M7/balances", &json!({ "available": "12.50" })).await;
    assert_eq!(balances["balances"], json!([{ "currency": null, "available": "12.50", "frozen": "0" }]));
    caller.balance_query().send(sandbox.address()).await.assert_balance("M7", "12.50", "0");
    let kenyan = json!({ "currency": "KES", "available": "3", "frozen": "1" });
    post(&sandbox, "merchants/M7/balances", &kenyan).await;
    caller.balance_query().send(sandbox.address()).await.assert_balance("M7", "3", "1");

    for (status, code) in [("disabled", 5_003_003), ("not_authenticated", 5_003_004), ("active", 0)] {
        let shown = post(&sandbox, "merchants/M7/status", &json!({ "status": status })).await;
        assert_eq!(shown["status"], status);
        assert_eq!(caller.balance_query().send(sandbox.address()).await.code(), code);
    }
    let bound = json!({ "public_key": public_key, "bound_ip": "127.0.0.2" });
    assert_eq!(post(&sandbox, "merchants/M7/keys", &bound).await["keys"][0]["bound_ip"], "127.0.0.2");
    assert_eq!(caller.balance_query().send(sandbox.address()).await.code(), 5_003_007);
    let expiring = json!({ "public_key": public_key, "expires_in_millis": 1000 });
    post(&sandbox, "merchants/M7/keys", &expiring).await;
    post(&sandbox, "clock/advance", &json!({ "millis": 1001 })).await;
    assert_eq!(caller.balance_query().send(sandbox.address()).await.code(), 5_003_006);
    post(&sandbox, "merchants/M7/keys", &json!({ "public_key": public_key, "disabled": true })).await;
    assert_eq!(caller.balance_query().send(sandbox.address()).await.code(), 5_003_005);

    let all = get(&sandbox, "merchants").await;
    let numbers: Vec<_> =
        all["merchants"].as_array().unwrap().iter().map(|one| &one["merchant_no"]).collect();
    assert_eq!(numbers, ["M1688443086", "M7"]);
    assert_eq!(get(&sandbox, "merchants/M7").await["balances"][0], kenyan);
    // A path may be percent-encoded, and a number may have a slash in it.
    assert_eq!(get(&sandbox, "merchants/%4D7").await["merchant_no"], "M7");
    assert_eq!(post(&sandbox, "merchants/M%2F+8/keys", &keys).await["merchant_no"], "M/+8");
}

#[tokio::test]
async fn fees_are_set_for_a_market_and_for_a_merchant() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let market = json!({ "currency": "KES", "direction": "deposit", "basis_points": 250, "fixed": "1" });
    let mut shown = market.clone();
    shown["merchant_no"] = Value::Null;
    assert_eq!(post(&sandbox, "fees", &market).await, shown);
    let own = json!({ "currency": "KES", "direction": "withdrawal", "fixed": "3.50" });
    let shown = post(&sandbox, "merchants/M1688443086/fees", &own).await;
    assert_eq!((&shown["merchant_no"], &shown["basis_points"]), (&json!("M1688443086"), &json!(0)));
    for (path, body, fee) in
        [(DEPOSIT, kenya("D1", &json!({})), "3.50"), (WITHDRAWAL, payout("W1", &json!({})), "3.50")]
    {
        let id = caller.create(&sandbox, path, &body).await;
        assert_eq!(post(&sandbox, &format!("orders/{id}/pay"), &json!({})).await["fee"], fee);
    }
    for (body, named) in [
        (r#"{"direction":"deposit"}"#, "\"currency\" is missing"),
        (r#"{"currency":"KES"}"#, "\"direction\" is missing"),
        (r#"{"currency":"KES","direction":"1"}"#, "must be deposit or withdrawal"),
        (r#"{"currency":"KES","direction":"deposit","basis_points":10001}"#, "at most 10000"),
        (r#"{"currency":"KES","direction":"deposit","fixed":1}"#, "\"fixed\" must be a text"),
    ] {
        let (_, message) = refused(&sandbox, 400, "POST", "fees", body).await;
        assert!(message.contains(named), "{body}: {message}");
    }
    let (kind, _) = refused(&sandbox, 404, "POST", "merchants/M9/fees", &own.to_string()).await;
    assert_eq!(kind, "unknown_merchant");
}
