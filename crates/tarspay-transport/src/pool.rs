//! Open connections that wait for their next call.
//!
//! A connection belongs to the runtime in which it was made: a task there drives it, and ends with
//! the runtime. Only a call of the same runtime takes it.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use crate::connect::ByteStream;
use crate::outgoing::Outgoing;

/// A connection, held by one call or by the pool. Dropping it closes it: in an orderly way if it
/// has nothing to do, at once if it is in the middle of a call, whatever its peer sends or does not
/// read.
pub(crate) struct Connection {
    sender: SendRequest<Outgoing>,
    driver: AbortHandle,
    runtime: Id,
    /// Since when it has waited; `None` until its first call is over.
    idle_since: Option<Instant>,
    /// Set by the caller of the last call: no further call takes it.
    discarded: Arc<AtomicBool>,
}

impl Connection {
    /// Whether it was in the pool: the server may have closed it meanwhile.
    pub(crate) fn is_reused(&self) -> bool {
        self.idle_since.is_some()
    }

    /// The flag by which a caller discards the connection after its response.
    pub(crate) fn discard_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.discarded)
    }

    /// Sends a request and waits for the head of its response.
    ///
    /// Only a request that was not begun comes back in the error: hyper hands it back out of the
    /// queue of its connection task alone (`Envelope::drop`, and `Client::recv_msg` without a
    /// callback in flight, in hyper's `client/dispatch.rs` and `proto/h1/dispatch.rs`).
    pub(crate) async fn send(
        &mut self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Outgoing>>> {
        self.sender.try_send_request(request).await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.sender.is_ready() {
            // hyper would first send the rest of the request, for as long as it takes.
            self.driver.abort();
        }
    }
}

pub(crate) struct Pool {
    idle: Mutex<Vec<Connection>>,
    idle_timeout: Duration,
    max_head: usize,
}

impl Pool {
    /// Of connections that read at most `max_head` bytes of a response's head, and are closed when
    /// they have waited for `idle_timeout`.
    pub(crate) fn new(idle_timeout: Duration, max_head: usize) -> Self {
        Self { idle: Mutex::default(), idle_timeout, max_head }
    }

    /// Begins HTTP on `stream`, with a task of this runtime that drives it.
    pub(crate) async fn open(
        self: &Arc<Self>,
        stream: Box<dyn ByteStream>,
        runtime: &Handle,
    ) -> Result<Connection, hyper::Error> {
        let (sender, connection) =
            Builder::new().max_buf_size(self.max_head).handshake(TokioIo::new(stream)).await?;
        let (pool, idle_timeout) = (Arc::downgrade(self), self.idle_timeout);
        let driver = runtime.spawn(async move {
            let mut connection = pin!(connection);
            // Each connection looks after all: whichever has waited too long closes when its sender
            // is dropped.
            while timeout(idle_timeout, connection.as_mut()).await.is_err() {
                if let Some(pool) = pool.upgrade() {
                    drop(pool.sorted_out());
                }
            }
        });
        let driver = driver.abort_handle();
        Ok(Connection { sender, driver, runtime: runtime.id(), idle_since: None, discarded: Arc::default() })
    }

    /// The connection of this runtime that was used last and can take a request.
    pub(crate) fn take(&self, runtime: Id) -> Option<Connection> {
        let mut idle = self.sorted_out();
        let found = idle.iter().rposition(|connection| {
            // A connection that is not ready is still writing its last request, whose response came
            // early.
            connection.runtime == runtime && connection.sender.is_ready()
        })?;
        Some(idle.remove(found))
    }

    /// Keeps a connection, whose response is complete, for the next call.
    pub(crate) fn put(&self, mut connection: Connection) {
        connection.idle_since = Some(Instant::now());
        self.lock().push(connection);
    }

    /// The connections without those that have waited too long, were closed by the server, or
    /// belong to a runtime that has ended.
    fn sorted_out(&self) -> MutexGuard<'_, Vec<Connection>> {
        let mut idle = self.lock();
        idle.retain(|connection| {
            let waited = connection.idle_since.is_none_or(|since| since.elapsed() < self.idle_timeout);
            let discarded = connection.discarded.load(Ordering::Relaxed);
            waited && !discarded && !connection.sender.is_closed()
        });
        idle
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        // No write leaves the list half-made, whatever panics elsewhere.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::advance;

    use super::*;

    const IDLE: Duration = Duration::from_secs(30);

    fn pool() -> Arc<Pool> {
        Arc::new(Pool::new(IDLE, 8192))
    }

    /// A connection that can take a request, and its far end.
    async fn open(pool: &Arc<Pool>) -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        let mut connection = pool.open(Box::new(near), &Handle::current()).await.unwrap();
        connection.sender.ready().await.unwrap();
        (connection, far)
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_kept_for_its_time_and_no_longer() {
        let (pool, here) = (pool(), Handle::current().id());
        let (connection, _far) = open(&pool).await;
        assert!(!connection.is_reused());
        pool.put(connection);
        advance(IDLE.saturating_sub(Duration::from_millis(1))).await;
        let connection = pool.take(here).unwrap();
        assert!(connection.is_reused());
        assert!(pool.take(here).is_none(), "one call has it");
        pool.put(connection);
        advance(IDLE).await;
        assert!(pool.take(here).is_none());
    }

    #[tokio::test]
    async fn a_connection_that_a_caller_has_discarded_is_not_taken() {
        let (pool, here) = (pool(), Handle::current().id());
        let (connection, _far) = open(&pool).await;
        let flag = connection.discard_flag();
        pool.put(connection);
        flag.store(true, Ordering::Relaxed);
        assert!(pool.take(here).is_none());
        assert_eq!(pool.sorted_out().len(), 0, "it is closed");
    }

    #[tokio::test]
    async fn a_connection_that_is_not_ready_waits() {
        let (pool, here) = (pool(), Handle::current().id());
        let (mut connection, far) = open(&pool).await;
        let body = Outgoing::new("x".into(), Arc::new(crate::progress::Progress::new()));
        let sent = tokio::spawn(connection.sender.send_request(Request::new(body)));
        far.readable().await.unwrap();
        pool.put(connection);
        assert!(pool.take(here).is_none(), "it still waits for a response");
        assert_eq!(pool.sorted_out().len(), 1);
        drop(far);
        sent.await.unwrap().unwrap_err();
    }

    #[test]
    fn a_runtime_that_has_ended_leaves_no_connection() {
        let pool = pool();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _far = runtime.block_on(async {
            let (connection, far) = open(&pool).await;
            pool.put(connection);
            far
        });
        assert_eq!(pool.sorted_out().len(), 1);
        drop(runtime);
        assert_eq!(pool.sorted_out().len(), 0);
    }
}
