//! Asking where an order stands: `POST /api/payInInfo` for a deposit, `POST /api/payOutInfo` for a withdrawal.

use crate::amount::Amount;
use crate::ids::{MerchantNo, MerchantOrderNo, PayOrderId};
use crate::model::{model, request};
use crate::order::{OrderState, OrderStatus};
use crate::words::Currency;

request! {
    /// Asks where a deposit stands (`docs/wire.md`, section 7.2). Answered by [`OrderInfo`].
    ///
    /// Path and members are known from merchant code alone. A refusal does not prove that there is no such
    /// order.
    ///
    /// ```
    /// use tarspay_types::{DepositQuery, MerchantNo, MerchantOrderNo, Request};
    ///
    /// let query = DepositQuery::by_merchant_order_no(MerchantOrderNo::new("D1659318251029")?);
    /// assert_eq!(query.path(), "/api/payInInfo");
    /// let body = query.body(&MerchantNo::new("M1655535407")?)?.expect("a query has a body");
    /// assert_eq!(body.get(), r#"{"mchOrderNo":"D1659318251029","mchNo":"M1655535407"}"#);
    /// # Ok::<(), tarspay_types::Error>(())
    /// ```
    pub struct DepositQuery: Read, "/api/payInInfo" -> OrderInfo, about merchant_order_no,
        echoes { merchant_order_no, pay_order_id }, of merchant_no {
        one_of "`mchOrderNo` or `payOrderId`" {
            /// The merchant's number of the order.
            by_merchant_order_no => merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// The gateway's number of the order.
            by_pay_order_id => pay_order_id: PayOrderId = "payOrderId";
        }
        optional {}
    }
}

request! {
    /// Asks where a withdrawal stands (`docs/wire.md`, section 7.4). Answered by [`OrderInfo`].
    ///
    /// Documented with the merchant's number. Whether the gateway's number may stand instead is not: use it
    /// only when there is nothing else.
    pub struct WithdrawalQuery: Read, "/api/payOutInfo" -> OrderInfo, about merchant_order_no,
        echoes { merchant_order_no, pay_order_id }, of merchant_no {
        one_of "`mchOrderNo` or `payOrderId`" {
            /// The merchant's number of the order.
            by_merchant_order_no => merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// The gateway's number of the order.
            by_pay_order_id => pay_order_id: PayOrderId = "payOrderId";
        }
        optional {}
    }
}

model! {
    /// Where an order stands (`docs/wire.md`, sections 7.2 and 7.4).
    ///
    /// The outcome is [`state`](OrderInfo::state) alone, the only member that a caller cannot do without. It
    /// does not always come with the order numbers; who asked knows one of them.
    pub struct OrderInfo {
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

impl OrderInfo {
    /// Where an order stands, as a gateway answers; the rest can be set field by field.
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
