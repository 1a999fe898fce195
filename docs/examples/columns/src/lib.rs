//! An order and its row: which column holds which type of tarspay.

pub mod with_diesel;
pub mod with_diesel_async;
pub mod with_rusqlite;
pub mod with_sqlx;
pub mod with_tokio_postgres;

use serde::de::{DeserializeOwned, IntoDeserializer as _, value};
use tarspay::types::{Amount, Currency, Direction, Error, MerchantOrderNo, OrderState, PayOrderId, WayCode};

/// What every function of this crate returns.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// An order, in the types of tarspay.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub number: MerchantOrderNo,
    pub pay_order_id: Option<PayOrderId>,
    pub direction: Direction,
    pub way_code: WayCode,
    pub currency: Currency,
    pub amount: Amount,
    pub state: OrderState,
    pub pay_amount: Option<Amount>,
}

/// Its row, in types that every driver knows. `Money` is `String` or `rust_decimal::Decimal`, never a float.
#[derive(diesel::Queryable, sqlx::FromRow)] // the one of your driver
pub struct Row<Money> {
    pub number: String,
    pub pay_order_id: Option<String>,
    pub direction: String,
    pub way_code: String,
    pub currency: String,
    pub amount: Money,
    pub state: i64,
    pub pay_amount: Option<Money>,
}

impl<Money: From<Amount>> From<Order> for Row<Money> {
    fn from(order: Order) -> Self {
        Self {
            number: order.number.into(),
            pay_order_id: order.pay_order_id.map(String::from),
            direction: order.direction.to_string(),
            way_code: order.way_code.into(),
            currency: order.currency.into(),
            amount: order.amount.into(),
            state: order.state.code(),
            pay_amount: order.pay_amount.map(Money::from),
        }
    }
}

impl<Money> TryFrom<Row<Money>> for Order
where
    Amount: TryFrom<Money, Error = Error>,
{
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn try_from(row: Row<Money>) -> Result<Self> {
        Ok(Self {
            number: row.number.parse()?,
            pay_order_id: row.pay_order_id.as_deref().map(as_received).transpose()?,
            direction: row.direction.parse()?,
            way_code: row.way_code.parse()?,
            currency: row.currency.parse()?,
            amount: row.amount.try_into()?,
            state: OrderState::from_code(row.state),
            pay_amount: row.pay_amount.map(Amount::try_from).transpose()?,
        })
    }
}

/// Reads a text that the gateway chose. It can be longer than what `parse` accepts for sending.
pub fn as_received<T: DeserializeOwned>(text: &str) -> std::result::Result<T, value::Error> {
    T::deserialize(text.into_deserializer())
}
