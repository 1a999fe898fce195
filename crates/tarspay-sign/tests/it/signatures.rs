//! The text of signatures: strict DER, either case of hex in, lower case out.

use crate::test_key;
use tarspay_sign::{Digest, ErrorKind, Signature, SignaturePolicy};

/// The other signature of the same statement: `(r, n - s)`.
pub(crate) fn mirrored(signature: &Signature) -> Signature {
    let (r, s) = k256::ecdsa::Signature::from_der(&signature.to_der()).unwrap().split_scalars();
    let mirrored = k256::ecdsa::Signature::from_scalars(r, -*s).unwrap();
    Signature::from_der(mirrored.to_der().as_bytes()).unwrap()
}

fn signature() -> Signature {
    test_key().sign(&Digest::of("text"))
}

#[track_caller]
fn refused(text: &str) -> ErrorKind {
    Signature::from_hex(text).expect_err(text).kind()
}

#[test]
fn either_case_is_read_and_lower_case_is_written() {
    let text = signature().to_string();
    assert_eq!(Signature::from_hex(&text.to_uppercase()).unwrap(), signature());
    assert_eq!(text, text.to_lowercase());
    assert_eq!(Signature::from_der(&signature().to_der()).unwrap(), signature());
}

#[test]
fn we_sign_with_a_low_s_and_accept_both() {
    let (key, digest) = (test_key(), Digest::of("text"));
    let low = key.sign(&digest);
    let high = mirrored(&low);
    assert!(!low.is_high_s());
    assert!(high.is_high_s());
    assert_eq!(high.with_low_s(), low);
    for signature in [&low, &high] {
        key.public_key().verify(&digest, signature, SignaturePolicy::AcceptHighS).unwrap();
    }
    let strict = key.public_key().verify(&digest, &high, SignaturePolicy::RequireLowS).unwrap_err();
    assert_eq!(strict.kind(), ErrorKind::HighS);
    let wrong_text =
        key.public_key().verify(&Digest::of("other"), &high, SignaturePolicy::RequireLowS).unwrap_err();
    assert_eq!(wrong_text.kind(), ErrorKind::SignatureMismatch, "a mismatch is never reported as a high s");
}

#[test]
fn an_empty_text_is_missing() {
    assert_eq!(refused(""), ErrorKind::MissingSignature);
}

#[test]
fn texts_that_are_not_hex_der_are_malformed() {
    let text = signature().to_string();
    let der = signature().to_der();
    let raw = {
        let signature = k256::ecdsa::Signature::from_der(&der).unwrap();
        hex::encode(signature.to_bytes())
    };
    let base64_like = "MEQCIHETEo0W/DdwdQ==";
    let longer = format!("{text}00");
    let blank_inside = format!("{} {}", &text[..10], &text[10..]);
    let odd = &text[..text.len() - 1];
    for bad in ["0", "zz", "é", &raw, base64_like, &longer, &blank_inside, odd, &"00".repeat(100_000)] {
        assert_eq!(refused(bad), ErrorKind::MalformedSignature);
    }
}

#[test]
fn der_is_strict() {
    // SEQUENCE { 1, 1 } is the smallest well-formed signature.
    assert!(Signature::from_hex("3006020101020101").is_ok());
    for (der, fault) in [
        ("30060201010201", "cut short"),
        ("300602010102010100", "trailing byte"),
        ("3007020101020101", "sequence longer than its content"),
        ("3005020101020101", "sequence shorter than its content"),
        ("30070201010201010 0", "blank"),
        ("30810602010102 0101", "blank"),
        ("308106020101020101", "length in two bytes"),
        ("300702020001020101", "r with a needless zero"),
        ("300702010102020001", "s with a needless zero"),
        ("3006020181020101", "r negative: its leading zero is missing"),
        ("3006020101020181", "s negative: its leading zero is missing"),
        ("3006020100020101", "r is zero"),
        ("3006020101020100", "s is zero"),
        ("30050200020101", "r is empty"),
        ("3106020101020101", "no sequence"),
        ("3006030101020101", "r is not an integer"),
        ("3009020101020101020101", "three integers"),
        ("3003020101", "one integer"),
        ("3080020101020101", "indefinite length"),
    ] {
        assert_eq!(refused(der), ErrorKind::MalformedSignature, "{fault}");
    }
}

#[test]
fn r_and_s_are_below_the_order() {
    let order = "00fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let below = order.replace("4141", "4140");
    for (r, s, ok) in [(order, &below[..], false), (&below[..], order, false), (&below[..], &below[..], true)]
    {
        let der = format!("30460221{r}0221{s}");
        assert_eq!(Signature::from_hex(&der).is_ok(), ok);
    }
}

#[test]
fn r_and_s_make_the_signature_again() {
    let signature = signature();
    let (r, s) = (signature.r(), signature.s());
    let by_k256 = k256::ecdsa::Signature::from_der(&signature.to_der()).unwrap();
    assert_eq!([r, s].concat(), by_k256.to_bytes().to_vec());
    assert_eq!(Signature::from_rs(&r, &s).unwrap(), signature);

    let order = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").unwrap();
    let order: [u8; 32] = order.try_into().unwrap();
    for bad in [[0; 32], order, [0xff; 32]] {
        for (r, s) in [(&bad, &s), (&r, &bad)] {
            let refused = Signature::from_rs(r, s).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::MalformedSignature);
        }
    }
}

#[test]
fn the_equivalent_with_a_high_s_verifies_and_turns_back() {
    let key = test_key();
    for number in 0..50 {
        let digest = Digest::of(number.to_string());
        let low = key.sign(&digest);
        let high = low.with_high_s();
        assert_eq!(high, mirrored(&low));
        assert!(high.is_high_s());
        assert_eq!(high.with_high_s(), high);
        assert_eq!(high.with_low_s(), low);
        key.public_key().verify(&digest, &high, SignaturePolicy::AcceptHighS).unwrap();
    }
}

#[test]
fn digests_are_read_as_they_are_written() {
    let digest = Digest::of("text");
    let text = digest.to_string();
    assert_eq!(text.parse::<Digest>().unwrap(), digest);
    assert_eq!(Digest::try_from(text.to_uppercase().as_str()).unwrap(), digest);
    assert_eq!(digest.as_ref(), digest.as_bytes());
    for bad in ["", "text", &text[1..], &format!("{text}0"), &text.replace(&text[..1], "g")] {
        assert_eq!(Digest::from_hex(bad).unwrap_err().kind(), ErrorKind::InvalidDigest, "{bad}");
    }
}
