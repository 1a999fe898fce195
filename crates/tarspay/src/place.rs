//! Placing an order so that it is created once, and never reported failed when it exists.
//!
//! A create call can end in a way that says nothing about the order: no answer, half an answer, "system error". Then
//! the order is sent again under the same merchant order number. The number is what makes this safe: the gateway takes
//! each number once (`docs/wire.md`, sections 7.1 and 9). The new attempt either creates the order, or is told that the
//! number exists, which after a first attempt proves that this one was accepted; then the order is looked up.
//!
//! What the gateway says to a *later* attempt proves nothing against an earlier one: "balance too low" may well be the
//! consequence of the order that exists. So once an attempt is in doubt, only the order itself ends the doubt, and if it
//! cannot be had, the outcome is reported as unknown.

mod placing;

use crate::call::{Boxed, Course, Options};
use crate::types::market::{self, Market, Report};
use crate::types::{
    Amount, Currency, Deposit, DepositQuery, DepositRequest, MerchantOrderNo, OrderInfo, OrderState,
    PayOrderId, Request, Withdraw, WithdrawQuery, WithdrawRequest,
};
use crate::{Client, Error, RetryPolicy};
use placing::Placing;
use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::types::DepositRequest {}
    impl Sealed for crate::types::WithdrawRequest {}
}

/// A request that creates an order: [`DepositRequest`] or [`WithdrawRequest`].
pub trait OrderRequest: Request<Answer: Placeable> + Send + Sync + sealed::Sealed {
    /// The query that finds the order again.
    #[doc(hidden)]
    type Query: Request<Answer = OrderInfo> + Send + Sync;

    #[doc(hidden)]
    fn query(merchant_order_no: MerchantOrderNo) -> Self::Query;

    /// The currency asked for.
    #[doc(hidden)]
    fn currency(&self) -> Option<&Currency>;

    /// The amount asked for.
    #[doc(hidden)]
    fn amount(&self) -> Option<&Amount>;
}

impl OrderRequest for DepositRequest {
    type Query = DepositQuery;

    fn query(merchant_order_no: MerchantOrderNo) -> DepositQuery {
        DepositQuery::by_merchant_order_no(merchant_order_no)
    }

    fn currency(&self) -> Option<&Currency> {
        self.currency.as_ref()
    }

    fn amount(&self) -> Option<&Amount> {
        self.amount.as_ref()
    }
}

impl OrderRequest for WithdrawRequest {
    type Query = WithdrawQuery;

    fn query(merchant_order_no: MerchantOrderNo) -> WithdrawQuery {
        WithdrawQuery::by_merchant_order_no(merchant_order_no)
    }

    fn currency(&self) -> Option<&Currency> {
        self.currency.as_ref()
    }

    fn amount(&self) -> Option<&Amount> {
        self.amount.as_ref()
    }
}

/// What the creation of an order answers: [`Deposit`] or [`Withdraw`].
pub trait Placeable: Send {
    /// The gateway's number of the order.
    #[doc(hidden)]
    fn pay_order_id(&self) -> Option<&PayOrderId>;

    /// The merchant's number of the order.
    #[doc(hidden)]
    fn merchant_order_no(&self) -> Option<&MerchantOrderNo>;

    /// Where the order stands.
    #[doc(hidden)]
    fn state(&self) -> Option<OrderState>;
}

impl Placeable for Deposit {
    fn pay_order_id(&self) -> Option<&PayOrderId> {
        self.pay_order_id.as_ref()
    }

    fn merchant_order_no(&self) -> Option<&MerchantOrderNo> {
        self.merchant_order_no.as_ref()
    }

    fn state(&self) -> Option<OrderState> {
        self.state
    }
}

impl Placeable for Withdraw {
    fn pay_order_id(&self) -> Option<&PayOrderId> {
        self.pay_order_id.as_ref()
    }

    fn merchant_order_no(&self) -> Option<&MerchantOrderNo> {
        self.merchant_order_no.as_ref()
    }

    fn state(&self) -> Option<OrderState> {
        self.state
    }
}

/// An order that exists at the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Placed<A> {
    /// The merchant's number of the order.
    pub merchant_order_no: MerchantOrderNo,
    /// Whether this call created it.
    pub placement: Placement,
    /// The answer to the creation; `None` for a recovered order, whose first answer was lost. A recovered deposit thus
    /// has no `pay_url`: the payer cannot be sent there, so let it time out and place a new one.
    pub answer: Option<A>,
    /// The order as it was found by its number; `None` for a created order, and for a recovered one that is proven to
    /// exist but could not be looked up in time.
    pub found: Option<OrderInfo>,
    /// Whether the order that was found has another amount or currency than was asked for. Then the number was probably
    /// used for another order before: look at it before anything else.
    pub differs: bool,
    /// What the market's rules warned of before it was sent: published limits, unusual way codes or formats.
    pub warnings: Report,
}

/// How an order came to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Placement {
    /// Created, and the answer says so.
    Created,
    /// Created by an attempt whose answer was lost or unclear, and found to exist.
    Recovered,
}

impl<A: Placeable> Placed<A> {
    /// The gateway's number of the order, if any answer named it.
    pub fn pay_order_id(&self) -> Option<&PayOrderId> {
        let answered = self.answer.as_ref().and_then(Placeable::pay_order_id);
        answered.or_else(|| self.found.as_ref().and_then(|order| order.pay_order_id.as_ref()))
    }

    /// Where the order stood, if any answer said.
    pub fn state(&self) -> Option<OrderState> {
        self.answer
            .as_ref()
            .and_then(Placeable::state)
            .or_else(|| self.found.as_ref().map(|order| order.state))
    }
}

/// The placing of an order, begun when it is awaited.
///
/// **Cancellation.** Dropping the future leaves open whether the order exists, as a crash would. Place it again with
/// [`perhaps_sent_before`](Self::perhaps_sent_before): it is created once all the same.
#[must_use = "an order is placed when this is awaited"]
pub struct Place<'a, R> {
    client: &'a Client,
    request: &'a R,
    options: Options,
    perhaps_sent_before: bool,
    rules: Rules,
}

/// Which rules a request is held to before it is sent.
#[derive(Clone, Copy, Debug)]
struct Rules {
    /// `None`: the market that the currency belongs to.
    market: Option<&'static Market>,
    enforce_limits: bool,
}

impl<'a, R: OrderRequest> Place<'a, R> {
    pub(crate) fn new(client: &'a Client, request: &'a R) -> Self {
        let rules = Rules { market: None, enforce_limits: false };
        Self { client, request, options: Options::default(), perhaps_sent_before: false, rules }
    }

    /// Holds the request to the rules of this market, instead of the one that its currency belongs to.
    pub fn market(mut self, market: &'static Market) -> Self {
        self.rules.market = Some(market);
        self
    }

    /// Refuses what breaks the market's published limits, too. They are a snapshot that the gateway may have changed, so
    /// without this they only warn.
    pub fn enforce_limits(mut self) -> Self {
        self.rules.enforce_limits = true;
        self
    }

    /// The longest time for the whole placing, repetitions, waits and queries included.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// Another policy than the client's.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = Some(policy);
        self
    }

    /// Says that this very order may have been sent before: by a process that crashed, a future that was dropped, a call
    /// that ended in [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown). "Number exists" is then taken as proof that it was
    /// accepted. Without this it is an error, since the number belongs to another order.
    pub fn perhaps_sent_before(mut self) -> Self {
        self.perhaps_sent_before = true;
        self
    }

    async fn run(self) -> Result<Placed<R::Answer>, Error> {
        let Some(merchant_order_no) = self.request.merchant_order_no().cloned() else {
            return Err(Error::invalid("the request has no merchant order number"));
        };
        let checked = self.rules.check(self.request);
        let course = Course::begin(self.client, &self.options);
        let mut placing = Placing {
            client: self.client,
            request: self.request,
            merchant_order_no,
            course,
            warnings: Report::default(),
        };
        match checked {
            Ok(warnings) => placing.warnings = warnings,
            // Rules may have become stricter since the order was sent: that it cannot be sent now says nothing of then.
            Err(error) if self.perhaps_sent_before => return placing.give_up(error, true).await,
            Err(error) => return Err(error),
        }
        placing.run(self.perhaps_sent_before).await
    }
}

impl<'a, R: OrderRequest> IntoFuture for Place<'a, R> {
    type Output = Result<Placed<R::Answer>, Error>;
    type IntoFuture = Boxed<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<R: fmt::Debug> fmt::Debug for Place<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("request", &self.request)
            .field("options", &self.options)
            .field("perhaps_sent_before", &self.perhaps_sent_before)
            .finish_non_exhaustive()
    }
}

impl Rules {
    fn check(&self, request: &impl Request) -> Result<Report, Error> {
        let report = match self.market {
            Some(market) => market.check(request),
            None => market::check(request),
        };
        let report = report.map_err(Error::invalid_request)?;
        let report = if self.enforce_limits { report.enforce_limits() } else { report };
        report.into_result().map_err(Error::against_rules)
    }
}
