//! Pakistan: the wallets `easypaisa` and `jazzcash` in `PKR`.

use super::bank::{BankList, banks};
use super::field::{Field, Format};
use super::way::ways;
use super::{Certainty, Market, Offer};
use crate::text::{CountryCode, Currency};

/// The currency of every order.
pub const CURRENCY: Currency = Currency::PKR;

ways! {
    "Pakistan";
    JAZZCASH = "jazzcash", "JazzCash wallet"
        deposit ["100".."50,000"] "lower case";
    EASYPAISA = "easypaisa", "easypaisa wallet"
        deposit ["100".."50,000"] "lower case";
}

/// Bank and wallet codes of withdrawals. Code and name are the same text.
const BANKS: BankList = BankList {
    banks: banks! {
        "jazzcash";
        "easypaisa";
        "ABHI FINANCE SERVICES LIMITED";
        "AFT";
        "AFT IBFT";
        "Advans";
        "Al Meezan Investment Management Limited";
        "AlHabib";
        "Albarka";
        "Alfalah";
        "Allied";
        "Apna";
        "Askari";
        "BOK";
        "BYKEA";
        "BankIslami";
        "Burj";
        "Central Directorate of National Savings";
        "Central Directorate of National Savings (CDNS)";
        "Central Directorate of National Savings – 1IBFT IMD Addition";
        "Citi";
        "DubaiIslamic";
        "EZ wage";
        "FINCA";
        "FINJA";
        "FWBL";
        "Faysal";
        "First Microfinance Bank";
        "HBL";
        "HBL ASSET MANAGEMENT";
        "Habib Metro Bank – Bulk 1IBFT";
        "HabibMetro";
        "Humrah Financial Services";
        "ICBC";
        "JS";
        "KASB";
        "KBL";
        "KEENU";
        "KEENU Bank";
        "KEENU – IMD and 1IBFT Screen Addition";
        "Keenu1";
    },
    complete: false,
    notes: &["Code and name are the same text. The dash in three names is U+2013."],
};

/// All that is known about Pakistan.
pub static MARKET: Market = Market {
    name: "Pakistan",
    key: "pakistan",
    reference: "docs/markets.md#pakistan",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: Some(CountryCode::PAKISTAN),
    notes: &[],
    deposit: Offer {
        pages: "tarspay-en api-287746217",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::required(
                "amount",
                "an older page (tarspay-all-eg doc-6247575) says two decimals, not zero",
            )
            .format_of(Format::WholeAmount),
            Field::required("currency", ""),
            Field::required("wayCode", "lower case"),
            Field::optional("customerContact", "must be genuine if given")
                .format_of(Format::Digits { prefix: "03", count: 11 })
                .like("03001234567"),
            Field::optional("customerEmail", ""),
            Field::optional("customerName", "").like("GDW"),
            Field::open("returnUrl", ""),
            Field::optional("step", "0: the gateway's own cashier page; signed as `step=0`")
                .format_of(Format::Integer)
                .certainty_of(Certainty::SeenInClients)
                .like("0"),
        ],
        notes: &["Response: `orderState` 1, `expiredTime`, `requestUrl`, `originalAccountNumber`, `body`; \
             `payWays` group `ewallet`; `payUrl` on another host; `customerContact` without its leading 0."],
        ..Offer::NOTHING
    },
    withdrawal: Offer {
        pages: "tarspay-en api-287746219",
        ways: WITHDRAWAL_WAYS,
        banks: BANKS,
        ..Offer::NOTHING
    },
    extra_calls: Some(&[]),
    contradictions: &[
        "Deposit example: amount 20, under the minimum of 100.",
        "A header's name is printed `X-API-SIGNAT URE`, with a blank in the value too.",
        "The response example belongs to another order than the request example.",
        "`X-RESP-SIGNATURE` is marked optional here (tarspay-en api-287746222), required elsewhere.",
    ],
    not_documented: "Withdrawals: way codes, limits, fields, the field that carries the bank code, formats \
         of accounts and wallets, the response; the rest of the bank codes; the pages of order queries; the \
         response to the balance; other values of `step`.",
};
