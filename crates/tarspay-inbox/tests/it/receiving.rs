//! Callbacks are durable before `OK`, once each, and only if they are the merchant's.

use crate::world::{World, book, serve, worlds};
use std::future::Future as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tarspay::sign::PrivateKey;
use tarspay::types::{Amount, Callback, OrderState};
use tarspay::{CallbackVerifier, SignedCallback};
use tarspay_inbox::ErrorKind;
use tarspay_sandbox::{CallbackStatus, Fault};

/// How many callbacks are stored.
async fn stored(world: &World) -> usize {
    world.base.rows("SELECT id AS c FROM tarspay_events WHERE source = 'callback'").await.len()
}

/// A key of the test's own in the place of the gateway's.
pub(crate) async fn trusting_us(world: &mut World) -> PrivateKey {
    let key = PrivateKey::generate().unwrap();
    let merchant_no = world.client.merchant_no().clone();
    world.address = serve(&world.inbox, CallbackVerifier::trusting(merchant_no, key.public_key())).await;
    key
}

/// Posts a signed callback about an order; returns the status.
pub(crate) async fn post(
    world: &World,
    key: &PrivateKey,
    number: &str,
    state: OrderState,
    paid: &str,
) -> u16 {
    let order = world.order(number).await;
    let pay_order_id = order.pay_order_id.unwrap_or_else(|| "P1".parse().unwrap());
    let mut callback = Callback::new(pay_order_id, order.merchant_order_no, state);
    callback.pay_amount = Some(Amount::parse(paid).unwrap());
    let signed = SignedCallback::new(world.client.merchant_no(), &callback, key).unwrap();
    world.post(Some(signed.signature()), signed.body()).await.0
}

#[tokio::test]
async fn a_callback_that_comes_many_times_is_stored_and_applied_once() {
    for world in worlds().await {
        let id = world.placed("D1", "1500").await;
        world.sandbox.inject(Fault::duplicate_callback(20).unwrap());
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        world.drain().await;
        for callback in world.sandbox.callbacks().unwrap() {
            world.sandbox.resend(callback.id).unwrap();
        }
        world.deliver().await;
        world.drain().await;
        assert_eq!(stored(&world).await, 1);
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
    }
}

/// Part payments in every order end with the total, and with each effect at most once.
#[tokio::test]
async fn what_comes_out_of_order_ends_with_the_newest() {
    for mut world in worlds().await {
        let key = trusting_us(&mut world).await;
        let (part, all) = (OrderState::PARTLY_PAID, OrderState::SUCCESS);
        let said = [(part, "400"), (part, "900"), (all, "1500")];
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for (nth, order) in orders.into_iter().enumerate() {
            let number = format!("D{nth}");
            let id = world.placed(&number, "1500").await;
            // What the gateway answers when it is asked.
            world.sandbox.inject(Fault::lose_callback().always());
            world.sandbox.pay(&id).unwrap();
            for at in order {
                let (state, paid) = said[at];
                assert_eq!(post(&world, &key, &number, state, paid).await, 200);
            }
            world.drain().await;
            let row = world.order(&number).await;
            assert_eq!((row.status.state, row.parked), (all, None), "{order:?}");
            assert_eq!(row.applied, Some(row.status), "{order:?}");
        }
        let booked = world.ledger().await;
        for nth in 0..orders.len() {
            let ends = booked.iter().filter(|line| **line == format!("D{nth} 2 1500")).count();
            assert_eq!(ends, 1, "{booked:?}");
        }
    }
}

#[tokio::test]
async fn what_is_not_our_callback_is_refused_and_counted() {
    for world in worlds().await {
        let id = world.placed("D1", "1500").await;
        // Signed by nobody whom we trust.
        world.sandbox.inject(Fault::forge_callback());
        world.sandbox.inject(Fault::wrong_callback_signature());
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        assert_eq!(stored(&world).await, 0);
        // Signed by the gateway for another merchant, with our number and amount.
        let mut callback = Callback::new("P9".parse().unwrap(), "D1".parse().unwrap(), OrderState::SUCCESS);
        callback.merchant_no = Some("M77".parse().unwrap());
        callback.pay_amount = Some(Amount::parse("1500").unwrap());
        let text = tarspay::sign::CallbackText::from_value(&callback).unwrap();
        let signature = world.sandbox.sign_callback(&text).to_string();
        assert_eq!(world.post(Some(&signature), text.as_str()).await.0, 403);
        assert_eq!(world.post(None, text.as_str()).await.0, 401);
        assert_eq!(world.post(Some("30"), "{}").await.0, 401);
        let status = world.inbox.status().await.unwrap();
        assert_eq!((status.refused, status.received), (5, 0));
        world.drain().await;
        assert_eq!(world.ledger().await, [""; 0]);
        assert_eq!(stored(&world).await, 0);
    }
}

/// It is stored although the caller has gone before the commit.
#[tokio::test]
async fn a_dropped_connection_does_not_cancel_the_storing() {
    for mut world in worlds().await {
        let key = trusting_us(&mut world).await;
        world.placed("D1", "1500").await;
        let merchant_no = world.client.merchant_no().clone();
        let verifier = CallbackVerifier::trusting(merchant_no.clone(), key.public_key());
        let callback = Callback::new("P1".parse().unwrap(), "D1".parse().unwrap(), OrderState::FAILED);
        let signed = SignedCallback::new(&merchant_no, &callback, &key).unwrap();
        let callback = verifier.verify(Some(signed.signature()), signed.body().as_bytes()).unwrap();
        {
            let accept = std::pin::pin!(world.inbox.accept(&callback));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(accept.poll(&mut context).is_pending());
        }
        while stored(&world).await == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn many_callbacks_at_once_are_all_stored() {
    for mut world in worlds().await {
        let key = trusting_us(&mut world).await;
        let merchant_no = world.client.merchant_no().clone();
        let verifier = CallbackVerifier::trusting(merchant_no.clone(), key.public_key()).prepared();
        let other = world.restart().await;
        let mut tasks = tokio::task::JoinSet::new();
        for nth in 0..200 {
            let number = format!("D{}", nth % 100).parse().unwrap();
            let callback =
                Callback::new(format!("P{}", nth % 100).parse().unwrap(), number, OrderState::SUCCESS);
            let signed = SignedCallback::new(&merchant_no, &callback, &key).unwrap();
            let callback = verifier.verify(Some(signed.signature()), signed.body().as_bytes()).unwrap();
            let inbox = if nth < 100 { world.inbox.clone() } else { other.clone() };
            tasks.spawn(async move { inbox.accept(&callback).await });
        }
        for stored in tasks.join_all().await {
            stored.unwrap();
        }
        assert_eq!(stored(&world).await, 100);
    }
}

/// A callback about an order that was not placed here is kept for a person, who may have it
/// applied.
#[tokio::test]
async fn an_unknown_order_waits_for_a_person() {
    for world in worlds().await {
        let placed = world.client.place_deposit(&world.deposit("D1", "1500")).await.unwrap();
        world.sandbox.pay(placed.pay_order_id().unwrap()).unwrap();
        world.deliver().await;
        world.drain().await;
        assert_eq!(world.ledger().await, [""; 0]);
        let parked = world.inbox.parked().await.unwrap();
        assert_eq!((parked.len(), parked[0].status.state), (1, OrderState::SUCCESS));
        assert!(world.inbox.replay(parked[0].id).await.unwrap());
        assert!(!world.inbox.replay(parked[0].id).await.unwrap());
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
    }
}

/// As after a backup was restored: the shop places again what it does not know.
#[tokio::test]
async fn an_unknown_order_that_is_placed_again_is_taken_up() {
    for world in worlds().await {
        let request = world.deposit("D1", "1500");
        let placed = world.client.place_deposit(&request).await.unwrap();
        world.sandbox.pay(placed.pay_order_id().unwrap()).unwrap();
        world.deliver().await;
        world.drain().await;
        let order = world.inbox.place_deposit(&world.client, &request).await.unwrap();
        assert_eq!((order.status.state, order.parked), (OrderState::SUCCESS, None));
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
    }
}

#[tokio::test]
async fn without_tables_the_error_says_what_to_do() {
    for world in worlds().await {
        world.base.run("DROP VIEW tarspay_settle; DROP TABLE tarspay_events").await;
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let error = world.inbox.status().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Database);
        assert!(error.to_string().contains("Inbox::migrate"), "{error}");
        world
            .worker()
            .drain(move |fact| {
                counted.fetch_add(1, Ordering::Relaxed);
                book(fact)
            })
            .await;
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        let placed = world.client.place_deposit(&world.deposit("D1", "1500")).await.unwrap();
        world.sandbox.pay(placed.pay_order_id().unwrap()).unwrap();
        world.deliver().await;
        assert_eq!(
            world.sandbox.callbacks().unwrap()[0].status,
            CallbackStatus::Due,
            "it was not acknowledged"
        );
    }
}
