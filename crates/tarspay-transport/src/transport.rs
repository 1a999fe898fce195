//! One call, from bytes to a response or a classified failure.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::builder::Builder;
use crate::connect::{ByteStream, Route};
use crate::error::{Error, ErrorKind, Phase, classify};
use crate::limits::{Limits, SHORTEST};
use crate::outgoing::Outgoing;
use crate::pool::{Connection, Pool};
use crate::progress::{Progress, WithdrawOnDrop};
use crate::request::checked;
use crate::response::{Response, check_head};

/// A pool of connections to one gateway. Cheap to clone; clones share the pool and may be used from
/// many tasks.
///
/// It needs a tokio runtime with I/O and time enabled. It may be used from several: a connection is
/// driven by a task of the runtime in which it was made, and used only by calls there.
///
/// Dropping a runtime waits for a look-up of a name that is under way, since the operating system's
/// resolver cannot be interrupted; with the defaults of Linux it gives up after 10 seconds for each
/// name server. The call that asked does not wait for it beyond its deadline.
/// [`Runtime::shutdown_timeout`](tokio::runtime::Runtime::shutdown_timeout) limits the wait.
#[derive(Clone)]
pub struct Transport {
    inner: Arc<Inner>,
}

struct Inner {
    route: Route,
    base_url: String,
    host: HeaderValue,
    pool: Arc<Pool>,
    limits: Limits,
    user_agent: HeaderValue,
}

impl Transport {
    /// Begins a transport to the gateway at `base_url`, for example `https://payment.tarspay.com`.
    ///
    /// The scheme is `https`; plain `http` is accepted for this machine only (`localhost`,
    /// `*.localhost`, 127.0.0.0/8, `[::1]`), and for a host given to
    /// [`Builder::allow_plain_http_to`]. The URL ends after the host and the port. It is checked in
    /// [`Builder::build`].
    pub fn builder(base_url: &str) -> Builder {
        Builder::new(base_url)
    }

    pub(crate) fn new(route: Route, host: HeaderValue, limits: Limits, user_agent: HeaderValue) -> Self {
        let base_url = route.gateway.to_string();
        let pool = Arc::new(Pool::new(limits.pool_idle_timeout, limits.max_head_buffer()));
        Self { inner: Arc::new(Inner { route, base_url, host, pool, limits, user_agent }) }
    }

    /// The gateway's address in its plain form: lower case, no slash at the end, no port if it is
    /// the scheme's own.
    pub fn base_url(&self) -> &str {
        &self.inner.base_url
    }

    /// The deadline of every call, see [`Builder::call_timeout`].
    pub fn call_timeout(&self) -> Duration {
        self.inner.limits.call_timeout
    }

    /// Opens a stream to the gateway as a call does, through the proxy if there is one, but without
    /// TLS on top, and sends nothing to the gateway. For a diagnosis of the way there, such as that of
    /// `tarspay doctor`.
    ///
    /// # Errors
    ///
    /// Those of [`post`](Self::post) up to the [phase](Error::phase) of the proxy.
    pub async fn open_stream(&self) -> Result<Box<dyn ByteStream>, Error> {
        self.inner.route.open(&Arc::new(Progress::new())).await
    }

    /// Sends `body` with `headers` to `path`, and returns the response whatever its status.
    ///
    /// - `path` begins with `/`, is ASCII without blanks, `?` and `#`, and goes out exactly as
    ///   given.
    /// - `headers` are pairs of name and value. `Host`, `Content-Length` and the others that frame
    ///   a message are the transport's own and refused here. A name given twice is sent twice.
    /// - Path and headers together take at most 4096 bytes. A request with an empty body counts as
    ///   sent as soon as there is a connection for it.
    ///
    /// Dropping the future ends the call and closes its connection, unless the response has already
    /// arrived in full. A request that was not written by then will not be written. You cannot
    /// learn whether it was. Prefer a deadline, whose error says so.
    ///
    /// # Errors
    ///
    /// See [`Error`]: refused here ([`InvalidRequest`](ErrorKind::InvalidRequest)), not sent, or
    /// maybe received.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Response, Error> {
        self.call(path, headers, body.into(), self.inner.limits.call_timeout).await
    }

    /// [`post`](Self::post) with a deadline of its own: the smaller of it and
    /// [`Builder::call_timeout`] holds. The other deadlines apply as they are.
    ///
    /// # Errors
    ///
    /// Those of [`post`](Self::post); a deadline under a millisecond is an
    /// [`InvalidRequest`](ErrorKind::InvalidRequest).
    pub async fn post_within(
        &self,
        deadline: Duration,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Response, Error> {
        if deadline < SHORTEST {
            return Err(Error::request(format!(
                "the deadline is {deadline:?}, it must be at least {SHORTEST:?}"
            )));
        }
        self.call(path, headers, body.into(), deadline.min(self.inner.limits.call_timeout)).await
    }

    async fn call(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
        deadline: Duration,
    ) -> Result<Response, Error> {
        let runtime = Handle::try_current().map_err(|error| {
            Error::configuration("a call has to be polled in a tokio runtime").with_source(error)
        })?;
        let mut request = checked(path, headers, &self.inner.host, &self.inner.user_agent)?;
        if body.is_empty() {
            // hyper leaves it out for an empty body; RFC 9110, section 8.6, wants it for a POST.
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let progress = Arc::new(Progress::new());
        let _guard = WithdrawOnDrop(&progress);
        let request = request.map(|()| Outgoing::new(body, Arc::clone(&progress)));
        timeout(deadline, self.exchange(request, &runtime, &progress))
            .await
            .unwrap_or_else(|_| Err(timed_out(&progress, "the call took longer than", deadline)))
    }

    async fn exchange(
        &self,
        mut request: Request<Outgoing>,
        runtime: &Handle,
        progress: &Arc<Progress>,
    ) -> Result<Response, Error> {
        let Limits { response_head_timeout, max_response_bytes, max_response_head_bytes, .. } =
            self.inner.limits;
        // A runtime that was not driven since the last call learns here what the kernel knows:
        // whether the server has closed a connection meanwhile.
        yield_now().await;
        loop {
            let mut connection = self.connection(runtime, progress).await?;
            progress.connecting(Phase::Send);
            if request.body().is_empty() {
                // hyper never asks an empty body for a frame, so the body cannot see its head leave.
                progress.start();
                progress.sent();
            }
            let sent = timeout(response_head_timeout, connection.send(request)).await;
            let head = match sent {
                Err(_) => return Err(timed_out(progress, "no response within", response_head_timeout)),
                Ok(Ok(head)) => head,
                Ok(Err(mut failure)) => match failure.take_message() {
                    // Not begun, because the server had closed the connection: try another one.
                    Some(unsent) if connection.is_reused() => {
                        request = unsent;
                        continue;
                    }
                    _ => return Err(failed(progress, failure.into_error())),
                },
            };
            check_head(&head, max_response_head_bytes, progress)?;
            progress.response_began(head.status().as_u16());
            let discard = connection.discard_flag();
            let response = Response::read(head, max_response_bytes, discard, progress).await?;
            self.inner.pool.put(connection);
            return Ok(response);
        }
    }

    async fn connection(&self, runtime: &Handle, progress: &Arc<Progress>) -> Result<Connection, Error> {
        if let Some(connection) = self.inner.pool.take(runtime.id()) {
            return Ok(connection);
        }
        // Boxed, or each call would have room for a handshake.
        let stream = Box::pin(self.inner.route.connect(progress)).await?;
        self.inner.pool.open(stream, runtime).await.map_err(|error| failed(progress, error))
    }
}

fn timed_out(progress: &Progress, what: &str, limit: Duration) -> Error {
    Error::stopped(ErrorKind::Timeout, progress.stop(), format!("{what} {limit:?}"))
}

fn failed(progress: &Progress, error: hyper::Error) -> Error {
    let (kind, what) = classify(&error);
    Error::stopped(kind, progress.stop(), what).with_source(error)
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("base_url", &self.inner.base_url)
            .field("limits", &self.inner.limits)
            .finish_non_exhaustive()
    }
}
