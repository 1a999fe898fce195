//! The response: what is known about a signature that fails.

use super::finding::{Finding, Signer};
use super::mistake::Mistake;
use super::report::Report;
use std::fmt;

/// Why a signature fails, as far as it can be told.
///
/// This is **not** a verification. No outcome accepts anything, and none converts into a type that does: to accept a
/// request or a callback, use [`PublicKey::verify`](crate::PublicKey::verify) or
/// [`CallbackVerifier`](crate::CallbackVerifier).
///
/// `Display` and `Debug` name mistakes, places and public keys, never a value of the body, so both may go to a log;
/// [`report`](Self::report) shows the texts.
#[derive(Clone)]
#[must_use = "an explanation is there to be shown"]
pub struct Explanation {
    pub(super) outcome: Outcome,
    pub(super) finding: Option<Finding>,
    pub(super) recovered: Vec<Signer>,
    pub(super) noticed: Vec<Mistake>,
    pub(super) candidates: usize,
    pub(super) complete: bool,
}

/// How an inquiry ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// No mistake: the refusal, if there was one, has another reason. Not a verification.
    NothingToExplain,
    /// Mistakes were found; see [`Explanation::finding`].
    Explained,
    /// No likely mistake gives this signature; see [`Explanation::recovered_keys`].
    Unexplained,
    /// The signature has no characters.
    SignatureMissing,
    /// The signature is in no known encoding, or `r` or `s` is out of range.
    SignatureUnreadable,
    /// The inquiry has more than [`MAX_INQUIRY_BYTES`](super::MAX_INQUIRY_BYTES).
    TooLarge,
}

impl Explanation {
    pub(super) fn without_search(outcome: Outcome) -> Self {
        Self {
            outcome,
            finding: None,
            recovered: Vec::new(),
            noticed: Vec::new(),
            candidates: 0,
            complete: false,
        }
    }

    pub(super) fn explained(finding: Finding) -> Self {
        if finding.mistakes().is_empty() {
            return Self::without_search(Outcome::NothingToExplain);
        }
        let noticed = finding.mistakes().to_vec();
        Self { finding: Some(finding), noticed, ..Self::without_search(Outcome::Explained) }
    }

    pub(super) fn unexplained(recovered: Vec<Signer>, noticed: &[Mistake]) -> Self {
        Self { recovered, noticed: noticed.to_vec(), ..Self::without_search(Outcome::Unexplained) }
    }

    pub(super) fn counted(self, candidates: usize, complete: bool) -> Self {
        Self { candidates, complete, ..self }
    }

    /// How the inquiry ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What the signer did. There is at most one: a signature belongs to one text.
    pub fn finding(&self) -> Option<&Finding> {
        self.finding.as_ref()
    }

    /// The mistakes of the finding; without a finding, what is wrong with the encoding of the signature alone.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.noticed
    }

    /// When nothing is found: the public keys that fit this signature if the *expected* text was signed, and whether
    /// one of them is known. If another text was signed they mean nothing, and differ from request to request; a key
    /// that comes back for each request is the one that signs.
    pub fn recovered_keys(&self) -> &[Signer] {
        &self.recovered
    }

    /// How many different digests were compared with the keys.
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    /// Whether all likely mistakes were tried, and no limit cut the search short.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// A report with both texts. It holds the values of the body: personal data, not for logs.
    pub fn report(&self) -> Report<'_> {
        Report::new(self)
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
