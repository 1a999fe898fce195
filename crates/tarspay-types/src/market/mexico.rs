//! Mexico: bank, convenience store and virtual account in `MXN`.

use super::field::Field;
use super::way::ways;
use super::{Certainty, Market, Offer};
use crate::text::Currency;

/// The currency of every order.
pub const CURRENCY: Currency = Currency::MXN;

// No maximum: it is printed as `1,000,00`, which can mean 100,000 or 1,000.00.
ways! {
    "Mexico";
    BANK = "bank", "Bank account, online"
        deposit [] "no row in the limits";
    STORE = "store", "Convenience store"
        deposit ["10"..] "the limits spell it `STORE`; the maximum is printed `1,000,00` and not applied";
    VA = "va", "Virtual account"
        deposit ["10"..] "the limits spell it `VA`; the maximum is printed `1,000,00` and not applied";
    CASHIER = "CASHIER", "The gateway's cashier page"
        deposit ["10"..] "in the limits, not among the listed codes; the maximum is printed `1,000,00` and \
             not applied";
}

/// All that is known about Mexico.
pub static MARKET: Market = Market {
    name: "Mexico",
    key: "mexico",
    reference: "docs/markets.md#mexico",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: None,
    notes: &[],
    deposit: Offer {
        pages: "tarspay-en api-287746231",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::required("amount", "decimals not documented"),
            Field::required("currency", ""),
            Field::optional("body", "description of the goods"),
            Field::open("customerAccountNumber", "in the example"),
            Field::open("customerContact", "in the example"),
            Field::open("customerEmail", "in the example"),
            Field::open("customerName", "in the example"),
            Field::open("returnUrl", "in the example"),
            Field::open("subject", "in the example"),
            Field::open("wayCode", "in the example"),
        ],
        notes: &[
            "Convenience stores (names, no codes): 7-ELEVEN; Soriana; Circulo K / Tiendas Extra; Bodega \
             Aurrera; Walmart; Sam's Club; Walmart express; Kiosko; Calimax; CITY CLUB; Farmacia la más \
             barata; Farmacia Roma; Super del norte; SMB Rural; Caja Cerano; Caja Morelia Valladolid; \
             Caja Oblatos; Vía servicios.",
        ],
        ..Offer::NOTHING
    },
    withdrawal: Offer { ways: WITHDRAWAL_WAYS, ..Offer::NOTHING },
    extra_calls: Some(&[]),
    contradictions: &[
        "Case and names: the page lists `bank`, `store` and `va`; its limits are for `CASHIER`, `VA` and \
         `STORE`. Taken here: the listed lower case, and `CASHIER` as it stands `[inferred]`.",
        "The maximum `1,000,00` can mean 100,000 or 1,000.00. No maximum is applied.",
    ],
    not_documented: "Withdrawals (fields, bank codes, account type, CLABE rule, limits); how a store is \
         chosen; the format of the phone; every response; the pages of order queries, balance and callback.",
};
