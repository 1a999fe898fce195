//! The event log: everything in order, and nothing that is secret or personal.

use crate::http::in_time;
use crate::support::{DEPOSIT, Receiver, WITHDRAWAL, kenya, payout};
use crate::{BALANCE, Caller};
use serde_json::json;
use tarspay_sandbox::{EventKind, Sandbox};
use tarspay_types::{ErrorCode, OrderState};

#[tokio::test]
async fn calls_steps_and_deliveries_are_logged_in_order() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, receiver) = (Caller::of(&sandbox), Receiver::ok().await);
    let mut tail = sandbox.tail();
    let id = caller.deposit_to(&sandbox, "D1", &receiver.url()).await;
    caller.call(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    sandbox.pay(&id).unwrap();
    in_time(sandbox.settle()).await;

    let events = sandbox.events();
    let numbers: Vec<_> = events.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
    let found: Vec<_> = events
        .iter()
        .map(|event| match &event.kind {
            EventKind::Called { path, merchant_no, merchant_order_no, code, .. } => {
                assert_eq!(merchant_no.as_ref(), Some(&caller.merchant_no));
                format!("{path} {} {}", merchant_order_no.as_ref().unwrap(), code.code())
            }
            EventKind::StateChanged { from, to, .. } => {
                format!("{:?} {}", from.map(OrderState::code), to.code())
            }
            EventKind::CallbackAttempted { delivered, .. } => format!("delivered {delivered}"),
            other => format!("{other:?}"),
        })
        .collect();
    let expected = [
        "None 0",
        "/api/pay/unifiedOrder D1 0",
        "/api/pay/unifiedOrder D1 5003011",
        "Some(0) 1",
        "Some(1) 2",
        "delivered true",
    ];
    assert_eq!(found, expected);
    for event in &events {
        assert_eq!(in_time(tail.next()).await.as_ref(), Some(event));
    }
}

#[tokio::test]
async fn a_refused_call_is_logged_with_its_reason_whoever_made_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    caller.balance_query().without("X-API-KEY").send(sandbox.address()).await;
    let EventKind::Called { merchant_no, code, message, path, .. } = &sandbox.events()[0].kind else {
        panic!("a call")
    };
    assert_eq!((merchant_no, *code, path.as_str()), (&None, ErrorCode::PARAMETER_MISSING, BALANCE));
    assert!(message.contains("X-API-KEY"));
}

#[tokio::test]
async fn nothing_secret_or_personal_is_in_the_log() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, receiver) = (Caller::of(&sandbox), Receiver::ok().await);
    let personal = json!({
        "notifyUrl": receiver.url(), "customerName": "Grace Nakamura", "customerContact": "254799999999",
        "customerEmail": "grace@shop.example", "amount": "100",
    });
    let id = caller.create(&sandbox, WITHDRAWAL, &payout("W1", &personal)).await;
    let wrong = json!({ "customerName": "Grace Nakamura", "wayCode": "EWALLET_MPESA", "customerContact": "0799999999" });
    caller.call(&sandbox, DEPOSIT, &kenya("D1", &wrong)).await;
    sandbox.fail(&id, "Grace Nakamura has no account").unwrap();
    in_time(sandbox.settle()).await;
    let log = format!("{:?}", sandbox.events()) + &format!("{sandbox:?} {:?}", sandbox.orders());
    let secret = caller.key.expose_hex();
    for private in ["Grace", "99999999", "grace@", secret.as_str(), "shop=1"] {
        assert!(!log.contains(private), "{private} in {log}");
    }
}

#[tokio::test]
async fn the_log_forgets_the_oldest_and_a_late_tail_skips() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut tail = sandbox.tail();
    sandbox.inject(tarspay_sandbox::Fault::delay(std::time::Duration::ZERO).always());
    let caller = Caller::of(&sandbox);
    for _ in 0..600 {
        caller.balance_query().send(sandbox.address()).await;
    }
    assert_eq!(sandbox.events().len(), 1200);
    let first = in_time(tail.next()).await.unwrap();
    assert!(first.number > 1, "{first:?}");
    drop(sandbox);
    in_time(async { while tail.next().await.is_some() {} }).await;
}
