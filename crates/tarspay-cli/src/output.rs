//! Writing results: text for people, one JSON object for machines. Every text is escaped here.

use crate::failure::Failure;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::sync::OnceLock;

static JSON: OnceLock<bool> = OnceLock::new();

/// Sets, once, whether this run of the program writes JSON.
pub(crate) fn set_json(json: bool) {
    JSON.get_or_init(|| json);
}

/// Whether results and errors are written as JSON, by `--json`.
pub(crate) fn is_json() -> bool {
    JSON.get().is_some_and(|json| *json)
}

/// Writes one line to stdout, at once. It is not an error if its reader has gone, as after
/// `| head -1`: the command has done what it was asked.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    line_if_read(text).map(drop)
}

/// Writes one line to stdout, at once; `false` if its reader has gone.
pub(crate) fn line_if_read(text: &str) -> Result<bool, Failure> {
    write(&format!("{}\n", printable(text)))
}

fn write(lines: &str) -> Result<bool, Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(lines.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::usage("cannot write the result").caused_by(&error)),
    }
}

/// Whether what is written to stdout is lost: it is the null device, which a closed stdout becomes
/// when the program starts.
pub(crate) fn is_discarded() -> bool {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
        let stdout = std::io::stdout().as_fd().try_clone_to_owned().map(std::fs::File::from);
        let Ok(stdout) = stdout.and_then(|file| file.metadata()) else { return true };
        stdout.file_type().is_char_device()
            && std::fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == stdout.rdev())
    }
    #[cfg(not(unix))]
    false
}

/// Writes one JSON object on one line.
pub(crate) fn json(value: &Value) -> Result<(), Failure> {
    line(&printable_json(&value.to_string()))
}

/// Writes names and values, the values aligned.
pub(crate) fn table(rows: &[(&str, &str)]) -> Result<(), Failure> {
    table_if_read(rows).map(drop)
}

/// Writes names and values at once; `false` if their reader has gone.
pub(crate) fn table_if_read(rows: &[(&str, &str)]) -> Result<bool, Failure> {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |(name, value): &(&str, &str)| printable(&format!("{name:width$}  {value}")) + "\n";
    write(&rows.iter().map(line).collect::<String>())
}

/// Writes one line to stderr. If stderr is closed, it is lost.
pub(crate) fn message(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", printable(text));
}

/// Text without what could move the cursor, hide what was written or change its order.
fn printable(text: &str) -> String {
    escaped(text, |escaped, character| escaped.extend(character.escape_default()))
}

/// JSON with the same value, likewise.
pub(crate) fn printable_json(json: &str) -> String {
    escaped(json, |escaped, character| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a `String` cannot fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    })
}

fn escaped(text: &str, escape: fn(&mut String, char)) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_harmful(character) { escape(&mut escaped, character) } else { escaped.push(character) }
    }
    escaped
}

/// Control characters (ESC, BEL, C1, line ends), line and paragraph separators, and the characters
/// of Unicode that are not seen or change the direction.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}
