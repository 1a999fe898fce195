//! The maintainers' commands: `cargo xtask --help`.
#![forbid(unsafe_code)]

pub mod api;
pub mod bench;
pub mod browser;
pub mod ci;
pub mod features;
pub mod fuzz;
pub mod layers;
pub mod links;
mod markdown;
pub mod minimal;
pub mod pages;
pub mod promises;
pub mod release;
#[cfg(test)]
mod sandbox_page;
pub mod shell;
pub mod supply;
pub mod tree;
pub mod vectors;

/// The examples of the documents, compiled and run by `cargo test`.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/signing.md")]
    mod signing {}
    #[doc = include_str!("../../docs/sandbox.md")]
    mod sandbox {}
    #[doc = include_str!("../../crates/tarspay-sign/README.md")]
    mod sign {}
    #[doc = include_str!("../../crates/tarspay-explain/README.md")]
    mod explain {}
    #[doc = include_str!("../../crates/tarspay/README.md")]
    mod facade {}
}
