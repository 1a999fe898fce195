//! `Ban_TEST`: a group in the vendor's older menu of which nothing is known. Not a live market.

use super::{Certainty, Market, Offer};

/// All that is known about `Ban_TEST`, which is nothing. Do not offer it as a live market.
pub static MARKET: Market = Market {
    name: "Ban_TEST",
    key: "ban_test",
    reference: "docs/markets.md#ban_test",
    live: false,
    currency: None,
    currency_certainty: Certainty::Inferred,
    country_code: None,
    notes: &[
        "A group at the end of the English set's older menu, after Mexico; newer menus no longer list it. \
         Do not offer it as a live market.",
    ],
    deposit: Offer::NOTHING,
    withdrawal: Offer::NOTHING,
    extra_calls: None,
    contradictions: &[],
    not_documented: "Everything: contents, currency, calls. Whether it is a test of Bangladesh's set is \
         not documented either.",
};
