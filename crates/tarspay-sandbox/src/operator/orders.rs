//! Orders: queries, and the steps of an order.

use crate::error::{Error, ErrorKind};
use crate::input::cut;
use crate::order::{Order, OrderFilter, StateChange};
use crate::sandbox::Sandbox;
use crate::store::Tx;
use crate::store::orders::{self, OrderKey, Range, Record};
use crate::{life, plan};
use tarspay_types::{Amount, MerchantNo, MerchantOrderNo, OrderState, PayOrderId, TrxId};

/// # Orders
///
/// A deposit goes from 0 or 1 to 2, 3, 6 or 9, from 6 and 9 on to 9 or 2, and from 2 and 9 to 5; a withdrawal from 1 to 2,
/// 3 or 8, and from 2 to 5. Any other step is refused with [`ErrorKind::InvalidTransition`], and nothing has changed then.
/// Each step is written together with its money and its callback.
impl Sandbox {
    /// An order, as it stands.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`], [`ErrorKind::Store`].
    pub fn order(&self, id: &PayOrderId) -> Result<Order, Error> {
        self.with_order(id, |_, _| Ok(()))
    }

    /// The order that a merchant knows by this number.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`], [`ErrorKind::Store`].
    pub fn order_by_number(
        &self,
        merchant_no: &MerchantNo,
        number: &MerchantOrderNo,
    ) -> Result<Order, Error> {
        let (merchant_no, number) = (merchant_no.clone(), number.clone());
        self.shared.store.run(move |tx| {
            let found = find(tx, &OrderKey::Number(&merchant_no, &number))?;
            Ok(found.ok_or_else(|| unknown(number.as_str()))?.order)
        })
    }

    /// All orders, the oldest first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub fn orders(&self) -> Result<Vec<Order>, Error> {
        self.find_orders(OrderFilter { limit: u32::MAX, ..OrderFilter::default() })
    }

    /// The life of an order so far, from its creation on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`], [`ErrorKind::Store`].
    pub fn history(&self, id: &PayOrderId) -> Result<Vec<StateChange>, Error> {
        let id = id.clone();
        self.shared.store.run(move |tx| {
            let record = by_id(tx, &id)?;
            Ok(orders::history(tx, record.id)?)
        })
    }

    /// The orders that match, the oldest first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`] if the order to begin after is unknown, [`ErrorKind::Store`].
    pub fn find_orders(&self, filter: OrderFilter) -> Result<Vec<Order>, Error> {
        self.shared.catch_up()?;
        self.shared.store.run(move |tx| {
            let after = match &filter.after {
                None => 0,
                Some(id) => {
                    let found = orders::find(tx, &OrderKey::PayOrderId(id))?;
                    found.ok_or_else(|| unknown(&format!("{id} to begin after")))?.id
                }
            };
            let found = orders::page(tx, &filter, &Range::After(after))?;
            Ok(found.into_iter().map(|record| record.order).collect())
        })
    }

    /// The orders that match and have smaller numbers in the store, the newest first, each with its number.
    pub(crate) fn orders_before(&self, number: i64, filter: OrderFilter) -> Result<Vec<(i64, Order)>, Error> {
        self.shared.catch_up()?;
        let range = Range::Before(number);
        let records =
            self.shared.store.run(move |tx| orders::page(tx, &filter, &range).map_err(Error::from))?;
        Ok(records.into_iter().map(|record| (record.id, record.order)).collect())
    }

    /// The order that a text names: by the gateway's number, or by that of its merchant if only one merchant has an
    /// order of this number.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`], which names others; [`ErrorKind::Store`].
    pub fn find_order(&self, text: &str) -> Result<Order, Error> {
        let text = text.to_owned();
        self.shared.store.run(move |tx| {
            let by_id = match text.parse() {
                Ok(id) => find(tx, &OrderKey::PayOrderId(&id))?,
                Err(_) => None,
            };
            if let Some(record) = by_id {
                return Ok(record.order);
            }
            let mut found = orders::of_number(tx, &text)?;
            if found.len() == 1 {
                plan::catch_up_with(tx, &mut found[0])?;
                return Ok(found.remove(0).order);
            }
            let names = |records: &[Record]| {
                let name = |record: &Record| {
                    let order = &record.order;
                    format!("{} ({})", cut(order.merchant_order_no.as_str()), order.pay_order_id)
                };
                records.iter().map(name).collect::<Vec<_>>().join(", ")
            };
            let text = cut(&text);
            let reason = if found.is_empty() {
                let filter = OrderFilter { limit: 5, ..OrderFilter::default() };
                match &*orders::page(tx, &filter, &Range::Before(i64::MAX))? {
                    [] => format!("no order {text}; there are none yet"),
                    latest => format!("no order {text}; the latest are {}", names(latest)),
                }
            } else {
                format!(
                    "several merchants have an order {text}; take the number in brackets: {}",
                    names(&found)
                )
            };
            Err(Error::new(ErrorKind::UnknownOrder, reason))
        })
    }

    /// The payer has opened the cashier page: a deposit that is being created (0) is processing (1). Any other order stays
    /// as it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`], [`ErrorKind::Store`].
    pub fn open_cashier(&self, id: &PayOrderId) -> Result<Order, Error> {
        self.with_order(id, life::open)
    }

    /// A deposit is paid in full, or a withdrawal has reached its payee: state 2. A deposit that has timed out, or is paid
    /// in part, can be paid too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`], [`ErrorKind::InvalidTransition`], [`ErrorKind::InvalidAmount`] if the balance would
    /// have more than 28 digits, [`ErrorKind::Store`].
    pub fn pay(&self, id: &PayOrderId) -> Result<Order, Error> {
        self.with_order(id, life::pay)
    }

    /// A part of a deposit is paid: state 9. Another part can follow, or [`pay`](Sandbox::pay) pays the rest.
    ///
    /// Each part has a callback of its own, with state 9 and the total so far as `payAmount`: 400 and then 500 more are
    /// reported as 400 and 900. Whether the gateway reports every part, and whether as a total, is not documented.
    ///
    /// # Errors
    ///
    /// As [`pay`](Sandbox::pay), and [`ErrorKind::InvalidAmount`] unless it is more than 0 and less than what is still to
    /// pay.
    pub fn pay_partially(&self, id: &PayOrderId, amount: Amount) -> Result<Order, Error> {
        self.with_order(id, move |tx, record| life::pay_partially(tx, record, amount))
    }

    /// An order fails: state 3. What was frozen for a withdrawal is available again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`], [`ErrorKind::InvalidTransition`], [`ErrorKind::Store`].
    pub fn fail(&self, id: &PayOrderId, reason: impl Into<String>) -> Result<Order, Error> {
        self.end_unpaid(id, OrderState::FAILED, reason.into())
    }

    /// A withdrawal is rejected: state 8. What was frozen for it is available again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`], [`ErrorKind::InvalidTransition`], [`ErrorKind::Store`].
    pub fn reject(&self, id: &PayOrderId, reason: impl Into<String>) -> Result<Order, Error> {
        self.end_unpaid(id, OrderState::REJECTED, reason.into())
    }

    /// The money of an order goes back: state 5. Of a deposit what the merchant was credited, of a withdrawal amount and
    /// fee.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`], [`ErrorKind::InvalidTransition`], [`ErrorKind::BalanceTooLow`] if the merchant does
    /// not have the money of a deposit any more, [`ErrorKind::Store`].
    pub fn refund(&self, id: &PayOrderId) -> Result<Order, Error> {
        self.with_order(id, life::refund)
    }

    /// A deposit times out now, before its time: state 6.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`], [`ErrorKind::InvalidTransition`], [`ErrorKind::Store`].
    pub fn expire(&self, id: &PayOrderId) -> Result<Order, Error> {
        self.with_order(id, life::expire)
    }

    /// A payer's money has come in with this reference, not yet assigned to a deposit: the UTR and `TrxId` calls find it.
    /// A deposit whose merchant has submitted the reference is paid, and returned.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAmount`] if there is a transfer of this reference already, or the amount is zero;
    /// [`ErrorKind::Store`].
    pub fn record_transfer(&self, reference: &TrxId, amount: Amount) -> Result<Option<Order>, Error> {
        let reference = reference.clone();
        // One that has timed out by now is not paid by it.
        self.shared.catch_up()?;
        self.shared.store.run(move |tx| {
            let paid = life::record_transfer(tx, &reference, amount)?;
            Ok(paid.map(|record| record.order))
        })
    }

    fn end_unpaid(&self, id: &PayOrderId, to: OrderState, reason: String) -> Result<Order, Error> {
        self.with_order(id, move |tx, record| life::end_unpaid(tx, record, to, Some(&reason)))
    }

    fn with_order(
        &self,
        id: &PayOrderId,
        change: impl FnOnce(&Tx<'_>, &mut Record) -> Result<(), Error> + Send + 'static,
    ) -> Result<Order, Error> {
        let id = id.clone();
        self.shared.store.run(move |tx| {
            let mut record = by_id(tx, &id)?;
            change(tx, &mut record)?;
            Ok(record.order)
        })
    }
}

/// An order, up to date.
pub(super) fn by_id(tx: &Tx<'_>, id: &PayOrderId) -> Result<Record, Error> {
    find(tx, &OrderKey::PayOrderId(id))?.ok_or_else(|| unknown(id.as_str()))
}

fn find(tx: &Tx<'_>, key: &OrderKey<'_>) -> Result<Option<Record>, Error> {
    let mut found = orders::find(tx, key)?;
    if let Some(record) = &mut found {
        plan::catch_up_with(tx, record)?;
    }
    Ok(found)
}

fn unknown(number: &str) -> Error {
    Error::new(ErrorKind::UnknownOrder, format!("no order {number}"))
}
