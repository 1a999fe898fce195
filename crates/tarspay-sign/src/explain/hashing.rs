//! The digest, and the wrong ones.

use super::mistake::Mistake;
use sha2::{Digest as _, Sha256};

/// From a text to the 32 bytes that were signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hashing {
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
    pub(super) const WRONG: [(Self, &'static [Mistake]); 8] = [
        (Self::Once, &[Mistake::HashedOnce]),
        (Self::ThreeTimes, &[Mistake::HashedThreeTimes]),
        (Self::Hex, &[Mistake::HexOfHashHashed]),
        (Self::UpperHex, &[Mistake::HexOfHashHashed]),
        (Self::HexThenTwice, &[Mistake::HashedThreeTimes, Mistake::HexOfHashHashed]),
        (Self::TwiceThenHex, &[Mistake::HashedThreeTimes, Mistake::HexOfHashHashed]),
        (Self::TwiceAsText, &[Mistake::DigestAsText]),
        (Self::OnceAsText, &[Mistake::HashedOnce, Mistake::DigestAsText]),
    ];

    /// Goes on from the first hash of the text.
    pub(super) fn finish(self, once: [u8; 32]) -> [u8; 32] {
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

pub(super) fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn first_half(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    bytes
}
