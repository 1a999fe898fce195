//! The effect of a fact, and the mark that it was applied, in one transaction of your own driver.

pub mod with_diesel;
pub mod with_diesel_async;
pub mod with_psycopg;
pub mod with_rusqlite;
pub mod with_sqlx;
pub mod with_tokio_postgres;

use sqlx::PgPool;
use tarspay_inbox::{Fact, Worker};

/// Your table: what was paid for each order. The amount is a text here; for other columns see docs/database.md.
pub const PAYMENTS: &str = "CREATE TABLE payments (number TEXT NOT NULL PRIMARY KEY, paid TEXT)";
/// A fact has the total, so it replaces that of a part payment before it. After a refund it is NULL.
pub const EFFECT: &str = "INSERT INTO payments (number, paid) VALUES ($1, $2)
    ON CONFLICT (number) DO UPDATE SET paid = excluded.paid";

/// What [`EFFECT`] writes.
pub fn entry(fact: &Fact) -> (&str, Option<String>) {
    (fact.merchant_order_no().as_str(), fact.status().paid().map(String::from))
}

/// Gives each fact to the handler, until the future is dropped. An error is logged, and the fact comes again later.
pub async fn work(worker: &Worker, pool: PgPool) {
    let handler = move |fact| {
        let pool = pool.clone();
        async move { with_sqlx::book(&pool, &fact).await }
    };
    worker.run(handler).await;
}
