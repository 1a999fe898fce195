//! The documented bodies against their markets' rules, and a minimal order of every market.

use std::path::Path;

use serde_json::{Value, json};
use tarspay_types::market::{self, Market, Rule};
use tarspay_types::{Decode, Members};

use crate::market_support::{found, members};

fn example(name: &str) -> Members {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    Members::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn documented_bodies_show_the_contradictions_of_their_pages_and_nothing_else() {
    let table: &[(&str, &[&str])] = &[
        ("bangladesh-deposit-request.json", &[]),
        ("brazil-deposit-request.json", &[]),
        // The older page has no name of the payer.
        ("brazil-deposit-old-request.json", &["customerName Missing Structural"]),
        ("egypt-deposit-request.json", &[]),
        ("india-deposit-request.json", &[]),
        ("india-deposit-inr-request.json", &[]),
        ("india-deposit-old-request.json", &[]),
        ("india-withdraw-request.json", &[]),
        // The phone of Egypt's page; the cashier page needs none.
        ("kenya-deposit-request.json", &["customerContact Format Advice"]),
        ("kenya-deposit-old-request.json", &[]),
        ("kenya-withdraw-request.json", &[]),
        ("korea-deposit-request.json", &[]),
        ("malaysia-deposit-request.json", &[]),
        ("pakistan-deposit-request.json", &["amount BelowMinimum Limit"]),
        ("vietnam-deposit-request.json", &[]),
        ("vietnam-deposit-old-request.json", &["wayCode WayOnAnotherPage Advice"]),
        // Placeholders: every value is the word `string`.
        ("mexico-deposit-request.json", PLACEHOLDERS),
        (
            "philippines-deposit-request.json",
            &[
                "notifyUrl NotUrl Structural",
                "returnUrl NotUrl Structural",
                "currency OtherCurrency Structural",
                "amount NotAmount Structural",
                "wayCode UnknownWay Advice",
                "customerContact Format Advice",
            ],
        ),
    ];
    for (name, expected) in table {
        let market = market::by_name(name.split('-').next().unwrap()).unwrap();
        let body = example(name);
        let deposit = name.contains("-deposit-");
        let report = if deposit { market.check_deposit(&body) } else { market.check_withdrawal(&body) };
        assert_eq!(found(&report), *expected, "{name}");
    }
}

const PLACEHOLDERS: &[&str] = &[
    "notifyUrl NotUrl Structural",
    "returnUrl NotUrl Structural",
    "currency OtherCurrency Structural",
    "amount NotAmount Structural",
    "wayCode UnknownWay Advice",
];

#[test]
fn pakistans_example_is_warned_about_by_its_own_numbers() {
    let report = market::pakistan::MARKET.check_deposit(&example("pakistan-deposit-request.json"));
    assert!(!report.refuses());
    assert_eq!(
        report.to_string(),
        "warning: `amount` is below the published minimum of 100 for `easypaisa`; given: `20` \
         (docs/markets.md#pakistan, documented)"
    );
    assert!(report.enforce_limits().refuses());
}

#[test]
fn kenyas_example_phone_is_described_but_not_shown() {
    let report = market::kenya::MARKET.check_deposit(&example("kenya-deposit-request.json"));
    assert_eq!(
        report.to_string(),
        "warning: `customerContact` has another form than documented: starts with 254, no `+`; given: 11 characters \
         (docs/markets.md#kenya, documented)"
    );
}

/// What a way of a market needs beyond the general members.
fn needs(market: &Market, deposit: bool, way: &str) -> Value {
    match (market.key(), deposit, way) {
        ("brazil", true, _) => json!({"body": "goods", "customerName": "A"}),
        ("philippines", true, "QR") => {
            json!({"customerContact": "9171234567", "customerEmail": "a@b.example"})
        }
        ("kenya", true, "EWALLET_MPESA") => json!({"customerContact": "254115555076"}),
        ("india", false, _) => {
            json!({"customerName": "A", "customerEmail": "a@b.example", "customerContact": "9123456789"})
        }
        ("bangladesh", false, _) => json!({"walletId": "01011111111"}),
        _ => json!({}),
    }
}

#[test]
fn a_minimal_order_of_every_way_in_every_market_is_acceptable() {
    let mut orders = 0;
    for market in market::ALL {
        for deposit in [true, false] {
            let offer = if deposit { market.deposit() } else { market.withdrawal() };
            // A market without documented ways takes any; its order must pass too.
            let mut ways: Vec<_> = offer.ways().iter().map(|way| way.code().as_str()).collect();
            if ways.is_empty() {
                ways.push("ANY");
            }
            for way in ways {
                let minimum = offer.way(way).and_then(market::Way::minimum);
                let mut body = needs(market, deposit, way);
                body["mchOrderNo"] = json!("D1");
                body["wayCode"] = json!(way);
                body["currency"] = json!(market.currency().map_or("XXX", |currency| currency.as_str()));
                body["amount"] = json!(minimum.unwrap_or_else(|| 100_u32.into()));
                body["notifyUrl"] = json!("https://shop.example/notify");
                let body = members(&body);
                let report =
                    if deposit { market.check_deposit(&body) } else { market.check_withdrawal(&body) };
                assert!(!report.enforce_limits().refuses(), "{} {way}", market.name());
                let known = [Rule::WayOnAnotherPage, Rule::WayNotOpen, Rule::UnknownWay, Rule::NotLive];
                let report =
                    if deposit { market.check_deposit(&body) } else { market.check_withdrawal(&body) };
                assert!(
                    report.violations().iter().all(|violation| known.contains(&violation.rule())),
                    "{} {way}: {report}",
                    market.name()
                );
                orders += 1;
            }
        }
    }
    assert_eq!(orders, 70 + 4 + 6 + 11, "ways and markets without any, of deposits and of withdrawals");
}
