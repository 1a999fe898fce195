//! Following an order to its end.

use crate::call::Boxed;
use crate::retry::random;
use crate::types::{DepositQuery, MerchantOrderNo, OrderInfo, OrderState, Request, WithdrawQuery};
use crate::{Client, Error, RetryPolicy};
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long an order is followed unless told otherwise.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(10 * 60);

/// How long before the deadline the last query is made, unless that leaves less than half of the remaining time.
const LAST_QUERY: Duration = Duration::from_secs(1);

/// Asks for an order until it has ended, begun when it is awaited.
///
/// The first query is made at once; then the time between queries doubles, from 2 to 30 seconds unless told otherwise,
/// half of it random. Only a known state that is not pending ends the waiting: a state that the documentation does not
/// list never does, and is reported in [`Waited::unknown_states`]. A query that fails for a passing reason is made
/// again. Prefer callbacks, and wait where a callback did not come.
///
/// Dropping the future stops the asking and changes nothing at the gateway.
#[must_use = "an order is followed when this is awaited"]
pub struct Wait<'a, Q> {
    client: &'a Client,
    merchant_order_no: MerchantOrderNo,
    deadline: Duration,
    intervals: RetryPolicy,
    query: PhantomData<fn() -> Q>,
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

/// A query for one order, by its merchant order number.
#[doc(hidden)]
pub trait OrderQuery: Request<Answer = OrderInfo> + Send + Sync + Sized + 'static {
    fn of(merchant_order_no: MerchantOrderNo) -> Self;
}

impl OrderQuery for DepositQuery {
    fn of(merchant_order_no: MerchantOrderNo) -> Self {
        Self::by_merchant_order_no(merchant_order_no)
    }
}

impl OrderQuery for WithdrawQuery {
    fn of(merchant_order_no: MerchantOrderNo) -> Self {
        Self::by_merchant_order_no(merchant_order_no)
    }
}

impl<'a, Q: OrderQuery> Wait<'a, Q> {
    pub(crate) fn new(client: &'a Client, merchant_order_no: MerchantOrderNo) -> Self {
        let intervals = RetryPolicy::default().waits(Duration::from_secs(2), Duration::from_secs(30));
        Self { client, merchant_order_no, deadline: DEFAULT_WAIT, intervals, query: PhantomData }
    }

    /// The longest time to follow the order; [`DEFAULT_WAIT`] at first.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The time between the first two queries, and the longest time between two.
    pub fn intervals(mut self, first: Duration, longest: Duration) -> Self {
        self.intervals = self.intervals.waits(first, longest);
        self
    }

    async fn run(self) -> Result<Waited, Error> {
        let asked = self.merchant_order_no;
        let query = Q::of(asked.clone());
        let end = Instant::now().checked_add(self.deadline);
        let remaining = || end.map(|end| end.saturating_duration_since(Instant::now()));
        let mut seen: Option<Waited> = None;
        let mut queries = 0;
        let mut last = false;
        loop {
            let so_far = match self.client.attempt(&query, remaining()).await {
                Ok(order) if order.merchant_order_no.as_ref().is_none_or(|named| *named == asked) => {
                    Ok(Waited::after(order, seen))
                }
                Ok(_) => seen.ok_or_else(Error::about_another_order),
                Err(error) if error.can_repeat_query() => seen.ok_or(error),
                Err(error) => return Err(error),
            };
            queries += 1;
            if last || so_far.as_ref().is_ok_and(|waited| waited.ended) {
                return so_far;
            }
            seen = so_far.ok();
            let mut interval = self.intervals.wait(queries, random());
            if let Some(remaining) = remaining()
                && remaining <= interval
            {
                // The last query is made while there is still time for its answer.
                interval = remaining.saturating_sub(LAST_QUERY.min(remaining / 2));
                last = true;
            }
            sleep(interval).await;
        }
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

impl<'a, Q: OrderQuery> IntoFuture for Wait<'a, Q> {
    type Output = Result<Waited, Error>;
    type IntoFuture = Boxed<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<Q> fmt::Debug for Wait<'_, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("merchant_order_no", &self.merchant_order_no)
            .field("deadline", &self.deadline)
            .field("intervals", &self.intervals)
            .finish_non_exhaustive()
    }
}
