//! No key and no personal value shows in `Debug` or errors.

use crate::{TEST_KEY, test_key};
use std::fmt::Write as _;
use tarspay_sign::{CallbackText, CallbackVerifier, NonceSource, Parameters, PrivateKey, RequestToSign};

const PERSONAL: &str = "Maria da Silva";

#[test]
fn debug_shows_neither_the_private_key_nor_personal_values() {
    let key = test_key();
    let json = format!(r#"{{"customerName":"{PERSONAL}"}}"#);
    let parameters = Parameters::from_json(json.as_bytes()).unwrap();
    let nonces = NonceSource::new();
    let request =
        RequestToSign::new("/api/pay/unifiedOrder", nonces.next_nonce(), parameters.clone()).unwrap();
    let shown = format!(
        "{key:?} {:?} {nonces:?} {parameters:?} {request:?} {:?} {:?}",
        CallbackVerifier::trusting(key.public_key()),
        request.clone().sign(&key),
        CallbackText::from_json(json.as_bytes()).unwrap(),
    );
    let secret_bytes = format!("{:?}", hex::decode(TEST_KEY).unwrap());
    for secret in [TEST_KEY, &TEST_KEY.to_uppercase(), &secret_bytes, PERSONAL] {
        assert!(!shown.contains(secret));
    }
    for harmless in ["/api/pay/unifiedOrder", "NonceSource { .. }", "CallbackText { bytes: 33 }"] {
        assert!(shown.contains(harmless), "{harmless}");
    }
}

#[test]
fn errors_and_their_sources_repeat_no_value() {
    let bodies = [
        format!(r#""{PERSONAL}""#),
        format!(r#"["{PERSONAL}"]"#),
        format!(r#"{{"customerName":"{PERSONAL}""#),
        format!(r#"{{"customerName":"{PERSONAL}","customerName":"{PERSONAL}"}}"#),
        format!(r#"{{"customerName":["{PERSONAL}"]}}"#),
        format!(r#"{{"customerName":"{PERSONAL}\ud800"}}"#),
        format!(r#"{{"customerName":{PERSONAL}}}"#),
    ];
    for body in bodies {
        let error = Parameters::from_json(body.as_bytes()).unwrap_err();
        assert!(!everything(&error).contains(PERSONAL));
    }
    let error = PrivateKey::from_hex(&TEST_KEY.replace('5', "g")).unwrap_err();
    assert!(!everything(&error).contains(&TEST_KEY[20..40]));
}

fn everything(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut next = error.source();
    while let Some(source) = next {
        write!(text, " {source} {source:?}").unwrap();
        next = source.source();
    }
    text
}
