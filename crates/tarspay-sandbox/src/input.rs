//! The members of a JSON object or of a query, each read by its name. An error is a sentence that names the member.

use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;

const PAGE: u32 = 100;
const LONGEST_PAGE: u32 = 1000;

#[derive(Debug, Default)]
pub(crate) struct Input(Map<String, Value>);

impl Input {
    pub(crate) fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    pub(crate) fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Refuses members of other names: a misspelt one would have no effect.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), String> {
        let Some(unknown) = self.0.keys().find(|name| !names.contains(&name.as_str())) else { return Ok(()) };
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Err(wrong(unknown, format!("is not known here; known: {known}")))
    }

    /// A member that may be absent or null.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, String> {
        self.get(name).map(|value| value.as_str().ok_or_else(|| wrong(name, "must be a text"))).transpose()
    }

    /// A text that its own type reads.
    pub(crate) fn parsed<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<Option<T>, String> {
        self.text(name)?
            .map(|text| text.parse().map_err(|error| wrong(name, format!("cannot be used: {error}"))))
            .transpose()
    }

    /// A whole number; in a query it is text.
    pub(crate) fn number<T: TryFrom<u64>>(&self, name: &str) -> Result<Option<T>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value
            .as_u64()
            .or_else(|| value.as_str()?.parse().ok())
            .and_then(|number| T::try_from(number).ok())
            .map(Some)
            .ok_or_else(|| wrong(name, "must be a whole number that is not negative, and in range"))
    }

    /// The length of a list.
    pub(crate) fn limit(&self) -> Result<u32, String> {
        match self.number("limit")? {
            None => Ok(PAGE),
            Some(limit @ 1..=LONGEST_PAGE) => Ok(limit),
            Some(_) => Err(wrong("limit", format!("must be from 1 to {LONGEST_PAGE}"))),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, String> {
        self.get(name)
            .map_or(Ok(false), |value| value.as_bool().ok_or_else(|| wrong(name, "must be true or false")))
    }
}

/// A member that must be there.
pub(crate) fn required<T>(name: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| wrong(name, "is missing"))
}

/// An error about a member.
pub(crate) fn wrong(name: &str, why: impl fmt::Display) -> String {
    format!("{} {why}", quoted(name))
}

/// A name from outside, escaped and cut.
pub(crate) fn quoted(name: &str) -> String {
    const LONGEST: usize = 64;
    let more = if name.chars().nth(LONGEST).is_some() { "…" } else { "" };
    format!("{:?}", name.chars().take(LONGEST).collect::<String>() + more)
}
