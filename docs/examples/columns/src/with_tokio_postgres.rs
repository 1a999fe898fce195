//! tokio-postgres: amounts are NUMERIC, by the feature `db-tokio-postgres` of rust_decimal.

use crate::{Order, Result, Row};
use rust_decimal::Decimal;
use tarspay::types::MerchantOrderNo;
use tokio_postgres::Client;

/// NUMERIC without precision and scale: `NUMERIC(18,2)` would round 0.005 without an error.
pub const TABLE: &str = "CREATE TABLE orders (
    number TEXT PRIMARY KEY, pay_order_id TEXT UNIQUE, direction TEXT NOT NULL, way_code TEXT NOT NULL,
    currency TEXT NOT NULL, amount NUMERIC NOT NULL, state BIGINT NOT NULL, pay_amount NUMERIC
)";

pub async fn insert(client: &Client, order: Order) -> Result<()> {
    let row: Row<Decimal> = order.into();
    client
        .execute(
            "INSERT INTO orders VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                &row.number,
                &row.pay_order_id,
                &row.direction,
                &row.way_code,
                &row.currency,
                &row.amount,
                &row.state,
                &row.pay_amount,
            ],
        )
        .await?;
    Ok(())
}

pub async fn find(client: &Client, number: &MerchantOrderNo) -> Result<Order> {
    let row = client.query_one("SELECT * FROM orders WHERE number = $1", &[&number.as_str()]).await?;
    let row = Row::<Decimal> {
        number: row.try_get("number")?,
        pay_order_id: row.try_get("pay_order_id")?,
        direction: row.try_get("direction")?,
        way_code: row.try_get("way_code")?,
        currency: row.try_get("currency")?,
        amount: row.try_get("amount")?,
        state: row.try_get("state")?,
        pay_amount: row.try_get("pay_amount")?,
    };
    row.try_into()
}
