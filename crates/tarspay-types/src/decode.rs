//! Reading JSON leniently: the trait [`Decode`], its error, and the helpers that all models share.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind};
use crate::open::integer;

/// A type that can be read from the JSON that the gateway sends.
///
/// Every model of this crate implements it with errors that name the member and never repeat a value, and
/// implements [`serde::Deserialize`] through it. Numbers keep their text exactly as it came, so a model must
/// be read from JSON text by `serde_json`; other serde formats are refused, and `serde_json::Value` has
/// already turned `100.00` into `100.0`.
///
/// Your own type becomes a response with an empty `impl Decode for MyAnswer {}`: it is then read by its
/// `Deserialize`.
pub trait Decode: DeserializeOwned {
    /// Reads one JSON value from its text.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the text is not JSON or not this type.
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let _: &RawValue = serde_json::from_str(json).map_err(DecodeError::not_json)?;
        // The text of serde's own error is dropped: it may repeat the value.
        serde_json::from_str(json).map_err(|_| DecodeError::new(DecodeErrorKind::Unreadable))
    }

    /// Reads one JSON value from UTF-8 bytes.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Decode::from_json), and [`DecodeErrorKind::NotJson`] when the bytes are not UTF-8.
    fn from_slice(bytes: &[u8]) -> Result<Self, DecodeError> {
        let json = std::str::from_utf8(bytes).map_err(DecodeError::not_json)?;
        Self::from_json(json)
    }

    /// The value that stands for a response without `data`, for calls whose responses have none; otherwise
    /// `None`.
    fn absent() -> Option<Self> {
        None
    }
}

impl Decode for serde_json::Value {}

/// A text. Numbers are taken as their text. An empty text is refused, since for the gateway it means "none"
/// (`docs/wire.md`, section 11).
impl Decode for String {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        match Scalar::read(json)? {
            Scalar::Text(text) if text.is_empty() => Err(Error::new("text", ErrorKind::Empty).into()),
            Scalar::Text(text) => Ok(text.into_owned()),
            Scalar::Number(number) => Ok(number.to_owned()),
            Scalar::Other => Err(Error::new("text", ErrorKind::WrongType).into()),
        }
    }
}

/// A whole number, read from a number or its text.
impl Decode for i64 {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        integer("number", json)
    }
}

/// A list; one item that cannot be read makes it unreadable.
impl<T: Decode> Decode for Vec<T> {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let _: &RawValue = serde_json::from_str(json).map_err(DecodeError::not_json)?;
        let items: Vec<&RawValue> = serde_json::from_str(json)
            .map_err(|_| DecodeError::from(Error::new("list", ErrorKind::WrongType)))?;
        items.into_iter().map(|item| T::from_json(item.get())).collect()
    }
}

/// JSON that came in cannot be used.
///
/// [`path`](DecodeError::path) names the member, for example `data.availableAmount`. Neither the text nor the
/// sources repeat a value of the JSON.
#[derive(Debug)]
pub struct DecodeError {
    path: String,
    kind: DecodeErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Why JSON that came in cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes are not JSON in UTF-8, or they end too early.
    NotJson,
    /// A JSON object was expected and something else came.
    NotAnObject,
    /// A member that the caller cannot do without is absent or null.
    Missing,
    /// A member stands twice in one object.
    Duplicate,
    /// A member is there but cannot be read as its type; [`source`](StdError::source) says why where that is
    /// known.
    Unreadable,
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind) -> Self {
        Self { path: String::new(), kind, source: None }
    }

    pub(crate) fn not_json(source: impl StdError + Send + Sync + 'static) -> Self {
        Self { path: String::new(), kind: DecodeErrorKind::NotJson, source: Some(Box::new(source)) }
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self::new(DecodeErrorKind::Missing).within(name)
    }

    /// The same error, seen from the object that holds the value as its member `name`.
    pub(crate) fn within(mut self, name: &str) -> Self {
        // A name may come from outside (a duplicate, unknown member): escaped and cut, it can do no harm in a
        // log.
        const LONGEST: usize = 64;
        let mut path: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
        if !self.path.is_empty() {
            path.push('.');
            path.push_str(&self.path);
        }
        self.path = path;
        self
    }

    /// Where the value stands: names of members joined by points, empty for the whole text.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Why the JSON cannot be used.
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }
}

impl From<Error> for DecodeError {
    fn from(error: Error) -> Self {
        Self { path: String::new(), kind: DecodeErrorKind::Unreadable, source: Some(Box::new(error)) }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str("the text received")?;
        } else {
            write!(f, "member `{}`", self.path)?;
        }
        f.write_str(match self.kind {
            DecodeErrorKind::NotJson => " is not JSON in UTF-8, or is cut short",
            DecodeErrorKind::NotAnObject => " is not a JSON object",
            DecodeErrorKind::Missing => " is missing or null and cannot be done without",
            DecodeErrorKind::Duplicate => " stands more than once in its object; which one counts is unknown",
            DecodeErrorKind::Unreadable => " cannot be read as its type",
        })
    }
}

impl StdError for DecodeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// A JSON text or number. Which of the two stands for a value differs between the gateway's pages.
pub(crate) enum Scalar<'a> {
    Text(Cow<'a, str>),
    /// The number's text, exactly as it came.
    Number(&'a str),
    Other,
}

impl<'a> Scalar<'a> {
    pub(crate) fn read(json: &'a str) -> Result<Self, DecodeError> {
        if let Some(plain) = Self::plain(json) {
            return Ok(plain);
        }
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

    /// The two common forms, which need no parser: a text without escapes and a whole number. `None` proves nothing.
    fn plain(json: &'a str) -> Option<Self> {
        match json.as_bytes() {
            [b'"', inner @ .., b'"'] => {
                // Every byte is looked at: a search that can stop early is slower on texts as short as these.
                let is_odd = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'\\');
                let odd = inner.iter().fold(false, |odd, &byte| odd | is_odd(byte));
                (!odd).then(|| Self::Text(Cow::Borrowed(&json[1..json.len() - 1])))
            }
            [b'0'] => Some(Self::Number(json)),
            [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => Some(Self::Number(json)),
            _ => None,
        }
    }
}

/// Implements [`serde::Deserialize`] of a type by its [`Decode`].
macro_rules! deserialize_by_decode {
    ($name:ident $(<$parameter:ident>)?) => {
        impl<'de, $($parameter: $crate::decode::Decode)?> serde::Deserialize<'de> for $name $(<$parameter>)? {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let json = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
                $crate::decode::Decode::from_json(json.get()).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use deserialize_by_decode;

#[cfg(test)]
mod tests {
    use super::Scalar;
    use serde_json::value::RawValue;

    #[test]
    fn what_is_read_without_a_parser_is_what_the_parser_reads() {
        let pieces = ["\"", "\\", "a", "é", "\n", "\u{7f}", "0", "7", "-", ".", "e", " ", "null", ""];
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    for fourth in pieces {
                        let json = [first, second, third, fourth].concat();
                        let Some(plain) = Scalar::plain(&json) else { continue };
                        assert!(serde_json::from_str::<&RawValue>(&json).is_ok(), "{json:?}");
                        match plain {
                            Scalar::Text(text) => {
                                assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
                            }
                            Scalar::Number(number) => assert_eq!(number, json),
                            Scalar::Other => panic!("{json:?} is no text and no number"),
                        }
                    }
                }
            }
        }
        let is_plain = |json| Scalar::plain(json).is_some();
        assert!(["\"\"", "\"100.00\"", "\"é\"", "0", "20"].into_iter().all(is_plain));
        assert!(!["", "\"", "01", "-1", "1.5", " 1", "\"\\n\"", "\"\n\"", "null"].into_iter().any(is_plain));
    }
}
