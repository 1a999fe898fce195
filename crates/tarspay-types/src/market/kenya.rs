//! Kenya: M-Pesa in `KES`.

use super::field::{Field, Format};
use super::way::ways;
use super::{Certainty, Market, Offer};
use crate::text::{CountryCode, Currency};

/// The currency of every order.
pub const CURRENCY: Currency = Currency::KES;

ways! {
    "Kenya";
    CASHIER = "CASHIER", "The gateway's cashier page, where the payer enters the phone"
        deposit ["100".."250,000"] "`customerContact` not needed; English page only";
    EWALLET_MPESA = "EWALLET_MPESA", "M-Pesa"
        deposit ["100".."250,000"] "the payer gets the M-Pesa prompt at once; send `customerContact`"
        withdrawal ["100".."70,000"] "minimum per order, maximum per person and order; 300,000 per person \
             and day";
    MPESA_TXNID = "MPESA_TXNID", "M-Pesa by transaction id, by its name"
        deposit ["100".."250,000"] "Chinese page only; what it needs is not documented" .on_another_page();
}

/// All that is known about Kenya.
pub static MARKET: Market = Market {
    name: "Kenya",
    key: "kenya",
    reference: "docs/markets.md#kenya",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: Some(CountryCode::KENYA),
    notes: &["The documentation calls the currency fixed for withdrawals."],
    deposit: Offer {
        pages: "tarspay-en api-287746211; Chinese page: tarspay api-193385533",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::open("amount", "").like("100"),
            Field::open("currency", ""),
            Field::open("wayCode", ""),
            Field::required_with("customerContact", "EWALLET_MPESA", "payer's phone")
                .format_of(Format::StartsWith("254")),
            Field::open("customerAccountNumber", "in the example"),
            Field::open("customerEmail", "in the example"),
            Field::open("customerName", "in the example"),
            Field::open("returnUrl", "in the example"),
        ],
        notes: &[
            "At most 500,000 per customer and day.",
            "Response: `orderState` 0, `payWays` group `EWALLET`.",
        ],
        ..Offer::NOTHING
    },
    withdrawal: Offer {
        pages: "tarspay-en api-287746213",
        ways: WITHDRAWAL_WAYS,
        fields: &[
            Field::required("amount", "").format_of(Format::WholeAmount),
            Field::required("currency", ""),
            Field::required("wayCode", ""),
            Field::open("customerContact", "payee's phone")
                .payee()
                .format_of(Format::StartsWith("254"))
                .like("254115555076"),
            Field::open("customerName", "").like("payer"),
            Field::open("customerEmail", ""),
        ],
        notes: &[
            "Query withdrawal is documented in this market, with its response: docs/wire.md section 7.4.",
        ],
        ..Offer::NOTHING
    },
    extra_calls: Some(&[]),
    contradictions: &[
        "The deposit example's phone `01011111111` breaks the 254 rule (and `CASHIER` needs none).",
        "The Chinese page's response has a `payUrl` with `/eg/`.",
        "An older page (tarspay-all-eg doc-4827571) has the methods bank, store and va, apparently \
         Mexico's, and the host `https://payment.tarspay.pro`.",
    ],
    not_documented: "Required flags of a deposit other than that of `customerContact`; the response of a \
         withdrawal; the pages of query deposit, balance and callback.",
};
