//! The effect and the mark of it commit together or not at all, by any driver.

use crate::world::{Base, World, book, worlds};
use rusqlite::params;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tarspay_inbox::{ErrorKind, Fact, SETTLE};

const LEASE: Duration = Duration::from_secs(60);
const EFFECT: &str = "INSERT INTO ledger (number, state, paid, effect) VALUES ('D1', 2, '1', '-')";

/// An order that is paid, as a handler gets it.
async fn claimed(world: &World) -> Fact {
    let paid = world.placed("D1", "1500").await;
    world.sandbox.pay(&paid).unwrap();
    world.deliver().await;
    taken(world).await
}

/// The fact that is due, with its lease; the handler that had it has gone.
async fn taken(world: &World) -> Fact {
    let seen = Arc::new(Mutex::new(None));
    // One at a time, so that no further claim is on its way when the worker is dropped.
    let (keep, worker) = (Arc::clone(&seen), world.worker().lease(LEASE).concurrency(1));
    let run = worker.run(move |fact| {
        *keep.lock().unwrap() = Some(fact);
        std::future::pending::<Result<(), String>>()
    });
    let found = async {
        loop {
            if let Some(fact) = seen.lock().unwrap().take() {
                return fact;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = run => unreachable!(),
        fact = found => fact,
    }
}

/// Begins a transaction by a driver that is not the inbox's, writes, makes a savepoint perhaps,
/// settles, and commits whatever came of it. Returns whether the settle statement succeeded.
async fn settle(base: &Base, fact: &Fact, in_savepoint: bool) -> bool {
    match base {
        Base::Sqlite(_) => {
            let connection = base.sqlite_connection();
            connection.execute_batch(&format!("BEGIN; {EFFECT}")).unwrap();
            if in_savepoint {
                connection.execute_batch("SAVEPOINT part").unwrap();
            }
            let settled = connection.execute(SETTLE, params![fact.id(), fact.lease()]).is_ok();
            if in_savepoint && !settled {
                let _ = connection.execute_batch("ROLLBACK TO part; RELEASE part");
            }
            let _ = connection.execute_batch("COMMIT");
            settled
        }
        Base::Postgres { .. } => {
            let client = base.postgres_client().await;
            client.batch_execute(&format!("BEGIN; {EFFECT}")).await.unwrap();
            if in_savepoint {
                client.batch_execute("SAVEPOINT part").await.unwrap();
            }
            let settled = client.execute(SETTLE, &[&fact.id(), &fact.lease()]).await.is_ok();
            if in_savepoint && !settled {
                let _ = client.batch_execute("ROLLBACK TO part; RELEASE part").await;
            }
            let _ = client.batch_execute("COMMIT").await;
            settled
        }
    }
}

#[tokio::test]
async fn a_foreign_transaction_settles_the_fact() {
    for world in worlds().await {
        for (number, in_savepoint) in [("D1", false), ("D2", true)] {
            let paid = world.placed(number, "1500").await;
            world.sandbox.pay(&paid).unwrap();
            world.deliver().await;
            let fact = taken(&world).await;
            assert!(settle(&world.base, &fact, in_savepoint).await);
            assert!(!settle(&world.base, &fact, in_savepoint).await, "a fact is settled once");
            world.drain().await;
        }
        assert_eq!(world.ledger().await, ["D1 2 1", "D1 2 1"]);
    }
}

#[tokio::test]
async fn a_lost_lease_rolls_back_the_whole_transaction() {
    for world in worlds().await {
        let first = claimed(&world).await;
        world.base.advance(LEASE).await;
        for in_savepoint in [false, true] {
            assert!(!settle(&world.base, &first, in_savepoint).await, "it has ended");
        }
        let second = taken(&world).await;
        assert_eq!((second.id(), second.attempt()), (first.id(), 2));
        assert_ne!(second.lease(), first.lease());
        for in_savepoint in [false, true] {
            assert!(!settle(&world.base, &first, in_savepoint).await, "another has it");
        }
        assert_eq!(world.ledger().await, [""; 0]);

        let error = book(first).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LeaseLost, "{error}");
        assert_eq!(world.ledger().await, [""; 0]);
        book(second).await.unwrap();
        world.drain().await;
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
    }
}

/// The rights that docs/inbox.md lists.
async fn grant(base: &Base, role: &str) {
    let schema = base.schema();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/inbox.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, from) = page.split_once("```sql\nGRANT").unwrap();
    let grants = format!("GRANT{}", from.split("```").next().unwrap());
    let grants = grants.replace("handler", role).replace("SCHEMA shop", &format!("SCHEMA {schema}"));
    base.run(&format!("CREATE ROLE {role} LOGIN; {grants}; GRANT INSERT ON ledger TO {role}")).await;
}

#[tokio::test]
async fn a_role_settles_with_the_rights_of_the_page() {
    for world in worlds().await {
        if world.base.is_sqlite() {
            continue;
        }
        let role = format!("{}_handler", world.base.schema());
        let fact = claimed(&world).await;
        grant(&world.base, &role).await;
        let client = world.base.postgres_client_of(&role).await;
        client.batch_execute(&format!("BEGIN; {EFFECT}; SAVEPOINT part")).await.unwrap();
        client.execute(SETTLE, &[&fact.id(), &fact.lease()]).await.unwrap();
        client.batch_execute("COMMIT").await.unwrap();
        assert_eq!(world.ledger().await, ["D1 2 1"]);
        assert!(client.execute(SETTLE, &[&fact.id(), &fact.lease()]).await.is_err());
        client.batch_execute("SELECT 1").await.expect("outside of a savepoint the connection stays");
    }
}

/// A program that ignores the error, rolls back to its savepoint, and commits.
#[tokio::test]
async fn whatever_fails_in_a_savepoint_nothing_is_kept() {
    const TAKEN: &str = "UPDATE tarspay_orders SET lease = lease + 1";
    const BEING_TAKEN: &str = "BEGIN; UPDATE tarspay_orders SET lease = lease + 1";
    for world in worlds().await {
        if world.base.is_sqlite() {
            continue;
        }
        let schema = world.base.schema();
        let (role, member, narrow) =
            (format!("{schema}_some"), format!("{schema}_member"), format!("{schema}_narrow"));
        let set_role = format!("SET ROLE {role}");
        let fact = claimed(&world).await;
        grant(&world.base, &role).await;
        grant(&world.base, &narrow).await;
        world
            .base
            .run(&format!(
                "CREATE ROLE {member} LOGIN IN ROLE {role}; REVOKE ALL ON tarspay_schema FROM {narrow}"
            ))
            .await;
        for (login, before, begin, within, meanwhile) in [
            ("shop", "", "BEGIN ISOLATION LEVEL REPEATABLE READ", "", TAKEN),
            ("shop", "", "BEGIN ISOLATION LEVEL SERIALIZABLE", "", TAKEN),
            (&*member, &*set_role, "BEGIN", "", TAKEN),
            ("shop", &*set_role, "BEGIN", "", TAKEN),
            ("shop", &*format!("SET SESSION AUTHORIZATION {role}"), "BEGIN", "", TAKEN),
            (&*narrow, "", "BEGIN", "", TAKEN),
            ("shop", "", "BEGIN", "SET LOCAL lock_timeout = '1ms'", BEING_TAKEN),
            ("shop", "", "BEGIN", "SET LOCAL statement_timeout = '100ms'", BEING_TAKEN),
        ] {
            let (client, other) =
                (world.base.postgres_client_of(login).await, world.base.postgres_client().await);
            other
                .batch_execute(&format!("UPDATE tarspay_orders SET lease = {}", fact.lease()))
                .await
                .unwrap();
            client.batch_execute(before).await.unwrap();
            client.batch_execute(&format!("{begin}; {EFFECT}; SAVEPOINT part")).await.unwrap();
            other.batch_execute(meanwhile).await.unwrap();
            client.batch_execute(within).await.unwrap();
            let case = format!("{login} {before} {begin} {within}");
            let settle =
                format!("INSERT INTO tarspay_settle (id, lease) VALUES ({}, {})", fact.id(), fact.lease());
            assert!(client.batch_execute(&settle).await.is_err(), "{case}");
            for next in ["ROLLBACK TO part", "COMMIT"] {
                assert!(client.batch_execute(next).await.is_err(), "{case}");
            }
            drop(other);
            assert_eq!(world.ledger().await, [""; 0], "{case}");
        }
        // Without a savepoint the error is the server's, and the connection stays.
        world.base.run(&format!("UPDATE tarspay_orders SET lease = {}", fact.lease())).await;
        let client = world.base.postgres_client().await;
        client.batch_execute(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ; {EFFECT}")).await.unwrap();
        world.base.run(TAKEN).await;
        let error = client.execute(SETTLE, &[&fact.id(), &fact.lease()]).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "40001", "{error}");
        client.batch_execute("COMMIT").await.unwrap();
        assert_eq!(world.ledger().await, [""; 0]);
    }
}

#[tokio::test]
async fn a_transaction_that_is_dropped_is_rolled_back() {
    for world in worlds().await {
        let fact = claimed(&world).await;
        let mut tx = fact.begin().await.unwrap();
        tx.execute(EFFECT, []).await.unwrap();
        drop(tx);
        assert_eq!(world.ledger().await, [""; 0]);
        let mut tx = fact.begin().await.unwrap();
        assert!(tx.execute("INSERT INTO nothing_there VALUES (1)", []).await.is_err());
        drop(tx);
        let mut tx = fact.begin().await.unwrap();
        let rows = tx
            .query("SELECT CAST($1 AS TEXT) AS a, CAST($2 AS BIGINT) AS b", ["1.50".into(), 7.into()])
            .await;
        assert_eq!(rows.unwrap()[0].get::<i64>("b").unwrap(), 7);
        drop(tx);
        world.base.advance(LEASE).await;
        world.drain().await;
        assert_eq!(world.ledger().await.len(), 1);
    }
}

/// Otherwise the fact would be settled alone.
#[tokio::test]
async fn a_transaction_that_a_statement_has_rolled_back_is_not_settled() {
    for world in worlds().await {
        if !world.base.is_sqlite() {
            continue;
        }
        let fact = claimed(&world).await;
        let mut tx = fact.begin().await.unwrap();
        tx.execute(EFFECT, []).await.unwrap();
        assert!(tx.execute("INSERT OR ROLLBACK INTO ledger (number) VALUES (NULL)", []).await.is_err());
        assert!(tx.commit().await.is_err());
        assert!(world.order("D1").await.applied.is_none());
        book(fact).await.unwrap();
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
    }
}

/// However many transactions handlers keep open, PostgreSQL has connections left to store
/// callbacks.
#[tokio::test]
async fn open_transactions_leave_room_for_callbacks() {
    for world in worlds().await {
        if world.base.is_sqlite() {
            continue;
        }
        let fact = claimed(&world).await;
        let mut open = Vec::new();
        for _ in 0..8 {
            open.push(fact.begin().await.unwrap());
        }
        let waiting = fact.begin();
        tokio::select! {
            biased;
            tx = waiting => panic!("{tx:?}"),
            status = world.inbox.status() => drop(status.unwrap()),
        }
        open.clear();
        book(fact).await.unwrap();
    }
}

/// The settling fails with the transaction, also where a driver reports `COMMIT` as done.
#[tokio::test]
async fn a_failed_transaction_is_not_settled() {
    for world in worlds().await {
        let fact = claimed(&world).await;
        let mut tx = fact.begin().await.unwrap();
        tx.execute(EFFECT, []).await.unwrap();
        assert!(tx.execute("INSERT INTO ledger (number) VALUES (NULL)", []).await.is_err());
        let settled = tx.commit().await.is_ok();
        // SQLite fails the one statement, PostgreSQL the transaction.
        assert_eq!(settled, world.base.is_sqlite());
        assert_eq!(world.ledger().await.len(), usize::from(settled));
        assert_eq!(world.order("D1").await.applied.is_some(), settled);
    }
}

#[tokio::test]
async fn a_handler_that_returns_without_settling_gets_the_fact_again() {
    for world in worlds().await {
        let paid = world.placed("D1", "1500").await;
        world.sandbox.pay(&paid).unwrap();
        world.deliver().await;
        let worker = world.worker().retry(Duration::ZERO, Duration::ZERO);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        worker
            .drain(move |fact| {
                let call = counted.fetch_add(1, Ordering::Relaxed);
                async move { if call == 2 { book(fact).await } else { Ok(()) } }
            })
            .await;
        assert_eq!(calls.load(Ordering::Relaxed), 3);
        assert_eq!(world.ledger().await, ["D1 2 1500"]);
    }
}

/// Nothing that `PgBouncer` in transaction mode does not carry: no statement has a name, no lock
/// outlives its transaction.
#[tokio::test]
async fn postgresql_is_left_without_session_state() {
    for world in worlds().await {
        if world.base.is_sqlite() {
            continue;
        }
        let paid = world.placed("D1", "1500").await;
        world.sandbox.pay(&paid).unwrap();
        world.deliver().await;
        let state = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&state);
        let inbox = world.base.builder().connections(1).open().await.unwrap();
        inbox.migrate().await.unwrap();
        inbox.status().await.unwrap();
        let worker = inbox.worker(&world.client);
        let handler = move |fact: Fact| {
            let seen = Arc::clone(&seen);
            async move {
                let mut tx = fact.begin().await?;
                let own = "pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
                for of in ["pg_prepared_statements", own, "pg_cursors WHERE name <> ''"] {
                    let rows = tx.query(&format!("SELECT count(*) AS n FROM {of}"), []).await?;
                    seen.lock().unwrap().push(rows[0].get::<i64>("n")?);
                }
                tx.commit().await
            }
        };
        worker.drain(handler).await;
        assert_eq!(*state.lock().unwrap(), [0, 0, 0]);
    }
}
