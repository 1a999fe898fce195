//! A merchant's back end: checkout, payout, callbacks, reconciliation and recovery after a crash.
//!
//! The inbox writes an order's row before the order is sent, stores callbacks, and asks for those that never came. What
//! is left here is the merchant's own: which orders, and what they do to the ledger.

mod ledger;
mod web;

pub use web::router;

use serde::{Deserialize, Serialize};
use std::path::Path;
use tarspay::Client;
use tarspay::types::market::kenya;
use tarspay::types::{
    Amount, DepositRequest, Direction, MerchantOrderNo, NotifyUrl, OrderState, OrderStatus, PrivateText,
    WithdrawalRequest,
};
use tarspay_inbox::{ErrorKind, Fact, Inbox, Order, Worker};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What the shop asks for. The amount is a text.
#[derive(Deserialize)]
pub struct Asked {
    /// The shop's own, of a cart or a payout, and the number of the order. Never use one twice.
    pub reference: MerchantOrderNo,
    pub amount: Amount,
    /// Of the payer or the payee. `PrivateText` is hidden in `Debug`.
    pub phone: PrivateText,
}

/// What the shop is shown. Without a page to pay on, try again under a new reference after the order has ended.
#[derive(Serialize)]
pub struct Shown {
    pub number: String,
    pub state: i64,
    pub pay_url: Option<String>,
}

impl From<Order> for Shown {
    fn from(order: Order) -> Self {
        let pay_url = order.pay_url().map(str::to_owned);
        Self { number: order.merchant_order_no.into(), state: order.status.state.code(), pay_url }
    }
}

#[derive(Clone)]
pub struct Merchant {
    client: Client,
    pub inbox: Inbox,
    notify_url: NotifyUrl,
}

impl Merchant {
    /// The inbox is in the file of the merchant's own tables.
    pub async fn open(file: impl AsRef<Path>, client: Client, notify_url: NotifyUrl) -> Result<Self> {
        let inbox = Inbox::sqlite(file.as_ref()).open().await?;
        inbox.migrate().await?;
        rusqlite::Connection::open(file)?.execute_batch(ledger::TABLE)?;
        Ok(Self { client, inbox, notify_url })
    }

    /// Places a deposit. Send the payer to its `pay_url`.
    pub async fn checkout(&self, asked: Asked) -> Result<Shown> {
        let (way, payer, url) = (kenya::way::CASHIER, asked.phone.as_str(), self.notify_url.clone());
        let request = DepositRequest::new(asked.reference, way, kenya::CURRENCY, asked.amount, url)
            .customer_contact(payer);
        let placed = self.inbox.place_deposit(&self.client, &request).await;
        self.show(&request.merchant_order_no, placed.map_err(Into::into)).await
    }

    /// Places a withdrawal, and takes its amount out of the ledger in the transaction that writes its row.
    pub async fn payout(&self, asked: Asked) -> Result<Shown> {
        let (way, payee, url) = (kenya::way::EWALLET_MPESA, asked.phone.as_str(), self.notify_url.clone());
        let request = WithdrawalRequest::new(asked.reference, way, kenya::CURRENCY, asked.amount, url)
            .customer_contact(payee);
        let (number, money) = (&request.merchant_order_no, (request.amount, &request.currency));
        let reserve = |mut tx| async move {
            let sent = OrderStatus::new(OrderState::PROCESSING, None);
            ledger::book(&mut tx, number, Direction::Withdrawal, money, sent).await.map(|()| tx)
        };
        let placed = self.inbox.place_withdrawal_with(&self.client, &request, reserve).await;
        self.show(number, placed).await
    }

    /// An order that the gateway has refused is one that has failed.
    async fn show(&self, number: &MerchantOrderNo, placed: Result<Order>) -> Result<Shown> {
        let error = match placed {
            Ok(order) => return Ok(order.into()),
            Err(error) => error,
        };
        let kind = error.downcast_ref::<tarspay_inbox::Error>().map(tarspay_inbox::Error::kind);
        match self.inbox.order(self.client.merchant_no(), number).await? {
            Some(order) if kind == Some(ErrorKind::Rejected) => Ok(order.into()),
            _ => Err(error),
        }
    }

    /// Run it with [`book`]: it also resumes what a crash has left, and asks for what did not come.
    pub fn worker(&self) -> Worker {
        self.inbox.worker(&self.client)
    }
}

/// What an order's end does to the ledger, in one transaction with the mark that it was done.
pub async fn book(fact: Fact) -> Result<()> {
    let (Some(direction), Some(amount), Some(currency)) = (fact.direction(), fact.amount(), fact.currency())
    else {
        return Err("the order was not placed here".into());
    };
    let mut tx = fact.begin().await?;
    ledger::book(&mut tx, fact.merchant_order_no(), direction, (amount, currency), fact.status()).await?;
    Ok(tx.commit().await?)
}
