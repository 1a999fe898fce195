//! Checked texts: the numbers of merchants and orders, and open sets of words such as currencies
//! and way codes.

use crate::error::{Error, ErrorKind};
use crate::request::Outgoing;
use crate::scalar::{FromScalar, Scalar};

/// The longest identifier or word in bytes. The gateway states no limit; this one is ours, and
/// generous: the longest identifier in the documentation has 32 bytes.
pub(crate) const LONGEST: usize = 128;

/// The rules for identifiers and words alike that are made here and sent.
pub(crate) fn check(what: &'static str, text: &str) -> Result<(), Error> {
    check_received(what, text)?;
    let kind = if text.len() > LONGEST {
        ErrorKind::TooLong
    } else if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        ErrorKind::SurroundingBlank
    } else {
        return Ok(());
    };
    Err(Error::new(what, kind))
}

/// The rules for those that came in. The limits above are ours, so an order must not become
/// unreadable because the gateway does not know them.
pub(crate) fn check_received(what: &'static str, text: &str) -> Result<(), Error> {
    let kind = if text.is_empty() {
        ErrorKind::Empty
    } else if text.chars().any(char::is_control) {
        ErrorKind::ControlCharacter
    } else {
        return Ok(());
    };
    Err(Error::new(what, kind))
}

/// A text from outside as an error or a report may quote it: escaped, and cut after this many
/// characters.
pub(crate) fn quoted(text: &str, longest: usize) -> String {
    let mut quoted: String = text.chars().take(longest).flat_map(char::escape_debug).collect();
    if text.chars().nth(longest).is_some() {
        quoted.push('…');
    }
    quoted
}

/// What all checked texts have; `new` is the type's own.
macro_rules! text_impls {
    ($name:ident) => {
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::error::Error;

            fn from_str(text: &str) -> Result<Self, $crate::error::Error> {
                Self::new(text.to_owned())
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::error::Error;

            fn try_from(text: &str) -> Result<Self, $crate::error::Error> {
                Self::new(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::error::Error;

            fn try_from(text: String) -> Result<Self, $crate::error::Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0.into()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        $crate::scalar::read_as_scalar!($name);
    };
}
pub(crate) use text_impls;

/// What numbers and words have besides.
macro_rules! number_or_word_impls {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Outgoing for $name {
            fn check_outgoing(&self, name: &'static str) -> Result<(), Error> {
                check(name, &self.0)
            }
        }
    };
}

macro_rules! identifiers {
    ($( $(#[$attribute:meta])* $name:ident = $what:literal; )*) => { $(
        $(#[$attribute])*
        ///
        /// **Text**: 1 to 128 bytes, no control characters, no blank at either end. The gateway
        /// states no limit; this one is ours. **JSON**: written as a string, read from a string or
        /// a whole number (`docs/wire.md`, section 11).
        ///
        /// Reading JSON is more lenient than making one: any length and blanks at the ends are kept
        /// as they came; only an empty text and control characters are refused. Such a value is not
        /// sent: [`Request::check`](crate::Request::check) refuses it.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("Checks and wraps a ", $what, ".")]
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Empty`], [`TooLong`](ErrorKind::TooLong),
            /// [`ControlCharacter`](ErrorKind::ControlCharacter) or
            /// [`SurroundingBlank`](ErrorKind::SurroundingBlank).
            pub fn new(text: impl Into<String>) -> Result<Self, Error> {
                let text = text.into();
                check($what, &text)?;
                Ok(Self(text))
            }
        }

        impl FromScalar for $name {
            fn from_scalar(scalar: &Scalar<'_>) -> Result<Self, Error> {
                match scalar {
                    Scalar::Text(text) => {
                        check_received($what, text)?;
                        Ok(Self(text.as_ref().to_owned()))
                    }
                    // With a fraction or an exponent it cannot be the number of an order, and its
                    // text cannot be guessed.
                    Scalar::Number(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                        Ok(Self((*number).to_owned()))
                    }
                    _ => Err(Error::wrong_type($what, "a text or a whole number")),
                }
            }
        }

        text_impls!($name);
        number_or_word_impls!($name);
    )* };
}

identifiers! {
    /// The merchant's number at the gateway, `mchNo`, for example `M1688443086`.
    MerchantNo = "merchant number";

    /// The merchant's own number of an order, `mchOrderNo`. Never use one twice, neither for a
    /// second order nor for a deposit and a withdrawal (`docs/wire.md`, section 11).
    ///
    /// ```
    /// use tarspay_types::{ErrorKind, MerchantOrderNo};
    ///
    /// let number = MerchantOrderNo::new("YN220221122000000695")?;
    /// assert_eq!(number.as_str(), "YN220221122000000695");
    /// assert_eq!(MerchantOrderNo::new("").unwrap_err().kind(), ErrorKind::Empty);
    /// # Ok::<(), tarspay_types::Error>(())
    /// ```
    MerchantOrderNo = "merchant order number";

    /// The gateway's own number of an order, `payOrderId`, for example `P1742079917839712257`.
    PayOrderId = "pay order id";

    /// The transaction id of the payer's bank or wallet, `trxId` (Brazil, Bangladesh).
    TrxId = "transaction id";

    /// The reference of the payer's bank transfer in India, `utr`.
    Utr = "UTR";
}

/// An open set of texts: values with known names, where an unknown value is kept unchanged. Not an
/// enum, so a value that becomes known in a later version still equals itself. Each row: constant,
/// text; the doc comment of the row becomes that of the constant.
macro_rules! open_words {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident = $what:literal {
            $( $(#[$known_attribute:meta])* $known:ident = $text:literal; )*
        }
    ) => {
        $(#[$attribute])*
        ///
        /// The set is open: a text that is not listed here is kept as it came, in its own spelling
        /// and case. **Text**: 1 to 128 bytes (our limit), no control characters, no blank at
        /// either end.
        ///
        /// Reading JSON is more lenient: any length and blanks at the ends are kept as they came;
        /// only an empty text and control characters are refused. Such a value is not sent:
        /// [`Request::check`](crate::Request::check) refuses it.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::borrow::Cow<'static, str>);

        impl $name {
            $(
                $(#[$known_attribute])*
                pub const $known: Self = Self(std::borrow::Cow::Borrowed($text));
            )*

            /// All values that have a constant.
            pub const KNOWN: &'static [Self] = &[$(Self::$known),*];

            #[doc = concat!("Checks and wraps a ", $what, ", known or not.")]
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Empty`], [`TooLong`](ErrorKind::TooLong),
            /// [`ControlCharacter`](ErrorKind::ControlCharacter) or
            /// [`SurroundingBlank`](ErrorKind::SurroundingBlank).
            pub fn new(text: impl Into<std::borrow::Cow<'static, str>>) -> Result<Self, Error> {
                let text = text.into();
                check($what, &text)?;
                Ok(Self(text))
            }

            /// Whether the value has a constant.
            pub fn is_known(&self) -> bool {
                Self::KNOWN.contains(self)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.as_str())
            }
        }

        impl FromScalar for $name {
            fn from_scalar(scalar: &Scalar<'_>) -> Result<Self, Error> {
                match scalar {
                    Scalar::Text(text) => {
                        check_received($what, text)?;
                        Ok(Self(text.as_ref().to_owned().into()))
                    }
                    _ => Err(Error::wrong_type($what, "a text")),
                }
            }
        }

        text_impls!($name);
        number_or_word_impls!($name);
    };
}

open_words! {
    /// A currency as the gateway spells it, `currency`: three letters, fixed per market. Brazil's
    /// is `BRA`, not the ISO code `BRL` (`docs/wire.md`, section 11).
    ///
    /// ```
    /// use tarspay_types::Currency;
    ///
    /// assert_eq!(Currency::new("INR")?, Currency::INR);
    /// assert!(!Currency::new("BRL")?.is_known());
    /// # Ok::<(), tarspay_types::Error>(())
    /// ```
    pub struct Currency = "currency" {
        /// Argentina. Not documented, inferred from ISO 4217.
        ARS = "ARS";
        /// Bangladesh.
        BDT = "BDT";
        /// Brazil. The gateway uses `BRA` throughout.
        BRA = "BRA";
        /// Egypt.
        EGP = "EGP";
        /// Indonesia.
        IDR = "IDR";
        /// India.
        INR = "INR";
        /// Kenya.
        KES = "KES";
        /// Korea.
        KRW = "KRW";
        /// Mexico.
        MXN = "MXN";
        /// Malaysia.
        MYR = "MYR";
        /// Philippines.
        PHP = "PHP";
        /// Pakistan.
        PKR = "PKR";
        /// Thailand. Not documented, inferred from ISO 4217.
        THB = "THB";
        /// Türkiye. Not documented, inferred from ISO 4217.
        TRY = "TRY";
        /// Vietnam.
        VND = "VND";
    }
}

open_words! {
    /// A country in a response, `countryCode`: two letters, lower case (`docs/wire.md`, section 7.1).
    pub struct CountryCode = "country code" {
        /// Bangladesh.
        BANGLADESH = "bd";
        /// India.
        INDIA = "in";
        /// Kenya.
        KENYA = "ke";
        /// Malaysia.
        MALAYSIA = "my";
        /// Pakistan.
        PAKISTAN = "pk";
    }
}

open_words! {
    /// A payment method, `wayCode`. Which ones exist depends on the market and on deposit or
    /// withdrawal; case matters.
    ///
    /// Only the one that means the same in many markets has a constant here. Those of a market are
    /// in its module, such as [`market::kenya::way`](crate::market::kenya::way).
    pub struct WayCode = "way code" {
        /// The gateway's cashier page, where the payer chooses.
        CASHIER = "CASHIER";
    }
}

impl WayCode {
    /// A way code of the crate's own data, at compile time.
    pub(crate) const fn known(text: &'static str) -> Self {
        Self(std::borrow::Cow::Borrowed(text))
    }
}

open_words! {
    /// What kind of payment data the response to a deposit holds, `payDataType`. Take nothing for
    /// granted from it: with `payurl` a wallet number has been seen in `payData` (`docs/wire.md`,
    /// section 11).
    pub struct PayDataType = "pay data type" {
        /// A page to send the payer to. The only documented value.
        PAY_URL = "payurl";
    }
}
