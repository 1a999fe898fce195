//! Money of payers that has reached the gateway, by the reference of their bank or wallet.

use super::{StoreError, Tx};
use rusqlite::{OptionalExtension as _, params};
use tarspay_types::{Amount, TrxId};

pub(crate) struct Transfer {
    pub(crate) amount: Amount,
    /// The order that it has paid, by its number in the store.
    pub(crate) order: Option<i64>,
}

pub(crate) fn find(tx: &Tx<'_>, reference: &TrxId) -> Result<Option<Transfer>, StoreError> {
    let found: Option<(String, Option<i64>)> = tx
        .connection
        .prepare_cached("SELECT amount, order_id FROM transfers WHERE reference = ?1")?
        .query_row([reference.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    found
        .map(|(amount, order)| {
            Ok(Transfer { amount: Amount::parse(&amount).map_err(StoreError::damaged)?, order })
        })
        .transpose()
}

/// Notes a transfer, or the order that a known one has paid.
pub(crate) fn put(
    tx: &Tx<'_>,
    reference: &TrxId,
    amount: Amount,
    order: Option<i64>,
) -> Result<(), StoreError> {
    tx.connection
        .prepare_cached(
            "INSERT INTO transfers (reference, amount, order_id, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET amount = ?2, order_id = ?3",
        )?
        .execute(params![reference.as_str(), amount.to_string(), order, tx.now])?;
    Ok(())
}
