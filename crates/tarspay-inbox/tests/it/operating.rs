//! Migrations, counts, dead letters, and pruning.

use crate::receiving::{post, trusting_us};
use crate::world::{book, worlds};
use std::time::Duration;
use tarspay::SignedCallback;
use tarspay::types::{Callback, OrderState};
use tarspay_inbox::ErrorKind;
use tarspay_sandbox::Fault;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn migrations_run_again_and_at_the_same_time() {
    for world in worlds().await {
        world.placed("D1", "1500").await;
        world.inbox.migrate().await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let inbox = world.restart().await;
            tasks.spawn(async move { inbox.migrate().await });
        }
        for migrated in tasks.join_all().await {
            migrated.unwrap();
        }
        assert!(!world.order("D1").await.is_in_doubt);
        world.base.run("UPDATE tarspay_schema SET version = 99").await;
        let error = world.inbox.migrate().await.unwrap_err();
        assert!(error.to_string().contains("version 99"), "{error}");
    }
}

#[tokio::test]
async fn counts_and_ages_say_what_waits() {
    for world in worlds().await {
        let id = world.placed("D1", "1500").await;
        world.placed("D2", "1500").await;
        world.inbox.place_deposit(&world.client_of_nobody(), &world.deposit("D3", "1500")).await.unwrap();
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        world.base.advance(Duration::from_secs(10)).await;
        let status = world.inbox.status().await.unwrap();
        let counts =
            |waiting: tarspay_inbox::Waiting| (waiting.count, waiting.oldest.map(|age| age.as_secs()));
        assert_eq!(counts(status.accepted), (1, Some(10)));
        assert_eq!(counts(status.to_apply), (0, None));
        assert_eq!(counts(status.open), (3, Some(10)));
        assert_eq!(counts(status.in_doubt), (1, Some(10)));
        world.worker().attempts(1).max_in_flight(0).drain(async |_| Err("no stock")).await;
        let status = world.inbox.status().await.unwrap();
        assert_eq!(counts(status.accepted), (0, None));
        assert_eq!(counts(status.open), (2, Some(10)));
        assert_eq!(counts(status.parked), (1, Some(0)));
        assert!(status.numbers().contains(&("tarspay_inbox_parked", 1.0)));
        assert!(status.numbers().contains(&("tarspay_inbox_received_total", 1.0)));
    }
}

/// The age of a fact that is not applied grows, however often its handler fails.
#[tokio::test]
async fn a_handler_that_fails_shows_in_the_age_of_what_is_to_be_applied() {
    for world in worlds().await {
        let id = world.placed("D1", "1500").await;
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        let wait = Duration::from_secs(60);
        let worker = world.worker().retry(wait, wait).max_in_flight(0);
        for attempt in 1..=7 {
            worker.drain(async |_| Err("no stock")).await;
            world.base.advance(wait).await;
            let status = world.inbox.status().await.unwrap();
            assert_eq!(status.to_apply.oldest, Some(attempt * wait));
        }
        worker.drain(async |_| Err("no stock")).await;
        let parked = world.inbox.status().await.unwrap().parked;
        assert_eq!((parked.count, parked.oldest), (1, Some(Duration::ZERO)));
    }
}

/// The clock of the database was years ahead for a while.
#[tokio::test]
async fn what_a_clock_that_was_ahead_has_planned_is_due() {
    const AHEAD: i64 = 5 * 365 * 24 * 3600 * 1000;
    for world in worlds().await {
        let ids = [world.placed("D1", "1500").await, world.placed("D2", "1500").await];
        world.base.run(&format!("UPDATE test_clock SET ms = ms + {AHEAD}")).await;
        world.sandbox.pay(&ids[0]).unwrap();
        world.deliver().await;
        world.worker().drain(async |_| Err("no stock")).await;
        world.sandbox.inject(Fault::lose_callback().always());
        world.sandbox.pay(&ids[1]).unwrap();
        world.base.run(&format!("UPDATE test_clock SET ms = ms - {AHEAD}")).await;
        world.drain().await;
        let mut ledger = world.ledger().await;
        ledger.sort();
        assert_eq!(ledger, ["D1 2 1500", "D2 2 1500"]);
    }
}

/// A repeated part payment has its order asked for again, also while events are pruned.
#[tokio::test]
async fn pruning_keeps_an_event_that_is_new_again() {
    for world in worlds().await {
        if world.base.is_sqlite() {
            continue;
        }
        world
            .base
            .run(
                "INSERT INTO tarspay_events (digest, source, merchant_no, number, state, body, received_at, verdict)
                 VALUES ('1', 'callback', 'M1', 'D1', 9, '', 1, 'news');
                 CREATE OR REPLACE VIEW tarspay_now AS
                 SELECT ms + length(pg_advisory_xact_lock_shared(77)::text) AS ms FROM test_clock",
            )
            .await;
        // The statement has its snapshot, and waits for the clock.
        let other = world.base.postgres_client().await;
        other.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(77)").await.unwrap();
        let change = async {
            let waits = "SELECT count(*) AS c FROM pg_locks WHERE objid = 77 AND NOT granted";
            while world.base.rows(waits).await != ["1"] {
                tokio::task::yield_now().await;
            }
            world.base.run("UPDATE tarspay_events SET verdict = NULL").await;
            other.batch_execute("COMMIT").await.unwrap();
        };
        let (pruned, ()) = tokio::join!(world.inbox.prune(14 * DAY), change);
        assert_eq!(pruned.unwrap(), 0);
        assert_eq!(world.base.rows("SELECT verdict AS c FROM tarspay_events").await, ["-"]);
    }
}

/// What is over goes; what is open, parked or asked for stays. A worker runs meanwhile.
#[tokio::test]
async fn pruning_deletes_what_is_over_and_nothing_else() {
    for world in worlds().await {
        let mut ids = Vec::new();
        for nth in 0..6 {
            ids.push(world.placed(&format!("D{nth}"), "1500").await);
        }
        world.sandbox.fail(&ids[0], "no").unwrap(); // is over
        world.sandbox.pay(&ids[1]).unwrap(); // is watched for a refund
        world.deliver().await;
        world.drain().await;
        world.sandbox.pay(&ids[2]).unwrap(); // is parked
        world.deliver().await;
        world.worker().attempts(1).max_in_flight(0).drain(async |_| Err("no stock")).await;
        world.base.advance(15 * DAY).await;
        world.sandbox.pay(&ids[3]).unwrap(); // is new
        world.deliver().await;
        let worker = world.worker();
        let (deleted, ()) = tokio::join!(world.inbox.prune(14 * DAY), worker.drain(book));
        assert!(deleted.unwrap() > 6);
        let left = world.base.rows("SELECT number AS c FROM tarspay_orders ORDER BY number").await;
        assert_eq!(left, ["D1", "D2", "D3", "D4", "D5"]);
        let error = world.inbox.prune(13 * DAY).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        world.base.advance(DAY).await;
        world.drain().await;
        let mut ledger = world.ledger().await;
        ledger.sort();
        assert_eq!(ledger, ["D0 3 -", "D1 2 1500", "D3 2 1500"]);
    }
}

/// Nothing is left that would notice a repetition but the key, which a table of the merchant can have.
#[tokio::test]
async fn a_fact_of_an_order_that_was_pruned_is_applied_again_with_the_same_key() {
    for mut world in worlds().await {
        let key = trusting_us(&mut world).await;
        world.placed("D1", "1500").await;
        let order = world.order("D1").await;
        let callback =
            Callback::new(order.pay_order_id.unwrap(), order.merchant_order_no, OrderState::FAILED);
        let callback = SignedCallback::new(world.client.merchant_no(), &callback, &key).unwrap();
        for _ in 0..2 {
            assert_eq!(world.post(Some(callback.signature()), callback.body()).await.0, 200);
            world.drain().await;
            for order in world.inbox.parked().await.unwrap() {
                assert!(world.inbox.replay(order.id).await.unwrap());
                world.drain().await;
            }
            world.base.advance(15 * DAY).await;
            world.inbox.prune(14 * DAY).await.unwrap();
        }
        let keys = world.base.rows("SELECT effect AS c FROM ledger").await;
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0], keys[1]);
    }
}

/// News about an order that a person has closed brings it back to the person.
#[tokio::test]
async fn news_after_a_discard_is_parked_again() {
    for world in worlds().await {
        let id = world.placed("D1", "1500").await;
        world.sandbox.inject(Fault::lose_callback().always());
        world.sandbox.pay_partially(&id, "500".parse().unwrap()).unwrap();
        world.base.advance(DAY).await;
        world.worker().attempts(1).drain(async |_| Err("no stock")).await;
        let parked = world.inbox.parked().await.unwrap();
        assert!(world.inbox.discard(parked[0].id, "given away").await.unwrap());
        assert!(!world.inbox.discard(parked[0].id, "given away").await.unwrap());
        world.base.advance(DAY).await;
        world.drain().await;
        assert_eq!(world.order("D1").await.discarded.as_deref(), Some("given away"));
        world.sandbox.clear_faults();
        world.sandbox.pay(&id).unwrap();
        world.deliver().await;
        world.drain().await;
        let parked = world.inbox.parked().await.unwrap();
        assert!(parked[0].parked.as_ref().unwrap().contains("given away"), "{parked:?}");
        assert_eq!(world.ledger().await, [""; 0]);
    }
}

/// So does what contradicts it.
#[tokio::test]
async fn a_contradiction_after_a_discard_is_parked_again() {
    for mut world in worlds().await {
        let key = trusting_us(&mut world).await;
        world.placed("D1", "1500").await;
        assert_eq!(post(&world, &key, "D1", OrderState::FAILED, "0").await, 200);
        world.worker().attempts(1).drain(async |_| Err("no stock")).await;
        let parked = world.inbox.parked().await.unwrap();
        assert!(world.inbox.discard(parked[0].id, "given away").await.unwrap());
        assert_eq!(post(&world, &key, "D1", OrderState::FAILED, "0").await, 200, "a repetition");
        world.drain().await;
        assert!(world.inbox.parked().await.unwrap().is_empty());
        assert_eq!(post(&world, &key, "D1", OrderState::SUCCESS, "1500").await, 200);
        world.drain().await;
        assert_eq!(world.inbox.parked().await.unwrap().len(), 1);
        assert_eq!(world.ledger().await, [""; 0]);
    }
}

/// A callback need not say whether an order is a deposit, and then the gateway cannot be asked.
#[tokio::test]
async fn an_unknown_order_without_direction_waits_for_a_person() {
    for mut world in worlds().await {
        let key = trusting_us(&mut world).await;
        let made =
            "INSERT INTO tarspay_orders (merchant_no, number, placed_at, changed_at, parked, direction)
            SELECT '@', 'U1', ms, ms, 'unknown', NULL FROM tarspay_now
            UNION ALL SELECT '@', 'U2', ms, ms, 'unknown', 'deposit' FROM tarspay_now";
        world.base.run(&made.replace('@', world.client.merchant_no().as_str())).await;
        let id = world.order("U1").await.id;
        assert!(!world.inbox.replay(id).await.unwrap(), "it has not ended");
        assert!(world.inbox.replay(world.order("U2").await.id).await.unwrap(), "it is asked for");
        let asked = world.base.rows("SELECT ask_at IS NULL AS c FROM tarspay_orders ORDER BY number").await;
        assert!(asked[0].starts_with(['1', 't']) && asked[1].starts_with(['0', 'f']), "{asked:?}");

        assert_eq!(post(&world, &key, "U1", OrderState::SUCCESS, "1500").await, 200);
        world.drain().await;
        assert!(world.inbox.replay(id).await.unwrap());
        world.drain().await;
        assert_eq!(world.ledger().await, ["U1 2 1500"]);
        assert_eq!(post(&world, &key, "U1", OrderState::FAILED, "1500").await, 200);
        world.drain().await;
        let parked = world.inbox.parked().await.unwrap();
        assert!(parked[0].parked.as_ref().unwrap().starts_with("contradiction"), "{parked:?}");
        assert!(world.inbox.replay(id).await.unwrap());
        world.drain().await;
        assert!(world.inbox.parked().await.unwrap().is_empty());
        assert_eq!(world.ledger().await, ["U1 2 1500"]);
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_does_not_stop_the_others() {
    for world in worlds().await {
        for number in ["D1", "D2", "D3"] {
            let id = world.placed(number, "1500").await;
            world.sandbox.pay(&id).unwrap();
        }
        world.deliver().await;
        world.base.run("UPDATE tarspay_events SET direction = 'up' WHERE number = 'D1'").await;
        world.base.run("UPDATE tarspay_orders SET amount = 'many' WHERE number = 'D2'").await;
        world.worker().max_in_flight(0).drain(book).await;
        assert_eq!(world.ledger().await, ["D3 2 1500"]);
        let parked = world.inbox.parked().await.unwrap();
        assert_eq!(parked.len(), 1, "the others are listed: {parked:?}");
        assert!(parked[0].parked.as_ref().unwrap().contains("cannot be read"), "{parked:?}");
        assert_eq!(world.inbox.status().await.unwrap().parked.count, 2);
        assert_eq!(world.inbox.status().await.unwrap().accepted.count, 0);
        world.base.run("UPDATE tarspay_orders SET amount = '1500' WHERE number = 'D2'").await;
        for order in world.inbox.parked().await.unwrap() {
            assert!(world.inbox.replay(order.id).await.unwrap());
        }
        world.drain().await;
        let mut ledger = world.ledger().await;
        ledger.sort();
        assert_eq!(ledger, ["D1 2 1500", "D2 2 1500", "D3 2 1500"]);
    }
}

#[test]
fn both_engines_have_the_same_statements() {
    let names = |file: &'static str| -> Vec<_> {
        file.lines().filter_map(|line| line.strip_prefix("-- name: ")).collect()
    };
    let files = (include_str!("../../src/sql/sqlite.sql"), include_str!("../../src/sql/postgres.sql"));
    assert_eq!(names(files.0), names(files.1));
}
