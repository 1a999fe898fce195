//! A local TarsPay gateway: real HTTP, real signatures, no account, no network.
//!
//! There is no public test environment. This one runs in your tests or beside your program, verifies every request as
//! the gateway is documented to, and responds with the documented envelope and error codes. Where the documentation is
//! silent it is stricter, because that finds bugs: see [`Sandbox`].
//!
//! ```
//! use tarspay_sandbox::{Error, Sandbox};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Error> {
//!     let sandbox = Sandbox::start().await?; // a free port of 127.0.0.1
//!     println!("{} for merchant {}", sandbox.base_url(), sandbox.merchant().merchant_no());
//!
//!     // Point a client at `sandbox.base_url()` with the credentials of `sandbox.merchant()`.
//!     sandbox.stop().await;
//!     Ok(())
//! }
//! ```
//!
//! # Orders and callbacks
//!
//! Orders come in over HTTP, signed, as at the real gateway; you, the operator, move them along. Each step changes the balance
//! and adds a callback to the merchant, in one transaction. Callbacks are delivered in the background;
//! [`settle`](Sandbox::settle) waits for them, so a test needs no sleep:
//!
//! ```
//! use std::time::Duration;
//! use tarspay_sandbox::{Error, Fault, Sandbox};
//!
//! async fn a_response_is_lost(sandbox: &Sandbox) -> Result<(), Error> {
//!     sandbox.inject(Fault::drop_connection().after_commit().on_path("/api/pay/unifiedOrder"));
//!
//!     // … your client creates a deposit, and must find out that it exists …
//!     for order in sandbox.orders()? {
//!         sandbox.pay(&order.pay_order_id)?;
//!     }
//!     sandbox.settle().await;
//!     for callback in sandbox.callbacks()? {
//!         println!("{} {:?} after {} attempts", callback.state, callback.status, callback.attempts.len());
//!     }
//!     sandbox.clock().advance(Duration::from_secs(30 * 60)); // what is unpaid times out
//!     Ok(())
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! #     let sandbox = Sandbox::start().await.unwrap();
//! #     a_response_is_lost(&sandbox).await.unwrap();
//! # }
//! ```
//!
//! # Why was my signature refused?
//!
//! A call that is refused because its signature is malformed or does not fit comes with the mistake, if it is a known
//! one: the header `X-Sandbox-Explain` has its stable name, `msg` says it in a sentence, and
//! [`EventKind::Called`] in the event log says what to do. None of them holds a value of the body. The call as it came, with
//! what had to be signed, is in [`Sandbox::recorded_call`] and on its page. The call stays refused,
//! and accepted calls do not wait for it; see [`SignatureExplanation`] and [`Builder::explain`].
//!
//! # From other languages
//!
//! The same over HTTP: under `/_sandbox/` of [`base_url`](Sandbox::base_url) there is a control API in JSON, for programs
//! that are not written in Rust. `GET /_sandbox/health` shows where to start, and `GET /_sandbox/openapi.json`
//! describes the calls of the gateway for tools. It accepts requests whose `Host` is loopback
//! and whose `Origin` is missing or its own, so that no web page can drive it.
//!
//! # For people
//!
//! `/` of [`base_url`](Sandbox::base_url) shows pages: how to start, calls with request and response, orders, callbacks with
//! their attempts, merchants, the clock, and the log. The
//! `payUrl` of a deposit is its cashier page, where a payer's part is played by buttons. The rules for access are those of the control
//! API.
//!
//! # Side by side
//!
//! Many sandboxes run side by side in one process, each with its own port, keys and state. With
//! [`Builder::data`] the state is in a file and is there after a restart.
#![forbid(unsafe_code)]

/// Defines a number by which the sandbox knows a thing.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident($type:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub struct $name(pub(crate) $type);

        impl $name {
            /// The thing with this number, which may not exist.
            pub fn from_number(number: $type) -> Self {
                Self(number)
            }

            /// The number: 1 for the first one of a sandbox.
            pub fn number(self) -> $type {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

mod api;
mod builder;
mod callback;
mod clock;
mod deliver;
mod error;
mod event;
mod explain;
mod fault;
mod faults;
mod gateway;
mod guard;
mod input;
mod keys;
mod life;
mod merchant;
mod operator;
mod order;
mod page;
mod plan;
mod receiver;
mod recorded;
mod sandbox;
mod scenario;
mod schedule;
mod server;
mod store;
mod timekeeper;
mod web;

pub use builder::Builder;
pub use callback::{Attempt, CallbackFilter, CallbackId, CallbackStatus, OutgoingCallback, TestCallback};
pub use error::{Error, ErrorKind};
pub use event::{Event, EventKind, EventTail, SignatureExplanation};
pub use fault::{Fault, FaultId};
pub use guard::refuse_web_pages;
pub use merchant::{CurrencyBalance, Fee, KeySettings, MerchantStatus, RegisteredKey, RegisteredMerchant};
pub use operator::TimeControl;
pub use order::{Order, OrderFilter, PlannedStep, StateChange};
pub use recorded::RecordedCall;
pub use sandbox::{Sandbox, TestMerchant};
pub use scenario::Scenario;

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
