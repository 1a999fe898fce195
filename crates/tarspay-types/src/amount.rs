//! Amounts of money: decimal text on the wire, an exact decimal here, never a float.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::decode::{Decode, DecodeError, Scalar, deserialize_by_decode};
use crate::error::{Error, ErrorKind};

const WHAT: &str = "amount";

/// An amount of money in the main unit of its currency (rupee, real …; `docs/wire.md`, section 11), zero or
/// more.
///
/// The text that goes in comes out unchanged: `100.00` stays `100.00`. Comparison, equality and hashing go by
/// value: `100` equals `100.00`. Nothing is ever rounded, and no float is involved.
///
/// **Text**: digits, then optionally a point and more digits; at most [28 digits](Amount::MAX_DIGITS) in all.
/// Refused are signs, exponents, blanks, a point without digits on both sides, and leading zeros (`007`).
///
/// **JSON**: written as a string. Read from a string or a bare number, whose text is kept as it came
/// (`docs/wire.md`, section 11).
///
/// ```
/// use tarspay_types::Amount;
///
/// let price: Amount = "100.00".parse()?;
/// assert_eq!(price.to_string(), "100.00");
/// assert_eq!(price, Amount::from(100_u32));
/// assert_eq!(price.checked_add(Amount::parse("0.5")?)?.to_string(), "100.50");
/// assert!(Amount::parse("-1").is_err());
/// # Ok::<(), tarspay_types::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(Decimal);

impl Amount {
    /// Nothing: `0`.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The most digits that an amount can have, before and after the point together.
    pub const MAX_DIGITS: usize = 28;

    /// Reads decimal text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Empty`], [`Negative`](ErrorKind::Negative), [`NotDecimal`](ErrorKind::NotDecimal) or
    /// [`TooManyDigits`](ErrorKind::TooManyDigits).
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |kind| Err(Error::new(WHAT, kind));
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if text.is_empty() {
            return refuse(ErrorKind::Empty);
        }
        if text.starts_with('-') {
            return refuse(ErrorKind::Negative);
        }
        if !digits(whole) || !fraction.is_none_or(digits) || (whole.len() > 1 && whole.starts_with('0')) {
            return refuse(ErrorKind::NotDecimal);
        }
        if whole.len() + fraction.map_or(0, str::len) > Self::MAX_DIGITS {
            return refuse(ErrorKind::TooManyDigits);
        }
        match Decimal::from_str_exact(text) {
            Ok(decimal) => Ok(Self(decimal)),
            // Every number of 28 digits fits the 96 bits of a decimal; this line is here so that nothing can
            // panic.
            Err(_) => refuse(ErrorKind::TooManyDigits),
        }
    }

    /// The sum, with the decimals of the more precise of the two: `1.5 + 2.25` is `3.75`, `1.00 + 2` is
    /// `3.00`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooManyDigits`] when the exact sum needs more than 28 digits.
    pub fn checked_add(self, other: Self) -> Result<Self, Error> {
        self.combine(other, i128::checked_add)
    }

    /// The difference, with the decimals of the more precise of the two.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Negative`] when `other` is greater, [`ErrorKind::TooManyDigits`] when the exact
    /// difference needs more than 28 digits.
    pub fn checked_sub(self, other: Self) -> Result<Self, Error> {
        if other > self {
            return Err(Error::new(WHAT, ErrorKind::Negative));
        }
        self.combine(other, i128::checked_sub)
    }

    /// Whether the value is zero, however it is written.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Whether the value is whole, however it is written: true for `100` and `100.00`.
    ///
    /// A rule that forbids decimals in the text asks for [`fraction_digits`](Amount::fraction_digits).
    pub fn is_integer(self) -> bool {
        self.0.is_integer()
    }

    /// The number of digits after the point as written: 2 for `100.00`, 0 for `100`.
    pub fn fraction_digits(self) -> u32 {
        self.0.scale()
    }

    /// The same value without needless zeros: one value, one text.
    pub(crate) fn normalized(self) -> Self {
        Self(self.0.normalize())
    }

    // The library's own operators round when digits run out; whole numbers over a common scale cannot.
    fn combine(self, other: Self, operator: fn(i128, i128) -> Option<i128>) -> Result<Self, Error> {
        let scale = self.0.scale().max(other.0.scale());
        let exact = || {
            let at_scale = |amount: Self| -> Option<i128> {
                amount.0.mantissa().checked_mul(10_i128.checked_pow(scale - amount.0.scale())?)
            };
            let mantissa = operator(at_scale(self)?, at_scale(other)?)?;
            if mantissa >= 10_i128.pow(28) {
                return None;
            }
            Decimal::try_from_i128_with_scale(mantissa, scale).ok()
        };
        exact().map(Self).ok_or(Error::new(WHAT, ErrorKind::TooManyDigits))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Width and fill apply; a precision is ignored, because it would show another amount.
        f.pad_integral(true, "", &self.0.to_string())
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Amount({})", self.0)
    }
}

impl FromStr for Amount {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for Amount {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl From<u32> for Amount {
    fn from(whole: u32) -> Self {
        Self(Decimal::from(whole))
    }
}

impl From<u64> for Amount {
    fn from(whole: u64) -> Self {
        Self(Decimal::from(whole))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Decode for Amount {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        match Scalar::read(json)? {
            Scalar::Text(text) => Ok(Self::parse(&text)?),
            Scalar::Number(number) => Ok(Self::parse(number)?),
            Scalar::Other => Err(Error::new(WHAT, ErrorKind::WrongType).into()),
        }
    }
}

deserialize_by_decode!(Amount);
