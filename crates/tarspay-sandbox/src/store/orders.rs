//! Orders and their state changes in the store.

use super::{StoreError, Tx};
use crate::clock::system_time;
use crate::{Order, OrderFilter, StateChange};
use rusqlite::{OptionalExtension as _, Row, params, params_from_iter};
use std::str::FromStr;
use tarspay_types::{
    BizType, Decode as _, Members, MerchantNo, MerchantOrderNo, OrderState, PayOrderId, PrivateText, TrxId,
};

pub(super) const COLUMNS: &str = "id, direction, pay_order_id, merchant_no, merchant_order_no, way_code, currency, amount, \
    pay_amount, fee, state, fail_reason, notify_url, created_at, changed_at, expires_at, trx_id, request";

/// An order with its number in the store.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: i64,
    pub(crate) order: Order,
    /// [`Order::expires_at`] in Unix milliseconds.
    pub(crate) expires_at: Option<u64>,
}

/// Which order is meant.
pub(crate) enum Which<'a> {
    PayOrderId(&'a PayOrderId),
    Number(&'a MerchantNo, &'a MerchantOrderNo),
    /// By the payer's transaction; the oldest one.
    TrxId(&'a TrxId),
}

pub(crate) fn find(tx: &Tx<'_>, which: &Which<'_>) -> Result<Option<Record>, StoreError> {
    let (condition, values) = match which {
        Which::PayOrderId(id) => ("pay_order_id = ?1", vec![id.as_str()]),
        Which::Number(merchant, number) => {
            ("merchant_no = ?1 AND merchant_order_no = ?2", vec![merchant.as_str(), number.as_str()])
        }
        Which::TrxId(id) => ("trx_id = ?1", vec![id.as_str()]),
    };
    let sql = format!("SELECT {COLUMNS} FROM orders WHERE {condition} ORDER BY id LIMIT 1");
    let mut statement = tx.connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    rows.next()?.map(record).transpose()
}

/// The order with this number in the store.
pub(crate) fn by_id(tx: &Tx<'_>, id: i64) -> Result<Option<Record>, StoreError> {
    let mut statement =
        tx.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM orders WHERE id = ?1"))?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(record).transpose()
}

/// Whether the merchant has used this number, for either direction.
pub(crate) fn is_taken(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    number: &MerchantOrderNo,
) -> Result<bool, StoreError> {
    Ok(tx
        .connection
        .prepare_cached("SELECT 1 FROM orders WHERE merchant_no = ?1 AND merchant_order_no = ?2")?
        .exists([merchant_no.as_str(), number.as_str()])?)
}

/// All orders, the oldest first.
pub(crate) fn all(tx: &Tx<'_>) -> Result<Vec<Order>, StoreError> {
    let mut statement = tx.connection.prepare(&format!("SELECT {COLUMNS} FROM orders ORDER BY id"))?;
    let mut rows = statement.query([])?;
    let mut orders = Vec::new();
    while let Some(row) = rows.next()? {
        orders.push(record(row)?.order);
    }
    Ok(orders)
}

/// The orders that fit and come after this number in the store, the oldest first.
pub(crate) fn page(tx: &Tx<'_>, filter: &OrderFilter, after: i64) -> Result<Vec<Order>, StoreError> {
    let mut statement = tx.connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM orders
         WHERE id > ?1 AND merchant_no = coalesce(?2, merchant_no)
             AND merchant_order_no = coalesce(?3, merchant_order_no) AND state = coalesce(?4, state)
         ORDER BY id LIMIT ?5"
    ))?;
    let mut rows = statement.query(params![
        after,
        filter.merchant_no.as_ref().map(MerchantNo::as_str),
        filter.merchant_order_no.as_ref().map(MerchantOrderNo::as_str),
        filter.state.map(OrderState::code),
        filter.limit,
    ])?;
    let mut orders = Vec::new();
    while let Some(row) = rows.next()? {
        orders.push(record(row)?.order);
    }
    Ok(orders)
}

/// Writes a new order. The times and the numbers stand in the record.
pub(crate) fn insert(tx: &Tx<'_>, record: &Record) -> Result<(), StoreError> {
    let Record { id, order, expires_at } = record;
    let request = serde_json::to_string(&order.request).map_err(StoreError::damaged)?;
    tx.connection
        .prepare_cached(
            "INSERT INTO orders (id, direction, pay_order_id, merchant_no, merchant_order_no, way_code, currency,
                 amount, pay_amount, fee, state, fail_reason, notify_url, created_at, changed_at, expires_at,
                 trx_id, request)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            id,
            order.direction.code(),
            order.pay_order_id.as_str(),
            order.merchant_no.as_str(),
            order.merchant_order_no.as_str(),
            order.way_code.as_str(),
            order.currency.as_str(),
            order.amount.to_string(),
            order.pay_amount.to_string(),
            order.fee.to_string(),
            order.state.code(),
            order.fail_reason.as_ref().map(PrivateText::as_str),
            order.notify_url.as_str(),
            tx.now,
            expires_at,
            order.trx_id.as_ref().map(TrxId::as_str),
            request,
        ])?;
    Ok(())
}

/// Writes what can change about an order.
pub(crate) fn update(tx: &Tx<'_>, record: &Record) -> Result<(), StoreError> {
    let Record { id, order, .. } = record;
    tx.connection
        .prepare_cached(
            "UPDATE orders SET pay_amount = ?2, fee = ?3, state = ?4, fail_reason = ?5, changed_at = ?6, trx_id = ?7
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            order.pay_amount.to_string(),
            order.fee.to_string(),
            order.state.code(),
            order.fail_reason.as_ref().map(PrivateText::as_str),
            tx.now,
            order.trx_id.as_ref().map(TrxId::as_str),
        ])?;
    Ok(())
}

/// Notes a step in the life of an order, which has the state after it.
pub(crate) fn note_change(
    tx: &Tx<'_>,
    record: &Record,
    from: Option<OrderState>,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    tx.connection
        .prepare_cached(
            "INSERT INTO order_events (order_id, at, from_state, to_state, pay_amount, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            record.id,
            tx.now,
            from.map(OrderState::code),
            record.order.state.code(),
            record.order.pay_amount.to_string(),
            reason,
        ])?;
    Ok(())
}

/// The steps in the life of an order, the first one first.
pub(crate) fn history(tx: &Tx<'_>, id: i64) -> Result<Vec<StateChange>, StoreError> {
    let mut statement = tx.connection.prepare_cached(
        "SELECT at, from_state, to_state, pay_amount, reason FROM order_events WHERE order_id = ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([id])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        let from: Option<i64> = row.get(1)?;
        let reason: Option<String> = row.get(4)?;
        changes.push(StateChange {
            at: system_time(row.get(0)?),
            from: from.map(OrderState::from_code),
            to: OrderState::from_code(row.get(2)?),
            pay_amount: parsed(row, 3)?,
            reason: reason.map(Into::into),
        });
    }
    Ok(changes)
}

/// Some of the orders that have timed out unpaid by this time.
pub(crate) fn overdue(tx: &Tx<'_>, by: u64, at_most: u32) -> Result<Vec<Record>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM orders WHERE state IN (0, 1) AND expires_at IS NOT NULL AND expires_at <= ?1
         ORDER BY expires_at LIMIT ?2"
    );
    let mut statement = tx.connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![by, at_most])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(record(row)?);
    }
    Ok(records)
}

/// When the next order times out.
pub(crate) fn next_expiry(tx: &Tx<'_>) -> Result<Option<u64>, StoreError> {
    Ok(tx
        .connection
        .prepare_cached(
            "SELECT min(expires_at) FROM orders WHERE state IN (0, 1) AND expires_at IS NOT NULL",
        )?
        .query_row([], |row| row.get(0))
        .optional()?
        .flatten())
}

pub(super) fn record(row: &Row<'_>) -> Result<Record, StoreError> {
    let expires_at: Option<u64> = row.get(15)?;
    let fail_reason: Option<String> = row.get(11)?;
    let trx_id: Option<String> = row.get(16)?;
    Ok(Record {
        id: row.get(0)?,
        order: Order {
            direction: BizType::from_code(row.get(1)?),
            pay_order_id: parsed(row, 2)?,
            merchant_no: parsed(row, 3)?,
            merchant_order_no: parsed(row, 4)?,
            way_code: parsed(row, 5)?,
            currency: parsed(row, 6)?,
            amount: parsed(row, 7)?,
            pay_amount: parsed(row, 8)?,
            fee: parsed(row, 9)?,
            state: OrderState::from_code(row.get(10)?),
            fail_reason: fail_reason.map(Into::into),
            notify_url: parsed(row, 12)?,
            created_at: system_time(row.get(13)?),
            changed_at: system_time(row.get(14)?),
            expires_at: expires_at.map(system_time),
            trx_id: trx_id.map(TrxId::new).transpose().map_err(StoreError::damaged)?,
            request: Members::from_json(&row.get::<_, String>(17)?).map_err(StoreError::damaged)?,
        },
        expires_at,
    })
}

/// A column of text as its own type.
pub(crate) fn parsed<T>(row: &Row<'_>, column: usize) -> Result<T, StoreError>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: String = row.get(column)?;
    text.parse().map_err(StoreError::damaged)
}
