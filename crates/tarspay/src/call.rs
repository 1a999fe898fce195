//! One call with its options: retries where they are safe, and a deadline.

use crate::engine::{Course, Options};
use crate::types::Request;
use crate::{Client, Error, RetryPolicy, trace};
use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::time::Duration;

/// A boxed future of a call or placing whose options are set.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A call that is made when it is awaited.
///
/// ```
/// # use tarspay::{Client, RetryPolicy, types::BalanceQuery};
/// # use std::time::Duration;
/// # async fn run(client: Client) -> Result<(), tarspay::Error> {
/// let balance = client
///     .call(BalanceQuery::new())
///     .deadline(Duration::from_secs(5))
///     .retry(RetryPolicy::none())
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// A query is repeated by the client's [`RetryPolicy`] while [`Error::can_repeat_query`] says so.
/// Any other call is repeated only if it was [not sent](crate::ErrorKind::NotSent). Dropping the
/// future ends the call; what was sent by then may have been received.
#[derive(Debug)]
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

    /// The deadline of the call, with all retries and waits. Default: only the transport's own
    /// deadlines for each attempt.
    pub fn deadline(mut self, deadline: impl Into<Option<Duration>>) -> Self {
        self.options.deadline = deadline.into();
        self
    }

    /// Uses this policy in place of the client's.
    pub fn retry(mut self, policy: impl Into<Option<RetryPolicy>>) -> Self {
        self.options.retry = policy.into();
        self
    }
}

impl<R: Request + Send + Sync + 'static> IntoFuture for Call<R>
where
    R::Response: Send,
{
    type Output = Result<R::Response, Error>;
    type IntoFuture = Boxed<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let policy = self.options.retry.unwrap_or(self.client.0.retry);
            let course = Course::begin(policy, self.options.deadline);
            let call = pin!(course.repeat(&self.client, &self.request));
            trace::call("call", &self.request, |_| "Success", call).await
        })
    }
}
