//! An order and its row, and an event: what the gateway has said about an order.

use crate::Error;
use crate::value::{Row, Value};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tarspay::Verified;
use tarspay::types::{
    Amount, BizType, Callback, Currency, Decode, Direction, MerchantNo, MerchantOrderNo, OrderState,
    OrderStatus, PayOrderId, PrivateText,
};

/// An order, as its row says. `Debug` does not show the pay URL and the payment data.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Order {
    /// The number of the row, for [`replay`](crate::Inbox::replay) and
    /// [`discard`](crate::Inbox::discard).
    pub id: i64,
    /// The merchant's number.
    pub merchant_no: MerchantNo,
    /// The merchant's number of the order.
    pub merchant_order_no: MerchantOrderNo,
    /// Whether money comes in or goes out; `None` if only a callback without it has named the
    /// order.
    pub direction: Option<Direction>,
    /// The amount asked for.
    pub amount: Option<Amount>,
    /// The currency.
    pub currency: Option<Currency>,
    /// The gateway's number of the order, once it is known.
    pub pay_order_id: Option<PayOrderId>,
    /// The newest that is known. The amount is there in the states where it counts.
    pub status: OrderStatus,
    /// What your handler has applied last.
    pub applied: Option<OrderStatus>,
    /// The page to send the payer to. It is kept until the deposit has ended. A deposit that exists
    /// without one cannot be paid: wait until it has ended, then place a new one under a new
    /// number.
    pub pay_url: Option<PrivateText>,
    /// Payment data for your own page, in markets that have it; kept as long.
    pub pay_data: Option<PrivateText>,
    /// Whether the order is in doubt: nobody knows yet whether the gateway has it. The inbox finds
    /// out.
    pub is_in_doubt: bool,
    /// Why the gateway refused it.
    pub refusal: Option<String>,
    /// Why it waits for a person.
    pub parked: Option<String>,
    /// Why a person has closed it.
    pub discarded: Option<String>,
    /// How many attempts to apply the newest fact were begun.
    pub attempts: i64,
    /// The error of the last one.
    pub last_error: Option<String>,
    /// How long ago it was placed, or first named by a callback.
    pub age: Duration,
    /// How long ago the row last changed: for a parked order, since when it waits.
    pub unchanged_for: Duration,
}

impl Order {
    /// The page to send the payer to.
    pub fn pay_url(&self) -> Option<&str> {
        self.pay_url.as_ref().map(PrivateText::as_str)
    }
}

/// The row of an order that is locked, with the columns that change.
#[derive(Clone)]
pub(crate) struct OrderRow {
    pub(crate) id: i64,
    pub(crate) merchant_no: String,
    pub(crate) number: String,
    pub(crate) direction: Option<Direction>,
    pub(crate) amount: Option<Amount>,
    pub(crate) currency: Option<String>,
    pub(crate) request: Option<String>,
    /// The number of the newest placing.
    pub(crate) placing: i64,
    /// When the last of the placings that have not ended is given up.
    pub(crate) placing_until: Option<i64>,
    /// The same when the newest began; `None` if all had ended.
    pub(crate) others_until: Option<i64>,
    pub(crate) request_check: Option<i64>,
    pub(crate) pay_order_id: Option<String>,
    pub(crate) pay_url: Option<String>,
    pub(crate) pay_data: Option<String>,
    pub(crate) status: OrderStatus,
    pub(crate) applied: Option<OrderStatus>,
    pub(crate) leased_until: Option<i64>,
    pub(crate) attempts: i64,
    pub(crate) last_error: Option<String>,
    pub(crate) apply_at: Option<i64>,
    pub(crate) ask_at: Option<i64>,
    pub(crate) doubt: i64,
    pub(crate) refusal: Option<String>,
    pub(crate) parked: Option<String>,
    pub(crate) discarded: Option<String>,
    pub(crate) placed_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) changed_at: i64,
    /// The time of the database.
    pub(crate) now: i64,
}

/// A status in two columns.
pub(crate) fn status(row: &Row, state: &str, paid: &str) -> Result<Option<OrderStatus>, Error> {
    let paid = row.get(paid)?;
    Ok(row.get::<Option<i64>>(state)?.map(|state| OrderStatus::new(OrderState::from_code(state), paid)))
}

/// A text that the gateway chose, which can be longer than one that is sent.
pub(crate) fn received<T: Decode>(text: String) -> Result<T, Error> {
    T::from_json(&Json::String(text).to_string()).map_err(Error::damaged)
}

impl OrderRow {
    /// Reads a row that has the column `now`.
    pub(crate) fn read(row: &Row) -> Result<Self, Error> {
        let direction: Option<String> = row.get("direction")?;
        Ok(Self {
            id: row.get("id")?,
            merchant_no: row.get("merchant_no")?,
            number: row.get("number")?,
            direction: direction.map(|text| text.parse()).transpose().map_err(Error::damaged)?,
            amount: row.get("amount")?,
            currency: row.get("currency")?,
            request: row.get("request")?,
            placing: row.get("placings")?,
            placing_until: row.get("placing_until")?,
            others_until: row.get("others_until")?,
            request_check: row.get("request_check")?,
            pay_order_id: row.get("pay_order_id")?,
            pay_url: row.get("pay_url")?,
            pay_data: row.get("pay_data")?,
            status: status(row, "state", "paid")?.ok_or_else(|| Error::column("state"))?,
            applied: status(row, "applied_state", "applied_paid")?,
            leased_until: row.get("leased_until")?,
            attempts: row.get("attempts")?,
            last_error: row.get("last_error")?,
            apply_at: row.get("apply_at")?,
            ask_at: row.get("ask_at")?,
            doubt: row.get("doubt")?,
            refusal: row.get("refusal")?,
            parked: row.get("parked")?,
            discarded: row.get("discarded")?,
            placed_at: row.get("placed_at")?,
            ended_at: row.get("ended_at")?,
            changed_at: row.get("changed_at")?,
            now: row.get("now")?,
        })
    }

    /// Whether the gateway refused to create the order, as far as is known, and the refusal is in
    /// question since the order exists.
    fn refusal_is_in_doubt(&self) -> bool {
        self.refusal.is_some() && self.doubt > 0
    }

    /// The parameters of the statement `update order`.
    pub(crate) fn into_values(self) -> Vec<Value> {
        vec![
            self.id.into(),
            self.request.into(),
            self.pay_order_id.into(),
            self.pay_url.into(),
            self.pay_data.into(),
            self.status.state.code().into(),
            self.status.paid().map(plain).into(),
            self.attempts.into(),
            self.apply_at.into(),
            self.ask_at.into(),
            self.doubt.into(),
            self.refusal.into(),
            self.parked.into(),
            self.discarded.into(),
            self.ended_at.into(),
            self.changed_at.into(),
            self.placing_until.into(),
        ]
    }

    pub(crate) fn into_order(self) -> Result<Order, Error> {
        let in_doubt = self.request.is_some() || self.refusal_is_in_doubt();
        // One that may exist is not shown as failed.
        let unknown = OrderStatus::new(OrderState::CREATING, None);
        let status = if self.refusal_is_in_doubt() { unknown } else { self.status };
        let since = |then: i64| Duration::from_millis(u64::try_from(self.now - then).unwrap_or(0));
        Ok(Order {
            id: self.id,
            age: since(self.placed_at),
            unchanged_for: since(self.changed_at),
            merchant_no: received(self.merchant_no)?,
            merchant_order_no: received(self.number)?,
            direction: self.direction,
            amount: self.amount,
            currency: self.currency.map(received).transpose()?,
            pay_order_id: self.pay_order_id.map(received).transpose()?,
            status,
            applied: self.applied,
            pay_url: self.pay_url.map(PrivateText::new),
            pay_data: self.pay_data.map(PrivateText::new),
            is_in_doubt: in_doubt,
            refusal: self.refusal,
            parked: self.parked,
            discarded: self.discarded,
            attempts: self.attempts,
            last_error: self.last_error,
        })
    }
}

/// What a placing returns.
pub(crate) fn outcome(row: OrderRow) -> Result<Order, Error> {
    // An order that is parked because its handler fails is a good order all the same.
    let is_doubtful = row.doubt > 0;
    let order = row.into_order()?;
    match (&order.refusal, &order.parked) {
        (_, Some(reason)) if is_doubtful => Err(Error::parked(&order.merchant_order_no, reason)),
        (Some(refusal), _) if !is_doubtful => Err(Error::rejected(refusal, None)),
        _ => Ok(order),
    }
}

/// What is stored of a response to a creation. A refused order has no number of the gateway's.
pub(crate) fn answer(
    pay_order_id: Option<&PayOrderId>,
    number: &MerchantOrderNo,
    state: OrderState,
) -> Result<tarspay::types::Order, Error> {
    let json = format!(r#"{{"state":{}}}"#, state.code());
    let mut order = tarspay::types::Order::from_json(&json).map_err(Error::damaged)?;
    (order.pay_order_id, order.merchant_order_no) = (pay_order_id.cloned(), Some(number.clone()));
    Ok(order)
}

/// An amount as the columns that are compared have it: without needless zeros.
pub(crate) fn plain(amount: Amount) -> String {
    let text = String::from(amount);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Where an event comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Callback,
    Query,
    Placing,
}

impl Source {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Query => "query",
            Self::Placing => "placing",
        }
    }
}

/// What the gateway has said about an order.
pub(crate) struct Event {
    pub(crate) source: Source,
    pub(crate) merchant_no: String,
    pub(crate) number: String,
    pub(crate) direction: Option<Direction>,
    pub(crate) pay_order_id: Option<String>,
    pub(crate) status: OrderStatus,
    pub(crate) order_amount: Option<Amount>,
    pub(crate) currency: Option<String>,
    /// Why the gateway refused to create the order, and the number of the placing.
    pub(crate) refusal: Option<(String, i64)>,
    /// The text as it was verified, or the members that were used of a response.
    pub(crate) body: Vec<u8>,
}

impl Event {
    pub(crate) fn of_callback(callback: &Verified<Callback>) -> Self {
        let said = callback.get();
        Self {
            source: Source::Callback,
            merchant_no: said.merchant_no.as_ref().map_or("", MerchantNo::as_str).to_owned(),
            number: said.merchant_order_no.as_str().to_owned(),
            direction: said.biz_type.and_then(|biz_type: BizType| Direction::try_from(biz_type).ok()),
            pay_order_id: Some(said.pay_order_id.as_str().to_owned()),
            status: said.status(),
            order_amount: said.order_amount,
            currency: said.currency.as_ref().map(|currency| currency.as_str().to_owned()),
            refusal: None,
            body: callback.raw_body().to_vec(),
        }
    }

    /// The response to a query or to a creation, without members that this version does not know.
    pub(crate) fn of_response(
        source: Source,
        (merchant_no, number): (String, String),
        direction: Direction,
        mut order: tarspay::types::Order,
    ) -> Result<Self, Error> {
        order.extra = tarspay::types::Members::new();
        let body = serde_json::to_vec(&order).map_err(Error::damaged)?;
        Ok(Self {
            source,
            merchant_no,
            number,
            direction: Some(direction),
            pay_order_id: order.pay_order_id.as_ref().map(|id| id.as_str().to_owned()),
            status: order.status(),
            order_amount: order.order_amount,
            currency: order.currency.as_ref().map(|currency| currency.as_str().to_owned()),
            refusal: None,
            body,
        })
    }

    /// Reads an event whose verdict is open. The body is not needed.
    pub(crate) fn read(row: &Row) -> Result<(i64, Self), Error> {
        let direction: Option<String> = row.get("direction")?;
        let event = Self {
            // The others have their verdict when they are written.
            source: Source::Callback,
            merchant_no: row.get("merchant_no")?,
            number: row.get("number")?,
            direction: direction.map(|text| text.parse()).transpose().map_err(Error::damaged)?,
            pay_order_id: row.get("pay_order_id")?,
            status: status(row, "state", "pay_amount")?.ok_or_else(|| Error::column("state"))?,
            order_amount: row.get("order_amount")?,
            currency: row.get("currency")?,
            refusal: None,
            body: Vec::new(),
        };
        Ok((row.get("id")?, event))
    }

    /// The digest, and the parameters of the statements `accept` and, without the verdict,
    /// `record`.
    pub(crate) fn into_row(self) -> (Vec<u8>, Vec<Value>) {
        let mut digest = Sha256::new();
        for part in [self.source.as_str(), &self.merchant_no, &self.number] {
            digest.update(part);
            digest.update([0]);
        }
        digest.update(&self.body);
        let digest = digest.finalize().to_vec();
        let values = vec![
            digest.clone().into(),
            self.source.as_str().into(),
            self.merchant_no.into(),
            self.number.into(),
            self.direction.map(Direction::as_str).into(),
            self.pay_order_id.into(),
            self.status.state.code().into(),
            self.status.pay_amount.into(),
            self.order_amount.into(),
            self.currency.into(),
            self.body.into(),
        ];
        (digest, values)
    }
}
