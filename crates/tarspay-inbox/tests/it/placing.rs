//! Orders are written before they are sent, and taken up under the same number.

use crate::world::{Base, DEPOSIT, Gate, WITHDRAWAL, World, book, worlds};
use std::time::Duration;
use tarspay::types::{ErrorCode, OrderState};
use tarspay_inbox::{Error, ErrorKind, Order, Tx};
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

type Placing = (Gate, tokio::task::JoinHandle<Result<Order, Error>>);

/// Begins to place a withdrawal; the gateway has answered, and the response is not here yet.
async fn begun(world: &World) -> Placing {
    let mut gate = Gate::of(&world.sandbox).await;
    let (inbox, client, request) = (world.inbox.clone(), gate.client.clone(), world.withdrawal("W1", "700"));
    let placing = tokio::spawn(async move { inbox.place_withdrawal(&client, &request).await });
    gate.holds().await;
    (gate, placing)
}

async fn ended((mut gate, placing): Placing) -> Result<Order, Error> {
    gate.open();
    placing.await.unwrap()
}

async fn in_doubt(world: &World) {
    let (nobody, request) = (world.client_of_nobody(), world.withdrawal("W1", "700"));
    assert!(world.inbox.place_withdrawal(&nobody, &request).await.unwrap().is_in_doubt);
}

fn refuse_next(world: &World) {
    world.sandbox.inject(Fault::refuse(ErrorCode::AMOUNT_FORMAT_WRONG).on_path(WITHDRAWAL));
}

#[tokio::test]
async fn a_late_refusal_does_not_fail_an_order_that_exists() {
    for world in worlds().await {
        refuse_next(&world);
        let slow = begun(&world).await;
        world.base.advance(A_WHILE).await;
        world.drain().await;
        assert_placed_once(&world, "W1").await;
        let order = ended(slow).await.unwrap();
        assert_eq!(order.pay_order_id, world.order("W1").await.pay_order_id);
        world.drain().await;
        assert_eq!(world.ledger().await, [""; 0]);
    }
}

#[tokio::test]
async fn a_refusal_does_not_count_while_another_placing_is_under_way() {
    for world in worlds().await {
        in_doubt(&world).await;
        let slow = begun(&world).await;
        refuse_next(&world);
        let again = world.inbox.place_withdrawal(&world.client, &world.withdrawal("W1", "700")).await;
        assert!(again.unwrap().is_in_doubt);
        world.drain().await;
        assert_eq!(world.ledger().await, [""; 0]);
        assert!(!ended(slow).await.unwrap().is_in_doubt);
        assert_placed_once(&world, "W1").await;
    }
}

/// The other one has crashed, so that it is known to have ended by its time only.
#[tokio::test]
async fn a_refusal_counts_when_the_others_are_given_up() {
    for world in worlds().await {
        in_doubt(&world).await;
        let (_gate, crashed) = begun(&world).await;
        crashed.abort();
        for counts in [false, true] {
            refuse_next(&world);
            let placed = world.inbox.place_withdrawal(&world.client, &world.withdrawal("W1", "700")).await;
            if counts {
                assert_eq!(placed.unwrap_err().kind(), ErrorKind::Rejected);
            } else {
                assert!(placed.unwrap().is_in_doubt);
            }
            world.base.advance(A_WHILE).await;
        }
        world.drain().await;
        assert_eq!(world.ledger().await, ["W1 3 -"]);
        assert!(world.sandbox.orders().unwrap().is_empty());
    }
}

/// A placing that was given up goes on, and creates the order after another one was refused.
#[tokio::test]
async fn an_order_that_exists_after_a_refusal_is_asked_for() {
    for (is_applied, state) in
        [(false, OrderState::SUCCESS), (true, OrderState::SUCCESS), (true, OrderState::FAILED)]
    {
        for world in worlds().await {
            in_doubt(&world).await;
            let slow = begun(&world).await;
            world.base.advance(A_WHILE).await;
            refuse_next(&world);
            let refused = world.inbox.place_withdrawal(&world.client, &world.withdrawal("W1", "700")).await;
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::Rejected);
            if is_applied {
                world.drain().await;
                assert_eq!(world.ledger().await, ["W1 3 -"]);
            }
            let order = ended(slow).await.unwrap();
            assert_eq!(order.is_in_doubt, is_applied);
            assert_ne!(order.status.state, OrderState::FAILED);
            world.drain().await;
            world.sandbox.inject(Fault::lose_callback().always());
            let id = world.sandbox.orders().unwrap()[0].pay_order_id.clone();
            match state {
                OrderState::FAILED => world.sandbox.fail(&id, "no").unwrap(),
                _ => world.sandbox.pay(&id).unwrap(),
            };
            world.base.advance(Duration::from_secs(24 * 3600)).await;
            world.drain().await;
            // Whoever has given the money back needs a person.
            let (ledger, parked) = match (is_applied, state) {
                (false, _) => ("W1 2 700", 0),
                (true, OrderState::SUCCESS) => ("W1 3 -", 1),
                (true, _) => ("W1 3 -", 0),
            };
            assert_eq!(world.ledger().await, [ledger]);
            assert_eq!(world.inbox.parked().await.unwrap().len(), parked);
            assert!(is_applied && parked > 0 || !world.order("W1").await.is_in_doubt);
            let again = world.inbox.place_withdrawal(&world.client, &world.withdrawal("W1", "700")).await;
            let kind = again.map_err(|error| error.kind()).map(|order| order.status.state);
            let expected = match (is_applied, state) {
                (false, state) => Ok(state),
                (true, OrderState::SUCCESS) => Err(ErrorKind::Parked),
                (true, _) => Err(ErrorKind::Rejected),
            };
            assert_eq!(kind, expected);
        }
    }
}

#[tokio::test]
async fn a_page_that_comes_after_the_end_is_not_kept() {
    for world in worlds().await {
        let mut gate = Gate::of(&world.sandbox).await;
        let (inbox, client, request) =
            (world.inbox.clone(), gate.client.clone(), world.deposit("D1", "1500"));
        let placing = tokio::spawn(async move { inbox.place_deposit(&client, &request).await });
        gate.holds().await;
        world.sandbox.pay(&world.sandbox.orders().unwrap()[0].pay_order_id).unwrap();
        world.deliver().await;
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
        gate.open();
        assert!(placing.await.unwrap().unwrap().pay_url().is_none());
        let pages = "SELECT coalesce(pay_url, pay_data) AS c FROM tarspay_orders";
        assert_eq!(world.base.rows(pages).await, ["-"]);
    }
}

/// PostgreSQL answers a COMMIT after a failed statement with a rollback, which is not an error.
#[tokio::test]
async fn nothing_is_sent_if_the_row_was_rolled_back() {
    let Some(base) = Base::postgres().await else { return };
    let world = World::on(base).await;
    // With and without a row that a callback has made.
    for number in ["W1", "W2"] {
        let made = format!(
            "INSERT INTO tarspay_orders (merchant_no, number, state, placed_at, changed_at, parked)
            SELECT '{}', 'W1', 1, ms, ms, 'it was not placed through this inbox' FROM tarspay_now
            ON CONFLICT DO NOTHING",
            world.client.merchant_no()
        );
        world.base.run(&made).await;
        let request = world.withdrawal(number, "700");
        let hidden = async |mut tx: Tx| {
            let _ = tx.execute("INSERT INTO missing VALUES (1)", []).await;
            Ok::<_, Error>(tx)
        };
        let by_client = async |tx: Tx| {
            let _ = tx.client().unwrap().batch_execute("INSERT INTO missing VALUES (1)").await;
            Ok::<_, Error>(tx)
        };
        let ended = async |tx: Tx| {
            tx.client().unwrap().batch_execute("ROLLBACK").await.unwrap();
            Ok::<_, Error>(tx)
        };
        let error = world.inbox.place_withdrawal_with(&world.client, &request, hidden).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Database, "{error}");
        let error = world.inbox.place_withdrawal_with(&world.client, &request, by_client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Database, "{error}");
        let error = world.inbox.place_withdrawal_with(&world.client, &request, ended).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Database, "{error}");
        assert!(world.sandbox.orders().unwrap().is_empty());
    }
    let recovered = async |tx: Tx| {
        let client = tx.client().unwrap();
        client.batch_execute("SAVEPOINT one").await.unwrap();
        let _ = client.batch_execute("INSERT INTO missing VALUES (1)").await;
        client.batch_execute("ROLLBACK TO one").await.unwrap();
        Ok::<_, Error>(tx)
    };
    let request = world.withdrawal("W3", "700");
    world.inbox.place_withdrawal_with(&world.client, &request, recovered).await.unwrap();
    assert_eq!(world.sandbox.orders().unwrap().len(), 1);
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

#[tokio::test]
async fn rows_of_your_own_are_written_with_the_row_of_the_order() {
    const RESERVE: &str = "INSERT INTO ledger (number, state, paid, effect) VALUES ($1, 0, '700', '-')";
    for world in worlds().await {
        let reserve = |number: &'static str| {
            move |mut tx: Tx| async move { tx.execute(RESERVE, [number.into()]).await.map(|_| tx) }
        };
        let nobody = world.client_of_nobody();
        let request = world.withdrawal("W1", "700");
        // In doubt, then placed, then asked for again: written once.
        for client in [&nobody, &world.client, &world.client] {
            world.inbox.place_withdrawal_with(client, &request, reserve("W1")).await.unwrap();
            assert_eq!(world.ledger().await, ["W1 0 700"]);
        }
        let deposit = world.deposit("D1", "700");
        world.inbox.place_deposit_with(&world.client, &deposit, reserve("D1")).await.unwrap();
        assert_eq!(world.ledger().await, ["W1 0 700", "D1 0 700"]);

        let other = world.withdrawal("W1", "701");
        let refused = world.inbox.place_withdrawal_with(&world.client, &other, reserve("other"));
        assert_eq!(refused.await.unwrap_err().kind(), ErrorKind::OtherRequest);
        // A failure leaves nothing, and nothing is sent.
        let request = world.withdrawal("W2", "700");
        let fail = |mut tx: Tx| async move {
            tx.execute(RESERVE, ["W2".into()]).await?;
            Err(Refusal("not enough money".to_owned()))
        };
        let failing = world.inbox.place_withdrawal_with(&world.client, &request, fail);
        assert_eq!(failing.await.unwrap_err().0, "not enough money");
        assert_eq!(world.ledger().await, ["W1 0 700", "D1 0 700"]);
        let number = "W2".parse().unwrap();
        assert!(world.inbox.order(world.client.merchant_no(), &number).await.unwrap().is_none());
        assert_eq!(world.sandbox.orders().unwrap().len(), 2);
    }
}

/// An error of the merchant's own.
#[derive(Debug)]
struct Refusal(String);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}
