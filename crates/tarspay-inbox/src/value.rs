//! What goes into a statement and what comes out of one, the same for both engines.

use crate::Error;
use std::fmt;
use std::sync::Arc;
use tarspay::types::Amount;

/// A parameter of a statement: an integer, a text, bytes, or NULL of one of these.
///
/// Made by `into` from `i64`, `i32`, `bool`, `&str`, `String`, `Vec<u8>`, [`Amount`] (as its text),
/// and their `Option`s. `Debug` does not show the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Value(pub(crate) Data);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Data {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Data::Int(None) | Data::Text(None) | Data::Bytes(None) => "NULL",
            Data::Int(_) => "integer",
            Data::Text(_) => "text",
            Data::Bytes(_) => "bytes",
        })
    }
}

macro_rules! from {
    ($($from:ty => $kind:ident, |$value:ident| $into:expr;)*) => { $(
        impl From<$from> for Value {
            fn from($value: $from) -> Self {
                Self(Data::$kind(Some($into)))
            }
        }

        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self(Data::$kind(value.map(|$value| $into)))
            }
        }
    )* };
}

from! {
    i64 => Int, |value| value;
    i32 => Int, |value| i64::from(value);
    bool => Int, |value| i64::from(value);
    &str => Text, |value| value.to_owned();
    String => Text, |value| value;
    Amount => Text, |value| String::from(value);
    Vec<u8> => Bytes, |value| value;
}

impl Value {
    fn is_null(&self) -> bool {
        matches!(self.0, Data::Int(None) | Data::Text(None) | Data::Bytes(None))
    }
}

/// A row of a result. `Debug` does not show the values.
#[derive(Clone)]
pub struct Row {
    pub(crate) names: Arc<[String]>,
    pub(crate) values: Vec<Value>,
}

impl Row {
    /// The value of a column: `i64`, `bool`, `String`, `Vec<u8>`, [`Amount`], or an `Option` of
    /// one.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database) if the result has no column of this name, or it
    /// holds something else. Select decimals as text: `CAST(amount AS TEXT)`.
    pub fn get<T: FromValue>(&self, name: &str) -> Result<T, Error> {
        let value = self.names.iter().position(|known| known == name).and_then(|at| self.values.get(at));
        value.and_then(T::from_value).ok_or_else(|| Error::column(name))
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("columns", &self.names).finish_non_exhaustive()
    }
}

/// A type that [`Row::get`] reads.
pub trait FromValue: Sized {
    /// `None` if the value is of another type.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! into {
    ($($kind:ident, |$value:ident| $into:expr => $to:ty;)*) => { $(
        impl FromValue for $to {
            fn from_value(value: &Value) -> Option<Self> {
                match &value.0 {
                    Data::$kind(Some($value)) => $into,
                    _ => None,
                }
            }
        }
    )* };
}

into! {
    Int, |value| Some(*value) => i64;
    Int, |value| Some(*value != 0) => bool;
    Text, |value| Some(value.clone()) => String;
    Text, |value| Amount::parse(value).ok() => Amount;
    Bytes, |value| Some(value.clone()) => Vec<u8>;
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::from_value(value).map(Some) }
    }
}
