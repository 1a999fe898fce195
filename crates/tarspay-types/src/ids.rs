//! Numbers that identify a merchant, an order or a transfer. They are texts and are never calculated with.

use crate::decode::{Decode, DecodeError, Scalar, deserialize_by_decode};
use crate::error::{Error, ErrorKind};
use crate::request::Outgoing;

/// The longest identifier or word in bytes. The gateway states no limit; this one is ours, and generous: the
/// longest identifier in the documentation has 32 bytes.
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

/// The rules for those that came in. The limits above are ours, so an order must not become unreadable because
/// the gateway does not know them.
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

macro_rules! identifiers {
    ($( $(#[$attribute:meta])* $name:ident = $what:literal; )*) => { $(
        $(#[$attribute])*
        ///
        /// **Text**: 1 to 128 bytes, no control characters, no blank at either end. The gateway states no
        /// limit; this one is ours. **JSON**: written as a string, read from a string or a whole number
        /// (`docs/wire.md`, section 11).
        ///
        /// Reading JSON is more lenient than making one: any length and blanks at the ends are kept as they
        /// came; only an empty text and control characters are refused. Such a value is not sent:
        /// [`Request::check`](crate::Request::check) refuses it.
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

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = Error;

            fn try_from(text: &str) -> Result<Self, Error> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self, Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl Outgoing for $name {
            fn check_outgoing(&self, name: &'static str) -> Result<(), Error> {
                check(name, &self.0)
            }
        }

        impl Decode for $name {
            fn from_json(json: &str) -> Result<Self, DecodeError> {
                match Scalar::read(json)? {
                    Scalar::Text(text) => {
                        check_received($what, &text)?;
                        Ok(Self(text.into_owned()))
                    }
                    // A fraction or an exponent is no number of an order; a guess at its text would be worse
                    // than none.
                    Scalar::Number(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                        Ok(Self(number.to_owned()))
                    }
                    _ => Err(Error::new($what, ErrorKind::WrongType).into()),
                }
            }
        }

        deserialize_by_decode!($name);
    )* };
}

identifiers! {
    /// The merchant's number at the gateway, `mchNo`, for example `M1688443086`.
    MerchantNo = "merchant number";

    /// The merchant's own number of an order, `mchOrderNo`. Never use one twice, neither for a second order
    /// nor for a deposit and a withdrawal (`docs/wire.md`, section 11).
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
