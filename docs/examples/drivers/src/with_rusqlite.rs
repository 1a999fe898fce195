//! rusqlite. It waits for the disk, so call it by `tokio::task::spawn_blocking`.

use crate::{EFFECT, entry};
use rusqlite::{Connection, Result, TransactionBehavior};
use tarspay_inbox::{Fact, SETTLE};

pub fn book(connection: &mut Connection, fact: &Fact) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(EFFECT, entry(fact))?;
    transaction.execute(SETTLE, (fact.id(), fact.lease()))?;
    transaction.commit()
}
