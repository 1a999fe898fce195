//! diesel with SQLite.

use crate::entry;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;
use tarspay_inbox::{Fact, SETTLE};

diesel::table! {
    payments (number) {
        number -> Text,
        paid -> Nullable<Text>,
    }
}

pub fn book(connection: &mut SqliteConnection, fact: &Fact) -> QueryResult<()> {
    connection.immediate_transaction(|connection| {
        let (number, paid) = entry(fact);
        let row = (payments::number.eq(number), payments::paid.eq(paid));
        let effect = diesel::insert_into(payments::table).values(row).on_conflict(payments::number);
        let effect = effect.do_update().set(payments::paid.eq(excluded(payments::paid)));
        effect.execute(connection)?;
        let settle = diesel::sql_query(SETTLE).bind::<BigInt, _>(fact.id()).bind::<BigInt, _>(fact.lease());
        settle.execute(connection).map(drop)
    })
}
