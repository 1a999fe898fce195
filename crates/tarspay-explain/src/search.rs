//! The search: each candidate with each hash, likely ones first, within fixed limits.

use crate::body::Body;
use crate::candidate::Candidate;
use crate::changes::{Change, Weight};
use crate::mistake::Mistake;
use crate::signature::Signers;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use sha3::{Keccak256, Sha3_256, Sha3_384, Sha3_512};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The most digests that are compared with the keys, unless [`max_candidates`](crate::FailedSignature::max_candidates)
/// sets another limit.
pub const MAX_CANDIDATES: usize = 5_000;

/// Bytes of text that may be built for each digest. Few bodies are longer; for those fewer digests are compared.
pub(crate) const TEXT_BYTES: usize = 2_048;

/// What building a short text counts as.
const LEAST_BYTES: usize = 256;

/// What the signature fits.
pub(crate) struct Match {
    pub(crate) candidate: Candidate,
    pub(crate) text: Vec<u8>,
    pub(crate) digest: [u8; 32],
    /// The index of the key in the list.
    pub(crate) key: usize,
    /// The shortest lists of mistakes that give this digest, likely ones first.
    pub(crate) lists: Vec<Vec<Mistake>>,
}

/// A way to a digest: up to two changes, and a hash of [`WRONG_HASHES`].
#[derive(Clone, Copy)]
struct Way {
    changes: [Option<usize>; 2],
    hash: Option<usize>,
}

const RIGHT: Way = Way { changes: [None, None], hash: None };

pub(crate) struct Search<'s> {
    body: &'s Body<'s>,
    signers: &'s Signers<'s>,
    right: Candidate,
    changes: Vec<Change>,
    limit: usize,
    built_bytes: usize,
    digests: Vec<[u8; 32]>,
    /// All ways to each digest, by its index.
    ways: Vec<Vec<Way>>,
    known: HashMap<[u8; 32], usize>,
    /// How many of the digests were compared with the keys, and the one that fits, with the key.
    compared: usize,
    found: Option<(usize, usize)>,
    complete: bool,
}

impl<'s> Search<'s> {
    /// Compares up to `limit` digests, the cheap and likely ones first, so that a low limit misses what is unlikely.
    pub(crate) fn new(
        body: &'s Body<'s>,
        signers: &'s Signers<'s>,
        right: Candidate,
        changes: Vec<Change>,
        limit: usize,
    ) -> Self {
        let (digests, ways, known) = (Vec::new(), Vec::new(), HashMap::new());
        let (built_bytes, compared, found, complete) = (0, 0, None, true);
        let mut search = Self {
            body,
            signers,
            right,
            changes,
            limit,
            built_bytes,
            digests,
            ways,
            known,
            compared,
            found,
            complete,
        };
        search.run();
        search
    }

    fn run(&mut self) {
        let right = self.add(RIGHT, WRONG_HASHES.len());
        self.compare();
        if self.found.is_some() {
            return;
        }
        // A change without effect, such as Latin-1 for plain ASCII, has none beside another change either.
        let mut effective = self.of_weight(|weight| weight < Weight::Alone);
        effective.retain(|&index| self.add_one(index, 0) != right);
        let (everyday, usual): (Vec<_>, Vec<_>) =
            effective.iter().copied().partition(|&index| self.changes[index].weight == Weight::Everyday);
        self.add_each(&everyday, EVERYDAY_HASHES);
        self.add_pairs(&everyday, &everyday);
        let alone = self.of_weight(|weight| weight == Weight::Alone);
        self.add_each(&alone, 0);
        self.compare();
        if self.found.is_some_and(|(index, _)| self.shortest(index) == 1) {
            return;
        }
        self.add_each(&effective, COMMON_HASHES);
        self.add_each(&alone, COMMON_HASHES);
        self.add_pairs(&everyday, &usual);
        self.add_pairs(&usual, &usual);
        let last = self.of_weight(|weight| weight == Weight::Last);
        self.add_each(&last, 0);
        self.compare();
    }

    fn of_weight(&self, fits: impl Fn(Weight) -> bool) -> Vec<usize> {
        (0..self.changes.len()).filter(|&index| fits(self.changes[index].weight)).collect()
    }

    fn compare(&mut self) {
        if self.found.is_none() {
            let offset = self.compared;
            let found = self.signers.find(&self.digests[offset..], offset == 0);
            self.found = found.map(|(index, key)| (offset + index, key));
            self.compared = self.digests.len();
        }
    }

    fn shortest(&self, index: usize) -> usize {
        self.ways[index].iter().map(|way| self.mistakes(*way).len()).min().unwrap_or_default()
    }

    /// Returns the digest without a wrong hash.
    fn add_one(&mut self, index: usize, hashes: usize) -> Option<[u8; 32]> {
        self.add(Way { changes: [Some(index), None], hash: None }, hashes)
    }

    fn add_each(&mut self, indices: &[usize], hashes: usize) {
        for &index in indices {
            self.add_one(index, hashes);
        }
    }

    /// Pairs of one change from each list; of each pair within one list, once.
    fn add_pairs(&mut self, firsts: &[usize], seconds: &[usize]) {
        let is_one_list = firsts == seconds;
        for &first in firsts {
            for &second in seconds {
                let is_new = !is_one_list || first < second;
                if is_new && self.changes[first].place & self.changes[second].place == 0 {
                    self.add(Way { changes: [Some(first), Some(second)], hash: None }, 0);
                }
            }
        }
    }

    /// Adds the digest of a text, and those with the first so many wrong hashes.
    fn add(&mut self, way: Way, hashes: usize) -> Option<[u8; 32]> {
        if self.built_bytes >= self.limit * TEXT_BYTES {
            self.complete = false;
            return None;
        }
        let text = self.candidate(way).text(self.body);
        self.built_bytes += text.len().max(LEAST_BYTES);
        let once = sha256(&text);
        let right = sha256(&once);
        self.add_digest(way, right);
        for (index, (_, hash)) in WRONG_HASHES[..hashes].iter().enumerate() {
            self.add_digest(Way { hash: Some(index), ..way }, hash(&text, &once));
        }
        Some(right)
    }

    fn add_digest(&mut self, way: Way, digest: [u8; 32]) {
        let next = self.digests.len();
        let index = match self.known.entry(digest) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(_) if next >= self.limit => {
                self.complete = false;
                return;
            }
            Entry::Vacant(new) => *new.insert(next),
        };
        if index == next {
            self.digests.push(digest);
            self.ways.push(Vec::new());
        }
        self.ways[index].push(way);
    }

    fn candidate(&self, way: Way) -> Candidate {
        let mut candidate = self.right.clone();
        for index in way.changes.into_iter().flatten() {
            (self.changes[index].apply)(&mut candidate);
        }
        candidate
    }

    fn mistakes(&self, way: Way) -> Vec<Mistake> {
        let changes = way.changes.into_iter().flatten().flat_map(|index| &self.changes[index].mistakes);
        let hash = way.hash.into_iter().flat_map(|index| WRONG_HASHES[index].0);
        let mut mistakes: Vec<_> = changes.chain(hash).copied().collect();
        mistakes.sort_unstable();
        mistakes.dedup();
        mistakes
    }

    /// What a known key has signed.
    pub(crate) fn found(&self) -> Option<Match> {
        let (index, key) = self.found?;
        let mut ways: Vec<_> = self.ways[index].iter().map(|way| (self.mistakes(*way), *way)).collect();
        ways.sort_by_key(|(mistakes, _)| mistakes.len());
        let shortest = ways[0].0.len();
        ways.retain(|(mistakes, _)| mistakes.len() == shortest);
        let candidate = self.candidate(ways[0].1);
        let mut lists: Vec<Vec<Mistake>> = Vec::new();
        for (mistakes, _) in ways {
            if !lists.contains(&mistakes) {
                lists.push(mistakes);
            }
        }
        let text = candidate.text(self.body);
        Some(Match { candidate, text, digest: self.digests[index], key, lists })
    }

    /// How many digests were compared, and how many bytes of text were built for them.
    pub(crate) fn work(&self) -> (usize, usize) {
        (self.digests.len(), self.built_bytes)
    }

    /// Whether all was tried before a limit was reached.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }
}

/// A wrong way from a text and its first hash to the 32 bytes that are signed.
type WrongHash = (&'static [Mistake], fn(&[u8], &[u8; 32]) -> [u8; 32]);

/// How many of [`WRONG_HASHES`] are tried with everyday changes before others, and how many with any change.
const EVERYDAY_HASHES: usize = 3;
const COMMON_HASHES: usize = 9;

/// [`WRONG_HASHES`]: the listed ones, and four for each other hash: of the digest, of the first hash, of the text, and twice.
macro_rules! wrong_hashes {
    ([$($listed:expr,)*] $($hash:ty: $mistake:ident,)*) => {
        &[
            $($listed,)*
            $(
                (&[Mistake::$mistake], |_, once| other::<$hash>(&sha256(once))),
                (&[Mistake::HashedOnce, Mistake::$mistake], |_, once| other::<$hash>(once)),
                (&[Mistake::$mistake], |text, _| other::<$hash>(text)),
                (&[Mistake::$mistake], |text, _| other::<$hash>(&<$hash>::digest(text))),
            )*
        ]
    };
}

const WRONG_HASHES: &[WrongHash] = wrong_hashes! {
    [
        (&[Mistake::HashedOnce], |_, once| *once),
        (&[Mistake::HashedThreeTimes], |_, once| sha256(&sha256(once))),
        (&[Mistake::HashedWithSha1], |_, once| other::<Sha1>(&sha256(once))),
        (&[Mistake::HexOfHashHashed], |_, once| sha256(hex::encode(once).as_bytes())),
        (&[Mistake::HexOfHashHashed], |_, once| sha256(hex::encode_upper(once).as_bytes())),
        // Hashed once more by the signer: the hex text of the first hash, and of the second.
        (&[Mistake::HashedThreeTimes, Mistake::HexOfHashHashed], |_, once| {
            sha256(&sha256(hex::encode(once).as_bytes()))
        }),
        (&[Mistake::HashedThreeTimes, Mistake::HexOfHashHashed], |_, once| {
            sha256(hex::encode(sha256(once)).as_bytes())
        }),
        // The first 32 characters of a hex text.
        (&[Mistake::DigestAsText], |_, once| leftmost(hex::encode(sha256(once)).as_bytes())),
        (&[Mistake::HashedOnce, Mistake::DigestAsText], |_, once| leftmost(hex::encode(once).as_bytes())),
        (&[Mistake::HashedOnce, Mistake::HashedWithSha1], |_, once| other::<Sha1>(once)),
        (&[Mistake::HexOfHashHashed, Mistake::HashedWithSha1], |_, once| {
            other::<Sha1>(hex::encode(sha256(once)).as_bytes())
        }),
        (&[Mistake::HashedWithSha1], |text, _| other::<Sha1>(text)),
    ]
    Sha384: HashedWithSha512,
    Sha512: HashedWithSha512,
    Sha3_256: HashedWithSha3,
    Sha3_384: HashedWithSha3,
    Sha3_512: HashedWithSha3,
    Keccak256: HashedWithSha3,
};

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The number that ECDSA takes from another hash: its leftmost 32 bytes, or all of a shorter one.
fn other<H: Digest>(bytes: &[u8]) -> [u8; 32] {
    let hash = H::digest(bytes);
    let mut padded = [0; 32];
    let start = 32_usize.saturating_sub(hash.len());
    padded[start..].copy_from_slice(&hash[..32 - start]);
    padded
}

fn leftmost(text: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
    bytes
}
