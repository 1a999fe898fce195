//! The sandbox as a whole: where it is, a callback in its name, and its first day again.

use super::{get, post, refused};
use crate::Caller;
use crate::support::{DEPOSIT, kenya};
use serde_json::json;
use tarspay_sandbox::Sandbox;

#[tokio::test]
async fn health_tells_where_to_start() {
    let sandbox = Sandbox::start().await.unwrap();
    let health = get(&sandbox, "health").await;
    assert_eq!(health["status"], "ok");
    assert_eq!(health["base_url"], sandbox.base_url());
    assert_eq!(health["merchant_no"], "M1688443086");
    assert_eq!(health["system_public_key"], sandbox.system_public_key().to_string());
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
