//! Orders are written before they are sent, and taken up under the same number.

use crate::world::{DEPOSIT, WITHDRAWAL, World, book, worlds};
use std::time::Duration;
use tarspay_inbox::ErrorKind;
use tarspay_sandbox::Fault;

#[tokio::test]
async fn a_deposit_is_placed_paid_and_applied_once() {
    for world in worlds().await {
        let order = world.inbox.place_deposit(&world.client, &world.deposit("D1", "1500")).await.unwrap();
        assert!(order.pay_url().is_some());
        assert!(!order.is_in_doubt);
        world.sandbox.pay(&order.pay_order_id.unwrap()).unwrap();
        world.deliver().await;
        assert_eq!(world.ledger().await, [""; 0], "nothing is applied without a worker");

        world.drain().await;
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
        let order = world.order("D1").await;
        assert_eq!(order.applied, Some(order.status));
        assert!(order.pay_url().is_none(), "of no use any more");
    }
}

#[tokio::test]
async fn the_same_request_is_taken_up_and_another_one_is_refused() {
    for world in worlds().await {
        let request = world.deposit("D1", "1500");
        let first = world.inbox.place_deposit(&world.client, &request).await.unwrap();
        let restarted = world.restart().await;
        let again = restarted.place_deposit(&world.client, &request).await.unwrap();
        assert_eq!((again.id, again.pay_url()), (first.id, first.pay_url()), "with the page to pay on");

        for other in [world.deposit("D1", "1501"), request.clone().customer_contact("254115555077")] {
            let error = restarted.place_deposit(&world.client, &other).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OtherRequest, "{error}");
        }
        let error =
            restarted.place_withdrawal(&world.client, &world.withdrawal("D1", "1500")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OtherRequest, "{error}");
        let mut invalid = world.deposit("D2", "1500");
        invalid.customer_contact = None;
        let error = restarted.place_deposit(&world.client, &invalid).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert_eq!(world.base.rows("SELECT number AS c FROM tarspay_orders").await, ["D1"]);
        assert_eq!(world.sandbox.orders().unwrap().len(), 1);
    }
}

/// The payer's order of one number at the gateway, however often it was tried.
async fn assert_placed_once(world: &World, number: &str) {
    let orders = world.sandbox.orders().unwrap();
    assert_eq!(orders.len(), 1, "{orders:?}");
    assert_eq!(orders[0].merchant_order_no.as_str(), number);
    let order = world.order(number).await;
    assert!(!order.is_in_doubt);
    assert_eq!(order.pay_order_id.as_ref(), Some(&orders[0].pay_order_id));
    let requests = world.base.rows("SELECT request AS c FROM tarspay_orders").await;
    assert_eq!(requests, ["-"], "nothing personal is left");
}

const A_WHILE: Duration = Duration::from_secs(3 * 60);

#[tokio::test]
async fn a_crash_between_row_and_call_is_taken_up_by_another_process() {
    for world in worlds().await {
        let request = world.withdrawal("W1", "700");
        let order = world.inbox.place_withdrawal(&world.client_of_nobody(), &request).await.unwrap();
        assert!(order.is_in_doubt);
        assert!(world.sandbox.orders().unwrap().is_empty());

        let restarted = world.restart().await;
        restarted.worker(&world.client).drain(book).await;
        assert!(world.sandbox.orders().unwrap().is_empty(), "it is not due yet");
        world.base.advance(A_WHILE).await;
        restarted.worker(&world.client).drain(book).await;
        assert_placed_once(&world, "W1").await;
        world.base.advance(A_WHILE).await;
        world.drain().await;
        assert_placed_once(&world, "W1").await;
    }
}

/// The future of the placing is dropped when the gateway has the order, before its response comes.
#[tokio::test]
async fn a_crash_between_call_and_response_is_taken_up() {
    for world in worlds().await {
        let request = world.deposit("D1", "1500");
        world.sandbox.inject(Fault::slow_response(Duration::from_secs(3600)).on_path(DEPOSIT));
        let mut tail = world.sandbox.tail();
        tokio::select! {
            placed = world.inbox.place_deposit(&world.client, &request) => panic!("{placed:?}"),
            event = tail.next() => assert!(event.is_some()),
        }
        assert!(world.order("D1").await.is_in_doubt);
        // Asked for again at once, or later by a worker.
        let restarted = world.restart().await;
        let order = restarted.place_deposit(&world.client, &request).await.unwrap();
        assert!(!order.is_in_doubt);
        assert!(order.pay_url().is_none(), "its page is lost");
        assert_placed_once(&world, "D1").await;
    }
}

#[tokio::test]
async fn a_lost_response_leaves_one_order() {
    for world in worlds().await {
        world.sandbox.inject(Fault::drop_connection().after_commit().on_path(WITHDRAWAL));
        let order =
            world.inbox.place_withdrawal(&world.client, &world.withdrawal("W1", "700")).await.unwrap();
        assert!(!order.is_in_doubt);
        assert_placed_once(&world, "W1").await;
    }
}

/// Two processes resume the same order at the same time.
#[tokio::test]
async fn an_order_in_doubt_is_placed_once_by_many() {
    for world in worlds().await {
        let request = world.withdrawal("W1", "700");
        world.inbox.place_withdrawal(&world.client_of_nobody(), &request).await.unwrap();
        world.base.advance(A_WHILE).await;
        let (one, two) = (world.restart().await, world.restart().await);
        let (worker_one, worker_two) = (one.worker(&world.client), two.worker(&world.client));
        let again = world.inbox.place_withdrawal(&world.client, &request);
        let (again, (), ()) = tokio::join!(again, worker_one.drain(book), worker_two.drain(book));
        again.unwrap();
        assert_placed_once(&world, "W1").await;
    }
}

/// The caller learns it, and so does the handler, which may have put the money aside.
#[tokio::test]
async fn a_refused_order_ends_as_failed() {
    for world in worlds().await {
        let request = world.withdrawal("W1", "2000000");
        for _ in 0..2 {
            let error = world.inbox.place_withdrawal(&world.client, &request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
        }
        world.drain().await;
        assert_eq!(world.ledger().await, ["W1 3 -"]);
        assert!(world.sandbox.orders().unwrap().is_empty());
        assert!(world.order("W1").await.refusal.is_some());
    }
}

/// The gateway has an order of another amount under the number: it is not ours to book.
#[tokio::test]
async fn an_order_of_another_amount_waits_for_a_person() {
    for world in worlds().await {
        world.client.place_deposit(&world.deposit("D1", "900")).await.unwrap();
        let error = world.inbox.place_deposit(&world.client, &world.deposit("D1", "1500")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Parked, "{error}");
        let parked = world.inbox.parked().await.unwrap();
        assert_eq!(parked.len(), 1);
        world.sandbox.pay(&world.sandbox.orders().unwrap()[0].pay_order_id).unwrap();
        world.deliver().await;
        world.drain().await;
        assert_eq!(world.ledger().await, [""; 0]);
    }
}
