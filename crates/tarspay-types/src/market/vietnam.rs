//! Vietnam: QR and virtual accounts in `VND`.

use super::field::Field;
use super::way::ways;
use super::{Certainty, Market, Offer};
use crate::text::Currency;

/// The currency of every order.
pub const CURRENCY: Currency = Currency::VND;

// That an order on a virtual account sends the bank's code as its way code is inferred from the
// older page, which sends a wallet's code there.
ways! {
    "Vietnam";
    QR = "QR", "QR"
        deposit ["50,000".."300,000,000"];
    BIDV = "BIDV", "Virtual account at BIDV"
        deposit ["10,000".."299,999,999"] "that the bank's code is the way code is inferred" .inferred();
    MSB = "MSB", "Virtual account at MSB"
        deposit ["10,000".."299,999,999"] "that the bank's code is the way code is inferred" .inferred();
    TCB = "TCB", "Virtual account at TECHCOMBANK"
        deposit ["10,000".."299,999,999"] "that the bank's code is the way code is inferred; not open on \
             the older page"
        .inferred();
    CASHIER = "CASHIER", "The gateway's cashier page"
        deposit [] "signed in vector R3" .proven();
    VCB = "VCB", "Bank VIETCOMBANK"
        deposit [] "older page only" .on_another_page();
    ACB = "ACB", "Bank ACB"
        deposit [] "older page only" .on_another_page();
    MBB = "MBB", "Bank MBBANK"
        deposit [] "older page only" .on_another_page();
    VTB = "VTB", "Bank VIETINBANK"
        deposit [] "older page only" .on_another_page();
    TPB = "TPB", "Bank TPBANK"
        deposit [] "older page only" .on_another_page();
    SEA = "SEA", "Bank SEABANK"
        deposit [] "older page only" .on_another_page();
    KLB = "KLB", "Bank KIENLONGBANK"
        deposit [] "older page only" .on_another_page();
    VIB = "VIB", "Bank VIB"
        deposit [] "older page only, and marked not open there" .not_open();
    SHB = "SHB", "Bank SHB"
        deposit [] "older page only, and marked not open there" .not_open();
    DAB = "DAB", "Bank DONGABANK"
        deposit [] "older page only, and marked not open there" .not_open();
    EXB = "EXB", "Bank EXIMBANK"
        deposit [] "older page only, and marked not open there" .not_open();
    SAC = "SAC", "Bank SACOMBANK"
        deposit [] "older page only, and marked not open there" .not_open();
    SCB = "SCB", "Bank SAIGONBANK"
        deposit [] "older page only, and marked not open there" .not_open();
    MOMO = "MOMO", "Wallet MOMO"
        deposit [] "older page only" .on_another_page();
    VIETTELPAY = "VIETTELPAY", "Wallet VIETTELPAY"
        deposit [] "older page only" .on_another_page();
    VIETTEL = "VIETTEL", "Recharge card VIETTEL"
        deposit [] "older page only" .on_another_page();
    MOBIFONE = "MOBIFONE", "Recharge card MOBIFONE"
        deposit [] "older page only" .on_another_page();
    VINAPHONE = "VINAPHONE", "Recharge card VINAPHONE"
        deposit [] "older page only" .on_another_page();
    VIETNAMOBILE = "VIETNAMOBILE", "Recharge card VIETNAMOBILE"
        deposit [] "older page only" .on_another_page();
    ZING = "ZING", "Recharge card ZING"
        deposit [] "older page only" .on_another_page();
    GATE = "GATE", "Recharge card GATE"
        deposit [] "older page only" .on_another_page();
    VCOIN = "VCOIN", "Recharge card VCOIN"
        deposit [] "older page only" .on_another_page();
    GARENA = "GARENA", "Recharge card GARENA"
        deposit [] "older page only" .on_another_page();
}

/// All that is known about Vietnam.
pub static MARKET: Market = Market {
    name: "Vietnam",
    key: "vietnam",
    reference: "docs/markets.md#vietnam",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: None,
    notes: &[],
    deposit: Offer {
        pages: "tarspay-en api-287746191; older page: tarspay-all-eg doc-3095254",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::open("amount", "").like("100000"),
            Field::open("currency", ""),
            Field::open("wayCode", ""),
            Field::open("customerName", "").like("DW"),
            Field::open("returnUrl", ""),
            Field::open(
                "customerAccountNumber",
                "signed with an empty value in vector R3; not in the printed example",
            )
            .certainty_of(Certainty::ProvenBySignature),
            Field::open(
                "customerContact",
                "signed with an empty value in vector R3; not in the printed example",
            )
            .certainty_of(Certainty::ProvenBySignature),
            Field::open(
                "customerEmail",
                "signed with an empty value in vector R3; not in the printed example",
            )
            .certainty_of(Certainty::ProvenBySignature),
        ],
        notes: &[
            "Whether an order on a virtual account sends the bank's code as `wayCode` is not documented; \
             the older page sends a wallet's code there, so probably yes.",
            "The older page knows the methods internetbank, ewallet, qr and scratch card; its `wayCode` is \
             the code itself (`MOMO` in the example).",
        ],
        ..Offer::NOTHING
    },
    withdrawal: Offer { ways: WITHDRAWAL_WAYS, ..Offer::NOTHING },
    extra_calls: Some(&[]),
    contradictions: &[
        "`TCB` is a code of a virtual account on the newer page, not open on the older one; the older \
         wallets, cards and banks are absent from the newer page.",
        "The newer page prints `QR`; its signature was made for `CASHIER` (vector R3).",
    ],
    not_documented: "Required flags and response to a deposit; withdrawals (fields, way codes, limits, bank \
         codes); order queries, balance, callback.",
};
