//! Texts that belong to a person or lead to money, kept out of logs.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

use crate::decode::{Decode, DecodeError, Scalar, deserialize_by_decode};
use crate::error::{Error, ErrorKind};

/// A text that must not reach a log: a name, a phone number, an e-mail address, an account or wallet number, a
/// tax id, payment data, or free text that may repeat one of them.
///
/// `Debug` shows its length alone, and there is no `Display`; ask for [`as_str`](PrivateText::as_str) where the
/// text itself is wanted. Any text is allowed, the empty one too: in a request it is signed and sent as it is
/// (`docs/wire.md`, section 11). Which formats a market wants is not checked here.
///
/// **JSON**: written as a string, read from a string or a number, whose text is kept as it came.
///
/// ```
/// use tarspay_types::PrivateText;
///
/// let name = PrivateText::from("홍길동");
/// assert_eq!(name.as_str(), "홍길동");
/// assert_eq!(format!("{name:?}"), "PrivateText(3 characters)");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrivateText(String);

impl PrivateText {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateText({} characters)", self.0.chars().count())
    }
}

impl Deref for PrivateText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for PrivateText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for PrivateText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for PrivateText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<PrivateText> for String {
    fn from(text: PrivateText) -> Self {
        text.0
    }
}

impl Serialize for PrivateText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Decode for PrivateText {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        match Scalar::read(json)? {
            Scalar::Text(text) => Ok(Self(text.into_owned())),
            Scalar::Number(number) => Ok(Self(number.to_owned())),
            Scalar::Other => Err(Error::new("text", ErrorKind::WrongType).into()),
        }
    }
}

deserialize_by_decode!(PrivateText);
