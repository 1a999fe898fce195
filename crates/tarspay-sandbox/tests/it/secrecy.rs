//! No private key and no personal value in what is shown.

use crate::Caller;
use crate::http::in_time;
use crate::support::{Receiver, Reply, WITHDRAWAL, payout};
use serde_json::json;
use tarspay_sandbox::Sandbox;
use tarspay_types::PrivateText;

#[tokio::test]
async fn debug_never_shows_a_private_key() {
    let sandbox = Sandbox::start().await.unwrap();
    let secret = sandbox.merchant().private_key().expose_hex();
    let shown = [
        format!("{sandbox:?} {sandbox:#?}"),
        format!("{:?} {:#?}", sandbox.merchant(), sandbox.merchant()),
        format!("{:?}", Sandbox::builder()),
    ];
    for shown in shown {
        assert!(!shown.to_lowercase().contains(secret.as_str()), "{shown}");
    }
    // It shows what helps: where it listens, and whose keys they are.
    assert!(format!("{sandbox:?}").contains(sandbox.base_url()));
    let public_key = sandbox.merchant().private_key().public_key().to_string();
    assert!(format!("{:?}", sandbox.merchant()).contains(&public_key));
}

#[tokio::test]
async fn debug_of_a_callback_shows_neither_its_body_nor_its_answer() {
    const PERSONAL: &str = "Zz9Personal9zZ";
    let sandbox = Sandbox::start().await.unwrap();
    let shop = Receiver::always(Reply::With(500, PERSONAL)).await;
    let body = payout("W1", &json!({ "notifyUrl": format!("{}&token={PERSONAL}", shop.url()) }));
    let id = Caller::of(&sandbox).create(&sandbox, WITHDRAWAL, &body).await;
    sandbox.fail(&id, PERSONAL).unwrap();
    in_time(sandbox.settle()).await;
    let [callback] = &sandbox.callbacks_of(&id).unwrap()[..] else { panic!("one callback") };
    assert!(callback.body.as_str().contains(PERSONAL));
    assert_eq!(callback.attempts[0].response.as_ref().map(PrivateText::as_str), Some(PERSONAL));
    let shown = format!("{callback:?} {callback:#?} {:?}", sandbox.order(&id).unwrap());
    assert!(!shown.contains(PERSONAL), "{shown}");
    assert!(shown.contains(&id.to_string()) && shown.contains("500"), "{shown}");
}

#[tokio::test]
async fn every_sandbox_makes_keys_of_its_own() {
    let (first, second) = (Sandbox::start().await.unwrap(), Sandbox::start().await.unwrap());
    assert_ne!(first.merchant().private_key().expose_hex(), second.merchant().private_key().expose_hex());
    assert_ne!(first.system_public_key(), second.system_public_key());
    assert_ne!(first.system_public_key(), first.merchant().private_key().public_key());
}
