//! The newest fact of each order is applied once, whatever comes, goes, or is lost.

use crate::receiving::{post, trusting_us};
use crate::world::{DEPOSIT, QUERY, World, book, worlds};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tarspay::types::{ErrorCode, OrderState};
use tarspay_inbox::{ErrorKind, Fact};
use tarspay_sandbox::{Fault, Sandbox};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_lost_callback_is_found_by_asking() {
    for world in worlds().await {
        let id = world.placed("D1", "1500").await;
        world.sandbox.inject(Fault::lose_callback().always());
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        world.drain().await;
        assert_eq!(world.ledger().await, [""; 0]);
        world.base.advance(Duration::from_secs(30)).await;
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
        let sources = world.base.rows("SELECT source AS c FROM tarspay_events WHERE verdict = 'news'").await;
        assert_eq!(sources, ["query"]);
    }
}

/// An order stays open while nobody answers, and ends when somebody does.
#[tokio::test]
async fn an_order_never_fails_because_nobody_answers() {
    for world in worlds().await {
        let id = world.placed("D1", "1500").await;
        world.sandbox.inject(Fault::lose_callback().always());
        let no_answer = world.sandbox.inject(Fault::drop_connection().on_path(QUERY).always());
        world.sandbox.pay(&id).unwrap();
        for _ in 0..20 {
            world.base.advance(24 * HOUR).await;
            world.drain().await;
        }
        let order = world.order("D1").await;
        assert!(order.status.state.is_pending() && order.parked.is_none(), "{order:?}");
        world.sandbox.clear_fault(no_answer);
        world.base.advance(HOUR).await;
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
    }
}

/// It is asked for after half of its age, within the bounds.
#[tokio::test]
async fn an_open_order_is_asked_for_ever_less_often() {
    for world in worlds().await {
        world.placed("D1", "1500").await;
        let (mut minutes, mut age) = (Vec::new(), 0);
        while minutes.last() != Some(&3600) {
            let wait = "SELECT o.ask_at - c.ms AS c FROM tarspay_orders o, test_clock c";
            let wait: u64 = world.base.rows(wait).await[0].parse().unwrap();
            world.base.advance(Duration::from_millis(wait)).await;
            world.drain().await;
            age += wait / 1000;
            minutes.push(wait / 1000);
        }
        assert_eq!(minutes[..6], [30, 30, 30, 45, 67, 101]);
        assert!(age < 4 * 3600 && minutes.len() < 20, "{minutes:?}");
    }
}

#[tokio::test]
async fn a_refund_after_a_success_is_found_within_a_day() {
    for world in worlds().await {
        let id = world.placed("D1", "1500").await;
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        world.drain().await;
        world.sandbox.refund(&id).unwrap();
        world.sandbox.inject(Fault::drop_connection().on_path(QUERY));
        world.base.advance(24 * HOUR).await;
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"], "nobody has answered");
        world.base.advance(HOUR).await;
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500", "D1 5 -"]);
        world.base.advance(24 * 60 * HOUR).await;
        world.drain().await;
        let asks = world.base.rows("SELECT ask_at AS c FROM tarspay_orders").await;
        assert_eq!(asks, ["-"], "a refund is final");

        // After the stated time nobody asks any more.
        let id = world.placed("D2", "1500").await;
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        for _ in 0..3 {
            world.drain().await;
            world.base.advance(24 * 31 * HOUR).await;
        }
        let asks = world.base.rows("SELECT ask_at AS c FROM tarspay_orders WHERE number = 'D2'").await;
        assert_eq!(asks, ["-"]);
    }
}

#[tokio::test]
async fn a_handler_that_fails_is_tried_again_later_and_then_parked() {
    for world in worlds().await {
        let id = world.placed("D1", "1500").await;
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        let calls = Arc::new(AtomicUsize::new(0));
        let worker = world.worker().attempts(4).retry(Duration::from_secs(2), Duration::from_secs(5));
        let drain = async |handler_panics: bool| {
            let calls = Arc::clone(&calls);
            worker
                .drain(move |fact: Fact| {
                    calls.fetch_add(1, Ordering::Relaxed);
                    async move {
                        let mut tx = fact.begin().await.unwrap();
                        tx.execute("INSERT INTO ledger (number, state, effect) VALUES ('D1', 1, '-')", [])
                            .await
                            .unwrap();
                        assert!(!handler_panics, "as a handler can");
                        Err::<(), _>("no stock")
                    }
                })
                .await;
        };
        for (at, wait) in [(1, 0), (2, 2), (3, 4), (4, 5)] {
            if wait > 0 {
                world.base.advance(Duration::from_millis(wait * 1000 - 1)).await;
                drain(false).await;
                assert_eq!(calls.load(Ordering::Relaxed), at - 1, "too early");
                world.base.advance(Duration::from_millis(1)).await;
            }
            drain(at == 2).await;
            assert_eq!(calls.load(Ordering::Relaxed), at);
        }
        world.base.advance(HOUR).await;
        drain(false).await;
        assert_eq!(calls.load(Ordering::Relaxed), 4);
        assert_eq!(world.ledger().await, [""; 0], "nothing of the attempts is left");
        let parked = world.inbox.parked().await.unwrap();
        assert!(parked[0].parked.as_ref().unwrap().contains("no stock"), "{parked:?}");

        assert!(world.inbox.replay(parked[0].id).await.unwrap());
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
        assert!(world.inbox.parked().await.unwrap().is_empty());
    }
}

/// The attempt counts when it begins, so an order whose handler kills its process does not come for
/// ever.
#[tokio::test]
async fn a_handler_that_never_returns_is_parked() {
    for world in worlds().await {
        let id = world.placed("D1", "1500").await;
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        let calls = Arc::new(AtomicUsize::new(0));
        for _ in 0..5 {
            let worker = world.worker().attempts(3).lease(Duration::from_secs(60)).concurrency(1);
            let counted = Arc::clone(&calls);
            let begun = Arc::new(tokio::sync::Notify::new());
            let begins = Arc::clone(&begun);
            let run = worker.run(move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
                begins.notify_one();
                std::future::pending::<Result<(), String>>()
            });
            let parked = async {
                while world.inbox.parked().await.unwrap().is_empty() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                () = run => {}
                () = begun.notified() => {} // the process is killed
                () = parked => {}
            }
            world.base.advance(Duration::from_secs(60)).await;
        }
        assert_eq!(calls.load(Ordering::Relaxed), 3);
        assert_eq!(world.inbox.parked().await.unwrap().len(), 1);
    }
}

/// It is dropped with its lease, so that it does not take a place for ever.
#[tokio::test]
async fn a_handler_that_hangs_loses_its_place_with_its_lease() {
    for world in worlds().await {
        let id = world.placed("D1", "1500").await;
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        let worker = world.worker().lease(Duration::from_millis(10)).attempts(1).concurrency(1);
        worker
            .drain(async |fact: Fact| {
                let tx = fact.begin().await.unwrap();
                std::future::pending::<()>().await;
                tx.commit().await
            })
            .await;
        let parked = world.inbox.parked().await.unwrap();
        assert!(parked[0].parked.as_ref().unwrap().contains("within its lease"), "{parked:?}");
        assert!(world.inbox.replay(parked[0].id).await.unwrap());
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
    }
}

#[tokio::test]
async fn callbacks_are_taken_into_their_orders_while_all_handlers_are_busy() {
    for world in worlds().await {
        let begun = Arc::new(tokio::sync::Notify::new());
        let begins = Arc::clone(&begun);
        let worker = world.worker().concurrency(1).max_in_flight(0);
        let run = worker.run(move |_| {
            begins.notify_one();
            std::future::pending::<Result<(), String>>()
        });
        let come = async {
            let ids = [world.placed("D1", "1500").await, world.placed("D2", "1500").await];
            world.sandbox.pay(&ids[0]).unwrap();
            world.deliver().await;
            begun.notified().await;
            world.sandbox.pay(&ids[1]).unwrap();
            world.deliver().await;
            while world.order("D2").await.status.state != OrderState::SUCCESS {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = run => unreachable!(),
            () = come => {}
        }
    }
}

/// An order that somebody else has locked is looked at by each poll, not all the time.
#[tokio::test]
async fn a_locked_order_does_not_wake_its_own_worker() {
    for world in worlds().await {
        if world.base.is_sqlite() {
            continue;
        }
        let id = world.placed("D1", "1500").await;
        let other = world.base.postgres_client().await;
        other.batch_execute("BEGIN; SELECT id FROM tarspay_orders FOR UPDATE").await.unwrap();
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        // Counts how often the worker looks, also in transactions that insert nothing.
        let count = "CREATE SEQUENCE looks; CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM nextval(''looks''); RETURN NULL; END';
            CREATE TRIGGER look BEFORE INSERT ON tarspay_orders FOR EACH STATEMENT EXECUTE FUNCTION look()";
        world.base.run(count).await;
        let last = "SELECT last_value AS c FROM tarspay_orders_id_seq";
        let before = world.base.rows(last).await;
        let (second, worker) = (world.restart().await, world.worker().poll(HOUR));
        let mut run = Box::pin(worker.run(book));
        for _ in 0..50 {
            tokio::select! {
                () = &mut run => unreachable!(),
                status = second.status() => assert_eq!(status.unwrap().accepted.count, 1),
            }
        }
        drop(run);
        let looks = world.base.rows("SELECT last_value AS c FROM looks").await;
        assert!(looks[0].parse::<u32>().unwrap() <= 2, "{looks:?}");
        assert_eq!(world.base.rows(last).await, before, "no number is used up");
        other.batch_execute("COMMIT").await.unwrap();
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
    }
}

/// A contradiction is asked about. If the gateway says what was known, that is applied.
#[tokio::test]
async fn a_contradiction_is_settled_by_the_gateway() {
    for mut world in worlds().await {
        let key = trusting_us(&mut world).await;
        let id = world.placed("D1", "1500").await;
        world.sandbox.inject(Fault::lose_callback().always());
        world.sandbox.pay(&id).unwrap();
        assert_eq!(post(&world, &key, "D1", OrderState::SUCCESS, "1500").await, 200);
        assert_eq!(post(&world, &key, "D1", OrderState::FAILED, "1500").await, 200);
        let no_answer = world.sandbox.inject(Fault::drop_connection().on_path(QUERY).always());
        world.drain().await;
        assert_eq!(world.ledger().await, [""; 0], "nothing is applied in doubt");
        world.sandbox.clear_fault(no_answer);
        world.base.advance(HOUR).await;
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
        let verdicts = "SELECT verdict AS c FROM tarspay_events WHERE source = 'callback' ORDER BY verdict";
        assert_eq!(world.base.rows(verdicts).await, ["contradiction", "news"]);
    }
}

/// If the gateway insists, a person looks, and then has its answer applied or closes the order.
#[tokio::test]
async fn a_contradiction_that_the_gateway_confirms_is_parked() {
    for mut world in worlds().await {
        let key = trusting_us(&mut world).await;
        for (number, known, paid) in [("D1", OrderState::FAILED, "0"), ("D2", OrderState::SUCCESS, "2000")] {
            let id = world.placed(number, "1500").await;
            world.sandbox.inject(Fault::lose_callback().always());
            world.sandbox.pay(&id).unwrap();
            assert_eq!(post(&world, &key, number, known, paid).await, 200);
        }
        world.drain().await;
        assert_eq!(world.ledger().await.len(), 2);
        // Asked for the second is what is watched; for the first a late success comes.
        assert_eq!(post(&world, &key, "D1", OrderState::SUCCESS, "1500").await, 200);
        for _ in 0..3 {
            world.base.advance(25 * HOUR).await;
            world.drain().await;
        }
        let parked = world.inbox.parked().await.unwrap();
        assert_eq!(parked.len(), 2, "{parked:?}");
        assert!(world.inbox.replay(parked[0].id).await.unwrap());
        assert!(world.inbox.discard(parked[1].id, "booked by hand").await.unwrap());
        world.drain().await;
        let ledger = world.ledger().await;
        assert_eq!(ledger.len(), 3, "{ledger:?}");
        assert!(ledger[2].ends_with(" 2 1500"), "{ledger:?}");
        assert!(world.inbox.parked().await.unwrap().is_empty());
        world.base.advance(24 * 40 * HOUR).await;
        world.drain().await;
        assert_eq!(world.ledger().await.len(), 3);
    }
}

/// The gateway refuses an order and then says that it was paid: a person looks.
#[tokio::test]
async fn a_refused_order_that_was_paid_is_parked() {
    for mut world in worlds().await {
        let key = trusting_us(&mut world).await;
        world.sandbox.inject(Fault::refuse(ErrorCode::AMOUNT_FORMAT_WRONG).on_path(DEPOSIT));
        let request = world.deposit("D1", "1500");
        let error = world.inbox.place_deposit(&world.client, &request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
        world.drain().await;
        let placed = world.client.place_deposit(&request).await.unwrap();
        world.sandbox.inject(Fault::lose_callback().always());
        world.sandbox.pay(placed.pay_order_id().unwrap()).unwrap();
        assert_eq!(post(&world, &key, "D1", OrderState::SUCCESS, "1500").await, 200);
        world.base.run("UPDATE tarspay_orders SET pay_order_id = NULL").await;
        world.drain().await;
        let parked = world.inbox.parked().await.unwrap();
        assert_eq!(world.ledger().await, ["D1 3 -"]);
        assert!(world.inbox.replay(parked[0].id).await.unwrap());
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 3 -", "D1 2 1500"]);
        assert!(world.order("D1").await.refusal.is_none());
    }
}

/// A payment that is reported after a refund is late.
#[tokio::test]
async fn a_late_success_after_a_refund_changes_nothing() {
    for mut world in worlds().await {
        let key = trusting_us(&mut world).await;
        let id = world.placed("D1", "1500").await;
        world.sandbox.inject(Fault::lose_callback().always());
        world.sandbox.pay(&id).unwrap();
        world.sandbox.refund(&id).unwrap();
        world.base.advance(HOUR).await;
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 5 -"]);
        assert_eq!(post(&world, &key, "D1", OrderState::SUCCESS, "1500").await, 200);
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 5 -"]);
        assert!(world.inbox.parked().await.unwrap().is_empty());
    }
}

/// Part payments are asked about, because two equal ones look like one callback that came twice.
#[tokio::test]
async fn a_part_payment_is_asked_about() {
    for mut world in worlds().await {
        let key = trusting_us(&mut world).await;
        let id = world.placed("D1", "1500").await;
        world.sandbox.inject(Fault::lose_callback().always());
        world.sandbox.pay_partially(&id, "500".parse().unwrap()).unwrap();
        assert_eq!(post(&world, &key, "D1", OrderState::PARTLY_PAID, "500").await, 200);
        world.drain().await;
        world.sandbox.pay_partially(&id, "500".parse().unwrap()).unwrap();
        assert_eq!(post(&world, &key, "D1", OrderState::PARTLY_PAID, "500").await, 200);
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 9 500", "D1 9 1000"]);
    }
}

#[tokio::test]
async fn two_workers_never_apply_the_same_fact() {
    for world in worlds().await {
        let mut numbers = Vec::new();
        for nth in 0..20 {
            let id = world.placed(&format!("D{nth}"), "1500").await;
            world.sandbox.pay(&id).unwrap();
            numbers.push(format!("D{nth} 2 1500"));
        }
        world.deliver().await;
        let other = world.restart().await;
        let (one, two) = (world.worker().concurrency(3), other.worker(&world.client).concurrency(3));
        let calls = Arc::new(Mutex::new(Vec::new()));
        let handler = || {
            let calls = Arc::clone(&calls);
            move |fact: Fact| {
                calls.lock().unwrap().push(fact.merchant_order_no().to_string());
                book(fact)
            }
        };
        tokio::join!(one.drain(handler()), two.drain(handler()));
        world.drain().await;
        let mut booked = world.ledger().await;
        booked.sort();
        numbers.sort();
        assert_eq!(booked, numbers);
        assert_eq!(calls.lock().unwrap().len(), 20, "nobody has tried in vain");
    }
}

/// Another worker is taking the events into their orders. This one leaves them to it.
#[tokio::test]
async fn events_that_another_worker_has_are_left_to_it() {
    for world in worlds().await {
        if world.base.is_sqlite() {
            continue;
        }
        let id = world.placed("D1", "1500").await;
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        let other = world.base.postgres_client().await;
        other
            .batch_execute("BEGIN; SELECT id FROM tarspay_events WHERE verdict IS NULL FOR UPDATE")
            .await
            .unwrap();
        world.drain().await;
        assert_eq!(world.ledger().await, [""; 0]);
        assert_eq!(world.inbox.status().await.unwrap().accepted.count, 1);
        // And an order that another worker has.
        other.batch_execute("COMMIT; BEGIN; SELECT id FROM tarspay_orders FOR UPDATE").await.unwrap();
        world.drain().await;
        assert_eq!(world.inbox.status().await.unwrap().accepted.count, 1);
        other.batch_execute("COMMIT").await.unwrap();
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
    }
}

/// A worker that runs notices what its process has received at once, and what another has by
/// polling.
#[tokio::test]
async fn a_running_worker_applies_what_comes() {
    for world in worlds().await {
        let other = world.restart().await;
        let workers = [world.worker(), other.worker(&world.client).poll(Duration::from_millis(5))];
        for (nth, worker) in workers.iter().enumerate() {
            let number = format!("D{nth}");
            let id = world.placed(&number, "1500").await;
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            let run = worker.run_until(book, async { drop(stopped.await) });
            let watch = async {
                world.sandbox.pay(&id).unwrap();
                while world.order(&number).await.applied.is_none() {
                    tokio::task::yield_now().await;
                }
                drop(stop);
            };
            tokio::join!(run, watch);
        }
        assert_eq!(world.ledger().await, ["D0 2 1500", "D1 2 1500"]);
    }
}

/// The key is the same for each attempt at a fact, and another for the next fact.
#[tokio::test]
async fn effect_keys_tell_facts_apart() {
    for world in worlds().await {
        let id = world.placed("D1", "1500").await;
        let keys = Arc::new(Mutex::new(Vec::new()));
        let worker = world.worker().retry(Duration::ZERO, Duration::ZERO);
        let run = async |world: &World| {
            let (keys, failed) = (Arc::clone(&keys), AtomicUsize::new(0));
            worker
                .drain(move |fact: Fact| {
                    keys.lock().unwrap().push(fact.effect_key());
                    let fails = failed.fetch_add(1, Ordering::Relaxed) == 0;
                    async move {
                        if fails { Err("no".to_owned()) } else { book(fact).await.map_err(|e| e.to_string()) }
                    }
                })
                .await;
            world.base.advance(25 * HOUR).await;
        };
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        run(&world).await;
        world.sandbox.refund(&id).unwrap();
        run(&world).await;
        let merchant_no = world.client.merchant_no();
        let (paid, back) = (format!("1/2/1500/{merchant_no}/D1"), format!("2/5/-/{merchant_no}/D1"));
        assert_eq!(*keys.lock().unwrap(), [paid.clone(), paid, back.clone(), back]);
    }
}

/// A sandbox that reports every end, as the gateway may.
#[tokio::test]
async fn a_deposit_that_times_out_and_is_paid_late_ends_as_paid() {
    for mut world in worlds().await {
        world.sandbox = Sandbox::builder().notify_all_ends().start().await.unwrap();
        world.client = crate::world::client(&world.sandbox, world.sandbox.base_url());
        world.address = crate::world::serve(&world.inbox, crate::world::verifier(&world.sandbox)).await;
        let id = world.placed("D1", "1500").await;
        world.sandbox.expire(&id).unwrap();
        world.deliver().await;
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 6 -"]);
        let key = trusting_us(&mut world).await;
        assert_eq!(post(&world, &key, "D1", OrderState::SUCCESS, "1500").await, 200);
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 6 -", "D1 2 1500"]);
    }
}
