//! The attempts of one placing, and what each says about the order.

use super::{OrderRequest, Placeable as _, Placed, Placement};
use crate::call::Course;
use crate::types::market::Report;
use crate::types::{ErrorCode, MerchantOrderNo, OrderInfo};
use crate::{Client, Error, ErrorKind};

/// One placing under way.
pub(super) struct Placing<'a, R> {
    pub(super) client: &'a Client,
    pub(super) request: &'a R,
    pub(super) merchant_order_no: MerchantOrderNo,
    pub(super) course: Course,
    pub(super) warnings: Report,
}

impl<R: OrderRequest> Placing<'_, R> {
    /// Attempt after attempt, until it is known what became of the order, or nothing more may be tried.
    pub(super) async fn run(self, perhaps_sent_before: bool) -> Result<Placed<R::Answer>, Error> {
        let mut doubt = if perhaps_sent_before { Doubt::Serious } else { Doubt::None };
        let mut failed_attempts = 0;
        loop {
            let error = match self.client.attempt(self.request, self.course.remaining()).await {
                Ok(answer) if self.is_this(answer.merchant_order_no()) => return Ok(self.created(answer)),
                Ok(_) => Error::about_another_order(),
                Err(error) => error,
            };
            failed_attempts += 1;
            let mut looked_up = false;
            match judge(&error, doubt) {
                Verdict::Exists => return Ok(self.look_up().await),
                Verdict::Final if doubt == Doubt::None => return Err(error),
                // Only an order that was perhaps sent before: that it cannot be sent now says nothing of then.
                Verdict::Final => return self.give_up(error, true).await,
                Verdict::NotSent => {}
                Verdict::MayExist(grows) => {
                    doubt = doubt.max(grows);
                    // An answer that leaves the order open came from a gateway that can be asked.
                    if error.kind() == ErrorKind::Rejected {
                        match self.find().await {
                            Ok(found) => return Ok(self.recovered(Some(found))),
                            Err(unfound) => looked_up = finds_none(&unfound),
                        }
                    }
                }
            }
            if !self.course.go_on(self.client, failed_attempts).await {
                return match doubt {
                    Doubt::None => Err(error),
                    // Then the last attempt too was refused for its signature.
                    Doubt::Slight if looked_up => Err(error),
                    Doubt::Slight | Doubt::Serious => self.give_up(error, !looked_up).await,
                };
            }
        }
    }

    fn created(self, answer: R::Answer) -> Placed<R::Answer> {
        Placed {
            merchant_order_no: self.merchant_order_no,
            placement: Placement::Created,
            answer: Some(answer),
            found: None,
            differs: false,
            warnings: self.warnings,
        }
    }

    fn recovered(self, found: Option<OrderInfo>) -> Placed<R::Answer> {
        Placed {
            differs: found.as_ref().is_some_and(|order| differs(self.request, order)),
            merchant_order_no: self.merchant_order_no,
            placement: Placement::Recovered,
            answer: None,
            found,
            warnings: self.warnings,
        }
    }

    /// The order is proven to exist; how it stands is asked, and missed only if nobody answers in time.
    async fn look_up(self) -> Placed<R::Answer> {
        let query = R::query(self.merchant_order_no.clone());
        let found = self.course.repeat(self.client, &query).await.ok();
        let found = found.filter(|order| self.is_this(order.merchant_order_no.as_ref()));
        self.recovered(found)
    }

    /// Asks once.
    async fn find(&self) -> Result<OrderInfo, Error> {
        let query = R::query(self.merchant_order_no.clone());
        let found = self.client.attempt(&query, self.course.remaining()).await?;
        if self.is_this(found.merchant_order_no.as_ref()) {
            Ok(found)
        } else {
            Err(Error::about_another_order())
        }
    }

    /// No more attempts, and the order is in doubt: unless the gateway has just said that it finds none, it is asked a
    /// last time.
    pub(super) async fn give_up(self, last: Error, ask: bool) -> Result<Placed<R::Answer>, Error> {
        if ask && let Ok(found) = self.find().await {
            return Ok(self.recovered(Some(found)));
        }
        Err(last.in_doubt())
    }

    /// The order numbers identify the order (`docs/wire.md`, section 11): an answer that names another one says nothing
    /// about this one.
    fn is_this(&self, named: Option<&MerchantOrderNo>) -> bool {
        named.is_none_or(|number| *number == self.merchant_order_no)
    }
}

/// Whether a look-up was answered: the gateway does not find the order, or refuses the signature of this call as well, as it
/// does with every call of a wrong key. Any other refusal is about something else.
fn finds_none(unfound: &Error) -> bool {
    const ANSWERS: [ErrorCode; 3] =
        [ErrorCode::QUERY_DEPOSIT_FAILED, ErrorCode::QUERY_WITHDRAW_FAILED, ErrorCode::SIGNATURE_ERROR];
    unfound.code().is_some_and(|code| ANSWERS.contains(&code))
}

/// Whether an order is another than asked for, by the value of its amount or by its currency.
fn differs(request: &impl OrderRequest, order: &OrderInfo) -> bool {
    let other_amount = match (request.amount(), order.order_amount.as_ref()) {
        (Some(asked), Some(found)) => asked != found,
        _ => false,
    };
    let other_currency = match (request.currency(), order.currency.as_ref()) {
        (Some(asked), Some(found)) => asked != found,
        _ => false,
    };
    other_amount || other_currency
}

fn judge(error: &Error, doubt: Doubt) -> Verdict {
    match error.kind() {
        ErrorKind::Invalid => Verdict::Final,
        ErrorKind::NotSent => Verdict::NotSent,
        ErrorKind::Rejected => match error.code() {
            Some(code) if code.is_order_number_taken() && doubt > Doubt::None => Verdict::Exists,
            Some(ErrorCode::SIGNATURE_ERROR) => Verdict::MayExist(Doubt::Slight),
            Some(code) if code.leaves_creation_open() || doubt > Doubt::None => {
                Verdict::MayExist(Doubt::Serious)
            }
            _ => Verdict::Final,
        },
        _ if error.is_accepted_without_data() => Verdict::Exists,
        _ => Verdict::MayExist(Doubt::Serious),
    }
}

/// What a failed attempt means for the order.
enum Verdict {
    /// The order exists.
    Exists,
    /// The order may exist.
    MayExist(Doubt),
    /// Nothing has changed.
    NotSent,
    /// This attempt created no order, and another one would not either.
    Final,
}

/// How much speaks for an order that no answer has confirmed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doubt {
    None,
    /// The signature was refused, and nothing else has happened. Nearly always that is all. But if something on the way
    /// sends a request twice, this is the answer to the second copy, refused for its used nonce, and the first created
    /// the order. A new attempt with a new nonce, or a query, brings it to light. The refusal is believed if all attempts
    /// that were sent end like this, and after the last one the gateway was asked and found no order, or refused that
    /// signature too.
    Slight,
    /// An attempt may well have created the order.
    Serious,
}
