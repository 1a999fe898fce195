//! What was found: the mistakes, and the text that was signed.

use super::difference::{Difference, Spans};
use super::mistake::Mistake;
use super::search::Hit;
use crate::{Digest, PublicKey};
use std::borrow::Cow;
use std::fmt;

/// What the signer did: the mistakes, the text that was signed, and the text that is expected.
///
/// The texts hold the values of the body: personal data, not for logs. `Debug` leaves them out.
#[derive(Clone)]
pub struct Finding {
    mistakes: Vec<Mistake>,
    equivalents: Vec<Vec<Mistake>>,
    signed: Vec<u8>,
    expected: Option<Vec<u8>>,
    digest: Digest,
    signer: Signer,
    difference: Option<Difference>,
}

/// A public key, and the name under which the inquiry knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    pub(super) key: PublicKey,
    pub(super) name: Option<String>,
}

impl Signer {
    /// The key.
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// The name that was given with [`known_key`](super::Inquiry::known_key), where one was.
    pub fn known_as(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl Finding {
    pub(super) fn new(
        hit: Hit,
        observed: &[Mistake],
        expected: Option<Vec<u8>>,
        signer: Signer,
        spans: &Spans,
    ) -> Self {
        let mut all = hit.names.into_iter().map(|mut names| {
            names.extend_from_slice(observed);
            names.sort_unstable();
            names
        });
        let mistakes = all.next().unwrap_or_default();
        let equivalents = all.collect();
        let difference =
            expected.as_deref().and_then(|expected| Difference::between(&hit.text, expected, spans));
        Self {
            mistakes,
            equivalents,
            signed: hit.text,
            expected,
            digest: hit.digest.into(),
            signer,
            difference,
        }
    }

    /// The mistakes, in the order of [`Mistake::ALL`]: the shortest list that gives what was signed.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// Other lists, as short, that give the same text for this body: another body would tell them apart.
    pub fn equivalents(&self) -> &[Vec<Mistake>] {
        &self.equivalents
    }

    /// The text that was signed; bytes that are no UTF-8 are replaced.
    pub fn signed_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.signed)
    }

    /// The bytes that were signed.
    pub fn signed_bytes(&self) -> &[u8] {
        &self.signed
    }

    /// The 32 bytes that the signature belongs to, however they were made of the text.
    pub fn signed_digest(&self) -> Digest {
        self.digest
    }

    /// The text that the gateway expects; `None` if the body has no signing rule.
    pub fn expected_text(&self) -> Option<Cow<'_, str>> {
        self.expected.as_deref().map(String::from_utf8_lossy)
    }

    /// Where the two texts begin to differ; `None` if they are equal, and the fault lies in hash, key or encoding.
    pub fn first_difference(&self) -> Option<&Difference> {
        self.difference.as_ref()
    }

    /// The key that signed.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// What to do, one sentence for each mistake.
    pub fn advice(&self) -> impl Iterator<Item = &'static str> {
        self.mistakes.iter().map(|mistake| mistake.advice())
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding")
            .field("mistakes", &self.mistakes)
            .field("signed_bytes", &self.signed.len())
            .field("difference", &self.difference)
            .field("signer", &self.signer)
            .finish_non_exhaustive()
    }
}
