//! The conformance suite for other languages: made from the code, and held against two that know nothing of it.

mod callbacks;
mod keys;
mod outside;
mod refused;
mod requests;
mod signatures;
mod suite;

use crate::shell::{Failure, root, say, skip};
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
                skip(&format!("vectors: {}", checker.name), &reason);
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

#[cfg(test)]
mod tests {
    use super::outside::{CHECKERS, Verdict, check};
    use super::{make, root, say};
    use serde_json::Value;
    use std::fs;

    #[test]
    fn the_suite_is_current() {
        assert_eq!(fs::read_to_string(root().join(super::FILE)).unwrap(), make().unwrap());
    }

    #[test]
    fn every_rule_is_a_heading_of_the_page() {
        let page = fs::read_to_string(root().join("docs/signing.md")).unwrap();
        let anchors: Vec<String> = page
            .lines()
            .filter_map(|line| line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")))
            .map(|heading| heading.to_lowercase().replace(['.', '?', ','], "").replace(' ', "-"))
            .collect();
        let suite: Value = serde_json::from_str(&make().unwrap()).unwrap();
        for cases in suite.as_object().unwrap().values().filter_map(Value::as_array) {
            for case in cases {
                let rule = case["rule"].as_str().unwrap();
                assert!(anchors.iter().any(|anchor| anchor == rule), "{}: {rule}", case["id"]);
            }
        }
    }

    /// Turns over one statement of one case in each section; each checker must name that case.
    #[test]
    fn a_checker_refuses_a_suite_with_one_wrong_case() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conformance.json");
        let schema = "conformance.schema.json";
        fs::copy(root().join(super::FILE).with_file_name(schema), folder.path().join(schema)).unwrap();
        let changes = [
            ("/keys/0/public_key", Value::from("02".repeat(33))),
            ("/requests/0/digest", Value::from("00".repeat(32))),
            ("/requests/1/sent_body", Value::from("{}")),
            ("/refused_requests/0/refused_as", Value::from("invalid_body")),
            ("/signatures/1/high_s", Value::from(false)),
            ("/callbacks/0/form", Value::from("ordered")),
        ];
        for checker in CHECKERS {
            for (place, wrong) in &changes {
                let mut suite: Value = serde_json::from_str(&make().unwrap()).unwrap();
                let case = suite.pointer(place.rsplit_once('/').unwrap().0).unwrap();
                let id = case["id"].as_str().unwrap().to_owned();
                *suite.pointer_mut(place).unwrap() = wrong.clone();
                fs::write(&path, suite.to_string()).unwrap();
                match check(checker, &path).unwrap() {
                    Verdict::Disagrees(report) => assert!(report.contains(&id), "{place}: {report}"),
                    Verdict::Skipped(reason) => say(&format!("SKIPPED: {}: {reason}", checker.name)),
                    Verdict::Agrees(summary) => panic!("{place}: {summary}"),
                }
            }
        }
    }
}
