//! The callback: what the gateway posts to a merchant when an order has come to a result.

use crate::amount::Amount;
use crate::model::model;
use crate::order::{BizType, OrderState, OrderStatus};
use crate::private::PrivateText;
use crate::text::{Currency, MerchantNo, MerchantOrderNo, PayOrderId};
use std::fmt;

model! {
    /// The result of an order, posted to its `notifyUrl` (`docs/wire.md`, section 10).
    ///
    /// **Reading one verifies nothing.** Check the signature over the raw body first. Then check
    /// that [`merchant_no`](Callback::merchant_no) is your own: one system key signs for all
    /// merchants, so a valid signature does not say whose order this is.
    /// `tarspay::CallbackVerifier` does both.
    ///
    /// The outcome is [`state`](Callback::state) alone: a failed withdrawal may carry a `payAmount`
    /// equal to its `orderAmount`. A callback carries no time. It can come several times, late, and
    /// out of order:
    ///
    /// 1. Find your order by [`merchant_order_no`](Callback::merchant_order_no).
    /// 2. Compare [`pay_order_id`](Callback::pay_order_id) with the one that you stored when you placed the
    ///    order. A callback may come before the response to the creation; if none is stored yet, compare
    ///    `biz_type`, `order_amount` and `currency`, and store the number. Book nothing if they differ.
    /// 3. Apply the [`status`](Callback::status) if it [is news](OrderStatus::news_after). Keep
    ///    [`deduplication_key`](Callback::deduplication_key) in a unique column, to act once on each.
    /// 4. In state 9, also query the order for its total: two equal part payments that are not totals cannot be
    ///    told from a repetition.
    ///
    /// A refund after a success may come without a callback: see [`OrderState`].
    ///
    /// Required are the two order numbers and the state, without which a receiver can do nothing.
    /// The business type is not among them: a merchant order number is never used twice, so it
    /// tells which way the money goes.
    ///
    /// ```
    /// use tarspay_types::{BizType, Callback, Decode, OrderState};
    ///
    /// let callback = Callback::from_slice(br#"{
    ///     "bizType": 2, "currency": "EGP", "failReason": "payment failed", "fee": "2", "mchNo": "M1688443982",
    ///     "mchOrderNo": "YN7220230300929", "orderAmount": "100", "payAmount": "100",
    ///     "payOrderId": "P1681112064487976961", "state": 3
    /// }"#)?;
    /// assert_eq!(callback.biz_type, Some(BizType::WITHDRAWAL));
    /// assert_eq!(callback.state, OrderState::FAILED);
    /// assert_eq!(callback.fail_reason, Some("payment failed".into()));
    /// # Ok::<(), tarspay_types::DecodeError>(())
    /// ```
    pub struct Callback {
        required {
            /// The gateway's number of the order.
            pay_order_id: PayOrderId = "payOrderId";
            /// The merchant's number of the order.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// The outcome. Documented here: 2 success, 3 failed, 9 partly paid; expect others.
            /// Whether 5 (refund), 6 and 8 are reported at all is not documented.
            state: OrderState = "state" | "orderState";
        }
        optional {
            /// Which way the money goes.
            biz_type: BizType = "bizType";
            /// The merchant's number. Compare it with your own.
            merchant_no: MerchantNo = "mchNo" | "machNo";
            /// The amount asked for, in the main unit of the currency.
            order_amount: Amount = "orderAmount";
            /// The amount paid, in the main unit of the currency. It tells something in
            /// [some states](OrderState::counts_paid_amount) only; whether it is the total of
            /// several part payments is not documented.
            pay_amount: Amount = "payAmount";
            /// The currency.
            currency: Currency = "currency";
            /// The merchant's fee.
            fee: Amount = "fee";
            /// Why the order failed, in the gateway's words. Absent, null and empty all mean none.
            /// It may repeat what the payer or payee gave, so `Debug` does not show it.
            fail_reason: PrivateText = "failReason";
        }
    }
}

impl Callback {
    /// A callback with what is required, as a gateway makes one; the rest can be set field by field.
    pub const fn new(
        pay_order_id: PayOrderId,
        merchant_order_no: MerchantOrderNo,
        state: OrderState,
    ) -> Self {
        Self::with_required(pay_order_id, merchant_order_no, state)
    }

    /// State and amount paid, to [compare](OrderStatus::news_after) with what is known.
    pub const fn status(&self) -> OrderStatus {
        OrderStatus::new(self.state, self.pay_amount)
    }

    /// What makes a callback the same as an earlier one (`docs/wire.md`, section 11). Never use the
    /// signature for this: one callback has several valid ones.
    pub fn deduplication_key(&self) -> DeduplicationKey {
        DeduplicationKey {
            pay_order_id: self.pay_order_id.clone(),
            state: self.state,
            paid: self.status().paid(),
        }
    }
}

/// What makes two callbacks the same: the gateway's number of the order, the state, and the
/// [amount paid](OrderStatus::paid) in the states where it counts. Amounts compare by value: `400`
/// is `400.00`.
///
/// A key that you have seen is a repetition. A new key can still be late: ask
/// [`news_after`](OrderStatus::news_after).
///
/// **Text**: state code, amount and pay order id, separated by slashes:
/// `9/400/P1742079917839712257`. The amount has no needless zeros; it is `-` where it is missing or
/// does not count. One key has one text, which stays the same in later versions. Store it in a
/// unique column that compares bytes (a binary collation), since case and blanks in a pay order id
/// matter. It has at most 51 bytes and the pay order id, whose length the gateway does not limit.
///
/// ```
/// use tarspay_types::{Amount, Callback, OrderState};
///
/// let mut callback = Callback::new("P1".parse()?, "D1".parse()?, OrderState::PARTLY_PAID);
/// callback.pay_amount = Some(Amount::parse("400.00")?);
/// let first = callback.deduplication_key();
/// assert_eq!(first.to_string(), "9/400/P1");
///
/// callback.pay_amount = Some(Amount::parse("900")?);
/// assert_ne!(callback.deduplication_key(), first);
/// callback.state = OrderState::FAILED;
/// assert_eq!(callback.deduplication_key().to_string(), "3/-/P1");
/// # Ok::<(), tarspay_types::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeduplicationKey {
    pay_order_id: PayOrderId,
    state: OrderState,
    paid: Option<Amount>,
}

impl fmt::Display for DeduplicationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.state.code())?;
        match self.paid {
            Some(paid) => write!(f, "{}", paid.normalized())?,
            None => f.write_str("-")?,
        }
        write!(f, "/{}", self.pay_order_id)
    }
}
