//! Malaysia: banks and wallets in `MYR`.

use super::bank::{BankList, banks};
use super::field::Field;
use super::way::ways;
use super::{Certainty, Market, Offer};
use crate::text::{CountryCode, Currency};

/// The currency of every order.
pub const CURRENCY: Currency = Currency::MYR;

ways! {
    "Malaysia";
    BANK = "BANK", "Bank"
        deposit ["40".."30,000"]
        withdrawal ["50".."30,000"];
    EWALLET = "EWALLET", "Wallet"
        deposit ["40".."500"];
    CASHIER = "CASHIER", "The gateway's cashier page"
        deposit [] "in the example, signed in vector R1; not in the table of limits" .proven();
}

/// Bank and wallet codes of withdrawals.
const BANKS: BankList = BankList {
    banks: banks! {
        "PUBLIC_BANK" = "PUBLIC BANK";
        "CIMB" = "CIMB";
        "HONG_LEONG" = "Hong Leong";
        "HSBC" = "HSBC";
        "UNITED_OVERSEAS_BANK" = "United Overseas Bank (Malaysia)";
        "BANK_SIMPANAN_NASIONAL" = "Bank Simpanan Nasional";
        "MAYBANK" = "Maybank";
        "RHB" = "RHB";
        "BSN" = "BSN";
        "AMBANK" = "Ambank";
        "UOB" = "UOB";
        "ALLIANCE_BANK" = "Alliance Bank";
        "BANK_RAKYAT" = "Bank Rakyat";
        "OCBC_BANK" = "OCBC Bank (Malaysia)";
        "AFFIN_BANK" = "Affin Bank";
        "BANK_ISLAM" = "Bank Islam";
        "STANDARD_CHARTERED_BANK" = "Standard Chartered Bank";
        "BANK_MUAMALAT" = "Bank Muamalat";
        "AGRO_BANK" = "Agro Bank";
        "CITIBANK" = "Citibank";
        "TOUCH 'N_GO" = "Touch 'n Go(ewallet)";
        "BOOST" = "Boost(ewallet)";
        "GRABPAY" = "GrabPay(ewallet)";
        "WECHAT_PAY" = "Wechat Pay(ewallet)";
        "MAE" = "MAE(ewallet)";
        "BIGPAY" = "BigPay(ewallet)";
        "SHOPEEPAY" = "ShopeePay(ewallet)";
    },
    complete: true,
    notes: &["`TOUCH 'N_GO` contains a blank and an apostrophe."],
};

/// All that is known about Malaysia.
pub static MARKET: Market = Market {
    name: "Malaysia",
    key: "malaysia",
    reference: "docs/markets.md#malaysia",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: Some(CountryCode::MALAYSIA),
    notes: &[],
    deposit: Offer {
        pages: "tarspay-en api-287746185",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::open("amount", "").like("100"),
            Field::open("currency", ""),
            Field::open("wayCode", ""),
            Field::open("customerAccountNumber", "in the example"),
            Field::open("customerContact", "in the example"),
            Field::open("customerEmail", "in the example"),
            Field::open("customerName", "in the example"),
            Field::open("returnUrl", "in the example"),
        ],
        notes: &["Response: `orderState` 1, `expiredTime`, `payWays` group `PFX` with `payWayType` `bank`."],
        ..Offer::NOTHING
    },
    withdrawal: Offer {
        pages: "tarspay-en api-287746187",
        ways: WITHDRAWAL_WAYS,
        banks: BANKS,
        ..Offer::NOTHING
    },
    extra_calls: Some(&[]),
    contradictions: &[
        "The deposit example sends `CASHIER`; the limits know `BANK` and `EWALLET`.",
        "Two codes each for one bank: `BSN` and `BANK_SIMPANAN_NASIONAL`, `UOB` and `UNITED_OVERSEAS_BANK`.",
        "Wallets are among the codes of withdrawals, the limits know `BANK` only.",
        "The deposit response example is of another order; its `payUrl` holds `/order/in/`.",
    ],
    not_documented: "Required flags of a deposit; for withdrawals the fields, the field that carries the \
         code, formats of accounts and wallets, the response; the pages of order queries and callback; the \
         unit of the balance.",
};
