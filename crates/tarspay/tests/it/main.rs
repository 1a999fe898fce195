//! What users of `tarspay` rely on, over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its helpers"
)]
#![allow(clippy::duplicate_mod, reason = "both examples have a copy of what they share")]

#[cfg(feature = "blocking")]
mod blocking;
#[cfg(all(feature = "client", feature = "tower", feature = "axum"))]
mod booking;
mod callbacks;
#[cfg(feature = "client")]
mod calls;
#[cfg(feature = "client")]
mod chaos;
#[cfg(feature = "client")]
mod environment;
#[cfg(all(feature = "client", feature = "axum"))]
#[path = "../../examples/callback_axum.rs"]
#[allow(dead_code, unreachable_pub, reason = "the example as it stands")]
mod example_axum;
#[cfg(feature = "blocking")]
#[path = "../../examples/balance.rs"]
#[allow(dead_code, unreachable_pub, reason = "the example as it stands")]
mod example_balance;
#[cfg(all(feature = "client", feature = "tower"))]
#[path = "../../examples/callback_hyper.rs"]
#[allow(dead_code, unreachable_pub, reason = "the example as it stands")]
mod example_hyper;
#[cfg(feature = "blocking")]
#[path = "../../examples/withdrawals.rs"]
#[allow(dead_code, unreachable_pub, reason = "the example as it stands")]
mod example_withdrawals;
#[cfg(feature = "client")]
mod failures;
#[cfg(feature = "client")]
mod limits;
#[cfg(feature = "client")]
mod nonces;
#[cfg(feature = "client")]
mod personal;
#[cfg(feature = "client")]
mod placing;
#[cfg(all(feature = "client", feature = "tower", feature = "axum"))]
mod receivers;
#[cfg(feature = "client")]
mod scripted;
mod secrets;
#[cfg(feature = "client")]
mod signers;
#[cfg(feature = "testing")]
mod testing;
#[cfg(feature = "client")]
mod waiting;
