//! What was found: the mistakes, the text that was signed, and where it differs from the right one.

use crate::body::Body;
use crate::candidate::{Candidate, Part};
use crate::mistake::Mistake;
use crate::search::Match;
use std::borrow::Cow;
use std::fmt;
use tarspay_sign::{Digest, PublicKey};

/// What the signer did: the mistakes, the text that was signed, and the text that is expected.
///
/// The texts hold the values of the body: personal data, not for logs. `Debug` leaves them out.
#[derive(Clone)]
pub struct Finding {
    mistakes: Vec<Mistake>,
    equivalents: Vec<Vec<Mistake>>,
    members: Vec<String>,
    signed: Vec<u8>,
    expected: Option<Vec<u8>>,
    digest: Digest,
    signer: Signer,
    difference: Option<Difference>,
}

/// A public key, and the name that it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    pub(crate) key: PublicKey,
    pub(crate) name: Option<String>,
}

impl Signer {
    /// The key.
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// The name that was given with [`known_key`](crate::FailedSignature::known_key), if one was.
    pub fn known_as(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl Finding {
    pub(crate) fn new(
        found: Match,
        observed: &[Mistake],
        members: Vec<String>,
        expected: Option<Vec<u8>>,
        signer: Signer,
        spans: &Spans,
    ) -> Self {
        let mut all = found.lists.into_iter().map(|mut list| {
            list.extend_from_slice(observed);
            list.sort_unstable();
            list
        });
        let mistakes = all.next().unwrap_or_default();
        let equivalents = all.collect();
        let difference =
            expected.as_deref().and_then(|expected| Difference::between(&found.text, expected, spans));
        Self {
            mistakes,
            equivalents,
            members,
            signed: found.text,
            expected,
            digest: found.digest.into(),
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

    /// The names of the body's members that are not in the text: those of [`Mistake::MemberNotSigned`].
    pub fn members_not_signed(&self) -> &[String] {
        &self.members
    }

    /// The text that was signed; bytes that are not UTF-8 are replaced.
    pub fn signed_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.signed)
    }

    /// The bytes that were signed.
    pub fn signed_bytes(&self) -> &[u8] {
        &self.signed
    }

    /// The 32 bytes that were signed, however they were derived from the text.
    pub fn signed_digest(&self) -> Digest {
        self.digest
    }

    /// The text that the gateway expects; `None` if the body has no signing rule.
    pub fn expected_text(&self) -> Option<Cow<'_, str>> {
        self.expected.as_deref().map(String::from_utf8_lossy)
    }

    /// The bytes of [`expected_text`](Self::expected_text).
    pub fn expected_bytes(&self) -> Option<&[u8]> {
        self.expected.as_deref()
    }

    /// Where the two texts begin to differ; `None` if they are equal, and the mistake is in hash, key or encoding.
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

/// Bytes of context on either side.
const CONTEXT: usize = 24;

/// The first byte in which the text that was signed differs from the text that is expected.
///
/// The contexts hold values of the body: personal data, not for logs. `Debug` leaves them out.
#[derive(Clone, PartialEq, Eq)]
pub struct Difference {
    offset: usize,
    place: String,
    signed: String,
    expected: String,
}

impl Difference {
    pub(crate) fn between(signed: &[u8], expected: &[u8], spans: &Spans) -> Option<Self> {
        if signed == expected {
            return None;
        }
        let offset = common_prefix(signed, expected);
        Some(Self {
            offset,
            place: spans.place(offset),
            signed: context(signed, offset),
            expected: context(expected, offset),
        })
    }

    /// The number of leading bytes that the texts have in common.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The part of the expected text: "the path", or a member with its name. Names only, no values.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What was signed around the difference, at most 24 bytes on either side.
    pub fn signed_context(&self) -> &str {
        &self.signed
    }

    /// What is expected around the difference, at most 24 bytes on either side.
    pub fn expected_context(&self) -> &str {
        &self.expected
    }
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Difference")
            .field("offset", &self.offset)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// The number of leading bytes that two texts have in common.
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The text around an offset, cut between characters, with dots where it goes on.
fn context(text: &[u8], offset: usize) -> String {
    let is_inside = |position: usize| text.get(position).is_some_and(|byte| byte & 0xc0 == 0x80);
    let mut start = offset.saturating_sub(CONTEXT);
    // A character has at most four bytes; more bytes of this form are not UTF-8 and are replaced.
    (0..3).for_each(|_| start += usize::from(start < offset && is_inside(start)));
    let mut end = (offset + CONTEXT).min(text.len());
    (0..3).for_each(|_| end -= usize::from(end > offset && is_inside(end)));
    let dots = |more: bool| if more { "…" } else { "" };
    format!("{}{}{}", dots(start > 0), String::from_utf8_lossy(&text[start..end]), dots(end < text.len()))
}

/// The names of the parts of the expected text, by the offset at which each ends, its separator included.
pub(crate) struct Spans(Vec<(usize, String)>);

impl Spans {
    /// Of the text that the gateway expects.
    pub(crate) fn of(right: &Candidate, body: &Body<'_>) -> Self {
        let mut spans = Vec::new();
        if right.arrangement[0] != Some(Part::Method) {
            return Self(spans);
        }
        let mut end = 0;
        for (part, name) in
            [(right.method, "the method"), (&*right.path, "the path"), (&*right.nonce, "the nonce")]
        {
            end += part.len() + right.separator.len();
            spans.push((end, name.to_owned()));
        }
        let joiner = right.parameters.joiners.1.len();
        right.parameters.pairs(body, |field, length| {
            spans.push((end + length + joiner, format!("member {:?}", field.name)));
        });
        // Nothing follows the last one. Without members it is the nonce, and its separator does follow.
        if let Some((last, _)) = spans.last_mut().filter(|(last, _)| *last > end) {
            *last -= joiner;
        }
        Self(spans)
    }

    fn place(&self, offset: usize) -> String {
        if self.0.is_empty() {
            return "the JSON text".to_owned();
        }
        let after = self.0.partition_point(|&(end, _)| end <= offset);
        self.0.get(after).map_or_else(|| "the end".to_owned(), |(_, name)| name.clone())
    }
}
