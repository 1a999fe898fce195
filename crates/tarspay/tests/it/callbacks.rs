//! Callbacks: nothing unverified and nothing of another merchant is passed on, and each refusal is
//! distinct.

use tarspay::sign::{self, CallbackText, PrivateKey, SignedForm};
use tarspay::types::{Callback, Decode as _, MerchantNo, OrderState};
use tarspay::{CallbackVerifier, ErrorKind, SignedCallback};

const BODY: &str = r#"{"bizType":1,"mchNo":"M1696154848","mchOrderNo":"D1","orderAmount":"100","payOrderId":"P1","state":2}"#;

fn merchant() -> MerchantNo {
    "M1696154848".parse().unwrap()
}

fn signed(key: &PrivateKey, body: &str) -> String {
    CallbackText::from_json(body.as_bytes()).unwrap().sign(key).to_string()
}

#[test]
fn a_signed_callback_is_read_and_says_how_it_was_signed() {
    let key = PrivateKey::generate().unwrap();
    let verifier = CallbackVerifier::trusting(merchant(), key.public_key());
    let callback = verifier.verify(Some(&signed(&key, BODY)), BODY.as_bytes()).unwrap();
    assert_eq!(callback.get().state, OrderState::SUCCESS);
    assert_eq!(callback.signed_form(), SignedForm::AsReceived);
    assert_eq!((callback.raw_body(), callback.signature()), (BODY.as_bytes(), &*signed(&key, BODY)));
    let body = format!("body_bytes: {}", BODY.len());
    assert!(format!("{callback:?}").contains(&body));

    let spaced = BODY.replace(',', " ,\n ");
    let callback = verifier.verify(Some(&signed(&key, BODY)), spaced.as_bytes()).unwrap();
    assert_eq!(callback.signed_form(), SignedForm::Ordered);
    assert_eq!(callback.into_inner(), Callback::from_slice(BODY.as_bytes()).unwrap());
}

#[test]
fn each_refusal_is_told_apart() {
    let key = PrivateKey::generate().unwrap();
    let valid = signed(&key, BODY);
    let verifier = CallbackVerifier::trusting(merchant(), key.public_key()).max_bytes(200);
    let tampered = BODY.replace("\"state\":2", "\"state\":3");
    let large = format!("{BODY}{}", " ".repeat(200));
    let cases = [
        (None, BODY, sign::ErrorKind::MissingSignature),
        (Some("30"), BODY, sign::ErrorKind::MalformedSignature),
        (Some(valid.as_str()), tampered.as_str(), sign::ErrorKind::SignatureMismatch),
        (Some(valid.as_str()), large.as_str(), sign::ErrorKind::BodyTooLarge),
        (Some(valid.as_str()), "OK", sign::ErrorKind::InvalidBody),
    ];
    for (signature, body, fault) in cases {
        let error = verifier.verify(signature, body.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CallbackRefused);
        assert_eq!(error.signature_fault(), Some(fault));
        assert!(!error.is_outcome_unknown());
    }
    assert_eq!(verifier.limit(), 200);
}

#[test]
fn the_production_verifier_refuses_everybody_elses_key() {
    let key = PrivateKey::generate().unwrap();
    let error = CallbackVerifier::production(merchant())
        .verify(Some(&signed(&key, BODY)), BODY.as_bytes())
        .unwrap_err();
    assert_eq!(error.signature_fault(), Some(sign::ErrorKind::SignatureMismatch));
    let both = CallbackVerifier::production(merchant()).and_key(key.public_key());
    assert!(both.verify(Some(&signed(&key, BODY)), BODY.as_bytes()).is_ok());
}

#[test]
fn production_trusts_the_system_key_and_no_other() {
    // The vector C1, which the gateway signed.
    let signature = "3046022100ae8634a9db66c069030483012e7d0e38ebca6d924b82d8bb2e240764dafeb4f3\
                     022100ba3e3bd90346652e681b4b1b25e55d983002d84160fb9c696fb20ea3e4742e76";
    let body = r#"{"bizType":2,"currency":"IDR","failReason":"payment failed","fee":"6973","mchNo":"M1696154848","mchOrderNo":"1184196902791413760","orderAmount":"31500","payAmount":"31500","payOrderId":"P1734517376779485186","state":3}"#;
    let key = PrivateKey::generate().unwrap();
    for verifier in [
        CallbackVerifier::production(merchant()),
        CallbackVerifier::production(merchant()).and_key(key.public_key()),
    ] {
        assert!(verifier.verify(Some(signature), body.as_bytes()).is_ok());
    }
    // It shows all the keys that it trusts.
    let shown = |verifier: CallbackVerifier| format!("{verifier:?}").matches("PublicKey(").count();
    assert!(format!("{:?}", CallbackVerifier::production(merchant())).contains(sign::SYSTEM_PUBLIC_KEY));
    assert_eq!(shown(CallbackVerifier::production(merchant())), 1);
    assert_eq!(shown(CallbackVerifier::production(merchant()).and_key(key.public_key())), 2);
}

#[test]
fn a_signed_body_that_is_no_callback_is_unreadable_and_not_refused() {
    let key = PrivateKey::generate().unwrap();
    let body = r#"{"hello":"world"}"#;
    let error = CallbackVerifier::trusting(merchant(), key.public_key())
        .verify(Some(&signed(&key, body)), body.as_bytes())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CallbackUnreadable);
    assert_eq!(error.signature_fault(), None);
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("payOrderId"));
}

/// `BODY` with this in place of its merchant number.
fn naming(merchant: &str) -> String {
    BODY.replace(r#""mchNo":"M1696154848","#, merchant)
}

#[test]
fn a_callback_of_another_merchant_or_of_none_is_refused_as_a_fault_of_its_own() {
    let key = PrivateKey::generate().unwrap();
    let verifier = CallbackVerifier::trusting(merchant(), key.public_key());
    for named in [
        r#""mchNo":"M77","#,
        r#""machNo":"M77","#,
        "",
        r#""mchNo":null,"#,
        r#""mchNo":"","#,
        r#""mchNo":"M169615484","#,
        r#""mchNo":"M16961548480","#,
        r#""mchNo":"m1696154848","#,
        r#""mchNo":"M1696154848 ","#,
        r#""mchNo":["M1696154848"],"#,
        r#""extra":{"mchNo":"M1696154848"},"#,
    ] {
        let body = naming(named);
        let error = verifier.verify(Some(&signed(&key, &body)), body.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CallbackForOtherMerchant, "{named}");
        assert_eq!(error.signature_fault(), None);
        assert!(!error.is_outcome_unknown() && !error.is_not_sent() && !error.can_repeat_query());
        // Nothing of the foreign body shows.
        let shown = format!("{error} {error:?}");
        for value in ["M77", "D1", "P1", "100"] {
            assert!(!shown.contains(value), "{value} in {shown}");
        }
    }
    for named in [r#""mchNo":"M1696154848","#, r#""machNo":"M1696154848","#] {
        let body = naming(named);
        assert!(verifier.verify(Some(&signed(&key, &body)), body.as_bytes()).is_ok(), "{named}");
    }
}

#[test]
fn the_signature_comes_first_then_the_reading_then_the_merchant() {
    let (key, stranger) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let verifier = CallbackVerifier::trusting(merchant(), key.public_key());
    let foreign = naming(r#""mchNo":"M77","#);
    let kind = |key: &PrivateKey, body: &str| {
        verifier.verify(Some(&signed(key, body)), body.as_bytes()).unwrap_err().kind()
    };
    assert_eq!(kind(&stranger, &foreign), ErrorKind::CallbackRefused);
    assert_eq!(kind(&key, r#"{"mchNo":"M77"}"#), ErrorKind::CallbackUnreadable);
    assert_eq!(kind(&key, &foreign), ErrorKind::CallbackForOtherMerchant);
}

#[test]
fn further_merchants_are_taken_by_choice_only() {
    let key = PrivateKey::generate().unwrap();
    let takes = |verifier: &CallbackVerifier, named: &str| {
        let body = naming(named);
        verifier.verify(Some(&signed(&key, &body)), body.as_bytes()).is_ok()
    };
    let (own, second, third) = (r#""mchNo":"M1696154848","#, r#""mchNo":"M2","#, r#""mchNo":"M3","#);
    let one = CallbackVerifier::trusting(merchant(), key.public_key());
    let two = one.clone().and_merchant("M2".parse().unwrap());
    let any = two.clone().accept_any_merchant().and_merchant("M3".parse().unwrap());
    for (verifier, taken) in
        [(&one, [true, false, false, false]), (&two, [true, true, false, false]), (&any, [true; 4])]
    {
        assert_eq!([own, second, third, ""].map(|named| takes(verifier, named)), taken);
    }
    // The signature counts all the same.
    let forged = any.verify(Some(&signed(&PrivateKey::generate().unwrap(), BODY)), BODY.as_bytes());
    assert_eq!(forged.unwrap_err().kind(), ErrorKind::CallbackRefused);
    // A key or a size that is set later keeps the choice.
    let one = one.and_key(PrivateKey::generate().unwrap().public_key()).max_bytes(1000);
    assert!(takes(&one, own) && !takes(&one, second));
}

#[test]
fn a_signed_callback_for_tests_names_the_merchant_that_it_is_for() {
    let key = PrivateKey::generate().unwrap();
    let mut callback = Callback::new("P1".parse().unwrap(), "D1".parse().unwrap(), OrderState::SUCCESS);
    for named in [None, Some("M77".parse().unwrap())] {
        callback.merchant_no = named;
        let signed = SignedCallback::new(&merchant(), &callback, &key).unwrap();
        let verifier = CallbackVerifier::trusting(merchant(), key.public_key());
        let received = verifier.verify(Some(signed.signature()), signed.body().as_bytes()).unwrap();
        let received = received.into_inner();
        assert_eq!(received.merchant_no, Some(merchant()));
        assert_eq!((&received.pay_order_id, received.state), (&callback.pay_order_id, callback.state));
    }
}
