//! Orders, their state changes, and the transfers that pay for them, in the store.

use super::{StoreError, Tx, Uint, parsed, uint, uint_or_null};
use crate::clock::system_time;
use crate::event::EventKind;
use crate::order::{Order, OrderFilter, StateChange};
use rusqlite::{Row, params, params_from_iter};
use tarspay_types::{
    Amount, BizType, Decode as _, Members, MerchantNo, MerchantOrderNo, OrderState, PayOrderId, PrivateText,
    TrxId,
};

const COLUMNS: &str = "id, direction, pay_order_id, merchant_no, merchant_order_no, way_code, currency, amount, \
    pay_amount, fee, state, fail_reason, notify_url, created_at, changed_at, expires_at, trx_id, request";

/// An order with its number in the store.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: i64,
    pub(crate) order: Order,
    /// [`Order::expires_at`] in Unix milliseconds.
    pub(crate) expires_at: Option<u64>,
}

pub(crate) enum OrderKey<'a> {
    PayOrderId(&'a PayOrderId),
    Number(&'a MerchantNo, &'a MerchantOrderNo),
    /// By the payer's transaction; the oldest one.
    TrxId(&'a TrxId),
}

pub(crate) fn find(tx: &Tx<'_>, key: &OrderKey<'_>) -> Result<Option<Record>, StoreError> {
    let (condition, values) = match key {
        OrderKey::PayOrderId(id) => ("pay_order_id = ?1", vec![id.as_str()]),
        OrderKey::Number(merchant, number) => {
            ("merchant_no = ?1 AND merchant_order_no = ?2", vec![merchant.as_str(), number.as_str()])
        }
        OrderKey::TrxId(id) => ("trx_id = ?1", vec![id.as_str()]),
    };
    let sql = format!("SELECT {COLUMNS} FROM orders WHERE {condition} ORDER BY id LIMIT 1");
    tx.one(&sql, params_from_iter(values), record)
}

pub(crate) fn by_id(tx: &Tx<'_>, id: i64) -> Result<Option<Record>, StoreError> {
    tx.one(&format!("SELECT {COLUMNS} FROM orders WHERE id = ?1"), [id], record)
}

/// The orders of a merchant's number, whoever the merchant is: six of them at most.
pub(crate) fn of_number(tx: &Tx<'_>, number: &str) -> Result<Vec<Record>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM orders WHERE merchant_order_no = ?1 ORDER BY id LIMIT 6");
    tx.all(&sql, [number], record)
}

/// Which orders a list has, and in which order they come.
pub(crate) enum Range {
    /// Those after this number in the store, the oldest first.
    After(i64),
    /// Those before it, the newest first: the beginning costs the same however many there are.
    Before(i64),
}

/// The orders that match.
pub(crate) fn page(tx: &Tx<'_>, filter: &OrderFilter, range: &Range) -> Result<Vec<Record>, StoreError> {
    let (from, comparison, order) = match range {
        Range::After(number) => (number, ">", "ASC"),
        Range::Before(number) => (number, "<", "DESC"),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM orders
         WHERE id {comparison} ?1 AND merchant_no = coalesce(?2, merchant_no)
             AND merchant_order_no = coalesce(?3, merchant_order_no) AND state = coalesce(?4, state)
             AND (?6 IS NULL OR instr(pay_order_id, ?6) OR instr(merchant_order_no, ?6))
         ORDER BY id {order} LIMIT ?5"
    );
    let values = params![
        from,
        filter.merchant_no.as_ref().map(MerchantNo::as_str),
        filter.merchant_order_no.as_ref().map(MerchantOrderNo::as_str),
        filter.state.map(OrderState::code),
        filter.limit,
        filter.text,
    ];
    tx.all(&sql, values, record)
}

/// Writes a new order. The times and the numbers stand in the record.
pub(crate) fn insert(tx: &Tx<'_>, record: &Record) -> Result<(), StoreError> {
    let Record { id, order, expires_at } = record;
    let request = serde_json::to_string(&order.request).map_err(StoreError::damaged)?;
    tx.execute(
        "INSERT INTO orders (id, direction, pay_order_id, merchant_no, merchant_order_no, way_code, currency,
             amount, pay_amount, fee, state, fail_reason, notify_url, created_at, changed_at, expires_at,
             trx_id, request)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14, ?15, ?16, ?17)",
        params![
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
            Uint(tx.now),
            expires_at.map(Uint),
            order.trx_id.as_ref().map(TrxId::as_str),
            request,
        ],
    )?;
    Ok(())
}

pub(crate) fn update(tx: &Tx<'_>, record: &Record) -> Result<(), StoreError> {
    let Record { id, order, .. } = record;
    tx.execute(
        "UPDATE orders SET pay_amount = ?2, fee = ?3, state = ?4, fail_reason = ?5, changed_at = ?6, trx_id = ?7
         WHERE id = ?1",
        params![
            id,
            order.pay_amount.to_string(),
            order.fee.to_string(),
            order.state.code(),
            order.fail_reason.as_ref().map(PrivateText::as_str),
            Uint(tx.now),
            order.trx_id.as_ref().map(TrxId::as_str),
        ],
    )?;
    Ok(())
}

/// Notes and reports a step in the life of an order, which has the state after it.
pub(crate) fn note_change(
    tx: &Tx<'_>,
    record: &Record,
    from: Option<OrderState>,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO order_events (order_id, at, from_state, to_state, pay_amount, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            record.id,
            Uint(tx.now),
            from.map(OrderState::code),
            record.order.state.code(),
            record.order.pay_amount.to_string(),
            reason,
        ],
    )?;
    let Order { pay_order_id, state, .. } = &record.order;
    tx.report(EventKind::StateChanged { pay_order_id: pay_order_id.clone(), from, to: *state });
    Ok(())
}

/// The steps in the life of an order, the first one first.
pub(crate) fn history(tx: &Tx<'_>, id: i64) -> Result<Vec<StateChange>, StoreError> {
    tx.all(
        "SELECT at, from_state, to_state, pay_amount, reason FROM order_events WHERE order_id = ?1 ORDER BY id",
        [id],
        |row| {
            let from: Option<i64> = row.get(1)?;
            let reason: Option<String> = row.get(4)?;
            Ok(StateChange {
                at: system_time(uint(row, 0)?),
                from: from.map(OrderState::from_code),
                to: OrderState::from_code(row.get(2)?),
                pay_amount: parsed(row, 3)?,
                reason: reason.map(Into::into),
            })
        },
    )
}

/// Some of the orders that have timed out unpaid by this time.
pub(crate) fn overdue(tx: &Tx<'_>, by: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM orders WHERE state IN (0, 1) AND expires_at IS NOT NULL AND expires_at <= ?1
         ORDER BY expires_at LIMIT ?2"
    );
    tx.all(&sql, params![Uint(by), Uint(limit as u64)], record)
}

pub(crate) fn next_expiry(tx: &Tx<'_>) -> Result<Option<u64>, StoreError> {
    let sql = "SELECT min(expires_at) FROM orders WHERE state IN (0, 1) AND expires_at IS NOT NULL";
    Ok(tx.one(sql, [], |row| uint_or_null(row, 0))?.flatten())
}

fn record(row: &Row<'_>) -> Result<Record, StoreError> {
    let expires_at = uint_or_null(row, 15)?;
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
            created_at: system_time(uint(row, 13)?),
            changed_at: system_time(uint(row, 14)?),
            expires_at: expires_at.map(system_time),
            trx_id: trx_id.map(TrxId::new).transpose().map_err(StoreError::damaged)?,
            request: Members::from_json(&row.get::<_, String>(17)?).map_err(StoreError::damaged)?,
        },
        expires_at,
    })
}

/// Money of payers that has reached the gateway, by the reference of their bank or wallet.
pub(crate) struct Transfer {
    pub(crate) amount: Amount,
    /// The order that it has paid, by its number in the store.
    pub(crate) order: Option<i64>,
}

pub(crate) fn find_transfer(tx: &Tx<'_>, reference: &TrxId) -> Result<Option<Transfer>, StoreError> {
    let sql = "SELECT amount, order_id FROM transfers WHERE reference = ?1";
    tx.one(sql, [reference.as_str()], |row| Ok(Transfer { amount: parsed(row, 0)?, order: row.get(1)? }))
}

/// Notes a transfer, or the order that a known one has paid.
pub(crate) fn put_transfer(
    tx: &Tx<'_>,
    reference: &TrxId,
    amount: Amount,
    order: Option<i64>,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO transfers (reference, amount, order_id, at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET amount = ?2, order_id = ?3",
        params![reference.as_str(), amount.to_string(), order, Uint(tx.now)],
    )?;
    Ok(())
}
