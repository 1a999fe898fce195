//! The balance query, `POST /api/balanceInfo`.

use crate::amount::Amount;
use crate::model::{model, request};
use crate::text::MerchantNo;

request! {
    /// Asks for the merchant's balance (`docs/wire.md`, section 7.6). The response is a [`Balance`].
    pub struct BalanceQuery: Read, "/api/balanceInfo" -> Balance, echoes {}, of merchant_no {
        pub new {}
        optional {}
    }
}

impl Default for BalanceQuery {
    fn default() -> Self {
        Self::new()
    }
}

model! {
    /// What the merchant has at the gateway (`docs/wire.md`, section 7.6).
    ///
    /// The response names no currency, and the unit of its amounts is not documented; the main unit is
    /// inferred.
    pub struct Balance {
        required {
            /// Balance that can be used.
            available_amount: Amount = "availableAmount";
            /// Balance that is held back.
            frozen_amount: Amount = "frozenAmount";
        }
        optional {
            /// The merchant's number. The documentation spells its name in two ways.
            merchant_no: MerchantNo = "mchNo" | "machNo";
        }
    }
}

impl Balance {
    /// A balance, as a gateway sends it.
    pub fn new(merchant_no: MerchantNo, available_amount: Amount, frozen_amount: Amount) -> Self {
        Self { merchant_no: Some(merchant_no), ..Self::with_required(available_amount, frozen_amount) }
    }
}
