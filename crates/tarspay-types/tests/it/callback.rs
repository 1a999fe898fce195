//! The callback: what is required, what may be missing, and what stays as it came.

use serde_json::{Value, json};
use std::collections::HashSet;
use tarspay_types::{
    Amount, BizType, Callback, Currency, Decode, DecodeErrorKind, MerchantOrderNo, OrderState, OrderStatus,
    PayOrderId,
};

use crate::support::{whole_text, written};

fn failed() -> Value {
    json!({
        "bizType": 2, "currency": "EGP", "failReason": "payment failed", "fee": "2", "mchNo": "M1688443982",
        "mchOrderNo": "YN7220230300929", "orderAmount": "100", "payAmount": "100",
        "payOrderId": "P1681112064487976961", "state": 3
    })
}

fn read(json: &Value) -> Callback {
    Callback::from_json(&json.to_string()).unwrap()
}

#[test]
fn every_documented_member_is_read() {
    let callback = read(&failed());
    assert_eq!(callback.biz_type, Some(BizType::WITHDRAWAL));
    assert_eq!(callback.pay_order_id.as_str(), "P1681112064487976961");
    assert_eq!(callback.merchant_order_no.as_str(), "YN7220230300929");
    assert_eq!(callback.merchant_no.as_ref().unwrap().as_str(), "M1688443982");
    assert_eq!(callback.order_amount, Some(Amount::from(100_u32)));
    assert_eq!(callback.pay_amount, Some(Amount::from(100_u32)));
    assert_eq!(callback.currency, Some(Currency::EGP));
    assert_eq!(callback.fee, Some(Amount::from(2_u32)));
    assert_eq!(callback.fail_reason, Some("payment failed".into()));
    assert!(callback.state.counts_as_failure() && callback.extra.is_empty());
    assert_eq!(callback.deduplication_key().to_string(), "3/-/P1681112064487976961");
    assert_eq!(callback.status(), OrderStatus::new(OrderState::FAILED, Some(Amount::from(100_u32))));
}

/// A callback about P1 with this state and `payAmount`.
fn told(state: i64, pay_amount: Option<&str>) -> Callback {
    let mut callback = Callback::new(
        PayOrderId::new("P1").unwrap(),
        MerchantOrderNo::new("D1").unwrap(),
        OrderState::from_code(state),
    );
    callback.pay_amount = pay_amount.map(|text| Amount::parse(text).unwrap());
    callback
}

#[test]
fn the_key_tells_part_payments_apart_and_goes_by_value() {
    let key = |state, pay_amount| told(state, pay_amount).deduplication_key();
    let distinct = [
        key(9, Some("400")),
        key(9, Some("900")),
        key(9, None),
        key(9, Some("0")),
        key(2, Some("400")),
        key(2, None),
        key(3, None),
        key(7, None),
    ];
    assert_eq!(distinct.iter().collect::<HashSet<_>>().len(), distinct.len());
    assert_eq!(
        distinct.each_ref().map(ToString::to_string).iter().collect::<HashSet<_>>().len(),
        distinct.len(),
        "one key, one text"
    );
    // A set finds the same value, however it is written.
    let mut seen = HashSet::from([key(9, Some("400"))]);
    assert!(!seen.insert(key(9, Some("400.00"))) && seen.insert(key(9, Some("400.01"))));
    // In other states the amount tells nothing, so it makes no difference.
    for state in [0, 1, 3, 5, 6, 7, 8] {
        assert_eq!(key(state, Some("400")), key(state, Some("900")), "{state}");
        assert_eq!(key(state, Some("400")), key(state, None), "{state}");
    }
    let mut other = told(9, Some("400"));
    other.pay_order_id = PayOrderId::new("P2").unwrap();
    assert_ne!(other.deduplication_key(), key(9, Some("400")));
}

#[test]
fn the_text_of_the_key_is_stable() {
    for (state, pay_amount, text) in [
        (9, Some("400"), "9/400/P1"),
        (9, Some("400.00"), "9/400/P1"),
        (9, Some("400.50"), "9/400.5/P1"),
        (2, Some("0.00"), "2/0/P1"),
        (2, Some("1000"), "2/1000/P1"),
        (2, None, "2/-/P1"),
        (3, Some("100"), "3/-/P1"),
        (-7, Some("100"), "-7/-/P1"),
    ] {
        assert_eq!(told(state, pay_amount).deduplication_key().to_string(), text);
    }
    // The number stands last, so that whatever is in it, two keys have two texts.
    let odd = json!({"payOrderId": "1/400/P1 ", "mchOrderNo": "D1", "state": 2, "payAmount": "9"});
    assert_eq!(read(&odd).deduplication_key().to_string(), "2/9/1/400/P1 ");
    let longest = json!({"payOrderId": "P1", "mchOrderNo": "D1", "state": 2, "payAmount": "0.".to_owned() + &"1".repeat(27)});
    assert_eq!(read(&longest).deduplication_key().to_string().len(), "2/".len() + 29 + "/P1".len());
}

#[test]
fn only_the_order_numbers_and_the_state_are_required() {
    for name in ["payOrderId", "mchOrderNo", "state"] {
        let mut without = failed();
        without.as_object_mut().unwrap().remove(name);
        let error = Callback::from_json(&without.to_string()).unwrap_err();
        assert_eq!((error.kind(), error.path()), (DecodeErrorKind::Missing, name));
        without[name] = Value::Null;
        assert_eq!(Callback::from_json(&without.to_string()).unwrap_err().kind(), DecodeErrorKind::Missing);
        without[name] = json!({"secret": 1});
        let error = Callback::from_json(&without.to_string()).unwrap_err();
        assert_eq!((error.kind(), error.path()), (DecodeErrorKind::Unreadable, name));
        assert!(!whole_text(&error).contains("secret"));
    }
    let least = read(&json!({"payOrderId": "P1", "mchOrderNo": "D1", "state": 2}));
    let made = Callback::new(
        PayOrderId::new("P1").unwrap(),
        MerchantOrderNo::new("D1").unwrap(),
        OrderState::SUCCESS,
    );
    assert_eq!(least, made);
}

#[test]
fn numbers_stand_for_texts_and_texts_for_numbers() {
    let callback = Callback::from_json(
        r#"{"bizType":"1","payOrderId":17,"mchOrderNo":1184196902791413760,"orderAmount":100.00,"fee":0,"state":"9"}"#,
    )
    .unwrap();
    assert_eq!(callback.order_amount.unwrap().to_string(), "100.00");
    assert_eq!(
        written(&callback),
        json!({"bizType": 1, "payOrderId": "17", "mchOrderNo": "1184196902791413760", "orderAmount": "100.00", "fee": "0", "state": 9})
    );
}

#[test]
fn optional_members_that_cannot_be_used_stay_as_they_came() {
    let unusable = [
        ("orderAmount", json!("")),
        ("orderAmount", json!("-5")),
        ("payAmount", json!(-5)),
        ("payAmount", json!(["100"])),
        ("fee", json!("1,000")),
        ("fee", Value::Null),
        ("currency", json!("")),
        ("currency", json!(5)),
        ("bizType", json!("deposit")),
        ("bizType", json!(1.5)),
        ("bizType", json!(u64::MAX)),
        ("mchNo", json!("M\n1")),
        ("failReason", Value::Null),
        ("failReason", json!("")),
        ("failReason", json!({"code": 1})),
    ];
    for (name, value) in unusable {
        let mut json = failed();
        json[name] = value.clone();
        let callback = read(&json);
        assert_eq!(callback.extra.value(name), Some(value));
        assert_eq!(callback.extra.len(), 1, "{name}");
        assert_eq!(written(&callback), json);
    }
}

#[test]
fn odd_order_numbers_do_not_hide_the_outcome() {
    let json = json!({"payOrderId": "P".repeat(300), "mchOrderNo": " D1 ", "state": 2, "currency": "KES "});
    let callback = Callback::from_json(&json.to_string()).unwrap();
    assert_eq!((callback.state, callback.merchant_order_no.as_str()), (OrderState::SUCCESS, " D1 "));
    assert_eq!(written(&callback), json);
}

#[test]
fn no_reason_has_three_spellings() {
    for reason in [None, Some(Value::Null), Some(json!(""))] {
        let mut json = failed();
        json.as_object_mut().unwrap().remove("failReason");
        if let Some(reason) = reason {
            json["failReason"] = reason;
        }
        assert_eq!(read(&json).fail_reason, None);
        assert_eq!(written(&read(&json)), json);
    }
}

#[test]
fn a_field_that_is_set_hides_the_member_that_came() {
    let mut json = failed();
    json["failReason"] = json!("");
    let mut callback = read(&json);
    callback.fail_reason = Some("closed".into());
    json["failReason"] = json!("closed");
    assert_eq!(serde_json::to_string(&callback).unwrap().matches("failReason").count(), 1);
    assert_eq!(written(&callback), json);
}

#[test]
fn other_spellings_of_names_are_read_and_the_usual_one_is_written() {
    let callback = read(&json!({"payOrderId": "P1", "mchOrderNo": "D1", "orderState": 2, "machNo": "M1"}));
    assert_eq!(
        written(&callback),
        json!({"payOrderId": "P1", "mchOrderNo": "D1", "state": 2, "mchNo": "M1"})
    );
}

#[test]
fn with_both_spellings_the_usual_one_counts_and_the_other_stays() {
    let both = json!({"payOrderId": "P1", "mchOrderNo": "D1", "state": 2, "orderState": 3, "mchNo": "M1", "machNo": "M2"});
    let callback = read(&both);
    assert_eq!(
        (callback.state, callback.merchant_no.as_ref().unwrap().as_str()),
        (OrderState::SUCCESS, "M1")
    );
    assert_eq!(written(&callback), both);
    let usable = read(&json!({"payOrderId": "P1", "mchOrderNo": "D1", "state": null, "orderState": 3}));
    assert_eq!(usable.state, OrderState::FAILED);
    assert_eq!(usable.extra.get("state"), Some("null"));
    assert_eq!(serde_json::to_string(&usable).unwrap().matches("\"state\"").count(), 1);
}

#[test]
fn debug_hides_the_values_of_unknown_members() {
    let mut json = failed();
    json["customerName"] = json!("secret");
    let text = format!("{:?}", read(&json));
    assert!(
        text.contains("customerName") && text.contains("YN7220230300929") && !text.contains("secret"),
        "{text}"
    );
}
