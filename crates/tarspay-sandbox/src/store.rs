//! The state of the gateway in `SQLite`: one thread owns the connection and commits many changes at once.
//!
//! A change is a job: a function over a [`Tx`]. Jobs that wait at the same time share one transaction and so one write
//! to the disk; each has its own savepoint, so that one that fails undoes only itself. A job has its result
//! only after the commit: what was acknowledged is on the disk.

pub(crate) mod callbacks;
pub(crate) mod merchants;
pub(crate) mod open;
pub(crate) mod orders;
pub(crate) mod plans;

use crate::clock::SandboxClock;
pub(crate) use crate::error::StoreError;
use crate::error::lock;
use crate::event::{EventKind, EventLog};
use crate::schedule::{Delivery, Message};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Params, Row, Statement};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

/// The most jobs that share a transaction.
const GROUP: usize = 256;

/// The settings of a sandbox. [`Builder`](crate::Builder) describes them.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) deposit_lifetime: Duration,
    pub(crate) enforces_limits: bool,
    pub(crate) notifies_all_ends: bool,
    pub(crate) allowed_receivers: Vec<String>,
    pub(crate) explains: bool,
    pub(crate) callback_timeout: Duration,
    /// The most connections of clients at a time.
    pub(crate) connections: usize,
    /// The host of the public name, without its port.
    pub(crate) public_name: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deposit_lifetime: Duration::from_secs(30 * 60),
            enforces_limits: false,
            notifies_all_ends: false,
            allowed_receivers: Vec::new(),
            explains: true,
            callback_timeout: Duration::from_secs(10),
            connections: 512,
            public_name: None,
        }
    }
}

/// What follows from a change once it is committed.
#[derive(Default)]
struct Effects {
    events: Vec<EventKind>,
    /// Everything before these deliveries has gone.
    is_reset: bool,
    deliveries: Vec<Delivery>,
    /// When something is due about an order.
    due: Option<u64>,
}

/// One job's view of the state.
pub(crate) struct Tx<'a> {
    db: &'a dyn Prepared,
    /// The sandbox's clock, in Unix milliseconds; one job sees one time.
    pub(crate) now: u64,
    pub(crate) settings: &'a Settings,
    next_order: &'a Cell<i64>,
    effects: RefCell<Effects>,
}

impl Tx<'_> {
    /// Writes to the event log, once this job is committed.
    pub(crate) fn report(&self, event: EventKind) {
        self.effects.borrow_mut().events.push(event);
    }

    /// Schedules a delivery of a callback, once this job is committed.
    pub(crate) fn deliver(&self, delivery: Delivery) {
        self.effects.borrow_mut().deliveries.push(delivery);
    }

    /// Ends all that is scheduled, once this job is committed.
    pub(crate) fn unschedule(&self) {
        self.effects.borrow_mut().is_reset = true;
    }

    /// Schedules the next look at what is due about orders, once this job is committed.
    pub(crate) fn due(&self, at: u64) {
        let due = &mut self.effects.borrow_mut().due;
        *due = Some(due.map_or(at, |earlier| earlier.min(at)));
    }

    /// Runs a part of the job; if it fails, only its own changes are undone.
    pub(crate) fn attempt<T, E>(
        &self,
        part: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, StoreError> {
        self.execute("SAVEPOINT part", [])?;
        let (events, deliveries, due) = {
            let effects = self.effects.borrow();
            (effects.events.len(), effects.deliveries.len(), effects.due)
        };
        let result = part();
        if result.is_err() {
            let mut effects = self.effects.borrow_mut();
            effects.events.truncate(events);
            effects.deliveries.truncate(deliveries);
            effects.due = due;
            self.execute("ROLLBACK TO part", [])?;
        }
        self.execute("RELEASE part", [])?;
        Ok(result)
    }

    /// Runs a statement; how many rows it has changed.
    pub(crate) fn execute(&self, sql: &str, parameters: impl Params) -> Result<usize, StoreError> {
        self.with(sql, |statement| Ok(statement.execute(parameters)?))
    }

    pub(crate) fn inserted(&self) -> i64 {
        self.db.connection().last_insert_rowid()
    }

    pub(crate) fn one<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.with(sql, |statement| statement.query(parameters)?.next()?.map(read).transpose())
    }

    pub(crate) fn all<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.with(sql, |statement| {
            let mut rows = statement.query(parameters)?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(read(row)?);
            }
            Ok(all)
        })
    }

    fn with<T>(
        &self,
        sql: &str,
        run: impl FnOnce(&mut Statement<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (mut run, mut result) = (Some(run), Err(StoreError::stopped()));
        self.db.with(sql, &mut |statement| {
            if let Some(run) = run.take() {
                result = run(statement);
            }
        })?;
        result
    }

    /// A number for a new order: never handed out twice, not even after a job that failed.
    pub(crate) fn next_order(&self) -> i64 {
        let number = self.next_order.get();
        self.next_order.set(number + 1);
        number
    }
}

/// A connection with the statements that were prepared on it, of which the code has some dozens. rusqlite has such a
/// cache too, but not under one set of features in all its versions.
struct Db<'c> {
    connection: &'c Connection,
    prepared: RefCell<HashMap<String, Statement<'c>>>,
}

/// [`Db`] without the lifetime of its statements.
trait Prepared {
    fn connection(&self) -> &Connection;
    fn with(&self, sql: &str, run: &mut dyn FnMut(&mut Statement<'_>)) -> Result<(), StoreError>;
}

impl Prepared for Db<'_> {
    fn connection(&self) -> &Connection {
        self.connection
    }

    fn with(&self, sql: &str, run: &mut dyn FnMut(&mut Statement<'_>)) -> Result<(), StoreError> {
        // Taken out while it runs, as a query may run another one for each row.
        let known = self.prepared.borrow_mut().remove_entry(sql);
        let (sql, mut statement) = match known {
            Some(known) => known,
            None => (sql.to_owned(), self.connection.prepare(sql)?),
        };
        run(&mut statement);
        self.prepared.borrow_mut().insert(sql, statement);
        Ok(())
    }
}

/// A time or a count in a column, which is a signed integer.
#[derive(Clone, Copy)]
pub(crate) struct Uint(pub(crate) u64);

impl ToSql for Uint {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::try_from(self.0).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Uint {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Self).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

pub(crate) fn uint(row: &Row<'_>, column: usize) -> Result<u64, StoreError> {
    Ok(row.get::<_, Uint>(column)?.0)
}

pub(crate) fn uint_or_null(row: &Row<'_>, column: usize) -> Result<Option<u64>, StoreError> {
    Ok(row.get::<_, Option<Uint>>(column)?.map(|Uint(number)| number))
}

pub(crate) fn parsed<T>(row: &Row<'_>, column: usize) -> Result<T, StoreError>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    row.get::<_, String>(column)?.parse().map_err(StoreError::damaged)
}

/// Reports the result of a job once its transaction is committed or has failed.
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Runs a job, or fails it; returns whether to keep its changes.
type Job = Box<dyn FnOnce(Result<&Tx<'_>, StoreError>) -> (bool, Reply) + Send>;

pub(crate) struct Store {
    /// Where the thread takes its jobs from, and the thread; `None` when it is closed.
    thread: Mutex<Option<(mpsc::Sender<Job>, JoinHandle<()>)>>,
}

pub(crate) struct Context {
    pub(crate) clock: Arc<SandboxClock>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) events: Arc<EventLog>,
    pub(crate) timekeeper: tokio_mpsc::UnboundedSender<Message>,
}

impl Store {
    pub(crate) fn start(connection: Connection, context: Context) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("tarspay-sandbox store".to_owned())
            .spawn(move || Worker::new(connection, context).work(&waiting))?;
        Ok(Self { thread: Mutex::new(Some((jobs, thread))) })
    }

    /// Runs a job and waits for it without holding the thread of the runtime.
    pub(crate) async fn call<T, E>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.send(job, move |result| {
            // The caller may have gone.
            let _ = sender.send(result);
        });
        receiver.await.unwrap_or_else(|_| Err(StoreError::stopped().into()))
    }

    /// Runs a job and waits for it, for callers outside the runtime. A job takes no longer than a write to the disk.
    pub(crate) fn run<T, E>(&self, job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel();
        self.send(job, move |result| {
            let _ = sender.send(result);
        });
        receiver.recv().unwrap_or_else(|_| Err(StoreError::stopped().into()))
    }

    fn send<T, E>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        reply: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let job: Job = Box::new(move |tx| {
            let result = tx.map_err(E::from).and_then(job);
            let keep = result.is_ok();
            let reply: Reply = Box::new(move |committed| {
                // A job that failed by itself returns its own error, whatever became of the others.
                reply(match committed {
                    Err(error) if result.is_ok() => Err(error.into()),
                    _ => result,
                });
            });
            (keep, reply)
        });
        if let Some((jobs, _)) = &*lock(&self.thread) {
            // A thread that is gone drops the job, and with it the sender that the caller waits for.
            let _ = jobs.send(job);
        }
    }

    /// Finishes the jobs that wait, closes the connection, and returns when the file is free.
    pub(crate) fn close(&self) {
        let closed = lock(&self.thread).take();
        if let Some((jobs, thread)) = closed {
            drop(jobs);
            let _ = thread.join();
        }
    }
}

struct Worker {
    connection: Connection,
    context: Context,
    next_order: Cell<i64>,
}

impl Worker {
    fn new(connection: Connection, context: Context) -> Self {
        let next_order = connection
            .query_row("SELECT coalesce(max(id), 0) + 1 FROM orders", [], |row| row.get(0))
            .unwrap_or(1);
        Self { connection, context, next_order: Cell::new(next_order) }
    }

    fn work(&self, jobs: &mpsc::Receiver<Job>) {
        let db = Db { connection: &self.connection, prepared: RefCell::default() };
        while let Ok(first) = jobs.recv() {
            let group = std::iter::once(first).chain(jobs.try_iter().take(GROUP - 1));
            self.commit(&db, group);
        }
    }

    fn commit(&self, db: &Db<'_>, group: impl Iterator<Item = Job>) {
        let mut replies = Vec::new();
        let mut all = Effects::default();
        let begun = execute(db, "BEGIN IMMEDIATE");
        for job in group {
            if let Err(error) = begun.clone().and_then(|()| execute(db, "SAVEPOINT job")) {
                replies.push(job(Err(error)).1);
                continue;
            }
            let tx = Tx {
                db,
                now: self.context.clock.now(),
                settings: &self.context.settings,
                next_order: &self.next_order,
                effects: RefCell::default(),
            };
            let (keep, reply) = job(Ok(&tx));
            let Effects { mut events, is_reset, mut deliveries, due } = tx.effects.into_inner();
            if keep {
                all.is_reset |= is_reset;
                all.events.append(&mut events);
                all.deliveries.append(&mut deliveries);
                all.due = [all.due, due].into_iter().flatten().min();
            } else if let Err(error) = execute(db, "ROLLBACK TO job") {
                reply(Err(error));
                continue;
            }
            match execute(db, "RELEASE job") {
                Ok(()) => replies.push(reply),
                Err(error) => reply(Err(error)),
            }
        }
        let committed = begun.and_then(|()| execute(db, "COMMIT"));
        match &committed {
            Ok(()) => self.publish(all),
            // Nothing is half done: whatever was not committed is undone.
            Err(_) if !self.connection.is_autocommit() => drop(execute(db, "ROLLBACK")),
            Err(_) => {}
        }
        for reply in replies {
            reply(committed.clone());
        }
    }

    fn publish(&self, effects: Effects) {
        for event in effects.events {
            self.context.events.push(self.context.clock.now(), event);
        }
        // Before all deliveries of the group: one that has gone is not sent, and one that came after the reset is.
        if effects.is_reset {
            let _ = self.context.timekeeper.send(Message::Reset);
        }
        for delivery in effects.deliveries {
            let _ = self.context.timekeeper.send(Message::Deliver(delivery));
        }
        if let Some(at) = effects.due {
            let _ = self.context.timekeeper.send(Message::Due(at));
        }
    }
}

fn execute(db: &Db<'_>, sql: &str) -> Result<(), StoreError> {
    let mut result = Ok(0);
    db.with(sql, &mut |statement| result = statement.execute([]))?;
    result?;
    Ok(())
}
