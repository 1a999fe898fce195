//! Scalars: values that a text or a number stands for, read from JSON and from other serde formats;
//! open sets of codes.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, SystemTime};

use rust_decimal::Decimal;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::decode::{Decode, DecodeError};
use crate::error::{Error, ErrorKind};

/// A JSON text or number. Which of the two stands for a value differs between the gateway's pages.
pub(crate) enum Scalar<'a> {
    Text(Cow<'a, str>),
    /// The number's text, exactly as it came.
    Number(&'a str),
    Other,
}

impl<'a> Scalar<'a> {
    pub(crate) fn read(json: &'a str) -> Result<Self, DecodeError> {
        let value: &RawValue = serde_json::from_str(json).map_err(DecodeError::not_json)?;
        let json = value.get();
        Ok(match json.as_bytes().first() {
            Some(b'"') => match json.get(1..json.len() - 1) {
                Some(plain) if !plain.contains('\\') => Scalar::Text(Cow::Borrowed(plain)),
                _ => {
                    Scalar::Text(serde_json::from_str::<String>(json).map_err(DecodeError::not_json)?.into())
                }
            },
            Some(b'-' | b'0'..=b'9') => Scalar::Number(json),
            _ => Scalar::Other,
        })
    }

    /// The characters of a text or a number.
    pub(crate) fn characters(&self, what: &'static str) -> Result<&str, Error> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Number(number) => Ok(number),
            Self::Other => Err(Error::wrong_type(what, "a text or a number")),
        }
    }

    /// A whole number, from a number or its text, also as `2.0` or `2e0`.
    pub(crate) fn integer(&self, what: &'static str) -> Result<i64, Error> {
        let text = self.characters(what)?;
        if !text.starts_with('+')
            && let Ok(integer) = text.parse()
        {
            return Ok(integer);
        }
        let refuse = |kind| Error::new(what, kind);
        match decimal(text) {
            Ok(number) if number.is_integer() => {
                i64::try_from(number.trunc().mantissa()).map_err(|_| refuse(ErrorKind::OutOfRange))
            }
            Err(ErrorKind::TooManyDigits) => Err(refuse(ErrorKind::OutOfRange)),
            _ => Err(Error::wrong_type(what, "a whole number")),
        }
    }
}

/// The most digits that a number can have, before and after the point together, and its scale
/// always less.
pub(crate) const MAX_DIGITS: usize = 28;

/// The number with these digits, of which the last `scale` are decimals.
pub(crate) fn decimal_of(mantissa: i128, scale: u32) -> Option<Decimal> {
    let fits = mantissa.unsigned_abs() < 10_u128.pow(28) && scale < 28;
    fits.then(|| Decimal::try_from_i128_with_scale(mantissa, scale).ok()).flatten()
}

/// The exact value of decimal text, for all numbers that come in.
///
/// It keeps its decimals, so it is written as it came, except: an exponent is written out, a zero
/// has no sign, and zeros at the end of a fraction are dropped if the digits would not fit
/// otherwise. Nothing is rounded.
pub(crate) fn decimal(text: &str) -> Result<Decimal, ErrorKind> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse().map_err(|_| ErrorKind::NotDecimal)?),
        None => (text, 0),
    };
    let unsigned = number.strip_prefix('-').unwrap_or(number);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !fraction.is_none_or(is_digits) || (whole.len() > 1 && whole.starts_with('0')) {
        return Err(ErrorKind::NotDecimal);
    }
    let fraction = fraction.unwrap_or_default();
    let digits = [whole, fraction].concat();
    let mut digits = digits.trim_start_matches('0');
    let mut scale = i64::try_from(fraction.len()).unwrap_or(i64::MAX).saturating_sub(exponent);
    while scale > 0 && (digits.len() > MAX_DIGITS || scale > 27) {
        let Some(shorter) = digits.strip_suffix('0') else { break };
        (digits, scale) = (shorter, scale - 1);
    }
    if digits.is_empty() {
        (digits, scale) = ("0", scale.clamp(0, 27));
    }
    let exact = || {
        let mantissa: i128 = digits.parse().ok()?;
        let power = 10_i128.checked_pow(u32::try_from(scale.min(0).unsigned_abs()).ok()?)?;
        let sign = if unsigned.len() < number.len() { -1 } else { 1 };
        decimal_of(mantissa.checked_mul(power)? * sign, u32::try_from(scale.max(0)).ok()?)
    };
    exact().ok_or(ErrorKind::TooManyDigits)
}

/// A type that is read from a text or a number.
pub(crate) trait FromScalar: Sized {
    fn from_scalar(scalar: &Scalar<'_>) -> Result<Self, Error>;
}

/// Implements [`Decode`] and [`serde::Deserialize`] of a type by its [`FromScalar`].
macro_rules! read_as_scalar {
    ($name:ident) => {
        impl $crate::decode::Decode for $name {
            fn from_json(json: &str) -> Result<Self, $crate::decode::DecodeError> {
                let scalar = $crate::scalar::Scalar::read(json)?;
                Ok($crate::scalar::FromScalar::from_scalar(&scalar)?)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::scalar::deserialize(deserializer)
            }
        }
    };
}
pub(crate) use read_as_scalar;

/// The name by which `serde_json` gives a value as its exact text. Other formats ignore it.
const RAW_JSON: &str = "$serde_json::private::RawValue";

/// Reads a scalar: from `serde_json` by its exact text, from other formats as the text or integer
/// that they give.
pub(crate) fn deserialize<'de, T: FromScalar, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_newtype_struct(RAW_JSON, ScalarVisitor(PhantomData))
}

struct ScalarVisitor<T>(PhantomData<T>);

impl<T: FromScalar> ScalarVisitor<T> {
    fn read<E: serde::de::Error>(scalar: &Scalar<'_>) -> Result<T, E> {
        T::from_scalar(scalar).map_err(E::custom)
    }
}

impl<'de, T: FromScalar> Visitor<'de> for ScalarVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a whole number")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        Self::read(&Scalar::Text(text.into()))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
        Self::read(&Scalar::Number(&number.to_string()))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
        Self::read(&Scalar::Number(&number.to_string()))
    }

    fn visit_i128<E: serde::de::Error>(self, number: i128) -> Result<T, E> {
        Self::read(&Scalar::Number(&number.to_string()))
    }

    fn visit_u128<E: serde::de::Error>(self, number: u128) -> Result<T, E> {
        Self::read(&Scalar::Number(&number.to_string()))
    }

    // Serde's own errors for these two would repeat the value.
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<T, E> {
        Err(E::custom("a floating-point number is not exact; write it as text"))
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<T, E> {
        Self::read(&Scalar::Other)
    }

    /// The exact text of a JSON value, by `serde_json`.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        if map.next_key::<Cow<'_, str>>()?.as_deref() != Some(RAW_JSON) {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Self::read(&Scalar::Other);
        }
        let json: String = map.next_value()?;
        let scalar = Scalar::read(&json).map_err(A::Error::custom)?;
        Self::read(&scalar)
    }

    /// Every format but `serde_json`.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A text. Numbers are taken as their text. An empty text is refused, since for the gateway it
/// means "none" (`docs/wire.md`, section 11).
impl Decode for String {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        match Scalar::read(json)? {
            Scalar::Text(text) if text.is_empty() => Err(Error::new("text", ErrorKind::Empty).into()),
            Scalar::Text(text) => Ok(text.into_owned()),
            Scalar::Number(number) => Ok(number.to_owned()),
            Scalar::Other => Err(Error::wrong_type("text", "a text or a number").into()),
        }
    }
}

/// A whole number, read from a number or its text.
impl Decode for i64 {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        Ok(Scalar::read(json)?.integer("number")?)
    }
}

/// An open set of integers: codes with known names, where an unknown code is kept unchanged. Not an
/// enum, so a code that becomes known in a later version still equals itself. Each row: constant,
/// code, documented meanings.
macro_rules! open_codes {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident = $what:literal {
            $( $known:ident = $code:literal $(, $meaning:literal)+ ; )*
        }
    ) => {
        $(#[$attribute])*
        ///
        /// The set is open: a code that is not listed here is kept as it came. `match` works on the
        /// constants. **JSON**: written as a number, read from a whole number or its text
        /// (`docs/wire.md`, section 11).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            $(
                #[doc = concat!("`", stringify!($code), "`", $(": ", $meaning,)+ ".")]
                pub const $known: Self = Self($code);
            )*

            /// All documented values, in the order of their documentation.
            pub const KNOWN: &'static [Self] = &[$(Self($code)),*];

            /// The value with this code, documented or not.
            pub const fn from_code(code: i64) -> Self {
                Self(code)
            }

            /// The code as it goes over the wire.
            pub const fn code(self) -> i64 {
                self.0
            }

            /// The name of the constant; `None` for a code that is not documented.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $( $code => Some(stringify!($known)), )*
                    _ => None,
                }
            }

            /// The documented meanings: usually one, several where the documentation lists a code
            /// more than once, none for a code that is not documented.
            pub const fn meanings(self) -> &'static [&'static str] {
                match self.0 {
                    $( $code => &[$($meaning),+], )*
                    _ => &[],
                }
            }

            /// Whether the code is documented.
            pub const fn is_known(self) -> bool {
                self.name().is_some()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, "{}({} {name})", stringify!($name), self.0),
                    None => write!(f, "{}({})", stringify!($name), self.0),
                }
            }
        }

        /// The code and what it means: `2 (success)`, `7 (not documented)`.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} (", self.0)?;
                match self.meanings() {
                    [] => f.write_str("not documented")?,
                    [first, others @ ..] => {
                        f.write_str(first)?;
                        for meaning in others {
                            write!(f, ", or {meaning}")?;
                        }
                    }
                }
                f.write_str(")")
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.0)
            }
        }

        impl From<i64> for $name {
            fn from(code: i64) -> Self {
                Self(code)
            }
        }

        impl From<$name> for i64 {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl $crate::scalar::FromScalar for $name {
            fn from_scalar(scalar: &$crate::scalar::Scalar<'_>) -> Result<Self, $crate::error::Error> {
                scalar.integer($what).map(Self)
            }
        }

        $crate::scalar::read_as_scalar!($name);
    };
}
pub(crate) use open_codes;

/// A time as seconds since 1970-01-01T00:00:00Z. (The nonce of a request is in milliseconds.)
///
/// **JSON**: written as a number, read from a whole number or its text.
///
/// ```
/// use tarspay_types::UnixSeconds;
///
/// let time = UnixSeconds::new(1_659_320_053); // 2022-08-01T02:14:13Z
/// assert_eq!(time.to_system_time().map(UnixSeconds::from_system_time), Some(time));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(u64);

impl UnixSeconds {
    /// That many seconds after the beginning of 1970.
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The seconds since the beginning of 1970.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// The time of a clock, without its fraction of a second; a time before 1970 becomes 0.
    pub fn from_system_time(time: SystemTime) -> Self {
        Self(time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    /// The time for comparison with a clock; `None` if the platform cannot hold it.
    pub fn to_system_time(self) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.0))
    }
}

impl Serialize for UnixSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl FromScalar for UnixSeconds {
    fn from_scalar(scalar: &Scalar<'_>) -> Result<Self, Error> {
        const WHAT: &str = "Unix time";
        let seconds = scalar.integer(WHAT)?;
        u64::try_from(seconds).map(Self).map_err(|_| Error::new(WHAT, ErrorKind::Negative))
    }
}

read_as_scalar!(UnixSeconds);
