//! The sandbox's own rules for nonces: close to its clock, and never used twice.

use crate::{BALANCE, Caller};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tarspay_sandbox::Sandbox;
use tarspay_sign::{Nonce, PrivateKey};

const NOW: u64 = 1_704_180_814_988;
const WINDOW: u64 = 5 * 60 * 1000;
const SIGNATURE_ERROR: i64 = 5_003_008;

/// A sandbox whose clock stands still until it is set.
async fn sandbox_at(now: u64) -> (Sandbox, Arc<AtomicU64>) {
    let hand = Arc::new(AtomicU64::new(now));
    let clock = Arc::clone(&hand);
    let sandbox = Sandbox::builder().clock(move || clock.load(Ordering::Relaxed)).start().await.unwrap();
    (sandbox, hand)
}

async fn query_at(sandbox: &Sandbox, nonce: u64) -> crate::http::Response {
    let caller = Caller::of(sandbox);
    let query = caller.signed(BALANCE, Nonce::from_unix_millis(nonce), &caller.body());
    query.send(sandbox.address()).await
}

#[tokio::test]
async fn a_nonce_within_five_minutes_of_the_clock_is_taken() {
    let (sandbox, _) = sandbox_at(NOW).await;
    for nonce in [NOW - WINDOW, NOW - 1, NOW, NOW + 1, NOW + WINDOW] {
        assert_eq!(query_at(&sandbox, nonce).await.code(), 0, "{nonce}");
    }
}

#[tokio::test]
async fn a_nonce_too_old_or_too_new_is_refused() {
    let (sandbox, _) = sandbox_at(NOW).await;
    for nonce in [0, NOW - WINDOW - 1, NOW + WINDOW + 1, u64::MAX] {
        let reason = query_at(&sandbox, nonce).await.assert_refused(200, SIGNATURE_ERROR);
        assert!(reason.contains(&nonce.to_string()) && reason.contains(&NOW.to_string()), "{reason}");
    }
}

#[tokio::test]
async fn a_nonce_in_seconds_is_refused_with_a_word_on_the_unit() {
    let (sandbox, _) = sandbox_at(NOW).await;
    let reason = query_at(&sandbox, NOW / 1000).await.assert_refused(200, SIGNATURE_ERROR);
    assert!(reason.contains("milliseconds"), "{reason}");
}

#[tokio::test]
async fn a_nonce_is_taken_once() {
    let (sandbox, _) = sandbox_at(NOW).await;
    assert_eq!(query_at(&sandbox, NOW).await.code(), 0);
    let reason = query_at(&sandbox, NOW).await.assert_refused(200, SIGNATURE_ERROR);
    assert!(reason.contains("used before"), "{reason}");
    assert_eq!(query_at(&sandbox, NOW - 1).await.code(), 0, "an earlier one that is new");
}

#[tokio::test]
async fn a_used_nonce_stays_used_until_it_is_too_old() {
    let (sandbox, hand) = sandbox_at(NOW).await;
    assert_eq!(query_at(&sandbox, NOW).await.code(), 0);
    for later in [1, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW] {
        hand.store(NOW + later, Ordering::Relaxed);
        // A call in between makes the sandbox forget what it may forget.
        assert_eq!(query_at(&sandbox, NOW + later).await.code(), 0);
        query_at(&sandbox, NOW).await.assert_refused(200, SIGNATURE_ERROR);
    }
}

#[tokio::test]
async fn a_nonce_belongs_to_one_key() {
    let (sandbox, _) = sandbox_at(NOW).await;
    assert_eq!(query_at(&sandbox, NOW).await.code(), 0);
    let second = Caller::new(PrivateKey::generate().unwrap(), sandbox.merchant().merchant_no());
    sandbox.register(second.merchant_no.clone(), second.key.public_key());
    let query = second.signed(BALANCE, Nonce::from_unix_millis(NOW), &second.body());
    assert_eq!(query.send(sandbox.address()).await.code(), 0);
}

#[tokio::test]
async fn a_key_that_is_registered_again_keeps_its_used_nonces() {
    let (sandbox, _) = sandbox_at(NOW).await;
    assert_eq!(query_at(&sandbox, NOW).await.code(), 0);
    let merchant = sandbox.merchant();
    sandbox.register(merchant.merchant_no().clone(), merchant.private_key().public_key());
    query_at(&sandbox, NOW).await.assert_refused(200, SIGNATURE_ERROR);
}

#[tokio::test]
async fn a_forged_call_does_not_use_up_the_nonce_of_the_owner() {
    let (sandbox, _) = sandbox_at(NOW).await;
    let caller = Caller::of(&sandbox);
    let query = caller.signed(BALANCE, Nonce::from_unix_millis(NOW), &caller.body());
    let forged = query.clone().body(r#"{"mchNo":"M2"}"#);
    forged.send(sandbox.address()).await.assert_refused(200, SIGNATURE_ERROR);
    assert_eq!(query.send(sandbox.address()).await.code(), 0);
}
