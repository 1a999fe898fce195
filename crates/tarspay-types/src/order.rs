//! Orders: their state and direction, what is news about one, and the query for one.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::ser::{Serialize, Serializer};

use crate::amount::Amount;
use crate::error::{Error, ErrorKind};
use crate::members::{Members, Writer};
use crate::model::{differ, model};
use crate::request::{Effect, Outgoing as _, Request};
use crate::scalar::{FromScalar, Scalar, open_codes, read_as_scalar};
use crate::text::{Currency, MerchantNo, MerchantOrderNo, PayOrderId};

const MERCHANT_ORDER_NO: &str = "mchOrderNo";
const PAY_ORDER_ID: &str = "payOrderId";

open_codes! {
    /// Where an order stands: `state`, or `orderState` in the response to a create call
    /// (`docs/wire.md`, section 8).
    ///
    /// Unknown states, 4 and 7 among them, are neither pending, ended, successful nor failed: ask
    /// again later and conclude nothing.
    ///
    /// **A refund may come silently.** The documentation says of states 2, 3 and 9 alone that a
    /// callback reports them. So a success can become [`REFUNDED`](OrderState::REFUNDED) later, and
    /// no callback says so. To learn of it, query orders that ended with 2 or 9 again, for example
    /// once a day for as long as you would act on a refund, or compare your books with the
    /// settlement report of the back office.
    ///
    /// ```
    /// use tarspay_types::OrderState;
    ///
    /// let advice = |state| match state {
    ///     OrderState::SUCCESS => "deliver",
    ///     OrderState::PARTLY_PAID => "compare payAmount with orderAmount",
    ///     state if state.counts_as_failure() => "tell the customer",
    ///     _ => "wait",
    /// };
    /// assert_eq!(advice(OrderState::from_code(2)), "deliver");
    /// assert_eq!(advice(OrderState::from_code(8)), "tell the customer");
    /// assert_eq!(advice(OrderState::from_code(7)), "wait");
    /// ```
    pub struct OrderState = "order state" {
        CREATING = 0, "being created";
        PROCESSING = 1, "processing";
        SUCCESS = 2, "success";
        FAILED = 3, "failed";
        REFUNDED = 5, "refund";
        TIMED_OUT = 6, "timed out, unpaid (deposit)";
        REJECTED = 8, "rejected, counts as failed (withdrawal)";
        PARTLY_PAID = 9, "partly paid (deposit)";
    }
}

impl OrderState {
    /// Whether the order is still on its way: [`CREATING`](Self::CREATING) and
    /// [`PROCESSING`](Self::PROCESSING).
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::CREATING | Self::PROCESSING)
    }

    /// Whether the order has come to an end: every known state that is not pending.
    ///
    /// Ended is not frozen: a refund can follow a success, and a timed-out deposit can be made up
    /// (`docs/wire.md`, section 8).
    pub const fn is_ended(self) -> bool {
        self.is_known() && !self.is_pending()
    }

    /// Whether the whole amount was paid: [`SUCCESS`](Self::SUCCESS) alone. A partly paid deposit is no
    /// success.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::SUCCESS)
    }

    /// Whether the documentation calls the order failed: [`FAILED`](Self::FAILED) and
    /// [`REJECTED`](Self::REJECTED).
    ///
    /// [`TIMED_OUT`](Self::TIMED_OUT) is not among them: it is ended and unpaid, but a late payment
    /// can still be made up.
    pub const fn counts_as_failure(self) -> bool {
        matches!(self, Self::FAILED | Self::REJECTED)
    }

    /// Whether `payAmount` tells how much was paid: in [`SUCCESS`](Self::SUCCESS) and
    /// [`PARTLY_PAID`](Self::PARTLY_PAID).
    ///
    /// In every other state conclude nothing from it: a failed withdrawal may carry the whole amount
    /// (`docs/wire.md`, section 10).
    pub const fn counts_paid_amount(self) -> bool {
        matches!(self, Self::SUCCESS | Self::PARTLY_PAID)
    }

    /// Whether an order whose last known state is `previous` can have come to this state.
    ///
    /// This compares states alone. To decide about a callback or a query's response, ask
    /// [`OrderStatus::news_after`], which also looks at the amount paid.
    ///
    /// States are seen now and then, not one by one, so steps in between may be missing: whatever
    /// can follow in several steps can follow at once. Of two different states at most one can
    /// follow the other. A state follows itself.
    ///
    /// | after | can follow | how certain (`docs/wire.md`, sections 8 and 10) |
    /// |---|---|---|
    /// | 0 being created | 1 | inferred from the names |
    /// | 0, 1 | 2, 3, 9 | documented: created with 0 or 1, then notified |
    /// | 0, 1 | 6, 8 | documented as results; the step is inferred |
    /// | 2 success | 5 refund | inferred |
    /// | 6 timed out | 2 | inferred: a timed-out deposit can be made up |
    /// | 6 timed out | 9 | ours: it can be made up in part |
    /// | 9 partly paid | 2, 5 | ours: the rest can be paid, the part can be given back |
    /// | 3 failed, 5 refund, 8 rejected | nothing | ours: no way on is documented |
    /// | 0, 1 | unknown | ours: it may be any step |
    /// | unknown | every ended state | ours: only an ended state concludes anything |
    ///
    /// So an unknown state never replaces an ended one, nor another unknown one, and a pending one
    /// never replaces an unknown one.
    ///
    /// Of two ended states that cannot follow each other (success after failed) one is wrong:
    /// [`News::Contradiction`].
    pub const fn can_follow(self, previous: Self) -> bool {
        if self.code() == previous.code() {
            return true;
        }
        match previous {
            Self::CREATING => true,
            Self::PROCESSING => !matches!(self, Self::CREATING),
            Self::TIMED_OUT => matches!(self, Self::PARTLY_PAID | Self::SUCCESS | Self::REFUNDED),
            Self::PARTLY_PAID => matches!(self, Self::SUCCESS | Self::REFUNDED),
            Self::SUCCESS => matches!(self, Self::REFUNDED),
            Self::FAILED | Self::REFUNDED | Self::REJECTED => false,
            // Unknown.
            _ => self.is_ended(),
        }
    }
}

/// Where an order stands, and how much of it is paid: what a callback or a query's response reports.
///
/// Made by [`Callback::status`](crate::Callback::status) and [`Order::status`](crate::Order::status).
/// Store the last one of each order, and let [`news_after`](Self::news_after) decide about the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OrderStatus {
    /// Where the order stands.
    pub state: OrderState,
    /// `payAmount` as it was reported, in the main unit of the currency. What it tells depends on
    /// the state: see [`paid`](Self::paid).
    pub pay_amount: Option<Amount>,
}

/// What one status says that an earlier one did not: see [`OrderStatus::news_after`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum News {
    /// Nothing: a repetition, or a late report of an earlier state.
    Nothing,
    /// The order has come to this state.
    StateChanged,
    /// The state is the same, and the amount paid is another. Book the difference, and do not
    /// deliver again.
    PaidAmountChanged,
    /// Both states are ended and neither can follow the other, such as success after failed. Query
    /// the order, change nothing until then, and have a person look.
    Contradiction,
}

impl OrderStatus {
    /// A status from its parts, as you stored them.
    pub const fn new(state: OrderState, pay_amount: Option<Amount>) -> Self {
        Self { state, pay_amount }
    }

    /// How much was paid, if the state [lets one conclude it](OrderState::counts_paid_amount).
    pub const fn paid(self) -> Option<Amount> {
        if self.state.counts_paid_amount() { self.pay_amount } else { None }
    }

    /// What this status says about an order whose last known status is `previous`.
    ///
    /// Callbacks come late, twice and out of order, and a query can overtake one. Apply a status
    /// when this is [`StateChanged`](News::StateChanged) or
    /// [`PaidAmountChanged`](News::PaidAmountChanged), and nothing ever turns a success back into
    /// processing:
    ///
    /// ```
    /// use tarspay_types::{Amount, News, OrderState, OrderStatus};
    ///
    /// let partly = |paid: u32| OrderStatus::new(OrderState::PARTLY_PAID, Some(Amount::from(paid)));
    /// let placed = OrderStatus::new(OrderState::PROCESSING, None);
    /// let paid = OrderStatus::new(OrderState::SUCCESS, Some(Amount::from(1500_u32)));
    ///
    /// assert_eq!(partly(400).news_after(placed), News::StateChanged);
    /// assert_eq!(partly(900).news_after(partly(400)), News::PaidAmountChanged);
    /// assert_eq!(paid.news_after(partly(900)), News::StateChanged);
    /// assert_eq!(partly(900).news_after(paid), News::Nothing); // late
    /// let failed = OrderStatus::new(OrderState::FAILED, None);
    /// assert_eq!(failed.news_after(paid), News::Contradiction);
    /// ```
    ///
    /// | state | news |
    /// |---|---|
    /// | another one, which [can follow](OrderState::can_follow) | `StateChanged` |
    /// | another one, which the known one can follow: late | `Nothing` |
    /// | another ended one, neither can follow the other | `Contradiction` |
    /// | an unknown one after another unknown one | `Nothing` |
    /// | the same, with the same [amount paid](Self::paid), or in a state where the amount tells nothing | `Nothing` |
    /// | the same, 2 or 9, with another amount paid: more, less, or known before and missing now | `PaidAmountChanged` |
    ///
    /// # Part payments
    ///
    /// Whether the gateway reports state 9 more than once, and whether its `payAmount` is then the
    /// total or the latest part, is not documented. So a smaller amount is news too, and two equal
    /// parts that are not totals look like one callback that came twice. Therefore query the order
    /// whenever a callback reports state 9, also when it is not news, and book what the query says.
    pub fn news_after(self, previous: Self) -> News {
        if self.state == previous.state {
            return if self.paid() == previous.paid() { News::Nothing } else { News::PaidAmountChanged };
        }
        if self.state.can_follow(previous.state) {
            News::StateChanged
        } else if previous.state.can_follow(self.state) || !self.state.is_ended() {
            News::Nothing
        } else {
            News::Contradiction
        }
    }
}

open_codes! {
    /// Which way the money of an order goes, `bizType` (`docs/wire.md`, section 10).
    pub struct BizType = "business type" {
        DEPOSIT = 1, "deposit";
        WITHDRAWAL = 2, "withdrawal";
    }
}

/// Whether an order takes money in or pays it out.
///
/// **Text** and **serde**: `deposit` or `withdrawal`. On the wire it is a [`BizType`], or the path
/// of a call.
///
/// ```
/// use tarspay_types::{BizType, Direction};
///
/// let direction: Direction = "withdrawal".parse()?;
/// assert_eq!((direction, direction.to_string()), (Direction::Withdrawal, "withdrawal".to_owned()));
/// assert_eq!(Direction::try_from(BizType::DEPOSIT)?, Direction::Deposit);
/// # Ok::<(), tarspay_types::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums, reason = "money comes in or goes out, and callers match on both")]
pub enum Direction {
    /// Money from a payer to the merchant.
    Deposit,
    /// Money from the merchant's balance to a payee.
    Withdrawal,
}

impl Direction {
    /// `deposit` or `withdrawal`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl AsRef<str> for Direction {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for Direction {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::Deposit, Self::Withdrawal]
            .into_iter()
            .find(|direction| direction.as_str() == text)
            .ok_or(Error::new("direction", ErrorKind::NotADirection))
    }
}

impl From<Direction> for BizType {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Deposit => Self::DEPOSIT,
            Direction::Withdrawal => Self::WITHDRAWAL,
        }
    }
}

impl TryFrom<BizType> for Direction {
    type Error = Error;

    fn try_from(biz_type: BizType) -> Result<Self, Error> {
        match biz_type {
            BizType::DEPOSIT => Ok(Self::Deposit),
            BizType::WITHDRAWAL => Ok(Self::Withdrawal),
            _ => Err(Error::new("business type", ErrorKind::NotADirection)),
        }
    }
}

impl Serialize for Direction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FromScalar for Direction {
    fn from_scalar(scalar: &Scalar<'_>) -> Result<Self, Error> {
        match scalar {
            Scalar::Text(text) => text.parse(),
            _ => Err(Error::wrong_type("direction", "a text")),
        }
    }
}

read_as_scalar!(Direction);

/// Asks where an order stands (`docs/wire.md`, sections 7.2 and 7.4). The response is an [`Order`].
///
/// An order is found by the merchant's number of it. By the gateway's number only when there is
/// nothing else: for withdrawals it is not documented that this works, and for deposits the call is
/// known from merchant code alone. A refusal does not prove that there is no such order.
///
/// ```
/// use tarspay_types::{MerchantNo, OrderQuery, Request};
///
/// let query = OrderQuery::deposit("D1659318251029".parse()?);
/// assert_eq!(query.path(), "/api/payInInfo");
/// let body = query.body(&MerchantNo::new("M1655535407")?)?.expect("a query has a body");
/// assert_eq!(serde_json::to_string(&body).unwrap(), r#"{"mchOrderNo":"D1659318251029","mchNo":"M1655535407"}"#);
/// # Ok::<(), tarspay_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderQuery {
    direction: Direction,
    number: Number,
    extra: Members,
}

/// The number by which an order is found.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Number {
    Merchant(MerchantOrderNo),
    Gateway(PayOrderId),
}

impl OrderQuery {
    /// The query for the order with this merchant order number.
    pub const fn new(direction: Direction, merchant_order_no: MerchantOrderNo) -> Self {
        Self { direction, number: Number::Merchant(merchant_order_no), extra: Members::new() }
    }

    /// The query for the deposit with this merchant order number.
    pub const fn deposit(merchant_order_no: MerchantOrderNo) -> Self {
        Self::new(Direction::Deposit, merchant_order_no)
    }

    /// The query for the withdrawal with this merchant order number.
    pub const fn withdrawal(merchant_order_no: MerchantOrderNo) -> Self {
        Self::new(Direction::Withdrawal, merchant_order_no)
    }

    /// The query for the order with this number of the gateway's.
    pub const fn by_pay_order_id(direction: Direction, pay_order_id: PayOrderId) -> Self {
        Self { direction, number: Number::Gateway(pay_order_id), extra: Members::new() }
    }

    /// Sets a member that is not documented: a text, a whole number or a boolean. It is signed and
    /// sent like the rest.
    ///
    /// # Errors
    ///
    /// As of [`DepositRequest::with_extra`](crate::DepositRequest::with_extra).
    pub fn with_extra(
        mut self,
        name: impl Into<String>,
        value: &(impl Serialize + ?Sized),
    ) -> Result<Self, Error> {
        self.extra.insert_flat(&[MERCHANT_ORDER_NO, PAY_ORDER_ID], name.into(), value)?;
        Ok(self)
    }

    /// Which kind of order is asked for.
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// The gateway's number of the order, if the query names it.
    pub const fn pay_order_id(&self) -> Option<&PayOrderId> {
        match &self.number {
            Number::Gateway(pay_order_id) => Some(pay_order_id),
            Number::Merchant(_) => None,
        }
    }
}

impl Request for OrderQuery {
    type Response = Order;

    fn path(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self.direction {
            Direction::Deposit => "/api/payInInfo",
            Direction::Withdrawal => "/api/payOutInfo",
        })
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn merchant_order_no(&self) -> Option<&MerchantOrderNo> {
        match &self.number {
            Number::Merchant(merchant_order_no) => Some(merchant_order_no),
            Number::Gateway(_) => None,
        }
    }

    fn is_answered_by(&self, merchant_no: &MerchantNo, response: &Order) -> bool {
        !differ(self.merchant_order_no(), response.merchant_order_no.as_ref())
            && !differ(self.pay_order_id(), response.pay_order_id.as_ref())
            && !differ(merchant_no, response.merchant_no.as_ref())
    }

    fn check(&self) -> Result<(), Error> {
        match &self.number {
            Number::Merchant(merchant_order_no) => merchant_order_no.check_outgoing(MERCHANT_ORDER_NO),
            Number::Gateway(pay_order_id) => pay_order_id.check_outgoing(PAY_ORDER_ID),
        }
    }
}

impl Serialize for OrderQuery {
    /// Writes the members of the body. The direction is not one of them: it is in the path.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut writer = Writer::new(serializer.serialize_map(None)?, &self.extra);
        match &self.number {
            Number::Merchant(merchant_order_no) => writer.required(MERCHANT_ORDER_NO, merchant_order_no)?,
            Number::Gateway(pay_order_id) => writer.required(PAY_ORDER_ID, pay_order_id)?,
        }
        writer.finish()
    }
}

model! {
    /// Where an order stands (`docs/wire.md`, sections 7.2 and 7.4).
    ///
    /// The outcome is [`state`](Order::state) alone, the only member that a caller cannot do
    /// without. It does not always come with the order numbers; who asked knows one of them.
    pub struct Order {
        required {
            /// Where the order stands.
            state: OrderState = "state" | "orderState";
        }
        optional {
            /// The gateway's number of the order.
            pay_order_id: PayOrderId = "payOrderId";
            /// The merchant's number of the order.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// The merchant's number.
            merchant_no: MerchantNo = "mchNo" | "machNo";
            /// The amount asked for, in the main unit of the currency.
            order_amount: Amount = "orderAmount";
            /// The amount paid, in the main unit of the currency: 0 while processing.
            pay_amount: Amount = "payAmount";
            /// The currency.
            currency: Currency = "currency";
            /// The merchant's fee.
            fee: Amount = "fee";
        }
    }
}

impl Order {
    /// Where an order stands, as a gateway sends it; the rest can be set field by field.
    pub fn new(pay_order_id: PayOrderId, merchant_order_no: MerchantOrderNo, state: OrderState) -> Self {
        Self {
            pay_order_id: Some(pay_order_id),
            merchant_order_no: Some(merchant_order_no),
            ..Self::with_required(state)
        }
    }

    /// State and amount paid, to [compare](OrderStatus::news_after) with what is known.
    pub const fn status(&self) -> OrderStatus {
        OrderStatus::new(self.state, self.pay_amount)
    }
}
