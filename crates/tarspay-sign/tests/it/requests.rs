//! The stages of a request, and what is refused on the way.

use crate::test_key;
use tarspay_sign::{
    Digest, ErrorKind, Nonce, Parameters, PrivateKey, RequestToSign, Signature, SignaturePolicy,
};

fn request() -> RequestToSign {
    let parameters = Parameters::from_json(br#"{"price":"100","amount":"100"}"#).unwrap();
    RequestToSign::new("/api/v1/test", "1537498830736".parse().unwrap(), parameters).unwrap()
}

#[test]
fn the_older_guides_exercise_gives_its_string() {
    assert_eq!(request().string_to_sign(), "POST|/api/v1/test|1537498830736|amount=100&price=100");
}

#[test]
fn a_request_without_a_body_ends_in_a_separator() {
    let nonce = Nonce::from_unix_millis(1_704_180_814_988);
    let request = RequestToSign::new("/api/bd/P1/TRX1", nonce, Parameters::none()).unwrap();
    assert_eq!(request.string_to_sign(), "POST|/api/bd/P1/TRX1|1704180814988|");
    assert_eq!(request.sign(&test_key()).body(), b"");
}

#[test]
fn every_stage_of_a_signed_request_belongs_to_the_same_text() {
    let key = test_key();
    let signed = request().sign(&key);
    assert_eq!(signed.path(), "/api/v1/test");
    assert_eq!(signed.digest(), Digest::of(signed.string_to_sign()));
    assert_eq!(signed.body(), br#"{"amount":"100","price":"100"}"#);
    let headers = signed.headers();
    assert_eq!(
        headers.pairs(),
        [
            ("X-API-KEY", key.public_key().to_string().as_str()),
            ("X-API-NONCE", "1537498830736"),
            ("X-API-SIGNATURE", signed.signature().to_string().as_str()),
        ]
    );
    assert_eq!(headers.signature(), headers.signature().to_lowercase());
    key.public_key().verify(&signed.digest(), &signed.signature(), SignaturePolicy::RequireLowS).unwrap();
    let (parts_headers, parts_body) = signed.clone().into_parts();
    assert_eq!((&parts_headers, parts_body.as_slice()), (headers, signed.body()));
}

#[test]
fn an_external_signature_gives_the_same_headers() {
    let key = test_key();
    let here = request().sign(&key);

    let waiting = request();
    let returned = key.sign(&Digest::from(*waiting.digest().as_bytes())).to_der();
    let there = waiting.with_signature(&key.public_key(), Signature::from_der(&returned).unwrap()).unwrap();
    assert_eq!(there.headers(), here.headers());
    assert_eq!(there.body(), here.body());
}

#[test]
fn an_external_high_s_is_replaced_by_the_low_one() {
    let key = test_key();
    let low = request().sign(&key);
    let high = crate::signatures::mirrored(&low.signature());
    assert!(high.is_high_s());
    let taken = request().with_signature(&key.public_key(), high).unwrap();
    assert_eq!(taken.headers(), low.headers());
}

#[test]
fn an_external_signature_of_something_else_is_refused() {
    let key = test_key();
    let hashed_once_more = key.sign(&Digest::of(request().digest().as_bytes()));
    let other_key = PrivateKey::generate().unwrap().sign(&request().digest());
    for wrong in [hashed_once_more, other_key] {
        let error = request().with_signature(&key.public_key(), wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SignatureMismatch);
    }
}

#[test]
fn a_path_of_any_length_stands_in_front() {
    for length in 1..200 {
        let path = format!("/{}", "p".repeat(length - 1));
        let parameters = Parameters::from_json(br#"{"mchNo":"M1"}"#).unwrap();
        let request = RequestToSign::new(&path, Nonce::from_unix_millis(u64::MAX), parameters).unwrap();
        assert_eq!(request.string_to_sign(), format!("POST|{path}|18446744073709551615|mchNo=M1"));
        assert_eq!(request.path(), path);
    }
}

#[test]
fn a_path_that_cannot_be_signed_as_it_is_sent_is_refused() {
    for path in [
        "",
        "api/balanceInfo",
        "https://payment.tarspay.com/api/balanceInfo",
        "/api/balance info",
        "/api/balanceInfo?x=1",
        "/api/balanceInfo#top",
        "/api/balance|Info",
        "/api/balanceInfo\r\nX-API-KEY: 02",
        "/api/balanceInfo\0",
        "/api/\u{7f}",
        "/api/saldoé",
    ] {
        let error = RequestToSign::new(path, Nonce::from_unix_millis(1), Parameters::none()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPath, "{path:?}");
    }
}

#[test]
fn a_nonce_that_is_not_canonical_decimal_is_refused() {
    for text in ["", " 1", "1 ", "+1", "-1", "01", "1.0", "1e3", "0x1", "१", "1\n", "18446744073709551616"]
    {
        assert_eq!(text.parse::<Nonce>().unwrap_err().kind(), ErrorKind::InvalidNonce, "{text:?}");
    }
    for text in ["0", "1704180814988", "18446744073709551615"] {
        assert_eq!(text.parse::<Nonce>().unwrap().to_string(), text);
    }
}
