//! One call, from bytes to an answer or a classified failure.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use hyper_util::client::legacy::Client;

use crate::answer::{Answer, check_head};
use crate::builder::Builder;
use crate::connect::Connector;
use crate::deadline::{Deadlines, Passed};
use crate::error::{Error, ErrorKind, Phase, classify};
use crate::limits::{Limits, check_timeout};
use crate::origin::Origin;
use crate::outgoing::Outgoing;
use crate::progress::{CURRENT, Progress, WithdrawOnDrop};
use crate::request::checked;

/// A pool of connections to one gateway. Cheap to clone; clones share the pool and may be used from many
/// tasks.
///
/// It needs a tokio runtime with I/O and time enabled, and stays with the runtime in which it was first used:
/// a connection is driven by a task there.
#[derive(Clone)]
pub struct Transport {
    inner: Arc<Inner>,
}

struct Inner {
    gateway: Origin,
    base_url: String,
    client: Client<Connector, Outgoing>,
    limits: Limits,
    user_agent: HeaderValue,
}

impl Transport {
    /// Begins a transport to the gateway at `base_url`, for example `https://payment.tarspay.com`.
    ///
    /// The scheme is `https`; plain `http` is accepted for this machine only (`localhost`, 127.0.0.0/8,
    /// `[::1]`). The URL ends after the host and the port. It is checked in [`Builder::build`].
    pub fn builder(base_url: &str) -> Builder {
        Builder::new(base_url)
    }

    pub(crate) fn new(
        gateway: Origin,
        client: Client<Connector, Outgoing>,
        limits: Limits,
        user_agent: HeaderValue,
    ) -> Self {
        let base_url = gateway.to_string();
        Self { inner: Arc::new(Inner { gateway, base_url, client, limits, user_agent }) }
    }

    /// The gateway's address in its plain form: lower case, no slash at the end, no port if it is the
    /// scheme's own.
    pub fn base_url(&self) -> &str {
        &self.inner.base_url
    }

    /// Sends `body` with `headers` to `path`, and returns the answer whatever its status.
    ///
    /// - `path` begins with `/`, is ASCII without blanks, `?` and `#`, and goes out exactly as given.
    /// - `headers` are pairs of name and value. `Host`, `Content-Length` and the others that frame a message
    ///   are the transport's own and refused here. A name given twice is sent twice.
    /// - Path and headers together take at most 4096 bytes. An empty body is sent as
    ///   none; its call counts as sent from its beginning, unless no connection could be made.
    ///
    /// Dropping the future ends the call and closes its connection, unless the answer has already arrived in
    /// full. A request that was not written by then will not be written any more; whether it was, nobody is
    /// left to tell. Prefer a deadline, which does tell.
    ///
    /// # Errors
    ///
    /// See [`Error`]: refused here ([`InvalidRequest`](ErrorKind::InvalidRequest)), not sent, or maybe
    /// received.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, Error> {
        self.call(path, headers, body.into(), self.inner.limits.call_timeout).await
    }

    /// [`post`](Self::post) with a deadline of its own in place of [`Builder::call_timeout`]; the other
    /// deadlines apply as they are.
    ///
    /// # Errors
    ///
    /// Those of [`post`](Self::post); a deadline under a millisecond or over an hour is an
    /// [`InvalidRequest`](ErrorKind::InvalidRequest).
    pub async fn post_within(
        &self,
        deadline: Duration,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, Error> {
        check_timeout(deadline).map_err(|why| Error::request(format!("the deadline {why}")))?;
        self.call(path, headers, body.into(), deadline).await
    }

    async fn call(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
        deadline: Duration,
    ) -> Result<Answer, Error> {
        let mut request = checked(&self.inner.gateway, path, headers, &self.inner.user_agent)?;
        let progress = Arc::new(Progress::new());
        let _guard = WithdrawOnDrop(&progress);
        let mut limit = self.inner.limits.answer_head_timeout;
        if body.is_empty() {
            // hyper never asks an empty body for a frame, so nobody sees its head leave. Only a connector's error still
            // proves that nothing was sent, and it comes before the head is due.
            limit += self.inner.limits.connect_timeout;
            progress.start();
            progress.sent();
            // hyper leaves it out for an empty body; RFC 9110, section 8.6, wants it for a POST.
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let request = request.map(|()| Outgoing::new(body, Arc::clone(&progress)));
        let (mut deadlines, timer) = Deadlines::begin(deadline, limit);
        let (mut timer, mut exchange) = (pin!(timer), pin!(self.exchange(request, &progress)));
        poll_fn(|cx| match exchange.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => deadlines.poll(timer.as_mut(), &progress, cx).map(|passed| {
                Err(match passed {
                    Passed::Call => timed_out(&progress, "the call took longer than", deadline),
                    Passed::Head => timed_out(&progress, "no answer within", limit),
                })
            }),
        })
        .await
    }

    async fn exchange(&self, request: Request<Outgoing>, progress: &Arc<Progress>) -> Result<Answer, Error> {
        let response = CURRENT.scope(Arc::clone(progress), self.inner.client.request(request)).await;
        let head = response.map_err(|error| failed(progress, error))?;
        check_head(&head, self.inner.limits.max_answer_head_bytes, progress)?;
        progress.answered(head.status().as_u16());
        Answer::read(head, self.inner.limits.max_answer_bytes, progress).await
    }
}

fn timed_out(progress: &Progress, what: &str, limit: Duration) -> Error {
    Error::stopped(ErrorKind::Timeout, progress.stop(), format!("{what} {limit:?}"))
}

fn failed(progress: &Progress, error: hyper_util::client::legacy::Error) -> Error {
    // The connector's errors travel inside the pool's and already say everything.
    if let Some(ours) = Error::find_in(&error) {
        return ours.clone();
    }
    let mut stopped = progress.stop();
    // There was a connection, perhaps one from the pool, which no connector has announced.
    stopped.phase = stopped.phase.max(Phase::Send);
    let (kind, what) = classify(&error);
    Error::stopped(kind, stopped, what).with_source(error)
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("base_url", &self.inner.base_url)
            .field("limits", &self.inner.limits)
            .finish_non_exhaustive()
    }
}
