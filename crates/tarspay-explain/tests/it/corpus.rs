//! The wrong signatures of `vectors/mistakes.json`, made in the idioms of other languages: each is named right.

use serde_json::Value;
use tarspay_explain::{Explanation, FailedSignature, Outcome};
use tarspay_sign::{
    CallbackVerifier, Nonce, Parameters, PrivateKey, PublicKey, RequestToSign, Signature, SignaturePolicy,
};

pub(crate) fn corpus() -> Value {
    serde_json::from_str(include_str!("../../vectors/mistakes.json")).unwrap()
}

pub(crate) fn cases(corpus: &Value) -> &[Value] {
    corpus["cases"].as_array().unwrap()
}

pub(crate) fn text<'v>(case: &'v Value, member: &str) -> &'v str {
    case[member].as_str().unwrap_or_else(|| panic!("no {member} in {case}"))
}

pub(crate) fn public_key(corpus: &Value, name: &str) -> PublicKey {
    text(&corpus["keys"][name], "public_key").parse().unwrap()
}

fn policy(case: &Value) -> SignaturePolicy {
    match text(case, "policy") {
        "require_low_s" => SignaturePolicy::RequireLowS,
        _ => SignaturePolicy::AcceptHighS,
    }
}

/// What the gateway knows, without the responses.
pub(crate) fn failed_signature<'v>(corpus: &'v Value, case: &'v Value) -> FailedSignature<'v> {
    let (path, nonce, body) = (text(case, "path"), text(case, "nonce"), text(case, "body").as_bytes());
    let kind = text(case, "kind");
    let mut failed_signature = match kind {
        "request" => FailedSignature::of_request(path, nonce, body),
        _ => FailedSignature::of_callback(body).request_formula(path, nonce),
    };
    for other in case["other_nonces"].as_array().into_iter().flatten() {
        failed_signature = failed_signature.other_nonce(other.as_str().unwrap());
    }
    if let Some(host) = case["host"].as_str() {
        failed_signature = failed_signature.host(host);
    }
    for name in corpus["keys"].as_object().unwrap().keys() {
        failed_signature = failed_signature.known_key(name, &public_key(corpus, name));
    }
    let claimed = text(&corpus["claimed_key"], kind);
    failed_signature.key(&public_key(corpus, claimed)).signature_policy(policy(case))
}

fn names(explanation: &Explanation) -> Vec<&str> {
    explanation.mistakes().iter().map(|mistake| mistake.name()).collect()
}

#[test]
fn every_wrong_signature_is_named_right() {
    let corpus = corpus();
    let mut wrong = Vec::new();
    for case in cases(&corpus) {
        let idiom = text(case, "idiom");
        let explanation = failed_signature(&corpus, case).signature(text(case, "signature")).explain();
        let expected: Vec<_> =
            case["mistakes"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        if names(&explanation) != expected {
            wrong.push(format!("{idiom}: {:?}, not {expected:?}", names(&explanation)));
            continue;
        }
        assert_eq!(explanation.outcome(), Outcome::Explained, "{idiom}");
        let finding = explanation.finding().unwrap();
        assert_eq!(finding.signed_bytes(), signed_bytes(case), "{idiom}");
        assert_eq!(
            finding.signer().known_as(),
            case["signed_with"].as_str(),
            "the signer is told by its name: {idiom}"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases(&corpus).len() >= 40);
}

#[test]
fn the_verifier_refuses_every_one_of_them() {
    let corpus = corpus();
    for case in cases(&corpus) {
        let key = public_key(&corpus, text(&corpus["claimed_key"], text(case, "kind")));
        let (body, signature) = (text(case, "body"), text(case, "signature"));
        let verdict = if text(case, "kind") == "callback" {
            CallbackVerifier::trusting(key)
                .signature_policy(policy(case))
                .verify(Some(signature), body.as_bytes())
                .map(|_| ())
        } else {
            let parameters =
                if body.is_empty() { Ok(Parameters::none()) } else { Parameters::from_json(body.as_bytes()) };
            let path = text(case, "path").split('?').next().unwrap();
            let nonce: Nonce = text(case, "nonce").parse().unwrap();
            parameters.and_then(|parameters| {
                let request = RequestToSign::new(path, nonce, parameters)?;
                request.verify(&key, &Signature::from_hex(signature)?, policy(case))
            })
        };
        assert!(verdict.is_err(), "{}", text(case, "idiom"));
    }
}

/// The file was made by another implementation; this crate makes the same signatures of the same texts.
#[test]
fn the_signatures_are_made_again_from_the_signed_texts() {
    let corpus = corpus();
    for case in cases(&corpus) {
        let key =
            PrivateKey::from_hex(text(&corpus["keys"][text(case, "signed_with")], "private_key")).unwrap();
        assert_eq!(key.public_key(), public_key(&corpus, text(case, "signed_with")));
        let signature = key.sign(&hashed(text(case, "hash"), &signed_bytes(case)).into());
        let written = encoded(&key, case, &signature);
        assert_eq!(written, text(case, "signature"), "{}", text(case, "idiom"));
    }
}

#[test]
fn idioms_are_told_apart_by_name() {
    let corpus = corpus();
    let mut idioms: Vec<_> = cases(&corpus).iter().map(|case| text(case, "idiom")).collect();
    idioms.sort_unstable();
    assert!(idioms.windows(2).all(|pair| pair[0] != pair[1]));
}

/// But for those that are only seen on a body which nobody can read.
#[test]
fn every_mistake_has_a_case() {
    let corpus = corpus();
    let missing: Vec<_> = tarspay_explain::Mistake::ALL
        .iter()
        .map(|mistake| mistake.name())
        .filter(|name| {
            !cases(&corpus)
                .iter()
                .any(|case| case["mistakes"].as_array().unwrap().iter().any(|known| known == name))
        })
        .collect();
    assert_eq!(
        missing,
        ["header_nonce_not_millis", "body_not_utf8", "body_compressed", "body_empty"],
        "`explanations` has a test of these"
    );
}

fn signed_bytes(case: &Value) -> Vec<u8> {
    match case["signed_hex"].as_str() {
        Some(digits) => hex::decode(digits).unwrap(),
        None => text(case, "signed_text").as_bytes().to_vec(),
    }
}

fn sha256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    <sha2::Sha256 as sha2::Digest>::digest(bytes).into()
}

/// The number that ECDSA takes from a hash of another length.
fn fit(hash: &[u8]) -> [u8; 32] {
    let mut padded = [0; 32];
    let start = 32_usize.saturating_sub(hash.len());
    padded[start..].copy_from_slice(&hash[..32 - start]);
    padded
}

pub(crate) fn hashed(rule: &str, text: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    let once = sha256(text);
    match rule {
        "sha1" => fit(&sha1::Sha1::digest(text)),
        "once_then_sha1" => fit(&sha1::Sha1::digest(once)),
        "twice_then_sha1" => fit(&sha1::Sha1::digest(sha256(once))),
        "sha384" => fit(&sha2::Sha384::digest(text)),
        "sha3_512" => fit(&sha3::Sha3_512::digest(text)),
        "twice_then_sha512" => fit(&sha2::Sha512::digest(sha256(once))),
        "twice_then_sha3" => fit(&sha3::Sha3_256::digest(sha256(once))),
        "sha3_twice" => fit(&sha3::Sha3_256::digest(sha3::Sha3_256::digest(text))),
        "twice" => sha256(once),
        "once" => once,
        "three_times" => sha256(sha256(once)),
        "hex_of_hash" => sha256(hex::encode(once)),
        "upper_hex_of_hash" => sha256(hex::encode_upper(once)),
        "twice_as_hex_text" => hex::encode(sha256(once)).as_bytes()[..32].try_into().unwrap(),
        _ => panic!("no such hash: {rule}"),
    }
}

/// `r` and `s`, each as 32 bytes.
pub(crate) fn raw(signature: &Signature) -> Vec<u8> {
    let signature = k256::ecdsa::Signature::from_der(&signature.to_der()).unwrap();
    signature.to_bytes().to_vec()
}

fn integers(raw: &[u8], with_high_s: bool) -> (Vec<u8>, Vec<u8>) {
    let signature = k256::ecdsa::Signature::from_slice(raw).unwrap();
    let (r, s) = signature.split_scalars();
    let s = if with_high_s { -*s } else { *s };
    (r.to_bytes().to_vec(), s.to_bytes().to_vec())
}

pub(crate) fn high_s(signature: &Signature) -> String {
    signature.with_high_s().to_string()
}

fn der(integers: &[&[u8]], minimal: bool) -> Vec<u8> {
    let mut content = Vec::new();
    for integer in integers {
        let zeros = integer.iter().take_while(|&&byte| byte == 0).count();
        let mut digits = integer[zeros..].to_vec();
        if minimal && digits[0] >= 0x80 {
            digits.insert(0, 0);
        }
        content.extend([2, u8::try_from(digits.len()).unwrap()]);
        content.extend(digits);
    }
    let mut der = vec![0x30, u8::try_from(content.len()).unwrap()];
    der.extend(content);
    der
}

fn base64(bytes: &[u8], digits: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut padded = [0; 4];
        padded[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(padded);
        for position in 0..=group.len() {
            text.push(char::from(digits[(bits >> (18 - 6 * position)) as usize & 63]));
        }
    }
    text
}

fn encoded(key: &PrivateKey, case: &Value, signature: &Signature) -> String {
    let standard: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*b"+/").collect();
    let for_urls: Vec<u8> = standard[..62].iter().copied().chain(*b"-_").collect();
    let padded = |text: String| format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
    let raw = raw(signature);
    match text(case, "signature_encoding") {
        "der_hex" => signature.to_string(),
        "der_hex_high_s" => high_s(signature),
        "der_hex_0x" => format!("0x{signature}"),
        "der_hex_line_end" => format!("{signature}\n"),
        "der_base64" => padded(base64(&signature.to_der(), &standard)),
        "raw_hex" => hex::encode(raw),
        "raw_base64" => padded(base64(&raw, &standard)),
        "raw_base64url" => base64(&raw, &for_urls),
        "der_hex_without_leading_zeros" => {
            let (r, s) = integers(&raw, true);
            hex::encode(der(&[&r, &s], false))
        }
        "recoverable_hex_0x" => {
            let digest = hashed(text(case, "hash"), &signed_bytes(case));
            let signing =
                k256::ecdsa::SigningKey::from_slice(&hex::decode(&*key.expose_hex()).unwrap()).unwrap();
            let (_, id) = signing.sign_prehash_recoverable(&digest);
            format!("0x{}{:02x}", hex::encode(raw), 27 + id.to_byte())
        }
        other => panic!("no such encoding: {other}"),
    }
}
