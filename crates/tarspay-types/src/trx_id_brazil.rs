//! Finding a deposit by its transaction id in Brazil, `POST /api/orderInfo/trxId`.

use crate::amount::Amount;
use crate::ids::{MerchantNo, MerchantOrderNo, PayOrderId, TrxId};
use crate::model::{model, request};
use crate::order::OrderState;
use crate::words::Currency;

request! {
    /// Finds a deposit by its transaction id; Brazil only (`docs/wire.md`, section 7.7). Answered by
    /// [`BrazilTrxId`].
    ///
    /// The id is a PIX end-to-end id in the example. Bangladesh has
    /// [another call](crate::BangladeshTrxIdQuery).
    pub struct BrazilTrxIdQuery: Read, "/api/orderInfo/trxId" -> BrazilTrxId {
        pub new {
            /// The transaction id.
            trx_id: TrxId = "trxId";
        }
        optional {}
    }
}

model! {
    /// A deposit that was found by its transaction id (`docs/wire.md`, section 7.7).
    ///
    /// Only currency and fee are documented; the other members are those of a deposit query, which are to be
    /// expected. So nothing is required, and whatever else comes is in `extra`.
    pub struct BrazilTrxId {
        required {}
        optional {
            /// The currency.
            currency: Currency = "currency";
            /// The merchant's fee.
            fee: Amount = "fee";
            /// The transaction id. Inferred.
            trx_id: TrxId = "trxId";
            /// Where the order stands. Inferred.
            state: OrderState = "state" | "orderState";
            /// The gateway's number of the order. Inferred.
            pay_order_id: PayOrderId = "payOrderId";
            /// The merchant's number of the order. Inferred.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// The merchant's number. Inferred.
            merchant_no: MerchantNo = "mchNo" | "machNo";
            /// The amount asked for, in the main unit of the currency. Inferred.
            order_amount: Amount = "orderAmount";
            /// The amount paid, in the main unit of the currency. Inferred.
            pay_amount: Amount = "payAmount";
        }
    }
}

impl BrazilTrxId {
    /// A deposit that was found, as a gateway answers; the rest can be set field by field.
    pub fn new(currency: Currency, fee: Amount) -> Self {
        Self { currency: Some(currency), fee: Some(fee), ..Self::with_required() }
    }
}
