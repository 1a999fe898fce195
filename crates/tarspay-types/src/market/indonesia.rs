//! Indonesia: virtual accounts, wallets, shops and QRIS in `IDR`.

use super::way::ways;
use super::{Certainty, Market, Offer};
use crate::text::Currency;

/// The currency of every order.
pub const CURRENCY: Currency = Currency::IDR;

ways! {
    "Indonesia";
    BANK_BCA = "BANK_BCA", "Virtual account of a bank (BCA)"
        deposit ["10,000".."50,000,000"];
    BANK_BNI = "BANK_BNI", "Virtual account of a bank (BNI)"
        deposit ["10,000".."50,000,000"];
    BANK_BRI = "BANK_BRI", "Virtual account of a bank (BRI)"
        deposit ["10,000".."50,000,000"];
    BANK_BSI = "BANK_BSI", "Virtual account of a bank (BSI)"
        deposit ["10,000".."50,000,000"] "not on the older page";
    BANK_CIMB = "BANK_CIMB", "Virtual account of a bank (CIMB)"
        deposit ["10,000".."50,000,000"];
    BANK_MANDIRI = "BANK_MANDIRI", "Virtual account of a bank (MANDIRI)"
        deposit ["10,000".."50,000,000"];
    BANK_DANAMON = "BANK_DANAMON", "Virtual account of a bank (DANAMON)"
        deposit ["10,000".."50,000,000"] "not on the older page";
    BANK_PERMATA = "BANK_PERMATA", "Virtual account of a bank (PERMATA)"
        deposit ["10,000".."50,000,000"];
    BANK_BSS = "BANK_BSS", "Virtual account of a bank (BSS)"
        deposit [] "older page only" .on_another_page();
    BANK_MAY = "BANK_MAY", "Virtual account of a bank (MAY)"
        deposit [] "older page only" .on_another_page();
    EWALLET_DANA = "EWALLET_DANA", "Wallet DANA"
        deposit ["10,000"..] "maximum not documented";
    EWALLET_LINKAJA = "EWALLET_LINKAJA", "Wallet LINKAJA"
        deposit ["10,000"..] "maximum not documented";
    EWALLET_OVO = "EWALLET_OVO", "Wallet OVO"
        deposit ["10,000"..] "maximum not documented";
    EWALLET_SHOPEEPAY = "EWALLET_SHOPEEPAY", "Wallet SHOPEEPAY"
        deposit ["10,000"..] "maximum not documented";
    EWALLET_GOPAY = "EWALLET_GOPAY", "Wallet GOPAY"
        deposit [] "older page only" .on_another_page();
    MART_ALFA = "MART_ALFA", "Shop (ALFA)"
        deposit [];
    MART_INDO = "MART_INDO", "Shop (INDO)"
        deposit [];
    QRIS = "QRIS", "QR"
        deposit [];
}

/// All that is known about Indonesia.
pub static MARKET: Market = Market {
    name: "Indonesia",
    key: "indonesia",
    reference: "docs/markets.md#indonesia",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: None,
    notes: &[
        "Callback: the fields are those of docs/wire.md section 10 (zehx6ii0zi api-141777422), currency \
         `IDR`, 16 attempts by default. Vector C1 is a withdrawal of this market `[verified]`.",
    ],
    deposit: Offer {
        pages: "tarspay-en api-287746159; older page: tarspay-all-eg",
        ways: DEPOSIT_WAYS,
        notes: &[
            "The older page knows the kinds bank, market, ewallet and qris; its list of shops is not \
             documented in full.",
            "Response, virtual account of a bank: `payData` is the number, for the merchant's own page; \
             `payUrl` the gateway's page.",
            "Response, OVO: `payData` and `payUrl` are the gateway's page where the payer enters the phone \
             for the push bill.",
            "Response, DANA and LINKAJA: `payData` is a native deep link into the app, `payUrl` a jump link \
             into the app.",
            "Response, QRIS: `payData` is the QR picture, for the merchant's own page; `payUrl` the \
             gateway's page.",
            "Response, SHOPEEPAY and shops: not documented.",
        ],
        ..Offer::NOTHING
    },
    withdrawal: Offer { ways: WITHDRAWAL_WAYS, ..Offer::NOTHING },
    extra_calls: Some(&[]),
    contradictions: &[],
    not_documented: "Fields of a deposit request; withdrawals (fields, way codes, limits, bank codes, \
         format of accounts); order queries; balance; every example of a response.",
};
