//! India: UPI in `INR`, and the look-up of a bank transfer by its UTR.
//!
//! The menu of the documentation also has a UTR replenishment. Its path, members and response are not
//! documented, and nothing here guesses at them (`docs/wire.md`, section 7.9).

use super::field::Field;
use super::way::ways;
use super::{Certainty, ExtraCall, LookupStatus, Market, Offer};
use crate::amount::Amount;
use crate::model::{model, request};
use crate::private::PrivateText;
use crate::text::{CountryCode, Currency, MerchantOrderNo, Utr};

/// The currency of every order.
pub const CURRENCY: Currency = Currency::INR;

ways! {
    "India";
    CASHIER = "CASHIER", "The gateway's cashier page"
        deposit ["100".."50,000"] "the one in use `[client]`";
    UPI = "UPI", "UPI"
        deposit ["100".."50,000"]
        withdrawal ["100".."50,000"] "fixed, although the payee is a bank account";
}

/// All that is known about India.
pub static MARKET: Market = Market {
    name: "India",
    key: "india",
    reference: "docs/markets.md#india",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: Some(CountryCode::INDIA),
    notes: &[],
    deposit: Offer {
        pages: "tarspay-en api-287746165, vdts6ncnng api-141360180",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::required(
                "amount",
                "an older page says two decimals; in use with two decimals, `100.00` `[client]`; the \
                 example has none",
            )
            .like("100"),
            Field::required("currency", ""),
            Field::required("wayCode", ""),
            Field::optional("customerAccountNumber", "payer's bank card"),
            Field::optional("customerContact", "the example has 10 digits; format not documented")
                .like("9123456789"),
            Field::optional("customerEmail", ""),
            Field::optional("customerName", "").like("DW"),
            Field::open("returnUrl", "the example sends an empty text, signed as `returnUrl=` `[verified]`"),
        ],
        notes: &["Response: `orderState` 0, `payWays` group `UPI` with one item; no `payData`, no \
             `expiredTime`."],
        ..Offer::NOTHING
    },
    withdrawal: Offer {
        pages: "tarspay-en api-287746169",
        ways: WITHDRAWAL_WAYS,
        fields: &[
            Field::required("amount", "in use with two decimals, `….00` `[client]`; the example has none")
                .like("100"),
            Field::required("currency", ""),
            Field::required("wayCode", ""),
            Field::required("customerName", "payee"),
            Field::required("customerEmail", ""),
            Field::required("customerContact", "the example has 10 digits; format not documented"),
            Field::open("customerAccountNumber", "payee's bank account").payee(),
            Field::open(
                "ifsc",
                "rule not documented; the example has 4 letters and 7 digits; sent in use \
                 `[client]`",
            )
            .like("ABCD0000000"),
            Field::open("bankName", "free text; sent in use `[client]`").like("bank of maharashtra"),
            Field::open("address", "sent in use `[client]`").like("Mumbai"),
        ],
        notes: &["Bank codes: none listed."],
        ..Offer::NOTHING
    },
    extra_calls: Some(&[
        ExtraCall {
            name: "UTR query",
            path: Some("/api/utrQuery"),
            reference: "docs/wire.md section 7.8",
            under_development: true,
        },
        ExtraCall {
            name: "UTR replenishment",
            path: None,
            reference: "docs/wire.md section 7.9",
            under_development: false,
        },
    ]),
    contradictions: &[
        "An older page (tarspay-all-eg doc-3095255) calls the way code fixed, `UPI`; its example sends \
         `CASHIER`.",
        "The deposit pages print `UPI`; the printed signature was made for `CASHIER` (vector R2).",
        "Callback example: `fee` equals the whole amount.",
    ],
    not_documented: "The pages of order queries and balance; the response to a withdrawal; a sample of a \
         withdrawal's signature that verifies; whether a UPI address can be paid out to; the envelope of \
         the UTR response; a table of codes.",
};

request! {
    /// Looks up the transfer of a payer; India only (`docs/wire.md`, section 7.8). The response is
    /// a [`TransferByUtr`]. Marked as under development: expect a refusal.
    ///
    /// A transfer that is [found](LookupStatus::FOUND) can be made up by "UTR replenishment", a
    /// call whose path is not documented (`docs/wire.md`, section 7.9). It is not offered here; ask
    /// the operator.
    pub struct TransferByUtrQuery: Read, "/api/utrQuery" -> TransferByUtr, about merchant_order_no {
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
    pub struct TransferByUtr {
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

impl TransferByUtr {
    /// A lookup, as a gateway sends it; the rest can be set field by field.
    pub fn new(status: LookupStatus, utr: Utr) -> Self {
        Self { utr: Some(utr), ..Self::with_required(status) }
    }
}
