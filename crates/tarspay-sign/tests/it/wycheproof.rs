//! Project Wycheproof's ECDSA sets for secp256k1: the general one, and the one in which a high s is invalid.

use sha2::{Digest as _, Sha256};
use tarspay_sign::{Digest, PublicKey, Signature, SignaturePolicy};
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

struct Count {
    accepted: usize,
    refused: usize,
}

/// Runs every vector of a set; each one is either accepted or refused, as it says.
fn run(name: TestName, policy: SignaturePolicy) -> Count {
    let set = TestSet::load(name).unwrap();
    let mut count = Count { accepted: 0, refused: 0 };
    for group in &set.test_groups {
        let point = k256::PublicKey::from_sec1_bytes(&group.key.key).unwrap();
        let compressed = hex::encode(k256::ecdsa::VerifyingKey::from(point).to_sec1_point(true));
        let key = PublicKey::from_hex(&compressed).unwrap();
        let prepared = key.prepare();
        for test in &group.tests {
            // The sets hash once; ours is the second half of the gateway's double digest.
            let digest = Digest::from(<[u8; 32]>::from(Sha256::digest(&test.msg)));
            let verdict = Signature::from_der(&test.sig).and_then(|signature| {
                let verdict = key.verify(&digest, &signature, policy);
                assert_eq!(prepared.verify(&digest, &signature, policy).is_ok(), verdict.is_ok());
                verdict
            });
            let expected = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("no vector of these sets is merely acceptable"),
            };
            assert_eq!(verdict.is_ok(), expected, "test {}: {} {:?}", test.tc_id, test.comment, test.flags);
            if verdict.is_ok() {
                count.accepted += 1;
            } else {
                count.refused += 1;
            }
        }
    }
    assert_eq!(count.accepted + count.refused, set.number_of_tests, "every vector is accounted for");
    count
}

#[test]
fn general_set_with_either_s() {
    let count = run(TestName::EcdsaSecp256k1Sha256, SignaturePolicy::AcceptHighS);
    assert!(count.accepted > 100 && count.refused > 100, "{} {}", count.accepted, count.refused);
}

#[test]
fn bitcoin_set_with_low_s_required() {
    let count = run(TestName::EcdsaSecp256k1Sha256Bitcoin, SignaturePolicy::RequireLowS);
    assert!(count.accepted > 100 && count.refused > 100, "{} {}", count.accepted, count.refused);
}
