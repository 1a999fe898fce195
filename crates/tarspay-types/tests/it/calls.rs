//! Every request: its call, what it sends, and what it refuses to send.

use serde_json::{Value, json};
use std::error::Error as _;
use tarspay_types::market::bangladesh::{ReprocessingRequest, SubmissionRequest, TransactionQuery};
use tarspay_types::market::brazil::{CertificateQuery, DepositByTrxIdQuery};
use tarspay_types::market::india::TransferByUtrQuery;
use tarspay_types::{
    Amount, Currency, Decode, DecodeErrorKind, DepositRequest, Direction, Effect, Error, ErrorKind, Members,
    MerchantNo, MerchantOrderNo, NotifyUrl, OrderQuery, PayOrderId, Request, ReturnUrl, TrxId, Utr, WayCode,
    WithMerchant, WithdrawalRequest,
};

use crate::support::written;

fn merchant() -> MerchantNo {
    MerchantNo::new("M1").unwrap()
}

fn order() -> MerchantOrderNo {
    MerchantOrderNo::new("D1").unwrap()
}

fn pay_order() -> PayOrderId {
    PayOrderId::new("P1").unwrap()
}

fn trx() -> TrxId {
    TrxId::new("T1").unwrap()
}

pub(crate) fn deposit() -> DepositRequest {
    DepositRequest::new(
        order(),
        WayCode::CASHIER,
        Currency::KES,
        Amount::parse("100.00").unwrap(),
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    )
}

pub(crate) fn withdrawal() -> WithdrawalRequest {
    WithdrawalRequest::new(
        order(),
        WayCode::new("UPI").unwrap(),
        Currency::INR,
        Amount::from(100_u32),
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    )
}

fn body(request: &impl Request) -> Value {
    written(&request.body(&merchant()).unwrap().unwrap())
}

/// Path, effect, whether it is about an order, and body; read back, the body gives the request again.
fn pin<R>(request: &R, path: &str, effect: Effect, about: Option<&MerchantOrderNo>, sent: Value)
where
    R: Request + Decode + PartialEq + std::fmt::Debug,
{
    let sent = pin_sent(request, path, effect, about, sent);
    let received = WithMerchant::<R>::from_json(&sent.to_string()).unwrap();
    let members = Members::from_json(&sent.to_string()).unwrap();
    assert_eq!(WithMerchant::<R>::from_members(&members).unwrap().request, received.request);
    assert_eq!((&received.request, received.merchant_no), (request, merchant()));
}

fn pin_sent(
    request: &impl Request,
    path: &str,
    effect: Effect,
    about: Option<&MerchantOrderNo>,
    mut sent: Value,
) -> Value {
    assert_eq!((request.path().as_ref(), request.effect()), (path, effect));
    assert_eq!(request.merchant_order_no(), about);
    sent["mchNo"] = json!("M1");
    assert_eq!(body(request), sent);
    sent
}

#[test]
fn every_call_knows_its_path_its_effect_and_its_body() {
    let deposit_sent = json!({
        "mchOrderNo": "D1", "wayCode": "CASHIER", "currency": "KES", "amount": "100.00",
        "notifyUrl": "https://shop.example/notify"
    });
    let order_no = order();
    let about = Some(&order_no);
    pin(&deposit(), "/api/pay/unifiedOrder", Effect::CreateDeposit, about, deposit_sent);
    let withdrawal_sent = json!({
        "mchOrderNo": "D1", "wayCode": "UPI", "currency": "INR", "amount": "100",
        "notifyUrl": "https://shop.example/notify"
    });
    pin(&withdrawal(), "/api/payOut/unifiedOrder", Effect::CreateWithdrawal, about, withdrawal_sent);

    let read = Effect::Read;
    let (by_order, by_pay_order) = (json!({"mchOrderNo": "D1"}), json!({"payOrderId": "P1"}));
    for (direction, path) in
        [(Direction::Deposit, "/api/payInInfo"), (Direction::Withdrawal, "/api/payOutInfo")]
    {
        pin_sent(&OrderQuery::new(direction, order()), path, read, about, by_order.clone());
        pin_sent(
            &OrderQuery::by_pay_order_id(direction, pay_order()),
            path,
            read,
            None,
            by_pay_order.clone(),
        );
    }
    assert_eq!(OrderQuery::deposit(order()), OrderQuery::new(Direction::Deposit, order()));
    assert_eq!(OrderQuery::withdrawal(order()), OrderQuery::new(Direction::Withdrawal, order()));
    pin(&CertificateQuery::by_merchant_order_no(order()), "/api/payOutProof", read, about, by_order);
    pin(&CertificateQuery::by_pay_order_id(pay_order()), "/api/payOutProof", read, None, by_pay_order);

    let trx_sent = json!({"trxId": "T1"});
    pin(&DepositByTrxIdQuery::new(trx()), "/api/orderInfo/trxId", read, None, trx_sent.clone());
    pin(&TransactionQuery::new(trx()), "/api/trxQuery", read, None, trx_sent);
    let reprocess = ReprocessingRequest::new(trx(), order());
    let sent = json!({"trxId": "T1", "mchOrderNo": "D1"});
    pin(&reprocess, "/api/trxSupplement", Effect::Other, about, sent);
    let utr = TransferByUtrQuery::new(Utr::new("22").unwrap(), order());
    pin(&utr, "/api/utrQuery", read, about, json!({"utr": "22", "mchOrderNo": "D1"}));
}

#[test]
fn both_numbers_can_be_given_for_a_certificate() {
    let request = CertificateQuery::by_merchant_order_no(order()).pay_order_id(pay_order());
    assert_eq!(body(&request), json!({"mchNo": "M1", "mchOrderNo": "D1", "payOrderId": "P1"}));
}

#[test]
fn every_optional_member_has_a_setter() {
    let request = deposit()
        .return_url(ReturnUrl::new("https://shop.example/#/back").unwrap())
        .customer_name("name")
        .customer_email("email")
        .customer_contact("contact")
        .customer_account_number(String::from("account"))
        .subject("subject")
        .description("body")
        .attach("attach")
        .step(0);
    let expected = json!({
        "mchNo": "M1", "mchOrderNo": "D1", "wayCode": "CASHIER", "currency": "KES", "amount": "100.00",
        "notifyUrl": "https://shop.example/notify", "returnUrl": "https://shop.example/#/back",
        "customerName": "name", "customerEmail": "email", "customerContact": "contact",
        "customerAccountNumber": "account", "subject": "subject", "body": "body", "attach": "attach", "step": 0
    });
    assert_eq!(written(&WithMerchant::new(merchant(), request)), expected);

    let request = withdrawal()
        .customer_name("name")
        .customer_email("email")
        .customer_contact("contact")
        .customer_account_number("account")
        .account_tax("tax")
        .bank_name("bank")
        .ifsc("ifsc")
        .address("address")
        .wallet_id("wallet");
    let expected = json!({
        "mchNo": "M1", "mchOrderNo": "D1", "wayCode": "UPI", "currency": "INR", "amount": "100",
        "notifyUrl": "https://shop.example/notify", "customerName": "name", "customerEmail": "email",
        "customerContact": "contact", "customerAccountNumber": "account", "accountTax": "tax",
        "bankName": "bank", "ifsc": "ifsc", "address": "address", "walletId": "wallet"
    });
    assert_eq!(body(&request), expected);
}

#[test]
fn nothing_is_never_turned_into_empty_and_empty_is_kept() {
    assert!(!body(&deposit()).as_object().unwrap().contains_key("returnUrl"));
    let request = deposit().return_url(ReturnUrl::EMPTY).customer_email("");
    let sent = body(&request);
    assert_eq!((&sent["returnUrl"], &sent["customerEmail"]), (&json!(""), &json!("")));
    assert_eq!(WithMerchant::<DepositRequest>::from_json(&sent.to_string()).unwrap().request, request);
}

#[test]
fn undocumented_members_are_signed_and_sent_like_the_rest() {
    let request = withdrawal()
        .with_extra("bankCode", "AUBKP")
        .and_then(|request| request.with_extra("level", &-3))
        .and_then(|request| request.with_extra("fast", &true))
        .and_then(|request| request.with_extra("note", ""))
        .and_then(|request| request.with_extra("level", &4))
        .unwrap();
    let sent = body(&request);
    assert_eq!(
        [&sent["bankCode"], &sent["level"], &sent["fast"], &sent["note"]],
        [&json!("AUBKP"), &json!(4), &json!(true), &json!("")]
    );
}

#[test]
fn undocumented_members_that_cannot_be_signed_are_refused() {
    for value in [json!(1.5), json!(1e300), json!({}), json!([1]), Value::Null] {
        let error = deposit().with_extra("x", &value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFlat, "{value}");
    }
    for name in ["amount", "customerName", "step", "mchOrderNo"] {
        assert_eq!(deposit().with_extra(name, "x").unwrap_err().kind(), ErrorKind::KnownMember, "{name}");
    }
    let query = OrderQuery::deposit(order());
    assert_eq!(query.with_extra("payOrderId", "x").unwrap_err().kind(), ErrorKind::KnownMember);
    assert_eq!(deposit().with_extra("mchNo", "M2").unwrap_err().kind(), ErrorKind::MerchantGiven);
    for name in ["", " x", "x\n"] {
        assert!(deposit().with_extra(name, "x").is_err());
    }
}

#[test]
fn an_incomplete_request_is_refused_and_its_members_can_still_be_read() {
    for name in ["mchOrderNo", "wayCode", "currency", "amount", "notifyUrl"] {
        for (value, kind) in [
            (None, DecodeErrorKind::Missing),
            (Some(Value::Null), DecodeErrorKind::Missing),
            (Some(json!("")), DecodeErrorKind::Unreadable),
            (Some(json!([])), DecodeErrorKind::Unreadable),
        ] {
            let mut json = body(&deposit());
            json.as_object_mut().unwrap().remove(name);
            if let Some(value) = value {
                json[name] = value;
            }
            let error = WithMerchant::<DepositRequest>::from_json(&json.to_string()).unwrap_err();
            let members = Members::from_json(&json.to_string()).unwrap();
            let same = WithMerchant::<DepositRequest>::from_members(&members).unwrap_err();
            assert_eq!((same.path(), same.kind()), (error.path(), error.kind()));
            assert_eq!((error.path(), error.kind()), (name, kind), "{json}");
            let received = WithMerchant::<Members>::from_json(&json.to_string()).unwrap();
            assert_eq!((received.merchant_no.clone(), written(&received)), (merchant(), json));
        }
    }
    assert_eq!(ReprocessingRequest::from_json("{}").unwrap_err().path(), "trxId");
    let nothing = CertificateQuery::from_json(r#"{"payOrderId":null}"#).unwrap();
    assert_eq!(
        nothing.check().unwrap_err().to_string(),
        "`mchOrderNo` or `payOrderId` is required and missing; set it"
    );
}

#[test]
fn a_request_that_was_stored_is_read_back_the_same() {
    let request = deposit().customer_contact("254115555076").with_extra("note", "blue").unwrap();
    let stored = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<DepositRequest>(&stored).unwrap(), request);
    let error = serde_json::from_str::<DepositRequest>(&stored.replace("\"100.00\"", "-1")).unwrap_err();
    assert!(error.to_string().contains("`amount`"), "{error}");
}

#[test]
fn an_optional_member_that_cannot_be_used_is_never_sent() {
    let mut json = body(&deposit());
    for (name, value, why) in [
        ("returnUrl", json!("shop"), "return URL is not an address"),
        ("step", json!("x"), "number has the wrong JSON type; give a whole number"),
        ("customerName", json!({}), "text has the wrong JSON type; give a text or a number"),
    ] {
        json[name] = value;
        let mut request = WithMerchant::<DepositRequest>::from_json(&json.to_string()).unwrap().request;
        let error = request.body(&merchant()).unwrap_err();
        assert_eq!((error.what(), error.kind()), (name, ErrorKind::Unusable));
        let cause = error.source().unwrap().to_string();
        assert!(cause.starts_with(why), "{cause}");
        request.extra.remove(name);
        assert!(request.check().is_ok());
        json.as_object_mut().unwrap().remove(name);
    }
    json["customerName"] = Value::Null;
    let received = WithMerchant::<DepositRequest>::from_json(&json.to_string()).unwrap();
    assert!(received.request.check().is_ok(), "null is a documented way to give nothing");
}

#[test]
fn a_field_that_is_set_stands_for_the_member_that_could_not_be_used() {
    let mut json = body(&deposit());
    json["step"] = json!("a lot");
    let request = WithMerchant::<DepositRequest>::from_json(&json.to_string()).unwrap().request.step(0);
    assert_eq!(body(&request)["step"], 0);
}

/// Reads the request with this member changed and gives it back as it came; whether it may be sent.
fn sends<R: Request + Decode>(request: &R, name: &str, value: &str) -> Result<(), (&'static str, ErrorKind)> {
    let mut json = written(request);
    json[name] = json!(value);
    let received = R::from_json(&json.to_string()).unwrap();
    assert_eq!(written(&received), json, "read whole");
    let error = |error: Error| (error.what(), error.kind());
    assert_eq!(received.check().map_err(error), received.body(&merchant()).map(drop).map_err(error));
    received.check().map_err(error)
}

#[test]
fn an_identifier_or_word_that_cannot_be_made_is_read_but_never_sent() {
    let long = "1".repeat(129);
    for (value, kind) in [
        (" D1", ErrorKind::SurroundingBlank),
        ("D1 ", ErrorKind::SurroundingBlank),
        (&long, ErrorKind::TooLong),
    ] {
        for name in ["mchOrderNo", "wayCode", "currency"] {
            assert_eq!(sends(&deposit(), name, value), Err((name, kind)));
            assert_eq!(sends(&withdrawal(), name, value), Err((name, kind)));
        }
        for name in ["mchOrderNo", "payOrderId"] {
            assert_eq!(
                sends(&CertificateQuery::by_pay_order_id(pay_order()), name, value),
                Err((name, kind))
            );
        }
        for name in ["trxId", "mchOrderNo"] {
            assert_eq!(sends(&ReprocessingRequest::new(trx(), order()), name, value), Err((name, kind)));
        }
        assert_eq!(sends(&DepositByTrxIdQuery::new(trx()), "trxId", value), Err(("trxId", kind)));
        assert_eq!(sends(&TransactionQuery::new(trx()), "trxId", value), Err(("trxId", kind)));
        assert_eq!(
            sends(&TransferByUtrQuery::new(Utr::new("22").unwrap(), order()), "utr", value),
            Err(("utr", kind))
        );

        let received = MerchantOrderNo::from_json(&json!(value).to_string()).unwrap();
        let error = OrderQuery::withdrawal(received).body(&merchant()).unwrap_err();
        assert_eq!((error.what(), error.kind()), ("mchOrderNo", kind));
        let received = PayOrderId::from_json(&json!(value).to_string()).unwrap();
        let error = OrderQuery::by_pay_order_id(Direction::Deposit, received).check().unwrap_err();
        assert_eq!((error.what(), error.kind()), ("payOrderId", kind));
        let merchant_no = MerchantNo::from_json(&json!(value).to_string()).unwrap();
        let error = deposit().body(&merchant_no).unwrap_err();
        assert_eq!((error.what(), error.kind()), ("mchNo", kind));
        let submit = json!({"payOrderId": "P1", "trxId": value}).to_string();
        assert!(SubmissionRequest::from_json(&submit).is_err());
    }
    assert_eq!(sends(&deposit(), "mchOrderNo", "D2"), Ok(()));
    assert_eq!(sends(&deposit(), "customerName", " any text "), Ok(()));
}

#[test]
fn a_submit_lives_in_its_path_alone() {
    let submit = SubmissionRequest::new(pay_order(), trx()).unwrap();
    assert_eq!((submit.path().as_ref(), submit.effect()), ("/api/bd/P1/T1", Effect::Other));
    assert_eq!(submit.body(&merchant()).unwrap(), None);
    assert_eq!((submit.merchant_order_no(), submit.check().is_ok()), (None, true));
    assert_eq!(SubmissionRequest::from_path("/api/bd/P1/T1"), Some(submit.clone()));
    assert_eq!(SubmissionRequest::from_json(&written(&submit).to_string()).unwrap(), submit);
    for path in
        ["/api/bd/P1", "/api/bd/P1/", "/api/bd//T1", "/api/bd/P1/T1/", "/api/bd/P1/T%31", "/api/trxQuery"]
    {
        assert_eq!(SubmissionRequest::from_path(path), None, "{path}");
    }
    assert!(SubmissionRequest::from_json(r#"{"payOrderId":"P1","trxId":"T/1"}"#).is_err());
}

#[test]
fn a_submit_takes_letters_and_digits_only() {
    for text in ["a/b", "..", "a b", "a?b", "a#b", "a%2f", "a|b", "é", "１", "a-b", "a_b"] {
        let error = SubmissionRequest::new(pay_order(), TrxId::new(text).unwrap()).unwrap_err();
        assert_eq!((error.what(), error.kind()), ("transaction id", ErrorKind::NotAlphanumeric), "{text}");
        let error = SubmissionRequest::new(PayOrderId::new(text).unwrap(), trx()).unwrap_err();
        assert_eq!((error.what(), error.kind()), ("pay order id", ErrorKind::NotAlphanumeric), "{text}");
    }
}
