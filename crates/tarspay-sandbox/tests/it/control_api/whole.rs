//! The sandbox as a whole: where it is, a callback in its name, and its first day again.

use super::{get, post, refused};
use crate::Caller;
use crate::support::{DEPOSIT, Receiver, kenya};
use serde_json::json;
use tarspay_sandbox::Sandbox;

#[tokio::test]
async fn health_says_where_to_start() {
    let sandbox = Sandbox::start().await.unwrap();
    let health = get(&sandbox, "health").await;
    assert_eq!(health["status"], "ok");
    assert_eq!(health["base_url"], sandbox.base_url());
    assert_eq!(health["merchant_no"], "M1688443086");
    assert_eq!(health["system_public_key"], sandbox.system_public_key().to_string());
}

#[tokio::test]
async fn the_openapi_document_is_about_this_sandbox_and_has_every_call() {
    let sandbox = Sandbox::start().await.unwrap();
    let document = get(&sandbox, "openapi.json").await;
    assert_eq!(document["servers"].as_array().unwrap().len(), 1);
    assert_eq!(document["servers"][0]["url"], sandbox.base_url());
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 11);
    let caller = Caller::of(&sandbox);
    for path in paths.keys() {
        let path = path.replace("{payOrderId}", "P1").replace("{trxId}", "T1");
        let response = caller.call(&sandbox, &path, &json!({})).await;
        // -1: there is no such call.
        assert_ne!(response.json()["code"], -1, "{path}");
    }
    let (_, message) = refused(&sandbox, 400, "GET", "openapi.json?format=yaml", "").await;
    assert!(message.contains("format"), "{message}");
}

#[tokio::test]
async fn a_callback_of_ones_own_is_signed_and_a_reset_forgets_all() {
    let sandbox = Sandbox::start().await.unwrap();
    let signed = post(&sandbox, "callbacks/sign", &json!({ "body": r#"{"state":2,"mchNo":"M1"}"# })).await;
    let (body, signature) = (signed["body"].as_str().unwrap(), signed["signature"].as_str());
    let verifier = tarspay_sign::CallbackVerifier::trusting(sandbox.system_public_key());
    assert!(verifier.verify(signature, body.as_bytes()).is_ok());
    let (_, message) = refused(&sandbox, 400, "POST", "callbacks/sign", r#"{"body":"[]"}"#).await;
    assert!(message.contains("\"body\" cannot be signed"), "{message}");

    Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let health = post(&sandbox, "reset", &json!({})).await;
    assert_eq!(health, get(&sandbox, "health").await);
    assert_eq!(get(&sandbox, "orders").await["orders"], json!([]));
    assert_eq!(get(&sandbox, "events").await["events"][0]["kind"], "reset");
}

/// The lists of `docs/sandbox.md`, sorted.
#[tokio::test]
async fn responses_have_the_members_that_the_page_lists() {
    let sandbox = Sandbox::start().await.unwrap();
    post(&sandbox, "scenarios", &json!({ "shipped": "paid-later" })).await;
    post(&sandbox, "faults", &json!({ "kind": "delay", "millis": 0, "path": "/none" })).await;
    let shop = Receiver::ok().await;
    let id = Caller::of(&sandbox).deposit_to(&sandbox, "D1", &shop.url()).await;
    sandbox.pay(&id).unwrap();
    post(&sandbox, "callbacks/settle", &json!({})).await;
    for (path, pointer, members) in [
        ("merchants", "/merchants/0", "balances keys merchant_no status"),
        ("merchants/M1688443086", "", "balances keys merchant_no status"),
        ("merchants/M1688443086", "/keys/0", "bound_ip disabled expires_at public_key"),
        ("merchants/M1688443086", "/balances/0", "available currency frozen"),
        (
            "orders",
            "/orders/0",
            "amount changed_at created_at currency direction expires_at fail_reason fee merchant_no \
             merchant_order_no notify_url pay_amount pay_order_id state trx_id way_code",
        ),
        (
            &format!("orders/{id}"),
            "",
            "amount changed_at created_at currency direction expires_at fail_reason fee history merchant_no \
             merchant_order_no notify_url pay_amount pay_order_id planned request state trx_id way_code",
        ),
        (&format!("orders/{id}"), "/history/0", "at from pay_amount reason to"),
        (&format!("orders/{id}"), "/planned/0", "at scenario step"),
        (
            "callbacks/1",
            "",
            "attempt_count attempts body created_at id next_at pay_order_id reason state status url",
        ),
        ("callbacks/1", "/attempts/0", "at error http_status is_delivered response signature"),
        ("callbacks/1/attempts", "/attempts/0", "at error http_status is_delivered response signature"),
        ("faults", "/faults/0", "after_commit id kind merchant_order_no millis path times_left what"),
        ("events", "/events/0", "at from kind number pay_order_id to"),
        ("clock", "", "is_frozen now"),
    ] {
        let response = get(&sandbox, path).await;
        let view = response.pointer(pointer).unwrap().as_object().unwrap();
        let names: Vec<_> = view.keys().map(String::as_str).collect();
        assert_eq!(names, members.split(' ').collect::<Vec<_>>(), "{path} {pointer}");
    }
}
