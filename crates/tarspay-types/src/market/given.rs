//! What a check reads of a member, and what a report may show of it.

use std::borrow::Cow;

use super::check::{AMOUNT, CURRENCY, WAY};
use crate::scalar::Scalar;

/// A member as the gateway would see it.
pub(super) enum Given<'a> {
    /// Absent or null, which are the same (`docs/wire.md`, section 11).
    Nothing,
    /// A text that is empty or has blanks only.
    Empty,
    Text(Cow<'a, str>),
    Integer(&'a str),
    Boolean,
    /// What no signing rule is known for.
    NotFlat,
}

impl<'a> Given<'a> {
    pub(super) fn read(json: Option<&'a str>) -> Self {
        match json.map(str::trim) {
            None | Some("null") => Self::Nothing,
            Some("true" | "false") => Self::Boolean,
            Some(json) => match Scalar::read(json) {
                Ok(Scalar::Text(text)) if text.trim().is_empty() => Self::Empty,
                Ok(Scalar::Text(text)) => Self::Text(text),
                Ok(Scalar::Number(number)) if !number.contains(['.', 'e', 'E']) => Self::Integer(number),
                Ok(Scalar::Number(_) | Scalar::Other) | Err(_) => Self::NotFlat,
            },
        }
    }
}

/// A value as a report may show it.
pub(super) fn shown(field: &str, text: &str) -> String {
    if [AMOUNT, CURRENCY, WAY].contains(&field) {
        return format!("`{}`", cut(text, 40));
    }
    match text.chars().count() {
        1 => "1 character".into(),
        count => format!("{count} characters"),
    }
}

/// The text without control characters, and not longer than this many of its own.
pub(super) fn cut(text: &str, longest: usize) -> String {
    let mut cut: String = text.chars().take(longest).flat_map(char::escape_debug).collect();
    if text.chars().nth(longest).is_some() {
        cut.push('…');
    }
    cut
}
