//! Argentina: only its currency is inferred, and the calls that all markets have.

use super::{Certainty, Market, Offer};
use crate::text::Currency;

/// The currency of every order. Not documented, inferred from ISO 4217.
pub const CURRENCY: Currency = Currency::ARS;

/// All that is known about Argentina.
pub static MARKET: Market = Market {
    name: "Argentina",
    key: "argentina",
    reference: "docs/markets.md#argentina",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Inferred,
    country_code: None,
    notes: &["In the vendor's Chinese set only (doc-9296582, doc-9296585). That it has the common calls of \
         docs/wire.md section 7 is inferred."],
    deposit: Offer::NOTHING,
    withdrawal: Offer::NOTHING,
    extra_calls: None,
    contradictions: &[],
    not_documented: "Everything: way codes, limits, fields, formats, bank codes, extra calls, examples.",
};
