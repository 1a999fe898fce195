//! Callback verification: two forms, distinct refusals.

use crate::test_key;
use tarspay_sign::{
    CallbackText, CallbackVerifier, Digest, ErrorKind, PrivateKey, SignaturePolicy, SignedForm,
};

const BODY: &str = r#"{"failReason":"conta inválida","payOrderId":"P1","state":3}"#;

fn verifier() -> CallbackVerifier {
    CallbackVerifier::trusting(test_key().public_key())
}

fn sign(text: &str) -> String {
    test_key().sign(&Digest::of(text)).to_string()
}

#[test]
fn the_ordered_text_is_compact_and_keeps_characters_as_received() {
    let received = "{ \"state\" : 3 ,\r\n \"fee\":1.50, \"a\\u0062\":\"x\\u00e9 \\/ \\\" y\", \"n\": { \"z\" : [ 1 , \"a b\" ] , \"y\":null } }";
    let text = CallbackText::from_json(received.as_bytes()).unwrap();
    assert_eq!(
        text.as_str(),
        r#"{"ab":"x\u00e9 \/ \" y","fee":1.50,"n":{"z":[1,"a b"],"y":null},"state":3}"#
    );
}

#[test]
fn both_forms_verify_and_say_which() {
    let signature = sign(BODY);
    assert_eq!(verifier().verify(Some(&signature), BODY.as_bytes()).unwrap(), SignedForm::AsReceived);

    let reordered = "{\n  \"state\": 3,\n  \"payOrderId\": \"P1\",\n  \"failReason\": \"conta inválida\"\n}";
    assert_eq!(verifier().verify(Some(&signature), reordered.as_bytes()).unwrap(), SignedForm::Ordered);

    let over_raw_bytes = sign(reordered);
    assert_eq!(
        verifier().verify(Some(&over_raw_bytes), reordered.as_bytes()).unwrap(),
        SignedForm::AsReceived
    );
}

#[test]
fn upper_case_hex_is_accepted() {
    assert!(verifier().verify(Some(&sign(BODY).to_uppercase()), BODY.as_bytes()).is_ok());
}

#[test]
fn each_refusal_is_told_apart() {
    let valid = sign(BODY);
    let not_json = "state=3";
    let huge = " ".repeat(64 * 1024 + 1);
    let tampered = BODY.replace('3', "2");
    let twice = BODY.replace('{', r#"{"state":2,"#);
    let cases: [(Option<&str>, &str, ErrorKind); 8] = [
        (None, BODY, ErrorKind::MissingSignature),
        (Some(""), BODY, ErrorKind::MissingSignature),
        (Some("nonsense"), BODY, ErrorKind::MalformedSignature),
        (Some(&valid[2..]), BODY, ErrorKind::MalformedSignature),
        (Some(&valid), &tampered, ErrorKind::SignatureMismatch),
        (Some(&valid), &twice, ErrorKind::InvalidBody),
        (Some(&valid), not_json, ErrorKind::InvalidBody),
        (Some(&valid), &huge, ErrorKind::BodyTooLarge),
    ];
    for (signature, body, kind) in cases {
        assert_eq!(verifier().verify(signature, body.as_bytes()).unwrap_err().kind(), kind);
    }
    let invalid_utf8 = verifier().verify(Some(&valid), b"{\"a\":\"\xff\"}").unwrap_err();
    assert_eq!(invalid_utf8.kind(), ErrorKind::InvalidBody);
}

#[test]
fn bytes_that_are_no_json_verify_if_exactly_they_were_signed() {
    // The signature speaks of bytes; whether they make sense is for the decoder.
    let signature = sign("state=3");
    assert_eq!(verifier().verify(Some(&signature), b"state=3").unwrap(), SignedForm::AsReceived);
}

#[test]
fn the_limit_is_inclusive_and_adjustable() {
    assert_eq!(verifier().limit(), 64 * 1024);
    let verifier = verifier().max_bytes(BODY.len());
    assert_eq!(verifier.limit(), BODY.len());
    assert!(verifier.verify(Some(&sign(BODY)), BODY.as_bytes()).is_ok());
    let smaller = verifier.max_bytes(BODY.len() - 1);
    assert_eq!(
        smaller.verify(Some(&sign(BODY)), BODY.as_bytes()).unwrap_err().kind(),
        ErrorKind::BodyTooLarge
    );
}

/// A body of this many members and bytes that is not in order.
fn padded(members: usize, bytes: usize) -> String {
    let names: Vec<_> = (1..members).rev().map(|number| format!("\"m{number:04}\":1")).collect();
    let body = format!("{{\"z\":\"\",{}}}", names.join(","));
    body.replacen("\"\"", &format!("\"{}\"", "x".repeat(bytes - body.len())), 1)
}

#[test]
fn only_a_small_body_is_tried_in_the_ordered_form() {
    let ordered = |body: &str| sign(CallbackText::from_json(body.as_bytes()).unwrap().as_str());
    for (members, bytes, is_tried) in
        [(64, 1024, true), (65, 1024, false), (64, 1536, true), (64, 1537, false)]
    {
        let body = padded(members, bytes);
        assert_eq!(body.len(), bytes);
        let verdict = verifier().verify(Some(&ordered(&body)), body.as_bytes());
        let expected = if is_tried { Ok(SignedForm::Ordered) } else { Err(ErrorKind::SignatureMismatch) };
        assert_eq!(verdict.map_err(|error| error.kind()), expected, "{members} members, {bytes} bytes");
        assert_eq!(verifier().verify(Some(&sign(&body)), body.as_bytes()).unwrap(), SignedForm::AsReceived);
    }
}

#[test]
fn a_byte_order_mark_is_passed_over_and_gzip_is_named() {
    let marked = format!("\u{feff}{BODY}");
    assert_eq!(verifier().verify(Some(&sign(BODY)), marked.as_bytes()).unwrap(), SignedForm::Ordered);
    assert_eq!(verifier().verify(Some(&sign(&marked)), marked.as_bytes()).unwrap(), SignedForm::AsReceived);
    for size in [4, 5000] {
        let mut compressed = vec![0x1f, 0x8b];
        compressed.resize(size, 8);
        let error = verifier().verify(Some(&sign(BODY)), &compressed).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidBody);
        assert!(error.to_string().contains("gzip"), "{error}");
    }
}

#[test]
fn a_name_from_outside_is_cut_in_an_error() {
    let name = "é".repeat(100);
    let twice = format!("{{\"{name}\":1,\"{name}\":2}}");
    let error = verifier().verify(Some(&sign(BODY)), twice.as_bytes()).unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ErrorKind::InvalidBody, Some(&*format!("{}…", "é".repeat(64))))
    );
}

#[test]
fn several_keys_are_trusted_during_a_rotation() {
    let next = PrivateKey::generate().unwrap();
    let by_next = CallbackText::from_json(BODY.as_bytes()).unwrap().sign(&next).to_string();
    assert_eq!(
        verifier().verify(Some(&by_next), BODY.as_bytes()).unwrap_err().kind(),
        ErrorKind::SignatureMismatch
    );
    let both = verifier().and_key(next.public_key());
    for signature in [by_next, sign(BODY)] {
        assert!(both.verify(Some(&signature), BODY.as_bytes()).is_ok());
    }
}

#[test]
fn a_high_s_is_accepted_unless_the_policy_refuses_it() {
    let low = test_key().sign(&Digest::of(BODY));
    let high = crate::signatures::mirrored(&low).to_string();
    assert!(verifier().verify(Some(&high), BODY.as_bytes()).is_ok());
    let strict = verifier().signature_policy(SignaturePolicy::RequireLowS);
    assert_eq!(strict.verify(Some(&high), BODY.as_bytes()).unwrap_err().kind(), ErrorKind::HighS);
    assert!(strict.verify(Some(&low.to_string()), BODY.as_bytes()).is_ok());
}
