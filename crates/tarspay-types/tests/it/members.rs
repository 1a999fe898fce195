//! Members: order, exact text, no name twice.

use proptest::prelude::*;
use serde_json::{Value, json};
use tarspay_types::{Decode, DecodeErrorKind, ErrorKind, Members};

use crate::support::{any_json, whole_text, written};

fn members(json: &str) -> Members {
    Members::from_json(json).unwrap()
}

#[test]
fn values_keep_their_exact_text_and_order() {
    let members = members(r#" { "b" : 100.00 , "a" : [1,  2.50] , "c":"\u0041" } "#);
    let list: Vec<_> = members.iter().collect();
    assert_eq!(list, [("b", "100.00"), ("a", "[1,  2.50]"), ("c", "\"\\u0041\"")]);
    assert_eq!(serde_json::to_string(&members).unwrap(), r#"{"b":100.00,"a":[1,  2.50],"c":"\u0041"}"#);
    assert_eq!((members.len(), members.is_empty()), (3, false));
    assert_eq!(members.value("c"), Some(json!("A")));
    assert_eq!((members.get("d"), members.value("d")), (None, None));
}

#[test]
fn members_are_set_and_removed() {
    let mut members = members(r#"{"a":1,"b":2}"#);
    members.insert("a", "x").unwrap();
    members.insert("c", &3).unwrap();
    assert_eq!(serde_json::to_string(&members).unwrap(), r#"{"a":"x","b":2,"c":3}"#);
    assert_eq!(members.remove("b").as_deref(), Some("2"));
    assert_eq!(members.remove("b"), None);
    let unwritable = std::collections::HashMap::from([((1, 2), 3)]);
    assert_eq!(members.insert("a", &unwritable).unwrap_err().kind(), ErrorKind::NotJson);
    assert_eq!(members.get("a"), Some("\"x\""));
}

#[test]
fn equality_ignores_order_but_not_text() {
    assert_eq!(members(r#"{"a":1,"b":2}"#), members(r#"{"b":2,"a":1}"#));
    assert_ne!(members(r#"{"a":1}"#), members(r#"{"a":1.0}"#));
    assert_ne!(members(r#"{"a":1}"#), members(r#"{"a":1,"b":2}"#));
    assert_eq!(Members::new(), Members::default());
}

#[test]
fn a_name_that_stands_twice_is_refused_by_name() {
    for json in [
        r#"{"amount":"1","amount":"2"}"#,
        r#"{"amount":1,"b":2,"amount":1}"#,
        r#"{"amount":1,"\u0061mount":1}"#,
    ] {
        let error = Members::from_json(json).unwrap_err();
        assert_eq!((error.kind(), error.path()), (DecodeErrorKind::Duplicate, "amount"));
        assert!(serde_json::from_str::<Members>(json).unwrap_err().to_string().contains("`amount`"));
    }
    // Also in an object with more members than any documented one has, and wherever the two are.
    for count in [15, 16, 17, 500] {
        for twice in [0, count / 2, count - 1] {
            let mut json: Vec<_> = (0..count).map(|index| format!(r#""k{index:03}":{index}"#)).collect();
            json.push(format!(r#""k{twice:03}":"w""#));
            let error = Members::from_json(&format!("{{{}}}", json.join(","))).unwrap_err();
            let expected = (DecodeErrorKind::Duplicate, format!("k{twice:03}"));
            assert_eq!((error.kind(), error.path().to_owned()), expected, "{count} names");
        }
    }
}

#[test]
fn hostile_names_cannot_forge_a_log_line() {
    let error = Members::from_json(r#"{"a\nb":1,"a\nb":2}"#).unwrap_err();
    assert_eq!(error.path(), "a\\nb");
    let long = "x".repeat(100_000);
    let error = Members::from_json(&format!(r#"{{"{long}":1,"{long}":2}}"#)).unwrap_err();
    assert!(error.to_string().len() < 200);
}

#[test]
fn anything_but_an_object_is_refused_without_its_value() {
    let cases = [
        ("", DecodeErrorKind::NotJson),
        ("{", DecodeErrorKind::NotJson),
        ("{\"secret\":\"secret", DecodeErrorKind::NotJson),
        ("{} x", DecodeErrorKind::NotJson),
        ("<html>secret</html>", DecodeErrorKind::NotJson),
        ("{}\u{feff}", DecodeErrorKind::NotJson),
        ("{'a':1}", DecodeErrorKind::NotJson),
        ("{\"a\":1,}", DecodeErrorKind::NotJson),
        ("null", DecodeErrorKind::NotAnObject),
        ("\"secret\"", DecodeErrorKind::NotAnObject),
        ("[{\"secret\":1}]", DecodeErrorKind::NotAnObject),
        ("4711", DecodeErrorKind::NotAnObject),
    ];
    for (json, kind) in cases {
        let error = Members::from_json(json).unwrap_err();
        assert_eq!((error.kind(), error.path()), (kind, ""), "{json}");
        assert!(!whole_text(&error).contains("secret") && !whole_text(&error).contains("4711"), "{error:?}");
        let error = serde_json::from_str::<Members>(json).unwrap_err();
        assert!(!whole_text(&error).contains("secret"), "{error:?}");
    }
    assert_eq!(Members::from_slice(b"{\"a\":\"\xff\"}").unwrap_err().kind(), DecodeErrorKind::NotJson);
}

#[test]
fn debug_shows_names_but_no_values() {
    let members = members(r#"{"customerName":"secret","customerContact":4711}"#);
    assert_eq!(format!("{members:?}"), r#"{"customerName", "customerContact"}"#);
}

#[test]
fn very_many_members_are_read_in_good_time() {
    let json = format!("{{{}}}", (0..100_000).map(|i| format!("\"{i}\":{i}")).collect::<Vec<_>>().join(","));
    assert_eq!(members(&json).len(), 100_000);
}

proptest! {
    #[test]
    fn any_object_survives(object in prop::collection::btree_map(any::<String>(), any_json(), 0..6)) {
        let object: Value = json!(object);
        let members = Members::from_json(&object.to_string()).unwrap();
        prop_assert_eq!(written(&members), object);
    }
}
