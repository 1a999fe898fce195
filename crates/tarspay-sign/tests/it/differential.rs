//! Our signatures and verdicts beside those of the C library libsecp256k1.

use crate::rounds;
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use secp256k1::ecdsa::Signature as CSignature;
use secp256k1::{Message, PublicKey as CPublicKey, SecretKey};
use tarspay_sign::{Digest, PrivateKey, PublicKey, Signature, SignaturePolicy};

/// The same bytes in every run, so that a failure can be repeated.
fn random_source() -> TestRng {
    TestRng::deterministic_rng(RngAlgorithm::ChaCha)
}

fn random_bytes(source: &mut TestRng) -> [u8; 32] {
    let mut bytes = [0; 32];
    source.fill_bytes(&mut bytes);
    bytes
}

/// The verdict of libsecp256k1 on DER bytes: strict DER, either s.
fn c_verdict(key: &CPublicKey, digest: &[u8; 32], der: &[u8]) -> bool {
    let Ok(mut signature) = CSignature::from_der(der) else { return false };
    signature.normalize_s();
    secp256k1::ecdsa::verify(&signature, Message::from_digest(*digest), key).is_ok()
}

fn our_verdict(key: &PublicKey, digest: &[u8; 32], der: &[u8]) -> bool {
    Signature::from_der(der)
        .and_then(|signature| key.verify(&Digest::from(*digest), &signature, SignaturePolicy::AcceptHighS))
        .is_ok()
}

#[test]
fn identical_der_for_identical_digests() {
    let mut source = random_source();
    for _ in 0..rounds(20_000) {
        let (secret, digest) = (random_bytes(&mut source), random_bytes(&mut source));
        let Ok(c_key) = SecretKey::from_secret_bytes(secret) else { continue };
        let key = PrivateKey::from_hex(&hex::encode(secret)).unwrap();
        let theirs = secp256k1::ecdsa::sign(Message::from_digest(digest), &c_key);
        assert_eq!(key.sign(&Digest::from(digest)).to_der(), theirs.serialize_der().to_vec());
        let c_public = CPublicKey::from_secret_key(&c_key);
        assert_eq!(key.public_key().as_bytes(), &c_public.serialize());
    }
}

#[test]
fn same_verdict_on_random_and_mutated_signatures() {
    let mut source = random_source();
    let (mut accepted, mut refused) = (0_u32, 0_u32);
    for round in 0..rounds(10_000) {
        let (secret, mut digest) = (random_bytes(&mut source), random_bytes(&mut source));
        let key = PrivateKey::from_hex(&hex::encode(secret)).unwrap();
        let c_key = CPublicKey::from_slice(key.public_key().as_bytes()).unwrap();
        let signature = key.sign(&Digest::from(digest));
        let mut der = signature.to_der();
        let pick = source.next_u32() as usize;
        let byte = random_bytes(&mut source)[0];
        let position = pick % der.len();
        match round % 8 {
            0 => {}
            1 => der = crate::signatures::mirrored(&signature).to_der(),
            2 => der[position] ^= 1 << (pick % 7),
            3 => der.truncate(position),
            4 => der.insert(position, byte),
            5 => digest[pick % 32] ^= 1,
            6 => der.push(0),
            _ => der[position] = byte,
        }
        let ours = our_verdict(&key.public_key(), &digest, &der);
        assert_eq!(ours, c_verdict(&c_key, &digest, &der), "round {round}: {}", hex::encode(&der));
        if ours {
            accepted += 1;
        } else {
            refused += 1;
        }
    }
    assert!(
        accepted >= rounds(2_500) && refused >= rounds(5_000),
        "both verdicts occur: {accepted} {refused}"
    );
}
