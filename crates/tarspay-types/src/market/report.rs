//! What a check found: every violation at once, none of them showing a personal value.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use super::Certainty;

/// What [`market::check`](super::check()), or [`check_deposit`](super::Market::check_deposit) and
/// [`check_withdrawal`](super::Market::check_withdrawal) of a market, found.
///
/// Structural violations refuse. Limits and advice are warnings, because the vendor's published
/// figures are a snapshot that its own examples break; [`enforce_limits`](Report::enforce_limits)
/// makes limits refuse too. `Display` writes one violation a line. Neither it nor `Debug` shows a
/// personal value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    violations: Vec<Violation>,
    limits_refuse: bool,
}

/// One rule that a request breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub(super) field: Cow<'static, str>,
    pub(super) rule: Rule,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) value: Option<String>,
    pub(super) source: Source,
}

/// The rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A field that must be sent is absent or null.
    Missing,
    /// A field that must be sent is empty.
    Empty,
    /// A value that cannot be signed: an object, an array, a number with a fraction or an exponent.
    NotFlat,
    /// A value of another JSON type than documented.
    WrongType,
    /// An address that is not an `http://` or `https://` URL. A `returnUrl` with another scheme only warns.
    NotUrl,
    /// An amount that is not plain decimal text.
    NotAmount,
    /// An amount of zero. It only warns, since no documented rule refuses it.
    ZeroAmount,
    /// Another currency than the market's.
    OtherCurrency,
    /// A currency that no market has.
    UnknownCurrency,
    /// A text without its documented form.
    Format,
    /// A way code that is not documented for this market.
    UnknownWay,
    /// A known way code in another case.
    WaySpelling,
    /// A way code that only an older or foreign page lists.
    WayOnAnotherPage,
    /// A way code that the vendor marks as not open.
    WayNotOpen,
    /// An amount below the published minimum.
    BelowMinimum,
    /// An amount above the published maximum.
    AboveMaximum,
    /// A market that is not to be offered as live.
    NotLive,
}

/// What a violation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Refuses: the gateway cannot accept this.
    Structural,
    /// Warns, unless the caller enforces limits: the vendor's published figures say otherwise.
    Limit,
    /// Warns: probably not what was meant, but nothing proves it wrong.
    Advice,
}

/// Where a rule stands and how certain it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source {
    page: &'static str,
    certainty: Certainty,
}

impl Report {
    pub(super) fn new(mut violations: Vec<Violation>) -> Self {
        violations.sort_by_key(Violation::severity);
        Self { violations, limits_refuse: false }
    }

    /// All violations, the gravest first.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The violations for which the request must not be sent.
    pub fn refusals(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(|violation| self.is_refusal(violation))
    }

    /// The violations with which the request can be sent.
    pub fn warnings(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(|violation| !self.is_refusal(violation))
    }

    /// Whether the request must not be sent. If not, it can be, perhaps with warnings.
    pub fn refuses(&self) -> bool {
        self.refusals().next().is_some()
    }

    /// The same report, in which broken limits refuse as structural violations do.
    #[must_use]
    pub const fn enforce_limits(mut self) -> Self {
        self.limits_refuse = true;
        self
    }

    /// The report as `Ok` when the request can be sent (it may hold warnings), else as `Err`.
    ///
    /// # Errors
    ///
    /// The report itself, when it [refuses](Report::refuses).
    pub fn into_result(self) -> Result<Self, Self> {
        if self.refuses() { Err(self) } else { Ok(self) }
    }

    fn is_refusal(&self, violation: &Violation) -> bool {
        match violation.severity {
            Severity::Structural => true,
            Severity::Limit => self.limits_refuse,
            Severity::Advice => false,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, violation) in self.violations.iter().enumerate() {
            let line_feed = if position == 0 { "" } else { "\n" };
            let verdict = if self.is_refusal(violation) { "refused" } else { "warning" };
            write!(f, "{line_feed}{verdict}: {violation}")?;
        }
        Ok(())
    }
}

impl StdError for Report {}

impl Violation {
    /// The wire name of the field.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The rule that is broken.
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// What it leads to.
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// What is wrong and what to do, after the name of the field: `is missing; …`.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The value, for a log: an amount, a way code or a currency as it is, cut when long; of
    /// anything else only its length. `None` when there is no value, or none that can be shown in
    /// short.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Where the rule stands.
    pub const fn source(&self) -> Source {
        self.source
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.field, self.message)?;
        if let Some(value) = &self.value {
            write!(f, "; given: {value}")?;
        }
        write!(f, " ({})", self.source)
    }
}

impl Source {
    pub(super) const fn new(page: &'static str, certainty: Certainty) -> Self {
        Self { page, certainty }
    }

    /// The place: `docs/markets.md#kenya`, `docs/wire.md section 7.1`.
    pub const fn page(&self) -> &'static str {
        self.page
    }

    /// How certain the rule is.
    pub const fn certainty(&self) -> Certainty {
        self.certainty
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.page, self.certainty)
    }
}
