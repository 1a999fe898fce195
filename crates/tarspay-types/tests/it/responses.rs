//! Every response type: anything odd in any member, and what no oddity may do.

use std::fmt::Debug;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};
use tarspay_types::market::LookupStatus;
use tarspay_types::market::bangladesh::{ReprocessStatus, Reprocessing, Submission, Transaction};
use tarspay_types::market::brazil::{Certificate, DepositByTrxId};
use tarspay_types::market::india::TransferByUtr;
use tarspay_types::{
    Amount, Balance, Callback, Currency, Decode, DecodeErrorKind, Deposit, Envelope, ErrorCode, MerchantNo,
    MerchantOrderNo, Order, OrderState, PayOrderId, PayWay, PayWays, RawJson, ResponseError, TrxId, Utr,
    WayCode, Withdrawal,
};

use crate::support::{any_json, any_object, written};

/// A whole response of each type, with every documented member.
pub(crate) fn deposit() -> Value {
    json!({
        "payOrderId": "P1", "mchOrderNo": "D1", "orderState": 1, "amount": "100.00", "currency": "BDT",
        "countryCode": "bd", "customerContact": "01011111111", "payDataType": "payurl",
        "payUrl": "https://payment.example/#/order/P1", "payData": "01700000000", "expiredTime": 1_659_320_053,
        "requestUrl": "https://shop.example/", "body": "Test", "originalAccountNumber": "0300",
        "accountName": "홍길동", "typeBank": "KB",
        "payWays": {"ewallet": [pay_way()]}
    })
}

pub(crate) fn pay_way() -> Value {
    json!({
        "payWay": "EWALLET_BKASH", "payWayType": "ewallet", "payWayLogo": "https://logo.example/a.svg",
        "countryCode": "bd", "skipMode": 1, "id": 20, "state": 1, "createdAt": 0, "updatedAt": 0,
        "payCode": "01700000000"
    })
}

pub(crate) fn withdrawal() -> Value {
    json!({"payOrderId": "P1", "mchOrderNo": "D1", "orderState": 1})
}

pub(crate) fn order() -> Value {
    json!({
        "payOrderId": "P1", "mchOrderNo": "D1", "mchNo": "M1", "orderAmount": "100", "payAmount": "0",
        "currency": "KES", "fee": "0", "state": 1
    })
}

pub(crate) fn brazil_trx() -> Value {
    let mut json = order();
    json["trxId"] = json!("E1");
    json
}

pub(crate) fn bangladesh_trx() -> Value {
    json!({"status": 1, "message": "ok", "trxId": "T1", "amount": "100", "mchOrderNo": "D1"})
}

pub(crate) fn reprocessed() -> Value {
    json!({"status": 1, "message": "ok", "payOrderId": "P1", "mchOrderNo": "D1", "trxId": "T1"})
}

pub(crate) fn utr() -> Value {
    json!({"status": 2, "message": "ok", "utr": "22", "amount": "100", "mchOrderNo": "D1"})
}

pub(crate) fn callback() -> Value {
    json!({
        "bizType": 2, "payOrderId": "P1", "mchNo": "M1", "mchOrderNo": "D1", "orderAmount": "100",
        "payAmount": "100", "currency": "EGP", "state": 3, "fee": "2", "failReason": "payment failed"
    })
}

pub(crate) fn balance() -> Value {
    json!({"availableAmount": "1", "frozenAmount": "0", "mchNo": "M1"})
}

/// Reads and writes the whole response, then changes each member in each way: gone, null, of every other type,
/// unknown. What is not required never fails; what is read keeps everything.
fn survives_every_change<T: Decode + Serialize + PartialEq + Debug>(whole: &Value, required: &[&str]) {
    let accepts = |json: &Value| {
        let response = T::from_json(&json.to_string()).unwrap_or_else(|error| panic!("{error}: {json}"));
        assert_eq!(T::from_json(&written(&response).to_string()).unwrap(), response);
        response
    };
    assert_eq!(written(&accepts(whole)), *whole);
    for name in whole.as_object().unwrap().keys() {
        for value in [
            None,
            Some(Value::Null),
            Some(json!("")),
            Some(json!([])),
            Some(json!({})),
            Some(json!([[1]])),
            Some(json!(true)),
            Some(json!(-1)),
            Some(json!(1.5)),
            Some(json!(u64::MAX)),
            Some(json!(" x\n")),
            Some(json!("unknown")),
        ] {
            let mut json = whole.clone();
            json.as_object_mut().unwrap().remove(name);
            let is_missing = value.as_ref().is_none_or(Value::is_null);
            if let Some(value) = value {
                json[name] = value;
            }
            if !required.contains(&name.as_str()) {
                accepts(&json);
                continue;
            }
            match T::from_json(&json.to_string()) {
                Ok(response) => assert_eq!(T::from_json(&written(&response).to_string()).unwrap(), response),
                Err(error) => {
                    assert_eq!(error.path(), name);
                    assert_eq!(error.kind() == DecodeErrorKind::Missing, is_missing, "{json}");
                }
            }
            let is_absent = json.get(name).is_none();
            assert!(!is_absent || T::from_json(&json.to_string()).is_err(), "{name} is required");
        }
    }
    let mut more = whole.clone();
    more["tomorrow"] = json!({"a": [1, "x", null]});
    assert_eq!(written(&accepts(&more)), more, "an unknown member survives");
}

#[test]
fn odd_members_never_cost_a_response_that_can_do_without_them() {
    survives_every_change::<Deposit>(&deposit(), &[]);
    survives_every_change::<PayWay>(&pay_way(), &[]);
    survives_every_change::<PayWays>(&json!({"UPI": [pay_way()], "new": [{}]}), &[]);
    survives_every_change::<Withdrawal>(&withdrawal(), &[]);
    survives_every_change::<Order>(&order(), &["state"]);
    survives_every_change::<DepositByTrxId>(&brazil_trx(), &[]);
    survives_every_change::<Transaction>(&bangladesh_trx(), &["status"]);
    survives_every_change::<Reprocessing>(&reprocessed(), &["status"]);
    survives_every_change::<TransferByUtr>(&utr(), &["status"]);
    survives_every_change::<Balance>(&balance(), &["availableAmount", "frozenAmount"]);
    survives_every_change::<Callback>(&callback(), &["payOrderId", "mchOrderNo", "state"]);
}

#[test]
fn a_create_response_that_is_no_object_or_ambiguous_is_unreadable() {
    for (data, kind, path) in [
        ("[]", DecodeErrorKind::NotAnObject, "data"),
        ("17", DecodeErrorKind::NotAnObject, "data"),
        (r#"{"payOrderId":"P1","payOrderId":"P2"}"#, DecodeErrorKind::Duplicate, "data.payOrderId"),
    ] {
        let json = format!(r#"{{"code":0,"data":{data}}}"#);
        let unreadable = |error| match error {
            ResponseError::Unreadable(error) => (error.kind(), error.path().to_owned()),
            other => panic!("{other}"),
        };
        let deposit = Envelope::<Deposit>::from_json(&json).unwrap().into_result();
        assert_eq!(unreadable(deposit.unwrap_err()), (kind, path.to_owned()));
        let withdrawal = Envelope::<Withdrawal>::from_json(&json).unwrap().into_result();
        assert_eq!(unreadable(withdrawal.unwrap_err()), (kind, path.to_owned()));
    }
    let nested = r#"{"code":0,"data":{"payOrderId":"P1","payWays":{"UPI":[],"UPI":[]}}}"#;
    assert!(Envelope::<Deposit>::from_json(nested).unwrap().into_result().is_ok());
}

#[test]
fn unknown_states_codes_currencies_and_ways_survive_in_every_response() {
    let mut json = deposit();
    json["orderState"] = json!(7);
    json["currency"] = json!("XYZ");
    json["countryCode"] = json!("xy");
    json["payDataType"] = json!("hologram");
    json["payWays"] = json!({"NEW": [{"payWay": "TELEPATHY", "payWayType": "mind", "x": 1}]});
    let read = Deposit::from_json(&json.to_string()).unwrap();
    assert!(
        read.extra.is_empty()
            && !read.state.unwrap().is_known()
            && !read.currency.as_ref().unwrap().is_known()
    );
    assert_eq!(written(&read), json);

    let mut json = brazil_trx();
    json["state"] = json!(-4);
    json["currency"] = json!("BRL");
    assert_eq!(written(&DepositByTrxId::from_json(&json.to_string()).unwrap()), json);
    json.as_object_mut().unwrap().remove("trxId");
    assert_eq!(written(&Order::from_json(&json.to_string()).unwrap()), json);

    for (name, status) in [("status", 3), ("status", -1)] {
        let mut json = utr();
        json[name] = json!(status);
        assert_eq!(written(&TransferByUtr::from_json(&json.to_string()).unwrap()), json);
        let mut json = bangladesh_trx();
        json[name] = json!(status);
        assert_eq!(written(&Transaction::from_json(&json.to_string()).unwrap()), json);
        let mut json = reprocessed();
        json[name] = json!(status);
        let read = Reprocessing::from_json(&json.to_string()).unwrap();
        assert!(!read.status.is_success() && written(&read) == json);
    }

    let json = json!({"code": 5_003_019, "msg": "?", "data": withdrawal()});
    let read = Envelope::<Withdrawal>::from_json(&json.to_string()).unwrap();
    assert!(!read.code.is_known() && read.data.is_some() && written(&read) == json);
}

#[test]
fn state_and_order_state_are_read_in_every_response() {
    for name in ["state", "orderState"] {
        let json = json!({ name: "2" }).to_string();
        assert_eq!(Deposit::from_json(&json).unwrap().state, Some(OrderState::SUCCESS));
        assert_eq!(Withdrawal::from_json(&json).unwrap().state, Some(OrderState::SUCCESS));
        assert_eq!(DepositByTrxId::from_json(&json).unwrap().state, Some(OrderState::SUCCESS));
        assert_eq!(Order::from_json(&json).unwrap().state, OrderState::SUCCESS);
    }
    for name in ["mchNo", "machNo"] {
        let json = json!({"state": 1, name: "M1"}).to_string();
        assert_eq!(Order::from_json(&json).unwrap().merchant_no.unwrap().as_str(), "M1");
        assert_eq!(DepositByTrxId::from_json(&json).unwrap().merchant_no.unwrap().as_str(), "M1");
    }
}

#[test]
fn numbers_stand_for_texts_and_texts_for_numbers() {
    let deposit = Deposit::from_json(
        r#"{"amount":100.00,"expiredTime":"1659320053","orderState":"1","payData":1700000000,"mchOrderNo":7}"#,
    )
    .unwrap();
    assert!(deposit.extra.is_empty());
    assert_eq!(deposit.amount.unwrap().to_string(), "100.00");
    assert_eq!(deposit.expires_at.unwrap().seconds(), 1_659_320_053);
    assert_eq!(deposit.pay_data, Some("1700000000".into()));
    let status = TransferByUtr::from_json(r#"{"status":"2"}"#).unwrap().status;
    assert_eq!(status, LookupStatus::NOT_SUPPORTED);
}

#[test]
fn an_empty_text_in_a_response_means_none() {
    let json = json!({"payData": "", "customerContact": "", "payUrl": ""});
    let deposit = Deposit::from_json(&json.to_string()).unwrap();
    assert_eq!((&deposit.pay_data, &deposit.customer_contact, &deposit.pay_url), (&None, &None, &None));
    assert_eq!(written(&deposit), json);
}

#[test]
fn a_group_of_ways_that_cannot_be_used_stays_and_spoils_no_other() {
    for odd in [json!(null), json!("UPI"), json!({}), json!([1]), json!([null]), json!([{}, 1])] {
        let json = json!({"UPI": [pay_way()], "odd": odd});
        let ways = PayWays::from_json(&json.to_string()).unwrap();
        assert_eq!((ways.groups().count(), ways.iter().count(), ways.extra.len()), (1, 1, 1), "{json}");
        assert_eq!(written(&ways), json);
    }
    let twice = PayWays::from_json(r#"{"UPI":[{"id":1,"id":2}]}"#).unwrap();
    assert_eq!(twice.extra.get("UPI"), Some(r#"[{"id":1,"id":2}]"#));
    for odd in [json!([]), json!("x"), json!(1)] {
        let deposit = Deposit::from_json(&json!({ "payWays": odd }).to_string()).unwrap();
        assert_eq!((deposit.pay_ways, deposit.extra.value("payWays")), (None, Some(odd)));
    }
}

#[test]
fn a_group_that_is_set_hides_what_came() {
    let way = PayWay::new(WayCode::new("UPI").unwrap());
    let mut ways = PayWays::from_json(r#"{"UPI":null}"#).unwrap().with_group("UPI", vec![way.clone()]);
    assert_eq!(written(&ways), json!({"UPI": [{"payWay": "UPI"}]}));
    ways.extra.insert("UPI", "x").unwrap();
    assert_eq!(serde_json::to_string(&ways).unwrap(), r#"{"UPI":[{"payWay":"UPI"}]}"#);
    assert_eq!(ways.with_group("UPI", Vec::new()).group("UPI"), &[]);
}

#[test]
fn a_certificate_is_any_json() {
    for data in [json!({"a": [1]}), json!("https://bank.example/a.pdf"), json!([1]), json!(7), json!(false)] {
        let json = json!({"code": 0, "msg": "SUCCESS", "data": data});
        let envelope = Envelope::<Certificate>::from_json(&json.to_string()).unwrap();
        assert_eq!(written(&envelope), json);
        assert_eq!(envelope.into_result().unwrap().data.value(), Some(data));
    }
    assert!(Envelope::<Certificate>::from_json(r#"{"code":0}"#).unwrap().into_result().is_err());
}

#[test]
fn a_submit_needs_no_data_and_minds_none() {
    for (data, came) in
        [("", None), (r#","data":null"#, None), (r#","data":"""#, None), (r#","data":[1]"#, Some("[1]"))]
    {
        let json = format!(r#"{{"code":0,"msg":"SUCCESS"{data}}}"#);
        let envelope = Envelope::<Submission>::from_json(&json).unwrap();
        assert_eq!(written(&envelope), serde_json::from_str::<Value>(&json).unwrap());
        assert_eq!(envelope.into_result().unwrap().data.as_ref().map(RawJson::get), came);
    }
    let made = Envelope::<Submission>::without_data(ErrorCode::SUCCESS, "SUCCESS");
    assert_eq!(written(&made), json!({"code": 0, "msg": "SUCCESS"}));
    assert_eq!(Submission::from_json(&written(&Submission::new()).to_string()).unwrap(), Submission::new());
}

#[test]
fn a_server_can_make_every_response() {
    let (pay_order, order) = (PayOrderId::new("P1").unwrap(), MerchantOrderNo::new("D1").unwrap());
    let (trx, state) = (TrxId::new("T1").unwrap(), OrderState::PROCESSING);
    let mut made = Deposit::new(pay_order.clone(), order.clone(), state);
    made.pay_url = Some("https://payment.example/P1".into());
    made.pay_ways = Some(PayWays::new().with_group("UPI", vec![PayWay::new(WayCode::CASHIER)]));
    let expected = json!({
        "payOrderId": "P1", "mchOrderNo": "D1", "orderState": 1, "payUrl": "https://payment.example/P1",
        "payWays": {"UPI": [{"payWay": "CASHIER"}]}
    });
    assert_eq!(written(&made), expected);
    let both = json!({"payOrderId": "P1", "mchOrderNo": "D1"});
    assert_eq!(written(&Withdrawal::new(pay_order.clone(), order.clone())), both);
    let info = Order::new(pay_order.clone(), order.clone(), state);
    assert_eq!(written(&info), json!({"payOrderId": "P1", "mchOrderNo": "D1", "state": 1}));
    let brazil = DepositByTrxId::new(Currency::BRA, Amount::ZERO);
    assert_eq!(written(&brazil), json!({"currency": "BRA", "fee": "0"}));
    let bangladesh = Transaction::new(LookupStatus::FOUND, trx.clone());
    assert_eq!(written(&bangladesh), json!({"status": 1, "trxId": "T1"}));
    let again = Reprocessing::new(ReprocessStatus::SUCCESS, pay_order, order, trx);
    let expected = json!({"status": 1, "payOrderId": "P1", "mchOrderNo": "D1", "trxId": "T1"});
    assert_eq!(written(&again), expected);
    let found = TransferByUtr::new(LookupStatus::FAILED, Utr::new("22").unwrap());
    assert_eq!(written(&found), json!({"status": 0, "utr": "22"}));
    let certificate = Certificate::new(RawJson::new(&json!({"a": 1})).unwrap());
    assert_eq!(written(&certificate), json!({"a": 1}));
    let balance = Balance::new(MerchantNo::new("M1").unwrap(), Amount::ZERO, Amount::ZERO);
    assert_eq!(written(&balance)["mchNo"], "M1");
}

/// The response with one member, known or new, replaced by any JSON.
fn mutated(whole: Value) -> impl Strategy<Value = Value> {
    let mut names: Vec<String> = whole.as_object().unwrap().keys().cloned().collect();
    names.extend(["orderState", "state", "machNo", "payWays", "new"].map(String::from));
    (prop::sample::select(names), any_json()).prop_map(move |(name, value)| {
        let mut json = whole.clone();
        json[name] = value;
        json
    })
}

fn read_whole_or_refused<T: Decode + Serialize + PartialEq + Debug>(
    json: &Value,
) -> Result<(), TestCaseError> {
    let envelope = json!({"code": 0, "data": json}).to_string();
    if let Ok(envelope) = Envelope::<T>::from_json(&envelope) {
        let again = serde_json::to_string(&envelope).unwrap();
        prop_assert_eq!(Envelope::<T>::from_json(&again).unwrap(), envelope);
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_create_response_with_an_object_is_always_read(
        json in prop_oneof![mutated(deposit()), mutated(withdrawal()), any_object(&["payOrderId", "orderState", "payWays"])],
    ) {
        let envelope = json!({"code": 0, "msg": "SUCCESS", "data": json}).to_string();
        prop_assert!(Envelope::<Deposit>::from_json(&envelope).unwrap().into_result().is_ok());
        prop_assert!(Envelope::<Withdrawal>::from_json(&envelope).unwrap().into_result().is_ok());
        read_whole_or_refused::<Deposit>(&json)?;
        read_whole_or_refused::<Withdrawal>(&json)?;
    }

    #[test]
    fn no_oddity_makes_a_response_panic_or_lose_a_member(
        order in mutated(brazil_trx()),
        lookup in prop_oneof![mutated(utr()), mutated(bangladesh_trx()), mutated(reprocessed())],
        callback in mutated(callback()),
        balance in mutated(balance()),
        anything in any_json(),
    ) {
        for json in [&order, &lookup, &callback, &balance, &anything] {
            read_whole_or_refused::<Order>(json)?;
            read_whole_or_refused::<DepositByTrxId>(json)?;
            read_whole_or_refused::<Transaction>(json)?;
            read_whole_or_refused::<TransferByUtr>(json)?;
            read_whole_or_refused::<Reprocessing>(json)?;
            read_whole_or_refused::<Callback>(json)?;
            read_whole_or_refused::<Balance>(json)?;
            read_whole_or_refused::<Certificate>(json)?;
            read_whole_or_refused::<Submission>(json)?;
            read_whole_or_refused::<PayWays>(json)?;
        }
    }
}
