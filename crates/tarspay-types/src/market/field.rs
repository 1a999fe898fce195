//! The fields of a market's requests: whether they are required, and their formats.

use super::Certainty;

/// A field of a market's deposit or withdrawal request.
///
/// The fields that are alike everywhere (`mchNo`, `mchOrderNo`, `notifyUrl`) are left out; they are
/// required in every market (`docs/wire.md`, sections 7.1 and 7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    name: &'static str,
    presence: Presence,
    format: Option<Format>,
    condition: Option<(&'static str, &'static str)>,
    certainty: Certainty,
    note: &'static str,
    example: Option<&'static str>,
    names_payee: bool,
}

/// Whether a field must be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Presence {
    /// Always.
    Required,
    /// With the way code given here; optional with others.
    RequiredWith(&'static str),
    /// Optional. The vendor names a condition with the way code given here, but its text is not
    /// documented in full: perhaps the field is required then.
    PerhapsRequiredWith(&'static str),
    /// The vendor says that it may be left out.
    Optional,
    /// The vendor does not say.
    NotDocumented,
}

/// The form that the text of a field has, as far as it is documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Digits in this number, the first of them as given.
    #[non_exhaustive]
    Digits {
        /// How the text starts.
        prefix: &'static str,
        /// How many digits there are, those of the prefix included.
        count: usize,
    },
    /// Starts with this, and so without a `+`. Nothing more is documented.
    StartsWith(&'static str),
    /// Digits only, in any number.
    DigitsOnly,
    /// An amount without decimals: `100`, not `100.00`.
    WholeAmount,
    /// A JSON integer, not a text.
    Integer,
    /// An e-mail address: something, `@`, something.
    Email,
}

impl Format {
    /// Whether a text has this form.
    pub fn accepts(&self, text: &str) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Digits { prefix, count } => {
                text.starts_with(prefix) && text.len() == *count && digits(text)
            }
            Self::StartsWith(prefix) => text.starts_with(prefix),
            Self::DigitsOnly | Self::WholeAmount => digits(text),
            Self::Integer => digits(text.strip_prefix('-').unwrap_or(text)),
            Self::Email => {
                text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
            }
        }
    }

    /// The form in words: `starts with 03, 11 digits`.
    pub fn describe(&self) -> String {
        match self {
            Self::Digits { prefix, count } => format!("starts with {prefix}, {count} digits"),
            Self::StartsWith(prefix) => format!("starts with {prefix}, no `+`"),
            Self::DigitsOnly => "digits only, no punctuation".into(),
            Self::WholeAmount => "a whole number without decimals".into(),
            Self::Integer => "a JSON integer".into(),
            Self::Email => "an e-mail address".into(),
        }
    }
}

impl Field {
    const fn new(name: &'static str, presence: Presence, note: &'static str) -> Self {
        Self {
            name,
            presence,
            format: None,
            condition: None,
            certainty: Certainty::Documented,
            note,
            example: None,
            names_payee: false,
        }
    }

    pub(super) const fn required(name: &'static str, note: &'static str) -> Self {
        Self::new(name, Presence::Required, note)
    }

    pub(super) const fn required_with(name: &'static str, way: &'static str, note: &'static str) -> Self {
        Self::new(name, Presence::RequiredWith(way), note)
    }

    pub(super) const fn perhaps_with(name: &'static str, way: &'static str, note: &'static str) -> Self {
        Self::new(name, Presence::PerhapsRequiredWith(way), note)
    }

    pub(super) const fn optional(name: &'static str, note: &'static str) -> Self {
        Self::new(name, Presence::Optional, note)
    }

    /// A field of which the vendor does not say whether it is required.
    pub(super) const fn open(name: &'static str, note: &'static str) -> Self {
        Self::new(name, Presence::NotDocumented, note)
    }

    pub(super) const fn seen(name: &'static str, note: &'static str) -> Self {
        Self::open(name, note).certainty_of(Certainty::SeenInClients)
    }

    pub(super) const fn certainty_of(mut self, certainty: Certainty) -> Self {
        self.certainty = certainty;
        self
    }

    pub(super) const fn format_of(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// The format applies where the other field has this value.
    pub(super) const fn when(mut self, other: &'static str, value: &'static str) -> Self {
        self.condition = Some((other, value));
        self
    }

    pub(super) const fn like(mut self, example: &'static str) -> Self {
        self.example = Some(example);
        self
    }

    /// The field holds the account, wallet or number that the money goes to.
    pub(super) const fn payee(mut self) -> Self {
        self.names_payee = true;
        self
    }

    /// Whether the field holds the account, wallet or number that the money of a withdrawal goes to.
    pub(super) const fn names_payee(&self) -> bool {
        self.names_payee
    }

    /// The name on the wire.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it must be sent.
    pub const fn presence(&self) -> Presence {
        self.presence
    }

    /// The form of its text. `None`: no form is documented.
    pub const fn format(&self) -> Option<Format> {
        self.format
    }

    /// The other field and its value with which the format applies. `None`: it always applies.
    pub const fn format_condition(&self) -> Option<(&'static str, &'static str)> {
        self.condition
    }

    /// How certain all this is.
    pub const fn certainty(&self) -> Certainty {
        self.certainty
    }

    /// What else to know; may be empty.
    pub const fn note(&self) -> &'static str {
        self.note
    }

    /// A value that the documentation or merchant code has sent.
    pub const fn example(&self) -> Option<&'static str> {
        self.example
    }

    /// Whether it must be sent with this way code.
    pub fn is_required_with(&self, way_code: &str) -> bool {
        match self.presence {
            Presence::Required => true,
            Presence::RequiredWith(way) => way == way_code,
            _ => false,
        }
    }
}
