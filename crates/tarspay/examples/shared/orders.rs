//! A merchant's orders, and what a callback does to them.
//!
//! Both examples use this. A real handler keeps the same in its database, and makes each function
//! one transaction.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tarspay::types::{
    Amount, BizType, Callback, Currency, DeduplicationKey, MerchantOrderNo, News, OrderState, OrderStatus,
    PayOrderId,
};

/// An order. Store it before the request that creates it is sent.
pub struct Order {
    direction: BizType,
    amount: Amount,
    currency: Currency,
    /// The gateway's number: from the response to the creation, or from a callback that came before
    /// it.
    pub pay_order_id: Option<PayOrderId>,
    /// Every status that was applied, the last one last.
    pub history: Vec<OrderStatus>,
}

impl Order {
    /// An order that is about to be placed.
    pub fn new(direction: BizType, amount: Amount, currency: Currency) -> Self {
        let history = vec![OrderStatus::new(OrderState::CREATING, None)];
        Self { direction, amount, currency, pay_order_id: None, history }
    }

    /// Its last status.
    pub fn status(&self) -> OrderStatus {
        self.history[self.history.len() - 1]
    }

    /// The verifier has compared the merchant number, and the caller the order number.
    fn is_meant_by(&self, callback: &Callback) -> bool {
        match &self.pay_order_id {
            Some(known) => *known == callback.pay_order_id,
            // The callback has overtaken the response to the creation.
            None => {
                callback.biz_type == Some(self.direction)
                    && callback.order_amount == Some(self.amount)
                    && callback.currency.as_ref() == Some(&self.currency)
            }
        }
    }
}

/// All orders of one merchant number.
#[derive(Default)]
pub struct Books {
    /// By the merchant's number.
    pub orders: HashMap<MerchantOrderNo, Order>,
    /// Orders to query now, each until [`learn`](Self::learn) got the gateway's response.
    pub to_query: BTreeSet<MerchantOrderNo>,
    /// Cases that a person must look at.
    pub for_a_person: Vec<String>,
    /// In a database, the text of the key in a unique column.
    seen: HashSet<DeduplicationKey>,
}

impl Books {
    /// Takes the gateway's number from the response to a creation.
    pub fn created(&mut self, number: &MerchantOrderNo, pay_order_id: &PayOrderId) {
        let Some(order) = self.orders.get_mut(number) else { return };
        if order.pay_order_id.get_or_insert_with(|| pay_order_id.clone()) != pay_order_id {
            self.for_a_person.push(format!("order {number} has a second number {pay_order_id}"));
        }
    }

    /// Books a verified callback. Acknowledge it when this is stored.
    pub fn book(&mut self, callback: &Callback) {
        let number = &callback.merchant_order_no;
        let Some(order) = self.orders.get_mut(number).filter(|order| order.is_meant_by(callback)) else {
            // Orders are stored before they are sent, so this one is not just early. To have the
            // callback sent again would not help. It is kept for a person, and acknowledged.
            self.for_a_person.push(format!("this does not match an order as we placed it: {callback:?}"));
            return;
        };
        order.pay_order_id.get_or_insert_with(|| callback.pay_order_id.clone());
        let contradicts = callback.status().news_after(order.status()) == News::Contradiction;
        if self.seen.insert(callback.deduplication_key()) {
            self.apply(number, callback.status());
        }
        // Two equal parts look like one callback that came twice: only a query shows the total. It
        // also says which of two contradicting states is right.
        if callback.state == OrderState::PARTLY_PAID || contradicts {
            self.to_query.insert(number.clone());
        }
    }

    /// Applies the result of a query, [`Order::status`](tarspay::types::Order::status).
    pub fn learn(&mut self, number: &MerchantOrderNo, status: OrderStatus) {
        self.to_query.remove(number);
        self.apply(number, status);
    }

    fn apply(&mut self, number: &MerchantOrderNo, status: OrderStatus) {
        let Some(order) = self.orders.get_mut(number) else { return };
        match status.news_after(order.status()) {
            news @ (News::StateChanged | News::PaidAmountChanged) => {
                println!("order {number}, {news:?}: {}", status.state);
                // Act here, in the same transaction. Deliver when the state has changed to a
                // success; when only the amount has changed, book the difference.
                order.history.push(status);
            }
            News::Contradiction => {
                self.for_a_person.push(format!(
                    "order {number}: {} after {}",
                    status.state,
                    order.status().state
                ));
            }
            _ => {}
        }
    }
}

/// The books, shared by all connections.
#[derive(Clone, Default)]
pub struct Orders(Arc<Mutex<Books>>);

impl Orders {
    /// Opens the books.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
