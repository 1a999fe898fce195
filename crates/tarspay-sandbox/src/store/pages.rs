//! Lists in parts, for people: the newest first, so that the beginning of a list costs the same however long it is.

use super::orders::parsed;
use super::{StoreError, Tx, callbacks, orders};
use crate::OutgoingCallback;
use crate::keys::MerchantStatus;
use crate::store::orders::Record;
use rusqlite::params;
use tarspay_types::MerchantNo;

/// Orders with smaller numbers in the store, the newest first.
pub(crate) fn orders(tx: &Tx<'_>, before: i64, at_most: usize) -> Result<Vec<Record>, StoreError> {
    let sql = format!("SELECT {} FROM orders WHERE id < ?1 ORDER BY id DESC LIMIT ?2", orders::COLUMNS);
    let mut statement = tx.connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![before, at_most])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(orders::record(row)?);
    }
    Ok(found)
}

/// Callbacks with smaller numbers, the newest first.
pub(crate) fn callbacks(
    tx: &Tx<'_>,
    before: i64,
    at_most: usize,
) -> Result<Vec<OutgoingCallback>, StoreError> {
    let sql = format!(
        "SELECT {} FROM callbacks JOIN orders ON orders.id = order_id WHERE callbacks.id < ?1
         ORDER BY callbacks.id DESC LIMIT ?2",
        callbacks::COLUMNS
    );
    let mut statement = tx.connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![before, at_most])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(callbacks::outgoing(tx, row)?);
    }
    Ok(found)
}

/// Merchants with greater numbers, in the order of these.
pub(crate) fn merchants(
    tx: &Tx<'_>,
    after: &str,
    at_most: usize,
) -> Result<Vec<(MerchantNo, MerchantStatus)>, StoreError> {
    let mut statement = tx.connection.prepare_cached(
        "SELECT merchant_no, status FROM merchants WHERE merchant_no > ?1 ORDER BY merchant_no LIMIT ?2",
    )?;
    let mut rows = statement.query(params![after, at_most])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((parsed(row, 0)?, MerchantStatus::from_code(row.get(1)?)));
    }
    Ok(found)
}
