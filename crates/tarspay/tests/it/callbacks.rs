//! Callbacks: nothing unverified is handed on, and each refusal is told apart.

use tarspay::sign::{self, CallbackText, PrivateKey, SignedForm};
use tarspay::types::{Callback, Decode as _, OrderState};
use tarspay::{CallbackVerifier, ErrorKind};

const BODY: &str = r#"{"bizType":1,"mchOrderNo":"D1","orderAmount":"100","payOrderId":"P1","state":2}"#;

fn signed(key: &PrivateKey, body: &str) -> String {
    CallbackText::from_json(body.as_bytes()).unwrap().sign(key).to_string()
}

#[test]
fn a_signed_callback_is_read_and_says_how_it_was_signed() {
    let key = PrivateKey::generate().unwrap();
    let verifier = CallbackVerifier::trusting(key.public_key());
    let callback = verifier.verify(Some(&signed(&key, BODY)), BODY.as_bytes()).unwrap();
    assert_eq!(callback.state, OrderState::SUCCESS);
    assert_eq!(callback.signed_form(), SignedForm::AsReceived);

    let spaced = BODY.replace(',', " ,\n ");
    let callback = verifier.verify(Some(&signed(&key, BODY)), spaced.as_bytes()).unwrap();
    assert_eq!(callback.signed_form(), SignedForm::Ordered);
    assert_eq!(callback.into_inner(), Callback::from_slice(BODY.as_bytes()).unwrap());
}

#[test]
fn each_refusal_is_told_apart() {
    let key = PrivateKey::generate().unwrap();
    let valid = signed(&key, BODY);
    let verifier = CallbackVerifier::trusting(key.public_key()).max_bytes(200);
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
    let error =
        CallbackVerifier::production().verify(Some(&signed(&key, BODY)), BODY.as_bytes()).unwrap_err();
    assert_eq!(error.signature_fault(), Some(sign::ErrorKind::SignatureMismatch));
    let both = CallbackVerifier::production().and_key(key.public_key());
    assert!(both.verify(Some(&signed(&key, BODY)), BODY.as_bytes()).is_ok());
}

#[test]
fn production_trusts_the_system_key_and_no_other() {
    // The vector C1, which the gateway signed.
    let signature = "3046022100ae8634a9db66c069030483012e7d0e38ebca6d924b82d8bb2e240764dafeb4f3\
                     022100ba3e3bd90346652e681b4b1b25e55d983002d84160fb9c696fb20ea3e4742e76";
    let body = r#"{"bizType":2,"currency":"IDR","failReason":"payment failed","fee":"6973","mchNo":"M1696154848","mchOrderNo":"1184196902791413760","orderAmount":"31500","payAmount":"31500","payOrderId":"P1734517376779485186","state":3}"#;
    let key = PrivateKey::generate().unwrap();
    for verifier in [CallbackVerifier::production(), CallbackVerifier::production().and_key(key.public_key())]
    {
        assert!(verifier.verify(Some(signature), body.as_bytes()).is_ok());
    }
    // It shows all the keys that it trusts.
    let shown = |verifier: CallbackVerifier| format!("{verifier:?}").matches("PublicKey(").count();
    assert!(format!("{:?}", CallbackVerifier::production()).contains(sign::SYSTEM_PUBLIC_KEY));
    assert_eq!(shown(CallbackVerifier::production()), 1);
    assert_eq!(shown(CallbackVerifier::production().and_key(key.public_key())), 2);
}

#[test]
fn a_signed_body_that_is_no_callback_is_unreadable_and_not_refused() {
    let key = PrivateKey::generate().unwrap();
    let body = r#"{"hello":"world"}"#;
    let error = CallbackVerifier::trusting(key.public_key())
        .verify(Some(&signed(&key, body)), body.as_bytes())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CallbackUnreadable);
    assert_eq!(error.signature_fault(), None);
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("payOrderId"));
}
