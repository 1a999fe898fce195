//! Accepting callbacks: durable before `OK`, many in one commit.

use crate::engine::Engine;
use crate::order::Event;
use crate::{Error, Inbox};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tarspay::types::Callback;
use tarspay::{CallbackLayer, CallbackService, CallbackVerifier, Verified};
use tokio::sync::oneshot;
use tower_layer::Layer as _;
use tower_service::Service;

/// The most callbacks in one commit.
const GROUP: usize = 256;

/// The most callbacks that wait for a commit; further ones are refused, and the gateway sends them
/// again.
const MOST_WAITING: usize = 16 * GROUP;

/// The callbacks that wait for a commit. The first one starts a task, which ends when none waits.
#[derive(Default)]
pub(crate) struct Receiver {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Event, oneshot::Sender<Result<(), Error>>)>,
    is_running: bool,
}

impl Inbox {
    /// A tower service that verifies callbacks (webhooks) and stores them: axum's `route_service`,
    /// or hyper by `TowerToHyperService`. `OK` is answered when the callback is on the disk.
    ///
    /// The limits are those of the verifier. What is not a callback of the verifier's merchant is
    /// counted ([`Status::refused`](crate::Status::refused)) and not stored.
    pub fn receiver(&self, verifier: CallbackVerifier) -> CallbackService<Accept> {
        let inbox = self.clone();
        CallbackLayer::new(verifier)
            .on_refused(move |refused| {
                inbox.0.counts.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(
                    status = refused.status(),
                    "a request is not a callback of this merchant: {refused}"
                );
            })
            .layer(Accept(self.clone()))
    }

    /// Stores a callback, for frameworks without tower. Answer `OK` when it returns `Ok`; after an
    /// error the gateway sends the callback again. Dropping the future does not stop the storing.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database) or [`Busy`](crate::ErrorKind::Busy);
    /// [`Invalid`](crate::ErrorKind::Invalid) if it names no merchant, which only a verifier that
    /// accepts any merchant lets through.
    pub async fn accept(&self, callback: &Verified<Callback>) -> Result<(), Error> {
        if callback.get().merchant_no.is_none() {
            return Err(Error::invalid(
                "the callback names no merchant; let the verifier compare the number",
            ));
        }
        let (done, stored) = oneshot::channel();
        let starts = {
            let mut queue = self.0.receiver.lock();
            if queue.waiting.len() >= MOST_WAITING {
                return Err(Error::busy());
            }
            queue.waiting.push_back((Event::of_callback(callback), done));
            !std::mem::replace(&mut queue.is_running, true)
        };
        if starts {
            // Not under the lock: a runtime that stops drops the task at once.
            tokio::spawn(commit_all(Running { inbox: self.clone(), is_done: false }));
        }
        stored.await.unwrap_or_else(|_| Err(Error::unavailable("the runtime was stopped")))
    }
}

impl Receiver {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that commits. If it ends early, as with its runtime, the next callback can start
/// another.
struct Running {
    inbox: Inbox,
    is_done: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_done {
            let mut queue = self.inbox.0.receiver.lock();
            queue.is_running = false;
            // Those that wait get an error.
            queue.waiting.clear();
        }
    }
}

async fn commit_all(mut running: Running) {
    loop {
        let inbox = &running.inbox.0;
        let group: Vec<_> = {
            let mut queue = inbox.receiver.lock();
            if queue.waiting.is_empty() {
                // Under the lock, so that a callback that comes now starts a new task.
                queue.is_running = false;
                drop(queue);
                running.is_done = true;
                return;
            }
            let most = queue.waiting.len().min(GROUP);
            queue.waiting.drain(..most).collect()
        };
        let (events, waiting): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        let stored = store(&inbox.engine, events).await;
        match &stored {
            Ok(()) => {
                inbox.counts.received.fetch_add(waiting.len() as u64, Ordering::Relaxed);
                inbox.wake.send_replace(());
            }
            Err(error) => tracing::error!(callbacks = waiting.len(), %error, "callbacks cannot be stored"),
        }
        for done in waiting {
            // The connection may have gone; the callback is stored all the same.
            let _ = done.send(stored.clone());
        }
    }
}

/// In the order of their digests, each once: two receivers that have the same callbacks do not wait
/// for each other in a circle.
async fn store(engine: &Engine, events: Vec<Event>) -> Result<(), Error> {
    let rows: BTreeMap<_, _> = events.into_iter().map(Event::into_row).collect();
    engine.execute_many("accept", rows.into_values().collect()).await
}

/// The service behind [`Inbox::receiver`]: stores verified callbacks.
#[derive(Clone, Debug)]
pub struct Accept(Inbox);

impl Service<Verified<Callback>> for Accept {
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, callback: Verified<Callback>) -> Self::Future {
        let inbox = self.0.clone();
        Box::pin(async move { inbox.accept(&callback).await })
    }
}
