//! Order states and business types: where an order stands, and which way its money goes.

use crate::open::open_codes;

open_codes! {
    /// Where an order stands: `state`, or `orderState` in the answer to a create call (`docs/wire.md`,
    /// section 8).
    ///
    /// Unknown states, 4 and 7 among them, are neither pending, ended, successful nor failed: ask again later
    /// and conclude nothing.
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
        REJECTED = 8, "rejected, counts as failed (withdraw)";
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

    /// Whether this state can be news about an order whose last known state is `previous`.
    ///
    /// Callbacks come late, twice and out of order, and a query can overtake one. Apply a state only when it
    /// can follow, and nothing ever turns a success back into processing:
    ///
    /// ```
    /// use tarspay_types::OrderState;
    ///
    /// let mut known = OrderState::PROCESSING;
    /// for news in [OrderState::SUCCESS, OrderState::PROCESSING, OrderState::SUCCESS] {
    ///     if news.can_follow(known) {
    ///         known = news;
    ///     }
    /// }
    /// assert_eq!(known, OrderState::SUCCESS);
    /// ```
    ///
    /// States are seen now and then, not one by one, so steps in between may be missing: whatever can follow
    /// in several steps can follow at once. Of two different states at most one can follow the other. A state
    /// follows itself, which changes nothing; who acts on a state compares it with the known one first, or acts
    /// again on a replayed callback.
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
    /// An ended state that cannot follow another (success after failed) is a contradiction, not mere delay:
    /// query the order, and have somebody look.
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

open_codes! {
    /// Which way the money of an order goes, `bizType` (`docs/wire.md`, section 10).
    pub struct BizType = "business type" {
        DEPOSIT = 1, "deposit";
        WITHDRAW = 2, "withdraw";
    }
}
