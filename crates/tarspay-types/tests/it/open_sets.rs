//! Open sets: the documented tables in full, and unknown values that survive.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::json;
use tarspay_types::{
    BizType, CountryCode, Currency, Decode, ErrorCode, ErrorKind, OrderState, PayDataType, WayCode,
};

use crate::support::{whole_text, written};

/// docs/wire.md, section 9, row by row.
const CODES: [(i64, &[&str]); 27] = [
    (0, &["success"]),
    (-1, &["system error"]),
    (5_003_001, &["parameter missing"]),
    (5_003_002, &["merchant or API key unknown"]),
    (5_003_003, &["merchant disabled"]),
    (5_003_004, &["merchant not authenticated"]),
    (5_003_005, &["API key of the merchant unknown", "merchant or API key unknown"]),
    (5_003_006, &["API key expired"]),
    (5_003_007, &["IP error"]),
    (5_003_008, &["signature error"]),
    (5_003_009, &["way code not supported"]),
    (5_003_010, &["order state error", "creating the withdrawal order failed"]),
    (5_003_011, &["merchant order number exists already"]),
    (5_003_012, &["URL format error"]),
    (5_003_013, &["channel error"]),
    (5_003_014, &["rate of the merchant not set up"]),
    (5_003_015, &["channel unknown"]),
    (5_003_017, &["creating the deposit order failed"]),
    (5_003_018, &["querying the deposit order failed"]),
    (5_003_020, &["querying the withdrawal order failed"]),
    (5_004_006, &["merchant balance too low"]),
    (500_321, &["amount format wrong"]),
    (500_322, &["URL not supported"]),
    (500_323, &["remote client error"]),
    (500_324, &["order expired"]),
    (500_326, &["balance query error"]),
    (500_327, &["way code wrong"]),
];

#[test]
fn the_table_of_error_codes_is_complete() {
    let codes: Vec<_> = ErrorCode::KNOWN.iter().map(|code| (code.code(), code.meanings())).collect();
    assert_eq!(codes, CODES);
    let names: HashSet<_> = ErrorCode::KNOWN.iter().map(|code| code.name().unwrap()).collect();
    assert_eq!(names.len(), CODES.len());
}

#[test]
fn codes_outside_the_table_are_unknown_but_kept() {
    for code in [5_003_016, 5_003_019, 500_325, 1, -2, i64::MAX, i64::MIN] {
        let unknown = ErrorCode::from_code(code);
        assert!(!unknown.is_known() && !unknown.is_success() && unknown.depends_on_history());
        assert_eq!((unknown.code(), unknown.name(), unknown.meanings().len()), (code, None, 0));
        assert_eq!(written(&unknown), code);
    }
}

#[test]
fn every_code_is_in_one_class_by_what_it_says_of_a_creation() {
    let (history, request): (Vec<_>, Vec<_>) = ErrorCode::KNOWN
        .iter()
        .map(|code| code.code())
        .partition(|code| ErrorCode::from_code(*code).depends_on_history());
    assert_eq!(
        history,
        [
            -1, 5_003_003, 5_003_004, 5_003_006, 5_003_007, 5_003_008, 5_003_010, 5_003_011, 5_003_013,
            5_003_017, 5_003_018, 5_003_020, 5_004_006, 500_323, 500_324, 500_326
        ]
    );
    assert_eq!(
        request,
        [
            0, 5_003_001, 5_003_002, 5_003_005, 5_003_009, 5_003_012, 5_003_014, 5_003_015, 500_321, 500_322,
            500_327
        ]
    );
    let codes = |test: fn(ErrorCode) -> bool| -> Vec<_> {
        ErrorCode::KNOWN.iter().filter(|code| test(**code)).map(|code| code.code()).collect()
    };
    assert_eq!(
        codes(ErrorCode::is_temporary),
        [-1, 5_003_010, 5_003_013, 5_003_017, 5_003_018, 5_003_020, 500_323, 500_326]
    );
    assert_eq!(codes(ErrorCode::is_order_not_found), [5_003_018, 5_003_020]);
    assert_eq!(codes(ErrorCode::refuses_access), [5_003_003, 5_003_004, 5_003_006, 5_003_007]);
    assert_eq!(codes(ErrorCode::is_success), [0]);
}

#[test]
fn order_states_answer_as_documented() {
    // State; pending, ended, success, failure.
    let rows = [
        (0, [true, false, false, false]),
        (1, [true, false, false, false]),
        (2, [false, true, true, false]),
        (3, [false, true, false, true]),
        (4, [false, false, false, false]),
        (5, [false, true, false, false]),
        (6, [false, true, false, false]),
        (7, [false, false, false, false]),
        (8, [false, true, false, true]),
        (9, [false, true, false, false]),
        (10, [false, false, false, false]),
        (-1, [false, false, false, false]),
    ];
    for (code, expected) in rows {
        let state = OrderState::from_code(code);
        let responses = [state.is_pending(), state.is_ended(), state.is_success(), state.counts_as_failure()];
        assert_eq!(responses, expected, "{state:?}");
    }
    assert_eq!(OrderState::KNOWN.len(), 8);
    assert_eq!(BizType::KNOWN, [BizType::from_code(1), BizType::from_code(2)]);
}

#[test]
fn codes_show_number_and_meaning() {
    assert_eq!(OrderState::SUCCESS.to_string(), "2 (success)");
    assert_eq!(OrderState::from_code(7).to_string(), "7 (not documented)");
    assert_eq!(
        format!("{:?} {:?}", OrderState::SUCCESS, OrderState::from_code(7)),
        "OrderState(2 SUCCESS) OrderState(7)"
    );
    assert_eq!(
        ErrorCode::from_code(5_003_010).to_string(),
        "5003010 (order state error, or creating the withdrawal order failed)"
    );
}

#[test]
fn codes_read_from_numbers_and_texts() {
    for (json, code) in
        [("2", 2), ("\"2\"", 2), ("-1", -1), ("\"-1\"", -1), ("\"02\"", 2), ("9223372036854775807", i64::MAX)]
    {
        assert_eq!(OrderState::from_json(json).unwrap().code(), code, "{json}");
        assert_eq!(serde_json::from_str::<ErrorCode>(json).unwrap().code(), code, "{json}");
    }
    assert_eq!(OrderState::from_json("\"2\"").unwrap(), OrderState::SUCCESS);
}

#[test]
fn codes_of_other_kinds_are_refused_without_their_value() {
    let cases = [
        "null",
        "true",
        "2.1",
        "2e-1",
        "\"\"",
        "\"+2\"",
        "\" 2\"",
        "\"-\"",
        "\"--2\"",
        "\"secret\"",
        "[2]",
        "{}",
        "\"2.5\"",
        "9223372036854775808",
        "-9223372036854775809",
        "\"99999999999999999999999999\"",
    ];
    for json in cases {
        let error = OrderState::from_json(json).unwrap_err();
        assert!(!whole_text(&error).contains("secret"), "{error:?}");
        assert!(BizType::from_json(json).is_err() && ErrorCode::from_json(json).is_err(), "{json}");
    }
}

#[test]
fn words_keep_their_spelling_known_or_not() {
    assert_eq!(Currency::new("BRA").unwrap(), Currency::BRA);
    assert!(!Currency::new("BRL").unwrap().is_known());
    assert!(!Currency::new("inr").unwrap().is_known());
    assert_eq!(WayCode::from_json("\"easypaisa\"").unwrap().as_str(), "easypaisa");
    assert_eq!(CountryCode::from_json("\"in\"").unwrap(), CountryCode::INDIA);
    assert_eq!("payurl".parse::<PayDataType>().unwrap(), PayDataType::PAY_URL);
    assert_eq!(format!("{} {:?}", Currency::KES, Currency::KES), "KES Currency(\"KES\")");
    assert_eq!(Currency::KNOWN.len(), 15);
}

#[test]
fn words_that_cannot_be_meant_are_refused() {
    for (text, kind) in [
        ("", ErrorKind::Empty),
        (" PIX", ErrorKind::SurroundingBlank),
        ("P\tIX", ErrorKind::ControlCharacter),
    ] {
        assert_eq!(WayCode::new(text).unwrap_err().kind(), kind);
        assert_eq!(text.parse::<Currency>().unwrap_err().kind(), kind);
    }
    assert_eq!(WayCode::new("x".repeat(129)).unwrap_err().kind(), ErrorKind::TooLong);
    for json in ["1", "null", "[]", "\"\"", "true", "\"P\\tIX\""] {
        assert!(Currency::from_json(json).is_err(), "{json}");
    }
}

#[test]
fn words_are_read_more_leniently_than_they_are_made() {
    for text in [" PIX", "PIX ", " ", &"x".repeat(1000)] {
        assert!(WayCode::new(text.to_owned()).is_err() && text.parse::<Currency>().is_err(), "{text}");
        let json = json!(text).to_string();
        let (way, currency) = (WayCode::from_json(&json).unwrap(), Currency::from_json(&json).unwrap());
        assert_eq!((way.as_str(), currency.as_str()), (text, text));
        assert_eq!((written(&way), written(&currency)), (json!(text), json!(text)));
        assert!(!way.is_known() && !currency.is_known());
    }
}

proptest! {
    #[test]
    fn every_code_survives_as_number_and_as_text(code in any::<i64>()) {
        let state = OrderState::from_code(code);
        prop_assert_eq!(OrderState::from_json(&code.to_string()).unwrap(), state);
        prop_assert_eq!(OrderState::from_json(&format!("\"{code}\"")).unwrap(), state);
        prop_assert_eq!(written(&state), code);
        prop_assert_eq!(written(&ErrorCode::from_code(code)), code);
        prop_assert_eq!(state.is_known(), OrderState::KNOWN.contains(&state));
        prop_assert!(!(state.is_pending() && state.is_ended()));
        prop_assert!(state.is_ended() || !state.is_success() && !state.counts_as_failure());
    }

    #[test]
    fn every_word_survives(text in "[!-~]([ -~é€]{0,20}[!-~])?") {
        let word = WayCode::new(text).unwrap();
        let json = serde_json::to_string(&word).unwrap();
        prop_assert_eq!(WayCode::from_json(&json).unwrap(), word);
    }

    #[test]
    fn any_json_is_read_or_refused(json in any::<String>()) {
        let _ = (OrderState::from_json(&json), Currency::from_json(&json));
        prop_assert!(json.bytes().any(|byte| byte.is_ascii_digit()) || OrderState::from_json(&json).is_err());
    }
}
