//! Which orders a scenario takes.

use crate::Order;
use serde::{Deserialize, Serialize};
use tarspay_types::{Amount, BizType, Currency, MerchantNo, WayCode, market};

/// Every member that is there must fit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
pub(super) struct Orders {
    direction: Option<BizType>,
    currency: Option<Currency>,
    way_code: Option<WayCode>,
    merchant_no: Option<MerchantNo>,
    merchant_order_no_prefix: Option<String>,
    amount: Option<Amount>,
    /// How many it takes in all.
    first: Option<u64>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Direction {
    Deposit,
    Withdrawal,
}

/// As it is written.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    way_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_order_no_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u64>,
}

impl TryFrom<Unchecked> for Orders {
    type Error = String;

    fn try_from(it: Unchecked) -> Result<Self, String> {
        let orders = Self {
            direction: it.direction.map(|direction| match direction {
                Direction::Deposit => BizType::DEPOSIT,
                Direction::Withdrawal => BizType::WITHDRAWAL,
            }),
            currency: it.currency.map(Currency::new).transpose().map_err(|error| wrong("currency", error))?,
            way_code: it.way_code.map(WayCode::new).transpose().map_err(|error| wrong("way_code", error))?,
            merchant_no: it
                .merchant_no
                .map(MerchantNo::new)
                .transpose()
                .map_err(|error| wrong("merchant_no", error))?,
            merchant_order_no_prefix: it.merchant_order_no_prefix,
            amount: it
                .amount
                .map(|text| Amount::parse(&text))
                .transpose()
                .map_err(|error| wrong("amount", error))?,
            first: it.first,
        };
        if let Some(currency) = &orders.currency
            && market::by_currency(currency).is_none()
        {
            return Err(wrong("currency", "no market has it; see docs/markets.md"));
        }
        if orders.first == Some(0) {
            return Err(wrong("first", "must be at least 1"));
        }
        Ok(orders)
    }
}

impl From<Orders> for Unchecked {
    fn from(orders: Orders) -> Self {
        Self {
            direction: orders.direction.map(|direction| match direction {
                BizType::WITHDRAWAL => Direction::Withdrawal,
                _ => Direction::Deposit,
            }),
            currency: orders.currency.map(|it| it.as_str().to_owned()),
            way_code: orders.way_code.map(|it| it.as_str().to_owned()),
            merchant_no: orders.merchant_no.map(|it| it.as_str().to_owned()),
            merchant_order_no_prefix: orders.merchant_order_no_prefix,
            amount: orders.amount.map(|it| it.to_string()),
            first: orders.first,
        }
    }
}

impl Orders {
    pub(super) fn direction(&self) -> Option<BizType> {
        self.direction
    }

    /// Whether an order is meant, after so many others were taken.
    pub(super) fn fit(&self, order: &Order, taken: u64) -> bool {
        fn fits<T: PartialEq>(wanted: Option<&T>, found: &T) -> bool {
            wanted.is_none_or(|wanted| wanted == found)
        }
        self.first.is_none_or(|first| taken < first)
            && fits(self.direction.as_ref(), &order.direction)
            && fits(self.currency.as_ref(), &order.currency)
            && fits(self.way_code.as_ref(), &order.way_code)
            && fits(self.merchant_no.as_ref(), &order.merchant_no)
            && fits(self.amount.as_ref(), &order.amount)
            && self
                .merchant_order_no_prefix
                .as_ref()
                .is_none_or(|prefix| order.merchant_order_no.as_str().starts_with(prefix))
    }
}

fn wrong(member: &str, why: impl std::fmt::Display) -> String {
    format!("`{member}` of `orders`: {why}")
}
