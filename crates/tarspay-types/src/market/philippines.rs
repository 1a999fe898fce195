//! Philippines: banks and one QR for all in `PHP`.

use super::bank::{BankList, banks};
use super::field::{Field, Format};
use super::way::ways;
use super::{Certainty, Market, Offer};
use crate::text::Currency;

/// The currency of every order.
pub const CURRENCY: Currency = Currency::PHP;

ways! {
    "the Philippines";
    BANK = "BANK", "Bank"
        deposit ["100".."50,000"];
    QR = "QR", "One QR for banks, wallets and other apps"
        deposit ["100".."50,000"] "send `customerContact`";
}

/// Bank and wallet codes of withdrawals.
const BANKS: BankList = BankList {
    banks: banks! {
        "AUBKP" = "Asia United Bank Corporation";
        "MRTCP" = "Bankko Mabuhay, Inc";
        "PABIP" = "Bank of Commerce";
        "CTCBP" = "CTBC Bank (Philippines) Corp";
        "CHBKP" = "China Bank";
        "CHSVP" = "China Bank Savings";
        "CITIP" = "Citibank, N.A. - Manila Branch";
        "DBPHP" = "Development Bank of the Philippines";
        "DCDEP" = "Dumaguete City Development Bank, Inc.";
        "DUMTP" = "Dungganon Bank, Inc.";
        "EWBCP" = "East West Banking Corporation";
        "EQSNP" = "Equicom Savings Bank, Inc.";
        "GCASH" = "GCach";
        "HBPHP" = "HSBC";
        "HBSBP" = "HSBC Savings Bank,Inc.";
        "KOEXK" = "Korea Exchange Bank";
        "TLBPP" = "Landbank/Of Bank";
        "MAARP" = "Malayan Bank Savings & Mortgaga Bank,Inc.";
        "MBBEP" = "Maybank Philippines, Inc.";
        "MBTCP" = "Metrobank";
        "PNBMP" = "PNB";
        "PPBUP" = "Philippines Business Bank, Inc.";
        "PHVBP" = "Philippines Veterans Bank";
        "ROBPP" = "Robinsons Bank Corporation";
        "SETCP" = "Security Bank Corporation";
        "STLAP" = "Sterling Bank of Asia, Inc.";
        "UCPBP" = "UCPB Savings Bank";
        "WEDVP" = "Wealth Development Bank Corp.";
        "TYBKP" = "Yuanta Savinas Bank Philippines. Inc.";
        "UBP" = "UNION BANK OF THE PHILIPPINES";
        "EAWRP" = "Komo / East West Rural Bank, Inc.";
        "QCRIP" = "QUEZON CAPITAL RURAL BANK";
        "RCSAP" = "RCBC SAVINGS BANK";
        "CRD" = "CARD Bank Inc";
        "ACI_RCBC" = "Rizal Commercial Banking Corp.";
        "GW_UCPB" = "United Coconut Planters Bank";
        "GW_SSB" = "Sun Savings Bank, Inc.";
        "GW_PSB" = "Philippine Savings Bank";
    },
    complete: false,
    notes: &[
        "Names as printed, misspellings included. A code beginning with `G` follows the last one.",
        "`UBP` is printed run together with its name; the split is inferred.",
        "No code is known for BDO, BPI and Maya.",
    ],
};

/// All that is known about the Philippines.
pub static MARKET: Market = Market {
    name: "Philippines",
    key: "philippines",
    reference: "docs/markets.md#philippines",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: None,
    notes: &[],
    deposit: Offer {
        pages: "tarspay-en api-287746179",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::required(
                "amount",
                "the page says that the unit is RMB; take it as pesos; decimals not documented",
            ),
            Field::required("currency", ""),
            Field::optional("body", "description of the goods"),
            Field::required_with("customerContact", "QR", "mobile")
                .format_of(Format::Digits { prefix: "9", count: 10 }),
            Field::perhaps_with(
                "customerEmail",
                "QR",
                "a condition for `QR` exists, its text is not documented in full",
            ),
            Field::open("customerName", "in the example"),
            Field::open("returnUrl", "in the example"),
            Field::open("subject", "in the example"),
            Field::open("wayCode", "in the example"),
        ],
        ..Offer::NOTHING
    },
    withdrawal: Offer {
        pages: "tarspay-en api-287746181",
        ways: WITHDRAWAL_WAYS,
        banks: BANKS,
        ..Offer::NOTHING
    },
    extra_calls: Some(&[]),
    contradictions: &["The amount is said to be in RMB, the currency is fixed, `PHP`. Take it as pesos."],
    not_documented: "The rest of the bank codes; for withdrawals the way codes, limits, fields and the \
         field that carries the bank code; the format of a GCash account; every response; the pages of \
         order queries, balance and callback.",
};
