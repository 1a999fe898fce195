//! What the tests of markets share.

use serde_json::{Value, json};
use tarspay_types::market::{self, Market, Report};
use tarspay_types::{Decode, Members};

/// The members of an object.
pub(crate) fn members(value: &Value) -> Members {
    Members::from_json(&value.to_string()).unwrap()
}

/// A minimal body with some members changed; null takes one out.
pub(crate) fn body(market: &Market, way: &str, changes: &Value) -> Members {
    let currency = market.currency().map_or("XXX", |currency| currency.as_str());
    let mut body = json!({
        "mchOrderNo": "D1", "wayCode": way, "currency": currency, "amount": "1000",
        "notifyUrl": "https://shop.example/notify",
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    members(&body)
}

/// The violations as `field rule severity`.
pub(crate) fn found(report: &Report) -> Vec<String> {
    let show = |it: &market::Violation| format!("{} {:?} {:?}", it.field(), it.rule(), it.severity());
    report.violations().iter().map(show).collect()
}

/// Checks one member of a Kenyan deposit that is right otherwise.
pub(crate) fn kenya(name: &str, value: &Value) -> Vec<String> {
    found(&market::kenya::MARKET.check_deposit(&body(
        &market::kenya::MARKET,
        "CASHIER",
        &json!({ name: value }),
    )))
}
