//! The conformance suite for other languages, stage by stage: the file that stands, and not what its generator makes.

use serde_json::Value;
use std::collections::HashSet;
use tarspay_sign::{
    CallbackText, CallbackVerifier, Digest, Error, ErrorKind, Nonce, Parameters, PrivateKey, PublicKey,
    RequestToSign, Signature, SignaturePolicy, SignedForm,
};

const SECTIONS: [(&str, usize); 5] =
    [("keys", 21), ("requests", 53), ("refused_requests", 55), ("signatures", 40), ("callbacks", 55)];

fn cases(section: &str) -> Vec<Value> {
    let suite: Value = serde_json::from_str(include_str!("../../vectors/conformance.json")).unwrap();
    suite[section].as_array().unwrap().clone()
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap_or_else(|| panic!("{} without {member}", case["id"]))
}

fn raw(case: &Value) -> Vec<u8> {
    base16ct::lower::decode_vec(text(case, "body_hex")).unwrap()
}

fn parameters(case: &Value) -> Parameters {
    case["body"]
        .as_str()
        .map_or_else(Parameters::none, |body| Parameters::from_json(body.as_bytes()).unwrap())
}

/// Whether it was accepted, or refused as the case says.
fn assert_verdict<T>(case: &Value, verdict: &Result<T, Error>) {
    let refused_as = verdict.as_ref().err().map(|error| match error.kind() {
        ErrorKind::InvalidPrivateKey => "invalid_private_key",
        ErrorKind::InvalidPublicKey => "invalid_public_key",
        ErrorKind::InvalidNonce => "invalid_nonce",
        ErrorKind::InvalidPath => "invalid_path",
        ErrorKind::InvalidBody => "invalid_body",
        ErrorKind::UnsupportedValue => "unsupported_value",
        ErrorKind::MissingSignature => "missing",
        ErrorKind::MalformedSignature => "malformed",
        ErrorKind::SignatureMismatch => "mismatch",
        ErrorKind::BodyTooLarge => "too_large",
        other => panic!("{}: {other:?}", case["id"]),
    });
    assert_eq!(refused_as, case["refused_as"].as_str(), "{}", case["id"]);
    assert_eq!(
        case.get("valid").and_then(Value::as_bool).unwrap_or(false),
        verdict.is_ok(),
        "{}",
        case["id"]
    );
}

#[test]
fn no_case_is_lost_and_each_has_an_id_of_its_own() {
    let mut ids = HashSet::new();
    for (section, count) in SECTIONS {
        assert_eq!(cases(section).len(), count, "{section}");
        for case in cases(section) {
            assert!(ids.insert(text(&case, "id").to_owned()), "{}", case["id"]);
        }
    }
}

#[test]
fn keys_are_read_or_refused() {
    for case in cases("keys") {
        let key = match text(&case, "kind") {
            "private" => PrivateKey::from_hex(text(&case, "text")).map(|key| key.public_key()),
            _ => PublicKey::from_hex(text(&case, "text")),
        };
        assert_verdict(&case, &key);
        assert_eq!(key.ok().map(|key| key.to_string()).as_deref(), case["public_key"].as_str());
    }
}

#[test]
fn stage_params_and_body() {
    for case in cases("requests") {
        let parameters = parameters(&case);
        assert_eq!(parameters.as_str(), text(&case, "params"), "{}", case["id"]);
        assert_eq!(parameters.body(), text(&case, "sent_body").as_bytes(), "{}", case["id"]);
    }
}

#[test]
fn stage_string_to_sign() {
    for case in cases("requests") {
        let nonce: Nonce = text(&case, "nonce").parse().unwrap();
        let request = RequestToSign::new(text(&case, "path"), nonce, parameters(&case)).unwrap();
        assert_eq!(request.string_to_sign(), text(&case, "string_to_sign"), "{}", case["id"]);
    }
}

#[test]
fn stage_digest() {
    for case in cases("requests") {
        let digest = Digest::of(text(&case, "string_to_sign"));
        assert_eq!(digest.to_string(), text(&case, "digest"), "{}", case["id"]);
    }
}

#[test]
fn stage_signature_and_headers() {
    for case in cases("requests") {
        let key = PrivateKey::from_hex(text(&case, "private_key")).unwrap();
        let nonce: Nonce = text(&case, "nonce").parse().unwrap();
        let request = RequestToSign::new(text(&case, "path"), nonce, parameters(&case)).unwrap();
        let signed = request.sign(&key);
        assert_eq!(signed.headers().signature(), text(&case, "signature"), "{}", case["id"]);
        assert_eq!(signed.headers().api_key(), text(&case, "public_key"), "{}", case["id"]);
        for (name, value) in signed.headers().pairs() {
            assert_eq!(case["headers"][name], value, "{}", case["id"]);
        }
    }
}

#[test]
fn what_must_not_be_signed_is_refused_and_the_member_named() {
    for case in cases("refused_requests") {
        let request = Parameters::from_json(&raw(&case)).and_then(|parameters| {
            RequestToSign::new(text(&case, "path"), text(&case, "nonce").parse()?, parameters)
        });
        assert_verdict(&case, &request);
        let error = request.unwrap_err();
        assert_eq!(error.field(), case["member"].as_str(), "{}", case["id"]);
    }
}

#[test]
fn signatures_are_accepted_or_refused() {
    for case in cases("signatures") {
        let digest: [u8; 32] =
            base16ct::lower::decode_vec(text(&case, "digest")).unwrap().try_into().unwrap();
        let key = PublicKey::from_hex(text(&case, "public_key")).unwrap();
        let signature = Signature::from_hex(text(&case, "signature"));
        assert_eq!(signature.as_ref().ok().map(Signature::is_high_s), case["high_s"].as_bool());
        let verdict = signature.and_then(|signature| {
            key.verify(&Digest::from(digest), &signature, SignaturePolicy::AcceptHighS)
        });
        assert_verdict(&case, &verdict);
    }
}

#[test]
fn callbacks_are_accepted_or_refused() {
    for case in cases("callbacks") {
        let body = raw(&case);
        let limit = usize::try_from(case["max_bytes"].as_u64().unwrap()).unwrap();
        let key = PublicKey::from_hex(text(&case, "public_key")).unwrap();
        let verdict =
            CallbackVerifier::trusting(key).max_bytes(limit).verify(case["signature"].as_str(), &body);
        assert_verdict(&case, &verdict);
        let form = verdict.ok().map(|form| match form {
            SignedForm::AsReceived => "as_received",
            _ => "ordered",
        });
        assert_eq!(form, case["form"].as_str(), "{}", case["id"]);
        let ordered = CallbackText::from_json(&body).ok();
        assert_eq!(ordered.as_ref().map(CallbackText::as_str), case["ordered"].as_str(), "{}", case["id"]);
    }
}
