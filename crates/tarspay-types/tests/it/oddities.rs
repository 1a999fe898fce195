//! Right responses and callbacks as a gateway, a proxy or a JSON library of another language may write them: each oddity
//! on each type.

use std::fmt::Debug;

use serde::Serialize;
use serde_json::{Value, json};
use tarspay_types::market::bangladesh::{Reprocessing, Submission, Transaction};
use tarspay_types::market::brazil::{Certificate, DepositByTrxId};
use tarspay_types::market::india::TransferByUtr;
use tarspay_types::{
    Amount, Balance, BalanceAmount, Callback, Decode, DecodeErrorKind, Deposit, Envelope, ErrorCode, Members,
    Order, PayWay, ResponseError, Withdrawal,
};

use crate::responses::{
    balance, bangladesh_trx, brazil_trx, callback, deposit, order, pay_way, reprocessed, utr, withdrawal,
};
use crate::support::written;

/// An amount as it comes, and its text if it is an amount.
const AMOUNTS: [(&str, Option<&str>); 15] = [
    ("17", Some("17")),
    ("100.00", Some("100.00")),
    ("1.1713783E7", Some("11713783")),
    ("\"1E3\"", Some("1000")),
    ("\"1.50e+1\"", Some("15.0")),
    ("\"0E-8\"", Some("0.00000000")),
    ("0e400", Some("0")),
    ("-0.00", Some("0.00")),
    ("\"100.00000000000000000000000000000000\"", Some("100.0000000000000000000000000")),
    ("-12.50", None),
    ("\"1,600.00\"", None),
    ("12345678901234567890123456789", None),
    ("1e999999999999", None),
    ("1E-28", None),
    ("\"007\"", None),
];

/// A whole number as it comes, and what it is.
const INTEGERS: [(&str, Option<i64>); 9] = [
    ("\"2\"", Some(2)),
    ("2.0", Some(2)),
    ("2e0", Some(2)),
    ("\"0.2E1\"", Some(2)),
    ("2.5", None),
    ("\"two\"", None),
    ("true", None),
    ("99999999999999999999", None),
    ("1e400", None),
];

/// What a type is checked with: a whole response, its members that are amounts and whole numbers, and its `extra`.
struct Subject<T> {
    whole: Value,
    amounts: &'static [&'static str],
    integers: &'static [&'static str],
    extra: fn(&T) -> &Members,
}

impl<T: Decode + Serialize + PartialEq + Debug> Subject<T> {
    fn with(&self, name: &str, odd: &str) -> String {
        let mut json = self.whole.clone();
        json[name] = json!("ODD");
        json.to_string().replace("\"ODD\"", odd)
    }

    fn numbers(&self) {
        for name in self.amounts {
            for (odd, text) in AMOUNTS {
                let read = T::from_json(&self.with(name, odd)).unwrap();
                self.is_kept(&read, name, odd, text.map(Value::from));
            }
        }
        for name in self.integers {
            for (odd, number) in INTEGERS {
                let json = self.with(name, odd);
                match T::from_json(&json) {
                    Ok(read) => self.is_kept(&read, name, odd, number.map(Value::from)),
                    Err(error) => {
                        assert_eq!((number, error.kind()), (None, DecodeErrorKind::Unreadable), "{json}");
                        assert_eq!(error.path(), *name);
                        is_unreadable_beside_the_rest::<T>(&json);
                    }
                }
            }
        }
    }

    /// A value is in its field, or its text is in `extra`.
    fn is_kept(&self, read: &T, name: &str, odd: &str, value: Option<Value>) {
        let extra = (self.extra)(read).get(name);
        match value {
            Some(value) => assert_eq!((&written(read)[name], extra), (&value, None), "{name} {odd}"),
            None => assert_eq!(extra, Some(odd), "{name} {odd}"),
        }
    }

    fn texts(&self) {
        let json = self.whole.to_string();
        let read = T::from_json(&json).unwrap();
        assert_eq!(T::from_slice(format!("\u{feff}{json}").as_bytes()).unwrap(), read);
        let refused = |bytes: &[u8]| T::from_slice(bytes).unwrap_err().kind();
        assert_eq!(refused(b"\x1f\x8b\x08\x00"), DecodeErrorKind::Gzip);
        let (name, value) = self.whole.as_object().unwrap().iter().next().unwrap();
        let twice = json.replacen('{', &format!("{{\"{name}\":{value},"), 1);
        assert_eq!(refused(twice.as_bytes()), DecodeErrorKind::Duplicate);
        for damaged in [&b"{\"a\":\"\xe9\","[..], b"{\"\xe9\":1,", b"{\"msg\":[\"\xe9\"],"] {
            let body = [damaged, &json.as_bytes()[1..]].concat();
            assert_eq!(refused(&body), DecodeErrorKind::NotJson);
        }
    }
}

fn envelope(code: &str, msg: &[u8], rest: &[u8]) -> Vec<u8> {
    [b"{\"code\":", code.as_bytes(), b",\"msg\":", msg, b",\"data\":", rest, b"}"].concat()
}

/// With code 0, data that cannot be read hides neither the code, nor the message, nor itself.
fn is_unreadable_beside_the_rest<T: Decode + PartialEq + Debug>(data: &str) {
    let read = Envelope::<T>::from_slice(&envelope("0", b"\"OK\"", data.as_bytes())).unwrap();
    assert_eq!((read.code, read.msg.as_deref()), (ErrorCode::SUCCESS, Some("OK")));
    assert_eq!((&read.data, read.extra.get("data")), (&None, Some(data)));
    assert!(
        matches!(read.into_result(), Err(ResponseError::Unreadable(error)) if error.path().starts_with("data"))
    );
}

fn envelopes<T: Decode + PartialEq + Debug>(data: &Value) {
    let data = data.to_string();
    let expected = T::from_json(&data).unwrap();
    for (code, msg) in [
        ("0", &b"\"S\""[..]),
        ("\"0\"", b"7"),
        ("0.0", b"null"),
        ("0e0", b"{}"),
        ("-0", b"\"caf\xe9\""),
        ("\"0.00\"", b"\"\\ud800\""),
    ] {
        for mark in ["", "\u{feff}"] {
            let body = [mark.as_bytes(), &envelope(code, msg, data.as_bytes())].concat();
            let read = Envelope::<T>::from_slice(&body).unwrap();
            assert_eq!(read.into_result().unwrap(), expected, "{code}");
        }
    }
    for code in ["5003008", "\"5003008\"", "5003008.0", "\"5.003008E6\""] {
        for msg in [&b"\"sign error\""[..], b"null", b"[1]", b"\"caf\xe9\"", b"\"a\",\"msg\":\"b\""] {
            let twice = b"{},\"data\":[]".to_vec();
            let code_twice = format!("1,\"code\":{code}").into_bytes();
            let damaged = b"{\"payOrderId\":\"P\xe9\"}".to_vec();
            let whole = data.clone().into_bytes();
            for data in [b"null".to_vec(), b"7".to_vec(), b"[]".to_vec(), whole, twice, code_twice, damaged] {
                let read = Envelope::<T>::from_slice(&envelope(code, msg, &data)).unwrap();
                let Err(ResponseError::Refused(refusal)) = read.into_result() else { panic!("{code}") };
                assert_eq!(refusal.code, ErrorCode::SIGNATURE_ERROR);
            }
        }
    }
    // Which of two different codes counts is unknown.
    for code in ["0,\"code\":5003008", "5003008,\"code\":0", "1,\"code\":2", "1,\"code\":null"] {
        let error = Envelope::<T>::from_slice(&envelope(code, b"null", b"null")).unwrap_err();
        assert_eq!((error.kind(), error.path()), (DecodeErrorKind::Duplicate, "code"));
    }
    let gzip = Envelope::<T>::from_slice(b"\x1f\x8b\x08\x00").unwrap_err();
    assert!(gzip.to_string().contains("gzip"), "{gzip}");
}

macro_rules! subjects {
    ($($type:ident: $whole:ident, amounts $amounts:expr, integers $integers:expr;)*) => {
        #[test]
        fn odd_numbers_are_read_or_kept_in_every_type() {
            $( subject!($type, $whole, $amounts, $integers).numbers(); )*
        }

        #[test]
        fn odd_texts_are_read_or_named_in_every_type() {
            $( subject!($type, $whole, $amounts, $integers).texts(); )*
        }

        #[test]
        fn odd_envelopes_are_read_around_every_type() {
            $( envelopes::<$type>(&$whole()); )*
            envelopes::<Certificate>(&json!({"url": "https://bank.example/a.pdf"}));
            envelopes::<Submission>(&json!({"a": 1}));
        }
    };
}

macro_rules! subject {
    ($type:ident, $whole:ident, $amounts:expr, $integers:expr) => {
        Subject::<$type> {
            whole: $whole(),
            amounts: &$amounts,
            integers: &$integers,
            extra: |read| &read.extra,
        }
    };
}

subjects! {
    Balance: balance, amounts [], integers [];
    Deposit: deposit, amounts ["amount"], integers ["orderState", "expiredTime"];
    PayWay: pay_way, amounts [], integers ["skipMode", "id", "state", "createdAt", "updatedAt"];
    Withdrawal: withdrawal, amounts [], integers ["orderState"];
    Order: order, amounts ["orderAmount", "payAmount", "fee"], integers ["state"];
    DepositByTrxId: brazil_trx, amounts ["orderAmount", "payAmount", "fee"], integers ["state"];
    Transaction: bangladesh_trx, amounts ["amount"], integers ["status"];
    Reprocessing: reprocessed, amounts [], integers ["status"];
    TransferByUtr: utr, amounts ["amount"], integers ["status"];
    Callback: callback, amounts ["orderAmount", "payAmount", "fee"], integers ["state", "bizType"];
}

#[test]
fn every_amount_of_a_balance_is_read() {
    for (odd, text) in AMOUNTS {
        let json = format!(r#"{{"availableAmount":{odd},"frozenAmount":"3"}}"#);
        let balance = Balance::from_json(&json).unwrap();
        let amount = &balance.available_amount;
        assert_eq!(amount.to_amount().map(|amount| amount.to_string()).as_deref(), text, "{odd}");
        assert_eq!(amount.as_str(), odd.trim_matches('"'));
        assert_eq!(written(&balance), json!({"availableAmount": amount.as_str(), "frozenAmount": "3"}));
        assert_eq!(&BalanceAmount::from_json(odd).unwrap(), amount);
    }
    let read = |json: &str| BalanceAmount::from_json(json).unwrap();
    let below = read("\"-12.50\"");
    assert_eq!(
        (below.to_string(), below.to_decimal().unwrap().to_string()),
        ("-12.50".into(), "-12.50".into())
    );
    assert!(below < Amount::ZERO && below != Amount::ZERO && below == read("-1.25e1"));
    let unknown = read("\"1,600.00\\n\"");
    assert_eq!((unknown.to_string(), unknown.to_decimal()), ("1,600.00\\n".into(), None));
    assert!(unknown == unknown.clone() && unknown != read("\"1,600\"") && unknown != Amount::ZERO);
    assert!(!(unknown < Amount::ZERO || unknown >= Amount::ZERO));
    assert_eq!(read(&format!("\"{}\"", "x".repeat(65))).to_string(), format!("{}…", "x".repeat(64)));
    for odd in ["\"\"", "null", "true", "[]"] {
        let json = format!(r#"{{"availableAmount":{odd},"frozenAmount":"3"}}"#);
        let balance = Balance::from_json(&json).unwrap();
        assert_eq!(balance.available_amount.to_decimal(), None, "{odd}");
        assert_eq!(balance.available_amount.as_str(), odd.trim_matches('"'));
        assert_eq!(balance.frozen_amount.to_string(), "3");
    }
    assert!(Balance::from_json(r#"{"frozenAmount":"3"}"#).is_err());
}

#[test]
fn a_code_survives_a_text_that_is_not_json() {
    let code = |body: &[u8]| Envelope::<Balance>::from_slice(body).map(|envelope| envelope.code.code());
    for body in [
        &b"{\"code\":5003008,\"msg\":\"a\tb\"}"[..],
        b"{\"code\":5003008,\"data\":NaN}",
        b"{\"code\":5003008,\"msg\":\"x\",}",
        b"{\"code\":5003008}trailing",
        b"{\"code\":5003008,\"data\":{\"code\":0,\"a",
        b"\xef\xbb\xbf\xef\xbb\xbf{\"code\":5003008}",
        b"{\"code\":5003008,\"msg\":\"\xb0\x5c\"}",
        b" { \"data\" : { \"code\" : 1 }, \"msg\":\"\\\"code\\\":7,\", \"code\" : \"5003008\" , NaN }",
    ] {
        assert_eq!(code(body), Ok(5_003_008), "{}", String::from_utf8_lossy(body));
    }
    for body in [
        // Accepted, perhaps: what came with it cannot be read.
        &b"{\"code\":0,\"data\":NaN}"[..],
        // Perhaps another code, which was cut.
        b"{\"code\":500300",
        b"{\"code\":5003008,\"code\":0,\"data\":NaN}",
        b"{\"code\":5003008,\"code\":5003001,}",
        b"{\"data\":{\"code\":5003008},\"msg\":NaN}",
        b"[{\"code\":5003008,}]",
        b"<script>{\"code\":5003008,}</script>",
        b"{\"msg\":\"\\\"code\\\":5003008,\",}",
        b"{\"code\":[5003008,1],}",
        b"{\"code\":{\"a\":5003008},}",
        b"code\":5003008,",
        b"\x1f\x8b{\"code\":5003008,}",
    ] {
        assert!(code(body).is_err(), "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_replaced_in_texts_for_people() {
    let envelope =
        Envelope::<Order>::from_slice(b"{\"code\":0,\"msg\":\"caf\xe9\",\"data\":{\"state\":2}}").unwrap();
    assert_eq!(envelope.msg.as_deref(), Some("caf\u{fffd}"));
    let found =
        Envelope::<TransferByUtr>::from_slice(b"{\"code\":0,\"data\":{\"status\":1,\"message\":\"\xe9\"}}")
            .unwrap();
    assert_eq!(found.into_result().unwrap().message, Some("\u{fffd}".into()));
    let failed = Callback::from_slice(
        b"{\"payOrderId\":\"P1\",\"mchOrderNo\":\"D1\",\"state\":3,\"failReason\":\"\xe9\"}",
    )
    .unwrap();
    assert_eq!(failed.fail_reason, Some("\u{fffd}".into()));
    // An order must not get another number.
    let deep = format!("{{\"data\":{}", "{\"data\":".repeat(100_000)).into_bytes();
    for body in [
        &b"{\"payOrderId\":\"P\xe9\",\"mchOrderNo\":\"D1\",\"state\":3}"[..],
        b"{\"data\":{\"data\":{\"msg\":\"\xe9\"}}}",
        &[&deep[..], b"\"\xe9"].concat(),
    ] {
        assert_eq!(Callback::from_slice(body).unwrap_err().kind(), DecodeErrorKind::NotJson);
        assert_eq!(Envelope::<Deposit>::from_slice(body).unwrap_err().kind(), DecodeErrorKind::NotJson);
    }
}

#[test]
fn text_from_outside_is_cut_in_errors() {
    let long = "é".repeat(1000);
    let read = Envelope::<Order>::from_json(&json!({"code": 1, "msg": long}).to_string()).unwrap();
    assert_eq!(read.msg.as_ref(), Some(&long));
    let Err(ResponseError::Refused(refusal)) = read.into_result() else { panic!() };
    assert_eq!(refusal.msg, Some(format!("{}…", "é".repeat(256))));
    let json = format!("{{\"{long}\":1,\"{long}\":2}}");
    assert_eq!(Order::from_json(&json).unwrap_err().path(), format!("{}…", "é".repeat(64)));
}
