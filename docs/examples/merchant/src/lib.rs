//! A merchant's back end: checkout, payout, callbacks, reconciliation and recovery after a crash.
//!
//! An order's row is written before the order is sent, with the whole request. Whatever happens then, the same request
//! is resumed under the same number, so the order exists once.

mod ledger;
mod web;

pub use web::router;

use receivers::{Orders, Result, learn};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tarspay::types::market::kenya;
use tarspay::types::{
    Amount, Callback, Decode as _, DepositRequest, Direction, NotifyUrl, OrderState, OrderStatus,
    PrivateText, WithdrawalRequest,
};
use tarspay::{Client, ErrorKind, OrderRequest, Place, Placed, Verified};

/// `reference` is the shop's own: a cart or a payout. It has one order, however often it is asked for.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS requests (
        reference TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, request TEXT NOT NULL,
        pay_url TEXT, written_at INTEGER NOT NULL DEFAULT (unixepoch())
    ) STRICT;
";

/// Orders that have not ended, or that a callback says to query. A state that is not known has not ended.
const OPEN: &str = "(state NOT IN (2, 3, 5, 6, 8, 9) OR to_query = 1)";
/// Orders that can still change without a callback: a refund, or a late payment that is made up.
const SETTLED: &str = "state IN (2, 6, 9)";

/// What the shop asks for. The amount is a text.
#[derive(Deserialize)]
pub struct Asked {
    pub reference: String,
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

#[derive(Clone)]
pub struct Merchant {
    client: Client,
    orders: Orders,
    notify_url: NotifyUrl,
}

/// An order to look at.
pub struct Due {
    number: String,
    direction: Direction,
    /// The request, if the gateway has not said that the order exists.
    unconfirmed: Option<String>,
}

impl Merchant {
    pub fn new(client: Client, orders: Orders, notify_url: NotifyUrl) -> Result<Self> {
        orders.transaction(|transaction| {
            Ok(transaction.execute_batch(TABLE).and_then(|()| transaction.execute_batch(ledger::TABLE))?)
        })?;
        Ok(Self { client, orders, notify_url })
    }

    /// Places a deposit. Send the payer to its `pay_url`.
    pub async fn checkout(&self, asked: Asked) -> Result<Shown> {
        let (number, url) = (self.new_number().await?, self.notify_url.clone());
        let (way, amount, payer) = (kenya::way::CASHIER, asked.amount, asked.phone.as_str());
        let request =
            DepositRequest::new(number.parse()?, way, kenya::CURRENCY, amount, url).customer_contact(payer);
        self.client.place_deposit(&request).check()?;
        if self.write(&asked, Direction::Deposit, &number, serde_json::to_string(&request)?).await? {
            self.place(self.client.place_deposit(&request), &number, Placed::pay_url).await?;
        }
        self.show(asked.reference).await
    }

    /// Places a withdrawal.
    pub async fn payout(&self, asked: Asked) -> Result<Shown> {
        let (number, url) = (self.new_number().await?, self.notify_url.clone());
        let (way, amount, payee) = (kenya::way::EWALLET_MPESA, asked.amount, asked.phone.as_str());
        let request = WithdrawalRequest::new(number.parse()?, way, kenya::CURRENCY, amount, url)
            .customer_contact(payee);
        self.client.place_withdrawal(&request).check()?;
        if self.write(&asked, Direction::Withdrawal, &number, serde_json::to_string(&request)?).await? {
            self.place(self.client.place_withdrawal(&request), &number, |_| None).await?;
        }
        self.show(asked.reference).await
    }

    /// Stores what a callback says. Respond with `OK` afterwards.
    pub async fn store(&self, callback: Verified<Callback>) -> Result<()> {
        self.transaction(move |transaction| {
            receivers::apply(transaction, &callback)?;
            let number = callback.get().merchant_order_no.as_str();
            let sql = "SELECT 1 FROM orders WHERE number = ?1";
            let is_ours = transaction.query_row(sql, [number], |_| Ok(())).optional()?.is_some();
            if is_ours { ledger::book(transaction, number) } else { Ok(()) }
        })
        .await
    }

    /// The orders whose callback has not come. Call it before the server starts, with no age, for those that an earlier
    /// run left, and then with an age that is longer than a placing takes.
    pub async fn unfinished(&self, age: Duration) -> Result<Vec<Due>> {
        self.due(OPEN, age).await
    }

    /// The orders that have ended and can still change. Look at them once a day.
    pub async fn settled(&self) -> Result<Vec<Due>> {
        self.due(SETTLED, Duration::ZERO).await
    }

    /// Resumes what may not have been sent, and queries the rest.
    pub async fn reconcile(&self, orders: Vec<Due>) {
        for order in orders {
            if let Err(error) = self.refresh(&order).await {
                eprintln!("order {}: {error}", order.number); // it stays unfinished
            }
        }
    }

    async fn refresh(&self, order: &Due) -> Result<()> {
        match (order.direction, &order.unconfirmed) {
            (Direction::Deposit, Some(request)) => {
                let request = DepositRequest::from_json(request)?;
                self.place(self.client.resume_deposit(&request), &order.number, Placed::pay_url).await
            }
            (Direction::Withdrawal, Some(request)) => {
                let request = WithdrawalRequest::from_json(request)?;
                self.place(self.client.resume_withdrawal(&request), &order.number, |_| None).await
            }
            (direction, None) => {
                let said = self.client.query_order(direction, order.number.parse()?).await?;
                let (status, number) = (said.status(), order.number.clone());
                let pay_order_id = said.pay_order_id.map(|id| id.as_str().to_owned());
                self.transaction(move |transaction| {
                    learn(transaction, &number, pay_order_id.as_deref(), status)?;
                    transaction.execute("UPDATE orders SET to_query = 0 WHERE number = ?1", [&number])?;
                    ledger::book(transaction, &number)
                })
                .await
            }
        }
    }

    /// If the outcome stays unknown, so does the row's state, and the order is resumed later.
    async fn place<R: OrderRequest>(
        &self,
        place: Place<'_, R>,
        number: &str,
        pay_url: impl FnOnce(&Placed<R::Response>) -> Option<&str>,
    ) -> Result<()> {
        let (pay_order_id, status, pay_url) = match place.await {
            // Another order has this number. It is not ours to book.
            Ok(placed) if placed.matches() == tarspay::Matches::No => {
                let what = format!("order {number} has another amount at the gateway");
                let sql = "INSERT OR IGNORE INTO for_a_person VALUES (?1, x'')";
                return self
                    .transaction(move |transaction| Ok(transaction.execute(sql, [what]).map(drop)?))
                    .await;
            }
            Ok(placed) => {
                let status = match &placed {
                    Placed::Recovered { order, .. } | Placed::AlreadyExisted { order, .. } => order.status(),
                    _ => OrderStatus::new(placed.state().unwrap_or(OrderState::PROCESSING), None),
                };
                (
                    placed.pay_order_id().map(|id| id.as_str().to_owned()),
                    status,
                    pay_url(&placed).map(str::to_owned),
                )
            }
            // It does not exist, and will not.
            Err(error) if matches!(error.kind(), ErrorKind::Rejected | ErrorKind::Invalid) => {
                eprintln!("order {number}: {error}");
                (None, OrderStatus::new(OrderState::FAILED, None), None)
            }
            Err(error) => {
                eprintln!("order {number}: {error}");
                return Ok(());
            }
        };
        let number = number.to_owned();
        self.transaction(move |transaction| {
            learn(transaction, &number, pay_order_id.as_deref(), status)?;
            let sql = "UPDATE requests SET pay_url = coalesce(?2, pay_url) WHERE number = ?1";
            transaction.execute(sql, params![number, pay_url])?;
            ledger::book(transaction, &number)
        })
        .await
    }

    /// 96 random bits, so that no number comes again, even after a backup was restored.
    async fn new_number(&self) -> Result<String> {
        let sql = "SELECT lower(hex(randomblob(12)))";
        self.transaction(move |transaction| Ok(transaction.query_row(sql, [], |row| row.get(0))?)).await
    }

    /// Writes a new order's row, and takes a withdrawal's amount out of the ledger. `false`: the reference has an order.
    async fn write(
        &self,
        asked: &Asked,
        direction: Direction,
        number: &str,
        request: String,
    ) -> Result<bool> {
        let (reference, number) = (asked.reference.clone(), number.to_owned());
        let amount = String::from(asked.amount);
        self.transaction(move |transaction| {
            let sql =
                "SELECT direction, amount FROM requests JOIN orders USING (number) WHERE reference = ?1";
            let known = transaction.query_row(sql, [&reference], |row| Ok((row.get(0)?, row.get(1)?)));
            if let Some(known) = known.optional()? {
                let asked_again = known == (direction.to_string(), amount);
                return if asked_again { Ok(false) } else { Err("the reference has another order".into()) };
            }
            let sql = "INSERT INTO requests (reference, number, request) VALUES (?1, ?2, ?3)";
            transaction.execute(sql, [&reference, &number, &request])?;
            let sql =
                "INSERT INTO orders (number, direction, amount, currency, state) VALUES (?1, ?2, ?3, ?4, 0)";
            transaction.execute(sql, [&number, direction.as_str(), &amount, kenya::CURRENCY.as_str()])?;
            ledger::book(transaction, &number)?;
            Ok(true)
        })
        .await
    }

    async fn show(&self, reference: String) -> Result<Shown> {
        let sql =
            "SELECT number, state, pay_url FROM requests JOIN orders USING (number) WHERE reference = ?1";
        self.transaction(move |transaction| {
            Ok(transaction.query_row(sql, [reference], |row| {
                Ok(Shown { number: row.get(0)?, state: row.get(1)?, pay_url: row.get(2)? })
            })?)
        })
        .await
    }

    async fn due(&self, which: &str, age: Duration) -> Result<Vec<Due>> {
        let sql = format!(
            "SELECT number, direction, iif(pay_order_id IS NULL, request, NULL)
             FROM requests JOIN orders USING (number) WHERE {which} AND written_at <= unixepoch() - ?1"
        );
        self.transaction(move |transaction| {
            let mut statement = transaction.prepare(&sql)?;
            let mut rows = statement.query([i64::try_from(age.as_secs())?])?;
            let mut orders = Vec::new();
            while let Some(row) = rows.next()? {
                let direction = row.get::<_, String>(1)?.parse()?;
                orders.push(Due { number: row.get(0)?, direction, unconfirmed: row.get(2)? });
            }
            Ok(orders)
        })
        .await
    }

    /// SQLite waits for the disk, so it has a thread of its own.
    async fn transaction<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let orders = self.orders.clone();
        tokio::task::spawn_blocking(move || orders.transaction(change)).await?
    }
}
