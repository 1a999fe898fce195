//! Callbacks: queries, sending again, and waiting for deliveries.

use crate::callback::{Attempt, CallbackFilter, CallbackId, CallbackStatus, OutgoingCallback, TestCallback};
use crate::deliver::attempt;
use crate::error::{Error, ErrorKind, with_causes};
use crate::receiver::Receiver;
use crate::sandbox::Sandbox;
use crate::schedule::{Delivery, Message};
use crate::store::callbacks;
use tarspay_sign::CallbackText;
use tarspay_types::{
    Amount, BizType, Callback, Currency, MerchantOrderNo, NotifyUrl, OrderState, PayOrderId,
};
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
        self.shared.store.run(move |tx| callbacks::page(tx, &filter, None).map_err(Error::from))
    }

    /// The callbacks that match and have smaller numbers, the newest first.
    pub(crate) fn callbacks_before(
        &self,
        number: i64,
        filter: CallbackFilter,
    ) -> Result<Vec<OutgoingCallback>, Error> {
        self.shared.store.run(move |tx| callbacks::page(tx, &filter, Some(number)).map_err(Error::from))
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

    /// Sends a callback about an order that does not exist, to see what its receiver makes of it: once, without faults,
    /// and signed as all others. It reports that 1500 KES were paid of 1500, or 600 in state 9.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`] if the sandbox does not send to this URL, [`ErrorKind::Store`].
    pub async fn send_test_callback(&self, url: NotifyUrl, state: OrderState) -> Result<TestCallback, Error> {
        Receiver::of(&url, &self.shared.settings.allowed_receivers)
            .map_err(|reason| Error::new(ErrorKind::InvalidAddress, reason))?;
        let number = self.shared.clock.now();
        let damaged = |error: &dyn std::error::Error| Error::new(ErrorKind::Store, with_causes(error));
        let id = PayOrderId::new(format!("PTEST{number}")).map_err(|error| damaged(&error))?;
        let merchant_order_no =
            MerchantOrderNo::new(format!("TEST{number}")).map_err(|error| damaged(&error))?;
        let mut callback = Callback::new(id, merchant_order_no, state);
        callback.biz_type = Some(BizType::DEPOSIT);
        callback.merchant_no = Some(self.merchant().merchant_no().clone());
        callback.order_amount = Some(Amount::from(1500_u32));
        let paid: u32 = match state {
            OrderState::SUCCESS => 1500,
            OrderState::PARTLY_PAID => 600,
            _ => 0,
        };
        callback.pay_amount = Some(Amount::from(paid));
        callback.currency = Some(Currency::KES);
        callback.fee = Some(Amount::ZERO);
        let text = CallbackText::from_value(&callback).map_err(|error| damaged(&error))?;
        let body = text.as_str().to_owned();
        let attempt = attempt(&self.shared, &url, body.clone(), self.sign_callback(&text)).await;
        Ok(TestCallback { url, body: body.into(), attempt })
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
