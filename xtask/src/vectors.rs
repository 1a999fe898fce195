//! The conformance suite for other languages: made from the code, and held against two that know nothing of it.

mod callbacks;
mod keys;
mod outside;
mod refused;
mod requests;
mod signatures;
mod suite;

use crate::shell::{Failure, root, say};
use std::fmt::Write as _;
use std::fs;
use suite::Suite;
use tarspay_sign::ErrorKind;

const FILE: &str = "crates/tarspay-sign/vectors/conformance.json";

/// Writes the suite, or with `check` compares it; then runs the independent checks.
///
/// # Errors
///
/// If the file cannot be read or written, is not current, or another implementation disagrees with a case.
pub fn run(check: bool) -> Result<(), Failure> {
    let path = root().join(FILE);
    let made = make()?;
    if check {
        let stands =
            fs::read_to_string(&path).map_err(|error| Failure::to(&format!("read {FILE}"), error))?;
        if stands != made {
            return Err(Failure::new(format!("{FILE} is not current; run `cargo xtask vectors`")));
        }
        say(&format!("vectors: {FILE} is current"));
    } else {
        fs::write(&path, made).map_err(|error| Failure::to(&format!("write {FILE}"), error))?;
        say(&format!("vectors: wrote {FILE}"));
    }
    for checker in outside::CHECKERS {
        match outside::check(checker, &path)? {
            outside::Verdict::Agrees(summary) => say(&format!("vectors: {summary}")),
            outside::Verdict::Skipped(reason) => {
                say(&format!("vectors: {}: skipped: {reason}", checker.name))
            }
            outside::Verdict::Disagrees(report) => {
                return Err(Failure::new(format!("{} disagrees:\n{report}", checker.name)));
            }
        }
    }
    Ok(())
}

fn make() -> Result<String, Failure> {
    let failed = |error| Failure::to("make a case of the suite", error);
    let suite = Suite {
        about: "Conformance suite for implementations of TarsPay's signatures in any language; see README.md and conformance.schema.json beside this file. The keys are published: never use them.",
        version: 1,
        keys: keys::cases().map_err(failed)?,
        requests: requests::cases().map_err(failed)?,
        refused_requests: refused::cases(),
        signatures: signatures::cases().map_err(failed)?,
        callbacks: callbacks::cases().map_err(failed)?,
    };
    let mut text =
        serde_json::to_string_pretty(&suite).map_err(|error| Failure::to("write the suite", error))?;
    text.push('\n');
    Ok(text)
}

/// The word for a refusal in the suite.
fn refusal(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidPrivateKey => "invalid_private_key",
        ErrorKind::InvalidPublicKey => "invalid_public_key",
        ErrorKind::InvalidNonce => "invalid_nonce",
        ErrorKind::InvalidPath => "invalid_path",
        ErrorKind::InvalidBody => "invalid_body",
        ErrorKind::UnsupportedValue => "unsupported_value",
        ErrorKind::MissingSignature => "missing",
        ErrorKind::MalformedSignature => "malformed",
        ErrorKind::SignatureMismatch => "mismatch",
        ErrorKind::BodyTooLarge => "too_large",
        // The schema knows no such word, so a case that comes here is found.
        _ => "unknown",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
