//! What a request brings: the members of its JSON object or of its query, each under a name that the route knows.

use super::refused::Refused;
use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;

const PAGE: u32 = 100;
const LONGEST_PAGE: u32 = 1000;

#[derive(Debug, Default)]
pub(super) struct Input(Map<String, Value>);

impl Input {
    pub(super) fn from_members(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// No body is an empty object.
    pub(super) fn from_body(body: &[u8]) -> Result<Self, Refused> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(Refused::invalid("the body is no JSON object")),
            Err(error) => Err(Refused::invalid(format!("the body is no JSON object: {error}"))),
        }
    }

    pub(super) fn from_query(query: &str) -> Result<Self, Refused> {
        let mut members = Map::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            members.insert(decoded(name)?, Value::String(decoded(value)?));
        }
        Ok(Self(members))
    }

    /// Refuses members of other names: a misspelt one would have no effect.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Refused> {
        let Some(unknown) = self.0.keys().find(|name| !names.contains(&name.as_str())) else { return Ok(()) };
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Err(wrong(unknown, format!("is not known here; known: {known}")))
    }

    /// A member that may be absent or null.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refused> {
        self.get(name).map(|value| value.as_str().ok_or_else(|| wrong(name, "must be a text"))).transpose()
    }

    /// A text that its own type reads.
    pub(super) fn parsed<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<Option<T>, Refused> {
        self.text(name)?
            .map(|text| text.parse().map_err(|error| wrong(name, format!("cannot be used: {error}"))))
            .transpose()
    }

    /// A whole number; in a query it is text.
    pub(super) fn number<T: TryFrom<u64>>(&self, name: &str) -> Result<Option<T>, Refused> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value
            .as_u64()
            .or_else(|| value.as_str()?.parse().ok())
            .and_then(|number| T::try_from(number).ok())
            .map(Some)
            .ok_or_else(|| wrong(name, "must be a whole number that is not negative, and in range"))
    }

    /// How many things one answer lists.
    pub(super) fn limit(&self) -> Result<u32, Refused> {
        match self.number("limit")? {
            None => Ok(PAGE),
            Some(limit @ 1..=LONGEST_PAGE) => Ok(limit),
            Some(_) => Err(wrong("limit", format!("must be from 1 to {LONGEST_PAGE}"))),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Refused> {
        self.get(name)
            .map_or(Ok(false), |value| value.as_bool().ok_or_else(|| wrong(name, "must be true or false")))
    }
}

/// A member that must be there.
pub(super) fn required<T>(name: &str, value: Option<T>) -> Result<T, Refused> {
    value.ok_or_else(|| wrong(name, "is missing"))
}

/// A member that is wrong.
pub(super) fn wrong(name: &str, why: impl fmt::Display) -> Refused {
    Refused::invalid(format!("{:?} {why}", name.chars().take(64).collect::<String>()))
}

/// Percent signs and the plus of queries turned back.
pub(super) fn decoded(text: &str) -> Result<String, Refused> {
    let invalid = || Refused::invalid("the address is not percent-encoded UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = digit().zip(digit()).ok_or_else(invalid)?;
                u8::try_from(high * 16 + low).map_err(|_| invalid())?
            }
            b'+' => b' ',
            _ => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| invalid())
}
