//! The check of a request's members against a market: the general rules, then the market's data.

use std::borrow::Cow;

use super::Certainty;
use super::field::{Field, Format, Presence};
use super::offer::{Market, Offer};
use super::report::{Report, Rule, Severity, Source, Violation};
use super::way::{Standing, Way};
use crate::amount::Amount;
use crate::decode::Decode;
use crate::error::Error;
use crate::members::Members;
use crate::order::Direction;
use crate::private::{NotifyUrl, ReturnUrl};
use crate::request::{Effect, MERCHANT, Request, members_of};
use crate::scalar::Scalar;
use crate::text::{Currency, quoted};

const ORDER: &str = "mchOrderNo";
const WAY: &str = "wayCode";
const CURRENCY: &str = "currency";
const AMOUNT: &str = "amount";
const NOTIFY: &str = "notifyUrl";
const RETURN: &str = "returnUrl";

/// What every market requires.
const REQUIRED: [&str; 5] = [ORDER, WAY, CURRENCY, AMOUNT, NOTIFY];

const SIGNING: Source = Source::new("docs/wire.md section 11", Certainty::Inferred);
const OURS: Source = Source::new("docs/wire.md section 12", Certainty::Inferred);
const URL: Source = Source::new("docs/wire.md section 9", Certainty::Inferred);

/// Which way the money of a request goes, and its members. `None` for a request that creates no order.
pub(super) fn order(request: &impl Request) -> Result<Option<(Direction, Members)>, Error> {
    let direction = match request.effect() {
        Effect::CreateDeposit => Direction::Deposit,
        Effect::CreateWithdrawal => Direction::Withdrawal,
        Effect::Read | Effect::Other => return Ok(None),
    };
    Ok(Some((direction, members_of(request)?)))
}

/// The check against the market that the body's own currency belongs to.
pub(super) fn check_by_currency(direction: Direction, body: &Members) -> Report {
    let currency = body.get(CURRENCY).and_then(|json| Currency::from_json(json).ok());
    check(currency.as_ref().and_then(super::by_currency), direction, body)
}

/// Without a market only the rules that hold everywhere.
pub(super) fn check(market: Option<&Market>, direction: Direction, body: &Members) -> Report {
    let (offer, section) = match direction {
        Direction::Deposit => (market.map(Market::deposit), "docs/wire.md section 7.1"),
        Direction::Withdrawal => (market.map(Market::withdrawal), "docs/wire.md section 7.3"),
    };
    let offer = offer.unwrap_or(&Offer::NOTHING);
    let general = Source::new(section, Certainty::Documented);
    let mut check = Check { market, offer, general, body, found: Vec::new() };
    check.standing();
    check.members();
    check.presence();
    check.addresses();
    check.currency();
    let amount = check.amount();
    let way = check.way();
    if let (Some(amount), Some(way)) = (amount, way) {
        check.limits(amount, way);
    }
    check.formats();
    Report::new(check.found)
}

struct Check<'a> {
    market: Option<&'a Market>,
    offer: &'a Offer,
    general: Source,
    body: &'a Members,
    found: Vec<Violation>,
}

impl<'a> Check<'a> {
    fn given(&self, name: &str) -> Given<'a> {
        Given::read(self.body.get(name))
    }

    /// The member's text, where it has one that is not empty.
    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        match self.given(name) {
            Given::Text(text) => Some(text),
            Given::Integer(number) => Some(number.into()),
            _ => None,
        }
    }

    fn page(&self, certainty: Certainty) -> Source {
        Source::new(self.market.map_or("docs/markets.md", Market::reference), certainty)
    }

    fn report(
        &mut self,
        field: &'static str,
        rule: Rule,
        severity: Severity,
        source: Source,
        message: impl Into<String>,
    ) {
        let value = self.text(field).map(|text| shown(field, &text));
        let (field, message) = (field.into(), message.into());
        self.found.push(Violation { field, rule, severity, message, value, source });
    }

    /// Whether this body must have the field.
    fn requires(&self, field: &Field) -> bool {
        match field.presence() {
            Presence::Required => true,
            Presence::RequiredWith(way) => self.is_way(way),
            _ => REQUIRED.contains(&field.name()),
        }
    }

    // A misspelt case is only warned about, so it must not switch off what the way requires.
    fn is_way(&self, way: &str) -> bool {
        self.text(WAY).is_some_and(|given| given.eq_ignore_ascii_case(way))
    }

    fn standing(&mut self) {
        if self.market.is_some_and(|market| !market.is_live()) {
            let message = "is of a test group of the vendor; do not offer it as a live market";
            self.report(WAY, Rule::NotLive, Severity::Advice, self.page(Certainty::Inferred), message);
        }
    }

    /// The type of every member, also of those that nobody documents.
    fn members(&mut self) {
        for (name, json) in self.body.iter() {
            let field = self.offer.field(name);
            let (rule, severity, source, message) = match Given::read(Some(json)) {
                Given::NotFlat => (
                    Rule::NotFlat,
                    Severity::Structural,
                    SIGNING,
                    "cannot be signed; give a text, a whole number or a boolean, no object, array or fraction",
                ),
                Given::Boolean
                    if REQUIRED.contains(&name) || field.is_some_and(|field| self.requires(field)) =>
                {
                    (Rule::WrongType, Severity::Structural, self.general, "is a boolean; give a text")
                }
                Given::Boolean if field.is_some() => {
                    (Rule::WrongType, Severity::Advice, self.general, "is a boolean; give a text")
                }
                Given::Integer(_) if is_text(name, field) => (
                    Rule::WrongType,
                    Severity::Advice,
                    self.general,
                    "is a number; the vendor documents a text",
                ),
                Given::Text(_) if field.and_then(Field::format) == Some(Format::Integer) => (
                    Rule::WrongType,
                    Severity::Advice,
                    self.general,
                    "is a text; the vendor documents a number",
                ),
                _ => continue,
            };
            let (field, message) = (quoted(name, 64).into(), message.into());
            self.found.push(Violation { field, rule, severity, message, value: None, source });
        }
    }

    fn presence(&mut self) {
        for name in REQUIRED {
            self.must_have(name, self.general, "every order needs it");
        }
        if matches!(self.given(MERCHANT), Given::Empty) {
            self.must_have(MERCHANT, self.general, "every order needs it");
        }
        for field in self.offer.fields() {
            let source = self.page(field.certainty());
            match field.presence() {
                _ if REQUIRED.contains(&field.name()) => {}
                Presence::Required => self.must_have(field.name(), source, "this market requires it"),
                Presence::RequiredWith(way) if self.is_way(way) => {
                    self.must_have(field.name(), source, format!("`{way}` requires it"));
                }
                Presence::PerhapsRequiredWith(way) if self.is_way(way) => {
                    if matches!(self.given(field.name()), Given::Nothing | Given::Empty) {
                        let message = format!(
                            "is missing; the vendor names a condition with `{way}` that is not documented \
                             in full, perhaps it is required"
                        );
                        self.report(field.name(), Rule::Missing, Severity::Advice, source, message);
                    }
                }
                _ => {}
            }
        }
    }

    fn must_have(&mut self, name: &'static str, source: Source, why: impl Into<String>) {
        let (rule, what) = match self.given(name) {
            Given::Nothing => (Rule::Missing, "is missing"),
            Given::Empty => (Rule::Empty, "is empty"),
            _ => return,
        };
        self.report(name, rule, Severity::Structural, source, format!("{what}; {}", why.into()));
    }

    fn addresses(&mut self) {
        let is_web = |text: &str| NotifyUrl::new(text).is_ok();
        let is_url = |text: &str| ReturnUrl::new(text).is_ok();
        let not_url = "is not a URL; begin with https:// or http:// and a host, without blanks";
        let other_scheme = "has another scheme than http and https; begin with https:// or http://";
        if let Some(text) = self.text(NOTIFY).filter(|text| !is_web(text)) {
            let is_other = is_url(&text) && text.contains("://");
            let message = if is_other { other_scheme } else { not_url };
            self.report(NOTIFY, Rule::NotUrl, Severity::Structural, URL, message);
        }
        let Some(text) = self.text(RETURN) else { return };
        if !is_url(&text) {
            self.report(RETURN, Rule::NotUrl, Severity::Structural, URL, not_url);
        } else if !is_web(&text) {
            let message = "does not begin with https:// or http://; whether the gateway takes the link of an \
                           app is not documented";
            self.report(RETURN, Rule::NotUrl, Severity::Advice, OURS, message);
        }
    }

    fn currency(&mut self) {
        let Some(given) = self.text(CURRENCY) else { return };
        let Some(market) = self.market else {
            let source = self.page(Certainty::Inferred);
            let message = unknown_currency(&given);
            self.report(CURRENCY, Rule::UnknownCurrency, Severity::Advice, source, message);
            return;
        };
        let Some(currency) = market.currency().filter(|currency| given != currency.as_str()) else { return };
        let certainty = market.currency_certainty();
        let message = if certainty.is_the_vendors() {
            format!("is not this market's; it is fixed: `{currency}`")
        } else {
            format!("is not the one expected in this market, `{currency}`")
        };
        self.report(CURRENCY, Rule::OtherCurrency, by(certainty), self.page(certainty), message);
    }

    /// The amount, if it is one above zero.
    fn amount(&mut self) -> Option<Amount> {
        let text = self.text(AMOUNT)?;
        match Amount::parse(&text) {
            Ok(amount) if amount.is_zero() => {
                let message = "is zero; the gateway may refuse that, although no documented rule does";
                self.report(AMOUNT, Rule::ZeroAmount, Severity::Advice, OURS, message);
                Some(amount)
            }
            Ok(amount) => Some(amount),
            Err(error) => {
                let message = error.to_string();
                // The error begins with what it is about, which the report says already.
                let message = message.strip_prefix("amount ").unwrap_or(&message);
                self.report(AMOUNT, Rule::NotAmount, Severity::Structural, self.general, message);
                None
            }
        }
    }

    /// The way that the code means, in whatever case. Without a market there is nothing to hold it
    /// against.
    fn way(&mut self) -> Option<&'static Way> {
        self.market?;
        let given = self.text(WAY)?;
        let ways = self.offer.ways();
        let same_letters = || ways.iter().find(|way| way.code().as_str().eq_ignore_ascii_case(&given));
        let Some(way) = self.offer.way(&given).or_else(same_letters) else {
            let known: Vec<_> = ways.iter().map(|way| format!("`{}`", way.code())).collect();
            let message = if known.is_empty() {
                "cannot be checked; no way code is documented for this market and direction".to_owned()
            } else {
                format!("is not documented for this market and direction; known: {}", known.join(", "))
            };
            let source = self.page(Certainty::Documented);
            self.report(WAY, Rule::UnknownWay, Severity::Advice, source, message);
            return None;
        };
        let source = self.page(way.certainty());
        if way.code().as_str() != given {
            let message = format!("is documented as `{}`; case matters", way.code());
            self.report(WAY, Rule::WaySpelling, Severity::Advice, source, message);
        }
        match way.standing() {
            Standing::Offered => {}
            Standing::OnAnotherPage => {
                let message = "is only on an older or foreign page of the vendor; it may be gone";
                self.report(WAY, Rule::WayOnAnotherPage, Severity::Advice, source, message);
            }
            Standing::NotOpen => {
                let message = "is marked by the vendor as not open at present";
                self.report(WAY, Rule::WayNotOpen, Severity::Advice, source, message);
            }
        }
        Some(way)
    }

    fn limits(&mut self, amount: Amount, way: &Way) {
        let source = self.page(Certainty::Documented);
        if let Some(minimum) = way.minimum().filter(|minimum| amount < *minimum) {
            let message = format!("is below the published minimum of {minimum} for `{}`", way.code());
            self.report(AMOUNT, Rule::BelowMinimum, Severity::Limit, source, message);
        }
        if let Some(maximum) = way.maximum().filter(|maximum| amount > *maximum) {
            let message = format!("is above the published maximum of {maximum} for `{}`", way.code());
            self.report(AMOUNT, Rule::AboveMaximum, Severity::Limit, source, message);
        }
    }

    fn formats(&mut self) {
        for field in self.offer.fields() {
            let Some(format) = field.format() else { continue };
            let applies = field
                .format_condition()
                .is_none_or(|(other, value)| self.text(other).is_some_and(|given| given == value));
            let Some(text) = self.text(field.name()).filter(|_| applies) else { continue };
            // Text that is not an amount has been reported already.
            let reported = format == Format::WholeAmount && Amount::parse(&text).is_err();
            if reported || format.accepts(&text) {
                continue;
            }
            // A broken form refuses where the field itself is required; elsewhere the vendor's own
            // examples break it.
            let severity = if self.requires(field) { by(field.certainty()) } else { Severity::Advice };
            let mut message = format!("has another form than documented: {}", format.describe());
            if format == Format::WholeAmount
                && let Some(integer) = Amount::parse(&text).ok().and_then(Amount::to_whole)
            {
                message = format!("{message}; write `{integer}`");
            }
            self.report(field.name(), Rule::Format, severity, self.page(field.certainty()), message);
        }
    }
}

/// Only what the vendor says can refuse.
fn by(certainty: Certainty) -> Severity {
    if certainty.is_the_vendors() { Severity::Structural } else { Severity::Advice }
}

/// Whether the field is documented as a text.
fn is_text(name: &str, field: Option<&Field>) -> bool {
    match field {
        Some(field) => field.format() != Some(Format::Integer),
        None => name == RETURN || name == MERCHANT || REQUIRED.contains(&name),
    }
}

/// The message of a report about a currency that no market has.
fn unknown_currency(given: &str) -> String {
    let known: Vec<(&str, &str)> =
        super::ALL.iter().filter_map(|market| Some((market.currency()?.as_str(), market.name()))).collect();
    let likely =
        known.iter().filter(|(currency, _)| begin_alike(currency, given.trim())).map(|(currency, name)| {
            let genitive = if name.ends_with('s') { "'" } else { "'s" };
            format!("{name}{genitive} is `{currency}`; ")
        });
    let listed: Vec<_> = known.iter().map(|(currency, name)| format!("`{currency}` ({name})")).collect();
    format!(
        "is not the currency of a documented market; {}known: {}",
        likely.collect::<String>(),
        listed.join(", ")
    )
}

/// Whether the first two letters, which stand for the country in ISO 4217, are the same in whatever
/// case.
fn begin_alike(one: &str, other: &str) -> bool {
    one.get(..2).zip(other.get(..2)).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// A member as the gateway would see it.
enum Given<'a> {
    /// Absent or null, which are the same (`docs/wire.md`, section 11).
    Nothing,
    /// A text that is empty or has blanks only.
    Empty,
    Text(Cow<'a, str>),
    Integer(&'a str),
    Boolean,
    /// What no signing rule is known for.
    NotFlat,
}

impl<'a> Given<'a> {
    fn read(json: Option<&'a str>) -> Self {
        match json.map(str::trim) {
            None | Some("null") => Self::Nothing,
            Some("true" | "false") => Self::Boolean,
            Some(json) => match Scalar::read(json) {
                Ok(Scalar::Text(text)) if text.trim().is_empty() => Self::Empty,
                Ok(Scalar::Text(text)) => Self::Text(text),
                Ok(Scalar::Number(number)) if !number.contains(['.', 'e', 'E']) => Self::Integer(number),
                Ok(Scalar::Number(_) | Scalar::Other) | Err(_) => Self::NotFlat,
            },
        }
    }
}

/// A value as a report may show it.
fn shown(field: &str, text: &str) -> String {
    if [AMOUNT, CURRENCY, WAY].contains(&field) {
        return format!("`{}`", quoted(text, 40));
    }
    match text.chars().count() {
        1 => "1 character".into(),
        count => format!("{count} characters"),
    }
}
