//! What holds for every model: order of members, unknown members, unknown codes.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use serde_json::{Value, json};
use tarspay_types::{Balance, Callback, Decode, DecodeErrorKind, UnixSeconds};

use crate::support::{any_json, any_object, written};

const CALLBACK: &[&str] = &[
    "bizType",
    "payOrderId",
    "mchNo",
    "machNo",
    "mchOrderNo",
    "orderAmount",
    "payAmount",
    "currency",
    "state",
    "orderState",
    "fee",
    "failReason",
];

/// The members as JSON text in the order given.
fn text_in_order(members: &[(String, Value)]) -> String {
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn callback_with(extra: Value) -> Vec<(String, Value)> {
    let Value::Object(mut members) = extra else { return Vec::new() };
    for (name, value) in [
        ("payOrderId", json!("P1")),
        ("mchOrderNo", json!("D1")),
        ("state", json!(2)),
        ("fee", json!("0.50")),
    ] {
        members.insert(name.to_owned(), value);
    }
    members.into_iter().collect()
}

#[test]
fn both_spellings_of_the_merchant_number_are_read() {
    for name in ["mchNo", "machNo"] {
        let balance =
            Balance::from_json(&json!({name: "M1", "availableAmount": "1", "frozenAmount": "0"}).to_string())
                .unwrap();
        assert_eq!(written(&balance), json!({"mchNo": "M1", "availableAmount": "1", "frozenAmount": "0"}));
    }
    let without = Balance::from_json(r#"{"availableAmount":"1","frozenAmount":"0"}"#).unwrap();
    assert_eq!(without.merchant_no, None);
}

#[test]
fn a_list_is_read_whole_or_not_at_all() {
    assert_eq!(Vec::<i64>::from_json(r#" [1, "-2"] "#).unwrap(), [1, -2]);
    assert_eq!(Vec::<i64>::from_json("[]").unwrap(), [0_i64; 0]);
    for (json, kind) in [
        ("[1,null]", DecodeErrorKind::Unreadable),
        ("[1.5]", DecodeErrorKind::Unreadable),
        ("{}", DecodeErrorKind::Unreadable),
        ("[1", DecodeErrorKind::NotJson),
    ] {
        assert_eq!(Vec::<i64>::from_json(json).unwrap_err().kind(), kind, "{json}");
    }
}

#[test]
fn a_time_is_a_number_of_seconds() {
    assert_eq!(UnixSeconds::from_json("\"7\"").unwrap(), UnixSeconds::new(7));
    assert_eq!(written(&UnixSeconds::new(7)), json!(7));
    for json in ["-1", "1.5", "\"\"", "\"soon\"", "18446744073709551616", "null"] {
        assert!(UnixSeconds::from_json(json).is_err(), "{json}");
    }
    assert_eq!(UnixSeconds::from_system_time(SystemTime::UNIX_EPOCH - Duration::from_secs(1)).seconds(), 0);
    assert!(UnixSeconds::new(1_659_320_053).to_system_time().unwrap() > SystemTime::UNIX_EPOCH);
}

proptest! {
    #[test]
    fn the_order_of_members_never_matters(
        members in any_object(&["x"]).prop_map(callback_with).prop_flat_map(|members| (Just(members.clone()), Just(members).prop_shuffle())),
    ) {
        let (ordered, shuffled) = members;
        let read = Callback::from_json(&text_in_order(&ordered)).unwrap();
        prop_assert_eq!(Callback::from_json(&text_in_order(&shuffled)).unwrap(), read);
    }

    #[test]
    fn unknown_members_survive(extra in prop::collection::btree_map("x.{0,8}", any_json(), 0..5)) {
        let members = callback_with(json!(extra));
        let json = text_in_order(&members);
        let callback = Callback::from_json(&json).unwrap();
        prop_assert_eq!(callback.extra.len(), extra.len());
        prop_assert_eq!(written(&callback), serde_json::from_str::<Value>(&json).unwrap());
    }

    #[test]
    fn unknown_numbers_keep_their_text(number in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][-+]?[0-9]{1,3})?") {
        let json = format!(r#"{{"availableAmount":"1","frozenAmount":"0","rate":{number}}}"#);
        let balance = Balance::from_json(&json).unwrap();
        prop_assert_eq!(balance.extra.get("rate"), Some(number.as_str()));
        prop_assert_eq!(serde_json::to_string(&balance).unwrap(), json);
    }

    #[test]
    fn unknown_states_and_kinds_survive(state in any::<i64>(), kind in any::<i64>()) {
        let json = json!({"payOrderId": "P1", "mchOrderNo": "D1", "state": state, "bizType": kind});
        prop_assert_eq!(written(&Callback::from_json(&json.to_string()).unwrap()), json);
    }

    #[test]
    fn any_callback_is_read_whole_or_refused(object in any_object(CALLBACK)) {
        if let Ok(callback) = Callback::from_json(&object.to_string()) {
            let again = serde_json::to_string(&callback).unwrap();
            prop_assert_eq!(Callback::from_json(&again).unwrap(), callback);
        }
    }
}

#[test]
fn a_parsed_value_is_read_like_its_text() {
    let value = json!({"availableAmount": "1.50", "frozenAmount": 0, "mchNo": "M1", "x": [null]});
    let balance: Balance = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(balance, Balance::from_json(&value.to_string()).unwrap());
}
