//! Two texts, one below the other, with a mark under the first difference.

use std::fmt;
use std::fmt::Write as _;

const BOTH: &str = "both:     ";
const SIGNED: &str = "signed:   ";
const EXPECTED: &str = "expected: ";

/// The fewest columns for the text of a row.
const LEAST_COLUMNS: usize = 10;

/// A text that was signed and the text that is expected, one below the other, with a mark under the first difference.
///
/// Whatever is not a visible character of ASCII is escaped, so that columns fit and characters that look alike differ:
/// `\u{e9}`, `\n`, `\\`, `\x{ff}` for a byte that is not UTF-8, and `\u{20}` for a blank at the end.
///
/// It shows values of the body: personal data, not for logs. `Debug` leaves them out.
///
/// ```
/// let aligned = tarspay_explain::Aligned::new("POST|/api|1|b=1&a=2", "POST|/api|1|a=2&b=1");
/// let rows = "
/// signed:   POST|/api|1|b=1&a=2
/// expected: POST|/api|1|a=2&b=1
///                       ^";
/// assert_eq!(aligned.to_string(), rows.trim_start());
/// ```
#[derive(Clone, Copy)]
pub struct Aligned<'t> {
    signed: &'t [u8],
    expected: &'t [u8],
    columns: usize,
}

impl<'t> Aligned<'t> {
    /// Two texts, each in one row.
    pub fn new(signed: &'t (impl AsRef<[u8]> + ?Sized), expected: &'t (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self { signed: signed.as_ref(), expected: expected.as_ref(), columns: usize::MAX }
    }

    /// Breaks the texts into rows of at most so many columns, or 20 if it is less.
    #[must_use]
    pub fn width(mut self, columns: usize) -> Self {
        self.columns = columns.saturating_sub(SIGNED.len()).max(LEAST_COLUMNS);
        self
    }
}

impl fmt::Display for Aligned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (signed, expected) = (shown(self.signed), shown(self.expected));
        let at = signed.iter().zip(&expected).take_while(|(signed, expected)| signed == expected).count();
        if self.signed == self.expected {
            let rows = rows(String::new(), &signed, self.columns);
            return f.write_str(&labelled(SIGNED, &rows).join("\n"));
        }
        let mut lines = rows(String::new(), &signed[..at], self.columns);
        let mut start = lines.pop().unwrap_or_default();
        let next = |text: &[String]| text.get(at).map_or(0, String::len);
        if !start.is_empty() && start.len() + next(&signed).max(next(&expected)) > self.columns {
            lines.push(std::mem::take(&mut start));
        }
        lines = labelled(BOTH, &lines);
        let mark = " ".repeat(SIGNED.len() + start.len()) + "^";
        let signed = labelled(SIGNED, &rows(start.clone(), &signed[at..], self.columns));
        let expected = labelled(EXPECTED, &rows(start, &expected[at..], self.columns));
        let (mut signed, mut expected) = (signed.into_iter(), expected.into_iter());
        lines.extend(signed.next());
        lines.extend(expected.next());
        lines.push(mark);
        // The rest of both, row by row.
        loop {
            let pair = [signed.next(), expected.next()];
            if pair.iter().all(Option::is_none) {
                return f.write_str(&lines.join("\n"));
            }
            lines.extend(pair.into_iter().flatten());
        }
    }
}

impl fmt::Debug for Aligned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aligned")
            .field("signed_bytes", &self.signed.len())
            .field("expected_bytes", &self.expected.len())
            .finish_non_exhaustive()
    }
}

fn labelled(label: &str, rows: &[String]) -> Vec<String> {
    rows.iter().map(|row| format!("{label}{row}")).collect()
}

/// Rows of at most so many columns, the first of which has begun.
fn rows(start: String, shown: &[String], columns: usize) -> Vec<String> {
    let mut rows = vec![start];
    for character in shown {
        match rows.last_mut() {
            Some(row) if row.is_empty() || row.len() + character.len() <= columns => row.push_str(character),
            _ => rows.push(character.clone()),
        }
    }
    rows
}

/// Each character as it is shown.
fn shown(text: &[u8]) -> Vec<String> {
    let mut shown = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        shown.extend(chunk.valid().chars().map(|character| match character {
            '\\' => "\\\\".to_owned(),
            ' '..='~' => character.to_string(),
            _ => character.escape_default().to_string(),
        }));
        for byte in chunk.invalid() {
            let mut escaped = String::new();
            // Writing to a `String` cannot fail.
            let _ = write!(escaped, "\\x{{{byte:02x}}}");
            shown.push(escaped);
        }
    }
    if let Some(last) = shown.last_mut().filter(|last| *last == " ") {
        last.replace_range(.., "\\u{20}");
    }
    shown
}
