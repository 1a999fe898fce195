//! The result: what is known about a signature that fails, as values and as text for people.

use crate::aligned::Aligned;
use crate::finding::{Finding, Signer};
use crate::mistake::Mistake;
use std::fmt;

/// Why a signature fails, as far as it is known.
///
/// This is **not** a verification. No outcome accepts anything, and none converts into a type that does. To accept a
/// request or a callback, use [`PublicKey::verify`](tarspay_sign::PublicKey::verify) or
/// [`CallbackVerifier`](tarspay_sign::CallbackVerifier).
///
/// `Display` and `Debug` name mistakes, places and public keys, never a value of the body, so both may be logged;
/// [`report`](Self::report) shows the texts.
#[derive(Clone)]
#[must_use = "an explanation is for people to read"]
pub struct Explanation {
    pub(crate) outcome: Outcome,
    pub(crate) finding: Option<Finding>,
    pub(crate) recovered: Vec<Signer>,
    noticed: Vec<Mistake>,
    pub(crate) candidates: usize,
    text_bytes: usize,
    pub(crate) complete: bool,
}

/// How the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// No mistake was found: a refusal has another reason. Not a verification.
    NothingToExplain,
    /// Mistakes were found; see [`Explanation::finding`].
    Explained,
    /// No likely mistake gives this signature; see [`Explanation::recovered_keys`].
    Unexplained,
    /// The signature is empty.
    SignatureMissing,
    /// The signature is in no known encoding, or `r` or `s` is out of range.
    SignatureUnreadable,
    /// The input has more than [`MAX_INPUT_BYTES`](crate::MAX_INPUT_BYTES).
    TooLarge,
}

impl Explanation {
    pub(crate) fn without_search(outcome: Outcome) -> Self {
        Self {
            outcome,
            finding: None,
            recovered: Vec::new(),
            noticed: Vec::new(),
            candidates: 0,
            text_bytes: 0,
            complete: false,
        }
    }

    pub(crate) fn explained(finding: Finding) -> Self {
        if finding.mistakes().is_empty() {
            return Self::without_search(Outcome::NothingToExplain);
        }
        let noticed = finding.mistakes().to_vec();
        Self { finding: Some(finding), noticed, ..Self::without_search(Outcome::Explained) }
    }

    pub(crate) fn unexplained(recovered: Vec<Signer>, noticed: &[Mistake]) -> Self {
        Self { recovered, noticed: noticed.to_vec(), ..Self::without_search(Outcome::Unexplained) }
    }

    pub(crate) fn counted(self, (candidates, text_bytes): (usize, usize), complete: bool) -> Self {
        Self { candidates, text_bytes, complete, ..self }
    }

    /// How the search ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What the signer did. There is at most one: a signature belongs to one text.
    pub fn finding(&self) -> Option<&Finding> {
        self.finding.as_ref()
    }

    /// The mistakes of the finding; without a finding, what can be seen on signature, path, nonce and body alone.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.noticed
    }

    /// If nothing was found: the public keys that fit this signature if the *expected* text was signed, and whether one
    /// of them is known. If another text was signed, they are meaningless and differ from request to request; a key that
    /// appears for each request is the one that signs.
    pub fn recovered_keys(&self) -> &[Signer] {
        &self.recovered
    }

    /// How many different digests were compared with the keys.
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    /// How many bytes of text were built for them; a short text counts as 256.
    pub fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// Whether all likely mistakes were tried, before any limit was reached.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// A report with both texts. It holds the values of the body: personal data, not for logs.
    pub fn report(&self) -> Report<'_> {
        Report { explanation: self, columns: usize::MAX }
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation")
            .field("outcome", &self.outcome)
            .field("finding", &self.finding)
            .field("recovered", &self.recovered)
            .field("candidates", &self.candidates)
            .field("complete", &self.complete)
            .finish_non_exhaustive()
    }
}

/// An [`Explanation`] with both texts, [aligned](Aligned), by `Display`. Personal data, not for logs.
pub struct Report<'e> {
    explanation: &'e Explanation,
    columns: usize,
}

impl Report<'_> {
    /// Breaks the texts into rows of at most so many columns. Default: each text is one row.
    #[must_use]
    pub fn width(mut self, columns: usize) -> Self {
        self.columns = columns;
        self
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.explanation.fmt(f)?;
        let Some(finding) = &self.explanation.finding else { return Ok(()) };
        // Without a difference the mistake is not in the text, and both are the same.
        let expected = finding.expected_bytes().filter(|_| finding.first_difference().is_some());
        let aligned = Aligned::new(finding.signed_bytes(), expected.unwrap_or(finding.signed_bytes()));
        write!(f, "\n{}", aligned.width(self.columns))
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.explanation, f)
    }
}

impl fmt::Display for Explanation {
    /// Mistakes, advice, places and public keys; no value of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.outcome {
            Outcome::NothingToExplain => "no mistake found in text, hash, key or encoding; look for another reason",
            Outcome::Explained => "the signature fits something other than what is expected:",
            Outcome::Unexplained if !self.noticed.is_empty() => {
                "no likely mistake gives this signature; what can be seen without it:"
            }
            Outcome::Unexplained => {
                "no likely mistake gives this signature; check that body, path and nonce are the ones that were \
                 signed, that the key is on secp256k1 (not P-256), and compare your own text byte by byte"
            }
            Outcome::SignatureMissing => "the signature is missing",
            Outcome::SignatureUnreadable => {
                "the signature cannot be read as DER, raw r and s, hex or base64; send DER in hex"
            }
            Outcome::TooLarge => "body and path are too large to look at",
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
            f.write_str("\nnot all mistakes were tried: a limit was reached")?;
        }
        Ok(())
    }
}

fn write_finding(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    for names in finding.equivalents() {
        let names: Vec<_> = names.iter().map(|mistake| mistake.name()).collect();
        write!(f, "\nfor this body the same as: {}", names.join(", "))?;
    }
    for name in finding.members_not_signed() {
        write!(f, "\nnot in the text: member {name:?}")?;
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
