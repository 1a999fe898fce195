//! How certain a fact about a market is.

use std::fmt;

/// Where a fact comes from, and so how far it can be trusted.
///
/// "Not documented" is not a certainty: such a fact is absent, never guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Certainty {
    /// The vendor's documentation says it.
    Documented,
    /// A signature printed in the vendor's documentation proves it.
    ProvenBySignature,
    /// Seen in working merchant code, not in the documentation.
    SeenInClients,
    /// A conclusion; nobody states it.
    Inferred,
}

impl Certainty {
    /// The mark that `docs/markets.md` and `docs/wire.md` use: `[doc]`, `[verified]`, `[client]`,
    /// `[inferred]`.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Documented => "[doc]",
            Self::ProvenBySignature => "[verified]",
            Self::SeenInClients => "[client]",
            Self::Inferred => "[inferred]",
        }
    }

    /// Whether the vendor says it, in words or by a signature. Of a market's own rules only such a
    /// one can refuse a request.
    pub(crate) const fn is_the_vendors(self) -> bool {
        matches!(self, Self::Documented | Self::ProvenBySignature)
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Documented => "documented",
            Self::ProvenBySignature => "proven by a signature",
            Self::SeenInClients => "seen in clients",
            Self::Inferred => "inferred",
        })
    }
}
