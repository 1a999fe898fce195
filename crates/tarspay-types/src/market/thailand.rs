//! Thailand: the calls that all markets have, and an inferred currency.

use super::{Certainty, Market, Offer};
use crate::text::Currency;

/// The currency of every order. Not documented, inferred from ISO 4217.
pub const CURRENCY: Currency = Currency::THB;

/// All that is known about Thailand.
pub static MARKET: Market = Market {
    name: "Thailand",
    key: "thailand",
    reference: "docs/markets.md#thailand",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Inferred,
    country_code: None,
    notes: &[
        "The menu has the six common calls; an older guide (tarspay-all-eg doc-3095258) repeats the key \
         and signature rules.",
    ],
    deposit: Offer::NOTHING,
    withdrawal: Offer::NOTHING,
    extra_calls: Some(&[]),
    contradictions: &[],
    not_documented: "Way codes, limits, fields, formats, bank codes, examples.",
};
