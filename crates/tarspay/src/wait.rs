//! Querying an order until it has ended.

use crate::call::Boxed;
use crate::engine::Course;
use crate::types::{News, Order, OrderQuery, OrderState};
use crate::{Client, Error, ErrorKind, RetryPolicy, trace};
use std::fmt;
use std::future::IntoFuture;
use std::pin::pin;
use std::time::Duration;
use tokio::time::sleep;

/// How long an order is queried by default.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(10 * 60);

/// The time between the last query and the deadline, or half of the remaining time if that is less.
const LAST_QUERY: Duration = Duration::from_secs(1);

/// The shortest interval between two queries.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

/// Queries an order until it has ended. It begins when it is awaited.
///
/// The first query is made at once; then the time between queries doubles, by default from 2 to 30
/// seconds, half of it random. Only a known state that is not pending ends the waiting: a state
/// that the documentation does not list never does, and is reported in [`Waited::unknown_states`].
/// A query that fails is made again, after `Retry-After` if the gateway asks for that. Only a
/// refusal that waiting cannot change, such as a disabled merchant, ends it early, and only when
/// two queries in a row are refused so. Prefer callbacks, and wait if a callback did not come.
///
/// An order can change after it has ended: a refund can follow a success. It is not documented
/// whether a callback reports it. Query settled orders again later, with
/// [`query_deposit`](Client::query_deposit).
///
/// Dropping the future stops the queries and changes nothing at the gateway.
#[must_use = "an order is queried when this is awaited"]
pub struct Wait {
    client: Client,
    query: OrderQuery,
    deadline: Option<Duration>,
    intervals: RetryPolicy,
    observer: Option<Observer>,
}

type Observer = Box<dyn FnMut(&Order) + Send + Sync>;

/// The result of a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waited {
    /// The order as last seen. A response from older data, by
    /// [`news_after`](crate::types::OrderStatus::news_after), does not replace it.
    pub order: Order,
    /// Whether it has ended. If not, the deadline came first.
    pub ended: bool,
    /// States that the documentation does not list, in the order in which they were first seen.
    pub unknown_states: Vec<OrderState>,
}

impl Wait {
    pub(crate) fn new(client: Client, query: OrderQuery) -> Self {
        let intervals = RetryPolicy::default().waits(Duration::from_secs(2), Duration::from_secs(30));
        Self { client, query, deadline: Some(DEFAULT_WAIT), intervals, observer: None }
    }

    /// The longest time to query the order; `None` for no limit. Default: [`DEFAULT_WAIT`].
    pub fn deadline(mut self, deadline: impl Into<Option<Duration>>) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// The time between the first two queries, and the longest time between two. Both are at least
    /// 10 milliseconds.
    pub fn intervals(mut self, first: Duration, longest: Duration) -> Self {
        self.intervals = self.intervals.waits(first.max(SHORTEST_INTERVAL), longest.max(SHORTEST_INTERVAL));
        self
    }

    /// Calls this with the order as last seen after each query that found it, to show progress.
    pub fn observe(mut self, observer: impl FnMut(&Order) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    async fn run(&self, mut observer: Option<Observer>) -> Result<Waited, Error> {
        let query = self.client.0.prepare(&self.query)?;
        let course = Course::begin(self.intervals, self.deadline);
        let mut seen: Option<Waited> = None;
        let mut failure: Option<Error> = None;
        let mut queries = 0;
        let mut last = false;
        loop {
            match self.client.0.attempt(&query, course.remaining()).await {
                Ok(order) => {
                    let waited = Waited::after(order, seen);
                    if let Some(observe) = &mut observer {
                        observe(&waited.order);
                    }
                    if waited.ended {
                        return Ok(waited);
                    }
                    seen = Some(waited);
                    failure = None;
                }
                Err(error) if error.kind() == ErrorKind::Invalid => return Err(error),
                Err(error) => {
                    if is_lasting(&error) && failure.as_ref().is_some_and(is_lasting) {
                        return Err(error);
                    }
                    // A later query that was not sent does not change the outcome of one that was.
                    if error.kind() != ErrorKind::NotSent || failure.is_none() {
                        failure = Some(error);
                    }
                }
            }
            if last {
                return seen.ok_or_else(|| failure.unwrap_or_else(Error::out_of_time));
            }
            queries += 1;
            let retry_after = failure.as_ref().and_then(Error::retry_after);
            let mut interval = course.wait(queries, &self.client.0.random, retry_after);
            if let Some(remaining) = course.remaining()
                && remaining <= interval
            {
                // The last query is made while there is still time for its response.
                interval = remaining.saturating_sub(LAST_QUERY.min(remaining / 2));
                last = true;
            }
            sleep(interval).await;
        }
    }
}

/// Whether waiting cannot change a refusal: it is about the merchant, its key or the query itself.
fn is_lasting(error: &Error) -> bool {
    !error.is_busy_or_broken()
        && error.code().is_some_and(|code| !code.depends_on_history() || code.refuses_access())
}

impl Waited {
    fn after(order: Order, before: Option<Self>) -> Self {
        let mut waited =
            before.unwrap_or_else(|| Self { order: order.clone(), ended: false, unknown_states: Vec::new() });
        if !order.state.is_known() && !waited.unknown_states.contains(&order.state) {
            waited.unknown_states.push(order.state);
        }
        // A response from older data is ignored.
        let is_older = order.state != waited.order.state
            && order.status().news_after(waited.order.status()) == News::Nothing;
        if !is_older {
            waited.order = order;
        }
        waited.ended = waited.order.state.is_ended();
        waited
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("client", &self.client)
            .field("query", &self.query)
            .field("deadline", &self.deadline)
            .field("intervals", &self.intervals)
            .finish_non_exhaustive()
    }
}

impl IntoFuture for Wait {
    type Output = Result<Waited, Error>;
    type IntoFuture = Boxed<'static, Self::Output>;

    fn into_future(mut self) -> Self::IntoFuture {
        let outcome = |waited: &Waited| if waited.ended { "Ended" } else { "NotEnded" };
        Box::pin(async move {
            let observer = self.observer.take();
            trace::call("wait", &self.query, outcome, pin!(self.run(observer))).await
        })
    }
}
