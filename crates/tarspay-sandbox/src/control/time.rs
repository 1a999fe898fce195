//! The clock under control.

use crate::engine::Engine;
use crate::event::EventKind;
use crate::refusal::with_causes;
use crate::timekeeper::Message;
use crate::{clock, plan};
use std::fmt;
use std::time::{Duration, SystemTime};

/// The clock of a sandbox: deposits time out by it, callbacks are sent again by it, API keys expire by it. Nonces are not
/// checked against it but against the clock that the sandbox was [given](crate::Builder::clock), as no caller could follow
/// one that is put forward.
///
/// After a change, whatever times out by it has timed out, and the steps of scenarios that are due by it are taken, when the method returns; callbacks that are due by it are on
/// their way, see [`Sandbox::settle`](crate::Sandbox::settle). The time never goes back, also not by a restart with the
/// same file; only [`reset`](crate::Sandbox::reset) takes it back to the clock that the sandbox was given.
#[derive(Clone, Copy)]
pub struct TimeControl<'a> {
    engine: &'a Engine,
}

impl<'a> TimeControl<'a> {
    pub(crate) fn new(engine: &'a Engine) -> Self {
        Self { engine }
    }

    /// The time.
    pub fn now(&self) -> SystemTime {
        clock::system_time(self.engine.hand.now())
    }

    /// Puts the clock forward, by whole milliseconds.
    pub fn advance(&self, by: Duration) {
        self.engine.hand.advance(by);
        self.changed();
    }

    /// Stops the clock. It can still be put forward.
    pub fn freeze(&self) {
        self.engine.hand.freeze();
        self.changed();
    }

    /// Lets the clock go on from where it stands.
    pub fn resume(&self) {
        self.engine.hand.resume();
        self.changed();
    }

    /// Whether it stands still.
    pub fn is_frozen(&self) -> bool {
        self.engine.hand.is_frozen()
    }

    fn changed(self) {
        if let Err(error) = self.engine.store.run(plan::catch_up) {
            let message = format!("what is due cannot be done: {}", with_causes(&error));
            self.engine.events.push(self.engine.hand.now(), EventKind::Failed { message });
        }
        let _ = self.engine.timekeeper.send(Message::ClockChanged);
    }
}

impl fmt::Debug for TimeControl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeControl").field("now", &self.now()).field("is_frozen", &self.is_frozen()).finish()
    }
}
