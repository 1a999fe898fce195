//! rusqlite: amounts are TEXT, since SQLite has no decimal type. STRICT refuses a value of another type.

use crate::{Order, Result, Row};
use rusqlite::{Connection, params};
use tarspay::types::MerchantOrderNo;

pub const TABLE: &str = "CREATE TABLE orders (
    number TEXT PRIMARY KEY, pay_order_id TEXT UNIQUE, direction TEXT NOT NULL, way_code TEXT NOT NULL,
    currency TEXT NOT NULL, amount TEXT NOT NULL, state INTEGER NOT NULL, pay_amount TEXT
) STRICT";

pub fn insert(connection: &Connection, order: Order) -> Result<()> {
    let row: Row<String> = order.into();
    connection.execute(
        "INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            row.number,
            row.pay_order_id,
            row.direction,
            row.way_code,
            row.currency,
            row.amount,
            row.state,
            row.pay_amount
        ],
    )?;
    Ok(())
}

pub fn find(connection: &Connection, number: &MerchantOrderNo) -> Result<Order> {
    let row = connection.query_row("SELECT * FROM orders WHERE number = ?1", [number.as_str()], |row| {
        Ok(Row::<String> {
            number: row.get("number")?,
            pay_order_id: row.get("pay_order_id")?,
            direction: row.get("direction")?,
            way_code: row.get("way_code")?,
            currency: row.get("currency")?,
            amount: row.get("amount")?,
            state: row.get("state")?,
            pay_amount: row.get("pay_amount")?,
        })
    })?;
    row.try_into()
}
