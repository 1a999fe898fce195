//! The targets themselves, compiled from the crates.
#![allow(clippy::expect_used, clippy::panic, reason = "a target says that a property is broken by panicking")]

#[path = "../../../crates/tarspay-sign/tests/fuzz/callback.rs"]
pub(super) mod callback;
#[path = "../../../crates/tarspay-sign/tests/fuzz/canonical.rs"]
pub(super) mod canonical;
#[path = "../../../crates/tarspay-types/tests/fuzz/envelope.rs"]
pub(super) mod envelope;
#[path = "../../../crates/tarspay-types/tests/fuzz/examples.rs"]
mod examples;
#[path = "../../../crates/tarspay-explain/tests/fuzz/explain.rs"]
pub(super) mod explain;
#[path = "../../../crates/tarspay-sandbox/tests/fuzz/http.rs"]
pub(super) mod http;
#[path = "../../../crates/tarspay-types/tests/fuzz/models.rs"]
pub(super) mod models;
#[path = "../../../crates/tarspay-sign/tests/fuzz/signature.rs"]
pub(super) mod signature;
#[path = "../../../crates/tarspay-types/tests/fuzz/spellings.rs"]
mod spellings;
