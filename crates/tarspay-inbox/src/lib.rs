//! Durable orders and callbacks (webhooks) in your own SQLite or PostgreSQL, each applied once.
//!
#![cfg_attr(feature = "sqlite", doc = include_str!("tour.md"))]
//!
//! # What is promised
//!
//! | event | what happens |
//! |---|---|
//! | a crash at any point of a placing | the row was written before; a worker of any process resumes it under the same number |
//! | the same request is placed again, while its row is kept | the order as it is; another request under the number is an error |
//! | a callback comes twice, late, or in another order | the newest fact by state and amount paid is applied; the others are kept as superseded |
//! | a callback never comes | the order is queried, less often the older it is, until it has ended |
//! | a refund that no callback reports | found within a day, for 30 days; both can be set |
//! | a forged callback, or another merchant's | refused and counted, not stored |
//! | a handler fails, panics, or kills its process | it gets the fact again, later each time; after 8 attempts the order is parked |
//! | two ends that exclude each other, or less paid than before | the order is queried; if the gateway says so too, the order is parked |
//! | nobody answers | the order stays open. It never counts as failed for that |
//!
//! **In the database, an effect happens exactly once**, because it and the mark that it was applied commit together.
//! **Outside of it**, such as a mail, it happens at least once: pass [`Fact::effect_key`] on to whoever can notice a
//! repetition.
//!
//! # With your own driver
//!
//! A handler needs no transaction of this crate. It runs one of its own, by any driver or in
//! another language, on the same database, and makes [`SETTLE`] the last statement before `COMMIT`:
//!
//! ```sql
//! INSERT INTO tarspay_settle (id, lease) VALUES (…);
//! ```
//!
//! If the lease was lost, that statement fails and the whole transaction is rolled back. In a
//! savepoint, which a driver could undo alone, SQLite rolls back all the same, and PostgreSQL ends
//! the connection. It has to be the last one because a server can answer a `COMMIT` with a rollback
//! that drivers do not report; the statement reports it. The view's insert reports no count of
//! rows: only an error says that the lease was lost. `docs/inbox.md` of the repository has a program
//! for each driver.
//!
//! Before an order is sent, [`Inbox::place_withdrawal_with`] and [`Inbox::place_deposit_with`] write
//! your own rows in the transaction that writes the order's: so the amount of a payout leaves a
//! balance once.
//!
//! # Tables
//!
//! `tarspay_orders` has a row for each order, `tarspay_events` one for each thing that the gateway
//! has said. A request can hold a payee's data: its row has it until the order is known to exist.
//! The pay URL stays until the deposit has ended. Afterwards there is nothing personal but what
//! callbacks have. [`Inbox::prune`] deletes orders that have ended and are not queried any more. The
//! inbox does not know them afterwards, nor that they were applied: placed again, or replayed after a
//! late callback, such an order is applied again.
//!
//! # Features
//!
//! | feature | what it adds | what it costs |
//! |---|---|---|
//! | `sqlite` | [`Inbox::sqlite`](Inbox#method.sqlite), for one machine | rusqlite, with SQLite built in |
//! | `postgres` | [`Inbox::postgres`](Inbox#method.postgres), for any number of machines | tokio-postgres |
//!
//! None is on by default; without one the crate is empty.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![cfg(any(feature = "sqlite", feature = "postgres"))]

mod engine;
mod error;
mod fact;
mod inbox;
mod order;
#[cfg(feature = "postgres")]
mod postgres;
mod receiver;
mod rules;
#[cfg(feature = "sqlite")]
mod sqlite;
mod status;
#[cfg(feature = "postgres")]
mod tls;
mod value;
mod worker;

pub use error::{Error, ErrorKind};
pub use fact::{Fact, SETTLE, Tx};
pub use inbox::{Builder, Inbox};
pub use order::Order;
pub use receiver::Accept;
pub use status::{Status, Waiting};
pub use value::{FromValue, Row, Value};
pub use worker::Worker;
