//! What holds for every request: it verifies, and no changed byte of it does.

use proptest::collection::btree_map;
use proptest::prelude::*;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use tarspay_sign::{
    CallbackText, CallbackVerifier, Digest, Nonce, Parameters, PrivateKey, RequestToSign, Signature,
    SignaturePolicy,
};

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z]{1,12}", "\\PC{1,6}"]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => "[ -~]{0,20}".prop_map(Value::from),
        2 => ".{0,20}".prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn members() -> impl Strategy<Value = BTreeMap<String, Value>> {
    btree_map(name(), value(), 0..14)
}

fn path() -> impl Strategy<Value = String> {
    "/[!\"$-{}~]{0,30}".prop_filter("no reserved character", |path| !path.contains(['?', '#', '|']))
}

fn private_key() -> impl Strategy<Value = PrivateKey> {
    any::<[u8; 32]>().prop_filter_map("a key", |bytes| PrivateKey::from_hex(&hex::encode(bytes)).ok())
}

fn request(path: &str, nonce: u64, members: &BTreeMap<String, Value>) -> RequestToSign {
    let parameters = Parameters::from_value(members).unwrap();
    RequestToSign::new(path, Nonce::from_unix_millis(nonce), parameters).unwrap()
}

fn verifies(request: &RequestToSign, key: &PrivateKey, signature: &Signature) -> bool {
    request.verify(&key.public_key(), signature, SignaturePolicy::AcceptHighS).is_ok()
}

/// The members as JSON in another order, and with blanks.
fn shuffled(members: &BTreeMap<String, Value>, seed: prop::sample::Index) -> String {
    let mut shuffled: Vec<_> = members.iter().collect();
    if !shuffled.is_empty() {
        let middle = seed.index(shuffled.len());
        shuffled.rotate_left(middle);
        shuffled[..middle].reverse();
    }
    let json: Vec<_> =
        shuffled.iter().map(|(name, value)| format!("{} : {value}", Value::from(name.as_str()))).collect();
    format!("{{ {} }}", json.join(" ,\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_signed_verifies_from_what_is_sent(
        path in path(), nonce: u64, members in members(), key in private_key()
    ) {
        let signed = request(&path, nonce, &members).sign(&key);
        // A receiver has the path, the headers and the body, nothing else.
        let received = RequestToSign::new(
            &path,
            signed.headers().nonce().parse().unwrap(),
            Parameters::from_json(signed.body()).unwrap(),
        ).unwrap();
        prop_assert_eq!(received.string_to_sign(), signed.string_to_sign());
        let signature = Signature::from_hex(signed.headers().signature()).unwrap();
        prop_assert!(verifies(&received, &key, &signature));
        prop_assert!(!signature.is_high_s());
        let again = Parameters::from_json(signed.body()).unwrap();
        prop_assert_eq!(again.body(), signed.body());
    }

    #[test]
    fn the_body_sent_holds_the_members_given_less_the_nulls(members in members()) {
        let parameters = Parameters::from_value(&members).unwrap();
        let sent: Map<String, Value> = serde_json::from_slice(parameters.body()).unwrap();
        let given: Map<String, Value> =
            members.into_iter().filter(|(_, value)| !value.is_null()).collect();
        prop_assert_eq!(sent, given);
    }

    #[test]
    fn the_order_of_members_never_matters(members in members(), seed: prop::sample::Index) {
        let shuffled = shuffled(&members, seed);
        prop_assert_eq!(
            Parameters::from_json(shuffled.as_bytes()).unwrap(),
            Parameters::from_value(&members).unwrap()
        );
    }

    #[test]
    fn a_changed_byte_of_the_path_the_nonce_or_the_key_fails(
        path in path(), nonce in 0..u64::MAX, members in members(), key in private_key(),
        other in private_key(), position: prop::sample::Index
    ) {
        let signature = request(&path, nonce, &members).sign(&key).signature();
        let mut bytes = path.clone().into_bytes();
        let position = position.index(bytes.len());
        bytes[position] = if bytes[position] == b'x' { b'y' } else { b'x' };
        if position > 0 {
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert!(!verifies(&request(&changed, nonce, &members), &key, &signature));
        }
        prop_assert!(!verifies(&request(&path, nonce + 1, &members), &key, &signature));
        prop_assume!(other.public_key() != key.public_key());
        prop_assert!(!verifies(&request(&path, nonce, &members), &other, &signature));
    }

    #[test]
    fn a_changed_value_or_a_removed_member_fails(
        members in members(), key in private_key(), position: prop::sample::Index, added in "[a-z]{1,5}"
    ) {
        prop_assume!(members.values().any(|value| !value.is_null()));
        let signature = request("/p", 1, &members).sign(&key).signature();
        let present: Vec<_> = members.iter().filter(|(_, value)| !value.is_null()).collect();
        let (name, value) = present[position.index(present.len())];
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);

        let mut changed = members.clone();
        changed.insert(name.clone(), Value::from(format!("{text}{added}")));
        prop_assert!(!verifies(&request("/p", 1, &changed), &key, &signature));

        let mut removed = members.clone();
        removed.remove(name);
        prop_assert!(!verifies(&request("/p", 1, &removed), &key, &signature));
    }

    #[test]
    fn a_changed_byte_of_the_signature_fails(
        key in private_key(), text in ".{0,40}", position: prop::sample::Index, bit in 0..8_u8
    ) {
        let digest = Digest::of(&text);
        let mut der = key.sign(&digest).to_der();
        let position = position.index(der.len());
        der[position] ^= 1 << bit;
        let verdict = Signature::from_der(&der)
            .and_then(|signature| key.public_key().verify(&digest, &signature, SignaturePolicy::AcceptHighS));
        prop_assert!(verdict.is_err());
    }

    #[test]
    fn signing_is_deterministic(key in private_key(), members in members(), nonce: u64) {
        let once = request("/p", nonce, &members).sign(&key);
        let again = request("/p", nonce, &members).sign(&PrivateKey::from_hex(&key.expose_hex()).unwrap());
        prop_assert_eq!(once.headers(), again.headers());
    }

    #[test]
    fn a_callback_verifies_in_any_order_and_never_with_a_changed_value(
        members in btree_map("[a-zA-Z]{1,10}", value(), 1..12), key in private_key(), seed: prop::sample::Index
    ) {
        let text = CallbackText::from_value(&members).unwrap();
        let signature = text.sign(&key).to_string();
        let verifier = CallbackVerifier::trusting(key.public_key());
        let shuffled = shuffled(&members, seed);
        prop_assert!(verifier.verify(Some(&signature), shuffled.as_bytes()).is_ok());

        let name = members.keys().nth(seed.index(members.len())).unwrap();
        let mut changed = members.clone();
        changed.insert(name.clone(), Value::from("a value that no strategy makes: \u{1F980}"));
        let changed = serde_json::to_vec(&changed).unwrap();
        prop_assert!(verifier.verify(Some(&signature), &changed).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,160}") {
        let _ = Parameters::from_json(&bytes);
        let _ = CallbackText::from_json(&bytes);
        let _ = Signature::from_der(&bytes);
        let _ = Signature::from_hex(&text);
        let _ = PrivateKey::from_hex(&text);
        let _ = tarspay_sign::PublicKey::from_hex(&text);
        let _ = text.parse::<Nonce>();
        let _ = RequestToSign::new(&text, Nonce::from_unix_millis(1), Parameters::none());
        prop_assert!(CallbackVerifier::production().verify(Some(&text), &bytes).is_err());
        // Only with a signature that can be read does it come to the body.
        let signature = crate::test_key().sign(&Digest::of("x")).to_string();
        prop_assert!(CallbackVerifier::production().verify(Some(&signature), &bytes).is_err());
    }
}
