//! Callbacks: signed like the gateway's, sent until the receiver says `OK`, and never forgotten.

use crate::control_api::get;
use crate::http::in_time;
use crate::support::{DEPOSIT, Received, Receiver, Reply, WITHDRAWAL, amount, kenya, payout, until};
use crate::time::HeldTime;
use crate::{Caller, merchant_no};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tarspay_sandbox::{CallbackId, CallbackStatus, ErrorKind, EventKind, Fault, Sandbox};
use tarspay_sign::{CallbackVerifier, PrivateKey, SignedForm};
use tarspay_types::{BizType, Callback, Decode as _, OrderState, PrivateText};
use tokio::net::TcpListener;

/// What curl can post to.
#[tokio::test]
async fn a_notify_url_without_a_path_is_a_receiver() {
    let (sandbox, caller) = started().await;
    let shop = Receiver::ok().await;
    for (at, (rest, line)) in [("", "/"), ("?x=1", "/?x=1"), ("#part", "/"), ("/a|b?\u{e9}", "/a%7Cb?%C3%A9")]
        .into_iter()
        .enumerate()
    {
        let url = format!("http://{}{rest}", shop.address);
        let id = caller.deposit_to(&sandbox, &format!("D{at}"), &url).await;
        sandbox.pay(&id).unwrap();
        in_time(sandbox.settle()).await;
        let head = &shop.received()[at].head;
        assert!(head.starts_with(&format!("POST {line} HTTP/1.1\r\n")), "{url}: {head}");
    }
}

#[tokio::test]
async fn a_receiver_on_one_loopback_address_alone_is_found_by_the_name_localhost() {
    let (sandbox, caller) = started().await;
    for (at, ip) in ["127.0.0.1:0", "[::1]:0"].into_iter().enumerate() {
        let Ok(listener) = TcpListener::bind(ip).await else {
            eprintln!("SKIPPED: this machine has no loopback of IPv6");
            continue;
        };
        let shop = Receiver::on(listener, |_| Reply::With(200, "OK"));
        for (number, host) in ["localhost", "localhost.", "shop.localhost"].into_iter().enumerate() {
            let url = format!("http://{host}:{}/", shop.address.port());
            let id = caller.deposit_to(&sandbox, &format!("D{at}{number}"), &url).await;
            sandbox.pay(&id).unwrap();
            in_time(sandbox.settle()).await;
            assert_eq!(shop.received().len(), number + 1, "{url} at {ip}");
        }
    }
}

#[tokio::test]
async fn a_path_that_hangs_does_not_delay_another_one_of_the_same_server() {
    let (sandbox, caller) = started().await;
    let is_slow = |request: &Received| request.head.starts_with("POST /slow");
    let shop = Receiver::serving(
        move |request| {
            if is_slow(request) { Reply::Silence } else { Reply::With(200, "OK") }
        },
    );
    let shop = shop.await;
    // No time passes: no attempt ends by itself.
    let time = HeldTime::new();
    let mut tail = sandbox.tail();
    for (number, path) in (0..20).map(|_| "slow?a=b").chain(["fast"]).enumerate() {
        let url = format!("http://{}/{path}", shop.address);
        let id = caller.deposit_to(&sandbox, &format!("D{number}"), &url).await;
        sandbox.pay(&id).unwrap();
    }
    until(&mut tail, |kind| matches!(kind, EventKind::CallbackAttempted { delivered: true, .. })).await;
    assert_eq!(shop.until(17).await.iter().filter(|it| is_slow(it)).count(), 16);
    time.go_on();
}

#[tokio::test]
async fn a_server_that_hangs_with_many_paths_delays_no_other() {
    let (sandbox, caller) = started().await;
    let (dead, alive) = (Receiver::always(Reply::Silence).await, Receiver::ok().await);
    let time = HeldTime::new();
    let mut tail = sandbox.tail();
    for number in 0..300 {
        let url = format!("http://{}/n{number}", dead.address);
        let id = caller.deposit_to(&sandbox, &format!("D{number}"), &url).await;
        sandbox.pay(&id).unwrap();
    }
    dead.until(64).await;
    for number in 0..20 {
        let id = caller.deposit_to(&sandbox, &format!("A{number}"), &alive.url()).await;
        sandbox.pay(&id).unwrap();
        until(&mut tail, |kind| matches!(kind, EventKind::CallbackAttempted { delivered: true, .. })).await;
    }
    assert_eq!(dead.received().len(), 64);
    time.go_on();
}

#[tokio::test]
async fn after_a_reset_nobody_waits_for_an_attempt_from_before() {
    let (sandbox, caller) = started().await;
    let (dead, alive) = (Receiver::always(Reply::Silence).await, Receiver::ok().await);
    let time = HeldTime::new();
    let pay = async |number: &str, shop: &Receiver| {
        let id = caller.deposit_to(&sandbox, number, &shop.url()).await;
        sandbox.pay(&id).unwrap();
    };
    pay("D1", &dead).await;
    dead.until(1).await;
    tokio::join!(in_time(sandbox.settle()), async { sandbox.reset().unwrap() });
    in_time(sandbox.settle()).await;
    assert!(sandbox.callbacks().unwrap().is_empty());
    pay("D2", &alive).await;
    in_time(sandbox.settle()).await;
    assert_eq!((alive.received().len(), sandbox.callbacks().unwrap().len()), (1, 1));
    assert!(!sandbox.events().iter().any(|it| matches!(it.kind, EventKind::Failed { .. })));
    time.go_on();
}

#[tokio::test]
async fn settle_waits_for_what_is_due_and_not_for_what_comes_meanwhile() {
    let (sandbox, caller) = started().await;
    let sandbox = Arc::new(sandbox);
    let later = Receiver::always(Reply::Silence).await;
    let second = caller.deposit_to(&sandbox, "D2", &later.url()).await;
    let operator = Arc::clone(&sandbox);
    let shop = Receiver::first_does(move || drop(operator.pay(&second))).await;
    let first = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
    let time = HeldTime::new();
    sandbox.pay(&first).unwrap();
    in_time(sandbox.settle()).await;
    assert_eq!(shop.received().len(), 1);
    later.until(1).await;
    time.go_on();
}

#[tokio::test]
async fn attempts_come_in_pages_and_a_callback_shows_the_latest() {
    let (sandbox, caller) = started().await;
    let shop = Receiver::ok().await;
    sandbox.inject(Fault::duplicate_callback(24).unwrap());
    let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
    sandbox.pay(&id).unwrap();
    in_time(sandbox.settle()).await;
    let callback = sandbox.callbacks().unwrap().remove(0);
    let all = sandbox.attempts(callback.id, 0, u32::MAX).unwrap();
    assert_eq!((all.len(), callback.attempt_count), (25, 25));
    assert_eq!(callback.attempts, all[5..]);
    assert_eq!(sandbox.attempts(callback.id, 3, 4).unwrap(), all[3..7]);
    assert!(sandbox.attempts(callback.id, 25, 4).unwrap().is_empty());
    let unknown = sandbox.attempts(CallbackId::from_number(9), 0, 1).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::UnknownCallback);

    let (mut after, mut found) = (json!(0), 0);
    while !after.is_null() {
        let page = get(&sandbox, &format!("callbacks/1/attempts?after={after}&limit=10")).await;
        found += page["attempts"].as_array().unwrap().len();
        after = page["next"].clone();
    }
    assert_eq!(found, 25);
}

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn started() -> (Sandbox, Caller) {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    (sandbox, caller)
}

#[tokio::test]
async fn a_paid_deposit_is_reported_with_a_signature_that_verifies() {
    let (sandbox, caller) = started().await;
    let shop = Receiver::ok().await;
    let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
    sandbox.pay(&id).unwrap();
    in_time(sandbox.settle()).await;

    let [received] = &shop.received()[..] else { panic!("one callback") };
    assert!(received.head.starts_with("POST /notify?shop=1 HTTP/1.1\r\n"), "{}", received.head);
    assert!(received.head.contains("content-type: application/json;charset=utf-8"), "{}", received.head);
    assert!(received.head.contains(&format!("host: {}", shop.address)), "{}", received.head);
    let verifier = CallbackVerifier::trusting(sandbox.system_public_key());
    let form = verifier.verify(received.signature(), received.body.as_bytes()).unwrap();
    assert_eq!(form, SignedForm::AsReceived);
    assert_eq!(
        received.body,
        format!(
            r#"{{"bizType":1,"currency":"KES","fee":"0","mchNo":"M1688443086","mchOrderNo":"D1","orderAmount":"100","payAmount":"100","payOrderId":"{id}","state":2}}"#
        )
    );

    let [callback] = &sandbox.callbacks_of(&id).unwrap()[..] else { panic!("one callback") };
    assert_eq!((callback.status, callback.state), (CallbackStatus::Delivered, OrderState::SUCCESS));
    assert_eq!(
        (callback.body.as_str(), callback.url.as_str()),
        (received.body.as_str(), shop.url().as_str())
    );
    let [attempt] = &callback.attempts[..] else { panic!("one attempt") };
    assert!(attempt.is_delivered());
    assert_eq!(
        (attempt.http_status, attempt.response.as_ref().map(PrivateText::as_str)),
        (Some(200), Some("OK"))
    );
    assert_eq!(Some(attempt.signature.to_string().as_str()), received.signature());
    assert_eq!(sandbox.callback(callback.id).unwrap(), *callback);
}

#[tokio::test]
async fn a_failed_withdrawal_is_reported_with_its_reason_and_its_whole_amount() {
    let (sandbox, caller) = started().await;
    let shop = Receiver::ok().await;
    let body = payout("W1", &json!({ "notifyUrl": shop.url() }));
    let id = caller.create(&sandbox, WITHDRAWAL, &body).await;
    sandbox.fail(&id, "payment failed").unwrap();
    in_time(sandbox.settle()).await;
    let callback = Callback::from_slice(shop.received()[0].body.as_bytes()).unwrap();
    assert_eq!((callback.biz_type, callback.state), (Some(BizType::WITHDRAWAL), OrderState::FAILED));
    assert_eq!(callback.fail_reason, Some("payment failed".into()));
    assert_eq!(callback.pay_amount, Some(amount("100")));
}

#[tokio::test]
async fn documented_ends_are_reported_and_all_ends_if_asked_for() {
    for (all, expected) in [(false, vec![9, 2]), (true, vec![9, 2, 5, 6, 8])] {
        let builder = Sandbox::builder();
        let builder = if all { builder.notify_all_ends() } else { builder };
        let sandbox = builder.start().await.unwrap();
        let (caller, shop) = (Caller::of(&sandbox), Receiver::ok().await);
        let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
        sandbox.pay_partially(&id, amount("40")).unwrap();
        sandbox.pay(&id).unwrap();
        sandbox.refund(&id).unwrap();
        let id = caller.deposit_to(&sandbox, "D2", &shop.url()).await;
        sandbox.expire(&id).unwrap();
        let body = payout("W1", &json!({ "notifyUrl": shop.url() }));
        let id = caller.create(&sandbox, WITHDRAWAL, &body).await;
        sandbox.reject(&id, "no").unwrap();
        in_time(sandbox.settle()).await;
        let found: Vec<_> = sandbox.callbacks().unwrap().iter().map(|it| it.state.code()).collect();
        assert_eq!(found, expected);
        assert_eq!(shop.received().len(), expected.len());
    }
}

#[tokio::test]
async fn every_response_but_ok_is_tried_again() {
    let (sandbox, caller) = started().await;
    let script = [
        Reply::With(500, "OK"),
        Reply::With(200, "ok"),
        Reply::With(200, "\"OK\""),
        Reply::With(200, "OK\n"),
        Reply::With(200, ""),
        Reply::With(204, ""),
        Reply::With(302, "OK"),
        Reply::Close,
    ];
    let shop = Receiver::scripted(script).await;
    let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
    sandbox.pay(&id).unwrap();
    for tried in 1..=script.len() {
        in_time(sandbox.settle()).await;
        assert_eq!(shop.received().len(), tried);
        let callback = sandbox.callbacks().unwrap().remove(0);
        assert_eq!((callback.status, callback.attempts.len()), (CallbackStatus::Due, tried));
        assert!(callback.next_at.unwrap() > sandbox.clock().now());
        sandbox.clock().advance(DAY);
    }
    in_time(sandbox.settle()).await;
    let callback = sandbox.callbacks().unwrap().remove(0);
    assert_eq!((callback.status, callback.attempts.len()), (CallbackStatus::Delivered, 9));
    let last = callback.attempts.iter().rev().nth(1).unwrap();
    assert!(last.http_status.is_none() && last.error.is_some(), "{last:?}");
    let bodies: Vec<_> = shop.received().into_iter().map(|it| it.body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn after_16_attempts_at_growing_intervals_it_is_parked_and_sent_again_on_demand() {
    let (sandbox, caller) = started().await;
    sandbox.clock().freeze();
    let shop = Receiver::always(Reply::With(500, "no")).await;
    let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
    sandbox.pay(&id).unwrap();
    let mut intervals = Vec::new();
    loop {
        in_time(sandbox.settle()).await;
        let callback = sandbox.callbacks().unwrap().remove(0);
        let Some(next) = callback.next_at else { break };
        let interval = next.duration_since(sandbox.clock().now()).unwrap();
        // Not a millisecond too early.
        sandbox.clock().advance(interval.saturating_sub(Duration::from_millis(1)));
        in_time(sandbox.settle()).await;
        assert_eq!(shop.received().len(), intervals.len() + 1);
        sandbox.clock().advance(Duration::from_millis(1));
        intervals.push(interval);
    }
    assert_eq!(intervals.len(), 15);
    assert!(intervals.windows(2).all(|pair| pair[0] < pair[1]), "{intervals:?}");
    assert_eq!(shop.received().len(), 16);
    let parked = sandbox.callbacks().unwrap().remove(0);
    assert_eq!((parked.status, parked.attempts.len()), (CallbackStatus::Parked, 16));
    assert!(parked.reason.unwrap().contains("HTTP 500"));
    sandbox.clock().advance(1000 * DAY);
    in_time(sandbox.settle()).await;
    assert_eq!(shop.received().len(), 16, "parked is parked");

    let again = sandbox.resend(parked.id).unwrap();
    assert_eq!(again.status, CallbackStatus::Due);
    in_time(sandbox.settle()).await;
    assert_eq!(shop.received().len(), 17);
    assert_eq!(sandbox.callback(parked.id).unwrap().status, CallbackStatus::Due, "16 attempts more");
}

#[tokio::test]
async fn a_delivered_callback_is_sent_again_on_demand() {
    let (sandbox, caller) = started().await;
    let shop = Receiver::ok().await;
    let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
    sandbox.pay(&id).unwrap();
    in_time(sandbox.settle()).await;
    sandbox.resend(sandbox.callbacks().unwrap()[0].id).unwrap();
    in_time(sandbox.settle()).await;
    let received = shop.received();
    assert_eq!((received.len(), &received[0].body), (2, &received[1].body));
    let error = sandbox.resend(CallbackId::from_number(99)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownCallback);
    assert_eq!(sandbox.callback(CallbackId::from_number(99)).unwrap_err().kind(), ErrorKind::UnknownCallback);
}

#[tokio::test]
async fn what_is_no_http_on_loopback_is_not_sent_and_the_reason_is_kept() {
    let (sandbox, caller) = started().await;
    for (at, (url, named)) in [
        ("https://127.0.0.1/notify", "http only"),
        ("http://192.0.2.1/notify", "loopback"),
        ("http://shop.example/", "loopback"),
        ("http://127.1/", "loopback"),
        ("http://user:secret@127.0.0.1/", "user name"),
        ("http://127.0.0.1:99999/", "port"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut tail = sandbox.tail();
        let id = caller.deposit_to(&sandbox, &format!("D{at}"), url).await;
        let is_told = |kind: &EventKind| {
            matches!(kind, EventKind::Warned { message, .. }
                if message.contains("no callback") && message.contains(named) && !message.contains("secret"))
        };
        until(&mut tail, is_told).await;
        sandbox.pay(&id).unwrap();
        in_time(sandbox.settle()).await;
        let [callback] = &sandbox.callbacks_of(&id).unwrap()[..] else { panic!("one callback") };
        assert_eq!((callback.status, callback.attempts.len()), (CallbackStatus::Undeliverable, 0));
        assert!(callback.reason.as_deref().unwrap().contains(named));
        assert_eq!(sandbox.resend(callback.id).unwrap().status, CallbackStatus::Undeliverable);
    }
    let found =
        sandbox.events().iter().filter(|it| matches!(it.kind, EventKind::CallbackGivenUp { .. })).count();
    assert_eq!(found, 6);
}

#[tokio::test]
async fn a_dead_receiver_delays_nobody_else() {
    let (sandbox, caller) = started().await;
    let (dead, alive) = (Receiver::always(Reply::Silence).await, Receiver::ok().await);
    for at in 0..40 {
        let id = caller.deposit_to(&sandbox, &format!("DEAD{at}"), &dead.url()).await;
        sandbox.pay(&id).unwrap();
    }
    dead.until(16).await;
    for at in 0..5 {
        let id = caller.deposit_to(&sandbox, &format!("ALIVE{at}"), &alive.url()).await;
        sandbox.pay(&id).unwrap();
    }
    assert_eq!(alive.until(5).await.len(), 5);
    assert_eq!(dead.received().len(), 16, "no more at a time to one receiver");
}

#[tokio::test]
async fn a_receiver_that_takes_too_long_counts_as_none() {
    let sandbox = Sandbox::builder().callback_timeout(Duration::from_millis(20)).start().await.unwrap();
    let (caller, shop) = (Caller::of(&sandbox), Receiver::always(Reply::Silence).await);
    let id = caller.deposit_to(&sandbox, "D1", &shop.url()).await;
    sandbox.pay(&id).unwrap();
    in_time(sandbox.settle()).await;
    let callback = sandbox.callbacks().unwrap().remove(0);
    assert_eq!(callback.status, CallbackStatus::Due);
    assert!(callback.attempts[0].error.as_deref().unwrap().contains("20ms"), "{callback:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_callbacks_arrive_each_once() {
    let (sandbox, caller) = started().await;
    let shop = Receiver::ok().await;
    let mut ids = Vec::new();
    for at in 0..300 {
        ids.push(caller.deposit_to(&sandbox, &format!("D{at}"), &shop.url()).await);
    }
    for id in &ids {
        sandbox.pay(id).unwrap();
    }
    in_time(sandbox.settle()).await;
    let mut found: Vec<_> =
        shop.received().iter().map(|it| it.json()["payOrderId"].as_str().unwrap().to_owned()).collect();
    found.sort();
    let mut expected: Vec<_> = ids.iter().map(ToString::to_string).collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn the_callback_names_the_merchant_of_the_order() {
    let (sandbox, _) = started().await;
    let shop = Receiver::ok().await;
    let other = Caller::new(PrivateKey::generate().unwrap(), &merchant_no("M2"));
    sandbox.register(other.merchant_no.clone(), other.key.public_key());
    let id = other.create(&sandbox, DEPOSIT, &kenya("D1", &json!({ "notifyUrl": shop.url() }))).await;
    sandbox.pay(&id).unwrap();
    in_time(sandbox.settle()).await;
    assert_eq!(shop.received()[0].json()["mchNo"], "M2");
}
