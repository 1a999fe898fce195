//! What the owner of a sandbox can do to its merchants, orders, callbacks and clock.

mod callbacks;
mod merchants;
mod orders;
mod pages;
mod reset;
mod scenarios;
mod time;

pub use pages::{CallbackFilter, OrderFilter};
pub use scenarios::PlannedStep;
pub use time::TimeControl;
