//! Explanations as text for people.

use super::explanation::{Explanation, Outcome};
use super::finding::{Finding, Signer};
use super::mistake::Mistake;
use std::fmt;

/// An [`Explanation`] with both texts, by `Display`. Personal data, not for logs.
pub struct Report<'e>(&'e Explanation);

impl<'e> Report<'e> {
    pub(super) fn new(explanation: &'e Explanation) -> Self {
        Self(explanation)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        let Some(finding) = &self.0.finding else { return Ok(()) };
        // Escaped, so that a line end or a blank at the end can be seen.
        write!(f, "\nsigned:   {}", visible(&finding.signed_text()))?;
        if let Some(expected) = finding.expected_text() {
            write!(f, "\nexpected: {}", visible(&expected))?;
        }
        if let Some(difference) = finding.first_difference() {
            write!(f, "\naround the difference, signed:   {}", visible(difference.signed_context()))?;
            write!(f, "\naround the difference, expected: {}", visible(difference.expected_context()))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}

impl fmt::Display for Explanation {
    /// Mistakes, advice, places and public keys; no value of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.outcome {
            Outcome::NothingToExplain => "no mistake found in text, hash, key or encoding; look for another reason",
            Outcome::Explained => "the signature fits something else than what is expected:",
            Outcome::Unexplained => {
                "no likely mistake gives this signature; check that body, path and nonce are the ones that were \
                 signed, that the key is on secp256k1 (not P-256), and compare your own text byte by byte"
            }
            Outcome::SignatureMissing => "there is no signature",
            Outcome::SignatureUnreadable => {
                "the signature cannot be read as DER, raw r and s, hex or base64; send DER in hex"
            }
            Outcome::TooLarge => "too large to be looked at",
        })?;
        for mistake in self.mistakes() {
            write!(f, "\n- {} ({}): {}", mistake.what(), mistake.name(), mistake.advice())?;
        }
        if let Some(finding) = &self.finding {
            write_finding(f, finding)?;
        }
        if !self.recovered.is_empty() {
            f.write_str("\nif the expected text was signed, then with the private key of one of these:")?;
            for signer in &self.recovered {
                write!(f, "\n- {}", Named(signer))?;
            }
        }
        if self.outcome == Outcome::Unexplained && !self.complete {
            f.write_str("\nnot all mistakes were tried: a limit was met")?;
        }
        Ok(())
    }
}

fn write_finding(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    for names in finding.equivalents() {
        let names: Vec<_> = names.iter().map(|mistake| mistake.name()).collect();
        write!(f, "\nfor this body the same as: {}", names.join(", "))?;
    }
    if let Some(difference) = finding.first_difference() {
        write!(f, "\nfirst difference: byte {}, in {}", difference.offset(), difference.place())?;
    }
    if finding.mistakes().contains(&Mistake::OtherKey) {
        write!(f, "\nsigned by: {}", Named(finding.signer()))?;
    }
    Ok(())
}

struct Named<'s>(&'s Signer);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.known_as() {
            Some(name) => write!(f, "{} (known as {name:?})", self.0.key()),
            None => write!(f, "{} (not known)", self.0.key()),
        }
    }
}

/// Control characters made visible; everything else as it is.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 2);
    shown.push('`');
    for character in text.chars() {
        if character.is_control() || character == '\u{feff}' {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown.push('`');
    shown
}
