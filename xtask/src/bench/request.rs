//! From a request to its string, its digest and its headers.

use super::page::{Aim, Row, nanoseconds};
use super::sample::{KEY, order, request};
use super::stopwatch::take_turns;
use crate::shell::Failure;
use k256::ecdsa::SigningKey;
use k256::ecdsa::signature::hazmat::PrehashSigner as _;
use sha2::{Digest as _, Sha256};
use std::hint::black_box;
use tarspay::sign::{Parameters, PrivateKey};

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let mut rows = string_rows()?;
    rows.insert(0, sign_row()?);
    Ok(rows)
}

fn sign_row() -> Result<Row, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::to("prepare the signing", error);
    let order = order();
    let key: PrivateKey = KEY.parse().map_err(|error: tarspay::sign::Error| failed(&error))?;
    let mut secret = [0; 32];
    for (byte, digits) in secret.iter_mut().zip(KEY.as_bytes().chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).map_err(|error| failed(&error))?;
        *byte = u8::from_str_radix(digits, 16).map_err(|error| failed(&error))?;
    }
    let bare = SigningKey::from_slice(&secret).map_err(|error| failed(&error))?;
    let digest = Parameters::from_value(&order).and_then(request).map_err(|error| failed(&error))?.digest();

    let times = take_turns(
        50,
        &mut [
            &mut |_| {
                let parameters = Parameters::from_value(black_box(&order));
                let signed = parameters.and_then(request).map(|request| request.sign(&key).into_parts());
                assert!(black_box(signed).is_ok());
            },
            &mut |_| {
                let signature: Result<k256::ecdsa::Signature, _> =
                    bare.sign_prehash(black_box(&digest).as_bytes());
                assert!(black_box(signature).is_ok());
            },
        ],
    );
    Ok(Row {
        what: "sign a request of 13 members, value to headers and body",
        subject: nanoseconds(times.median(0)),
        rival: "k256 `sign_prehash` of a digest",
        rival_took: nanoseconds(times.median(1)),
        ratio: times.ratio(0, 1),
        aim: Aim::AtMost(1.05),
    })
}

fn string_rows() -> Result<Vec<Row>, Failure> {
    let order = order();
    let failed = |error: &dyn std::fmt::Display| Failure::to("prepare the string to sign", error);
    let json = serde_json::to_vec(&order).map_err(|error| failed(&error))?;
    let finished = Parameters::from_json(&json).and_then(request).map_err(|error| failed(&error))?;
    let finished = finished.string_to_sign();

    let times = take_turns(
        1_000,
        &mut [
            &mut |_| {
                let request = Parameters::from_value(black_box(&order)).and_then(request);
                assert!(black_box(request.map(|request| request.digest())).is_ok());
            },
            &mut |_| {
                let request = Parameters::from_json(black_box(&json)).and_then(request);
                assert!(black_box(request.map(|request| request.digest())).is_ok());
            },
            &mut |_| {
                black_box(Sha256::digest(Sha256::digest(black_box(finished))));
            },
        ],
    );
    let row = |subject, what| Row {
        what,
        subject: nanoseconds(times.median(subject)),
        rival: "double SHA-256 of the finished string",
        rival_took: nanoseconds(times.median(2)),
        ratio: times.ratio(subject, 2),
        aim: Aim::AtMost(6.0),
    };
    Ok(vec![
        row(0, "string to sign and digest, from a value"),
        row(1, "string to sign and digest, from JSON"),
    ])
}
