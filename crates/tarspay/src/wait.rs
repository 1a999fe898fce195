//! Querying an order until it has ended.

use crate::call::Boxed;
use crate::retry::random;
use crate::types::{OrderInfo, OrderQuery, OrderState};
use crate::{Client, Error, ErrorKind, RetryPolicy};
use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long an order is queried by default.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(10 * 60);

/// The last query is made so long before the deadline, or at half of the remaining time if that is less.
const LAST_QUERY: Duration = Duration::from_secs(1);

/// The shortest interval between two queries, whatever is asked for.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

/// Queries an order until it has ended, begun when it is awaited.
///
/// The first query is made at once; then the time between queries doubles, by default from 2 to 30 seconds, half of it
/// random. Only a known state that is not pending ends the waiting: a state that the documentation does not list never
/// does, and is reported in [`Waited::unknown_states`]. A query that fails is made again, after `Retry-After` if the gateway
/// asks for that. Only a refusal that waiting cannot change, such as a disabled merchant, ends it early, and only when two
/// queries in a row are refused so. Prefer callbacks, and wait where a callback did not come.
///
/// Ended is not frozen: a refund can follow a success, and whether a callback tells of it is not documented. Query settled
/// orders again later, with [`query_deposit`](Client::query_deposit).
///
/// Dropping the future stops the queries and changes nothing at the gateway.
#[must_use = "an order is queried when this is awaited"]
pub struct Wait {
    client: Client,
    query: OrderQuery,
    deadline: Option<Duration>,
    intervals: RetryPolicy,
}

/// What came of the waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waited {
    /// The order as it was last seen.
    pub order: OrderInfo,
    /// Whether it has ended. If not, the deadline came first.
    pub ended: bool,
    /// States that the documentation does not list, in the order in which they were first seen.
    pub unknown_states: Vec<OrderState>,
}

impl Wait {
    pub(crate) fn new(client: Client, query: OrderQuery) -> Self {
        let intervals = RetryPolicy::default().waits(Duration::from_secs(2), Duration::from_secs(30));
        Self { client, query, deadline: Some(DEFAULT_WAIT), intervals }
    }

    /// The longest time to query the order; `None` for no limit. Default: [`DEFAULT_WAIT`].
    pub fn deadline(mut self, deadline: impl Into<Option<Duration>>) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// The time between the first two queries, and the longest time between two. Both are at least 10 milliseconds.
    pub fn intervals(mut self, first: Duration, longest: Duration) -> Self {
        self.intervals = self.intervals.waits(first.max(SHORTEST_INTERVAL), longest.max(SHORTEST_INTERVAL));
        self
    }

    async fn run(self) -> Result<Waited, Error> {
        let query = self.client.0.prepare(&self.query)?;
        let end = self.deadline.and_then(|deadline| Instant::now().checked_add(deadline));
        let remaining = || end.map(|end| end.saturating_duration_since(Instant::now()));
        let mut seen: Option<Waited> = None;
        let mut failure: Option<Error> = None;
        let mut queries = 0;
        let mut last = false;
        loop {
            match self.client.0.attempt(&query, remaining()).await {
                Ok(order) => {
                    let waited = Waited::after(order, seen);
                    if waited.ended {
                        return Ok(waited);
                    }
                    seen = Some(waited);
                    failure = None;
                }
                Err(error) => {
                    if is_lasting(&error) && failure.as_ref().is_some_and(is_lasting) {
                        return Err(error);
                    }
                    // That a query was not sent is no news of one that was.
                    if error.kind() != ErrorKind::NotSent || failure.is_none() {
                        failure = Some(error);
                    }
                }
            }
            if last {
                return seen.ok_or_else(|| failure.unwrap_or_else(Error::out_of_time));
            }
            queries += 1;
            let asked_for = failure.as_ref().and_then(Error::retry_after).unwrap_or_default();
            let mut interval = self.intervals.wait(queries, random()).max(asked_for);
            if let Some(remaining) = remaining()
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
    match error.kind() {
        ErrorKind::Invalid => true,
        ErrorKind::Rejected => {
            !error.is_busy_or_broken() && error.code().is_some_and(|code| !code.depends_on_history())
        }
        _ => false,
    }
}

impl Waited {
    fn after(order: OrderInfo, before: Option<Self>) -> Self {
        let mut unknown_states = before.map(|before| before.unknown_states).unwrap_or_default();
        if !order.state.is_known() && !unknown_states.contains(&order.state) {
            unknown_states.push(order.state);
        }
        Self { ended: order.state.is_ended(), order, unknown_states }
    }
}

impl IntoFuture for Wait {
    type Output = Result<Waited, Error>;
    type IntoFuture = Boxed<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("query", &self.query)
            .field("deadline", &self.deadline)
            .field("intervals", &self.intervals)
            .finish_non_exhaustive()
    }
}
