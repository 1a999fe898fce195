//! What the operator of a sandbox can do with its merchants, orders, callbacks, scenarios, faults, events and clock.

mod callbacks;
mod merchants;
mod orders;

use crate::clock::system_time;
use crate::error::{Error, ErrorKind, with_causes};
use crate::event::{Event, EventKind, EventTail};
use crate::fault::{Fault, FaultId};
use crate::order::PlannedStep;
use crate::recorded::RecordedCall;
use crate::sandbox::{Sandbox, Shared};
use crate::scenario::{Scenario, called};
use crate::schedule::Message;
use crate::store::{open, plans};
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};
use tarspay_types::PayOrderId;

/// # Clock, faults and events
impl Sandbox {
    /// The clock that orders time out by, and callbacks are sent again by.
    pub fn clock(&self) -> TimeControl<'_> {
        TimeControl { shared: &self.shared }
    }

    /// Injects a fault. See [`Fault`].
    pub fn inject(&self, fault: Fault) -> FaultId {
        self.shared.faults.add(fault)
    }

    /// The faults that are not used up, in the order in which they were injected.
    pub fn faults(&self) -> Vec<(FaultId, Fault)> {
        self.shared.faults.all()
    }

    /// Removes a fault; `false` if it is gone already.
    pub fn clear_fault(&self, fault: FaultId) -> bool {
        self.shared.faults.remove(fault)
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// What has happened, the latest 10,000 events.
    pub fn events(&self) -> Vec<Event> {
        self.events_after(0)
    }

    pub(crate) fn events_after(&self, number: u64) -> Vec<Event> {
        self.shared.events.after(number)
    }

    /// The latest of the events before this number that fit, the latest first. Calls are not kept waiting meanwhile.
    pub(crate) fn events_before(
        &self,
        number: u64,
        limit: usize,
        fits: impl Fn(&Event) -> bool,
    ) -> Vec<Event> {
        let (mut found, mut before) = (Vec::new(), number);
        while found.len() < limit {
            let some = self.shared.events.before(before, limit);
            let Some(last) = some.last() else { break };
            before = last.number;
            found.extend(some.into_iter().filter(&fits));
        }
        found.truncate(limit);
        found
    }

    /// A call as it came, by the number of its event. `None` if it is not kept any more: the latest 1,000 are, and of
    /// large ones 8 MiB in all.
    pub fn recorded_call(&self, number: u64) -> Option<RecordedCall> {
        self.shared.calls.find(number)
    }

    /// Waits until there is an event after this number.
    pub(crate) async fn event_after(&self, number: u64) {
        // From before the look on, so that none is missed between the two.
        let mut tail = self.tail();
        if self.events_after(number).is_empty() {
            while tail.next().await.is_some_and(|event| event.number <= number) {}
        }
    }

    /// What happens from now on.
    pub fn tail(&self) -> EventTail {
        self.shared.events.tail()
    }

    /// Puts everything back to the initial state: no orders, callbacks, transfers, fees, scenarios, faults and events, no
    /// merchant but the test merchant with its own key and its million in every currency, and the clock that the sandbox
    /// was given. The address and the keys stay, so that clients keep their settings; settings of
    /// [`Builder`](crate::Builder) stay too, and a nonce that was used stays used. Numbers of callbacks, faults and events
    /// continue. An attempt at a callback that is under way ends: it may have arrived, and [`settle`](Sandbox::settle)
    /// does not wait for it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`]; then nothing has changed but the faults, which are gone.
    pub fn reset(&self) -> Result<(), Error> {
        self.shared.faults.clear();
        let merchant = self.merchant().clone();
        let key = self.shared.store.run(move |tx| {
            open::reset(tx)?;
            merchant.first_day(tx)
        })?;
        self.shared.keys.reset(key);
        self.shared.clock.reset();
        self.shared.events.clear();
        self.shared.calls.clear();
        self.shared.report(EventKind::Reset);
        let _ = self.shared.timekeeper.send(Message::ClockChanged);
        Ok(())
    }
}

/// # Scenarios
///
/// A [`Scenario`] takes new orders that fit, and says what happens to each. An order is taken by the first scenario that
/// fits, in the order in which they came to be played, and by one alone. What is played and what is planned is part of the
/// state, and there after a restart.
impl Sandbox {
    /// Has a scenario take the orders that come from now on. One that is played already under this name ends; its place
    /// is kept, and its count begins anew.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub fn play(&self, scenario: Scenario) -> Result<(), Error> {
        self.shared.has_plans.store(true, Ordering::Relaxed);
        self.shared.store.run(move |tx| plans::play(tx, &scenario).map_err(Error::from))
    }

    /// What is played, the first one first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub fn scenarios(&self) -> Result<Vec<Scenario>, Error> {
        let played = self.shared.store.run(|tx| plans::played(tx).map_err(Error::from))?;
        Ok(played.into_iter().map(|played| played.scenario).collect())
    }

    /// Has a scenario take no more orders. What it has planned for those that it took stays planned.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownScenario`] if none of this name is played, [`ErrorKind::Store`].
    pub fn clear_scenario(&self, name: &str) -> Result<(), Error> {
        let name = name.to_owned();
        self.shared.store.run(move |tx| {
            if plans::end(tx, &name)? {
                return Ok(());
            }
            Err(Error::new(ErrorKind::UnknownScenario, format!("{} is not played", called(&name))))
        })
    }

    /// Has no scenario take orders any more. What is planned stays planned.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub fn clear_scenarios(&self) -> Result<(), Error> {
        self.shared.store.run(|tx| plans::end_all(tx).map_err(Error::from))
    }

    /// What is planned for an order, the next step first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`], [`ErrorKind::Store`].
    pub fn planned(&self, order: &PayOrderId) -> Result<Vec<PlannedStep>, Error> {
        let order = order.clone();
        let planned = self.shared.store.run(move |tx| {
            let record = orders::by_id(tx, &order)?;
            Ok::<_, Error>(plans::of_order(tx, record.id)?)
        })?;
        let shown = |planned: plans::Planned| PlannedStep {
            at: system_time(planned.at),
            scenario: planned.scenario,
            step: planned.step.to_string(),
        };
        Ok(planned.into_iter().map(shown).collect())
    }
}

/// The clock of a sandbox: deposits time out by it, callbacks are sent again by it, API keys expire by it. Nonces are not
/// checked against it but against the clock that the sandbox was [given](crate::Builder::clock), since no caller could follow
/// one that is put forward.
///
/// When a method that changes it returns, deposits have timed out and steps of scenarios have been taken that are due by
/// it; callbacks that are due by it are on their way, see [`Sandbox::settle`](crate::Sandbox::settle). The time never goes back, also not by a restart with the
/// same file; only [`reset`](crate::Sandbox::reset) takes it back to the clock that the sandbox was given.
#[derive(Clone, Copy)]
pub struct TimeControl<'a> {
    shared: &'a Shared,
}

impl TimeControl<'_> {
    /// The time.
    pub fn now(&self) -> SystemTime {
        system_time(self.shared.clock.now())
    }

    /// Puts the clock forward, by whole milliseconds.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
        self.changed();
    }

    /// Stops the clock. It can still be put forward.
    pub fn freeze(&self) {
        self.shared.clock.freeze();
        self.changed();
    }

    /// Lets the clock continue from where it stands.
    pub fn resume(&self) {
        self.shared.clock.resume();
        self.changed();
    }

    /// Whether it stands still.
    pub fn is_frozen(&self) -> bool {
        self.shared.clock.is_frozen()
    }

    fn changed(self) {
        if let Err(error) = self.shared.catch_up() {
            let message = format!("what is due cannot be done: {}", with_causes(&error));
            self.shared.report(EventKind::Failed { message });
        }
        let _ = self.shared.timekeeper.send(Message::ClockChanged);
    }
}

impl fmt::Debug for TimeControl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeControl").field("now", &self.now()).field("is_frozen", &self.is_frozen()).finish()
    }
}
