//! The examples of the documents, compiled and run by `cargo test`. The maintainers' commands are in `main.rs`.
#![forbid(unsafe_code)]

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
