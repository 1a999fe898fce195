//! sqlx.

use crate::{EFFECT, entry};
use sqlx::{Connection as _, PgPool, Result, SqliteConnection, SqlitePool, query};
use tarspay_inbox::{Fact, SETTLE};

pub async fn book(pool: &PgPool, fact: &Fact) -> Result<()> {
    let mut transaction = pool.begin().await?;
    let (number, paid) = entry(fact);
    query(EFFECT).bind(number).bind(paid).execute(&mut *transaction).await?;
    query(SETTLE).bind(fact.id()).bind(fact.lease()).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// sqlx 0.9 does not notice that SQLite has rolled back by itself, so the connection must not return to the pool.
pub async fn book_in_sqlite(pool: &SqlitePool, fact: &Fact) -> Result<()> {
    let mut connection = pool.acquire().await?;
    let booked = book_on(&mut connection, fact).await;
    if booked.is_err() {
        connection.close_on_drop();
    }
    booked
}

/// IMMEDIATE waits for another writer, also in a transaction that begins by reading.
async fn book_on(connection: &mut SqliteConnection, fact: &Fact) -> Result<()> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let (number, paid) = entry(fact);
    query(EFFECT).bind(number).bind(paid).execute(&mut *transaction).await?;
    query(SETTLE).bind(fact.id()).bind(fact.lease()).execute(&mut *transaction).await?;
    transaction.commit().await
}
