//! One call with its options: repeated where that is safe, ended by a deadline.

use crate::retry::{RetryPolicy, random};
use crate::types::Request;
use crate::{Client, Error, ErrorKind};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A boxed future, for what can be awaited after its options are set.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A call that is made when it is awaited.
///
/// ```
/// # use tarspay::{Client, RetryPolicy, types::BalanceRequest};
/// # use std::time::Duration;
/// # async fn run(client: Client) -> Result<(), tarspay::Error> {
/// let balance = client
///     .call(BalanceRequest::new())
///     .deadline(Duration::from_secs(5))
///     .retry(RetryPolicy::none())
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// A query is repeated by the client's [`RetryPolicy`] while [`Error::can_repeat_query`] says so. Any other call is
/// repeated only if it was [not sent](ErrorKind::NotSent). Dropping the future ends the call; what was sent by then may
/// have been received.
#[must_use = "a call is made when it is awaited"]
pub struct Call<R> {
    client: Client,
    request: R,
    options: Options,
}

impl<R> Call<R> {
    pub(crate) fn new(client: Client, request: R) -> Self {
        Self { client, request, options: Options::default() }
    }

    /// The longest time for the whole call, repetitions and waits included. Without one, each attempt is ended by the
    /// transport's own deadlines.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// Another policy than the client's.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = Some(policy);
        self
    }
}

impl<R: Request + Send + Sync + 'static> IntoFuture for Call<R>
where
    R::Answer: Send,
{
    type Output = Result<R::Answer, Error>;
    type IntoFuture = Boxed<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let course = Course::begin(&self.client, &self.options);
            course.repeat(&self.client, &self.request).await
        })
    }
}

impl<R: fmt::Debug> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("request", &self.request)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What a caller can set for one call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) deadline: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
}

/// One course of attempts: a policy, and the moment at which it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    pub(crate) policy: RetryPolicy,
    end: Option<Instant>,
}

impl Course {
    pub(crate) fn begin(client: &Client, options: &Options) -> Self {
        Self {
            policy: options.retry.unwrap_or(client.retry_policy()),
            // A deadline beyond what the clock can say is none.
            end: options.deadline.and_then(|deadline| Instant::now().checked_add(deadline)),
        }
    }

    /// What is left of the time; `None` if there is no limit.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.end.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Makes a call, and makes it again while that is safe, useful and allowed.
    pub(crate) async fn repeat<R: Request>(&self, client: &Client, request: &R) -> Result<R::Answer, Error> {
        let mut failed_attempts = 0;
        let mut sent = None;
        loop {
            let error = match client.attempt(request, self.remaining()).await {
                Ok(answer) => return Ok(answer),
                // That an attempt was not sent is no news of one that was.
                Err(error) if error.kind() == ErrorKind::NotSent => sent.unwrap_or(error),
                Err(error) => error,
            };
            failed_attempts += 1;
            let safe =
                error.kind() == ErrorKind::NotSent || request.effect().is_read() && error.can_repeat_query();
            if !safe || !self.go_on(client, failed_attempts).await {
                return Err(error);
            }
            sent = Some(error).filter(|error| error.kind() != ErrorKind::NotSent);
        }
    }

    /// Waits before the next attempt; `false` if there is to be none.
    pub(crate) async fn go_on(&self, client: &Client, failed_attempts: u32) -> bool {
        if failed_attempts >= self.policy.max_attempts() {
            return false;
        }
        let wait = self.policy.wait(failed_attempts, random());
        if self.remaining().is_some_and(|remaining| remaining <= wait) || !client.take_retry() {
            return false;
        }
        sleep(wait).await;
        true
    }
}
