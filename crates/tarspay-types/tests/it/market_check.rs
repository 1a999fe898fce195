//! Checking requests: the general rules, the formats, what refuses and what warns.

use std::borrow::Cow;

use proptest::prelude::*;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tarspay_types::market::{
    self, Certainty, Report, Rule, Violation, bangladesh, brazil, kenya, mexico, pakistan, thailand,
};
use tarspay_types::{BalanceQuery, Decode, Effect, ErrorKind, Members, Request};

use crate::market_support::{body, found, kenya, members};
use crate::support::any_object;

#[test]
fn an_empty_body_lacks_everything_at_once() {
    let missing = ["mchOrderNo", "wayCode", "currency", "amount", "notifyUrl"];
    for market in market::ALL.iter().filter(|market| market.is_live()) {
        for report in [market.check_deposit(&Members::new()), market.check_withdrawal(&Members::new())] {
            let fields: Vec<_> = report.violations().iter().map(Violation::field).collect();
            assert!(fields.starts_with(&missing), "{} {fields:?}", market.name());
            assert!(report.refusals().all(|violation| violation.rule() == Rule::Missing));
            assert_eq!(report.violations()[0].value(), None);
        }
    }
}

#[test]
fn required_members_are_there_and_not_empty() {
    for name in ["mchOrderNo", "wayCode", "currency", "amount", "notifyUrl"] {
        assert_eq!(kenya(name, &Value::Null), [format!("{name} Missing Structural")]);
        assert_eq!(kenya(name, &json!("")), [format!("{name} Empty Structural")]);
        assert_eq!(kenya(name, &json!(" \t")), [format!("{name} Empty Structural")]);
        assert_eq!(kenya(name, &json!(true)), [format!("{name} WrongType Structural")]);
    }
    assert_eq!(kenya("mchNo", &json!("M1")), [""; 0]);
    assert_eq!(kenya("mchNo", &json!("")), ["mchNo Empty Structural"]);
    assert_eq!(kenya("mchNo", &Value::Null), [""; 0]);
}

#[test]
fn values_that_cannot_be_signed_are_refused_whatever_their_member() {
    for value in [json!({}), json!([1]), json!(1.5)] {
        for name in ["amount", "mchNo", "customerName", "unheardOf"] {
            assert_eq!(kenya(name, &value), [format!("{name} NotFlat Structural")], "{value}");
        }
    }
    let exponent = Members::from_json(r#"{"x":1e2}"#).unwrap();
    assert!(found(&kenya::MARKET.check_deposit(&exponent)).contains(&"x NotFlat Structural".to_owned()));
    for value in [json!(1), json!(-1), json!(true), json!("text"), json!(""), Value::Null] {
        assert_eq!(kenya("unheardOf", &value), [""; 0], "{value}");
    }
}

#[test]
fn a_number_for_a_text_warns_and_so_does_a_text_for_a_number() {
    assert_eq!(kenya("amount", &json!(1000)), ["amount WrongType Advice"]);
    assert_eq!(kenya("customerName", &json!(1)), ["customerName WrongType Advice"]);
    assert_eq!(kenya("customerName", &json!(true)), ["customerName WrongType Advice"]);
    let step = |value| {
        found(&pakistan::MARKET.check_deposit(&body(&pakistan::MARKET, "jazzcash", &json!({"step": value}))))
    };
    assert_eq!(step(json!(0)), [""; 0]);
    assert_eq!(step(json!("0")), ["step WrongType Advice"]);
    assert_eq!(step(json!("x")), ["step WrongType Advice", "step Format Advice"]);
}

#[test]
fn addresses_are_http_urls() {
    for name in ["notifyUrl", "returnUrl"] {
        for url in ["https://a", "HTTP://a.example:80/x?y#z", "http://47.241.33.220:8896/n", "https://a/#/"] {
            assert_eq!(kenya(name, &json!(url)), [""; 0], "{url}");
        }
        for url in ["a", "https://", "https:///x", "https:/a", "//a", "https://a b", "httpsß://a", "myshop:"]
        {
            assert_eq!(kenya(name, &json!(url)), [format!("{name} NotUrl Structural")], "{url}");
        }
    }
    for url in ["myshop://return", "intent:#Intent;end", "ftp://a"] {
        assert_eq!(kenya("notifyUrl", &json!(url)), ["notifyUrl NotUrl Structural"], "{url}");
        assert_eq!(kenya("returnUrl", &json!(url)), ["returnUrl NotUrl Advice"], "{url}");
    }
    // An empty address to return to is signed and sent in the documentation.
    assert_eq!(kenya("returnUrl", &json!("")), [""; 0]);
}

#[test]
fn amounts_are_decimal_text() {
    for amount in ["100", "100.00", "250000"] {
        assert_eq!(kenya("amount", &json!(amount)), [""; 0], "{amount}");
    }
    for amount in ["-1", "1,000", "1e3", "ten", "007", " 100", "99999999999999999999999999999"] {
        assert_eq!(kenya("amount", &json!(amount)), ["amount NotAmount Structural"], "{amount}");
    }
}

#[test]
fn an_amount_of_zero_warns_by_a_rule_of_ours() {
    for amount in ["0", "0.00"] {
        assert_eq!(
            kenya("amount", &json!(amount)),
            ["amount BelowMinimum Limit", "amount ZeroAmount Advice"],
            "{amount}"
        );
    }
    let zero = body(&kenya::MARKET, "CASHIER", &json!({"amount": "0"}));
    let report = kenya::MARKET.check_deposit(&zero);
    assert_eq!(report.violations()[1].source().to_string(), "docs/wire.md section 12, inferred");
}

#[test]
fn the_currency_is_fixed_where_it_is_documented() {
    for currency in ["PKR", "kes", "KES "] {
        assert_eq!(kenya("currency", &json!(currency)), ["currency OtherCurrency Structural"], "{currency}");
    }
    let report = brazil::MARKET.check_withdrawal(&body(&brazil::MARKET, "PIX", &json!({"currency": "BRL"})));
    let violation = &report.violations()[0];
    assert!(report.refuses() && violation.message().contains("`BRA`"));
    assert_eq!(violation.value(), Some("`BRL`"));

    let report = thailand::MARKET.check_deposit(&body(&thailand::MARKET, "QR", &json!({"currency": "USD"})));
    assert_eq!(found(&report), ["currency OtherCurrency Advice", "wayCode UnknownWay Advice"]);
    assert_eq!(report.violations()[0].source().certainty(), Certainty::Inferred);
}

#[test]
fn unknown_and_misspelt_way_codes_warn() {
    assert_eq!(kenya("wayCode", &json!("TOMORROW")), ["wayCode UnknownWay Advice"]);
    assert_eq!(kenya("wayCode", &json!("cashier")), ["wayCode WaySpelling Advice"]);
    assert_eq!(kenya("wayCode", &json!("MPESA_TXNID")), ["wayCode WayOnAnotherPage Advice"]);
    let report = mexico::MARKET.check_deposit(&body(&mexico::MARKET, "STORE", &json!({"amount": "9"})));
    assert_eq!(found(&report), ["amount BelowMinimum Limit", "wayCode WaySpelling Advice"]);
    assert!(report.to_string().contains("documented as `store`"), "{report}");
    let closed = body(&bangladesh::MARKET, "EWALLET_BKASH_OFFICIAL", &json!({}));
    assert_eq!(found(&bangladesh::MARKET.check_deposit(&closed)), ["wayCode WayNotOpen Advice"]);
    // Known for deposits only.
    let report = kenya::MARKET.check_withdrawal(&body(&kenya::MARKET, "CASHIER", &json!({})));
    assert_eq!(found(&report), ["wayCode UnknownWay Advice"]);
    // A misspelt way still requires what the way requires.
    assert_eq!(
        kenya("wayCode", &json!("ewallet_mpesa")),
        ["customerContact Missing Structural", "wayCode WaySpelling Advice"]
    );
}

#[test]
fn limits_refuse_only_when_the_caller_enforces_them() {
    let low = body(&kenya::MARKET, "CASHIER", &json!({"amount": "99.99", "wayCode": "cashier"}));
    let report = kenya::MARKET.check_deposit(&low);
    assert!(!report.refuses() && !report.violations().is_empty());
    assert_eq!((report.refusals().count(), report.warnings().count()), (0, 2));
    assert!(report.to_string().lines().all(|line| line.starts_with("warning: ")), "{report}");
    let report = report.into_result().unwrap().enforce_limits();
    assert_eq!((report.refusals().count(), report.warnings().count()), (1, 1));
    assert!(report.into_result().unwrap_err().to_string().starts_with("refused: `amount` is below"));
}

#[test]
fn all_violations_come_at_once_the_gravest_first() {
    let body = members(&json!({
        "mchOrderNo": "", "wayCode": "ewallet_mpesa", "currency": "USD", "amount": "20",
        "notifyUrl": "shop", "customerContact": "+254", "nested": [],
    }));
    let report = kenya::MARKET.check_deposit(&body);
    assert_eq!(
        found(&report),
        [
            "nested NotFlat Structural",
            "mchOrderNo Empty Structural",
            "notifyUrl NotUrl Structural",
            "currency OtherCurrency Structural",
            "customerContact Format Structural",
            "amount BelowMinimum Limit",
            "wayCode WaySpelling Advice",
        ]
    );
    assert_eq!(report.to_string().lines().count(), 7);
}

#[test]
fn the_test_group_is_not_offered_as_live() {
    let test = &market::ban_test::MARKET;
    let report = test.check_deposit(&body(test, "EWALLET_BKASH", &json!({})));
    assert_eq!(found(&report), ["wayCode NotLive Advice", "wayCode UnknownWay Advice"]);
}

/// A request with these members and this effect.
struct Order(Value, Effect);

impl Serialize for Order {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Request for Order {
    type Response = Value;

    fn path(&self) -> Cow<'_, str> {
        "/api/tomorrow".into()
    }

    fn effect(&self) -> Effect {
        self.1
    }
}

#[test]
fn a_request_is_checked_by_what_it_does() {
    let india = &market::india::MARKET;
    let order = json!({
        "mchOrderNo": "D1", "wayCode": "UPI", "currency": "INR", "amount": "1000.00",
        "notifyUrl": "https://shop.example/notify",
    });
    let check = |effect| found(&india.check(&Order(order.clone(), effect)).unwrap());
    assert_eq!(check(Effect::CreateDeposit), [""; 0]);
    assert_eq!(
        check(Effect::CreateWithdrawal),
        [
            "customerName Missing Structural",
            "customerEmail Missing Structural",
            "customerContact Missing Structural"
        ]
    );
    for effect in [Effect::Read, Effect::Other] {
        assert!(india.check(&Order(json!({}), effect)).unwrap().violations().is_empty());
    }
    for market in market::ALL {
        assert!(market.check(&BalanceQuery::new()).unwrap().violations().is_empty());
    }
    let error = india.check(&Order(json!([1]), Effect::CreateDeposit)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAnObject);
}

/// What is found in an otherwise right deposit with this currency, by its market.
fn by_currency(currency: &Value) -> Report {
    let mut order = json!({
        "mchOrderNo": "D1", "wayCode": "CASHIER", "currency": "KES", "amount": "1000",
        "notifyUrl": "https://shop.example/notify",
    });
    order["currency"] = currency.clone();
    market::check(&Order(order, Effect::CreateDeposit)).unwrap()
}

#[test]
fn a_request_is_checked_against_the_market_of_its_currency() {
    assert!(by_currency(&json!("KES")).violations().is_empty());
    let order = json!({"mchOrderNo": "D1", "wayCode": "CASHIER", "currency": "KES", "amount": "1"});
    for effect in [Effect::CreateDeposit, Effect::CreateWithdrawal] {
        let order = Order(order.clone(), effect);
        assert_eq!(market::check(&order).unwrap(), kenya::MARKET.check(&order).unwrap());
    }
    for effect in [Effect::Read, Effect::Other] {
        assert!(market::check(&Order(json!({"currency": "BRL"}), effect)).unwrap().violations().is_empty());
    }
    let error = market::check(&Order(json!([1]), Effect::CreateDeposit)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAnObject);
}

#[test]
fn a_currency_of_no_market_warns_and_names_the_one_that_was_probably_meant() {
    for (currency, likely) in [
        ("BRL", "Brazil's is `BRA`; "),
        ("brl", "Brazil's is `BRA`; "),
        ("kes", "Kenya's is `KES`; "),
        ("KES ", "Kenya's is `KES`; "),
        ("PHL", "Philippines' is `PHP`; "),
        ("USD", ""),
        ("K", ""),
        ("ß", ""),
    ] {
        let report = by_currency(&json!(currency));
        assert_eq!(found(&report), ["currency UnknownCurrency Advice"], "{currency}");
        let expected = format!(
            "is not the currency of a documented market; {likely}known: `BRA` (Brazil), `MXN` (Mexico), "
        );
        let violation = &report.violations()[0];
        assert!(violation.message().starts_with(&expected), "{}", violation.message());
        assert_eq!(violation.source().to_string(), "docs/markets.md, inferred");
    }
    let report = by_currency(&json!("USD"));
    for currency in market::ALL.iter().filter_map(|market| market.currency()) {
        assert!(report.to_string().contains(&format!("`{currency}` (")), "{currency}");
    }
}

#[test]
fn without_a_market_the_rules_that_hold_everywhere_remain() {
    assert_eq!(found(&by_currency(&Value::Null)), ["currency Missing Structural"]);
    assert_eq!(found(&by_currency(&json!(""))), ["currency Empty Structural"]);
    assert_eq!(found(&by_currency(&json!(["KES"]))), ["currency NotFlat Structural"]);
    let order = json!({"wayCode": "?", "currency": "USD", "amount": "ten", "notifyUrl": "shop", "x": {}});
    let report = market::check(&Order(order, Effect::CreateWithdrawal)).unwrap();
    assert_eq!(
        found(&report),
        [
            "x NotFlat Structural",
            "mchOrderNo Missing Structural",
            "notifyUrl NotUrl Structural",
            "amount NotAmount Structural",
            "currency UnknownCurrency Advice",
        ]
    );
}

/// Every name that a rule looks at, and one that none does.
const NAMES: &[&str] = &[
    "mchNo",
    "mchOrderNo",
    "wayCode",
    "currency",
    "amount",
    "notifyUrl",
    "returnUrl",
    "body",
    "customerName",
    "customerContact",
    "customerEmail",
    "customerAccountNumber",
    "walletId",
    "accountTax",
    "bankName",
    "step",
    "x",
];

proptest! {
    #[test]
    fn no_body_makes_a_check_panic(object in any_object(NAMES), way in prop::sample::select(&[
        "QR", "EWALLET_MPESA", "PIX", "jazzcash", "QRİ",
    ][..]), keep in any::<bool>()) {
        let mut object = object;
        if !keep {
            object["wayCode"] = json!(way);
        }
        let body = members(&object);
        let orders = [Effect::CreateDeposit, Effect::CreateWithdrawal].map(|effect| Order(object.clone(), effect));
        for market in market::ALL {
            let reports = [market.check_deposit(&body), market.check_withdrawal(&body)];
            for report in orders.iter().map(|order| market::check(order).unwrap()).chain(reports) {
                let refusals = report.refusals().count();
                prop_assert_eq!(refusals + report.warnings().count(), report.violations().len());
                prop_assert_eq!(report.to_string().lines().count(), report.violations().len());
                prop_assert_eq!(report.clone().into_result().is_err(), refusals > 0);
            }
        }
    }

    #[test]
    fn no_text_makes_a_search_panic(text in any::<String>()) {
        for market in market::ALL {
            let banks = market.withdrawal().banks();
            prop_assert!(banks.search(&text).len() <= banks.all().len());
            prop_assert!(banks.by_code(&text).is_none_or(|bank| bank.code().eq_ignore_ascii_case(&text)));
        }
    }
}
