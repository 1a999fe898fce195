//! Korea: virtual accounts in `KRW`.

use super::field::Field;
use super::way::ways;
use super::{Certainty, Market, Offer};
use crate::text::Currency;

/// The currency of every order.
pub const CURRENCY: Currency = Currency::KRW;

ways! {
    "Korea";
    VA = "va", "Virtual account of a bank"
        deposit ["10,000".."9,000,000"] "lower case";
}

/// All that is known about Korea.
pub static MARKET: Market = Market {
    name: "Korea",
    key: "korea",
    reference: "docs/markets.md#korea",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: None,
    notes: &[],
    deposit: Offer {
        pages: "tarspay-en api-338974071",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::open("amount", "").like("10000"),
            Field::open("currency", ""),
            Field::open("wayCode", ""),
            Field::open("customerName", "non-ASCII in the example").like("홍길동"),
            Field::open("returnUrl", ""),
        ],
        notes: &[
            "Response: `payData` is the virtual account, the payee's account number, the one that counts, \
             for the merchant's own page; `payUrl` the gateway's page for it; `accountName` the payee's \
             name; `typeBank` the receiving bank.",
        ],
        ..Offer::NOTHING
    },
    withdrawal: Offer { ways: WITHDRAWAL_WAYS, ..Offer::NOTHING },
    extra_calls: Some(&[]),
    contradictions: &[],
    not_documented: "Samples of headers; required flags; an example of the response; withdrawals (fields, \
         bank codes, limits); order queries, balance, callback.",
};
