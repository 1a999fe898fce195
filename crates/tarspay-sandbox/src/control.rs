//! What the owner of a sandbox can do to its merchants, orders, callbacks and clock.

mod callbacks;
mod merchants;
mod orders;
mod time;

pub use time::TimeControl;
