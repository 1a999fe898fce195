//! diesel with SQLite.

use crate::entry;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tarspay_inbox::{Fact, SETTLE};

diesel::table! {
    ledger (number) {
        number -> Text,
        paid -> Nullable<Text>,
    }
}

pub fn book(connection: &mut SqliteConnection, fact: &Fact) -> QueryResult<()> {
    connection.immediate_transaction(|connection| {
        let (number, paid) = entry(fact);
        let row = (ledger::number.eq(number), ledger::paid.eq(paid));
        diesel::insert_into(ledger::table).values(row).execute(connection)?;
        let settle = diesel::sql_query(SETTLE).bind::<BigInt, _>(fact.id()).bind::<BigInt, _>(fact.lease());
        settle.execute(connection).map(drop)
    })
}
