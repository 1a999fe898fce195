//! Türkiye: only its currency is inferred, and the calls that all markets have.

use super::{Certainty, Market, Offer};
use crate::text::Currency;

/// The currency of every order. Not documented, inferred from ISO 4217.
pub const CURRENCY: Currency = Currency::TRY;

/// All that is known about Türkiye.
pub static MARKET: Market = Market {
    name: "Türkiye",
    key: "turkiye",
    reference: "docs/markets.md#türkiye",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Inferred,
    country_code: None,
    notes: &[
        "In the newer menu of the English set and in the Chinese set (doc-7318159). That it has the common \
         calls of docs/wire.md section 7 is inferred.",
    ],
    deposit: Offer::NOTHING,
    withdrawal: Offer::NOTHING,
    extra_calls: None,
    contradictions: &[],
    not_documented: "Everything: way codes, limits, fields, an IBAN rule, bank codes, extra calls, examples.",
};
