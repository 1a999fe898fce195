//! Writing results: text for people, one JSON object for machines.

use crate::failure::Failure;
use serde_json::Value;
use std::borrow::Cow;
use std::io::Write as _;

/// Writes one line to stdout, at once.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}")
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::unreadable("cannot write the result").caused_by(&error))
}

/// Writes one JSON object on one line.
pub(crate) fn json(value: &Value) -> Result<(), Failure> {
    line(&value.to_string())
}

/// Writes names and values, the values aligned.
pub(crate) fn table(rows: &[(&str, &str)]) -> Result<(), Failure> {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter().try_for_each(|(name, value)| line(&format!("{name:width$}  {value}")))
}

/// Text from outside as it is, but for control characters, which could move the cursor or hide what
/// was written.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}
