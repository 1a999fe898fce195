//! Verifying with a prepared key, beside libsecp256k1 and k256.

use super::page::{Aim, Row, nanoseconds};
use super::sample::{KEY, callbacks};
use super::stopwatch::take_turns;
use crate::shell::Failure;
use k256::ecdsa::VerifyingKey;
use k256::ecdsa::signature::hazmat::PrehashVerifier as _;
use std::hint::black_box;
use tarspay::sign::{PrivateKey, SignaturePolicy};

const SIGNATURES: usize = 512;

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::to("prepare the verification", error);
    let private: PrivateKey = KEY.parse().map_err(|error: tarspay::sign::Error| failed(&error))?;
    let key = private.public_key().prepare();
    let signed = callbacks(&private, SIGNATURES).map_err(|error| failed(&error))?;

    let k256_key =
        VerifyingKey::from_sec1_bytes(key.public_key().as_bytes()).map_err(|error| failed(&error))?;
    let k256_signatures = signed
        .iter()
        .map(|signed| k256::ecdsa::Signature::from_der(&signed.signature.to_der()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(&error))?;

    let c_key =
        secp256k1::PublicKey::from_slice(key.public_key().as_bytes()).map_err(|error| failed(&error))?;
    let c_signatures = signed
        .iter()
        .map(|signed| secp256k1::ecdsa::Signature::from_der(&signed.signature.to_der()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(&error))?;
    let c_messages: Vec<_> =
        signed.iter().map(|signed| secp256k1::Message::from_digest(*signed.digest.as_bytes())).collect();

    let times = take_turns(
        SIGNATURES,
        &mut [
            &mut |index| {
                let signed = black_box(&signed[index]);
                assert!(key.verify(&signed.digest, &signed.signature, SignaturePolicy::AcceptHighS).is_ok());
            },
            &mut |index| {
                let signature = black_box(&c_signatures[index]);
                assert!(secp256k1::ecdsa::verify(signature, c_messages[index], &c_key).is_ok());
            },
            &mut |index| {
                let signature = black_box(&k256_signatures[index]);
                assert!(k256_key.verify_prehash(signed[index].digest.as_bytes(), signature).is_ok());
            },
        ],
    );
    let row = |rival, name, aim| Row {
        what: "verify with a prepared key",
        subject: nanoseconds(times.median(0)),
        rival: name,
        rival_took: nanoseconds(times.median(rival)),
        ratio: times.ratio(0, rival),
        aim: Aim::AtMost(aim),
    };
    Ok(vec![row(1, "libsecp256k1 (C) `verify`", 0.80), row(2, "k256 `verify_prehash`", 0.45)])
}
