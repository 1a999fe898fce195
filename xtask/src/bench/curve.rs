//! Signing and verifying, beside libsecp256k1 and k256 in a process of their own.

use super::child::Child;
use super::http::calls::KEY;
use super::page::{Aim, Row, Unit};
use super::sample::{callbacks, order, request};
use super::stopwatch::{Contender, Times, here, take_turns};
use crate::shell::Failure;
use std::hint::black_box;
use tarspay::sign::{Parameters, PrivateKey, SignaturePolicy};

const SIGNATURES: usize = 512;

pub(super) fn rows(rivals: &Child) -> Result<Vec<Row>, Failure> {
    let failed = |error| Failure::to("prepare the signatures", error);
    let key: PrivateKey = KEY.parse().map_err(failed)?;
    let order = order();
    let signing = take_turns(
        SIGNATURES,
        &mut [
            here(|_| {
                let parameters = Parameters::from_value(black_box(&order));
                let signed = parameters.and_then(request).map(|request| request.sign(&key).into_parts());
                assert!(black_box(signed).is_ok());
            }),
            rival(rivals, "k256-sign"),
            rival(rivals, "secp256k1-sign"),
        ],
    )?;

    let prepared = key.public_key().prepare();
    let signed = callbacks(&key, 0..SIGNATURES).map_err(failed)?;
    let verifying = take_turns(
        SIGNATURES,
        &mut [
            here(|index| {
                let signed = black_box(&signed[index]);
                let policy = SignaturePolicy::AcceptHighS;
                assert!(prepared.verify(&signed.digest, &signed.signature, policy).is_ok());
            }),
            rival(rivals, "secp256k1-verify"),
        ],
    )?;
    let sign = "sign a request of 13 members, value to headers and body";
    Ok(vec![
        row(&signing, 1, sign, "k256 `sign_prehash` of a digest", 1.06),
        row(&signing, 2, sign, "libsecp256k1 (C), kept context: `sign_ecdsa` of a digest", 1.25),
        row(&verifying, 1, "verify with a prepared key", "libsecp256k1 (C) `verify_ecdsa`", 0.55),
    ])
}

/// What `xtask/rivals` calls by this name.
fn rival<'a>(rivals: &'a Child, name: &'static str) -> Contender<'a> {
    Box::new(move |iterations| {
        let taken = rivals.ask(&format!("{name} {iterations}"))?;
        taken.parse().map_err(|error| Failure::to(&format!("measure {name}"), error))
    })
}

fn row(times: &Times, rival: usize, what: &'static str, name: &'static str, aim: f64) -> Row {
    Row {
        what,
        subject: times.median(0),
        rival: name,
        rival_took: times.median(rival),
        unit: Unit::Nanoseconds,
        ratio: times.ratio(0, rival),
        aim: Aim::AtMost(aim),
    }
}
