//! Writing results: text for people, one JSON object for machines. Every text is escaped here.

use crate::failure::Failure;
use anstyle::AnsiColor;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;
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

/// Writes text of our own, such as a script: several lines.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    write(text).map(drop)
}

/// What the first word of a line means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    Good,
    Bad,
    Warning,
}

impl Mark {
    /// The word, escaped, in the colour of its meaning. anstream removes the colour again where it is not wanted:
    /// in a file or a pipe, with NO_COLOR, or with CLICOLOR=0.
    fn paint(self, word: &str) -> String {
        let style = match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
        };
        format!("{style}{}{style:#}", printable(word))
    }
}

/// Writes one line whose first word is in a colour, if colours are wanted.
pub(crate) fn marked(mark: Mark, word: &str, rest: &str) -> Result<(), Failure> {
    let blank = if rest.is_empty() { "" } else { " " };
    write(&format!("{}{blank}{}\n", mark.paint(word), printable(rest))).map(drop)
}

/// How many columns the terminal has; 100 without one.
pub(crate) fn columns() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0))
}

fn write(lines: &str) -> Result<bool, Failure> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(lines.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::usage("cannot write the result").caused_by(&error)),
    }
}

/// Writes the line with which a server says that it is ready, and where; `false` if nobody reads it.
pub(crate) fn ready(server: &str, facts: &[(&str, Value)]) -> Result<bool, Failure> {
    if is_json() {
        let mut event = json!({ "event": "ready" });
        for (name, fact) in facts {
            event[name] = fact.clone();
        }
        return line_if_read(&printable_json(&event.to_string()));
    }
    let mut line = server.to_owned();
    for (name, fact) in facts {
        let fact = fact.as_str().map_or_else(|| fact.to_string(), ToOwned::to_owned);
        line.extend([" ", name, " ", &fact]);
    }
    line_if_read(&line)
}

/// Whether what is written to stdout is lost.
pub(crate) fn is_discarded() -> bool {
    #[cfg(unix)]
    return is_null(&std::io::stdout());
    #[cfg(not(unix))]
    false
}

/// Whether it is the null device, which a closed stream becomes when the program starts.
#[cfg(unix)]
fn is_null(stream: &impl std::os::fd::AsFd) -> bool {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    let stream = stream.as_fd().try_clone_to_owned().map(std::fs::File::from);
    let Ok(stream) = stream.and_then(|file| file.metadata()) else { return true };
    stream.file_type().is_char_device()
        && std::fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == stream.rdev())
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

/// Writes these lines to a file that must not exist yet, for its owner alone. A crash right after does
/// not lose them.
pub(crate) fn new_file(path: &Path, lines: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{lines}")?;
    file.sync_all()?;
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Writes one line to stderr. If stderr is closed, it is lost.
pub(crate) fn message(text: &str) {
    let _ = writeln!(anstream::stderr(), "{}", printable(text));
}

/// Writes the reason of a failure to stderr, likewise.
pub(crate) fn failure(reason: &str) {
    let _ = writeln!(anstream::stderr(), "{} {}", Mark::Bad.paint("tarspay:"), printable(reason));
}

/// Writes one line to stderr, or with `--json` this object; `false` if nobody can read it.
pub(crate) fn note(text: &str, json: &Value) -> bool {
    let line = if is_json() { printable_json(&json.to_string()) } else { printable(text) };
    let is_written = writeln!(std::io::stderr(), "{line}").is_ok();
    #[cfg(unix)]
    let is_written = is_written && !is_null(&std::io::stderr());
    is_written
}

/// Rewrites the status line, if stderr is a terminal; an empty text removes it.
pub(crate) fn status(text: &str) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() && !is_json() {
        let _ = write!(stderr, "\r\u{1b}[K{}", printable(text)).and_then(|()| stderr.flush());
    }
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
