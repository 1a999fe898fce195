//! Amounts of money: decimal text on the wire, an exact decimal here, never a float.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::error::{Error, ErrorKind};
use crate::scalar::{self, FromScalar, Scalar, decimal, decimal_of, read_as_scalar};

const WHAT: &str = "amount";

/// An amount of money in the main unit of its currency (rupee, real …; `docs/wire.md`, section 11),
/// zero or more.
///
/// The text that goes in comes out unchanged: `100.00` stays `100.00`. Comparison, equality and
/// hashing go by value: `100` equals `100.00`. Nothing is ever rounded, and no float is involved.
///
/// **Text**: digits, then optionally a point and more digits; at most
/// [28 digits](Amount::MAX_DIGITS) in all. Refused are signs, exponents, blanks, a point without
/// digits on both sides, and leading zeros (`007`).
///
/// **JSON**: written as a string. Read from a string or a bare number (`docs/wire.md`, section 11),
/// more leniently than [`parse`](Amount::parse): an exponent is written out (`1E3` is `1000`,
/// `0E-2` is `0.00`), `-0` is `0`, and zeros at the end of a fraction are dropped if the digits
/// would not fit otherwise. Any other text is kept as it came. What is not exactly an amount (`-1`,
/// `1,600.00`, too many digits) is refused; in a response it is left in `extra`.
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
    pub const MAX_DIGITS: usize = scalar::MAX_DIGITS;

    /// Reads decimal text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Empty`], [`Negative`](ErrorKind::Negative),
    /// [`NotDecimal`](ErrorKind::NotDecimal) or [`TooManyDigits`](ErrorKind::TooManyDigits).
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |kind| Err(Error::new(WHAT, kind));
        if text.is_empty() {
            return refuse(ErrorKind::Empty);
        }
        if text.starts_with('-') {
            return refuse(ErrorKind::Negative);
        }
        if text.contains(['e', 'E']) {
            return refuse(ErrorKind::NotDecimal);
        }
        match decimal(text) {
            Ok(_) if text.len() - usize::from(text.contains('.')) > Self::MAX_DIGITS => {
                refuse(ErrorKind::TooManyDigits)
            }
            Ok(decimal) => Ok(Self(decimal)),
            Err(kind) => refuse(kind),
        }
    }

    /// An amount from a count of its smallest unit, with this many digits after the point:
    /// `from_minor(1500, 2)` is `15.00`.
    ///
    /// ```
    /// use tarspay_types::Amount;
    ///
    /// let price = Amount::from_minor(1500, 2)?;
    /// assert_eq!((price.to_string(), price.to_minor(2)), ("15.00".to_owned(), Some(1500)));
    /// assert_eq!(Amount::parse("0.005")?.to_minor(2), None);
    /// # Ok::<(), tarspay_types::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooManyDigits`] when the text would have more than 28 digits.
    pub fn from_minor(minor: u64, fraction_digits: u32) -> Result<Self, Error> {
        Self::checked(i128::from(minor), fraction_digits)
    }

    /// The count of the smallest unit, where that has this many digits after the point: `15.00` is
    /// 1500 with two. `None` when the amount is more precise than that, or the count does not fit.
    pub fn to_minor(self, fraction_digits: u32) -> Option<u64> {
        let amount = self.normalized();
        let more = fraction_digits.checked_sub(amount.0.scale())?;
        u64::try_from(amount.0.mantissa().checked_mul(10_i128.checked_pow(more)?)?).ok()
    }

    /// The same value without decimals, for a market that wants whole numbers: `500` for `500.00`.
    /// `None` when there is a fraction. The text of an amount never changes by itself: what is
    /// signed and sent is what you wrote.
    ///
    /// ```
    /// use tarspay_types::Amount;
    ///
    /// assert_eq!(Amount::parse("500.00")?.to_whole().map(|amount| amount.to_string()).as_deref(), Some("500"));
    /// assert_eq!(Amount::parse("500.50")?.to_whole(), None);
    /// # Ok::<(), tarspay_types::Error>(())
    /// ```
    pub fn to_whole(self) -> Option<Self> {
        self.is_integer().then(|| self.normalized())
    }

    /// The sum of all, `0` of none, with the decimals of the most precise.
    ///
    /// ```
    /// use tarspay_types::Amount;
    ///
    /// let total = Amount::checked_sum([Amount::from_minor(150, 2)?, Amount::from(2_u32)])?;
    /// assert_eq!(total.to_string(), "3.50");
    /// # Ok::<(), tarspay_types::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As of [`checked_add`](Self::checked_add).
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, Error> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// So many times the amount, with its decimals: 3 times `1.50` is `4.50`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooManyDigits`] when the exact product needs more than 28 digits.
    pub fn checked_mul(self, factor: u32) -> Result<Self, Error> {
        let product = self.0.mantissa().checked_mul(i128::from(factor));
        product
            .ok_or(Error::new(WHAT, ErrorKind::TooManyDigits))
            .and_then(|mantissa| Self::checked(mantissa, self.0.scale()))
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
        let at_scale = |amount: Self| -> Option<i128> {
            amount.0.mantissa().checked_mul(10_i128.checked_pow(scale - amount.0.scale())?)
        };
        at_scale(self)
            .zip(at_scale(other))
            .and_then(|(this, other)| operator(this, other))
            .ok_or(Error::new(WHAT, ErrorKind::TooManyDigits))
            .and_then(|mantissa| Self::checked(mantissa, scale))
    }

    /// The amount with these digits, zero or more, of which the last `scale` are decimals; if its
    /// text has at most 28 digits.
    fn checked(mantissa: i128, scale: u32) -> Result<Self, Error> {
        decimal_of(mantissa, scale).map(Self).ok_or(Error::new(WHAT, ErrorKind::TooManyDigits))
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

impl TryFrom<String> for Amount {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.to_string()
    }
}

macro_rules! from_integers {
    ($($unsigned:ident),*; $($signed:ident),*) => {
        $(
            impl From<$unsigned> for Amount {
                fn from(integer: $unsigned) -> Self {
                    Self(Decimal::from(integer))
                }
            }
        )*
        $(
            /// Fails below zero.
            impl TryFrom<$signed> for Amount {
                type Error = Error;

                fn try_from(integer: $signed) -> Result<Self, Error> {
                    Self::try_from(Decimal::from(integer))
                }
            }
        )*
    };
}

from_integers!(u8, u16, u32, u64; i32, i64);

/// Exactly, with its scale. Fails below zero, and with more than 28 digits.
impl TryFrom<Decimal> for Amount {
    type Error = Error;

    fn try_from(decimal: Decimal) -> Result<Self, Error> {
        if decimal.is_sign_negative() && !decimal.is_zero() {
            return Err(Error::new(WHAT, ErrorKind::Negative));
        }
        Self::checked(decimal.mantissa(), decimal.scale())
    }
}

impl From<Amount> for Decimal {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl FromScalar for Amount {
    fn from_scalar(scalar: &Scalar<'_>) -> Result<Self, Error> {
        let text = scalar.characters(WHAT)?;
        if text.is_empty() {
            return Err(Error::new(WHAT, ErrorKind::Empty));
        }
        decimal(text).map_err(|kind| Error::new(WHAT, kind)).and_then(Self::try_from)
    }
}

read_as_scalar!(Amount);
