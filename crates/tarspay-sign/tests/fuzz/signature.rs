//! Fuzz target: hex and DER, against a strict reader written once more.

use tarspay_sign::{Nonce, Parameters, PrivateKey, PublicKey, RequestToSign, Signature};

pub(crate) fn run(bytes: &[u8]) {
    match Signature::from_der(bytes) {
        Ok(signature) => {
            assert!(is_strict(bytes), "read, but not strict DER");
            assert_eq!(signature.to_der(), bytes, "a signature is written as it was read");
            let low = signature.with_low_s();
            assert!(!low.is_high_s() && low.with_low_s() == low);
            assert_eq!(low == signature, !signature.is_high_s());
            assert!(Signature::from_der(&low.to_der()).is_ok_and(|again| again == low));
        }
        Err(_) => assert!(!is_strict(bytes), "strict DER, but refused"),
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Signature::from_hex(text) {
        Ok(signature) => {
            let der = unhex(text).expect("read, but not hex");
            assert_eq!(signature.to_der(), der);
            assert_eq!(signature.to_string(), text.to_ascii_lowercase());
            assert!(text.parse::<Signature>().is_ok_and(|parsed| parsed == signature));
        }
        Err(_) => assert!(!unhex(text).is_some_and(|der| is_strict(&der)), "hex of strict DER, but refused"),
    }
    if let Ok(key) = PublicKey::from_hex(text) {
        assert_eq!(key.to_string(), text.to_ascii_lowercase());
        assert_eq!(unhex(text).as_deref(), Some(&key.as_bytes()[..]));
    }
    if let Ok(key) = PrivateKey::from_hex(text) {
        assert_eq!(*key.expose_hex(), text.to_ascii_lowercase());
        let request = RequestToSign::new("/p", Nonce::from_unix_millis(1), Parameters::none())
            .expect("a path without faults");
        let signed = request.clone().sign(&key);
        assert!(request.with_signature(&key.public_key(), signed.signature()).is_ok());
    }
}

/// The order of secp256k1.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// `SEQUENCE { r INTEGER, s INTEGER }`, short lengths, minimal integers from 1 to the order, nothing after it.
fn is_strict(der: &[u8]) -> bool {
    let whole = |der| -> Option<bool> {
        let (content, rest) = element(0x30, der)?;
        let (r, after_r) = element(0x02, content)?;
        let (s, after_s) = element(0x02, after_r)?;
        Some(rest.is_empty() && after_s.is_empty() && is_scalar(r) && is_scalar(s))
    };
    whole(der).unwrap_or(false)
}

fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match bytes {
        [first, length @ ..=0x7f, rest @ ..] if *first == tag => rest.split_at_checked(usize::from(*length)),
        _ => None,
    }
}

fn is_scalar(integer: &[u8]) -> bool {
    let digits = match integer {
        [0, rest @ ..] if rest.first().is_some_and(|&first| first >= 0x80) => rest,
        [1..=0x7f, ..] => integer,
        _ => return false,
    };
    digits.len() < ORDER.len() || digits.len() == ORDER.len() && digits < &ORDER[..]
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.len().is_multiple_of(2).then_some(())?;
    text.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// The signatures and keys of the vectors as hex, and the signatures as DER.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../vectors/documentation.json")).expect("the vectors are JSON");
    let text = |vector: &serde_json::Value, name: &str| vector[name].as_str().map(str::to_owned);
    let mut seeds = Vec::new();
    for vector in vectors["vectors"].as_array().into_iter().flatten() {
        let signature = text(vector, "signature");
        seeds.extend(signature.as_deref().and_then(unhex));
        let texts = [signature, text(vector, "public_key"), text(vector, "private_key")];
        seeds.extend(texts.into_iter().flatten().map(String::into_bytes));
    }
    // The smallest integers, and the order itself in the place of r.
    seeds.push(vec![0x30, 6, 2, 1, 1, 2, 1, 1]);
    seeds.push([&[0x30, 0x26, 2, 0x21, 0][..], &ORDER, &[2, 1, 1]].concat());
    seeds
}
