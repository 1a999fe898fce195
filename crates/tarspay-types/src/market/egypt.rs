//! Egypt: wallets in `EGP`.

use super::field::Field;
use super::way::ways;
use super::{Certainty, Market, Offer};
use crate::text::Currency;

/// The currency of every order.
pub const CURRENCY: Currency = Currency::EGP;

ways! {
    "Egypt";
    EWALLET = "EWALLET", "Wallet"
        deposit ["30".."10,000"];
    CASHIER = "CASHIER", "The gateway's cashier page"
        deposit [] "in the example, signed in vector R4; not in the table of limits" .proven();
}

/// All that is known about Egypt.
pub static MARKET: Market = Market {
    name: "Egypt",
    key: "egypt",
    reference: "docs/markets.md#egypt",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: None,
    notes: &[
        "Callback (tarspay-en api-287746202): the example is a failed withdrawal. Its order numbers are \
         those of Kenya's withdrawal example.",
    ],
    deposit: Offer {
        pages: "tarspay-en api-287746197",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::open("amount", "").like("100"),
            Field::open("currency", ""),
            Field::open("wayCode", ""),
            Field::open(
                "customerContact",
                "payer's mobile; the example has 11 digits; format not documented",
            )
            .like("01011111111"),
            Field::open("customerName", ""),
            Field::open("customerAccountNumber", "payer's bank card; nullable"),
            Field::open("customerEmail", "nullable"),
            Field::open("returnUrl", "where the cashier page returns to; nullable"),
            Field::open("attach", "user id; in no other market; nullable"),
        ],
        ..Offer::NOTHING
    },
    withdrawal: Offer { ways: WITHDRAWAL_WAYS, ..Offer::NOTHING },
    extra_calls: Some(&[]),
    contradictions: &["The deposit example sends `CASHIER`; the limits know `EWALLET` only."],
    not_documented: "Required flags and response to a deposit; withdrawals (fields, way codes, limits, \
         codes, formats); order queries; balance.",
};
