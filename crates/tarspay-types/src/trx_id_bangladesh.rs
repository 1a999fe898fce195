//! Looking up and reprocessing a transaction id in Bangladesh: `POST /api/trxQuery`, `POST /api/trxSupplement`.
//!
//! The documentation marks both calls as under development; expect that the gateway refuses them.

use crate::amount::Amount;
use crate::ids::{MerchantOrderNo, PayOrderId, TrxId};
use crate::lookup_status::{LookupStatus, ReprocessStatus};
use crate::model::{model, request};
use crate::private_text::PrivateText;

request! {
    /// Looks up a wallet transaction; Bangladesh only (`docs/wire.md`, section 7.10). Answered by
    /// [`BangladeshTrxId`]. Marked as under development: expect a refusal.
    ///
    /// Brazil has [another call](crate::BrazilTrxIdQuery).
    pub struct BangladeshTrxIdQuery: Read, "/api/trxQuery" -> BangladeshTrxId {
        pub new {
            /// The transaction id of the wallet.
            trx_id: TrxId = "trxId";
        }
        optional {}
    }
}

model! {
    /// What the gateway knows about a wallet transaction (`docs/wire.md`, section 7.10).
    pub struct BangladeshTrxId {
        required {
            /// The outcome.
            status: LookupStatus = "status";
        }
        optional {
            /// The gateway's text, `not paid` in the example. `Debug` does not show it.
            message: PrivateText = "message";
            /// The transaction id of the wallet.
            trx_id: TrxId = "trxId";
            /// The amount. Absent in the example although called required.
            amount: Amount = "amount";
            /// The order that has used this transaction, if there is one.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
        }
    }
}

impl BangladeshTrxId {
    /// A lookup, as a gateway answers; the rest can be set field by field.
    pub fn new(status: LookupStatus, trx_id: TrxId) -> Self {
        Self { trx_id: Some(trx_id), ..Self::with_required(status) }
    }
}

request! {
    /// Settles an order that the payer paid and that was not settled; Bangladesh only (`docs/wire.md`, section
    /// 7.11). Answered by [`Reprocessed`]. Marked as under development: expect a refusal.
    ///
    /// It changes the order, and whether it may be repeated is not documented: look at the order first.
    pub struct TrxIdReprocess: Other, "/api/trxSupplement" -> Reprocessed, about merchant_order_no,
        echoes { merchant_order_no, trx_id } {
        pub new {
            /// The transaction id of the wallet.
            trx_id: TrxId = "trxId";
            /// The merchant's number of the order.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
        }
        optional {}
    }
}

model! {
    /// What came of reprocessing (`docs/wire.md`, section 7.11). The outcome is
    /// [`status`](Reprocessed::status): a failure comes with code 0 too.
    pub struct Reprocessed {
        required {
            /// The outcome: 1 is success, anything else is not.
            status: ReprocessStatus = "status";
        }
        optional {
            /// The gateway's text. `Debug` does not show it.
            message: PrivateText = "message";
            /// The gateway's number of the order.
            pay_order_id: PayOrderId = "payOrderId";
            /// The merchant's number of the order.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// The transaction id of the wallet.
            trx_id: TrxId = "trxId";
        }
    }
}

impl Reprocessed {
    /// An outcome, as a gateway answers; the rest can be set field by field.
    pub fn new(
        status: ReprocessStatus,
        pay_order_id: PayOrderId,
        merchant_order_no: MerchantOrderNo,
        trx_id: TrxId,
    ) -> Self {
        Self {
            pay_order_id: Some(pay_order_id),
            merchant_order_no: Some(merchant_order_no),
            trx_id: Some(trx_id),
            ..Self::with_required(status)
        }
    }
}
