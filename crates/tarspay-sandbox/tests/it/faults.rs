//! Faults on demand: each one's effect as it is seen on the socket, and which calls it applies to.

use crate::http::{self, Request, Response, in_time};
use crate::support::{DEPOSIT, QUERY_DEPOSIT, Received, Receiver, Reply, WITHDRAWAL, kenya, payout, until};
use crate::time::{HeldTime, another_call};
use crate::{BALANCE, Caller};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tarspay_sandbox::{EventKind, Fault, Sandbox};
use tarspay_sign::{CallbackVerifier, ErrorKind, Signature};
use tarspay_types::{Amount, ErrorCode, MerchantOrderNo, OrderState};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn started() -> (Sandbox, Caller) {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    (sandbox, caller)
}

fn status(code: u16) -> Fault {
    Fault::http_status(code).unwrap()
}

fn deposit(caller: &Caller, number: &str) -> Request {
    let mut body = kenya(number, &json!({}));
    body["mchNo"] = json!(caller.merchant_no);
    caller.signed(DEPOSIT, caller.next_nonce(), &body.to_string())
}

fn number(text: &str) -> MerchantOrderNo {
    MerchantOrderNo::new(text).unwrap()
}

/// All that comes over the socket until it is closed.
async fn raw(sandbox: &Sandbox, request: &Request) -> Vec<u8> {
    http::exchange(sandbox.address(), &request.to_bytes()).await.unwrap()
}

#[tokio::test]
async fn a_dropped_connection_gives_no_byte_and_the_order_exists_only_after_the_commit() {
    let (sandbox, caller) = started().await;
    sandbox.inject(Fault::drop_connection());
    assert_eq!(raw(&sandbox, &deposit(&caller, "D1")).await, b"");
    assert!(sandbox.orders().unwrap().is_empty());

    sandbox.inject(Fault::drop_connection().after_commit());
    assert_eq!(raw(&sandbox, &deposit(&caller, "D1")).await, b"");
    assert_eq!(sandbox.orders().unwrap().len(), 1);
    let response = deposit(&caller, "D1").send(sandbox.address()).await;
    response.assert_refused(200, 5_003_011);
}

#[tokio::test]
async fn a_truncated_response_announces_more_than_it_sends() {
    let (sandbox, caller) = started().await;
    for sent in [0, 1, 40] {
        sandbox.inject(Fault::truncate(sent));
        let number = format!("D{sent}");
        let bytes = raw(&sandbox, &deposit(&caller, &number)).await;
        let response = Response::read(&bytes);
        let announced: usize = response.header("content-length").unwrap().parse().unwrap();
        assert_eq!((response.status, response.body.len()), (200, sent));
        assert!(announced > 100);
    }
    assert_eq!(sandbox.orders().unwrap().len(), 3);
    // More than there is cuts nothing.
    sandbox.inject(Fault::truncate(1_000_000));
    assert_eq!(deposit(&caller, "whole").send(sandbox.address()).await.code(), 0);
}

#[tokio::test]
async fn a_status_of_a_proxy_comes_without_json_before_or_after_the_commit() {
    let (sandbox, caller) = started().await;
    for (fault, orders) in [(status(502), 0), (status(503).after_commit(), 1)] {
        sandbox.inject(fault);
        let response = deposit(&caller, "D1").send(sandbox.address()).await;
        assert!([502, 503].contains(&response.status) && response.body.starts_with("<h1>"), "{response:?}");
        assert_eq!(sandbox.orders().unwrap().len(), orders);
    }
}

#[tokio::test]
async fn a_status_that_is_accepted_is_sent_and_any_other_is_refused() {
    let (sandbox, caller) = started().await;
    for code in [200, 201, 204, 205, 299, 301, 304, 404, 418, 499, 500, 503, 599] {
        sandbox.inject(status(code));
        assert_eq!(caller.balance_query().send(sandbox.address()).await.status, code);
    }
    for code in [0, 7, 99, 100, 101, 199, 600, 999, 1000, u16::MAX] {
        let error = Fault::http_status(code).unwrap_err();
        assert_eq!(error.kind(), tarspay_sandbox::ErrorKind::InvalidFault);
        assert!(error.to_string().contains("from 200 to 599"), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_after_the_commit_hides_an_order_that_exists() {
    let (sandbox, caller) = started().await;
    sandbox.inject(Fault::refuse(ErrorCode::SYSTEM_ERROR).after_commit());
    deposit(&caller, "D1").send(sandbox.address()).await.assert_refused(200, -1);
    assert_eq!(sandbox.orders().unwrap().len(), 1);
}

#[tokio::test]
async fn a_slow_response_begins_at_once_and_ends_late() {
    let (sandbox, caller) = started().await;
    let (time, slow) = (HeldTime::new(), Duration::from_secs(7));
    sandbox.inject(Fault::slow_response(slow));
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream.write_all(&deposit(&caller, "D1").to_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n{") {
        bytes.push(in_time(stream.read_u8()).await.unwrap());
    }
    // Head and first byte are here; the order is written, and the rest still on its way.
    another_call(&sandbox).await;
    assert_eq!(stream.try_read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(sandbox.orders().unwrap().len(), 1);
    bytes.extend(time.passes(slow, &sandbox, http::read_to_end(&mut stream)).await.unwrap());
    assert_eq!(Response::read(&bytes).code(), 0);
    time.go_on();
}

#[tokio::test]
async fn a_delay_comes_before_the_call_is_handled() {
    let (sandbox, caller) = started().await;
    let (time, delay) = (HeldTime::new(), Duration::from_secs(7));
    sandbox.inject(Fault::delay(delay).on_path(DEPOSIT));
    let mut tail = sandbox.tail();
    let request = deposit(&caller, "D1");
    let address = sandbox.address();
    let call = tokio::spawn(async move { request.send(address).await });
    until(&mut tail, |kind| matches!(kind, EventKind::FaultApplied { .. })).await;
    // Other calls are not delayed.
    another_call(&sandbox).await;
    assert!(sandbox.orders().unwrap().is_empty());
    assert_eq!(time.passes(delay, &sandbox, call).await.unwrap().code(), 0);
    assert_eq!(sandbox.orders().unwrap().len(), 1);
    time.go_on();
}

#[tokio::test]
async fn an_unknown_state_is_reported_and_not_kept() {
    let (sandbox, caller) = started().await;
    sandbox.inject(Fault::unknown_state(OrderState::from_code(7)).times(2));
    let data = caller.data(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    assert_eq!(data["orderState"], 7);
    let query = json!({ "mchOrderNo": "D1" });
    let info = caller.data(&sandbox, QUERY_DEPOSIT, &query).await;
    assert_eq!((&info["state"], &info["orderAmount"]), (&json!(7), &json!("100")));
    assert_eq!(caller.data(&sandbox, QUERY_DEPOSIT, &query).await["state"], 0);
}

#[tokio::test]
async fn a_fault_applies_as_often_as_it_says() {
    let (sandbox, caller) = started().await;
    sandbox.inject(status(502).times(3));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(caller.balance_query().send(sandbox.address()).await.status);
    }
    assert_eq!(statuses, [502, 502, 502, 200, 200]);
    assert!(sandbox.faults().is_empty());

    let always = sandbox.inject(status(502).always());
    for _ in 0..5 {
        assert_eq!(caller.balance_query().send(sandbox.address()).await.status, 502);
    }
    assert_eq!(sandbox.faults().len(), 1);
    assert!(sandbox.clear_fault(always) && !sandbox.clear_fault(always));
    assert_eq!(caller.balance_query().send(sandbox.address()).await.status, 200);
    sandbox.inject(status(502));
    sandbox.clear_faults();
    assert_eq!(caller.balance_query().send(sandbox.address()).await.status, 200);
}

#[tokio::test]
async fn a_fault_applies_to_its_path_and_its_order() {
    let (sandbox, caller) = started().await;
    sandbox.inject(status(502).on_path(DEPOSIT).on_order(number("D2")));
    assert_eq!(caller.call(&sandbox, BALANCE, &json!({})).await.status, 200);
    assert_eq!(caller.call(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await.status, 200);
    let other_path = json!({ "mchOrderNo": "D2" });
    assert_eq!(caller.call(&sandbox, QUERY_DEPOSIT, &other_path).await.status, 200);
    assert_eq!(caller.call(&sandbox, DEPOSIT, &kenya("D2", &json!({}))).await.status, 502);
    assert_eq!(caller.call(&sandbox, DEPOSIT, &kenya("D2", &json!({}))).await.status, 200);
}

#[tokio::test]
async fn the_same_seed_chooses_the_same_calls_in_about_the_chance_that_was_asked_for() {
    let run = async |seed: u64| {
        let (sandbox, caller) = started().await;
        sandbox.inject(status(502).with_chance(30, seed));
        let mut struck = Vec::new();
        for _ in 0..200 {
            struck.push(caller.balance_query().send(sandbox.address()).await.status == 502);
        }
        struck
    };
    let (first, same, other) = (run(1).await, run(1).await, run(2).await);
    assert_eq!(first, same);
    assert_ne!(first, other);
    let hits = first.iter().filter(|&&hit| hit).count();
    assert!((40..=80).contains(&hits), "{hits} of 200");
    for (percent, expected) in [(0, 200), (100, 502)] {
        let (sandbox, caller) = started().await;
        sandbox.inject(status(502).with_chance(percent, 3));
        assert_eq!(caller.balance_query().send(sandbox.address()).await.status, expected);
    }
}

#[tokio::test]
async fn a_callback_with_a_wrong_signature_is_followed_by_a_right_one() {
    let (sandbox, caller) = started().await;
    let shop = Receiver::ok().await;
    sandbox.inject(Fault::wrong_callback_signature().on_order(number("D1")));
    let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
    sandbox.pay(&id).unwrap();
    in_time(sandbox.settle()).await;
    sandbox.resend(sandbox.callbacks().unwrap()[0].id).unwrap();
    in_time(sandbox.settle()).await;
    let [wrong, right] = &shop.received()[..] else { panic!("two callbacks") };
    let verifier = CallbackVerifier::trusting(sandbox.system_public_key());
    let error = verifier.verify(wrong.signature(), wrong.body.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignatureMismatch);
    verifier.verify(right.signature(), right.body.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_callback_with_a_high_s_verifies() {
    let (sandbox, caller) = started().await;
    let shop = Receiver::ok().await;
    sandbox.inject(Fault::high_s_callback_signature());
    let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
    sandbox.pay(&id).unwrap();
    in_time(sandbox.settle()).await;
    let received = &shop.received()[0];
    assert!(Signature::from_hex(received.signature().unwrap()).unwrap().is_high_s());
    let verifier = CallbackVerifier::trusting(sandbox.system_public_key());
    verifier.verify(received.signature(), received.body.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_duplicated_callback_comes_as_often_as_asked_for() {
    let (sandbox, caller) = started().await;
    let shop = Receiver::ok().await;
    sandbox.inject(Fault::duplicate_callback(2).unwrap());
    let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
    sandbox.pay(&id).unwrap();
    in_time(sandbox.settle()).await;
    let received = shop.received();
    assert_eq!(received.len(), 3);
    assert!(received.iter().all(|it| it.body == received[0].body));
}

#[tokio::test]
async fn a_callback_has_a_limit_of_copies_and_a_receiver_that_does_not_respond_gets_none() {
    for copies in [0, 101, u32::MAX] {
        let error = Fault::duplicate_callback(copies).unwrap_err();
        assert!(error.to_string().contains("from 1 to 100"), "{error}");
    }
    let (sandbox, caller) = started().await;
    let shop = Receiver::always(Reply::Close).await;
    sandbox.inject(Fault::duplicate_callback(100).unwrap());
    let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
    sandbox.pay(&id).unwrap();
    in_time(sandbox.settle()).await;
    assert_eq!(shop.received().len(), 2, "the first copy and the callback itself");
}

#[tokio::test]
async fn copies_end_when_their_fault_is_cleared_and_at_a_reset() {
    for (by, left) in [("clear", 1), ("clear all", 1), ("clear another", 4), ("reset", 0)] {
        let (sandbox, caller) = started().await;
        let sandbox = Arc::new(sandbox);
        let another = sandbox.inject(Fault::delay(Duration::ZERO).on_path("/none"));
        let fault = sandbox.inject(Fault::duplicate_callback(4).unwrap().always());
        let operator = Arc::clone(&sandbox);
        let shop = Receiver::first_does(move || match by {
            "clear" => assert!(operator.clear_fault(fault)),
            "clear all" => operator.clear_faults(),
            "clear another" => assert!(operator.clear_fault(another)),
            _ => operator.reset().unwrap(),
        });
        let shop = shop.await;
        let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
        sandbox.pay(&id).unwrap();
        in_time(sandbox.settle()).await;
        assert_eq!(shop.received().len(), 1 + left, "{by}");
    }
}

#[tokio::test]
async fn a_fault_that_always_applies_delays_each_callback_once() {
    let (sandbox, caller) = started().await;
    let shop = Receiver::ok().await;
    sandbox.clock().freeze();
    sandbox.inject(Fault::delay_callback(Duration::from_secs(3600)).always());
    sandbox.inject(Fault::high_s_callback_signature());
    for number in ["D1", "D2"] {
        let id = caller.deposit_to(&sandbox, number, &shop.url()).await;
        sandbox.pay(&id).unwrap();
    }
    in_time(sandbox.settle()).await;
    assert!(shop.received().is_empty());
    sandbox.clock().advance(Duration::from_secs(3600));
    in_time(sandbox.settle()).await;
    // What else applies to a callback applies to it after the delay.
    let high_s = |it: &Received| Signature::from_hex(it.signature().unwrap()).unwrap().is_high_s();
    assert_eq!(shop.received().len(), 2);
    assert_eq!(shop.received().iter().filter(|it| high_s(it)).count(), 1);
}

#[tokio::test]
async fn a_reordered_callback_comes_after_the_next_one_or_when_there_is_no_other() {
    let (sandbox, caller) = started().await;
    let shop = Receiver::ok().await;
    let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
    sandbox.inject(Fault::reorder_callbacks().on_order(number("D1")));
    sandbox.pay_partially(&id, 40_u32.into()).unwrap();
    sandbox.pay(&id).unwrap();
    in_time(sandbox.settle()).await;
    let states: Vec<_> = shop.received().iter().map(|it| it.json()["state"].clone()).collect();
    assert_eq!(states, [2, 9]);

    sandbox.inject(Fault::reorder_callbacks());
    let id = caller.deposit_to(&sandbox, "D2", &shop.url()).await;
    sandbox.pay(&id).unwrap();
    in_time(sandbox.settle()).await;
    assert_eq!(shop.received().len(), 3);
}

#[tokio::test]
async fn the_event_log_says_what_faults_do() {
    let (sandbox, caller) = started().await;
    let id = sandbox.inject(Fault::drop_connection().after_commit());
    raw(&sandbox, &deposit(&caller, "D1")).await;
    let found = sandbox.events().into_iter().find_map(|event| match event.kind {
        EventKind::FaultApplied { fault, what, .. } => Some((fault, what)),
        _ => None,
    });
    let expected = format!("drop the connection after the commit: a call at {DEPOSIT}");
    assert_eq!(found, Some((id, expected)));
}

#[tokio::test]
async fn no_order_is_doubled_and_no_money_moved_twice_under_dropped_responses() {
    let (sandbox, caller) = started().await;
    sandbox.inject(Fault::drop_connection().with_chance(25, 11));
    sandbox.inject(Fault::drop_connection().after_commit().with_chance(25, 12));
    for at in 0..60 {
        let mut body = payout(&format!("W{at}"), &json!({}));
        body["mchNo"] = json!(caller.merchant_no);
        loop {
            let request = caller.signed(WITHDRAWAL, caller.next_nonce(), &body.to_string());
            let bytes = raw(&sandbox, &request).await;
            if !bytes.is_empty() {
                assert!([0, 5_003_011].contains(&Response::read(&bytes).code()));
                break;
            }
        }
    }
    assert_eq!(sandbox.orders().unwrap().len(), 60);
    let balance = sandbox.balance(&caller.merchant_no).unwrap();
    assert_eq!(balance.available_amount, Amount::from(994_000_u32));
    assert_eq!(balance.frozen_amount, Amount::from(6_000_u32));
}
