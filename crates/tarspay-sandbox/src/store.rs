//! The state of the gateway in `SQLite`: one thread owns the connection and commits many changes at once.
//!
//! A change is a job: a function over a [`Tx`]. Jobs that wait at the same time share one transaction and so one write
//! to the disk; each has a savepoint of its own, so that one that fails undoes nothing but itself. A job is answered
//! after the commit: what was acknowledged is on the disk.

pub(crate) mod balances;
pub(crate) mod callbacks;
pub(crate) mod fees;
pub(crate) mod keys;
pub(crate) mod open;
pub(crate) mod orders;
pub(crate) mod pages;
pub(crate) mod plans;
pub(crate) mod reset;
pub(crate) mod transfers;

use crate::clock::Hand;
use crate::event::{EventKind, EventLog};
use crate::settings::Settings;
use crate::timekeeper::{Message, Owed};
use rusqlite::Connection;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

/// The most jobs that share a transaction.
const GROUP: usize = 256;

/// The store cannot be read or written. Cloned to every job of a transaction that fails.
#[derive(Clone, Debug)]
pub(crate) struct StoreError(Arc<dyn std::error::Error + Send + Sync>);

impl StoreError {
    fn stopped() -> Self {
        Self(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from("the sandbox has stopped")))
    }

    /// A text in the store that its own type refuses.
    pub(crate) fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store failed: {}", self.0)
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(Arc::new(error))
    }
}

/// What follows from a change once it is committed.
#[derive(Default)]
struct Effects {
    events: Vec<EventKind>,
    owed: Vec<Owed>,
    /// When something happens to an order by itself.
    due: Option<u64>,
}

/// One job's view of the state.
pub(crate) struct Tx<'a> {
    pub(crate) connection: &'a Connection,
    /// The sandbox's clock, in Unix milliseconds; one job sees one time.
    pub(crate) now: u64,
    pub(crate) settings: &'a Settings,
    next_order: &'a Cell<i64>,
    effects: RefCell<Effects>,
}

impl Tx<'_> {
    /// Tells the event log, once this job is committed.
    pub(crate) fn tell(&self, event: EventKind) {
        self.effects.borrow_mut().events.push(event);
    }

    /// Has a callback delivered, once this job is committed.
    pub(crate) fn owe(&self, owed: Owed) {
        self.effects.borrow_mut().owed.push(owed);
    }

    /// Has the orders looked at when something happens to one by itself, once this job is committed.
    pub(crate) fn due(&self, at: u64) {
        let due = &mut self.effects.borrow_mut().due;
        *due = Some(due.map_or(at, |earlier| earlier.min(at)));
    }

    /// Does something that may fail by itself and leave the rest of the job as it was.
    pub(crate) fn attempt<T, E>(
        &self,
        part: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, StoreError> {
        let execute = |sql| -> Result<(), StoreError> {
            self.connection.prepare_cached(sql)?.execute([])?;
            Ok(())
        };
        execute("SAVEPOINT part")?;
        let (events, owed, due) = {
            let effects = self.effects.borrow();
            (effects.events.len(), effects.owed.len(), effects.due)
        };
        let result = part();
        if result.is_err() {
            let mut effects = self.effects.borrow_mut();
            effects.events.truncate(events);
            effects.owed.truncate(owed);
            effects.due = due;
            execute("ROLLBACK TO part")?;
        }
        execute("RELEASE part")?;
        Ok(result)
    }

    /// A number for a new order: never handed out twice, not even after a job that failed.
    pub(crate) fn next_order(&self) -> i64 {
        let number = self.next_order.get();
        self.next_order.set(number + 1);
        number
    }
}

/// Answers a job when it is known whether its transaction was committed.
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Runs a job, or fails it; tells whether to keep its changes.
type Job = Box<dyn FnOnce(Result<&Tx<'_>, StoreError>) -> (bool, Reply) + Send>;

/// The way to the thread.
pub(crate) struct Store {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the thread needs besides the connection.
pub(crate) struct Surroundings {
    pub(crate) hand: Arc<Hand>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) events: Arc<EventLog>,
    pub(crate) timekeeper: tokio_mpsc::UnboundedSender<Message>,
}

impl Store {
    /// Starts the thread over an open connection.
    pub(crate) fn start(connection: Connection, around: Surroundings) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("tarspay-sandbox store".to_owned())
            .spawn(move || Worker::new(connection, around).work(&waiting))?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) })
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
        let (answer, answered) = oneshot::channel();
        self.send(job, move |result| {
            // The caller may have gone.
            let _ = answer.send(result);
        });
        answered.await.unwrap_or_else(|_| Err(StoreError::stopped().into()))
    }

    /// Runs a job and waits for it, for callers outside the runtime. A job takes no longer than a write to the disk.
    pub(crate) fn run<T, E>(&self, job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = mpsc::channel();
        self.send(job, move |result| {
            let _ = answer.send(result);
        });
        answered.recv().unwrap_or_else(|_| Err(StoreError::stopped().into()))
    }

    fn send<T, E>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        answer: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let job: Job = Box::new(move |tx| {
            let result = tx.map_err(E::from).and_then(job);
            let keep = result.is_ok();
            let reply: Reply = Box::new(move |committed| {
                // A job that failed by itself tells its own error, whatever became of the others.
                answer(match committed {
                    Err(error) if result.is_ok() => Err(error.into()),
                    _ => result,
                });
            });
            (keep, reply)
        });
        if let Some(jobs) = &*self.jobs.lock().unwrap_or_else(PoisonError::into_inner) {
            // A thread that is gone drops the job, and with it the sender that the caller waits for.
            let _ = jobs.send(job);
        }
    }

    /// Finishes the jobs that wait, closes the connection, and returns when the file is free.
    pub(crate) fn close(&self) {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// The thread's own side.
struct Worker {
    connection: Connection,
    around: Surroundings,
    next_order: Cell<i64>,
}

impl Worker {
    fn new(connection: Connection, around: Surroundings) -> Self {
        let next_order = connection
            .query_row("SELECT coalesce(max(id), 0) + 1 FROM orders", [], |row| row.get(0))
            .unwrap_or(1);
        Self { connection, around, next_order: Cell::new(next_order) }
    }

    fn work(&self, jobs: &mpsc::Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let group = std::iter::once(first).chain(jobs.try_iter().take(GROUP - 1));
            self.commit(group);
        }
    }

    fn commit(&self, group: impl Iterator<Item = Job>) {
        let mut replies = Vec::new();
        let mut all = Effects::default();
        let begun = self.execute("BEGIN IMMEDIATE");
        for job in group {
            if let Err(error) = begun.clone().and_then(|()| self.execute("SAVEPOINT job")) {
                replies.push(job(Err(error)).1);
                continue;
            }
            let tx = Tx {
                connection: &self.connection,
                now: self.around.hand.now(),
                settings: &self.around.settings,
                next_order: &self.next_order,
                effects: RefCell::default(),
            };
            let (keep, reply) = job(Ok(&tx));
            let Effects { mut events, mut owed, due } = tx.effects.into_inner();
            if keep {
                all.events.append(&mut events);
                all.owed.append(&mut owed);
                all.due = [all.due, due].into_iter().flatten().min();
            } else if let Err(error) = self.execute("ROLLBACK TO job") {
                reply(Err(error));
                continue;
            }
            match self.execute("RELEASE job") {
                Ok(()) => replies.push(reply),
                Err(error) => reply(Err(error)),
            }
        }
        let committed = begun.and_then(|()| self.execute("COMMIT"));
        match &committed {
            Ok(()) => self.publish(all),
            // Nothing is half done: whatever was not committed is undone.
            Err(_) if !self.connection.is_autocommit() => drop(self.execute("ROLLBACK")),
            Err(_) => {}
        }
        for reply in replies {
            reply(committed.clone());
        }
    }

    fn publish(&self, effects: Effects) {
        for event in effects.events {
            self.around.events.push(self.around.hand.now(), event);
        }
        for owed in effects.owed {
            let _ = self.around.timekeeper.send(Message::Owed(owed));
        }
        if let Some(at) = effects.due {
            let _ = self.around.timekeeper.send(Message::Due(at));
        }
    }

    fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
