//! Markets as data: what each offers, what its fields must look like, and the check of a request
//! against it.
//!
//! A market is a module: type `market::kenya::` to see what Kenya offers. Its way codes are
//! constants in `way`, its data is `MARKET`, and the calls that only this market has are types
//! beside them, such as [`brazil::CertificateQuery`]. The same as tables: `docs/markets.md` in the
//! repository.
//!
//! ```
//! use tarspay_types::{Amount, market};
//!
//! let kenya = &market::kenya::MARKET;
//! assert_eq!(kenya.currency(), Some(&market::kenya::CURRENCY));
//! let mpesa = kenya.deposit().way(market::kenya::way::EWALLET_MPESA).expect("it is documented");
//! assert_eq!(mpesa.minimum(), Some(Amount::from(100_u32)));
//! ```
//!
//! # Checking
//!
//! [`check`](check()) takes a request that creates an order and finds the market by its currency;
//! [`Market::check`] holds it against a market of your choice, [`Market::check_deposit`] and
//! [`Market::check_withdrawal`] do so with its members. The [`Report`] holds every violation at once:
//!
//! ```
//! use tarspay_types::market::{self, Rule};
//! use tarspay_types::{Decode, Members};
//!
//! let body = Members::from_json(
//!     r#"{"mchOrderNo":"D1","wayCode":"EWALLET_MPESA","currency":"KES","amount":"20",
//!         "notifyUrl":"https://shop.example/notify"}"#,
//! )?;
//! let report = market::kenya::MARKET.check_deposit(&body);
//! assert!(report.refuses());
//! assert_eq!(
//!     report.to_string(),
//!     "refused: `customerContact` is missing; `EWALLET_MPESA` requires it (docs/markets.md#kenya, documented)\n\
//!      warning: `amount` is below the published minimum of 100 for `EWALLET_MPESA`; given: `20` \
//!      (docs/markets.md#kenya, documented)"
//! );
//! assert!(report.violations().iter().any(|violation| violation.rule() == Rule::BelowMinimum));
//! # Ok::<(), tarspay_types::DecodeError>(())
//! ```
//!
//! - **Structural** violations refuse: a required field missing or empty, a required field without its
//!   documented form, text that is not an amount or a URL, another currency, a value that cannot be signed.
//! - **Limits** warn: they are figures that the vendor published once. The caller may
//!   [enforce](Report::enforce_limits) them.
//! - **Advice** warns: an unknown way code (any can be sent), a known one in another case, a currency of no known
//!   market, an optional field without its documented form, an amount of zero, a `returnUrl` that is the link of
//!   an app.
//!
//! What is not documented has no rule here.

mod bank;
mod certainty;
mod check;
mod field;
mod offer;
mod report;
mod way;

pub mod argentina;
pub mod ban_test;
pub mod bangladesh;
pub mod brazil;
pub mod egypt;
pub mod india;
pub mod indonesia;
pub mod kenya;
pub mod korea;
pub mod malaysia;
pub mod mexico;
pub mod pakistan;
pub mod philippines;
pub mod thailand;
pub mod turkiye;
pub mod vietnam;

pub use bank::{Bank, BankList};
pub use certainty::Certainty;
pub use field::{Field, Format, Presence};
pub use offer::{ExtraCall, Market, Offer};
pub use report::{Report, Rule, Severity, Source, Violation};
pub use way::{Standing, Way};

use crate::error::Error;
use crate::request::Request;
use crate::scalar::open_codes;
use crate::text::Currency;

/// All markets, in the order of `docs/markets.md`.
pub const ALL: &[&Market] = &[
    &brazil::MARKET,
    &mexico::MARKET,
    &argentina::MARKET,
    &india::MARKET,
    &pakistan::MARKET,
    &bangladesh::MARKET,
    &indonesia::MARKET,
    &thailand::MARKET,
    &philippines::MARKET,
    &malaysia::MARKET,
    &vietnam::MARKET,
    &egypt::MARKET,
    &kenya::MARKET,
    &korea::MARKET,
    &turkiye::MARKET,
    &ban_test::MARKET,
];

/// The market with this currency. Every currency belongs to one market at most.
///
/// ```
/// use tarspay_types::{Currency, market};
///
/// assert_eq!(market::by_currency(&Currency::PKR).map(|market| market.name()), Some("Pakistan"));
/// ```
pub fn by_currency(currency: &Currency) -> Option<&'static Market> {
    ALL.iter().copied().find(|market| market.currency() == Some(currency))
}

/// Checks a request that [creates an order](crate::Effect::creates_order) against the market that
/// its `currency` belongs to. About any other request the report is empty.
///
/// A currency that no market has warns ([`Rule::UnknownCurrency`]), naming those there are. Then,
/// and without any currency, only the rules that hold everywhere apply: what every order needs,
/// amounts, URLs, and what can be signed.
///
/// ```
/// use tarspay_types::market::{self, Rule};
/// use tarspay_types::{Amount, Currency, DepositRequest, MerchantOrderNo, NotifyUrl, WayCode};
///
/// let request = DepositRequest::new(
///     MerchantOrderNo::new("D1")?,
///     WayCode::new("PIX")?,
///     Currency::new("BRL")?,
///     Amount::from(100_u32),
///     NotifyUrl::new("https://shop.example/notify")?,
/// );
/// let report = market::check(&request)?;
/// assert!(!report.refuses());
/// assert_eq!(report.violations()[0].rule(), Rule::UnknownCurrency);
/// assert!(report.to_string().contains("Brazil's is `BRA`"));
/// # Ok::<(), tarspay_types::Error>(())
/// ```
///
/// # Errors
///
/// As of [`Market::check`].
pub fn check(request: &impl Request) -> Result<Report, Error> {
    let order = check::order(request)?;
    Ok(order.map_or_else(Report::default, |(direction, body)| check::check_by_currency(direction, &body)))
}

/// The market with this name or key, in any case: `Türkiye`, `turkiye`.
pub fn by_name(name: &str) -> Option<&'static Market> {
    let name = name.to_lowercase();
    ALL.iter().copied().find(|market| market.key() == name || market.name().to_lowercase() == name)
}

open_codes! {
    /// What came of looking up a payment, `status` in the responses to India's UTR query and
    /// Bangladesh's `trxId` query (`docs/wire.md`, sections 7.8 and 7.10). This is the outcome, not
    /// the `code` of the envelope.
    pub struct LookupStatus = "lookup status" {
        FAILED = 0, "failed, cannot be made up";
        FOUND = 1, "found, can be made up";
        NOT_SUPPORTED = 2, "neither query nor make-up supported, ask the operator (UTR query)";
    }
}
