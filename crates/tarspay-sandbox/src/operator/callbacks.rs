//! Callbacks: queries, sending again, and waiting for deliveries.

use crate::callback::{Attempt, CallbackFilter, CallbackId, CallbackStatus, OutgoingCallback};
use crate::error::{Error, ErrorKind};
use crate::receiver::Receiver;
use crate::sandbox::Sandbox;
use crate::schedule::{Delivery, Message};
use crate::store::callbacks;
use tarspay_types::PayOrderId;
use tokio::sync::oneshot;

/// # Callbacks
///
/// A step of an order that its merchant is to learn of is written together with its callback. It goes to the order's `notifyUrl` if that is `http` on loopback, or at a host that was
/// [allowed](crate::Builder::allow_receiver). Any response but HTTP 200 with the bare text `OK` is a failure: there are 16
/// attempts, 10 seconds after the first one, then 30 seconds, 1, 2, 5, 10, 20 and 30 minutes, 1, 2, 3, 4, 6, 8 and 12
/// hours after each other, by the sandbox's [clock](Sandbox::clock); then the callback is parked.
///
/// Up to 16 callbacks are on their way to one receiver (host, port and path) at a time, 64 to one server (host and port; on
/// loopback the port alone), and 256 in all. Servers do not wait for each other: half of the 256 are kept for those that have
/// none on their way.
impl Sandbox {
    /// All callbacks, the oldest first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub fn callbacks(&self) -> Result<Vec<OutgoingCallback>, Error> {
        self.find_callbacks(CallbackFilter { limit: u32::MAX, ..CallbackFilter::default() })
    }

    /// The callbacks about an order, the oldest first; none if there is no such order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub fn callbacks_of(&self, order: &PayOrderId) -> Result<Vec<OutgoingCallback>, Error> {
        let order = Some(order.clone());
        self.find_callbacks(CallbackFilter { order, limit: u32::MAX, ..CallbackFilter::default() })
    }

    /// The callbacks that match, the oldest first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub fn find_callbacks(&self, filter: CallbackFilter) -> Result<Vec<OutgoingCallback>, Error> {
        self.shared.store.run(move |tx| callbacks::page(tx, &filter).map_err(Error::from))
    }

    /// The callbacks with smaller numbers, the newest first.
    pub(crate) fn callbacks_before(&self, number: i64, limit: u32) -> Result<Vec<OutgoingCallback>, Error> {
        self.shared.store.run(move |tx| callbacks::before(tx, number, limit).map_err(Error::from))
    }

    /// A callback.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownCallback`], [`ErrorKind::Store`].
    pub fn callback(&self, id: CallbackId) -> Result<OutgoingCallback, Error> {
        self.shared.store.run(move |tx| callbacks::get(tx, id)?.ok_or_else(|| unknown(id)))
    }

    /// Some of the attempts at a callback, the oldest first: at most `limit` of those after the first `after`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownCallback`], [`ErrorKind::Store`].
    pub fn attempts(&self, id: CallbackId, after: u64, limit: u32) -> Result<Vec<Attempt>, Error> {
        self.shared.store.run(move |tx| {
            callbacks::url(tx, id)?.ok_or_else(|| unknown(id))?;
            Ok(callbacks::attempts(tx, id, after, limit)?)
        })
    }

    /// Sends a callback again at once, whatever its status, with 16 attempts as if it were new.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownCallback`], [`ErrorKind::Store`].
    pub fn resend(&self, id: CallbackId) -> Result<OutgoingCallback, Error> {
        self.shared.store.run(move |tx| {
            let url = callbacks::url(tx, id)?.ok_or_else(|| unknown(id))?;
            match Receiver::of(&url, &tx.settings.allowed_receivers) {
                Ok(receiver) => {
                    callbacks::set_status(tx, id, CallbackStatus::Due, None, 0, Some(tx.now))?;
                    tx.deliver(Delivery { at: tx.now, id, receiver: receiver.name(), faults: None });
                }
                Err(reason) => {
                    callbacks::set_status(tx, id, CallbackStatus::Undeliverable, Some(&reason), 0, None)?;
                }
            }
            callbacks::get(tx, id)?.ok_or_else(|| unknown(id))
        })
    }

    /// Waits until every callback that is due now has been tried. Those that are due later, by the sandbox's clock, and those
    /// that are added while it waits, are not waited for. Needs the runtime of the sandbox to run.
    pub async fn settle(&self) {
        let (settled, waiting) = oneshot::channel();
        let _ = self.shared.timekeeper.send(Message::Settle(settled));
        // An error means that the sandbox has stopped, and sends nothing more.
        let _ = waiting.await;
    }
}

fn unknown(id: CallbackId) -> Error {
    Error::new(ErrorKind::UnknownCallback, format!("no callback {id}"))
}
