//! A market, what it offers for deposits and withdrawals, and its calls of its own.

use super::Certainty;
use super::bank::BankList;
use super::check;
use super::field::Field;
use super::report::Report;
use super::way::Way;
use crate::error::Error;
use crate::members::Members;
use crate::order::Direction;
use crate::request::Request;
use crate::text::{CountryCode, Currency, WayCode};

/// Everything that is known about one market.
///
/// Found by its module ([`market::kenya::MARKET`](super::kenya::MARKET)), by
/// [currency](super::by_currency) or by [name](super::by_name).
#[derive(Debug, PartialEq, Eq)]
pub struct Market {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    pub(super) reference: &'static str,
    pub(super) live: bool,
    pub(super) currency: Option<Currency>,
    pub(super) currency_certainty: Certainty,
    pub(super) country_code: Option<CountryCode>,
    pub(super) notes: &'static [&'static str],
    pub(super) deposit: Offer,
    pub(super) withdrawal: Offer,
    pub(super) extra_calls: Option<&'static [ExtraCall]>,
    pub(super) contradictions: &'static [&'static str],
    pub(super) not_documented: &'static str,
}

/// What a market offers for deposits, or for withdrawals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    pub(super) pages: &'static str,
    pub(super) ways: &'static [Way],
    pub(super) fields: &'static [Field],
    pub(super) banks: BankList,
    pub(super) notes: &'static [&'static str],
}

/// A call that only this market has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtraCall {
    pub(super) name: &'static str,
    pub(super) path: Option<&'static str>,
    pub(super) reference: &'static str,
    pub(super) under_development: bool,
}

impl Market {
    /// The name: `Kenya`, `Türkiye`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The name of the market's module, plain lower-case letters: `kenya`, `turkiye`.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// Where the market stands in the docs: `docs/markets.md#kenya`.
    pub const fn reference(&self) -> &'static str {
        self.reference
    }

    /// Whether the market may be offered to customers. Not so for the vendor's test group.
    pub const fn is_live(&self) -> bool {
        self.live
    }

    /// The currency of every order. `None` where none is known.
    pub const fn currency(&self) -> Option<&Currency> {
        self.currency.as_ref()
    }

    /// How certain the currency is.
    pub const fn currency_certainty(&self) -> Certainty {
        self.currency_certainty
    }

    /// The country code that responses carry. `None` where it is not documented.
    pub const fn country_code(&self) -> Option<&CountryCode> {
        self.country_code.as_ref()
    }

    /// What to know about the market as a whole.
    pub const fn notes(&self) -> &'static [&'static str] {
        self.notes
    }

    /// Taking money: `POST /api/pay/unifiedOrder`.
    pub const fn deposit(&self) -> &Offer {
        &self.deposit
    }

    /// Paying money: `POST /api/payOut/unifiedOrder`.
    pub const fn withdrawal(&self) -> &Offer {
        &self.withdrawal
    }

    /// The member of a withdrawal that names the payee: the account, wallet or phone number that
    /// the money of this way goes to. `None` where the market does not offer the way, or the member
    /// is not documented.
    ///
    /// The members of a form can be a request as they are: read it from their JSON, and check it.
    ///
    /// ```
    /// use tarspay_types::{Decode, WithdrawalRequest, market::bangladesh};
    ///
    /// let way = bangladesh::way::EWALLET_BKASH;
    /// let payee = bangladesh::MARKET.payee_field(&way).expect("it is documented");
    /// assert_eq!(payee.name(), "walletId"); // the form asks for it under this name
    ///
    /// let form = r#"{"mchOrderNo":"W1","wayCode":"EWALLET_BKASH","currency":"BDT","amount":"500",
    ///     "notifyUrl":"https://shop.example/notify","walletId":"01011111111"}"#;
    /// let request = WithdrawalRequest::from_json(form)?;
    /// assert!(!bangladesh::MARKET.check(&request)?.refuses());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn payee_field(&self, way: &WayCode) -> Option<&'static Field> {
        self.withdrawal.way(way)?;
        self.withdrawal.fields.iter().find(|field| field.names_payee())
    }

    /// The calls that only this market has. `None` where that is not documented.
    pub const fn extra_calls(&self) -> Option<&'static [ExtraCall]> {
        self.extra_calls
    }

    /// Where the vendor's pages contradict each other or themselves.
    pub const fn contradictions(&self) -> &'static [&'static str] {
        self.contradictions
    }

    /// What nobody knows.
    pub const fn not_documented(&self) -> &'static str {
        self.not_documented
    }

    /// Checks the body of a deposit, with or without `mchNo`, and reports everything at once.
    pub fn check_deposit(&self, body: &Members) -> Report {
        check::check(Some(self), Direction::Deposit, body)
    }

    /// Checks the body of a withdrawal, with or without `mchNo`, and reports everything at once.
    pub fn check_withdrawal(&self, body: &Members) -> Report {
        check::check(Some(self), Direction::Withdrawal, body)
    }

    /// Checks a request that [creates an order](crate::Effect::creates_order). About any other the
    /// report is empty. [`market::check`](super::check()) finds the market by the request's
    /// currency.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotJson`](crate::ErrorKind::NotJson) or
    /// [`NotAnObject`](crate::ErrorKind::NotAnObject) when the request does not serialise to a JSON
    /// object with distinct members.
    pub fn check(&self, request: &impl Request) -> Result<Report, Error> {
        let order = check::order(request)?;
        Ok(order.map_or_else(Report::default, |(direction, body)| check::check(Some(self), direction, &body)))
    }
}

impl Offer {
    /// Nothing is documented; a base for `..` in the data.
    pub(super) const NOTHING: Self =
        Self { pages: "", ways: &[], fields: &[], banks: BankList::NONE, notes: &[] };

    /// The vendor's pages that say this, in the short form of `docs/wire.md`; may be empty.
    pub const fn vendor_pages(&self) -> &'static str {
        self.pages
    }

    /// The ways to pay. Empty where none is documented.
    pub const fn ways(&self) -> &'static [Way] {
        self.ways
    }

    /// The way with this code in exactly this spelling.
    pub fn way(&self, code: impl AsRef<str>) -> Option<&'static Way> {
        self.ways.iter().find(|way| way.code().as_str() == code.as_ref())
    }

    /// The fields that differ from market to market. Empty where none is documented.
    pub const fn fields(&self) -> &'static [Field] {
        self.fields
    }

    /// The field with this wire name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name() == name)
    }

    /// Bank and wallet codes. Which field carries one is documented nowhere.
    pub const fn banks(&self) -> &BankList {
        &self.banks
    }

    /// What else to know, such as what a response holds.
    pub const fn notes(&self) -> &'static [&'static str] {
        self.notes
    }
}

impl ExtraCall {
    /// What the vendor calls it.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The path. `None` where it is not documented; do not guess one.
    pub const fn path(&self) -> Option<&'static str> {
        self.path
    }

    /// Where the docs describe it: `docs/wire.md section 7.7`.
    pub const fn reference(&self) -> &'static str {
        self.reference
    }

    /// Whether the vendor marks it as under development. Expect that the gateway refuses it then.
    pub const fn is_under_development(&self) -> bool {
        self.under_development
    }
}
