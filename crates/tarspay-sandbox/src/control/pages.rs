//! Orders and callbacks page by page, the oldest first: for a sandbox that has many.

use crate::store::{callbacks, orders};
use crate::{CallbackId, Error, ErrorKind, Order, OutgoingCallback, Sandbox, plan};
use tarspay_types::{MerchantNo, MerchantOrderNo, OrderState, PayOrderId};

const PAGE: u32 = 100;

/// Which orders are meant: those that fit all that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderFilter {
    /// Only of this merchant.
    pub merchant_no: Option<MerchantNo>,
    /// Only of this merchant's number.
    pub merchant_order_no: Option<MerchantOrderNo>,
    /// Only in this state.
    pub state: Option<OrderState>,
    /// Only those created after this one: the last of the page before.
    pub after: Option<PayOrderId>,
    /// At most so many; 100 at first.
    pub limit: u32,
}

impl OrderFilter {
    /// The first 100 orders.
    pub fn new() -> Self {
        Self { merchant_no: None, merchant_order_no: None, state: None, after: None, limit: PAGE }
    }
}

impl Default for OrderFilter {
    fn default() -> Self {
        Self::new()
    }
}

/// Which callbacks are meant: those that fit all that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackFilter {
    /// Only those about this order.
    pub order: Option<PayOrderId>,
    /// Only those after this one: the last of the page before.
    pub after: Option<CallbackId>,
    /// At most so many; 100 at first.
    pub limit: u32,
}

impl CallbackFilter {
    /// The first 100 callbacks.
    pub fn new() -> Self {
        Self { order: None, after: None, limit: PAGE }
    }
}

impl Default for CallbackFilter {
    fn default() -> Self {
        Self::new()
    }
}

/// # Page by page
impl Sandbox {
    /// The orders that fit, the oldest first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownOrder`] if there is no order to begin after, [`ErrorKind::Store`].
    pub fn find_orders(&self, filter: OrderFilter) -> Result<Vec<Order>, Error> {
        self.engine.store.run(move |tx| {
            plan::catch_up(tx)?;
            let after = match &filter.after {
                None => 0,
                Some(id) => {
                    let found = orders::find(tx, &orders::Which::PayOrderId(id))?;
                    let unknown =
                        || Error::new(ErrorKind::UnknownOrder, format!("no order {id} to begin after"));
                    found.ok_or_else(unknown)?.id
                }
            };
            Ok(orders::page(tx, &filter, after)?)
        })
    }

    /// The callbacks that fit, the oldest first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub fn find_callbacks(&self, filter: CallbackFilter) -> Result<Vec<OutgoingCallback>, Error> {
        self.engine.store.run(move |tx| callbacks::page(tx, &filter).map_err(Error::from))
    }
}
