//! Reads the input of commands: keys, documents and environment variables.

use crate::failure::{Failure, with_causes};
use crate::output;
use std::env::VarError;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use tarspay::sign::{Nonce, Parameters, PublicKey};

const MARK: char = '\u{feff}';

/// The largest input that is read, in bytes: far above any body of the gateway.
const MAX_BYTES: u64 = 1024 * 1024;

pub(crate) fn public_key(text: &str) -> Result<PublicKey, Failure> {
    text.parse().map_err(|error| Failure::usage("--public-key").caused_by(&error))
}

pub(crate) fn nonce(text: &str) -> Result<Nonce, Failure> {
    bare(text).parse().map_err(|error| Failure::usage("--nonce").caused_by(&error))
}

/// The hex digits of a signature, or what else was given in their place.
pub(crate) fn signature(text: &str) -> &str {
    let text = bare(text);
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text)
}

/// An argument without what a file or a program has around it: white space, a byte order mark, quotes.
pub(crate) fn bare(text: &str) -> &str {
    let is_around = |character: char| character.is_whitespace() || character == MARK;
    let text = text.trim_matches(is_around);
    let quoted = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    quoted.unwrap_or(text).trim()
}

/// An environment variable, without white space around it. An empty one counts as not set.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        // The error would show the value.
        Err(VarError::NotUnicode(_)) => Err(Failure::usage(format!("{name} is not UTF-8"))),
    }
}

/// A document of a file, or of standard input for `-`, as [`plain`] text.
pub(crate) fn document(path: &Path, what: &str) -> Result<Vec<u8>, Failure> {
    plain(bytes(path, what)?, what)
}

/// A document without a byte order mark, and UTF-16 as UTF-8. Editors and shells write these, gateways
/// do not. A note on stderr says so.
pub(crate) fn plain(bytes: Vec<u8>, what: &str) -> Result<Vec<u8>, Failure> {
    let wide = "is UTF-16, and is read as UTF-8";
    let (note, document) = match bytes.as_slice() {
        [0xef, 0xbb, 0xbf, rest @ ..] => {
            (Some("begins with a byte order mark, which is left out"), Some(rest.to_vec()))
        }
        [0xff, 0xfe, rest @ ..] => (Some(wide), utf8(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => (Some(wide), utf8(rest, u16::from_be_bytes)),
        _ => (None, Some(bytes)),
    };
    if let Some(note) = note {
        output::message(&format!("tarspay: {what} {note}"));
    }
    let document = document.ok_or_else(|| {
        Failure::usage(format!("{what} holds half a character of UTF-16; save it as UTF-8"))
    })?;
    if document.starts_with(MARK.to_string().as_bytes()) {
        let reason = format!("{what} begins with two byte order marks; save it as UTF-8 without them");
        return Err(Failure::usage(reason));
    }
    if let Some(at) = document.iter().position(|byte| *byte == 0) {
        let reason = format!(
            "{what} is not text: byte {} is NUL, as in UTF-16 without a byte order mark; save it as UTF-8",
            at + 1
        );
        return Err(Failure::usage(reason));
    }
    Ok(document)
}

fn utf8(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Vec<u8>> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    text.ok().map(String::into_bytes)
}

/// The bytes of a file, or of standard input for `-`.
pub(crate) fn bytes(path: &Path, what: &str) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::usage(format!("cannot read {what}, {}", path.display())).caused_by(&error)
    };
    let mut bytes = Vec::new();
    let mut reader: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    reader.by_ref().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Failure::usage(format!("{what} is larger than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

/// The body of a request that has one.
pub(crate) fn body(path: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let json = document(path, "the body")?;
    if json.trim_ascii().is_empty() {
        return Err(Failure::usage("the body is empty; for a request without a body give --no-body"));
    }
    Ok(json)
}

/// The parameters of a body; an empty one is that of a request without a body.
pub(crate) fn parameters(body: &[u8]) -> Result<Parameters, Failure> {
    if body.is_empty() {
        return Ok(Parameters::none());
    }
    Parameters::from_json(body).map_err(|error| Failure::usage(with_causes(&error)))
}

/// The text of a document.
pub(crate) fn text(path: &Path, what: &str) -> Result<String, Failure> {
    String::from_utf8(document(path, what)?).map_err(|error| {
        // The error itself would hold the bytes.
        let at = error.utf8_error().valid_up_to() + 1;
        Failure::usage(format!("{what} is not text: byte {at} is not UTF-8"))
    })
}
