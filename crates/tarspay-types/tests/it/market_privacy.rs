//! What a report shows of the values that it is about.

use serde_json::json;
use tarspay_types::market::{self, kenya};

use crate::market_support::members;

#[test]
fn nothing_personal_is_shown() {
    let secret = "SECRET4711";
    for market in market::ALL {
        for offer in [market.deposit(), market.withdrawal()] {
            for way in offer.ways().iter().map(|way| way.code().as_str()).chain(["X"]) {
                let mut body = json!({"wayCode": way, "currency": "X", "amount": "0"});
                for name in ["mchNo", "mchOrderNo", "notifyUrl", "returnUrl", "unheardOf"] {
                    body[name] = json!(secret);
                }
                for field in offer.fields() {
                    if body.get(field.name()).is_none() {
                        body[field.name()] = json!(secret);
                    }
                }
                for nested in [false, true] {
                    if nested {
                        let names: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
                        for name in names {
                            body[name] = json!([secret]);
                        }
                    }
                    for report in
                        [market.check_deposit(&members(&body)), market.check_withdrawal(&members(&body))]
                    {
                        assert!(report.refuses());
                        let shown = format!("{report} {report:?} {report:#?}");
                        assert!(!shown.contains("SECRET") && !shown.contains("4711"), "{shown}");
                    }
                }
            }
        }
    }
}

#[test]
fn only_amounts_way_codes_and_currencies_are_shown_and_cut() {
    let long = "é\n".repeat(100);
    let report = kenya::MARKET.check_deposit(&members(&json!({
        "wayCode": long, "currency": long, "amount": long, "notifyUrl": long, (long.as_str()): [],
    })));
    for violation in report.violations() {
        match (violation.field(), violation.value()) {
            ("wayCode" | "currency" | "amount", Some(value)) => {
                assert!(value.starts_with("`é\\n") && value.ends_with("…`") && value.chars().count() < 70);
            }
            ("notifyUrl", value) => assert_eq!(value, Some("200 characters")),
            (field, value) => assert!(value.is_none() && field.chars().count() < 100, "{field}"),
        }
    }
    assert_eq!(report.to_string().lines().count(), report.violations().len());
}
