//! The inbox: settings, placing orders, and what an operator does.

use crate::engine::Engine;
use crate::order::{Event, Order, OrderRow, Source, answer, outcome};
use crate::receiver::Receiver;
use crate::rules::{self, Schedule, millis};
use crate::status::{Counts, Status};
use crate::value::Row;
use crate::{Error, ErrorKind, Tx};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;
use tarspay::types::{
    Deposit, DepositRequest, MerchantNo, MerchantOrderNo, OrderState, PrivateText, WithdrawalRequest,
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
/// | place | [`place_deposit`](Self::place_deposit), [`place_withdrawal`](Self::place_withdrawal), and with rows of your own [`place_deposit_with`](Self::place_deposit_with), [`place_withdrawal_with`](Self::place_withdrawal_with); [`order`](Self::order) |
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
    /// One that takes longer is placed once all the same. Keep it longer than the client's [quiet
    /// time](tarspay::ClientBuilder::quiet_time): a refusal counts only if no other placing of the
    /// order can be under way.
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
        self.place_deposit_with(client, request, |tx| ready(Ok(tx))).await
    }

    /// As [`place_deposit`](Self::place_deposit), with rows of your own in the transaction that writes the order's row,
    /// before anything is sent: either both are there or neither. `write` runs only for an order that is new, and
    /// returns the transaction. If it fails, nothing is stored or sent. Call nothing else of the inbox in it.
    ///
    /// # Errors
    ///
    /// That of `write`, and those of [`place_deposit`](Self::place_deposit).
    pub async fn place_deposit_with<F, E>(
        &self,
        client: &Client,
        request: &DepositRequest,
        write: impl FnOnce(Tx) -> F + Send,
    ) -> Result<Order, E>
    where
        F: Future<Output = Result<Tx, E>> + Send,
        E: From<Error>,
    {
        let resume = || client.resume_deposit(request);
        self.place(client, request, write, client.place_deposit(request), resume).await
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
        self.place_withdrawal_with(client, request, |tx| ready(Ok(tx))).await
    }

    /// Places a withdrawal, as [`place_deposit_with`](Self::place_deposit_with) does a deposit: take its amount out of
    /// the payer's balance here, so that it cannot be spent twice.
    ///
    /// # Errors
    ///
    /// As [`place_deposit_with`](Self::place_deposit_with).
    pub async fn place_withdrawal_with<F, E>(
        &self,
        client: &Client,
        request: &WithdrawalRequest,
        write: impl FnOnce(Tx) -> F + Send,
    ) -> Result<Order, E>
    where
        F: Future<Output = Result<Tx, E>> + Send,
        E: From<Error>,
    {
        let resume = || client.resume_withdrawal(request);
        self.place(client, request, write, client.place_withdrawal(request), resume).await
    }

    async fn place<'a, R: Stored, F, E>(
        &self,
        client: &Client,
        request: &'a R,
        write: impl FnOnce(Tx) -> F + Send,
        place: Place<'a, R>,
        resume: impl FnOnce() -> Place<'a, R>,
    ) -> Result<Order, E>
    where
        F: Future<Output = Result<Tx, E>> + Send,
        E: From<Error>,
    {
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
        let mut session = self.0.engine.begin(true).await?;
        let is_new = !session.query(self.0.engine.sql("register"), parameters).await?.is_empty();
        let tx = Tx { session, settle: None };
        let tx = if is_new { write(tx).await? } else { tx };
        tx.commit().await?;
        let row = self.row(merchant_no, number.as_str()).await?;
        // A statement of `write` can have ended the transaction.
        let row = row.filter(|row| row.request_check.is_some());
        let row =
            row.ok_or_else(|| Error::unavailable("the order's row was not stored, so nothing was sent"))?;
        if is_new {
            // A row that a callback has made may be about an order that exists.
            let place = if row.ended_at.is_some() { resume() } else { place };
            return Ok(self.send(client, request, place, row.id, 1).await?);
        }
        let is_same = row.direction == Some(R::DIRECTION)
            && row.amount == Some(amount)
            && row.currency.as_deref() == Some(currency.as_str())
            && row.request_check == Some(check);
        if !is_same {
            return Err(Error::other_request(number).into());
        }
        if row.request.is_some() && row.parked.is_none() {
            return Ok(self.finish_placing(client, request, resume(), row.id).await?);
        }
        Ok(outcome(row)?)
    }

    /// Sends an order that is in doubt and stores what came of it.
    pub(crate) async fn finish_placing<R: Stored>(
        &self,
        client: &Client,
        request: &R,
        place: Place<'_, R>,
        id: i64,
    ) -> Result<Order, Error> {
        let parameters = vec![id.into(), millis(self.0.settings.placing).into()];
        match self.0.engine.query("begin placing", parameters).await?.first() {
            Some(row) => self.send(client, request, place, id, row.get("placings")?).await,
            // Another placing has ended meanwhile.
            None => outcome(OrderRow::read(&first(self.0.engine.query("lock", vec![id.into()]).await?)?)?),
        }
    }

    /// Sends the order and stores what came of it. `placing` is the number of this placing.
    async fn send<R: Stored>(
        &self,
        client: &Client,
        request: &R,
        place: Place<'_, R>,
        id: i64,
        placing: i64,
    ) -> Result<Order, Error> {
        let placed = place.await;
        // Those that others have begun are not ended by this one.
        let end = |row: &mut OrderRow| {
            if row.placing == placing {
                row.placing_until = row.others_until;
            }
        };
        let number = request.order_no();
        let key = (client.merchant_no().as_str().to_owned(), number.as_str().to_owned());
        let event = |order| Event::of_response(Source::Placing, key, R::DIRECTION, order);
        match placed {
            Ok(placed) if placed.matches() == Matches::No => {
                let row = self
                    .learn(id, None, 0, |row| {
                        end(row);
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
                    end(row);
                    row.pay_url = pay_url.or(row.pay_url.take());
                    row.pay_data = pay_data.or(row.pay_data.take());
                };
                outcome(self.learn(id, Some(event(order)?), 0, keep).await?)
            }
            Err(error) if error.kind() == GatewayErrorKind::Rejected => {
                let mut event = event(answer(None, number, OrderState::FAILED)?)?;
                event.refusal = Some((error.to_string(), placing));
                match outcome(self.learn(id, Some(event), 0, end).await?) {
                    Err(refused) if refused.kind() == ErrorKind::Rejected => {
                        Err(Error::rejected(&error.to_string(), Some(error)))
                    }
                    outcome => outcome,
                }
            }
            Err(error) => {
                tracing::warn!(order = %number, %error, "the order is in doubt; it is taken up later");
                outcome(self.learn(id, None, 0, end).await?)
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
        let counts = |event: &Event| {
            event.refusal.as_ref().is_none_or(|(_, placing)| rules::is_refused(&row, *placing))
        };
        if let Some(event) = event.filter(counts) {
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

    /// The orders that wait for a person, those that wait longest first, at most 1,000. A row that
    /// cannot be read is left out and logged.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database).
    pub async fn parked(&self) -> Result<Vec<Order>, Error> {
        let rows = self.0.engine.query("parked", vec![1000.into()]).await?;
        let read = |row: &Row| {
            let order = OrderRow::read(row).and_then(OrderRow::into_order);
            // It must not hide the others.
            order.inspect_err(|error| {
                tracing::error!(id = row.get::<i64>("id").ok(), %error, "an order cannot be read");
            })
        };
        Ok(rows.iter().filter_map(|row| read(row).ok()).collect())
    }

    /// Takes a parked order up again: its newest fact is applied, with all attempts. If it was
    /// parked for a contradiction, the gateway is asked, and its answer is believed; without a
    /// direction it cannot be asked, and what is known is applied. `false` if no such order is
    /// parked, or if it has neither ended nor a direction: discard it, or wait for its end.
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
