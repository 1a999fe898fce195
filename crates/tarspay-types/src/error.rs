//! What is wrong with a value or a request that was built here, and what to do about it.

use std::error::Error as StdError;
use std::fmt;

/// A value or a request was refused before anything was sent.
///
/// The text names the thing that is wrong ("merchant order number", "amount") and says what to do.
/// It never repeats the offending value, which may be personal. [`kind`](Error::kind) tells
/// programs which rule was broken.
#[derive(Debug)]
pub struct Error {
    what: &'static str,
    kind: ErrorKind,
    /// For [`ErrorKind::WrongType`]: what to give instead.
    expected: &'static str,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The rule that a value or a request broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text is empty.
    Empty,
    /// The text is longer than this crate allows.
    TooLong,
    /// The text holds a control character, such as a line feed.
    ControlCharacter,
    /// The text begins or ends with a blank.
    SurroundingBlank,
    /// The text is not an amount: a sign, an exponent, blanks, a leading zero, a point without
    /// digits on both sides.
    NotDecimal,
    /// The amount, or the result of a subtraction, is below zero.
    Negative,
    /// The amount, or the result of an addition or subtraction, needs more than 28 digits.
    TooManyDigits,
    /// The JSON value is of another type than this member has.
    WrongType,
    /// The integer does not fit 64 bits.
    OutOfRange,
    /// The member is required and has no value.
    Missing,
    /// The member came with a value that cannot be used; [`source`](StdError::source) says why.
    Unusable,
    /// The address does not begin with `http://` or `https://` and a host, or holds a blank. Where
    /// any scheme is allowed: it has none, or nothing after it.
    NotWebAddress,
    /// The text holds something else than the letters A to Z and a to z and the digits 0 to 9.
    NotAlphanumeric,
    /// The text is neither `deposit` nor `withdrawal`, or the business type is another one than 1
    /// and 2.
    NotADirection,
    /// The member has a field of its own.
    KnownMember,
    /// The value is neither a text, nor a whole number, nor a boolean, so it cannot be signed.
    NotFlat,
    /// The request does not serialise to a JSON object.
    NotAnObject,
    /// The request already has the member that the client adds, `mchNo`.
    MerchantGiven,
    /// The request or the member cannot be written as JSON; [`source`](StdError::source) says why.
    NotJson,
}

impl Error {
    pub(crate) const fn new(what: &'static str, kind: ErrorKind) -> Self {
        Self { what, kind, expected: "", source: None }
    }

    pub(crate) const fn wrong_type(what: &'static str, expected: &'static str) -> Self {
        Self { what, kind: ErrorKind::WrongType, expected, source: None }
    }

    pub(crate) fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The thing that is wrong: the wire name of a member where a request is incomplete, a noun such as
    /// "amount" elsewhere.
    pub const fn what(&self) -> &'static str {
        self.what
    }

    /// The rule that was broken.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = match self.kind {
            ErrorKind::Empty => "is empty; leave it out or give a text",
            ErrorKind::TooLong => "is too long; at most 128 bytes are allowed",
            ErrorKind::ControlCharacter => "holds a control character; remove it",
            ErrorKind::SurroundingBlank => "begins or ends with a blank; trim it",
            ErrorKind::NotDecimal => {
                "is not plain decimal text; write digits with at most one point between them, such as 100 or 100.00, \
                 without sign, exponent, blanks or leading zeros"
            }
            ErrorKind::Negative => "is below zero; only zero and more is allowed",
            ErrorKind::TooManyDigits => "needs more than 28 digits; use a smaller amount or fewer decimals",
            ErrorKind::WrongType => {
                return write!(f, "{} has the wrong JSON type; give {}", self.what, self.expected);
            }
            ErrorKind::OutOfRange => "does not fit a 64-bit integer",
            ErrorKind::Missing => "is required and missing; set it",
            ErrorKind::Unusable => {
                "came with a value that cannot be used; set the field or remove the member"
            }
            ErrorKind::NotWebAddress => {
                "is not an address on the web; write http:// or https://, a host, and no blanks"
            }
            ErrorKind::NotAlphanumeric => {
                "may hold ASCII letters and digits only, as it becomes part of a path"
            }
            ErrorKind::NotADirection => "is neither that of a deposit nor that of a withdrawal",
            ErrorKind::KnownMember => "has a field of its own; set that one",
            ErrorKind::NotFlat => {
                "is neither a text, nor a whole number, nor a boolean; only these can be signed"
            }
            ErrorKind::NotAnObject => "does not serialise to a JSON object with distinct members",
            ErrorKind::MerchantGiven => {
                "already has the member `mchNo`; leave it out, it is added for every call"
            }
            ErrorKind::NotJson => "cannot be written as JSON",
        };
        write!(f, "{} {rule}", self.what)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
