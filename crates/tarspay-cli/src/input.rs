//! Reads the input of commands: keys and bodies.

use crate::args::PrivateKeySource;
use crate::failure::Failure;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use tarspay::sign::{Parameters, PrivateKey, PublicKey};

const PRIVATE_KEY_VARIABLE: &str = "TARSPAY_PRIVATE_KEY";

/// The largest input that is read, in bytes: far above any body of the gateway.
const MAX_BYTES: u64 = 1024 * 1024;

/// The private key from its file, or else from the environment.
pub(crate) fn private_key(source: &PrivateKeySource) -> Result<PrivateKey, Failure> {
    let (text, place) = if let Some(path) = &source.key_file {
        if looks_like_a_key(path) {
            return Err(Failure::unreadable("--key-file takes the path of a file, not the key itself"));
        }
        (text(path, "the key file")?, format!("the key in {}", path.display()))
    } else {
        let text = std::env::var(PRIVATE_KEY_VARIABLE).map_err(|_| {
            // The error of `var` would show a value that is not Unicode.
            Failure::unreadable(format!("no private key: set {PRIVATE_KEY_VARIABLE} or give --key-file FILE"))
        })?;
        (text, format!("the key in {PRIVATE_KEY_VARIABLE}"))
    };
    PrivateKey::from_hex(text.trim()).map_err(|error| Failure::unreadable(place).caused_by(&error))
}

pub(crate) fn public_key(text: &str) -> Result<PublicKey, Failure> {
    PublicKey::from_hex(text).map_err(|error| Failure::unreadable("--public-key").caused_by(&error))
}

/// Whether a path is a key that was given by mistake, and so must not be repeated in a message.
fn looks_like_a_key(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    text.len() >= 60 && text.iter().all(u8::is_ascii_hexdigit)
}

/// The bytes of a file, or of standard input for `-`.
pub(crate) fn bytes(path: &Path, what: &str) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::unreadable(format!("cannot read {what}, {}", path.display())).caused_by(&error)
    };
    let mut bytes = Vec::new();
    let mut reader: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    reader.by_ref().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Failure::unreadable(format!("{what} is larger than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

/// The parameters of a request with a body in a file, or without one.
pub(crate) fn parameters(body: Option<&Path>) -> Result<Parameters, Failure> {
    let Some(path) = body else { return Ok(Parameters::none()) };
    let json = bytes(path, "the body")?;
    if json.iter().all(u8::is_ascii_whitespace) {
        return Err(Failure::unreadable("the body is empty; for a request without a body give --no-body"));
    }
    Parameters::from_json(&json).map_err(|error| Failure::unreadable("the body").caused_by(&error))
}

/// The text of a file, or of standard input for `-`.
pub(crate) fn text(path: &Path, what: &str) -> Result<String, Failure> {
    // The error of the conversion would hold the bytes of the key.
    String::from_utf8(bytes(path, what)?).map_err(|_| Failure::unreadable(format!("{what} is not text")))
}
