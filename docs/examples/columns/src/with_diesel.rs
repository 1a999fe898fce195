//! diesel with SQLite: amounts are Text.

use crate::{Order, Result, Row};
use diesel::prelude::*;
use tarspay::types::MerchantOrderNo;

diesel::table! {
    orders (number) {
        number -> Text,
        pay_order_id -> Nullable<Text>,
        direction -> Text,
        way_code -> Text,
        currency -> Text,
        amount -> Text,
        state -> BigInt,
        pay_amount -> Nullable<Text>,
    }
}

pub fn insert(connection: &mut SqliteConnection, order: Order) -> Result<()> {
    use orders::columns::*;
    let row: Row<String> = order.into();
    let texts = (number.eq(row.number), pay_order_id.eq(row.pay_order_id), direction.eq(row.direction));
    let more = (way_code.eq(row.way_code), currency.eq(row.currency), state.eq(row.state));
    let money = (amount.eq(row.amount), pay_amount.eq(row.pay_amount));
    diesel::insert_into(orders::table).values((texts, more, money)).execute(connection)?;
    Ok(())
}

pub fn find(connection: &mut SqliteConnection, number: &MerchantOrderNo) -> Result<Order> {
    orders::table.find(number.as_str()).first::<Row<String>>(connection)?.try_into()
}
