//! The callback: what the gateway posts to a merchant when an order has come to a result.

use crate::amount::Amount;
use crate::ids::{MerchantNo, MerchantOrderNo, PayOrderId};
use crate::model::model;
use crate::order::{BizType, OrderState};
use crate::private_text::PrivateText;
use crate::words::Currency;

model! {
    /// The result of an order, posted to its `notifyUrl` (`docs/wire.md`, section 10).
    ///
    /// **Reading one verifies nothing.** Check the signature over the raw body first.
    ///
    /// The outcome is [`state`](Callback::state) alone: a failed withdraw may carry a `payAmount` equal to
    /// its `orderAmount`. The same callback can come several times and carries no time; process each
    /// [`deduplication_key`](Callback::deduplication_key) once.
    ///
    /// Required are the two order numbers and the state, without which a receiver can do nothing. The
    /// business type is not among them: a merchant order number is never used twice, so it tells which way
    /// the money goes.
    ///
    /// ```
    /// use tarspay_types::{BizType, Callback, Decode, OrderState};
    ///
    /// let callback = Callback::from_slice(br#"{
    ///     "bizType": 2, "currency": "EGP", "failReason": "payment failed", "fee": "2", "mchNo": "M1688443982",
    ///     "mchOrderNo": "YN7220230300929", "orderAmount": "100", "payAmount": "100",
    ///     "payOrderId": "P1681112064487976961", "state": 3
    /// }"#)?;
    /// assert_eq!(callback.biz_type, Some(BizType::WITHDRAW));
    /// assert_eq!(callback.state, OrderState::FAILED);
    /// assert_eq!(callback.fail_reason.as_deref(), Some("payment failed"));
    /// # Ok::<(), tarspay_types::DecodeError>(())
    /// ```
    pub struct Callback {
        required {
            /// The gateway's number of the order.
            pay_order_id: PayOrderId = "payOrderId";
            /// The merchant's number of the order.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// The outcome. Documented here: 2 success, 3 failed, 9 partly paid; expect others.
            state: OrderState = "state" | "orderState";
        }
        optional {
            /// Which way the money goes.
            biz_type: BizType = "bizType";
            /// The merchant's number.
            merchant_no: MerchantNo = "mchNo" | "machNo";
            /// The amount asked for, in the main unit of the currency.
            order_amount: Amount = "orderAmount";
            /// The amount paid, in the main unit of the currency. Conclude nothing from it but how much was
            /// paid.
            pay_amount: Amount = "payAmount";
            /// The currency.
            currency: Currency = "currency";
            /// The merchant's fee.
            fee: Amount = "fee";
            /// Why the order failed, in the gateway's words. Absent, null and empty all mean none. It may repeat
            /// what the payer or payee gave, so `Debug` does not show it.
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

    /// What makes a callback the same as an earlier one (`docs/wire.md`, section 11). Never use the signature
    /// for this: one callback has several valid ones.
    pub const fn deduplication_key(&self) -> (&PayOrderId, OrderState) {
        (&self.pay_order_id, self.state)
    }
}
