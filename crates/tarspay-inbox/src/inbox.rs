//! The inbox: settings, placing orders, and what an operator does.

use crate::Error;
use crate::engine::Engine;
use crate::order::{Event, Order, OrderRow, Source};
use crate::receiver::Receiver;
use crate::rules::{self, Schedule, millis};
use crate::status::{Counts, Status};
use crate::value::Row;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tarspay::types::{
    self, Decode as _, Deposit, DepositRequest, MerchantNo, MerchantOrderNo, OrderState, PayOrderId,
    PrivateText, WithdrawalRequest,
};
use tarspay::{Client, ErrorKind as GatewayErrorKind, Matches, OrderRequest, Place, Placed};
use tokio::sync::watch;

/// The newest version of the tables.
const VERSION: i64 = 1;

/// The shortest time for which what has ended is kept: longer than the gateway repeats callbacks
/// (16 times; the times between are not documented).
const MIN_RETENTION: Duration = Duration::from_secs(14 * 24 * 3600);

/// The rows of one transaction of the fold and of `prune`.
pub(crate) const BATCH: i64 = 256;

/// Orders and callbacks in a database of yours. Clones share it.
///
/// | | |
/// |---|---|
/// | open | [`sqlite`](Inbox#method.sqlite), [`postgres`](Inbox#method.postgres), [`migrate`](Self::migrate) |
/// | place | [`place_deposit`](Self::place_deposit), [`place_withdrawal`](Self::place_withdrawal), [`order`](Self::order) |
/// | accept | [`receiver`](Self::receiver), [`accept`](Self::accept) |
/// | apply | [`worker`](Self::worker): [`run`](crate::Worker::run), [`apply`](crate::Worker::apply) |
/// | operate | [`status`](Self::status), [`parked`](Self::parked), [`replay`](Self::replay), [`discard`](Self::discard), [`prune`](Self::prune) |
#[derive(Clone)]
pub struct Inbox(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) settings: Settings,
    /// Wakes the workers of this process.
    pub(crate) wake: watch::Sender<()>,
    pub(crate) counts: Counts,
    pub(crate) receiver: Receiver,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) schedule: Schedule,
    pub(crate) placing: Duration,
}

/// Settings of an [`Inbox`]; [`open`](Self::open) makes it.
#[derive(Clone)]
#[must_use = "an inbox is opened by `open`"]
pub struct Builder {
    location: Location,
    settings: Settings,
    #[cfg(feature = "sqlite")]
    inline: bool,
    #[cfg(feature = "postgres")]
    connections: usize,
    #[cfg(feature = "postgres")]
    roots: Option<Vec<u8>>,
}

#[derive(Clone)]
enum Location {
    #[cfg(feature = "sqlite")]
    Sqlite(std::path::PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(String),
}

impl Builder {
    fn new(location: Location) -> Self {
        let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3600));
        let schedule = Schedule { open: (minute / 2, hour), ended: (24 * hour, 30 * 24 * hour) };
        Self {
            location,
            settings: Settings { schedule, placing: 2 * minute },
            #[cfg(feature = "sqlite")]
            inline: false,
            #[cfg(feature = "postgres")]
            connections: 10,
            #[cfg(feature = "postgres")]
            roots: None,
        }
    }

    /// The shortest and the longest time between two queries for an order that has not ended. It is
    /// asked for again after half of its age, within these. Default: 30 seconds and one hour.
    pub fn ask_between(mut self, shortest: Duration, longest: Duration) -> Self {
        self.settings.schedule.open = (shortest, longest);
        self
    }

    /// How often an order that was paid or timed out is asked for again, and until how long after
    /// its end, since no callback may tell of a refund or of a late payment. Default: every 24
    /// hours for 30 days. A refund within the second time is found within the first.
    pub fn watch_ended(mut self, every: Duration, until: Duration) -> Self {
        self.settings.schedule.ended = (every, until);
        self
    }

    /// How long a placing can take before another process takes the order up. Default: 2 minutes.
    /// One that takes longer is placed once all the same.
    pub fn placing_takes(mut self, time: Duration) -> Self {
        self.settings.placing = time;
        self
    }

    /// SQLite only: runs statements in the thread of the caller, not in one that may wait for the
    /// disk. For a simulation with one thread.
    #[cfg(feature = "sqlite")]
    pub fn inline(mut self) -> Self {
        self.inline = true;
        self
    }

    /// PostgreSQL only: the most connections of this inbox. Default: 10. Each transaction of a
    /// [`Fact`](crate::Fact) has one while it is open; two are kept for the inbox itself.
    #[cfg(feature = "postgres")]
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most;
        self
    }

    /// PostgreSQL only: trusts these root certificates, a PEM text, in place of Mozilla's. Most
    /// databases have a certificate of their provider's own authority.
    #[cfg(feature = "postgres")]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Opens the database.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database) if it cannot be reached or opened.
    pub async fn open(self) -> Result<Inbox, Error> {
        let engine = match self.location {
            #[cfg(feature = "sqlite")]
            Location::Sqlite(path) => Engine::Sqlite(crate::sqlite::Sqlite::open(path, self.inline).await?),
            #[cfg(feature = "postgres")]
            Location::Postgres(config) => Engine::Postgres(
                crate::postgres::Postgres::open(&config, self.connections, self.roots.as_deref()).await?,
            ),
        };
        Ok(Inbox(Arc::new(Inner {
            engine,
            settings: self.settings,
            wake: watch::Sender::new(()),
            counts: Counts::default(),
            receiver: Receiver::default(),
        })))
    }
}

impl fmt::Debug for Builder {
    /// Does not show where the database is, since the text may have a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Inbox {
    /// An inbox in a file of SQLite, usually that of your own tables. For one machine.
    ///
    /// It sets the file to WAL, and its own connection to `synchronous = FULL`.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(path: impl Into<std::path::PathBuf>) -> Builder {
        Builder::new(Location::Sqlite(path.into()))
    }

    /// An inbox in PostgreSQL, for any number of machines. `config` is a URL or `host=… user=…`, as
    /// libpq has it. The tables are made in the first schema of the search path, where your own
    /// are.
    ///
    /// Named prepared statements, session locks and other session state are not used, so PgBouncer
    /// in transaction mode can be between. TLS is used if the server has it (`sslmode=require`
    /// insists), and the certificate is verified.
    #[cfg(feature = "postgres")]
    pub fn postgres(config: &str) -> Builder {
        Builder::new(Location::Postgres(config.to_owned()))
    }

    /// Makes the tables, or brings them to this version. Any number of processes can do it at once.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database), also if a later version of this crate has made the
    /// tables.
    pub async fn migrate(&self) -> Result<(), Error> {
        let engine = &self.0.engine;
        let mut session = engine.begin(false).await?;
        session.batch(engine.sql("migrate lock")).await?;
        let version: i64 = first(session.query(engine.sql("version"), vec![]).await?)?.get("version")?;
        if version > VERSION {
            return Err(Error::unavailable(format!(
                "the tables have version {version}, and this tarspay-inbox knows {VERSION}; use a newer one"
            )));
        }
        for next in version + 1..=VERSION {
            session.batch(engine.sql(&format!("migration {next}"))).await?;
        }
        session.execute(engine.sql("migrated"), vec![VERSION.into()]).await?;
        session.commit().await
    }

    /// Places a deposit: writes its row, then places it. A crash anywhere in between is taken up by
    /// a [worker](Self::worker) of any process under the same number.
    ///
    /// Called again with the same request, also after a restart, it returns the order as it is, and
    /// resumes it if it is in doubt. If the gateway cannot be reached the result is an order [in
    /// doubt](Order::is_in_doubt), which the worker places later: do not place it under another
    /// number.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) and [`OtherRequest`](crate::ErrorKind::OtherRequest):
    /// nothing was stored or sent. [`Rejected`](crate::ErrorKind::Rejected): there is and will be
    /// no order. [`Parked`](crate::ErrorKind::Parked): the gateway has another order under this
    /// number. [`Database`](crate::ErrorKind::Database): call it again.
    pub async fn place_deposit(&self, client: &Client, request: &DepositRequest) -> Result<Order, Error> {
        self.place(client, request, client.place_deposit(request), || client.resume_deposit(request)).await
    }

    /// Places a withdrawal, as [`place_deposit`](Self::place_deposit) does a deposit. The row holds
    /// the payee's data until the order is known to exist.
    ///
    /// # Errors
    ///
    /// As [`place_deposit`](Self::place_deposit).
    pub async fn place_withdrawal(
        &self,
        client: &Client,
        request: &WithdrawalRequest,
    ) -> Result<Order, Error> {
        self.place(client, request, client.place_withdrawal(request), || client.resume_withdrawal(request))
            .await
    }

    async fn place<'a, R: Stored>(
        &self,
        client: &Client,
        request: &'a R,
        place: Place<'a, R>,
        resume: impl FnOnce() -> Place<'a, R>,
    ) -> Result<Order, Error> {
        place.check().map_err(Error::refused_here)?;
        let (number, (&amount, currency)) = (request.order_no(), request.price());
        let json = serde_json::to_string(request).map_err(Error::damaged)?;
        let check = sixteen_bits(&json);
        let merchant_no = client.merchant_no().as_str();
        let parameters = vec![
            merchant_no.into(),
            number.as_str().into(),
            R::DIRECTION.as_str().into(),
            amount.into(),
            currency.as_str().into(),
            json.into(),
            check.into(),
            millis(self.0.settings.placing).into(),
        ];
        let new = self.0.engine.query("register", parameters).await?;
        let row = self.row(merchant_no, number.as_str()).await?.ok_or_else(|| Error::column("number"))?;
        if !new.is_empty() {
            // A row that a callback has made may be about an order that exists.
            let place = if row.ended_at.is_some() { resume() } else { place };
            return self.finish_placing(client, request, place, row.id).await;
        }
        let is_same = row.direction == Some(R::DIRECTION)
            && row.amount == Some(amount)
            && row.currency.as_deref() == Some(currency.as_str())
            && row.request_check == Some(check);
        if !is_same {
            return Err(Error::other_request(number));
        }
        if row.request.is_some() && row.parked.is_none() {
            return self.finish_placing(client, request, resume(), row.id).await;
        }
        outcome(row)
    }

    /// Sends the order and stores what came of it.
    pub(crate) async fn finish_placing<R: Stored>(
        &self,
        client: &Client,
        request: &R,
        place: Place<'_, R>,
        id: i64,
    ) -> Result<Order, Error> {
        let placed = place.await;
        let number = request.order_no();
        let key = (client.merchant_no().as_str().to_owned(), number.as_str().to_owned());
        let event = |order| Event::of_response(Source::Placing, key, R::DIRECTION, order);
        match placed {
            Ok(placed) if placed.matches() == Matches::No => {
                let row = self
                    .learn(id, None, 0, |row| {
                        row.parked = Some("the gateway has another amount under this number".to_owned());
                        (row.request, row.doubt) = (None, 1);
                    })
                    .await?;
                outcome(row)
            }
            Ok(placed) => {
                let order = match &placed {
                    Placed::Recovered { order, .. } | Placed::AlreadyExisted { order, .. } => order.clone(),
                    _ => answer(
                        placed.pay_order_id(),
                        number,
                        placed.state().unwrap_or(OrderState::PROCESSING),
                    )?,
                };
                let (pay_url, pay_data) = R::pages(&placed);
                let keep = |row: &mut OrderRow| {
                    row.pay_url = pay_url.or(row.pay_url.take());
                    row.pay_data = pay_data.or(row.pay_data.take());
                };
                outcome(self.learn(id, Some(event(order)?), 0, keep).await?)
            }
            Err(error) if error.kind() == GatewayErrorKind::Rejected => {
                let refusal = error.to_string();
                let keep = |row: &mut OrderRow| row.refusal = Some(refusal);
                let event = event(answer(None, number, OrderState::FAILED)?)?;
                let row = self.learn(id, Some(event), 0, keep).await?;
                // A callback may have said otherwise.
                if row.status.state == OrderState::FAILED {
                    Err(Error::rejected(&error.to_string(), Some(error)))
                } else {
                    outcome(row)
                }
            }
            Err(error) => {
                tracing::warn!(order = %number, %error, "the order is in doubt; it is taken up later");
                outcome(self.learn(id, None, 0, |_| ()).await?)
            }
        }
    }

    /// Takes what the gateway has said into the order's row, which stays locked for that.
    pub(crate) async fn learn(
        &self,
        id: i64,
        event: Option<Event>,
        asked: i64,
        change: impl FnOnce(&mut OrderRow) + Send,
    ) -> Result<OrderRow, Error> {
        let Inner { engine, settings, wake, .. } = &*self.0;
        let mut session = engine.begin(false).await?;
        let mut row = OrderRow::read(&first(session.query(engine.sql("lock"), vec![id.into()]).await?)?)?;
        change(&mut row);
        if let Some(event) = event {
            let verdict = rules::fold(&mut row, &event, asked, settings.schedule);
            let (_, mut values) = event.into_row();
            values.push(verdict.as_str().into());
            session.execute(engine.sql("record"), values).await?;
        } else {
            rules::plan(&mut row, true, settings.schedule);
            // Nobody has answered, so also what is asked for daily is asked for again sooner.
            let latest = row.now + millis(settings.schedule.open.1);
            row.ask_at = row.ask_at.map(|at| at.min(latest));
        }
        session.execute_many(engine.sql("update order"), vec![row.clone().into_values()]).await?;
        session.commit().await?;
        wake.send_replace(());
        Ok(row)
    }

    async fn row(&self, merchant_no: &str, number: &str) -> Result<Option<OrderRow>, Error> {
        let rows = self.0.engine.query("find", vec![merchant_no.into(), number.into()]).await?;
        rows.first().map(OrderRow::read).transpose()
    }

    /// The order of this number, if it was placed here or a callback has named it.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database).
    pub async fn order(
        &self,
        merchant_no: &MerchantNo,
        number: &MerchantOrderNo,
    ) -> Result<Option<Order>, Error> {
        self.row(merchant_no.as_str(), number.as_str()).await?.map(OrderRow::into_order).transpose()
    }

    /// How much waits, and since when.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database).
    pub async fn status(&self) -> Result<Status, Error> {
        let row = first(self.0.engine.query("status", vec![]).await?)?;
        Status::read(&row, &self.0.counts)
    }

    /// The orders that wait for a person, those that wait longest first, at most 1,000.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database).
    pub async fn parked(&self) -> Result<Vec<Order>, Error> {
        let rows = self.0.engine.query("parked", vec![1000.into()]).await?;
        rows.iter().map(|row| OrderRow::read(row)?.into_order()).collect()
    }

    /// Takes a parked order up again: its newest fact is applied, with all attempts. If it was
    /// parked for a contradiction, the gateway is asked, and its answer is believed. `false` if no
    /// such order is parked.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database).
    pub async fn replay(&self, id: i64) -> Result<bool, Error> {
        let changed = self.0.engine.execute("replay", vec![id.into()]).await?;
        self.0.wake.send_replace(());
        Ok(changed > 0)
    }

    /// Closes a parked order: nothing is applied and nobody is asked. If there is news about it all
    /// the same, it is parked again. `false` if no such order is parked.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database).
    pub async fn discard(&self, id: i64, reason: &str) -> Result<bool, Error> {
        Ok(self.0.engine.execute("discard", vec![id.into(), reason.into()]).await? > 0)
    }

    /// Deletes events, and orders that are settled and that nobody asks for, after they have not
    /// changed for this time. Safe while everything runs. Returns how many rows were deleted.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) if the time is shorter than 14 days: a callback that
    /// the gateway repeats must find its order. [`Database`](crate::ErrorKind::Database).
    pub async fn prune(&self, unchanged_for: Duration) -> Result<u64, Error> {
        if unchanged_for < MIN_RETENTION {
            return Err(Error::invalid(
                "rows must be kept for at least 14 days, longer than the gateway repeats callbacks",
            ));
        }
        let mut deleted = 0;
        for statement in ["prune events", "prune orders"] {
            loop {
                let parameters = vec![millis(unchanged_for).into(), BATCH.into()];
                let batch = self.0.engine.execute(statement, parameters).await?;
                deleted += batch;
                if batch == 0 {
                    break;
                }
            }
        }
        Ok(deleted)
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

/// The one row of a result.
pub(crate) fn first(rows: Vec<Row>) -> Result<Row, Error> {
    rows.into_iter()
        .next()
        .ok_or_else(|| Error::unavailable("the row of an order or of the inbox is missing"))
}

fn outcome(row: OrderRow) -> Result<Order, Error> {
    // An order that is parked because its handler fails is a good order all the same.
    let is_doubtful = row.doubt > 0;
    let order = row.into_order()?;
    match (&order.refusal, &order.parked) {
        (Some(refusal), _) if order.status.state == OrderState::FAILED => Err(Error::rejected(refusal, None)),
        (_, Some(reason)) if is_doubtful => Err(Error::parked(&order.merchant_order_no, reason)),
        _ => Ok(order),
    }
}

/// What is stored of a response to a creation. A refused order has no number of the gateway's.
fn answer(
    pay_order_id: Option<&PayOrderId>,
    number: &MerchantOrderNo,
    state: OrderState,
) -> Result<types::Order, Error> {
    let json = format!(r#"{{"state":{}}}"#, state.code());
    let mut order = types::Order::from_json(&json).map_err(Error::damaged)?;
    (order.pay_order_id, order.merchant_order_no) = (pay_order_id.cloned(), Some(number.clone()));
    Ok(order)
}

/// Enough of a digest to notice another request, and too little to find a payee's number by trying
/// all.
fn sixteen_bits(request: &str) -> i64 {
    let digest = Sha256::digest(request);
    i64::from(u16::from_be_bytes([digest[0], digest[1]]))
}

/// A request whose row holds it.
pub(crate) trait Stored: OrderRequest {
    /// The pay URL and the payment data of a response.
    fn pages(_: &Placed<Self::Response>) -> (Option<String>, Option<String>) {
        (None, None)
    }
}

impl Stored for WithdrawalRequest {}

impl Stored for DepositRequest {
    fn pages(placed: &Placed<Deposit>) -> (Option<String>, Option<String>) {
        let owned = |text: &PrivateText| text.as_str().to_owned();
        match placed {
            Placed::Created { response, .. } => {
                (response.pay_url.as_ref().map(owned), response.pay_data.as_ref().map(owned))
            }
            _ => (None, None),
        }
    }
}
