//! The rules of the string to sign, one by one, and every refusal with the member's name.

use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use std::error::Error as _;
use tarspay_sign::{CallbackText, ErrorKind, Members, Parameters};

fn text(json: &str) -> String {
    Parameters::from_json(json.as_bytes())
        .unwrap_or_else(|error| panic!("{json}: {error}"))
        .as_str()
        .to_owned()
}

fn body(json: &str) -> String {
    String::from_utf8(Parameters::from_json(json.as_bytes()).unwrap().body().to_vec()).unwrap()
}

#[track_caller]
fn refused(json: &str) -> (ErrorKind, Option<String>) {
    let error = Parameters::from_json(json.as_bytes()).expect_err(json);
    assert!(!error.to_string().is_empty());
    (error.kind(), error.field().map(str::to_owned))
}

#[test]
fn names_sort_by_bytes() {
    assert_eq!(text(r#"{"b":"1","a":"2","B":"3","_":"4","aa":"5"}"#), "B=3&_=4&a=2&aa=5&b=1");
    assert_eq!(text(r#"{"é":"1","z":"2"}"#), "z=2&é=1");
}

#[test]
fn names_that_begin_alike_sort_by_what_follows() {
    // An end sorts before every byte, and zero is a byte too.
    let names = [
        "",
        "\\u0000",
        "a",
        "a\\u0000",
        "a\\u0000\\u0000b",
        "a\\u0001",
        "customer",
        "customerA",
        "customerAB",
        "customerB",
        "customes",
        "ÿ",
    ];
    for swapped in 0..names.len() {
        let mut order = names;
        order.reverse();
        order.swap(0, swapped);
        let members: Vec<_> = order.iter().map(|name| format!(r#""{name}":"v""#)).collect();
        let expected: Vec<_> = names
            .iter()
            .map(|name| name.replace("\\u0000", "\0").replace("\\u0001", "\u{1}") + "=v")
            .collect();
        assert_eq!(text(&format!("{{{}}}", members.join(","))), expected.join("&"));
    }
}

#[test]
fn a_body_is_compact_wherever_the_blanks_stood() {
    let compact = r#"{"a":"x","b":"y","c":1}"#;
    for json in [
        compact,
        r#"{"c":1,"b":"y","a":"x"}"#,
        r#"{ "a" :"x","b": "y" , "c":1 }"#,
        r#"{"\u0061":"x","b"	:	"y","c":
1}"#,
    ] {
        assert_eq!(body(json), compact, "{json}");
    }
}

#[test]
fn any_number_of_members_sorts() {
    for count in [15, 16, 17, 500] {
        let json: Vec<_> = (0..count).rev().map(|index| format!(r#""k{index:03}":"v""#)).collect();
        let expected: Vec<_> = (0..count).map(|index| format!("k{index:03}=v")).collect();
        assert_eq!(text(&format!("{{{}}}", json.join(","))), expected.join("&"));
    }
}

#[test]
fn null_is_left_out_of_text_and_body() {
    assert_eq!(text(r#"{"a":null,"b":"x","c":null}"#), "b=x");
    assert_eq!(body(r#"{"a":null,"b":"x","c":null}"#), r#"{"b":"x"}"#);
    assert_eq!(body(r#"{"a":null}"#), "{}");
}

#[test]
fn an_empty_string_stays() {
    assert_eq!(text(r#"{"a":"","b":""}"#), "a=&b=");
    assert_eq!(body(r#"{"b":"","a":""}"#), r#"{"a":"","b":""}"#);
}

#[test]
fn integers_and_booleans_sign_as_their_json_text() {
    assert_eq!(text(r#"{"step":0,"n":-7,"on":true,"off":false}"#), "n=-7&off=false&on=true&step=0");
    let digits = "123456789012345678901234567890";
    assert_eq!(
        text(&format!(r#"{{"big":{digits}}}"#)),
        format!("big={digits}"),
        "no number is ever converted"
    );
}

#[test]
fn values_are_raw_utf8_and_nothing_is_percent_encoded() {
    assert_eq!(text(r#"{"a":"x@y.z:/?#[]&=|%+ \"'\\"}"#), r#"a=x@y.z:/?#[]&=|%+ "'\"#);
    assert_eq!(text(r#"{"customerName":"SÉRNHG OODS12"}"#), "customerName=SÉRNHG OODS12");
    assert_eq!(text(r#"{"customerName":"홍길동 🦀"}"#), "customerName=홍길동 🦀");
}

#[test]
fn escapes_are_read_before_signing_and_unicode_is_not_normalised() {
    assert_eq!(text(r#"{"a":"\u00c9 \/ \n \ud83e\udd80"}"#), "a=É / \n 🦀");
    assert_eq!(text(r#"{"\u0061":"x"}"#), "a=x");
    assert_ne!(text("{\"a\":\"\u{e9}\"}"), text("{\"a\":\"e\u{301}\"}"));
}

#[test]
fn the_body_is_compact_ordered_and_means_the_same() {
    let sent = body("{ \"b\" : \"x y\" ,\n\t\"a\" : 1 }");
    assert_eq!(sent, r#"{"a":1,"b":"x y"}"#);
}

#[test]
fn an_empty_object_and_a_missing_body_have_empty_text() {
    assert_eq!(text("{}"), "");
    assert_eq!(body("{}"), "{}");
    assert_eq!(Parameters::none().as_str(), "");
    assert_eq!(Parameters::none().body(), b"");
}

#[test]
fn any_serializable_object_is_accepted() {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Order<'a> {
        mch_no: &'a str,
        step: u8,
        attach: Option<&'a str>,
    }
    let order = Order { mch_no: "M1", step: 0, attach: None };
    assert_eq!(Parameters::from_value(&order).unwrap().as_str(), "mchNo=M1&step=0");
    let map = HashMap::from([("b", "2"), ("a", "1")]);
    assert_eq!(Parameters::from_value(&map).unwrap().as_str(), "a=1&b=2");
    assert_eq!(Parameters::from_value(&json!({"a": "1"})).unwrap().as_str(), "a=1");
}

#[test]
fn a_fraction_an_object_or_an_array_is_refused_by_name() {
    for value in ["1.5", "1.0", "1e3", "1E3", "-0.1", "{}", r#"{"x":1}"#, "[]", "[1]"] {
        let json = format!(r#"{{"a":"ok","culprit":{value}}}"#);
        assert_eq!(refused(&json), (ErrorKind::UnsupportedValue, Some("culprit".to_owned())), "{value}");
    }
    let error = Parameters::from_value(&json!({"amount": 10.5})).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::UnsupportedValue, Some("amount")));
}

#[test]
fn a_name_twice_is_refused_by_name_however_it_is_written() {
    for json in [r#"{"a":"1","b":"2","a":"1"}"#, r#"{"a":"1","\u0061":"2"}"#, r#"{"a":null,"a":"1"}"#] {
        assert_eq!(refused(json), (ErrorKind::InvalidBody, Some("a".to_owned())), "{json}");
    }
    // Also among many, and wherever the two are.
    for count in [15, 16, 17, 500] {
        for twice in [0, count / 2, count - 1] {
            let mut json: Vec<_> = (0..count).map(|index| format!(r#""k{index:03}":"v""#)).collect();
            json.push(format!(r#""k{twice:03}":"w""#));
            let json = format!("{{{}}}", json.join(","));
            let expected = (ErrorKind::InvalidBody, Some(format!("k{twice:03}")));
            assert_eq!(refused(&json), expected, "{count}");
        }
    }
}

#[test]
fn what_is_not_one_json_object_is_refused() {
    for json in [
        "",
        " ",
        "null",
        "true",
        "7",
        r#""text""#,
        "[]",
        r#"[{"a":"1"}]"#,
        "{",
        r#"{"a""#,
        r#"{"a":"#,
        r#"{"a":"1""#,
        r#"{"a":"1",}"#,
        r#"{a:"1"}"#,
        "{'a':'1'}",
        r#"{"a":"1"} x"#,
        r#"{"a":"1"}{"a":"1"}"#,
        r#"{"a":01}"#,
        r#"{"a":NaN}"#,
        "{\"a\":\"line\nbreak\"}",
        "\u{feff}{}",
    ] {
        assert_eq!(refused(json).0, ErrorKind::InvalidBody, "{json}");
    }
    assert_eq!(Parameters::from_json(b"{\"a\":\"\xff\"}").unwrap_err().kind(), ErrorKind::InvalidBody);
    let error = Parameters::from_json(b"{\"a\":-}").unwrap_err();
    let shown = format!("{error} {}", error.source().map(ToString::to_string).unwrap_or_default());
    assert!(shown.contains("not JSON: invalid number at line 1 column"), "{shown}");
    assert_eq!(shown.matches("column").count(), 1, "the place is named once: {shown}");
    assert_eq!(Parameters::from_value(&["a"]).unwrap_err().kind(), ErrorKind::InvalidBody);
    assert_eq!(Parameters::from_value(&()).unwrap_err().kind(), ErrorKind::InvalidBody);
}

#[test]
fn an_escape_that_is_no_character_is_refused_by_name() {
    for value in [r#""\ud83e""#, r#""\ud83ex""#, r#""\udd80""#] {
        let json = format!(r#"{{"culprit":{value}}}"#);
        assert_eq!(refused(&json), (ErrorKind::InvalidBody, Some("culprit".to_owned())), "{value}");
    }
}

#[test]
fn deep_nesting_is_refused_without_overflowing_the_stack() {
    let depth = 200_000;
    let json = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(matches!(refused(&json).0, ErrorKind::UnsupportedValue | ErrorKind::InvalidBody));
    // A callback may have it, and has it in its text.
    assert_eq!(CallbackText::from_json(json.as_bytes()).unwrap().as_str(), json);
}

#[test]
fn a_value_that_fails_to_serialize_keeps_its_reason() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("out of order"))
        }
    }
    let error = Parameters::from_value(&Broken).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidBody);
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("out of order"));
    assert_eq!(error.to_string(), "the request does not serialize to JSON: out of order");
    let error = CallbackText::from_value(&Broken).unwrap_err();
    assert_eq!(error.to_string(), "the callback does not serialize to JSON: out of order");
}

#[test]
fn members_at_hand_give_the_same_text_and_body_as_their_json() {
    let members = [
        ("wayCode", r#""PIX""#),
        ("customerName", r#""Jos\u00e9 \"Zé\" 🦀 \/""#),
        ("step", "0"),
        ("on", "true"),
        ("n", "-7"),
        ("attach", "null"),
        ("returnUrl", r#""""#),
        ("a \"name\"", r#""x""#),
        ("é", r#""y""#),
    ];
    let json: Vec<_> = members.iter().map(|(name, value)| format!("{} : {value}", json!(name))).collect();
    let from_json = Parameters::from_json(format!("{{ {} }}", json.join(" , ")).as_bytes()).unwrap();
    let from_members = Parameters::from_members(members).unwrap();
    assert_eq!(from_members.as_str(), from_json.as_str());
    assert_eq!(from_members.body(), from_json.body());
    let mut reversed = members;
    reversed.reverse();
    assert_eq!(Parameters::from_members(reversed).unwrap(), from_json);
    assert_eq!(Parameters::from_members([]).unwrap(), Parameters::from_json(b"{}").unwrap());
}

#[test]
fn members_at_hand_are_refused_by_name_if_they_cannot_be_signed() {
    let refused = |value: &str| {
        let error = Parameters::from_members([("a", "1"), ("culprit", value)]).expect_err(value);
        assert_eq!(error.field(), Some("culprit"), "{value}");
        error.kind()
    };
    for value in ["1.5", "1e3", "{}", "[1]", "01", "-", "1 ", "2,\"b\":3"] {
        assert_eq!(refused(value), ErrorKind::UnsupportedValue, "{value}");
    }
    // Whatever is not one JSON text could change the body around it.
    for value in [
        "",
        " 1",
        "PIX",
        "truely",
        "nul",
        "\"",
        r#""PIX"#,
        r#""a","b":"c""#,
        r#""a" "#,
        "\"line\nend\"",
        r#""\x""#,
    ] {
        assert_eq!(refused(value), ErrorKind::InvalidBody, "{value}");
    }
    let twice = Parameters::from_members([("a", "1"), ("b", "2"), ("a", "null")]).unwrap_err();
    assert_eq!((twice.kind(), twice.field()), (ErrorKind::InvalidBody, Some("a")));
}

#[test]
fn members_are_read_in_the_order_of_the_text_with_names_that_come_twice() {
    let json = r#"{"b": 1.50, "a":"\u0041", "b":[ 1 ], "\u0063":null}"#;
    let members = Members::from_json(json.as_bytes()).unwrap();
    let pairs: Vec<_> = members.iter().map(|member| (member.name(), member.json())).collect();
    assert_eq!(pairs, [("b", "1.50"), ("a", r#""\u0041""#), ("b", "[ 1 ]"), ("c", "null")]);
    assert_eq!(format!("{members:?}"), "Members(4)");
    for json in ["", "[]", "null", "{", "{} x"] {
        assert_eq!(Members::from_json(json.as_bytes()).unwrap_err().kind(), ErrorKind::InvalidBody, "{json}");
    }
}

#[test]
fn an_error_is_one_readable_line() {
    let error = Parameters::from_json(br#"{"amount":1.5}"#).unwrap_err();
    let line = "body member \"amount\": a number that is not an integer cannot be signed: the gateway documents no rule \
                for it; send it as text";
    assert_eq!(error.to_string(), line);
    assert_eq!(format!("{error:?}"), format!("UnsupportedValue: {line}"));
}
