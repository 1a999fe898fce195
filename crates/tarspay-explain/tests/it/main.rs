//! What users of `tarspay-explain` rely on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking, also in its helpers"
)]

mod aligned;
mod corpus;
mod corruptions;
mod explanations;
mod fuzz;

use tarspay_sign::PrivateKey;

/// The published test key of the vector K1.
pub(crate) const TEST_KEY: &str = "515eadf3e4b56219c8eed116ea3a3ec9f8645c7504c4edb1bc67bc2000f4425c";

/// How often a long search runs: a fifth of what `cargo xtask ci` does by setting `TARSPAY_LONG`.
pub(crate) fn rounds(all: u32) -> u32 {
    if std::env::var_os("TARSPAY_LONG").is_some() { all } else { all / 5 }
}

pub(crate) fn test_key() -> PrivateKey {
    PrivateKey::from_hex(TEST_KEY).unwrap()
}
