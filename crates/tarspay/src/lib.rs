//! Client for the TarsPay payment gateway: signed requests, typed responses, verified callbacks
//! (webhooks).
//!
#![cfg_attr(feature = "client", doc = include_str!("tour.md"))]
//!
//! # Layers
//!
//! This crate joins three others, which are re-exported and usable alone:
//!
//! | module | crate | what it does |
//! |---|---|---|
//! | [`types`] | `tarspay-types` | models: requests, responses, callbacks, markets, amounts, codes |
//! | [`sign`] | `tarspay-sign` | string to sign, keys, signatures, verification |
//! | [`transport`] | `tarspay-transport` | bytes over HTTPS: pool, TLS, deadlines, limits (feature `client`) |
//!
//! # Features
//!
//! | feature | default | what it adds | what it costs |
//! |---|---|---|---|
//! | `client` | yes | [`Client`] and [`transport`] | hyper, tokio, rustls |
//! | `webpki-roots` | yes | Mozilla's root certificates, compiled in | one crate |
//! | `platform-verifier` | no | `transport::Builder::platform_verifier` | a few crates, by platform |
//! | `tower` | no | `CallbackLayer` | `tower-layer`, and `http` crates and tokio, which a server has anyway |
//! | `axum` | no | `Verified<Callback>` as an extractor, `Acknowledged` | `axum-core`, and the same |
//! | `testing` | no | `testing::ScriptedGateway`: a gateway in memory, for your unit tests | nothing: parts of tokio |
//! | `blocking` | no | `blocking::Client`, for programs without async code | nothing |
//! | `tracing` | no | spans of calls and attempts, an event for every attempt | `tracing` |
//!
//! A feature only adds. Without default features the tree has no HTTP, async runtime or TLS. Types,
//! signing and callback verification remain.
//!
//! Paths such as `docs/wire.md` name pages of the repository.
#![cfg_attr(
    not(feature = "client"),
    allow(rustdoc::broken_intra_doc_links, reason = "the tables name what the client adds")
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(feature = "client")]
mod call;
mod callback;
#[cfg(feature = "client")]
mod client;
mod credentials;
#[cfg(feature = "client")]
mod engine;
mod env;
mod error;
#[cfg(feature = "client")]
mod place;
#[cfg(feature = "client")]
mod raw;
#[cfg(feature = "client")]
mod retry;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "client")]
mod trace;
#[cfg(feature = "client")]
mod wait;

pub use tarspay_sign as sign;
#[cfg(feature = "client")]
pub use tarspay_transport as transport;
pub use tarspay_types as types;

#[cfg(feature = "client")]
pub use call::Call;
#[cfg(feature = "axum")]
pub use callback::extract::Acknowledged;
#[cfg(any(feature = "axum", feature = "tower"))]
pub use callback::http::CallbackRejection;
#[cfg(feature = "tower")]
pub use callback::layer::{CallbackLayer, CallbackService};
pub use callback::signed::SignedCallback;
pub use callback::{CallbackVerifier, Verified};
#[cfg(feature = "client")]
pub use client::{Client, ClientBuilder, PRODUCTION_URL};
pub use credentials::Credentials;
#[cfg(feature = "client")]
pub use credentials::{Signer, Signing};
pub use error::{Error, ErrorKind};
#[cfg(feature = "client")]
pub use place::{Matches, OrderRequest, Place, Placeable, Placed};
#[cfg(feature = "client")]
pub use raw::RawRequest;
#[cfg(feature = "client")]
pub use retry::RetryPolicy;
#[cfg(feature = "client")]
pub use wait::{DEFAULT_WAIT, Wait, Waited};
