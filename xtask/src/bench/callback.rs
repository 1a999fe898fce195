//! Callbacks: what reading adds to verifying, and what more cores bring.

use super::http::calls::KEY;
use super::page::{Aim, Row, Unit};
use super::sample::{MERCHANT_NO, Signed, callbacks};
use super::stopwatch::{as_f64, here, median, take_turns};
use crate::shell::Failure;
use std::hint::black_box;
use std::thread;
use std::time::Instant;
use tarspay::CallbackVerifier;
use tarspay::sign::{PrivateKey, SignaturePolicy};

const DIFFERENT: usize = 512;
/// A million callbacks on all cores, and as many on one, in so many turns.
const TURNS: usize = 20;
const CALLBACKS_IN_A_TURN: usize = 50_000;

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let failed = |error| Failure::to("prepare the callbacks", error);
    let private: PrivateKey = KEY.parse().map_err(failed)?;
    let signed = callbacks(&private, 0..DIFFERENT).map_err(failed)?;
    let merchant_no = MERCHANT_NO.parse().map_err(|error| Failure::to("read the merchant number", error))?;
    let verifier = CallbackVerifier::trusting(merchant_no, private.public_key());
    Ok(vec![read_row(&private, &signed, &verifier)?, cores_row(&signed, &verifier)])
}

fn verify(verifier: &CallbackVerifier, signed: &Signed) {
    let callback = verifier.verify(Some(&signed.header), signed.body.as_bytes());
    assert!(black_box(callback).is_ok());
}

fn read_row(private: &PrivateKey, signed: &[Signed], verifier: &CallbackVerifier) -> Result<Row, Failure> {
    let key = private.public_key().prepare();
    let times = take_turns(
        DIFFERENT,
        &mut [
            here(|index| verify(verifier, black_box(&signed[index]))),
            here(|index| {
                let signed = black_box(&signed[index]);
                assert!(key.verify(&signed.digest, &signed.signature, SignaturePolicy::AcceptHighS).is_ok());
            }),
        ],
    )?;
    Ok(Row {
        what: "callback, raw bytes to `Verified<Callback>`",
        subject: times.median(0),
        rival: "its bare prepared verification",
        rival_took: times.median(1),
        unit: Unit::Nanoseconds,
        ratio: times.ratio(0, 1),
        aim: Aim::AtMost(1.10),
    })
}

fn cores_row(signed: &[Signed], verifier: &CallbackVerifier) -> Row {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let timed = |threads: usize| {
        let start = Instant::now();
        thread::scope(|scope| {
            for thread in 0..threads {
                scope.spawn(move || {
                    let share = (thread..CALLBACKS_IN_A_TURN).step_by(threads);
                    share.for_each(|index| verify(verifier, &signed[index % DIFFERENT]));
                });
            }
        });
        start.elapsed().as_secs_f64() * 1e9
    };
    let (all, one): (Vec<f64>, Vec<f64>) = (0..TURNS).map(|_| (timed(cores), timed(1))).unzip();
    let speed_up = median(all.iter().zip(&one).map(|(all, one)| one / all).collect());
    Row {
        what: "one million callbacks on all cores",
        subject: all.iter().sum(),
        rival: "one core",
        rival_took: one.iter().sum(),
        unit: Unit::Nanoseconds,
        ratio: speed_up / as_f64(cores),
        aim: Aim::AtLeast(0.95),
    }
}
