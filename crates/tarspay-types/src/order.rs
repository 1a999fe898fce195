//! Order states, what is news about an order, and business types.

use crate::amount::Amount;
use crate::open::open_codes;

open_codes! {
    /// Where an order stands: `state`, or `orderState` in the response to a create call (`docs/wire.md`,
    /// section 8).
    ///
    /// Unknown states, 4 and 7 among them, are neither pending, ended, successful nor failed: ask again later
    /// and conclude nothing.
    ///
    /// **A refund may come silently.** The documentation says of states 2, 3 and 9 alone that a callback
    /// reports them. So a success can become [`REFUNDED`](OrderState::REFUNDED) later, and no callback says so.
    /// To learn of it, query orders that ended with 2 or 9 again, for example once a day for as long as you
    /// would act on a refund, or compare your books with the settlement report of the back office.
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
    /// [`TIMED_OUT`](Self::TIMED_OUT) is not among them: it is ended and unpaid, but a late payment can still
    /// be made up.
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
    /// States are seen now and then, not one by one, so steps in between may be missing: whatever can follow
    /// in several steps can follow at once. Of two different states at most one can follow the other. A state
    /// follows itself.
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
    /// So an unknown state never replaces an ended one, nor another unknown one, and a pending one never
    /// replaces an unknown one.
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
/// Made by [`Callback::status`](crate::Callback::status) and [`OrderInfo::status`](crate::OrderInfo::status).
/// Store the last one of each order, and let [`news_after`](Self::news_after) decide about the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OrderStatus {
    /// Where the order stands.
    pub state: OrderState,
    /// `payAmount` as it was reported, in the main unit of the currency. What it tells depends on the state:
    /// see [`paid`](Self::paid).
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
    /// The state is the same, and the amount paid is another. Book the difference, and do not deliver again.
    PaidAmountChanged,
    /// Both states are ended and neither can follow the other, such as success after failed. Query the order,
    /// change nothing until then, and have a person look.
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
    /// Callbacks come late, twice and out of order, and a query can overtake one. Apply a status when this is
    /// [`StateChanged`](News::StateChanged) or [`PaidAmountChanged`](News::PaidAmountChanged), and nothing ever
    /// turns a success back into processing:
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
    /// Whether the gateway reports state 9 more than once, and whether its `payAmount` is then the total or the
    /// latest part, is not documented. So a smaller amount is news too, and two equal parts that are not totals
    /// look like one callback that came twice. Therefore query the order whenever a callback reports state 9,
    /// also when it is no news, and book what the query says.
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
