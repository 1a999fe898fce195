//! diesel with PostgreSQL, by way of diesel-async, which needs no libpq. With diesel's own `PgConnection` only the
//! `await`s go.

use crate::entry;
use crate::with_diesel::payments;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tarspay_inbox::{Fact, SETTLE};

pub async fn book(connection: &mut AsyncPgConnection, fact: &Fact) -> QueryResult<()> {
    let transaction = connection.transaction(async |connection| {
        let (number, paid) = entry(fact);
        let row = (payments::number.eq(number), payments::paid.eq(paid));
        let effect = diesel::insert_into(payments::table).values(row).on_conflict(payments::number);
        let effect = effect.do_update().set(payments::paid.eq(excluded(payments::paid)));
        effect.execute(connection).await?;
        let settle = diesel::sql_query(SETTLE).bind::<BigInt, _>(fact.id()).bind::<BigInt, _>(fact.lease());
        settle.execute(connection).await.map(drop)
    });
    transaction.await
}
