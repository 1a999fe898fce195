//! diesel with PostgreSQL, by way of diesel-async, which needs no libpq. With diesel's own `PgConnection` only the
//! `await`s go.

use crate::entry;
use crate::with_diesel::ledger;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tarspay_inbox::{Fact, SETTLE};

pub async fn book(connection: &mut AsyncPgConnection, fact: &Fact) -> QueryResult<()> {
    let transaction = connection.transaction(async |connection| {
        let (number, paid) = entry(fact);
        let row = (ledger::number.eq(number), ledger::paid.eq(paid));
        diesel::insert_into(ledger::table).values(row).execute(connection).await?;
        let settle = diesel::sql_query(SETTLE).bind::<BigInt, _>(fact.id()).bind::<BigInt, _>(fact.lease());
        settle.execute(connection).await.map(drop)
    });
    transaction.await
}
