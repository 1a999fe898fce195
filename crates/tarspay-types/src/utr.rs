//! Looking up a bank transfer by its UTR in India, `POST /api/utrQuery`.
//!
//! The menu of the documentation also has a UTR replenishment. Its path, members and answer are not
//! documented, and nothing here guesses at them (`docs/wire.md`, section 7.9).

use crate::amount::Amount;
use crate::ids::{MerchantOrderNo, Utr};
use crate::lookup_status::LookupStatus;
use crate::model::{model, request};
use crate::private_text::PrivateText;

request! {
    /// Looks up the transfer of a payer; India only (`docs/wire.md`, section 7.8). Answered by [`UtrInfo`].
    /// Marked as under development: expect a refusal.
    ///
    /// A transfer that is [found](LookupStatus::FOUND) can be made up by "UTR replenishment", a call whose
    /// path is not documented (`docs/wire.md`, section 7.9). It is not offered here; ask the operator.
    pub struct UtrQuery: Read, "/api/utrQuery" -> UtrInfo, about merchant_order_no {
        pub new {
            /// The reference of the payer's transfer.
            utr: Utr = "utr";
            /// The merchant's number of the order.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
        }
        optional {}
    }
}

model! {
    /// What the gateway knows about a transfer (`docs/wire.md`, section 7.8).
    pub struct UtrInfo {
        required {
            /// The outcome.
            status: LookupStatus = "status";
        }
        optional {
            /// The gateway's text. `Debug` does not show it.
            message: PrivateText = "message";
            /// The reference of the payer's transfer.
            utr: Utr = "utr";
            /// The amount, in rupees.
            amount: Amount = "amount";
            /// The other order that has used this transfer, if there is one.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
        }
    }
}

impl UtrInfo {
    /// A lookup, as a gateway answers; the rest can be set field by field.
    pub fn new(status: LookupStatus, utr: Utr) -> Self {
        Self { utr: Some(utr), ..Self::with_required(status) }
    }
}
