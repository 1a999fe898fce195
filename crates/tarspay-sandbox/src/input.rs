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

    pub(crate) fn into_members(self) -> Map<String, Value> {
        self.0
    }

    pub(crate) fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Refuses members of other names: a misspelt one would have no effect.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), String> {
        let Some(unknown) = self.0.keys().find(|name| !names.contains(&name.as_str())) else { return Ok(()) };
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        // What does not look like a name may be a value, and a secret one.
        let is_name = |name: &str| {
            name.len() <= 40 && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_' || it == b'-')
        };
        let shown = if is_name(unknown) { quoted(unknown) } else { "a member".to_owned() };
        let meant = nearest(unknown, names);
        Err(format!("{shown} is not known here; known: {known}{meant}"))
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
    pub(crate) fn count(&self, name: &str) -> Result<u32, String> {
        match self.number(name)? {
            None => Ok(PAGE),
            Some(count @ 1..=LONGEST_PAGE) => Ok(count),
            Some(_) => Err(wrong(name, format!("must be from 1 to {LONGEST_PAGE}"))),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, String> {
        self.get(name)
            .map_or(Ok(false), |value| value.as_bool().ok_or_else(|| wrong(name, "must be true or false")))
    }
}

/// Asks whether the name that is nearest to an unknown one was meant, if one is near.
pub(crate) fn nearest(unknown: &str, names: &[&str]) -> String {
    let unknown = unknown.get(..SHOWN).unwrap_or(unknown);
    let distances = names.iter().map(|name| (distance(unknown, name), *name));
    let near = distances.filter(|(distance, name)| *distance <= name.len() / 3).min();
    near.map_or_else(String::new, |(_, name)| format!("; did you mean {name}?"))
}

/// How many bytes are to be put in, left out or changed.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, left) in from.bytes().zip(1..) {
        let mut diagonal = std::mem::replace(&mut row[0], left);
        for (at, other) in to.bytes().enumerate() {
            let changed = diagonal + usize::from(above != other);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}

/// A member that must be there.
pub(crate) fn required<T>(name: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| wrong(name, "is missing"))
}

/// An error about a member.
pub(crate) fn wrong(name: &str, why: impl fmt::Display) -> String {
    format!("{} {why}", quoted(name))
}

/// The most of a text from outside that a message repeats, in characters.
const SHOWN: usize = 64;

/// A name from outside, quoted, escaped and cut.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", cut(name))
}

/// A text from outside, escaped and cut.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text[..end].escape_debug()),
        None => text.escape_debug().to_string(),
    }
}
