//! Places an order so that it is created once, and never reports an existing order as failed.
//!
//! A create call can end in a way that says nothing about the order: no response, half a response,
//! "system error", or the refusal of a second copy of the request. Then the order is looked up, and
//! sent again under the same merchant order number if it is not found. The number is what makes
//! this safe: the gateway takes each number once (`docs/wire.md`, sections 7.1 and 9).
//!
//! `machine.rs` decides; its tables are the rules. This module carries out its actions, and
//! classifies responses by the rows of its tables.

#[cfg(test)]
mod courses;
#[cfg(test)]
mod enumeration;
mod machine;

use crate::call::Boxed;
use crate::engine::{Options, Prepared};
use crate::types::market::{self, Market, Report};
use crate::types::{
    Amount, Currency, Deposit, DepositRequest, Direction, ErrorCode, MerchantOrderNo, Order, OrderQuery,
    OrderState, PayOrderId, PrivateText, Request, Withdrawal, WithdrawalRequest,
};
use crate::{Client, Error, ErrorKind, RetryPolicy, trace};
use machine::{Action, Attempt, Conclusion, Event, LookedUp, Machine, Settings};
use std::fmt;
use std::future::IntoFuture;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, sleep};

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::types::DepositRequest {}
    impl Sealed for crate::types::WithdrawalRequest {}
}

/// A request that creates an order: [`DepositRequest`] or [`WithdrawalRequest`].
pub trait OrderRequest: Request<Response: Placeable> + Send + Sync + sealed::Sealed {
    /// Whether money comes in or goes out. A second withdrawal would be lost money.
    const DIRECTION: Direction;

    /// The merchant's number of the order.
    #[doc(hidden)]
    fn order_no(&self) -> &MerchantOrderNo;

    /// The amount and the currency asked for.
    #[doc(hidden)]
    fn price(&self) -> (&Amount, &Currency);
}

/// The response to the creation of an order: [`Deposit`] or [`Withdrawal`].
pub trait Placeable: Send {
    #[doc(hidden)]
    fn pay_order_id(&self) -> Option<&PayOrderId>;

    #[doc(hidden)]
    fn merchant_order_no(&self) -> Option<&MerchantOrderNo>;

    #[doc(hidden)]
    fn state(&self) -> Option<OrderState>;

    /// The amount and the currency that the response names.
    #[doc(hidden)]
    fn price(&self) -> (Option<&Amount>, Option<&Currency>);
}

/// Deposits and withdrawals have the same members; but the response to a withdrawal names no price.
macro_rules! order {
    ($direction:ident, $request:ident, |$response:ident| $price:expr) => {
        impl OrderRequest for $request {
            const DIRECTION: Direction = Direction::$direction;

            fn order_no(&self) -> &MerchantOrderNo {
                &self.merchant_order_no
            }

            fn price(&self) -> (&Amount, &Currency) {
                (&self.amount, &self.currency)
            }
        }

        impl Placeable for $direction {
            fn pay_order_id(&self) -> Option<&PayOrderId> {
                self.pay_order_id.as_ref()
            }

            fn merchant_order_no(&self) -> Option<&MerchantOrderNo> {
                self.merchant_order_no.as_ref()
            }

            fn state(&self) -> Option<OrderState> {
                self.state
            }

            fn price(&self) -> (Option<&Amount>, Option<&Currency>) {
                let $response = self;
                $price
            }
        }
    };
}

order!(Deposit, DepositRequest, |response| (response.amount.as_ref(), response.currency.as_ref()));
order!(Withdrawal, WithdrawalRequest, |_response| (None, None));

/// An order that exists at the gateway.
///
/// The number is what identifies an order. A query names no payee, so a number that was used before
/// for a withdrawal to somebody else looks the same here: never use a number twice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Placed<A> {
    /// This call created it, and the gateway's response says so.
    #[non_exhaustive]
    Created {
        /// The response to the creation.
        response: A,
        /// Whether the response, and the query where there was one, name the amount and the
        /// currency that were asked for.
        matches: Matches,
    },
    /// It was found by its number after an attempt whose response was lost or unclear, so that
    /// attempt has probably created it. Where it does not [match](Matches::Yes), the number was
    /// used before: have a person look at it before anything else.
    #[non_exhaustive]
    Recovered {
        /// The order as it was found.
        order: Order,
        /// Whether it has the amount and the currency that were asked for.
        matches: Matches,
    },
    /// The gateway has an order under this number, and no attempt of this call is known to have
    /// created it: a second copy of the request did, or another worker, or the number was used
    /// before. Where it does not [match](Matches::Yes), it is another order: have a person look at
    /// it before anything else.
    #[non_exhaustive]
    AlreadyExisted {
        /// The order as it was found.
        order: Order,
        /// Whether it has the amount and the currency that were asked for.
        matches: Matches,
    },
}

/// Whether an order is the requested one, as far as the gateway says: by the value of its amount,
/// and by its currency, ignoring case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Matches {
    /// Amount and currency are those of the request.
    Yes,
    /// The amount or the currency is another one. The number was probably used before, for another
    /// order.
    No,
    /// The amount or the currency is missing or unreadable.
    Unknown,
}

impl Matches {
    fn compare(
        (asked_amount, asked_currency): (&Amount, &Currency),
        (amount, currency): (Option<&Amount>, Option<&Currency>),
    ) -> Self {
        let amount = amount.map(|named| named == asked_amount);
        let currency = currency.map(|named| named.as_str().eq_ignore_ascii_case(asked_currency.as_str()));
        match (amount, currency) {
            (Some(false), _) | (_, Some(false)) => Self::No,
            (Some(true), Some(true)) => Self::Yes,
            _ => Self::Unknown,
        }
    }
}

impl<A: Placeable> Placed<A> {
    /// The gateway's number of the order, if any response named it. Store it: a callback must name
    /// the same one.
    pub fn pay_order_id(&self) -> Option<&PayOrderId> {
        match self {
            Self::Created { response, .. } => response.pay_order_id(),
            Self::Recovered { order, .. } | Self::AlreadyExisted { order, .. } => order.pay_order_id.as_ref(),
        }
    }

    /// The state of the order, if any response named it.
    pub fn state(&self) -> Option<OrderState> {
        match self {
            Self::Created { response, .. } => response.state(),
            Self::Recovered { order, .. } | Self::AlreadyExisted { order, .. } => Some(order.state),
        }
    }

    /// Whether the order is the one that was asked for.
    pub fn matches(&self) -> Matches {
        match self {
            Self::Created { matches, .. }
            | Self::Recovered { matches, .. }
            | Self::AlreadyExisted { matches, .. } => *matches,
        }
    }
}

impl Placed<Deposit> {
    /// The page to send the payer to.
    ///
    /// Only the response to a creation names it, so a recovered or existing deposit has no pay URL,
    /// and the payer cannot pay it. Wait until it has ended, by
    /// [`wait_for_deposit`](Client::wait_for_deposit). If it ended unpaid, place a new one under a
    /// new number.
    pub fn pay_url(&self) -> Option<&str> {
        match self {
            Self::Created { response, .. } => response.pay_url.as_ref().map(PrivateText::as_str),
            Self::Recovered { .. } | Self::AlreadyExisted { .. } => None,
        }
    }
}

/// The placing of an order, which begins when it is awaited.
///
/// After each attempt:
///
/// - Created: that is the result. Refused for the request itself: also, unless an earlier attempt
///   is in doubt.
/// - No response, [temporary trouble](ErrorCode::is_temporary) of the gateway, no access (a refused
///   signature, [address or account](ErrorCode::refuses_access)): the order is looked up, and sent
///   again if it is not found. A withdrawal is sent again only when the [quiet
///   time](crate::ClientBuilder::quiet_time) has passed. Found: [`Recovered`](Placed::Recovered).
/// - Another code that an existing order can cause ([`ErrorCode::depends_on_history`]), such as
///   "number exists": the order is looked up and not sent again. Found:
///   [`AlreadyExisted`](Placed::AlreadyExisted), or recovered after an attempt in doubt.
/// - At the end, the order is not found after the quiet time, and the last attempt was refused:
///   [`Rejected`](crate::ErrorKind::Rejected). Otherwise what is in doubt is
///   [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown).
///
/// **Cancellation.** Dropping the future leaves open whether the order exists, as a crash would.
/// Resume it with [`resume_deposit`](Client::resume_deposit) or
/// [`resume_withdrawal`](Client::resume_withdrawal). The order is still created once.
#[must_use = "an order is placed when this is awaited"]
pub struct Place<'a, R> {
    client: &'a Client,
    request: &'a R,
    options: Options,
    quiet_time: Duration,
    resumes: bool,
    /// `None`: the market that the currency belongs to.
    market: Option<&'static Market>,
    enforces_limits: bool,
}

impl<'a, R: OrderRequest> Place<'a, R> {
    pub(crate) fn new(client: &'a Client, request: &'a R) -> Self {
        Self {
            client,
            request,
            options: Options::default(),
            quiet_time: client.0.quiet_time,
            resumes: false,
            market: None,
            enforces_limits: false,
        }
    }

    pub(crate) fn resume(client: &'a Client, request: &'a R) -> Self {
        Self { resumes: true, ..Self::new(client, request) }
    }

    /// Checks the request against the rules of this market, instead of the one that its currency
    /// belongs to.
    pub fn market(mut self, market: &'static Market) -> Self {
        self.market = Some(market);
        self
    }

    /// Also refuses requests that break the market's published limits. By default these only warn,
    /// because the gateway may have changed them since.
    pub fn enforce_limits(mut self) -> Self {
        self.enforces_limits = true;
        self
    }

    /// The deadline of the placing, with all attempts, waits and look-ups. Some time is kept for a
    /// last look-up. With a deadline shorter than the [quiet
    /// time](crate::ClientBuilder::quiet_time) more outcomes stay unknown. Default: only the
    /// deadlines of each attempt.
    pub fn deadline(mut self, deadline: impl Into<Option<Duration>>) -> Self {
        self.options.deadline = deadline.into();
        self
    }

    /// Uses this policy in place of the client's.
    pub fn retry(mut self, policy: impl Into<Option<RetryPolicy>>) -> Self {
        self.options.retry = policy.into();
        self
    }

    /// Uses this [quiet time](crate::ClientBuilder::quiet_time) in place of the client's.
    pub fn quiet_time(mut self, quiet_time: Duration) -> Self {
        self.quiet_time = quiet_time;
        self
    }

    /// Checks the request against the rules of its market without sending it. The report has the
    /// warnings: published limits, unusual way codes or formats.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) with every [violation](Error::violations), as the
    /// placing itself.
    pub fn check(&self) -> Result<Report, Error> {
        let report = match self.market {
            Some(market) => market.check(self.request),
            None => market::check(self.request),
        };
        let report = report.map_err(Error::invalid_request)?;
        let report = if self.enforces_limits { report.enforce_limits() } else { report };
        report.into_result().map_err(Error::against_rules)
    }

    async fn run(self) -> Result<Placed<R::Response>, Error> {
        let query = OrderQuery::new(R::DIRECTION, self.request.order_no().clone());
        let mut placing = Placing {
            client: self.client,
            request: self.request,
            creation: None,
            query: self.client.0.prepare(&query)?,
            response: None,
            found: None,
            last: None,
        };
        match self.check().and_then(|_| self.client.0.prepare(self.request)) {
            Ok(creation) => placing.creation = Some(creation),
            // The rules may have become stricter since the order was sent. It may exist even if it
            // cannot be sent now.
            Err(error) if self.resumes => placing.last = Some(error),
            Err(error) => return Err(error),
        }
        let settings = Settings {
            policy: self.options.retry.unwrap_or(self.client.0.retry),
            quiet_time: self.quiet_time,
            deadline: self.options.deadline,
            cautious: R::DIRECTION == Direction::Withdrawal || placing.creation.is_none(),
        };
        placing.drive(if self.resumes { Machine::resume(settings) } else { Machine::new(settings) }).await
    }
}

impl<'a, R: OrderRequest> IntoFuture for Place<'a, R> {
    type Output = Result<Placed<R::Response>, Error>;
    type IntoFuture = Boxed<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let outcome = |placed: &Placed<R::Response>| match placed {
            Placed::Created { .. } => "Created",
            Placed::Recovered { .. } => "Recovered",
            Placed::AlreadyExisted { .. } => "AlreadyExisted",
        };
        let operation = if self.resumes { "resume" } else { "place" };
        Box::pin(async move {
            let request = self.request;
            trace::call(operation, request, outcome, pin!(self.run())).await
        })
    }
}

impl<R: fmt::Debug> fmt::Debug for Place<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("request", &self.request)
            .field("options", &self.options)
            .field("quiet_time", &self.quiet_time)
            .field("resumes", &self.resumes)
            .finish_non_exhaustive()
    }
}

/// A running placing: carries out the machine's actions, and keeps what was received.
struct Placing<'a, R: OrderRequest> {
    client: &'a Client,
    request: &'a R,
    /// `None` for an order that is resumed and cannot be sent today.
    creation: Option<Prepared<'a, R>>,
    query: Prepared<'a, OrderQuery>,
    /// A response with code 0 that did not settle it, see [`Attempt::Unclear`].
    response: Option<R::Response>,
    found: Option<Order>,
    last: Option<Error>,
}

impl<R: OrderRequest> Placing<'_, R> {
    async fn drive(
        mut self,
        (mut machine, mut action): (Machine, Action),
    ) -> Result<Placed<R::Response>, Error> {
        let begun = Instant::now();
        loop {
            let event = match action {
                Action::Send { within } => match &self.creation {
                    Some(creation) => {
                        let result = self.client.0.attempt(creation, within).await;
                        self.sent(result)
                    }
                    None => return self.conclude(Conclusion::Unknown),
                },
                Action::LookUp { within } => self.look_up(within).await?,
                Action::Sleep(time) => {
                    sleep(time).await;
                    Event::Slept
                }
                Action::Done(conclusion) => return self.conclude(conclusion),
            };
            let engine = &self.client.0;
            action = machine.step(event, begun.elapsed(), engine.random.next(), || engine.budget.take());
        }
    }

    fn sent(&mut self, result: Result<R::Response, Error>) -> Event {
        let error = match result {
            Ok(response) => {
                let named = response.merchant_order_no().is_some();
                let matches = Matches::compare(self.request.price(), response.price());
                self.response = Some(response);
                if named && matches != Matches::No {
                    return Event::Sent { outcome: Attempt::Created, retry_after: None };
                }
                Error::odd_creation()
            }
            Err(error) => error,
        };
        let event = Event::Sent { outcome: outcome(&error), retry_after: error.retry_after() };
        // A later attempt that was not sent does not change the outcome of one that was.
        if error.kind() != ErrorKind::NotSent || self.last.is_none() {
            self.last = Some(error);
        }
        event
    }

    /// # Errors
    ///
    /// When nothing can be sent at all, as outside a tokio runtime.
    async fn look_up(&mut self, within: Option<Duration>) -> Result<Event, Error> {
        let mut retry_after = None;
        let outcome = match self.client.0.attempt(&self.query, within).await {
            // A response that names no order may belong to another request.
            Ok(order) if order.merchant_order_no.is_some() => {
                self.found = Some(order);
                LookedUp::Found
            }
            Ok(_) => LookedUp::NoResponse,
            Err(error) if error.kind() == ErrorKind::Invalid => return Err(error.in_doubt()),
            Err(error) => {
                retry_after = error.retry_after();
                let outcome = match error.code() {
                    Some(_) if error.is_busy_or_broken() => LookedUp::NoResponse,
                    Some(code) if code.is_order_not_found() => LookedUp::NotFound,
                    Some(code) if is_access(code) => LookedUp::AccessRefused,
                    _ => LookedUp::NoResponse,
                };
                // Only if the order is resumed and nothing is known yet.
                self.last.get_or_insert(error);
                outcome
            }
        };
        Ok(Event::LookedUp { outcome, retry_after })
    }

    fn conclude(self, conclusion: Conclusion) -> Result<Placed<R::Response>, Error> {
        // The machine ends with `Created` only after a response, with the next two only after an
        // order was found, and with the others after an error or when the deadline left no time for
        // an attempt.
        let last = self.last.unwrap_or_else(Error::out_of_time);
        match (conclusion, self.response, self.found) {
            (Conclusion::Created, Some(response), _) => {
                let matches = Matches::compare(self.request.price(), response.price());
                Ok(Placed::Created { response, matches })
            }
            (Conclusion::Recovered | Conclusion::AlreadyExisted, response, Some(order)) => {
                let price = (order.order_amount.as_ref(), order.currency.as_ref());
                let matches = Matches::compare(self.request.price(), price);
                // A response that named no order, or another amount, turns out to be about this
                // one.
                let response = response.filter(|response| {
                    response.pay_order_id().is_some()
                        && response.pay_order_id() == order.pay_order_id.as_ref()
                });
                Ok(match response {
                    Some(response) => {
                        // Its payment page may ask for the other amount.
                        let odd = Matches::compare(self.request.price(), response.price()) == Matches::No;
                        Placed::Created { response, matches: if odd { Matches::No } else { matches } }
                    }
                    None if conclusion == Conclusion::Recovered => Placed::Recovered { order, matches },
                    None => Placed::AlreadyExisted { order, matches },
                })
            }
            (Conclusion::Rejected | Conclusion::NotSent, ..) => Err(last),
            _ => Err(last.in_doubt()),
        }
    }
}

/// The row of an attempt that has not certainly created the order.
fn outcome(error: &Error) -> Attempt {
    match (error.kind(), error.code()) {
        (ErrorKind::NotSent, _) => Attempt::NotSent,
        (ErrorKind::Invalid, _) => Attempt::Refused,
        (ErrorKind::Rejected, Some(code)) => match code {
            _ if error.is_busy_or_broken() => Attempt::Trouble,
            code if is_access(code) => Attempt::AccessRefused,
            code if code.is_temporary() => Attempt::Trouble,
            code if code.depends_on_history() => Attempt::RefusedByHistory,
            _ => Attempt::Refused,
        },
        _ => Attempt::Unclear,
    }
}

/// A code for which every call is refused alike, with a wrong key for example. 5003008 is also what a
/// second copy of a request gets.
fn is_access(code: ErrorCode) -> bool {
    code == ErrorCode::SIGNATURE_ERROR || code.refuses_access()
}
