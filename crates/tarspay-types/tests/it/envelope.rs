//! The envelope: responses, refusals, and everything between.

use proptest::prelude::*;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use tarspay_types::{
    Amount, Balance, Callback, Decode, DecodeErrorKind, Envelope, ErrorCode, Members, MerchantNo, RawJson,
    ResponseError,
};

use crate::support::{any_json, any_object, whole_text, written};

const GOOD: &str =
    r#"{"code":0,"data":{"availableAmount":"11713783","frozenAmount":"0","mchNo":"M1"},"msg":"SUCCESS"}"#;

fn read(json: &str) -> Envelope<Balance> {
    Envelope::from_json(json).unwrap()
}

fn refused(json: &str) -> (DecodeErrorKind, String) {
    let error = Envelope::<Balance>::from_json(json).unwrap_err();
    (error.kind(), error.path().to_owned())
}

#[test]
fn an_accepted_call_has_its_response() {
    let balance = read(GOOD).into_result().unwrap();
    assert_eq!(balance.available_amount, Amount::from(11_713_783_u32));
    assert!(balance.frozen_amount == Amount::ZERO && balance.extra.is_empty());
    assert_eq!(balance.merchant_no, Some(MerchantNo::new("M1").unwrap()));
}

#[test]
fn a_code_in_text_counts_like_a_number() {
    assert!(read(&GOOD.replace("\"code\":0", "\"code\":\"0\"")).into_result().is_ok());
    let refusal = read(r#"{"code":"5003008"}"#).into_result().unwrap_err();
    assert!(matches!(refusal, ResponseError::Refused(refusal) if refusal.code == ErrorCode::SIGNATURE_ERROR));
}

#[test]
fn a_refusal_reads_whatever_its_data_is() {
    for data in [
        "",
        r#","data":null"#,
        r#","data":{}"#,
        r#","data":"""#,
        r#","data":[]"#,
        r#","data":"text""#,
        r#","data":17"#,
        r#","data":{"availableAmount":"-1"}"#,
        r#","data":{"a":1,"a":2}"#,
    ] {
        let json = format!(r#"{{"code":5003008,"msg":"sign error"{data}}}"#);
        let envelope = read(&json);
        let again: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(written(&envelope), again, "data survives: {json}");
        assert_eq!(envelope.data, None);
        let ResponseError::Refused(refusal) = envelope.into_result().unwrap_err() else { panic!("{json}") };
        assert_eq!((refusal.code, refusal.msg.as_deref()), (ErrorCode::SIGNATURE_ERROR, Some("sign error")));
        assert_eq!(
            refusal.to_string(),
            "the gateway refused the call with code 5003008 (signature error): sign error"
        );
    }
}

#[test]
fn a_refusal_says_once_what_the_code_means() {
    let json = r#"{"code":5003008,"msg":"signature error: the nonce was used"}"#;
    let ResponseError::Refused(refusal) = read(json).into_result().unwrap_err() else { panic!("{json}") };
    assert_eq!(
        refusal.to_string(),
        "the gateway refused the call with code 5003008: signature error: the nonce was used"
    );
}

#[test]
fn a_refusal_needs_no_message() {
    for msg in ["", r#","msg":null"#, r#","msg":"""#] {
        let ResponseError::Refused(refusal) =
            read(&format!(r#"{{"code":5003019{msg}}}"#)).into_result().unwrap_err()
        else {
            panic!("{msg}")
        };
        assert_eq!(refusal.msg, None);
        assert_eq!(refusal.to_string(), "the gateway refused the call with code 5003019 (not documented)");
    }
}

#[test]
fn a_refusal_with_readable_data_is_still_a_refusal() {
    let envelope = read(&GOOD.replace("\"code\":0", "\"code\":-1"));
    assert!(envelope.data.is_some());
    assert!(matches!(envelope.into_result(), Err(ResponseError::Refused(_))));
}

#[test]
fn a_message_from_outside_cannot_forge_a_log_line() {
    let error = read(r#"{"code":1,"msg":"a\nb"}"#).into_result().unwrap_err();
    assert!(!error.to_string().contains('\n'));
}

#[test]
fn success_without_data_is_an_error_of_its_own() {
    for data in ["", r#","data":null"#, r#","data":"""#] {
        let envelope = read(&format!(r#"{{"code":0,"msg":"SUCCESS"{data}}}"#));
        assert_eq!(envelope.into_result(), Err(ResponseError::DataMissing));
    }
}

#[test]
fn success_with_unreadable_data_names_the_member() {
    let cases = [
        (r#"{"code":0,"data":{}}"#, DecodeErrorKind::Missing, "data.availableAmount"),
        (
            r#"{"code":0,"data":{"availableAmount":"1","availableAmount":"2"}}"#,
            DecodeErrorKind::Duplicate,
            "data.availableAmount",
        ),
        (r#"{"code":0,"data":[4711]}"#, DecodeErrorKind::NotAnObject, "data"),
        (r#"{"code":0,"data":"4711"}"#, DecodeErrorKind::NotAnObject, "data"),
    ];
    for (json, kind, path) in cases {
        let by_serde: Envelope<Balance> = serde_json::from_str(json).unwrap();
        assert_eq!(by_serde, read(json));
        let error = read(json).into_result().unwrap_err();
        assert!(error.to_string().contains(path) && !whole_text(&error).contains("4711"), "{error:?}");
        let ResponseError::Unreadable(error) = error else { panic!("{error}") };
        assert_eq!((error.kind(), error.path()), (kind, path), "{json}");
        assert!(!whole_text(&error).contains("4711"), "{error:?}");
    }
}

#[test]
fn an_envelope_without_a_usable_code_is_refused() {
    assert_eq!(refused("{}"), (DecodeErrorKind::Missing, "code".to_owned()));
    assert_eq!(refused(r#"{"code":null}"#), (DecodeErrorKind::Missing, "code".to_owned()));
    for code in ["\"\"", "0.5", "true", "{}", "18446744073709551616", "-9223372036854775809", "1e400"] {
        assert_eq!(
            refused(&format!(r#"{{"code":{code}}}"#)),
            (DecodeErrorKind::Unreadable, "code".to_owned())
        );
    }
    assert_eq!(refused(r#"{"code":0,"code":1}"#), (DecodeErrorKind::Duplicate, "code".to_owned()));
    for json in ["", "[]", "\"x\"", "null", "{\"code\":0", "<html>"] {
        assert_eq!(refused(json).1, "");
    }
    assert_eq!(Envelope::<Balance>::from_slice(&[0xff, 0xfe]).unwrap_err().kind(), DecodeErrorKind::NotJson);
}

#[test]
fn sign_and_unknown_members_survive() {
    let json = r#"{"code":0,"msg":"SUCCESS","sign":"3046","traceId":1.50,"data":{"availableAmount":"1","frozenAmount":"2","x":null,"y":[1.10]}}"#;
    let envelope = read(json);
    assert_eq!(envelope.sign.as_deref(), Some("3046"));
    assert_eq!(envelope.extra.get("traceId"), Some("1.50"));
    let balance = envelope.data.as_ref().unwrap();
    assert_eq!((balance.extra.get("x"), balance.extra.get("y")), (Some("null"), Some("[1.10]")));
    assert_eq!(written(&envelope), serde_json::from_str::<Value>(json).unwrap());
    assert!(serde_json::to_string(&envelope).unwrap().contains("1.50"));
}

#[test]
fn a_server_makes_responses_and_refusals() {
    let balance = Balance::new(MerchantNo::new("M1").unwrap(), Amount::from(5_u32), Amount::ZERO);
    assert_eq!(
        written(&Envelope::success(balance)),
        json!({"code": 0, "msg": "SUCCESS", "data": {"availableAmount": "5", "frozenAmount": "0", "mchNo": "M1"}})
    );
    let refusal = Envelope::<Balance>::without_data(ErrorCode::SIGNATURE_ERROR, "sign error");
    assert_eq!(written(&refusal), json!({"code": 5_003_008, "msg": "sign error"}));
}

/// A foreign response whose calls send no data.
#[derive(Debug, PartialEq)]
struct Nothing;

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u8::deserialize(deserializer).map(|_| Self)
    }
}

impl Decode for Nothing {
    fn absent() -> Option<Self> {
        Some(Self)
    }
}

#[test]
fn a_call_may_have_responses_without_data() {
    let submit = r#"{"code":0,"msg":"SUCCESS"}"#;
    assert_eq!(Envelope::<Nothing>::from_json(submit).unwrap().into_result(), Ok(Nothing));
    assert!(Envelope::<Nothing>::from_json(r#"{"code":1}"#).unwrap().into_result().is_err());
}

#[test]
fn any_json_or_none_can_be_the_response() {
    let read = |json: &str| Envelope::<Option<RawJson>>::from_json(json).unwrap().into_result();
    for data in ["", r#","data":null"#, r#","data": null "#, r#","data":"""#] {
        assert_eq!(read(&format!(r#"{{"code":0{data}}}"#)), Ok(None), "{data}");
    }
    for data in ["{}", "[]", "false", "0", "\"null\"", r#"{"n": 1.50}"#] {
        let response = read(&format!(r#"{{"code":0,"data":{data}}}"#)).unwrap();
        assert_eq!(response.as_ref().map(RawJson::get), Some(data));
    }
    assert!(matches!(read(r#"{"code":1}"#), Err(ResponseError::Refused(_))));
    assert_eq!(Option::<RawJson>::from_json(" null ").unwrap(), None);
    assert_eq!(Option::<RawJson>::from_json("{").unwrap_err().kind(), DecodeErrorKind::NotJson);
}

#[test]
fn errors_of_foreign_responses_repeat_no_value() {
    let error =
        Envelope::<Nothing>::from_json(r#"{"code":0,"data":"secret"}"#).unwrap().into_result().unwrap_err();
    assert!(!whole_text(&error).contains("secret"));
    let ResponseError::Unreadable(error) = error else { panic!("{error}") };
    assert_eq!((error.kind(), error.path()), (DecodeErrorKind::Unreadable, "data"));
    assert_eq!(Nothing::from_json("{").unwrap_err().kind(), DecodeErrorKind::NotJson);
}

#[test]
fn open_json_can_be_the_response() {
    let json = r#"{"code":0,"data":{"url":"https://x","n":1.50}}"#;
    let members = Envelope::<Members>::from_json(json).unwrap().into_result().unwrap();
    assert_eq!(members.get("n"), Some("1.50"));
    let value = Envelope::<Value>::from_json(json).unwrap().into_result().unwrap();
    assert_eq!(value["url"], "https://x");
}

#[test]
fn deep_nesting_breaks_nothing() {
    const DEPTH: usize = 200_000;
    let deep = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    let envelope = read(&format!(
        r#"{{"code":0,"x":{deep},"data":{{"availableAmount":"1","frozenAmount":"1","y":{deep}}}}}"#
    ));
    assert_eq!(envelope.extra.get("x").map(str::len), Some(2 * DEPTH));
    assert_eq!(envelope.extra.value("x"), None);
    assert_eq!(serde_json::to_string(&envelope.extra).unwrap().len(), 2 * DEPTH + 6);
    assert_eq!(refused(&format!(r#"{{"code":{deep}}}"#)).1, "code");
    assert_eq!(refused(&deep).0, DecodeErrorKind::NotAnObject);
    assert_eq!(refused(&"[".repeat(DEPTH)).1, "");
    assert_eq!(refused(&"{\"a\":".repeat(DEPTH)).0, DecodeErrorKind::NotJson);
    let deep_data = format!(r#"{{"code":0,"data":{deep}}}"#);
    assert!(
        matches!(read(&deep_data).into_result(), Err(ResponseError::Unreadable(error)) if error.path() == "data")
    );
    assert!(Envelope::<Value>::from_json(&deep_data).unwrap().into_result().is_err());
    let callback = format!(r#"{{"payOrderId":"P1","mchOrderNo":"D1","state":2,"x":{deep}}}"#);
    let callback = Callback::from_json(&callback).unwrap();
    assert_eq!(callback.extra.get("x").map(str::len), Some(2 * DEPTH));
}

proptest! {
    #[test]
    fn any_envelope_is_read_whole_or_refused(
        envelope in any_object(&["msg", "sign"]),
        code in prop_oneof![Just(json!(0)), any_json()],
        data in any_object(&["mchNo", "machNo", "availableAmount", "frozenAmount"]),
    ) {
        let mut envelope = envelope;
        envelope["code"] = code;
        envelope["data"] = data;
        if let Ok(read) = Envelope::<Balance>::from_json(&envelope.to_string()) {
            // Known members may change between text and number, none may come or go.
            let again = written(&read);
            let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
            prop_assert_eq!(names(&again), names(&envelope));
            // Of two spellings of one member, the one that was read hides the other when it is written.
            let data = &envelope["data"];
            if data.get("mchNo").is_none() || data.get("machNo").is_none() {
                prop_assert_eq!(Envelope::<Balance>::from_json(&again.to_string()).unwrap(), read);
            }
        }
    }

    #[test]
    fn every_refusal_is_read(code in 1_i64.., data in any_json(), msg in any_json()) {
        let json = json!({"code": code, "data": data, "msg": msg});
        let envelope = read(&json.to_string());
        prop_assert_eq!(envelope.code.code(), code);
        prop_assert!(envelope.into_result().is_err());
    }

    #[test]
    fn any_text_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(Envelope::<Balance>::from_slice(&bytes).is_err());
    }

    #[test]
    fn a_cut_response_is_refused(end in 0..GOOD.len()) {
        prop_assert!(Envelope::<Balance>::from_slice(&GOOD.as_bytes()[..end]).is_err());
    }
}
