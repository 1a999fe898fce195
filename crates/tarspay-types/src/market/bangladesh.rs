//! Bangladesh: the wallets bKash and Nagad in `BDT`.

use super::field::{Field, Format};
use super::way::ways;
use super::{Certainty, ExtraCall, Market, Offer};
use crate::words::{CountryCode, Currency};

/// The currency of every order.
pub const CURRENCY: Currency = Currency::BDT;

ways! {
    "Bangladesh";
    EWALLET_BKASH = "EWALLET_BKASH", "bKash wallet"
        deposit ["100".."30,000"] "agent"
        withdrawal ["100".."50,000"];
    EWALLET_NAGAD = "EWALLET_NAGAD", "Nagad wallet"
        deposit ["100".."30,000"] "agent"
        withdrawal ["100".."50,000"];
    EWALLET_BKASH_OFFICIAL = "EWALLET_BKASH_OFFICIAL", "bKash wallet, official"
        deposit ["50".."75,000"] "under maintenance, not supported for now" .not_open();
}

/// All that is known about Bangladesh.
pub static MARKET: Market = Market {
    name: "Bangladesh",
    key: "bangladesh",
    reference: "docs/markets.md#bangladesh",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: Some(CountryCode::BANGLADESH),
    notes: &[],
    deposit: Offer {
        pages: "tarspay-en api-287746203",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::open("amount", "").like("100"),
            Field::open("currency", ""),
            Field::open("wayCode", ""),
            Field::open("customerContact", "format not documented").like("01011111111"),
            Field::open("returnUrl", ""),
        ],
        notes: &[
            "Response: `payData` and `payWays.ewallet[].payCode` hold an 11-digit number with leading 0, \
             probably the agent's wallet `[inferred]`; `expiredTime`, `requestUrl`, `body`; \
             `customerContact` keeps its 0.",
        ],
        ..Offer::NOTHING
    },
    withdrawal: Offer {
        pages: "tarspay-en api-287746207",
        ways: WITHDRAWAL_WAYS,
        fields: &[
            Field::required("amount", "").format_of(Format::WholeAmount),
            Field::required("currency", ""),
            Field::required("wayCode", ""),
            Field::required("walletId", "payee's wallet")
                .format_of(Format::Digits { prefix: "0", count: 11 }),
        ],
        notes: &["No name, e-mail or contact is listed."],
        ..Offer::NOTHING
    },
    extra_calls: Some(&[
        ExtraCall {
            name: "Query TrxId",
            path: Some("/api/trxQuery"),
            reference: "docs/wire.md section 7.10",
            under_development: true,
        },
        ExtraCall {
            name: "Reprocess TrxId",
            path: Some("/api/trxSupplement"),
            reference: "docs/wire.md section 7.11",
            under_development: true,
        },
        ExtraCall {
            name: "Submit TrxId, for merchants with their own cashier page",
            path: Some("/api/bd/{payOrderId}/{trxId}"),
            reference: "docs/wire.md section 7.12",
            under_development: true,
        },
    ]),
    contradictions: &[
        "Deposit answer example: amount 48888, over the maximum of 30,000, and of another order.",
        "Withdrawal page: the headers of key and nonce optional, a name printed `X-API-SIGNA TURE`.",
        "One `sign` value stands under two different TrxId answers; the query answer lacks two members \
         that its schema requires.",
    ],
    not_documented: "Types and required flags of a deposit; the answer of a withdrawal; the pages of order \
         queries, balance and callback; a table of codes.",
};
