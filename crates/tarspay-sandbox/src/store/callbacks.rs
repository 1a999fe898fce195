//! Callbacks and the outcome of each attempt, in the store.

use super::orders::Record;
use super::{StoreError, Tx, Uint, parsed, uint, uint_or_null};
use crate::callback::{Attempt, CallbackFilter, CallbackId, CallbackStatus, OutgoingCallback};
use crate::clock::system_time;
use crate::schedule::Delivery;
use rusqlite::{Row, params};
use tarspay_types::{NotifyUrl, OrderState, PayOrderId, PrivateText};

/// How many attempts are shown with a callback: more than one schedule has.
const LATEST_ATTEMPTS: u64 = 20;

/// Writes a new callback, with the receiver's name, or the reason why it cannot be delivered.
pub(crate) fn insert(
    tx: &Tx<'_>,
    order: &Record,
    body: &str,
    receiver: &Result<String, String>,
) -> Result<CallbackId, StoreError> {
    let (receiver, status, reason, next_at) = match receiver {
        Ok(name) => (name.as_str(), CallbackStatus::Due, None, Some(Uint(tx.now))),
        Err(reason) => ("", CallbackStatus::Undeliverable, Some(reason.as_str()), None),
    };
    tx.execute(
        "INSERT INTO callbacks (order_id, state, url, receiver, body, status, reason, next_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            order.id,
            order.order.state.code(),
            order.order.notify_url.as_str(),
            receiver,
            body,
            status as i64,
            reason,
            next_at,
            Uint(tx.now),
        ],
    )?;
    Ok(CallbackId(tx.inserted()))
}

pub(crate) struct ToSend {
    pub(crate) id: CallbackId,
    pub(crate) order: i64,
    pub(crate) pay_order_id: PayOrderId,
    pub(crate) merchant_order_no: String,
    pub(crate) url: NotifyUrl,
    pub(crate) body: String,
    pub(crate) attempts: u32,
}

/// A callback that is still due: one that has become due twice, by sending it again, is sent once.
pub(crate) fn to_send(tx: &Tx<'_>, id: CallbackId) -> Result<Option<ToSend>, StoreError> {
    tx.one(
        "SELECT pay_order_id, merchant_order_no, url, body, attempts, order_id
         FROM callbacks JOIN orders ON orders.id = order_id
         WHERE callbacks.id = ?1 AND status = 0 AND coalesce(next_at, 0) <= ?2",
        params![id.0, Uint(tx.now)],
        |row| {
            Ok(ToSend {
                id,
                pay_order_id: parsed(row, 0)?,
                merchant_order_no: row.get(1)?,
                url: parsed(row, 2)?,
                body: row.get(3)?,
                attempts: row.get(4)?,
                order: row.get(5)?,
            })
        },
    )
}

/// All deliveries that are still to be made, when a sandbox starts.
pub(crate) fn deliveries(tx: &Tx<'_>) -> Result<Vec<Delivery>, StoreError> {
    let sql =
        "SELECT id, receiver, coalesce(next_at, created_at) FROM callbacks WHERE status = 0 ORDER BY id";
    tx.all(sql, [], |row| {
        let (id, receiver) = (CallbackId(row.get(0)?), row.get(1)?);
        Ok(Delivery { at: uint(row, 2)?, id, receiver, faults: None })
    })
}

/// Notes an attempt; `false` if there is no such callback any more.
pub(crate) fn note_attempt(tx: &Tx<'_>, id: CallbackId, attempt: &Attempt) -> Result<bool, StoreError> {
    let noted = tx.execute(
        "INSERT INTO callback_attempts (callback_id, at, http_status, response, error, signature)
         SELECT id, ?2, ?3, ?4, ?5, ?6 FROM callbacks WHERE id = ?1",
        params![
            id.0,
            Uint(tx.now),
            attempt.http_status,
            attempt.response.as_ref().map(PrivateText::as_str),
            attempt.error,
            attempt.signature.to_string(),
        ],
    )?;
    Ok(noted > 0)
}

/// Writes the status of a callback. `next_at` is the time of the next attempt, while there is one.
pub(crate) fn set_status(
    tx: &Tx<'_>,
    id: CallbackId,
    status: CallbackStatus,
    reason: Option<&str>,
    attempts: u32,
    next_at: Option<u64>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE callbacks SET status = ?2, reason = ?3, attempts = ?4, next_at = ?5 WHERE id = ?1",
        params![id.0, status as i64, reason, attempts, next_at.map(Uint)],
    )?;
    Ok(())
}

const SELECT: &str = "SELECT callbacks.id, pay_order_id, callbacks.state, url, body, status, reason, \
    callbacks.created_at, next_at FROM callbacks JOIN orders ON orders.id = order_id";

pub(crate) fn get(tx: &Tx<'_>, id: CallbackId) -> Result<Option<OutgoingCallback>, StoreError> {
    tx.one(&format!("{SELECT} WHERE callbacks.id = ?1"), [id.0], |row| outgoing(tx, row))
}

/// The callbacks that match, with their attempts: the oldest first, or those before a number, the newest first.
pub(crate) fn page(
    tx: &Tx<'_>,
    filter: &CallbackFilter,
    before: Option<i64>,
) -> Result<Vec<OutgoingCallback>, StoreError> {
    let of_order = if filter.order.is_some() { "pay_order_id = ?1" } else { "?1 IS NULL" };
    let range = if before.is_some() { "< ?2 AND callbacks.id > ?3" } else { "> ?3 AND ?2 IS NULL" };
    let direction = if before.is_some() { "DESC" } else { "ASC" };
    let sql = format!(
        "{SELECT} WHERE {of_order} AND callbacks.id {range} AND status = coalesce(?4, status)
             AND (?5 IS NULL OR instr(pay_order_id, ?5) OR instr(merchant_order_no, ?5))
         ORDER BY callbacks.id {direction} LIMIT ?6"
    );
    let order = filter.order.as_ref().map(PayOrderId::as_str);
    let after = filter.after.map_or(0, CallbackId::number);
    let status = filter.status.map(|status| status as i64);
    tx.all(&sql, params![order, before, after, status, filter.text, filter.limit], |row| outgoing(tx, row))
}

/// Where a callback goes, for sending it again; `None` if there is no such callback.
pub(crate) fn url(tx: &Tx<'_>, id: CallbackId) -> Result<Option<NotifyUrl>, StoreError> {
    tx.one("SELECT url FROM callbacks WHERE id = ?1", [id.0], |row| parsed(row, 0))
}

fn outgoing(tx: &Tx<'_>, row: &Row<'_>) -> Result<OutgoingCallback, StoreError> {
    let id = CallbackId(row.get(0)?);
    let attempt_count =
        tx.one("SELECT count(*) FROM callback_attempts WHERE callback_id = ?1", [id.0], |row| uint(row, 0))?;
    let attempt_count = attempt_count.unwrap_or(0);
    Ok(OutgoingCallback {
        id,
        pay_order_id: parsed(row, 1)?,
        state: OrderState::from_code(row.get(2)?),
        url: parsed(row, 3)?,
        body: row.get::<_, String>(4)?.into(),
        status: CallbackStatus::from_code(row.get(5)?),
        reason: row.get(6)?,
        created_at: system_time(uint(row, 7)?),
        next_at: uint_or_null(row, 8)?.map(system_time),
        attempt_count,
        attempts: attempts(tx, id, attempt_count.saturating_sub(LATEST_ATTEMPTS), u32::MAX)?,
    })
}

/// Attempts at a callback after so many others, the oldest first.
pub(crate) fn attempts(
    tx: &Tx<'_>,
    id: CallbackId,
    after: u64,
    limit: u32,
) -> Result<Vec<Attempt>, StoreError> {
    let sql =
        "SELECT at, http_status, response, error, signature FROM callback_attempts WHERE callback_id = ?1
         ORDER BY id LIMIT ?2 OFFSET ?3";
    tx.all(sql, params![id.0, limit, Uint(after)], |row| {
        Ok(Attempt {
            at: system_time(uint(row, 0)?),
            http_status: row.get(1)?,
            response: row.get::<_, Option<String>>(2)?.map(Into::into),
            error: row.get(3)?,
            signature: parsed(row, 4)?,
        })
    })
}
