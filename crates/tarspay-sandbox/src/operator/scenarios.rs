//! Scenarios: which are played, and what they have planned.

use crate::clock::system_time;
use crate::error::{Error, ErrorKind};
use crate::order::PlannedStep;
use crate::sandbox::Sandbox;
use crate::scenario::Scenario;
use crate::store::plans;
use std::sync::atomic::Ordering;
use tarspay_types::PayOrderId;

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
            Err(Error::new(ErrorKind::UnknownScenario, format!("no scenario {name:?} is played")))
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
            let record = super::orders::by_id(tx, &order)?;
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
