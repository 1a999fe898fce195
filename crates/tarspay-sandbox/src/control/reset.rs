//! Back to the first day.

use crate::event::EventKind;
use crate::store::reset;
use crate::timekeeper::Message;
use crate::{Error, Sandbox};

/// # Reset
impl Sandbox {
    /// Puts everything back to the first day: no orders, callbacks, transfers, fees, scenarios, faults and events, no
    /// merchant but the test merchant with its own key and its million in every currency, and the clock that the sandbox
    /// was given. The address and the keys stay, so that clients keep their settings; settings of
    /// [`Builder`](crate::Builder) stay too, and a nonce that was used stays used. Numbers of callbacks, faults and events
    /// go on. A callback that is under way may still arrive.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store); then nothing has changed but the faults, which are gone.
    pub fn reset(&self) -> Result<(), Error> {
        self.engine.faults.clear();
        let merchant = self.merchant().clone();
        let key = self.engine.store.run(move |tx| {
            reset::reset(tx)?;
            merchant.first_day(tx)
        })?;
        self.engine.keys.reset(key);
        self.engine.hand.reset();
        self.engine.events.clear();
        self.engine.events.push(self.engine.hand.now(), EventKind::Reset);
        let _ = self.engine.timekeeper.send(Message::ClockChanged);
        Ok(())
    }
}
