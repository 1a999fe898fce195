//! One suite over both engines, against a sandbox over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its helpers"
)]

mod applying;
mod opening;
mod operating;
mod placing;
mod plans;
mod postgres;
mod receiving;
mod settling;
mod world;
