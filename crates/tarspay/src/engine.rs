//! The engine behind the client: one attempt at a call, from members to a typed response, and the
//! retries.

use crate::credentials::Key;
use crate::error::compression;
use crate::retry::{Random, RetryBudget, RetryPolicy};
use crate::sign::{NonceSource, Parameters, RequestToSign};
use crate::transport::{Response, Transport};
use crate::types::{Decode as _, Envelope, Request};
use crate::{Client, Credentials, Error, ErrorKind, trace};
use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

const CONTENT_TYPE: (&str, &str) = ("Content-Type", "application/json;charset=utf-8");

/// The shortest deadline that the transport accepts. No attempt begins with less time.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(1);

/// The longest wait that `Retry-After` can ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// What all clones of a client share.
pub(crate) struct Engine {
    pub(crate) credentials: Credentials,
    pub(crate) nonces: Arc<NonceSource>,
    pub(crate) transport: Transport,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: RetryBudget,
    pub(crate) quiet_time: Duration,
    pub(crate) random: Random,
    /// One permit for each attempt that may be in flight; `None` for no limit.
    pub(crate) slots: Option<Semaphore>,
}

/// A request whose members are checked and sorted, once for all attempts. Attempts differ only in
/// their nonces.
pub(crate) struct Prepared<'a, R> {
    request: &'a R,
    path: Cow<'a, str>,
    parameters: Parameters,
    /// The attempts so far.
    attempts: AtomicU32,
}

impl Engine {
    pub(crate) fn prepare<'a, R: Request>(&self, request: &'a R) -> Result<Prepared<'a, R>, Error> {
        let merchant_no = self.credentials.merchant_no();
        let parameters = match request.body(merchant_no).map_err(Error::invalid_request)? {
            Some(body) => Parameters::from_members(body.iter()).map_err(Error::cannot_sign)?,
            None => Parameters::none(),
        };
        Ok(Prepared { request, path: request.path(), parameters, attempts: AtomicU32::new(0) })
    }

    /// One attempt, with a nonce and a signature of its own. `within` and the transport's own
    /// deadline both hold.
    pub(crate) async fn attempt<R: Request>(
        &self,
        call: &Prepared<'_, R>,
        within: Option<Duration>,
    ) -> Result<R::Response, Error> {
        let resends = call.attempts.fetch_add(1, Ordering::Relaxed);
        // Pinned here: the span's future would hold it twice, as its argument and while it awaits it.
        let exchange = pin!(async {
            let result = self.exchange(call, within).await;
            let result = result.map_err(|error| error.of_call(call.request.effect()));
            if result.as_ref().err().is_none_or(|error| error.status().is_some()) {
                self.budget.give_back();
            }
            result
        });
        trace::attempt(call.request, self.transport.base_url(), resends, exchange).await
    }

    /// The HTTP status, and the response.
    async fn exchange<R: Request>(
        &self,
        call: &Prepared<'_, R>,
        within: Option<Duration>,
    ) -> Result<(u16, R::Response), Error> {
        let end = End::after(within);
        // Held until the response has been read. The semaphore serves in order, and is never closed.
        let _slot = match &self.slots {
            Some(slots) => end.limit("its turn (max_in_flight)", slots.acquire()).await?.ok(),
            None => None,
        };
        let response = self.send(call, end).await?;
        let result = self.read::<R>(call, &response);
        if result.is_err() {
            // A refusal names no order, so a second copy of it could be taken for the response to the next call.
            response.discard_connection();
        }
        result.map(|data| (response.status(), data))
    }

    /// What a response says of the call.
    fn read<R: Request>(&self, call: &Prepared<'_, R>, response: &Response) -> Result<R::Response, Error> {
        // The gateway's HTTP status for a failing call is not documented, so a refusal is read
        // whatever it is. A call has succeeded only if both say so: an intermediary may send 502
        // with its own JSON.
        let status = response.status();
        let retry_after = retry_after(response);
        let envelope = Envelope::<R::Response>::from_slice(response.body()).map_err(|error| {
            let error = Error::unreadable_response(status, error).with_retry_after(retry_after);
            match response.header("content-encoding").and_then(compression) {
                Some(name) => error.compressed(name),
                None => error,
            }
        })?;
        if envelope.code.is_success() && !(200..300).contains(&status) {
            return Err(Error::contradictory(status).with_retry_after(retry_after));
        }
        let data = envelope
            .into_result()
            .map_err(|error| Error::without_data(status, error).with_retry_after(retry_after))?;
        if !call.request.is_answered_by(self.credentials.merchant_no(), &data) {
            return Err(Error::about_something_else(status));
        }
        Ok(data)
    }

    async fn send<R: Request>(&self, call: &Prepared<'_, R>, mut end: End) -> Result<Response, Error> {
        end.left()?;
        let nonce = self.nonces.next_nonce();
        let to_sign =
            RequestToSign::new(&call.path, nonce, call.parameters.clone()).map_err(Error::cannot_sign)?;
        let signed = match self.credentials.key() {
            Key::Private(key) => to_sign.sign(key),
            Key::Elsewhere(public_key, signer) => {
                end = end.at_most(self.transport.call_timeout());
                let digest = to_sign.digest();
                let signature =
                    end.limit("the signer", signer.sign(&digest)).await?.map_err(Error::no_signature)?;
                to_sign.with_signature(public_key, signature).map_err(Error::wrong_signature)?
            }
        };
        let (headers, body) = signed.into_parts();
        let [key, nonce, signature] = headers.pairs();
        let headers = [key, nonce, signature, CONTENT_TYPE];
        // A request without a body has no content type.
        let headers = if body.is_empty() { &headers[..3] } else { &headers[..] };
        match end.left()? {
            None => self.transport.post(&call.path, headers, body).await,
            Some(within) => self.transport.post_within(within, &call.path, headers, body).await,
        }
        .map_err(Error::transport)
    }
}

/// The seconds of `Retry-After`. Its other form, a date, is not read: the waits of the policy apply
/// then.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = std::str::from_utf8(response.header("retry-after")?).ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}

/// What a caller can set for one call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) deadline: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
}

/// The moment at which an attempt or a call ends, or never.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End(Option<Instant>);

impl End {
    fn after(time: Option<Duration>) -> Self {
        // A time beyond the range of the clock never passes.
        Self(time.and_then(|time| Instant::now().checked_add(time)))
    }

    /// The earlier of this end and the one after some time.
    fn at_most(self, time: Duration) -> Self {
        let after = Self::after(Some(time)).0;
        Self(self.0.min(after).or(self.0).or(after))
    }

    /// The remaining time; `None` without a limit.
    fn remaining(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// The remaining time, if it is enough for an attempt.
    fn left(self) -> Result<Option<Duration>, Error> {
        match self.remaining() {
            Some(left) if left < SHORTEST_ATTEMPT => Err(Error::out_of_time()),
            left => Ok(left),
        }
    }

    /// Waits for what comes before the sending, but not beyond the end.
    async fn limit<F: Future>(self, what: &str, before: F) -> Result<F::Output, Error> {
        match self.remaining() {
            None => Ok(before.await),
            Some(_) if Handle::try_current().is_err() => Err(Error::outside_runtime()),
            Some(left) => timeout(left, before).await.map_err(|_| Error::waited_too_long(what)),
        }
    }
}

/// The attempts of one call: a policy, and the moment at which they end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    policy: RetryPolicy,
    end: End,
}

impl Course {
    pub(crate) fn begin(policy: RetryPolicy, deadline: Option<Duration>) -> Self {
        Self { policy, end: End::after(deadline) }
    }

    /// How long to wait after so many attempts, at least as long as the gateway asked for.
    pub(crate) fn wait(&self, attempts: u32, random: &Random, retry_after: Option<Duration>) -> Duration {
        self.policy.wait(attempts, random.next()).max(retry_after.unwrap_or_default())
    }

    /// The remaining time; `None` without a limit.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.end.remaining()
    }

    /// Makes a call, and repeats it while that is safe, useful and allowed.
    pub(crate) async fn repeat<R: Request>(
        &self,
        client: &Client,
        request: &R,
    ) -> Result<R::Response, Error> {
        let call = client.0.prepare(request)?;
        let mut failed_attempts = 0;
        let mut sent = None;
        loop {
            let error = match client.0.attempt(&call, self.remaining()).await {
                Ok(response) => return Ok(response),
                // A later attempt that was not sent does not change the outcome of one that was.
                Err(error) if error.kind() == ErrorKind::NotSent => sent.unwrap_or(error),
                Err(error) => error,
            };
            failed_attempts += 1;
            let safe =
                error.kind() == ErrorKind::NotSent || request.effect().is_read() && error.can_repeat_query();
            if !safe || !self.go_on(client, failed_attempts, error.retry_after()).await {
                return Err(error);
            }
            sent = Some(error).filter(|error| error.kind() != ErrorKind::NotSent);
        }
    }

    /// Waits before the next attempt; `false` if it must not be made.
    async fn go_on(&self, client: &Client, failed_attempts: u32, retry_after: Option<Duration>) -> bool {
        if failed_attempts >= self.policy.max_attempts() {
            return false;
        }
        let wait = self.wait(failed_attempts, &client.0.random, retry_after);
        if self.remaining().is_some_and(|remaining| remaining <= wait) || !client.0.budget.take() {
            return false;
        }
        sleep(wait).await;
        true
    }
}
