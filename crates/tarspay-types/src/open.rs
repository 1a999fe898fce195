//! Open sets: values with known names, where an unknown value is as good as a known one and survives
//! unchanged.
//!
//! A set is a wrapped number or text with constants, not an enum: there is one way to hold a value, so a
//! value that becomes known in a later version still equals itself.

use crate::decode::{DecodeError, Scalar};
use crate::error::{Error, ErrorKind};

/// Reads an integer from a bare number or from text.
pub(crate) fn integer(what: &'static str, json: &str) -> Result<i64, DecodeError> {
    let scalar = Scalar::read(json)?;
    let text = match &scalar {
        Scalar::Text(text) => text.as_ref(),
        Scalar::Number(number) => number,
        Scalar::Other => "",
    };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::new(what, ErrorKind::WrongType).into());
    }
    text.parse().map_err(|_| Error::new(what, ErrorKind::OutOfRange).into())
}

/// A set of integers. Each row: constant, code, documented meanings.
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
        /// constants. **JSON**: written as a number, read from a whole number or its text (`docs/wire.md`,
        /// section 11).
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

            /// The documented meanings: usually one, several where the documentation lists a code more than
            /// once, none for a code that is not documented.
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

        impl $crate::decode::Decode for $name {
            fn from_json(json: &str) -> Result<Self, $crate::decode::DecodeError> {
                $crate::open::integer($what, json).map(Self)
            }
        }

        $crate::decode::deserialize_by_decode!($name);
    };
}
pub(crate) use open_codes;

/// A set of texts. Each row: constant, text; the doc comment of the row becomes that of the constant.
macro_rules! open_words {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident = $what:literal {
            $( $(#[$known_attribute:meta])* $known:ident = $text:literal; )*
        }
    ) => {
        $(#[$attribute])*
        ///
        /// The set is open: a text that is not listed here is kept as it came, in its own spelling and case.
        /// **Text**: 1 to 128 bytes (a limit of ours), no control characters, no blank at either end.
        ///
        /// Reading JSON is more lenient: any length and blanks at the ends are kept as they came; only an empty
        /// text and control characters are refused. Such a value is not sent:
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
                $crate::ids::check($what, &text)?;
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
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
                Self::new(text.to_owned())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl $crate::request::Outgoing for $name {
            fn check_outgoing(&self, name: &'static str) -> Result<(), Error> {
                $crate::ids::check(name, &self.0)
            }
        }

        impl $crate::decode::Decode for $name {
            fn from_json(json: &str) -> Result<Self, $crate::decode::DecodeError> {
                match $crate::decode::Scalar::read(json)? {
                    $crate::decode::Scalar::Text(text) => {
                        $crate::ids::check_received($what, &text)?;
                        Ok(Self(text.into_owned().into()))
                    }
                    _ => Err(Error::new($what, ErrorKind::WrongType).into()),
                }
            }
        }

        $crate::decode::deserialize_by_decode!($name);
    };
}
pub(crate) use open_words;
