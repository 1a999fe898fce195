//! The rows that a callback changes, in SQLite. One transaction; respond with `OK` after its commit.

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use tarspay::types::{Amount, BizType, Callback, Direction, News, OrderState, OrderStatus};
use tarspay::{CallbackVerifier, ErrorKind, Verified, sign};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS orders (
        number TEXT PRIMARY KEY, direction TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL,
        pay_order_id TEXT, state INTEGER NOT NULL, pay_amount TEXT, to_query INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE IF NOT EXISTS seen (callback TEXT PRIMARY KEY) STRICT;
    CREATE TABLE IF NOT EXISTS for_a_person (callback TEXT PRIMARY KEY, raw_body BLOB NOT NULL) STRICT;
";

pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The orders of one merchant number.
#[derive(Clone)]
pub struct Orders(Arc<Mutex<Connection>>);

impl Orders {
    /// Opens the file in the variable `DATABASE`. Insert an order's row before you place the order.
    pub fn open() -> Result<Self> {
        let connection = Connection::open(std::env::var("DATABASE")?)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Stores what a callback says, and returns what of it is news. It waits for the disk.
    pub fn store(&self, callback: &Verified<Callback>) -> Result<News> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let news = apply(&transaction, callback)?;
        transaction.commit()?;
        Ok(news)
    }

    /// For a framework without an extractor or layer: status and text of the response to a request.
    pub fn receive(
        &self,
        verifier: &CallbackVerifier,
        signature: Option<&str>,
        body: &[u8],
    ) -> (u16, &'static str) {
        match verifier.verify(signature, body).map(|callback| self.store(&callback)) {
            Ok(Ok(_)) => (200, "OK"),
            Ok(Err(_)) => (500, "not stored"), // the gateway sends it again
            Err(refused) => match (refused.kind(), refused.signature_fault()) {
                (ErrorKind::CallbackUnreadable, _) => (422, "not a callback"),
                (ErrorKind::CallbackForOtherMerchant, _) => (403, "not our merchant"),
                (_, Some(sign::ErrorKind::BodyTooLarge)) => (413, "too large"),
                _ => (401, "signature missing or refused"),
            },
        }
    }
}

fn apply(transaction: &Transaction<'_>, callback: &Verified<Callback>) -> Result<News> {
    let (said, number) = (callback.get(), callback.get().merchant_order_no.as_str());
    let sql =
        "SELECT pay_order_id, direction, amount, currency, state, pay_amount FROM orders WHERE number = ?1";
    let row = transaction.query_row(sql, [number], |row| {
        let placed: (Option<String>, String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((placed, OrderState::from_code(row.get(4)?), row.get::<_, Option<String>>(5)?))
    });
    let Some(((pay_order_id, direction, amount, currency), state, paid)) = row.optional()? else {
        return for_a_person(transaction, callback);
    };
    let is_meant = match pay_order_id {
        Some(known) => known == said.pay_order_id.as_str(),
        // The callback has overtaken the response to the creation.
        None => {
            said.biz_type == Some(BizType::from(direction.parse::<Direction>()?))
                && said.order_amount == Some(Amount::parse(&amount)?)
                && said.currency.as_ref().is_some_and(|named| named.as_str() == currency)
        }
    };
    if !is_meant {
        return for_a_person(transaction, callback);
    }
    let before = OrderStatus::new(state, paid.as_deref().map(Amount::parse).transpose()?);
    let contradicts = said.status().news_after(before) == News::Contradiction;
    if contradicts {
        for_a_person(transaction, callback)?;
    }
    let key = said.deduplication_key().to_string();
    let is_repetition = transaction.execute("INSERT OR IGNORE INTO seen VALUES (?1)", [key])? == 0;
    let news = if is_repetition { News::Nothing } else { said.status().news_after(before) };
    let now = match news {
        // Act here, in this transaction: deliver after a success; after another amount book the difference.
        News::StateChanged | News::PaidAmountChanged => said.status(),
        _ => before,
    };
    // A query says the total of a part payment, and which of two contradicting states is right.
    let to_query = said.state == OrderState::PARTLY_PAID || contradicts;
    let (state, paid) = (now.state.code(), now.pay_amount.map(String::from));
    transaction.execute(
        "UPDATE orders SET pay_order_id = ?2, state = ?3, pay_amount = ?4, to_query = max(to_query, ?5)
         WHERE number = ?1",
        params![number, said.pay_order_id.as_str(), state, paid, to_query],
    )?;
    Ok(news)
}

/// Sent again, it would match no better: keep it once, and acknowledge it.
fn for_a_person(transaction: &Transaction<'_>, callback: &Verified<Callback>) -> Result<News> {
    let key = callback.get().deduplication_key().to_string();
    let sql = "INSERT OR IGNORE INTO for_a_person VALUES (?1, ?2)";
    transaction.execute(sql, params![key, callback.raw_body()])?;
    Ok(News::Nothing)
}
