//! The search: each candidate, each hash, each key, within fixed limits.

use crate::candidate::{Body, Candidate};
use crate::changes::Change;
use crate::mistake::Mistake;
use crate::signature::Targets;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;

/// The largest number of digests that are compared with the keys.
pub const MAX_CANDIDATES: usize = 5_000;

/// The largest number of bytes of text that are built, which limits the search for a large body.
pub const MAX_TEXT_BYTES: usize = 32 * 1024 * 1024;

/// What the signature fits.
pub(crate) struct Match {
    pub(crate) text: Vec<u8>,
    pub(crate) digest: [u8; 32],
    /// The index of the key in the list.
    pub(crate) key: usize,
    /// All lists of mistakes that give this digest; the shortest first.
    pub(crate) lists: Vec<Vec<Mistake>>,
}

pub(crate) struct Search<'s> {
    body: &'s Body<'s>,
    targets: &'s Targets<'s>,
    /// The first hash of the right text.
    right: Option<[u8; 32]>,
    seen: HashSet<[u8; 32]>,
    built_bytes: usize,
    found: Option<Match>,
    complete: bool,
}

impl<'s> Search<'s> {
    pub(crate) fn new(body: &'s Body<'s>, targets: &'s Targets<'s>) -> Self {
        Self { body, targets, right: None, seen: HashSet::new(), built_bytes: 0, found: None, complete: true }
    }

    /// Tries the right text, then each change, then each pair of changes.
    pub(crate) fn run(&mut self, right: &Candidate, changes: &[Change]) {
        self.try_right(right);
        self.try_candidate(right, &[], true);
        let mut in_pairs = Vec::new();
        for change in changes {
            let mut candidate = right.clone();
            (change.apply)(&mut candidate);
            let changes_text = self.try_candidate(&candidate, &[change], true);
            // A change without effect, such as Latin-1 for plain ASCII, has none beside another change either.
            if changes_text && !change.alone {
                in_pairs.push(change);
            }
        }
        for (position, first) in in_pairs.iter().enumerate() {
            for second in &in_pairs[position + 1..] {
                if first.place & second.place != 0 {
                    continue;
                }
                let mut candidate = right.clone();
                (first.apply)(&mut candidate);
                (second.apply)(&mut candidate);
                self.try_candidate(&candidate, &[first, second], false);
            }
        }
    }

    /// The result: what fits, how many digests were compared, and whether no limit was reached.
    pub(crate) fn finish(self) -> (Option<Match>, usize, bool) {
        let found = self.found.map(|mut found| {
            found.lists.sort_by_key(Vec::len);
            let shortest = found.lists.first().map_or(0, Vec::len);
            found.lists.retain(|list| list.len() == shortest);
            let mut unique = HashSet::new();
            found.lists.retain(|list| unique.insert(list.clone()));
            found
        });
        (found, self.seen.len(), self.complete)
    }

    /// With the ordinary verifier, so that a signature which it accepts is never called unexplained.
    fn try_right(&mut self, right: &Candidate) {
        let text = right.text(self.body);
        let digest = Hashing::Twice.finish(hash(&text));
        self.seen.insert(digest);
        if let Some(key) = self.targets.key_by_verifying(digest) {
            self.found = Some(Match { text, digest, key, lists: vec![Vec::new()] });
        }
    }

    /// Returns whether the text differs from the right one.
    fn try_candidate(&mut self, candidate: &Candidate, changes: &[&Change], any_hash: bool) -> bool {
        if self.built_bytes > MAX_TEXT_BYTES {
            self.complete = false;
            return false;
        }
        let text = candidate.text(self.body);
        self.built_bytes += text.len();
        let once = hash(&text);
        self.try_digest(&text, Hashing::Twice.finish(once), changes, &[]);
        if any_hash {
            for (hashing, mistakes) in Hashing::WRONG {
                self.try_digest(&text, hashing.finish(once), changes, mistakes);
            }
        }
        once != *self.right.get_or_insert(once)
    }

    fn try_digest(&mut self, text: &[u8], digest: [u8; 32], changes: &[&Change], hashed: &[Mistake]) {
        let mistakes = || {
            let mut mistakes: Vec<Mistake> =
                changes.iter().flat_map(|change| &change.mistakes).chain(hashed).copied().collect();
            mistakes.sort_unstable();
            mistakes.dedup();
            mistakes
        };
        if let Some(found) = &mut self.found {
            // A signature fits one text: from here on, only other explanations of it are of interest.
            if found.digest == digest {
                found.lists.push(mistakes());
            }
        } else if self.seen.contains(&digest) {
            // The same digest in another way, and known not to fit.
        } else if self.seen.len() >= MAX_CANDIDATES {
            self.complete = false;
        } else {
            self.seen.insert(digest);
            if let Some(key) = self.targets.key_for(digest) {
                self.found = Some(Match { text: text.to_vec(), digest, key, lists: vec![mistakes()] });
            }
        }
    }
}

/// From a text to the 32 bytes that were signed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hashing {
    Twice,
    Once,
    ThreeTimes,
    /// The hex text of the first hash, hashed.
    Hex,
    UpperHex,
    /// The same, hashed once more by the signer.
    HexThenTwice,
    /// The hex text of the second hash, hashed by the signer.
    TwiceThenHex,
    /// The first 32 characters of the hex text of the second hash, and of the first.
    TwiceAsText,
    OnceAsText,
}

impl Hashing {
    const WRONG: [(Self, &'static [Mistake]); 8] = [
        (Self::Once, &[Mistake::HashedOnce]),
        (Self::ThreeTimes, &[Mistake::HashedThreeTimes]),
        (Self::Hex, &[Mistake::HexOfHashHashed]),
        (Self::UpperHex, &[Mistake::HexOfHashHashed]),
        (Self::HexThenTwice, &[Mistake::HashedThreeTimes, Mistake::HexOfHashHashed]),
        (Self::TwiceThenHex, &[Mistake::HashedThreeTimes, Mistake::HexOfHashHashed]),
        (Self::TwiceAsText, &[Mistake::DigestAsText]),
        (Self::OnceAsText, &[Mistake::HashedOnce, Mistake::DigestAsText]),
    ];

    /// The 32 bytes, given the first hash of the text.
    pub(crate) fn finish(self, once: [u8; 32]) -> [u8; 32] {
        match self {
            Self::Once => once,
            Self::Twice => hash(&once),
            Self::ThreeTimes => hash(&hash(&once)),
            Self::Hex => hash(hex::encode(once).as_bytes()),
            Self::UpperHex => hash(hex::encode_upper(once).as_bytes()),
            Self::HexThenTwice => hash(&hash(hex::encode(once).as_bytes())),
            Self::TwiceThenHex => hash(hex::encode(hash(&once)).as_bytes()),
            Self::TwiceAsText => first_half(&hex::encode(hash(&once))),
            Self::OnceAsText => first_half(&hex::encode(once)),
        }
    }
}

pub(crate) fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn first_half(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    bytes
}
