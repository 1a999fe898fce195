//! Merchants, their keys and their balances.

use crate::{Caller, merchant_no};
use tarspay_sandbox::{ErrorKind, Sandbox};
use tarspay_sign::{CallbackText, CallbackVerifier, PrivateKey, SignedForm};
use tarspay_types::Amount;

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

#[tokio::test]
async fn a_registered_merchant_starts_with_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(PrivateKey::generate().unwrap(), &merchant_no("M2"));
    sandbox.register(caller.merchant_no.clone(), caller.key.public_key());
    caller.balance_query().send(sandbox.address()).await.assert_balance("M2", "0", "0");
}

#[tokio::test]
async fn a_balance_is_answered_as_it_was_set_to_the_last_digit() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for (available, frozen) in
        [("11713783", "0"), ("100.00", "0.50"), ("0.0000000000001", "9999999999999999")]
    {
        sandbox.set_balance(&caller.merchant_no, amount(available), amount(frozen)).unwrap();
        let response = caller.balance_query().send(sandbox.address()).await;
        response.assert_balance("M1688443086", available, frozen);
    }
}

#[tokio::test]
async fn the_balance_of_an_unknown_merchant_cannot_be_set() {
    let sandbox = Sandbox::start().await.unwrap();
    let error = sandbox.set_balance(&merchant_no("M2"), amount("1"), amount("0")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownMerchant);
    assert!(error.to_string().contains("M2"), "{error}");
}

#[tokio::test]
async fn a_merchant_may_have_several_keys() {
    let sandbox = Sandbox::start().await.unwrap();
    let first = Caller::of(&sandbox);
    let second = Caller::new(PrivateKey::generate().unwrap(), &first.merchant_no);
    sandbox.register(second.merchant_no.clone(), second.key.public_key());
    for caller in [&first, &second, &first] {
        let response = caller.balance_query().send(sandbox.address()).await;
        response.assert_balance("M1688443086", "1000000", "0");
    }
}

#[tokio::test]
async fn registering_one_more_key_keeps_the_balance() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    sandbox.set_balance(&caller.merchant_no, amount("7"), amount("3")).unwrap();
    sandbox.register(caller.merchant_no.clone(), PrivateKey::generate().unwrap().public_key());
    caller.balance_query().send(sandbox.address()).await.assert_balance("M1688443086", "7", "3");
}

#[tokio::test]
async fn a_key_belongs_to_the_merchant_it_was_last_registered_with() {
    let sandbox = Sandbox::start().await.unwrap();
    let before = Caller::of(&sandbox);
    let after = Caller::new(before.key.clone(), &merchant_no("M2"));
    // Nonces of one key come from one source.
    sandbox.register(after.merchant_no.clone(), after.key.public_key());
    before.balance_query().send(sandbox.address()).await.assert_refused(200, 5_003_002);
    let query = after.signed(crate::BALANCE, before.next_nonce(), &after.body());
    query.send(sandbox.address()).await.assert_balance("M2", "0", "0");
}

#[tokio::test]
async fn a_callback_is_signed_with_the_system_key_of_this_sandbox() {
    let sandbox = Sandbox::start().await.unwrap();
    let text = CallbackText::from_json(br#"{"state":2,"payOrderId":"P1"}"#).unwrap();
    let signature = sandbox.sign_callback(&text).to_string();

    let verifier = CallbackVerifier::trusting(sandbox.system_public_key());
    let body = text.as_str().as_bytes();
    assert_eq!(verifier.verify(Some(&signature), body).unwrap(), SignedForm::AsReceived);
    assert!(CallbackVerifier::production().verify(Some(&signature), body).is_err());
    let merchants_key = sandbox.merchant().private_key().public_key();
    assert!(CallbackVerifier::trusting(merchants_key).verify(Some(&signature), body).is_err());
}
