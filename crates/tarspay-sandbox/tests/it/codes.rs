//! Every documented code that a gateway can refuse with, and what leads to it.

use crate::support::{DEPOSIT, QUERY_DEPOSIT, QUERY_WITHDRAWAL, WITHDRAWAL, amount, kenya, payout};
use crate::{BALANCE, Caller, merchant_no};
use serde_json::{Value, json};
use std::time::Duration;
use tarspay_sandbox::{ErrorKind, Fault, KeySettings, MerchantStatus, Sandbox};
use tarspay_sign::PrivateKey;
use tarspay_types::{Currency, ErrorCode};

async fn refused(path: &str, body: &Value, code: i64) -> String {
    let sandbox = Sandbox::start().await.unwrap();
    let reason = Caller::of(&sandbox).call(&sandbox, path, body).await.assert_refused(200, code);
    assert!(sandbox.orders().unwrap().is_empty(), "{body}");
    reason
}

#[tokio::test]
async fn a_missing_parameter_is_refused_and_all_of_them_are_named() {
    let nothing = json!({ "amount": null, "wayCode": "", "notifyUrl": null });
    for (path, body) in [(DEPOSIT, kenya("D1", &nothing)), (WITHDRAWAL, payout("W1", &nothing))] {
        let reason = refused(path, &body, 5_003_001).await;
        for name in ["amount", "wayCode", "notifyUrl"] {
            assert!(reason.contains(&format!("`{name}`")), "{reason}");
        }
    }
    for name in ["mchOrderNo", "wayCode", "currency", "amount", "notifyUrl"] {
        let reason = refused(DEPOSIT, &kenya("D1", &json!({ name: null })), 5_003_001).await;
        assert!(reason.contains(name), "{reason}");
    }
    for path in [QUERY_DEPOSIT, QUERY_WITHDRAWAL, "/api/payOutProof"] {
        assert!(refused(path, &json!({}), 5_003_001).await.contains("mchOrderNo"));
    }
    for (path, name) in [
        ("/api/orderInfo/trxId", "trxId"),
        ("/api/trxQuery", "trxId"),
        ("/api/trxSupplement", "trxId"),
        ("/api/utrQuery", "utr"),
    ] {
        assert!(refused(path, &json!({}), 5_003_001).await.contains(name));
    }
    // What the market requires for this way.
    let body = kenya("D1", &json!({ "wayCode": "EWALLET_MPESA" }));
    assert!(refused(DEPOSIT, &body, 5_003_001).await.contains("customerContact"));
}

#[tokio::test]
async fn a_merchant_can_be_disabled_or_not_authenticated() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for (status, code) in [
        (MerchantStatus::Disabled, 5_003_003),
        (MerchantStatus::NotAuthenticated, 5_003_004),
        (MerchantStatus::Active, 0),
    ] {
        sandbox.set_merchant_status(&caller.merchant_no, status).unwrap();
        assert_eq!(caller.call(&sandbox, BALANCE, &json!({})).await.code(), code);
    }
    // A key that is registered later is not a way around.
    sandbox.set_merchant_status(&caller.merchant_no, MerchantStatus::Disabled).unwrap();
    let second = Caller::new(PrivateKey::generate().unwrap(), &caller.merchant_no);
    sandbox.register(second.merchant_no.clone(), second.key.public_key());
    second.call(&sandbox, BALANCE, &json!({})).await.assert_refused(200, 5_003_003);
    let error = sandbox.set_merchant_status(&merchant_no("M9"), MerchantStatus::Active).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownMerchant);
}

#[tokio::test]
async fn a_key_expires_unless_it_is_bound_to_the_address_of_the_call() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let key = caller.key.public_key();
    let code = async || caller.call(&sandbox, BALANCE, &json!({})).await.code();
    let days = |days: u64| Duration::from_secs(days * 24 * 3600);
    sandbox.configure_key(&key, KeySettings::new().expires_in(days(15))).unwrap();
    assert_eq!(code().await, 0);
    sandbox.clock().advance(days(15));
    assert_eq!(code().await, 5_003_006);
    let expired = KeySettings::new().expires_in(Duration::ZERO);
    sandbox.configure_key(&key, expired.bound_to([127, 0, 0, 1].into())).unwrap();
    assert_eq!(code().await, 0);
    sandbox.configure_key(&key, expired.bound_to([192, 0, 2, 1].into())).unwrap();
    assert_eq!(code().await, 5_003_007);
    sandbox.configure_key(&key, KeySettings::new().disabled()).unwrap();
    assert_eq!(code().await, 5_003_005);
    sandbox.configure_key(&key, KeySettings::new()).unwrap();
    assert_eq!(code().await, 0);
    let stranger = PrivateKey::generate().unwrap().public_key();
    let error = sandbox.configure_key(&stranger, KeySettings::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownKey);
}

#[tokio::test]
async fn the_state_of_a_key_is_told_to_its_owner_alone() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    sandbox.configure_key(&caller.key.public_key(), KeySettings::new().disabled()).unwrap();
    let forged = caller.balance_query().body(r#"{"mchNo":"M2"}"#);
    forged.send(sandbox.address()).await.assert_refused(200, 5_003_008);
}

#[tokio::test]
async fn a_way_code_is_wrong_or_not_supported() {
    for (body, code) in [
        (kenya("D1", &json!({ "wayCode": "UPI" })), 500_327),
        (kenya("D1", &json!({ "wayCode": "cashier" })), 500_327),
        (kenya("D1", &json!({ "currency": "BDT", "wayCode": "EWALLET_BKASH_OFFICIAL" })), 5_003_009),
    ] {
        assert!(refused(DEPOSIT, &body, code).await.contains("wayCode"), "{body}");
    }
    // A way of deposits alone.
    refused(WITHDRAWAL, &payout("W1", &json!({ "wayCode": "CASHIER" })), 5_003_009).await;
}

#[tokio::test]
async fn a_currency_without_a_market_has_no_channel() {
    for currency in ["BRL", "XXX", "kes"] {
        let reason = refused(DEPOSIT, &kenya("D1", &json!({ "currency": currency })), 5_003_015).await;
        assert!(reason.contains(currency), "{reason}");
    }
}

#[tokio::test]
async fn an_address_is_malformed_or_not_supported() {
    for (url, code) in [
        ("shop.example/notify", 5_003_012),
        ("http://", 500_322),
        ("ftp://shop.example/notify", 500_322),
        ("https://shop example/", 500_322),
        ("notify", 5_003_012),
    ] {
        refused(DEPOSIT, &kenya("D1", &json!({ "notifyUrl": url })), code).await;
    }
    for (url, code) in [("shop.example/back", 5_003_012), ("http://", 500_322)] {
        refused(DEPOSIT, &kenya("D1", &json!({ "returnUrl": url })), code).await;
    }
}

#[tokio::test]
async fn an_amount_has_the_form_of_its_market() {
    for amount in ["0", "0.00", "-1", "1e3", "1,000", "007", "abc", &"9".repeat(29)] {
        refused(DEPOSIT, &kenya("D1", &json!({ "amount": amount })), 500_321).await;
    }
    // Kenya pays out whole amounts only.
    refused(WITHDRAWAL, &payout("W1", &json!({ "amount": "100.50" })), 500_321).await;
    let sandbox = Sandbox::start().await.unwrap();
    Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({ "amount": "100.50" }))).await;
}

#[tokio::test]
async fn a_number_is_used_once_for_both_directions_and_that_is_told_before_anything_else() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    caller.create(&sandbox, DEPOSIT, &kenya("N1", &json!({}))).await;
    caller.create(&sandbox, WITHDRAWAL, &payout("N2", &json!({ "amount": "1000000" }))).await;
    for number in ["N1", "N2"] {
        for changes in [json!({}), json!({ "amount": "x", "wayCode": "y", "currency": "z" })] {
            let deposit = kenya(number, &changes);
            caller.call(&sandbox, DEPOSIT, &deposit).await.assert_refused(200, 5_003_011);
            let withdrawal = payout(number, &changes);
            caller.call(&sandbox, WITHDRAWAL, &withdrawal).await.assert_refused(200, 5_003_011);
        }
    }
    assert_eq!(sandbox.orders().unwrap().len(), 2);
    // The numbers of another merchant are its own.
    let other = Caller::new(PrivateKey::generate().unwrap(), &merchant_no("M2"));
    sandbox.register(other.merchant_no.clone(), other.key.public_key());
    other.create(&sandbox, DEPOSIT, &kenya("N1", &json!({}))).await;
}

#[tokio::test]
async fn a_withdrawal_needs_the_balance_for_amount_and_fee() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    sandbox.set_balance_in(&caller.merchant_no, &Currency::KES, amount("99"), amount("0")).unwrap();
    let reason =
        caller.call(&sandbox, WITHDRAWAL, &payout("W1", &json!({}))).await.assert_refused(200, 5_004_006);
    assert!(reason.contains("99") && reason.contains("100"), "{reason}");
    assert!(sandbox.orders().unwrap().is_empty());
    // A refused number is free.
    sandbox.set_balance_in(&caller.merchant_no, &Currency::KES, amount("100"), amount("0")).unwrap();
    caller.create(&sandbox, WITHDRAWAL, &payout("W1", &json!({}))).await;
}

#[tokio::test]
async fn a_query_that_finds_nothing_of_this_merchant_and_direction_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let other = Caller::new(PrivateKey::generate().unwrap(), &merchant_no("M2"));
    sandbox.register(other.merchant_no.clone(), other.key.public_key());
    let by_number = json!({ "mchOrderNo": "D1" });
    let by_id = json!({ "payOrderId": id });
    for query in [&by_number, &by_id] {
        caller.call(&sandbox, QUERY_WITHDRAWAL, query).await.assert_refused(200, 5_003_020);
        other.call(&sandbox, QUERY_DEPOSIT, query).await.assert_refused(200, 5_003_018);
    }
    for query in [json!({ "mchOrderNo": "D2" }), json!({ "mchOrderNo": "D1", "payOrderId": "P1" })] {
        caller.call(&sandbox, QUERY_DEPOSIT, &query).await.assert_refused(200, 5_003_018);
    }
    caller.data(&sandbox, QUERY_DEPOSIT, &json!({ "mchOrderNo": "D1", "payOrderId": id })).await;
}

#[tokio::test]
async fn every_other_code_of_the_table_comes_by_a_fault() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for &code in ErrorCode::KNOWN.iter().filter(|code| !code.is_success()) {
        sandbox.inject(Fault::refuse(code));
        let body = kenya("D1", &json!({}));
        caller.call(&sandbox, DEPOSIT, &body).await.assert_refused(200, code.code());
    }
    assert!(sandbox.orders().unwrap().is_empty());
}

#[tokio::test]
async fn no_money_of_28_digits_makes_a_balance_that_is_none() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let longest = "9".repeat(28);
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({ "amount": longest }))).await;
    let error = sandbox.pay(&id).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidAmount);
    assert_eq!(sandbox.order(&id).unwrap().state.code(), 0, "nothing is half done");
    assert_eq!(sandbox.history(&id).unwrap().len(), 1);
}

#[tokio::test]
async fn a_refusal_of_a_field_says_field_value_rule_and_what_to_do_in_plain_words() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for (changes, code, parts) in [
        (json!({ "currency": "BRL" }), 5_003_015, &["`currency`", "Brazil's is `BRA`", "given: `BRL`"][..]),
        (json!({ "currency": "usd" }), 5_003_015, &["`currency`", "`KES` (Kenya)", "given: `usd`"]),
        (json!({ "currency": 5 }), 5_003_001, &["`currency`", "wrong JSON type; give a text"]),
        (json!({ "currency": null }), 5_003_001, &["`currency`", "missing"]),
        (
            json!({ "notifyUrl": "ftp://shop.example/n" }),
            500_322,
            &["`notifyUrl` has another scheme than http and https", "http://", "20 characters"],
        ),
        (json!({ "notifyUrl": "shop.example/n" }), 5_003_012, &["`notifyUrl`", "http://", "14 characters"]),
        (json!({ "notifyUrl": "" }), 5_003_001, &["`notifyUrl`", "empty"]),
        (json!({ "amount": "1e3" }), 500_321, &["`amount`", "given: `1e3`"]),
        (json!({ "amount": "12.50.1" }), 500_321, &["`amount`", "given: `12.50.1`"]),
        (json!({ "amount": "0" }), 500_321, &["`amount` is zero", "above zero"]),
        (json!({ "wayCode": "MPESA" }), 500_327, &["`wayCode`", "given: `MPESA`", "`EWALLET_MPESA`"]),
        (json!({ "mchOrderNo": "" }), 5_003_001, &["`mchOrderNo`"]),
        (json!({ "step": "many" }), 5_003_001, &["step came with", "wrong JSON type; give"]),
        (json!({ "mchNo": null }), 5_003_001, &["`mchNo`", "send it with a value"]),
        (json!({ "mchNo": "M2" }), 5_003_002, &["mchNo", "send your own number"]),
    ] {
        let answer = caller.call(&sandbox, DEPOSIT, &kenya("D1", &changes)).await;
        let reason = answer.assert_refused(200, code);
        for part in parts {
            assert!(reason.contains(part), "{changes}: {part} in {reason}");
        }
        for foreign in ["::", "Currency(", "Some(", "()", "code 5003012", "code 500322"] {
            assert!(!reason.contains(foreign), "{changes}: {foreign} in {reason}");
        }
    }
    // A body of blanks is not the same as none.
    let blank = caller.balance_query().body(" ").send(sandbox.address()).await;
    let reason = blank.assert_refused(200, 5_003_008);
    assert!(reason.contains("the body is empty; send `{}`") && !reason.contains("::"), "{reason}");
    let raw =
        caller.balance_query().header("X-API-SIGNATURE", &"11".repeat(64)).send(sandbox.address()).await;
    let reason = raw.assert_refused(200, 5_003_008);
    let key = format!("04{}", "11".repeat(64));
    let key = caller.balance_query().header("X-API-KEY", &key).send(sandbox.address()).await;
    let known = key.assert_refused(200, 5_003_005);
    assert!(known.contains("give its compressed form, 66 hex digits") && !known.contains("::"), "{known}");
    assert!(reason.contains("raw r and s; encode them as DER") && !reason.contains("::"), "{reason}");
}
