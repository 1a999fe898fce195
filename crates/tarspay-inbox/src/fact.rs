//! What a handler gets, and the transaction in which it can apply it.

use crate::engine::Session;
use crate::order::{received, status};
use crate::value::{Row, Value};
use crate::{Error, Inbox};
use std::fmt;
use tarspay::types::{
    Amount, Currency, Direction, MerchantNo, MerchantOrderNo, OrderState, OrderStatus, PayOrderId,
};

/// The statement that settles a fact, with [`id`](Fact::id) and [`lease`](Fact::lease). Make it the
/// last one before `COMMIT`. PostgreSQL and SQLite both take `$1`; where your driver wants `?` or
/// `%s`, write it so.
pub const SETTLE: &str = "INSERT INTO tarspay_settle (id, lease) VALUES ($1, $2)";

/// The newest that is known about an order and was not applied yet, as a handler gets it, with a
/// lease on the order.
///
/// The handler applies it and settles it in **one** transaction: it writes what follows from the
/// fact, then [`SETTLE`] with [`id`](Self::id) and [`lease`](Self::lease) as the last statement,
/// then commits. If the lease was lost, that statement fails, and the whole transaction is rolled
/// back, also from within a savepoint. With a transaction of the inbox ([`begin`](Self::begin))
/// `commit` does both.
#[derive(Clone, Debug)]
pub struct Fact {
    inbox: Inbox,
    id: i64,
    lease: i64,
    attempt: i64,
    applied_count: i64,
    merchant_no: MerchantNo,
    merchant_order_no: MerchantOrderNo,
    direction: Option<Direction>,
    amount: Option<Amount>,
    currency: Option<Currency>,
    pay_order_id: Option<PayOrderId>,
    status: OrderStatus,
    previous: Option<OrderStatus>,
    refusal: Option<String>,
}

impl Fact {
    pub(crate) fn read(inbox: &Inbox, row: &Row) -> Result<Self, Error> {
        let direction: Option<String> = row.get("direction")?;
        Ok(Self {
            inbox: inbox.clone(),
            id: row.get("id")?,
            lease: row.get("lease")?,
            attempt: row.get("attempts")?,
            applied_count: row.get("applied_count")?,
            merchant_no: received(row.get("merchant_no")?)?,
            merchant_order_no: received(row.get("number")?)?,
            direction: direction.map(|text| text.parse()).transpose().map_err(Error::damaged)?,
            amount: row.get("amount")?,
            currency: row.get::<Option<String>>("currency")?.map(received).transpose()?,
            pay_order_id: row.get::<Option<String>>("pay_order_id")?.map(received).transpose()?,
            status: status(row, "claimed_state", "claimed_paid")?
                .ok_or_else(|| Error::column("claimed_state"))?,
            previous: status(row, "applied_state", "applied_paid")?,
            refusal: row.get("refusal")?,
        })
    }

    /// The number of the order's row, the first value of [`SETTLE`].
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The number of the lease, the second value of [`SETTLE`].
    pub fn lease(&self) -> i64 {
        self.lease
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> i64 {
        self.attempt
    }

    /// The merchant's number.
    pub fn merchant_no(&self) -> &MerchantNo {
        &self.merchant_no
    }

    /// The merchant's number of the order.
    pub fn merchant_order_no(&self) -> &MerchantOrderNo {
        &self.merchant_order_no
    }

    /// Whether money came in or went out. `None` only for an order that was not placed here.
    pub fn direction(&self) -> Option<Direction> {
        self.direction
    }

    /// The gateway's number of the order. `None` if the gateway has refused it.
    pub fn pay_order_id(&self) -> Option<&PayOrderId> {
        self.pay_order_id.as_ref()
    }

    /// The amount that was asked for.
    pub fn amount(&self) -> Option<Amount> {
        self.amount
    }

    /// The currency.
    pub fn currency(&self) -> Option<&Currency> {
        self.currency.as_ref()
    }

    /// How the order has ended.
    pub fn state(&self) -> OrderState {
        self.status.state
    }

    /// How the order has ended, and how much was paid.
    pub fn status(&self) -> OrderStatus {
        self.status
    }

    /// What was applied before: of a refund the success, of a further part payment the one before.
    /// Book the difference.
    pub fn previous(&self) -> Option<OrderStatus> {
        self.previous
    }

    /// Why the gateway refused to create the order, which then counts as failed.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// A key for effects outside of the database, such as a mail: the same for every attempt at
    /// this fact, another for the next fact. Such effects can come twice, so give the key to
    /// whoever can notice it.
    pub fn effect_key(&self) -> String {
        let paid = self.status.paid().map_or_else(|| "-".to_owned(), crate::order::plain);
        let (state, nth) = (self.status.state.code(), self.applied_count + 1);
        format!("{nth}/{state}/{paid}/{}/{}", self.merchant_no, self.merchant_order_no)
    }

    /// Begins a transaction of the inbox's own connection. With SQLite it has the inbox's one
    /// connection until it ends, so call nothing else of the inbox meanwhile, and wait for nothing
    /// slow.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database).
    pub async fn begin(&self) -> Result<Tx, Error> {
        let engine = &self.inbox.0.engine;
        Ok(Tx {
            session: engine.begin(true).await?,
            settle: engine.sql("settle"),
            id: self.id,
            lease: self.lease,
        })
    }
}

/// A transaction in which a fact is applied. Dropped without [`commit`](Self::commit), it is rolled
/// back.
///
/// Statements are in the SQL of the engine, with `?1` or `$1` for parameters.
pub struct Tx {
    session: Session,
    settle: &'static str,
    id: i64,
    lease: i64,
}

impl Tx {
    /// Runs a statement; returns how many rows were changed.
    ///
    /// With PostgreSQL the types of the parameters are `BIGINT`, `TEXT` and `BYTEA`. Convert others
    /// in the statement: `$2::numeric`.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database).
    pub async fn execute<const N: usize>(&mut self, sql: &str, parameters: [Value; N]) -> Result<u64, Error> {
        self.session.execute(sql, parameters.into()).await
    }

    /// Runs a statement and returns its rows.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database).
    pub async fn query<const N: usize>(
        &mut self,
        sql: &str,
        parameters: [Value; N],
    ) -> Result<Vec<Row>, Error> {
        self.session.query(sql, parameters.into()).await
    }

    /// Runs a function over the connection of rusqlite, in a thread that may wait for the disk. The
    /// transaction must stay open.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database) with the error of the function as its source, or if
    /// the inbox is in PostgreSQL.
    #[cfg(feature = "sqlite")]
    pub async fn with_connection<T, E>(
        &mut self,
        run: impl FnOnce(&rusqlite::Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        match &mut self.session {
            Session::Sqlite(session) => {
                session
                    .with(|connection| {
                        run(connection).map_err(|error| Error::database(&error.to_string(), error))
                    })
                    .await
            }
            #[cfg(feature = "postgres")]
            Session::Postgres(_) => Err(Error::unavailable("the inbox is in PostgreSQL, not in SQLite")),
        }
    }

    /// The client of tokio-postgres, whose transaction is open. `None` if the inbox is in SQLite.
    #[cfg(feature = "postgres")]
    pub fn client(&self) -> Option<&tokio_postgres::Client> {
        match &self.session {
            #[cfg(feature = "sqlite")]
            Session::Sqlite(_) => None,
            Session::Postgres(session) => Some(session.client()),
        }
    }

    /// Settles the fact and commits: all of it, or nothing.
    ///
    /// # Errors
    ///
    /// [`LeaseLost`](crate::ErrorKind::LeaseLost); [`Database`](crate::ErrorKind::Database), after
    /// which it may have been committed all the same: the worker looks.
    pub async fn commit(mut self) -> Result<(), Error> {
        #[cfg(feature = "sqlite")]
        #[allow(irrefutable_let_patterns, reason = "without the other engine it is the only one")]
        if let Session::Sqlite(session) = &mut self.session {
            session.check_open().await?;
        }
        self.session.execute(self.settle, vec![self.id.into(), self.lease.into()]).await?;
        self.session.commit().await
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").field("id", &self.id).field("lease", &self.lease).finish_non_exhaustive()
    }
}
