//! Brazil: PIX in `BRA`, which is what the gateway calls the real.

use super::field::{Field, Format};
use super::way::ways;
use super::{Certainty, ExtraCall, Market, Offer};
use crate::words::Currency;

/// The currency of every order: `BRA`, not the ISO code `BRL`.
pub const CURRENCY: Currency = Currency::BRA;

ways! {
    "Brazil";
    CASHIER = "CASHIER", "The gateway's cashier page"
        deposit ["10".."50,000"];
    PIX = "PIX", "PIX"
        deposit ["10".."50,000"] "without the cashier page"
        withdrawal [] .seen();
}

/// All that is known about Brazil.
pub static MARKET: Market = Market {
    name: "Brazil",
    key: "brazil",
    reference: "docs/markets.md#brazil",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: None,
    notes: &["The currency is fixed: `BRA`, not the ISO code `BRL`, which no page uses."],
    deposit: Offer {
        pages: "tarspay-en api-287746223",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::required("amount", "decimals not documented").like("83"),
            Field::required("currency", ""),
            Field::required("wayCode", ""),
            Field::required("body", "description of the goods").like("buy card"),
            Field::open("subject", "title of the goods; required on an older page").like("test"),
            Field::required(
                "customerName",
                "a note on a change of Brazilian policy goes with it; its text is not documented in full",
            )
            .like("GDW"),
            Field::optional("customerAccountNumber", "payer's bank card"),
            Field::optional("customerContact", "payer's mobile"),
            Field::optional("customerEmail", ""),
            Field::open("returnUrl", "required on an older page, absent from the newer example"),
        ],
        ..Offer::NOTHING
    },
    withdrawal: Offer {
        ways: WITHDRAWAL_WAYS,
        fields: &[
            Field::seen(
                "accountTax",
                "payee's CPF or CNPJ; the sample has 15 digits, neither 11 (CPF) nor 14 (CNPJ), so the \
                 length is not checked",
            )
            .format_of(Format::DigitsOnly)
            .like("112233445566778"),
            Field::seen("amount", "").like("10"),
            Field::seen("bankName", "type of the PIX key; the names of the other types are not documented")
                .like("PIX_EMAIL"),
            Field::seen("currency", ""),
            Field::seen("customerAccountNumber", "the PIX key")
                .format_of(Format::Email)
                .when("bankName", "PIX_EMAIL"),
            Field::seen("customerContact", "the sample has 11 digits, no country code"),
            Field::seen("customerEmail", ""),
            Field::seen("customerName", "may hold non-ASCII letters, signed over their raw UTF-8 bytes")
                .like("SÉRNHG OODS12"),
            Field::seen("wayCode", ""),
        ],
        notes: &["No page describes it; all of this was seen in working merchant code."],
        ..Offer::NOTHING
    },
    extra_calls: Some(&[
        ExtraCall {
            name: "Query TrxId",
            path: Some("/api/orderInfo/trxId"),
            reference: "docs/wire.md section 7.7",
            under_development: false,
        },
        ExtraCall {
            name: "Withdrawal payment certificate",
            path: Some("/api/payOutProof"),
            reference: "docs/wire.md section 7.5",
            under_development: false,
        },
    ]),
    contradictions: &[
        "Balance answer: the schema says `machNo`, the example `mchNo` (tarspay-en api-287746229).",
        "The callback sample verifies with currency `IDR` only (vector C1); its amounts are an Indonesian \
         order's.",
        "The deposit, TrxId and balance pages carry headers that fit no body or are marked optional: \
         docs/wire.md section 3.",
        "An older page (tarspay-all-eg doc-3095260) requires `returnUrl`, has no `customerName`, and a \
         merchant number `80002` instead of `M…`.",
    ],
    not_documented: "The answer of a deposit; the pages of query deposit and query withdrawal; for \
         withdrawals the limits, the other types of PIX key (CPF, CNPJ, phone, random key) and the \
         required flags; the answer of the certificate; the rest of the TrxId answer; a table of codes.",
};
