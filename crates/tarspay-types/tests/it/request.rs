//! Requests: path, effect and body.

use std::borrow::Cow;
use std::error::Error as _;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tarspay_types::market::bangladesh::{Reprocessing, ReprocessingRequest};
use tarspay_types::{
    Amount, Balance, BalanceQuery, Currency, Decode, DecodeErrorKind, Deposit, DepositRequest, Direction,
    Effect, Error, ErrorKind, Members, MerchantNo, MerchantOrderNo, NotifyUrl, Order, OrderQuery, RawJson,
    Request, WayCode, WithMerchant,
};

use crate::support::written;

fn merchant() -> MerchantNo {
    MerchantNo::new("M1688443086").unwrap()
}

/// A request that is whatever it is given, for a call that the crate does not know.
struct Raw<T>(T);

impl<T: Serialize> Serialize for Raw<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: Serialize> Request for Raw<T> {
    type Response = Value;

    fn path(&self) -> Cow<'_, str> {
        "/api/tomorrow".into()
    }

    fn effect(&self) -> Effect {
        Effect::Other
    }
}

/// A request that lives in its path alone.
struct Submit(&'static str);

impl Serialize for Submit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl Request for Submit {
    type Response = Members;

    fn path(&self) -> Cow<'_, str> {
        format!("/api/bd/{}", self.0).into()
    }

    fn effect(&self) -> Effect {
        Effect::Other
    }

    fn body(&self, _: &MerchantNo) -> Result<Option<Members>, Error> {
        Ok(None)
    }
}

#[test]
fn the_balance_request_knows_its_call() {
    let request = BalanceQuery::default();
    assert_eq!(request.path(), "/api/balanceInfo");
    assert!(request.effect().is_read() && !request.effect().creates_order());
    let body = request.body(&merchant()).unwrap().unwrap();
    assert_eq!(serde_json::to_string(&body).unwrap(), r#"{"mchNo":"M1688443086"}"#);
}

#[test]
fn undocumented_members_are_sent_like_the_rest() {
    let mut request = BalanceQuery::new();
    request.extra.insert("currency", "BRA").unwrap();
    let body = request.body(&merchant()).unwrap().unwrap();
    assert_eq!(serde_json::to_string(&body).unwrap(), r#"{"currency":"BRA","mchNo":"M1688443086"}"#);
}

#[test]
fn a_body_is_one_object_however_the_request_is_written() {
    for (written, count) in [("{}", 1), ("{ \n}", 1), (" { } ", 1), (r#"{ "a" : "}" , "b":{} }"#, 3)] {
        let request = Raw(RawJson::from_json(written).unwrap());
        let members = request.body(&merchant()).unwrap().unwrap();
        assert_eq!((members.len(), members.get("mchNo")), (count, Some("\"M1688443086\"")));
    }
}

#[test]
fn a_path_can_hold_values_and_a_body_can_be_none() {
    let request = Submit("P1/T1");
    assert_eq!(request.path(), "/api/bd/P1/T1");
    assert_eq!(request.body(&merchant()).unwrap(), None);
    assert!(!request.effect().is_read());
}

#[test]
fn a_request_that_is_no_object_is_refused() {
    for value in [Value::Null, json!([1]), json!("x"), json!(1)] {
        let error = Raw(value).body(&merchant()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAnObject);
        assert!(error.source().is_some());
    }
}

#[test]
fn a_second_merchant_number_is_refused() {
    for value in [json!("M1688443086"), json!("other"), Value::Null] {
        let request = Raw(json!({"mchNo": value, "a": 1}));
        assert_eq!(request.body(&merchant()).unwrap_err().kind(), ErrorKind::MerchantGiven);
        let error = serde_json::to_string(&WithMerchant::new(merchant(), request)).unwrap_err();
        assert!(error.to_string().contains("leave it out"), "{error}");
    }
}

#[test]
fn a_request_that_cannot_be_written_or_repeats_a_member_is_refused() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    struct Twice;
    impl Serialize for Twice {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([("amount", 1), ("amount", 2)])
        }
    }
    assert!(serde_json::to_string(&WithMerchant::new(merchant(), Broken)).is_err());
    let error = serde_json::to_string(&WithMerchant::new(merchant(), Twice)).unwrap_err();
    assert!(error.to_string().contains("distinct"), "{error}");
}

#[test]
fn a_server_reads_the_request_and_whose_it_is() {
    let json = r#"{"mchNo":"M1","note":1.50}"#;
    let received = WithMerchant::<BalanceQuery>::from_json(json).unwrap();
    assert_eq!(received.merchant_no.as_str(), "M1");
    assert_eq!(received.request.extra.get("note"), Some("1.50"));
    assert_eq!(written(&received), json!({"mchNo": "M1", "note": 1.50}));
    for (json, kind) in [
        ("{}", DecodeErrorKind::Missing),
        (r#"{"mchNo":null}"#, DecodeErrorKind::Missing),
        (r#"{"mchNo":""}"#, DecodeErrorKind::Unreadable),
        (r#"{"mchNo":"M1","mchNo":"M2"}"#, DecodeErrorKind::Duplicate),
    ] {
        let error = WithMerchant::<BalanceQuery>::from_json(json).unwrap_err();
        assert_eq!((error.kind(), error.path()), (kind, "mchNo"), "{json}");
    }
    assert_eq!(
        WithMerchant::<BalanceQuery>::from_json("[]").unwrap_err().kind(),
        DecodeErrorKind::NotAnObject
    );
}

#[test]
fn effects_tell_what_may_be_repeated() {
    let reads =
        [Effect::Read, Effect::CreateDeposit, Effect::CreateWithdrawal, Effect::Other].map(Effect::is_read);
    assert_eq!(reads, [true, false, false, false]);
    let creates = [Effect::Read, Effect::CreateDeposit, Effect::CreateWithdrawal, Effect::Other]
        .map(Effect::creates_order);
    assert_eq!(creates, [false, true, true, false]);
}

#[test]
fn a_response_about_something_else_is_noticed() {
    let merchant = MerchantNo::new("M1").unwrap();
    let query = OrderQuery::deposit(MerchantOrderNo::new("D1").unwrap());
    for (json, fits) in [
        (r#"{"state":2}"#, true),
        (r#"{"state":2,"mchOrderNo":"D1","mchNo":"M1","payOrderId":"P9"}"#, true),
        (r#"{"state":2,"mchOrderNo":"OTHER"}"#, false),
        (r#"{"state":2,"mchOrderNo":"D1","mchNo":"M2"}"#, false),
        (r#"{"state":2,"mchOrderNo":"D1","machNo":"M2"}"#, false),
    ] {
        assert_eq!(query.is_answered_by(&merchant, &Order::from_json(json).unwrap()), fits, "{json}");
    }
    let query = OrderQuery::by_pay_order_id(Direction::Deposit, "P1".parse().unwrap());
    for (json, fits) in
        [(r#"{"state":2,"payOrderId":"P1"}"#, true), (r#"{"state":2,"payOrderId":"P2"}"#, false)]
    {
        assert_eq!(query.is_answered_by(&merchant, &Order::from_json(json).unwrap()), fits, "{json}");
    }
    for (json, fits) in [
        (r#"{"availableAmount":"1","frozenAmount":"0"}"#, true),
        (r#"{"availableAmount":"1","frozenAmount":"0","machNo":"M1"}"#, true),
        (r#"{"availableAmount":"1","frozenAmount":"0","mchNo":"M2"}"#, false),
    ] {
        let balance = Balance::from_json(json).unwrap();
        assert_eq!(BalanceQuery::new().is_answered_by(&merchant, &balance), fits, "{json}");
    }
    let deposit = DepositRequest::new(
        "D1".parse().unwrap(),
        WayCode::CASHIER,
        Currency::KES,
        Amount::from(100_u32),
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    );
    for (json, fits) in [("{}", true), (r#"{"mchOrderNo":"D1"}"#, true), (r#"{"mchOrderNo":"D2"}"#, false)] {
        assert_eq!(deposit.is_answered_by(&merchant, &Deposit::from_json(json).unwrap()), fits, "{json}");
    }
    let reprocess = ReprocessingRequest::new("T1".parse().unwrap(), "D1".parse().unwrap());
    let other = Reprocessing::from_json(r#"{"status":1,"mchOrderNo":"D1","trxId":"T2"}"#).unwrap();
    assert!(!reprocess.is_answered_by(&merchant, &other));
}
