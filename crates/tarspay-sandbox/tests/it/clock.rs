//! A clock under control drives the timeout of deposits.

use crate::Caller;
use crate::http::in_time;
use crate::support::{DEPOSIT, QUERY_DEPOSIT, Receiver, WITHDRAWAL, kenya, payout};
use serde_json::json;
use std::time::Duration;
use tarspay_sandbox::{EventKind, Sandbox};
use tarspay_types::OrderState;

const HALF_AN_HOUR: Duration = Duration::from_secs(30 * 60);
const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test]
async fn a_deposit_times_out_after_half_an_hour_to_the_millisecond() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    sandbox.clock().freeze();
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let withdrawal = caller.create(&sandbox, WITHDRAWAL, &payout("W1", &json!({}))).await;
    let order = sandbox.order(&id).unwrap();
    assert_eq!(order.expires_at, Some(order.created_at + HALF_AN_HOUR));
    sandbox.clock().advance(HALF_AN_HOUR.saturating_sub(MILLISECOND));
    assert_eq!(sandbox.order(&id).unwrap().state, OrderState::CREATING);
    sandbox.clock().advance(MILLISECOND);
    let order = sandbox.order(&id).unwrap();
    assert_eq!((order.state, order.changed_at), (OrderState::TIMED_OUT, order.expires_at.unwrap()));
    let info = caller.data(&sandbox, QUERY_DEPOSIT, &json!({ "mchOrderNo": "D1" })).await;
    assert_eq!(info["state"], 6);
    // A withdrawal has no payer to wait for, and a late payment can still come.
    assert_eq!(sandbox.order(&withdrawal).unwrap().state, OrderState::PROCESSING);
    assert_eq!(sandbox.pay(&id).unwrap().state, OrderState::SUCCESS);
}

#[tokio::test]
async fn a_paid_deposit_does_not_time_out() {
    let sandbox = Sandbox::builder().deposit_lifetime(Duration::from_secs(5)).start().await.unwrap();
    let id = Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    sandbox.pay(&id).unwrap();
    sandbox.clock().advance(HALF_AN_HOUR);
    assert_eq!(sandbox.order(&id).unwrap().state, OrderState::SUCCESS);
}

#[tokio::test]
async fn a_deposit_times_out_by_itself_while_the_clock_runs() {
    let sandbox = Sandbox::builder().deposit_lifetime(Duration::from_millis(30)).start().await.unwrap();
    let mut tail = sandbox.tail();
    let id = Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    in_time(async {
        loop {
            if let EventKind::StateChanged { pay_order_id, to: OrderState::TIMED_OUT, .. } =
                tail.next().await.unwrap().kind
            {
                assert_eq!(pay_order_id, id);
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn it_stands_still_goes_on_from_there_and_never_back() {
    let sandbox = Sandbox::builder().clock(|| 1_704_180_814_988).start().await.unwrap();
    let clock = sandbox.clock();
    let start = clock.now();
    clock.advance(HALF_AN_HOUR);
    assert_eq!(clock.now(), start + HALF_AN_HOUR);
    clock.freeze();
    assert!(clock.is_frozen());
    clock.advance(MILLISECOND);
    assert_eq!(clock.now(), start + HALF_AN_HOUR + MILLISECOND);
    clock.resume();
    assert!(!clock.is_frozen());
    assert_eq!(clock.now(), start + HALF_AN_HOUR + MILLISECOND);
    clock.advance(Duration::MAX);
    assert!(clock.now() > start + HALF_AN_HOUR);
    clock.advance(Duration::MAX);
}

#[tokio::test]
async fn time_put_forward_by_centuries_is_no_trouble() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, receiver) = (Caller::of(&sandbox), Receiver::ok().await);
    sandbox.clock().advance(Duration::MAX);
    let id = caller.deposit_to(&sandbox, "D1", &receiver.url()).await;
    sandbox.pay(&id).unwrap_or_else(|_| sandbox.order(&id).unwrap());
    in_time(sandbox.settle()).await;
    assert!(sandbox.order(&id).unwrap().state.is_ended());
}

#[tokio::test]
async fn nonces_follow_the_clock_that_was_given() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    sandbox.clock().advance(100 * HALF_AN_HOUR);
    caller.balance_query().send(sandbox.address()).await.assert_balance("M1688443086", "1000000", "0");
    sandbox.clock().freeze();
    caller.balance_query().send(sandbox.address()).await.assert_balance("M1688443086", "1000000", "0");
}
