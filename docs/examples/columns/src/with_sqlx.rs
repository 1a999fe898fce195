//! sqlx: `Money` is `String` with SQLite, and with PostgreSQL `Decimal`, by the feature `rust_decimal` of sqlx.

use crate::{Order, Result, Row};
use rust_decimal::Decimal;
use sqlx::{PgPool, SqlitePool};
use tarspay::types::MerchantOrderNo;

const INSERT: &str = "INSERT INTO orders VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const FIND: &str = "SELECT * FROM orders WHERE number = $1";

pub async fn insert(pool: &PgPool, order: Order) -> Result<()> {
    let row: Row<Decimal> = order.into();
    let texts = sqlx::query(INSERT).bind(row.number).bind(row.pay_order_id).bind(row.direction);
    let money = texts.bind(row.way_code).bind(row.currency).bind(row.amount);
    money.bind(row.state).bind(row.pay_amount).execute(pool).await?;
    Ok(())
}

pub async fn find(pool: &PgPool, number: &MerchantOrderNo) -> Result<Order> {
    sqlx::query_as::<_, Row<Decimal>>(FIND).bind(number.as_str()).fetch_one(pool).await?.try_into()
}

pub async fn insert_in_sqlite(pool: &SqlitePool, order: Order) -> Result<()> {
    let row: Row<String> = order.into();
    let texts = sqlx::query(INSERT).bind(row.number).bind(row.pay_order_id).bind(row.direction);
    let money = texts.bind(row.way_code).bind(row.currency).bind(row.amount);
    money.bind(row.state).bind(row.pay_amount).execute(pool).await?;
    Ok(())
}

pub async fn find_in_sqlite(pool: &SqlitePool, number: &MerchantOrderNo) -> Result<Order> {
    sqlx::query_as::<_, Row<String>>(FIND).bind(number.as_str()).fetch_one(pool).await?.try_into()
}
