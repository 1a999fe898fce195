//! A thousand corrupted texts and signatures: what is reported as fitting does fit, by an independent check.

use crate::corpus::{cases, corpus, failed_signature, hashed, text};
use crate::rounds;
use k256::ecdsa::signature::hazmat::PrehashVerifier as _;
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::Value;
use tarspay_explain::{Explanation, Mistake, Outcome};
use tarspay_sign::{PrivateKey, PublicKey};

const THREADS: u8 = 4;

#[test]
fn no_corruption_is_reported_as_fitting_when_it_does_not() {
    let corpus = &corpus();
    let explained: usize = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || corruptions(corpus, thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // A changed character now and then gives another mistake, or leaves r and s as they are; most of them fit nothing.
    // That one does is sure in a long run only.
    let least = usize::from(rounds(1) > 0);
    assert!((least..250).contains(&explained), "{explained}");
}

/// Returns how many were explained all the same.
fn corruptions(corpus: &Value, thread: u8) -> usize {
    let cases = cases(corpus);
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[thread; 32]);
    let mut explained = 0;
    for _ in 0..rounds(250) {
        let case = &cases[below(&mut rng, cases.len())];
        // Half the time the text is corrupted and then signed in earnest, half the time the signature.
        let signature = if below(&mut rng, 2) == 0 {
            corrupted_text(corpus, case, &mut rng)
        } else {
            corrupted_signature(text(case, "signature"), &mut rng)
        };
        let explanation =
            failed_signature(corpus, case).signature(&signature).max_candidates(1_000).explain();
        assert_ne!(explanation.outcome(), Outcome::NothingToExplain, "{}: {signature}", text(case, "idiom"));
        if explanation.finding().is_some() {
            explained += 1;
            check(&explanation, &signature);
        }
    }
    explained
}

fn below(rng: &mut TestRng, limit: usize) -> usize {
    usize::try_from(rng.next_u64() % u64::try_from(limit).unwrap()).unwrap()
}

/// Changes, removes or doubles one byte.
fn corrupt(bytes: &mut Vec<u8>, rng: &mut TestRng, other: u8) {
    let position = below(rng, bytes.len());
    match below(rng, 3) {
        0 if bytes[position] != other => bytes[position] = other,
        1 => drop(bytes.remove(position)),
        _ => bytes.insert(position, other),
    }
}

fn corrupted_text(corpus: &Value, case: &Value, rng: &mut TestRng) -> String {
    let mut bytes = case["signed_text"].as_str().unwrap_or("corrupted").as_bytes().to_vec();
    for _ in 0..=below(rng, 2) {
        let other = b"aZ09|&=/ \n\"+%{"[below(rng, 14)];
        corrupt(&mut bytes, rng, other);
    }
    let key = PrivateKey::from_hex(text(&corpus["keys"][text(case, "signed_with")], "private_key")).unwrap();
    key.sign(&tarspay_sign::Digest::of(&bytes)).to_string()
}

fn corrupted_signature(signature: &str, rng: &mut TestRng) -> String {
    let mut bytes = signature.as_bytes().to_vec();
    let other = b"0123456789abcdef"[below(rng, 16)];
    corrupt(&mut bytes, rng, other);
    String::from_utf8(bytes).unwrap()
}

/// By k256 alone, from the reported text: the hash is worked out from the names of the mistakes.
fn check(explanation: &Explanation, signature: &str) {
    let finding = explanation.finding().unwrap();
    let hashing: Vec<_> = finding
        .mistakes()
        .iter()
        .map(|mistake| mistake.name())
        .filter(|name| name.contains("hashed_") || name.starts_with("digest_"))
        .collect();
    let rules: &[&str] = match *hashing {
        [] => &["twice"],
        ["hashed_once"] => &["once"],
        ["hashed_three_times"] => &["three_times"],
        ["hex_of_hash_hashed"] => &["hex_of_hash", "upper_hex_of_hash"],
        ["digest_as_text"] => &["twice_as_hex_text"],
        ["hashed_with_sha1"] => &["twice_then_sha1", "sha1"],
        ["hashed_once", "hashed_with_sha1"] => &["once_then_sha1"],
        ["hashed_with_sha512"] => &["twice_then_sha512"],
        ["hashed_with_sha3"] => &["twice_then_sha3", "sha3_twice"],
        _ => panic!("no case of the corpus is hashed so: {hashing:?}"),
    };
    let digests: Vec<_> = rules.iter().map(|rule| hashed(rule, finding.signed_bytes())).collect();
    let digest = *finding.signed_digest().as_bytes();
    assert!(digests.contains(&digest));
    let pair = pair(finding.mistakes(), signature);
    assert!(verifies(&finding.signer().key(), &digest, &pair), "{:?} of {signature}", finding.mistakes());
}

fn verifies(key: &PublicKey, digest: &[u8; 32], signature: &k256::ecdsa::Signature) -> bool {
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(key.as_bytes()).unwrap();
    key.verify_prehash(digest, &signature.normalize_s()).is_ok()
}

/// Reads the signature as the mistakes say that it is written.
fn pair(mistakes: &[Mistake], signature: &str) -> k256::ecdsa::Signature {
    let mut digits: String = signature.split_whitespace().collect();
    if mistakes.contains(&Mistake::SignatureDecorated) {
        digits = digits.trim_start_matches("0x").to_owned();
    }
    let bytes = if mistakes.contains(&Mistake::SignatureBase64) {
        base64(&digits)
    } else {
        hex::decode(&digits).unwrap()
    };
    let raw = [Mistake::SignatureRaw, Mistake::SignatureWithRecovery];
    let (r, s) = if mistakes.iter().any(|mistake| raw.contains(mistake)) {
        (&bytes[..32], &bytes[32..64])
    } else {
        let (r, rest) = bytes[4..].split_at(usize::from(bytes[3]));
        (r, &rest[2..2 + usize::from(rest[1])])
    };
    k256::ecdsa::Signature::from_scalars(padded(r), padded(s)).unwrap()
}

fn padded(bytes: &[u8]) -> [u8; 32] {
    let digits = if bytes.len() > 32 { &bytes[bytes.len() - 32..] } else { bytes };
    let mut padded = [0; 32];
    padded[32 - digits.len()..].copy_from_slice(digits);
    padded
}

fn base64(text: &str) -> Vec<u8> {
    let mut bits = Vec::new();
    for digit in text.bytes().filter(|&digit| digit != b'=') {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            _ => 63,
        };
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}
