//! With every driver the effect and the mark commit together or not at all: after a lost lease, in a savepoint, and
//! where a server turns COMMIT into a rollback.

mod careless;
#[path = "../../../columns/tests/it/postgres.rs"]
mod postgres;
mod world;

use careless::{Diesel, DieselAsync, Psycopg, Rusqlite, SqlxPostgres, SqlxSqlite, TokioPostgres};
use diesel::Connection as _;
use drivers::work;
use std::time::Duration;
use tarspay_inbox::Fact;
use world::World;

const MINUTE: Duration = Duration::from_secs(60);

/// What a program does with its transaction.
#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    /// Commits, whatever the settling said.
    Commit,
    /// Settles in a savepoint, has the driver roll back to it after an error, and commits.
    InSavepoint,
    /// Ignores that a statement before has failed.
    AfterError,
    /// Ends without a commit.
    GiveUp,
}

trait Driver {
    /// The program of the page.
    async fn book(&mut self, fact: &Fact) -> Result<(), String>;

    /// A program that ignores every error. Returns whether the settling succeeded.
    async fn careless(&mut self, fact: &Fact, how: How) -> bool;
}

async fn check(world: World, mut driver: impl Driver) {
    let mut booked = Vec::new();

    // Together.
    let fact = world.fact("D1", MINUTE).await;
    driver.book(&fact).await.unwrap();
    booked.push("D1 1500");
    assert_eq!(world.payments().await, booked);
    assert!(world.is_applied("D1").await);
    driver.book(&fact).await.unwrap_err();
    assert_eq!(world.payments().await, booked, "a fact is settled once");
    let fact = world.fact("D2", MINUTE).await;
    assert!(driver.careless(&fact, How::InSavepoint).await);
    booked.push("D2 1500");
    assert_eq!(world.payments().await, booked);
    assert!(world.is_applied("D2").await);

    // The total, not the sum of the totals.
    world.pay_part("D0", "400").await;
    driver.book(&world.again("D0", MINUTE).await).await.unwrap();
    assert_eq!(world.payments().await[0], "D0 400");
    world.pay_rest("D0").await;
    driver.book(&world.again("D0", MINUTE).await).await.unwrap();
    booked.insert(0, "D0 1500");
    assert_eq!(world.payments().await, booked);

    // Neither.
    let fact = world.fact("D3", MINUTE).await;
    assert!(driver.careless(&fact, How::GiveUp).await);
    assert_eq!(world.payments().await, booked);
    assert!(!world.is_applied("D3").await);

    // A lost lease.
    for (number, how) in [("D4", How::Commit), ("D5", How::InSavepoint)] {
        let lost = world.fact(number, MINUTE).await;
        world.end_lease(number).await;
        driver.book(&lost).await.unwrap_err();
        assert!(!driver.careless(&lost, how).await, "{how:?}");
        let taken = world.again(number, MINUTE).await;
        assert!(!driver.careless(&lost, how).await, "{how:?}");
        assert_eq!(world.payments().await, booked, "{how:?}");
        assert!(!world.is_applied(number).await, "{how:?}");
        driver.book(&taken).await.unwrap();
        booked.push(if number == "D4" { "D4 1500" } else { "D5 1500" });
        assert_eq!(world.payments().await, booked, "{how:?}");
    }

    // SQLite fails the one statement. PostgreSQL fails the transaction: its COMMIT rolls back, and the settling says so.
    let fact = world.fact("D6", MINUTE).await;
    let settled = driver.careless(&fact, How::AfterError).await;
    assert_eq!(settled, world.is_sqlite());
    assert_eq!(world.is_applied("D6").await, settled);
    if settled {
        booked.push("D6 1500");
    }
    assert_eq!(world.payments().await, booked);
}

#[tokio::test]
async fn rusqlite() {
    let world = World::in_sqlite().await;
    let driver = Rusqlite(world.sqlite());
    check(world, driver).await;
}

#[tokio::test]
async fn diesel_in_sqlite() {
    let world = World::in_sqlite().await;
    let driver = Diesel(diesel::SqliteConnection::establish(&world.file()).unwrap());
    check(world, driver).await;
}

#[tokio::test]
async fn sqlx_in_sqlite() {
    let world = World::in_sqlite().await;
    let driver = SqlxSqlite::new(&world.file()).await;
    check(world, driver).await;
}

#[tokio::test]
async fn sqlx_in_postgresql() {
    let Some(world) = World::in_postgres().await else { return };
    let driver = SqlxPostgres(world.pool().await);
    check(world, driver).await;
}

#[tokio::test]
async fn diesel_in_postgresql() {
    let Some(world) = World::in_postgres().await else { return };
    let driver = DieselAsync(world.address());
    check(world, driver).await;
}

#[tokio::test]
async fn tokio_postgres() {
    let Some(world) = World::in_postgres().await else { return };
    let driver = TokioPostgres(world.address());
    check(world, driver).await;
}

#[tokio::test]
async fn psycopg() {
    let Some(driver) = Psycopg::find() else { return };
    let Some(world) = World::in_postgres().await else { return };
    let driver = driver.at(world.address());
    check(world, driver).await;
}

#[tokio::test]
async fn a_worker_gives_each_fact_to_the_program() {
    let Some(world) = World::in_postgres().await else { return };
    let (pool, worker) = (world.pool().await, world.worker());
    world.pay("D1").await;
    let applied = async {
        while !world.is_applied("D1").await {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = work(&worker, pool) => unreachable!(),
        () = applied => {}
    }
    assert_eq!(world.payments().await, ["D1 1500"]);
}
