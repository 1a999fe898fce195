//! diesel with PostgreSQL: amounts are Numeric, by the feature `db-diesel-postgres` of rust_decimal.
//! By way of diesel-async, which needs no libpq. With diesel's own `PgConnection` only the `await`s go.

use crate::{Order, Result, Row};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use tarspay::types::MerchantOrderNo;

diesel::table! {
    orders (number) {
        number -> Text,
        pay_order_id -> Nullable<Text>,
        direction -> Text,
        way_code -> Text,
        currency -> Text,
        amount -> Numeric,
        state -> BigInt,
        pay_amount -> Nullable<Numeric>,
    }
}

pub async fn insert(connection: &mut AsyncPgConnection, order: Order) -> Result<()> {
    use orders::columns::*;
    let row: Row<Decimal> = order.into();
    let texts = (number.eq(row.number), pay_order_id.eq(row.pay_order_id), direction.eq(row.direction));
    let more = (way_code.eq(row.way_code), currency.eq(row.currency), state.eq(row.state));
    let money = (amount.eq(row.amount), pay_amount.eq(row.pay_amount));
    diesel::insert_into(orders::table).values((texts, more, money)).execute(connection).await?;
    Ok(())
}

pub async fn find(connection: &mut AsyncPgConnection, number: &MerchantOrderNo) -> Result<Order> {
    orders::table.find(number.as_str()).first::<Row<Decimal>>(connection).await?.try_into()
}
