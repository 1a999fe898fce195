//! Keys: what is read, what is refused, what is made.

use crate::{TEST_KEY, test_key};
use std::collections::HashSet;
use tarspay_sign::{Digest, ErrorKind, PrivateKey, PublicKey, SYSTEM_PUBLIC_KEY, SignaturePolicy};

/// The order of secp256k1, n.
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

#[test]
fn private_keys_are_read_in_either_case_and_kept() {
    for text in [TEST_KEY.to_owned(), TEST_KEY.to_uppercase()] {
        let key: PrivateKey = text.parse().unwrap();
        assert_eq!(key.expose_hex().as_str(), TEST_KEY);
        assert_eq!(key.public_key(), test_key().public_key());
    }
    let smallest = format!("{:064x}", 1);
    let largest = ORDER.replace("4141", "4140");
    for text in [smallest, largest] {
        assert_eq!(PrivateKey::from_hex(&text).unwrap().expose_hex().as_str(), text);
    }
}

#[test]
fn texts_that_are_no_private_key_are_refused_without_being_repeated() {
    let zero = "0".repeat(64);
    let above = "f".repeat(64);
    let prefixed = format!("0x{TEST_KEY}");
    let newline = format!("{TEST_KEY}\n");
    let blank = format!(" {}", &TEST_KEY[1..]);
    let multibyte = format!("é{}", &TEST_KEY[2..]);
    let not_hex = TEST_KEY.replace('5', "g");
    for text in
        ["", "5", &TEST_KEY[1..], &zero, &above, ORDER, &prefixed, &newline, &blank, &multibyte, &not_hex]
    {
        let error = PrivateKey::from_hex(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPrivateKey, "a text of {} bytes", text.len());
        let shown =
            format!("{error} {error:?} {:?}", std::error::Error::source(&error).map(ToString::to_string));
        assert!(text.len() < 2 || !shown.contains(text), "the error repeats the text");
    }
}

#[test]
fn public_keys_are_read_in_either_case_and_written_in_lower() {
    let key: PublicKey = SYSTEM_PUBLIC_KEY.to_uppercase().parse().unwrap();
    assert_eq!(key.to_string(), SYSTEM_PUBLIC_KEY);
    assert_eq!(hex::encode(key.as_bytes()), SYSTEM_PUBLIC_KEY);
    assert_eq!(HashSet::from([key, PublicKey::system()]).len(), 1);
}

#[test]
fn texts_that_are_no_public_key_are_refused() {
    let not_on_curve = format!("02{:064x}", 5);
    let x_too_large = format!("02{}", "f".repeat(64));
    let uncompressed = format!("04{}", "11".repeat(64));
    let wrong_prefix = format!("05{}", &SYSTEM_PUBLIC_KEY[2..]);
    let compact_prefix = format!("04{}", &SYSTEM_PUBLIC_KEY[2..]);
    let identity = "00".repeat(33);
    let not_hex = SYSTEM_PUBLIC_KEY.replace('a', "x");
    let blank = format!("{} ", &SYSTEM_PUBLIC_KEY[..65]);
    for text in [
        "",
        "00",
        TEST_KEY,
        &SYSTEM_PUBLIC_KEY[..64],
        &not_on_curve,
        &x_too_large,
        &uncompressed,
        &wrong_prefix,
        &compact_prefix,
        &identity,
        &not_hex,
        &blank,
    ] {
        assert_eq!(PublicKey::from_hex(text).unwrap_err().kind(), ErrorKind::InvalidPublicKey, "{text}");
    }
}

#[test]
fn generated_keys_differ_and_work() {
    let keys: Vec<_> = (0..8).map(|_| PrivateKey::generate().unwrap()).collect();
    let publics: HashSet<_> = keys.iter().map(PrivateKey::public_key).collect();
    assert_eq!(publics.len(), keys.len());
    let digest = Digest::of("text");
    for key in &keys {
        let again = PrivateKey::from_hex(&key.expose_hex()).unwrap();
        again.public_key().verify(&digest, &key.sign(&digest), SignaturePolicy::RequireLowS).unwrap();
    }
}
