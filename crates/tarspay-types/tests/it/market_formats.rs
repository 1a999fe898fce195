//! What single markets ask for: limits, formats, fields that a way requires.

use serde_json::json;
use tarspay_types::market::{
    self, Market, Report, Rule, Severity, Violation, bangladesh, brazil, kenya, pakistan, philippines,
};
use tarspay_types::{Amount, Members, NotifyUrl, WayCode, WithdrawalRequest};

use crate::market_support::{body, found, kenya};

#[test]
fn the_limits_of_every_way_warn_at_their_very_edges() {
    let mut checked = 0;
    for market in market::ALL {
        for (offer, check) in [
            (market.deposit(), Market::check_deposit as fn(&Market, &Members) -> Report),
            (market.withdrawal(), Market::check_withdrawal),
        ] {
            for way in offer.ways() {
                let rules = |amount: String| {
                    let body = body(market, way.code().as_str(), &json!({"amount": amount}));
                    let report = check(market, &body);
                    let limits: Vec<_> = report
                        .violations()
                        .iter()
                        .filter(|violation| violation.severity() == Severity::Limit)
                        .map(Violation::rule)
                        .collect();
                    assert!(limits.is_empty() || report.enforce_limits().refuses());
                    limits
                };
                if let Some(minimum) = way.minimum() {
                    let below = minimum.checked_sub("0.01".parse().unwrap()).unwrap();
                    assert_eq!(rules(below.to_string()), [Rule::BelowMinimum]);
                    assert_eq!(rules(minimum.to_string()), []);
                    checked += 1;
                }
                let above = way.maximum().unwrap_or_else(|| "99999999999999".parse().unwrap());
                let above = above.checked_add("0.01".parse().unwrap()).unwrap().to_string();
                assert_eq!(
                    rules(above),
                    if way.maximum().is_some() { vec![Rule::AboveMaximum] } else { vec![] }
                );
                if let Some(maximum) = way.maximum() {
                    assert_eq!(rules(maximum.to_string()), []);
                    checked += 1;
                }
            }
        }
    }
    assert_eq!(checked, 67 + 10, "the numbers of documented limits, of deposits and of withdrawals");
}

/// Market, deposit or not, way, field, what breaking the form leads to, values that have it, values that have not.
type Case = (
    &'static Market,
    bool,
    &'static str,
    &'static str,
    Severity,
    &'static [&'static str],
    &'static [&'static str],
);

#[test]
fn a_required_format_refuses_and_an_optional_one_warns() {
    let cases: &[Case] = &[
        (
            &pakistan::MARKET,
            true,
            "jazzcash",
            "customerContact",
            Severity::Advice,
            &["03001234567", ""],
            &["3001234567", "0300123456", "030012345678", "0300123456a", "+923001234567", "04001234567"],
        ),
        (
            &bangladesh::MARKET,
            false,
            "EWALLET_NAGAD",
            "walletId",
            Severity::Structural,
            &["01011111111"],
            &["11011111111", "0101111111", "010111111110", "0101111111x", "٠1011111111"],
        ),
        (
            &philippines::MARKET,
            true,
            "QR",
            "customerContact",
            Severity::Structural,
            &["9171234567"],
            &["09171234567", "917123456", "8171234567", "917123456 "],
        ),
        (
            &philippines::MARKET,
            true,
            "BANK",
            "customerContact",
            Severity::Advice,
            &["9171234567", ""],
            &["09171234567"],
        ),
        (
            &kenya::MARKET,
            true,
            "EWALLET_MPESA",
            "customerContact",
            Severity::Structural,
            &["254115555076", "2541"],
            &["+254115555076", "0115555076", "25"],
        ),
        (
            &kenya::MARKET,
            true,
            "CASHIER",
            "customerContact",
            Severity::Advice,
            &["254115555076"],
            &["01011111111"],
        ),
        (
            &kenya::MARKET,
            false,
            "EWALLET_MPESA",
            "customerContact",
            Severity::Advice,
            &["254115555076"],
            &["+254115555076"],
        ),
        (
            &brazil::MARKET,
            false,
            "PIX",
            "accountTax",
            Severity::Advice,
            &["112233445566778", "12345678901"],
            &["123.456.789-01"],
        ),
        (&pakistan::MARKET, true, "jazzcash", "amount", Severity::Structural, &["100"], &["100.00", "100.5"]),
        (&bangladesh::MARKET, false, "EWALLET_BKASH", "amount", Severity::Structural, &["100"], &["100.00"]),
        (&kenya::MARKET, false, "EWALLET_MPESA", "amount", Severity::Structural, &["100"], &["100.0"]),
    ];
    for (market, deposit, way, field, severity, accepted, refused) in cases {
        let rules = |value: &str| {
            let body = body(market, way, &json!({ *field: value }));
            let report = if *deposit { market.check_deposit(&body) } else { market.check_withdrawal(&body) };
            let of_field: Vec<_> = report
                .violations()
                .iter()
                .filter(|violation| violation.field() == *field)
                .map(|violation| (violation.rule(), violation.severity()))
                .collect();
            of_field
        };
        for value in *accepted {
            assert_eq!(rules(value), [], "{} {field} {value}", market.name());
        }
        for value in *refused {
            assert_eq!(rules(value), [(Rule::Format, *severity)], "{} {field} {value}", market.name());
        }
    }
}

#[test]
fn a_pix_key_is_an_address_only_where_its_type_says_so() {
    let key = |kind, key| {
        let changes = json!({"bankName": kind, "customerAccountNumber": key});
        found(&brazil::MARKET.check_withdrawal(&body(&brazil::MARKET, "PIX", &changes)))
    };
    assert_eq!(key("PIX_EMAIL", "a@b.example"), [""; 0]);
    assert_eq!(key("PIX_EMAIL", "41988789227"), ["customerAccountNumber Format Advice"]);
    assert_eq!(key("PIX_PHONE", "41988789227"), [""; 0]);
}

#[test]
fn what_a_way_requires_is_required_with_that_way_alone() {
    let philippines =
        |way| found(&philippines::MARKET.check_deposit(&body(&philippines::MARKET, way, &json!({}))));
    assert_eq!(philippines("QR"), ["customerContact Missing Structural", "customerEmail Missing Advice"]);
    assert_eq!(philippines("BANK"), [""; 0]);
    assert_eq!(kenya("wayCode", &json!("EWALLET_MPESA")), ["customerContact Missing Structural"]);
    let report = brazil::MARKET.check_deposit(&body(&brazil::MARKET, "PIX", &json!({"body": ""})));
    assert_eq!(found(&report), ["body Empty Structural", "customerName Missing Structural"]);
    assert_eq!(report.violations()[0].source().page(), "docs/markets.md#brazil");
}

#[test]
fn an_amount_with_needless_decimals_is_refused_with_what_to_write() {
    let report = |amount: &str| {
        let request = WithdrawalRequest::new(
            "D1".parse().unwrap(),
            bangladesh::way::EWALLET_BKASH,
            bangladesh::CURRENCY,
            Amount::parse(amount).unwrap(),
            NotifyUrl::new("https://shop.example/notify").unwrap(),
        )
        .wallet_id("01011111111");
        market::check(&request).unwrap()
    };
    let refused = report("500.00");
    assert!(refused.refuses());
    assert!(refused.to_string().contains("write `500`"), "{refused}");
    assert!(!report("500.50").to_string().contains("to_whole"));
    assert!(!report("500").refuses());
}

#[test]
fn a_market_names_the_member_of_the_payee() {
    let name = |market: &Market, way: &WayCode| market.payee_field(way).map(market::Field::name);
    let bkash = market::bangladesh::way::EWALLET_BKASH;
    assert_eq!(name(&market::bangladesh::MARKET, &bkash), Some("walletId"));
    assert_eq!(name(&market::brazil::MARKET, &market::brazil::way::PIX), Some("customerAccountNumber"));
    // Offered for deposits alone; of another market; not documented.
    assert_eq!(name(&market::brazil::MARKET, &market::brazil::way::CASHIER), None);
    assert_eq!(name(&market::kenya::MARKET, &bkash), None);
    for way in market::pakistan::MARKET.withdrawal().ways() {
        assert_eq!(name(&market::pakistan::MARKET, way.code()), None);
    }
}
