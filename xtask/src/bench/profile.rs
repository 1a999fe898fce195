//! Where the time goes: the parts of a signature, of a callback and of a call, which explain the rows
//! above them.

use super::child::Child;
use super::http::calls::{BALANCE_PATH, BODY, KEY};
use super::page::nanoseconds;
use super::sample::{callbacks, order, request};
use super::stopwatch::{here, median, take_turns};
use crate::shell::Failure;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Instant;
use tarspay::sign::{Digest, Parameters, PrivateKey, Signature, SignaturePolicy};
use tarspay::types::{Callback, Decode as _};

const ITERATIONS: usize = 512;

/// What one part takes, in nanoseconds, or the speed-up of more cores.
pub(super) struct Part {
    what: &'static str,
    took: String,
}

impl Part {
    fn time(what: &'static str, nanos: f64) -> Self {
        Self { what, took: nanoseconds(nanos) }
    }
}

/// The parts as lines of a table.
pub(super) fn lines(parts: &[Part]) -> String {
    parts.iter().fold(String::new(), |mut lines, Part { what, took }| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(lines, "| {what} | {took} |");
        lines
    })
}

pub(super) fn parts() -> Result<Vec<Part>, Failure> {
    let mut parts = signature()?;
    parts.extend(callback()?);
    parts.push(Part { what: "all cores: the speed-up of hashing alone", took: hashing() });
    parts.push(Part::time("call: the same bytes over a bare socket, wall time", exchange()?));
    Ok(parts)
}

fn signature() -> Result<Vec<Part>, Failure> {
    let failed = |error| Failure::to("prepare a signature", error);
    let key: PrivateKey = KEY.parse().map_err(failed)?;
    let order = order();
    let parameters = Parameters::from_value(&order).map_err(failed)?;
    let to_sign = request(parameters.clone()).map_err(failed)?;
    let (digest, public_key, nonce) = (to_sign.digest(), key.public_key(), to_sign.nonce());
    let signature = key.sign(&digest);
    let times = take_turns(
        ITERATIONS,
        &mut [
            here(|_| assert!(black_box(Parameters::from_value(black_box(&order))).is_ok())),
            here(|_| {
                black_box(request(black_box(&parameters).clone()).map(|request| request.digest())).ok();
            }),
            here(|_| {
                black_box(key.sign(black_box(&digest)));
            }),
            here(|_| {
                black_box((public_key.to_string(), nonce.to_string(), signature.to_string()));
            }),
        ],
    )?;
    Ok([
        "sign: write 13 members as JSON, read and sort them",
        "sign: string to sign, hashed twice",
        "sign: k256's signature",
        "sign: the three headers",
    ]
    .into_iter()
    .enumerate()
    .map(|(at, what)| Part::time(what, times.median(at)))
    .collect())
}

fn callback() -> Result<Vec<Part>, Failure> {
    let failed = |error| Failure::to("prepare the callbacks", error);
    let key: PrivateKey = KEY.parse().map_err(failed)?;
    let signed = callbacks(&key, 0..ITERATIONS).map_err(failed)?;
    let prepared = key.public_key().prepare();
    let times = take_turns(
        ITERATIONS,
        &mut [
            here(|at| assert!(black_box(Signature::from_hex(black_box(&signed[at].header))).is_ok())),
            here(|at| {
                black_box(Digest::of(black_box(&signed[at].body)));
            }),
            here(|at| {
                let policy = SignaturePolicy::AcceptHighS;
                assert!(prepared.verify(&signed[at].digest, &signed[at].signature, policy).is_ok());
            }),
            here(|at| assert!(black_box(Callback::from_json(black_box(&signed[at].body))).is_ok())),
        ],
    )?;
    Ok([
        "callback: read the signature",
        "callback: hash the body twice",
        "callback: verify with a prepared key",
        "callback: read nine members into the model",
    ]
    .into_iter()
    .enumerate()
    .map(|(at, what)| Part::time(what, times.median(at)))
    .collect())
}

/// What more cores bring to work that shares nothing: no memory beyond a core's own cache.
fn hashing() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let bytes = [7_u8; 1024];
    let timed = |threads: usize| {
        let start = Instant::now();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for _ in 0..200_000 / threads {
                        black_box(Digest::of(black_box(&bytes)));
                    }
                });
            }
        });
        start.elapsed().as_secs_f64()
    };
    let speed_up = median((0..21).map(|_| timed(1) / timed(cores)).collect());
    format!("{speed_up:.2} on {cores}")
}

/// One request and one response of a balance call, written and read by a plain socket.
fn exchange() -> Result<f64, Failure> {
    let mut server =
        Command::new(std::env::current_exe().map_err(|error| Failure::to("find this program", error))?);
    server.arg("bench-server");
    let server = Child::start(server)?;
    let failed = |error| Failure::to("exchange bytes with the server", error);
    let mut stream = TcpStream::connect(&server.ready).map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let request = format!(
        "POST {BALANCE_PATH} HTTP/1.1\r\nhost: {}\r\nx-api-key: {key:0>66}\r\nx-api-nonce: 1704180814988\r\n\
         x-api-signature: {key:0>142}\r\ncontent-type: application/json;charset=utf-8\r\ncontent-length: {}\r\n\r\n{BODY}",
        server.ready,
        BODY.len(),
        key = 0,
    );
    let mut buffer = [0; 4096];
    let mut times = Vec::with_capacity(ITERATIONS);
    for _ in 0..ITERATIONS * 8 {
        let start = Instant::now();
        stream.write_all(request.as_bytes()).map_err(failed)?;
        // The response fits into one segment.
        if stream.read(&mut buffer).map_err(failed)? == 0 {
            return Err(Failure::new("the server has closed the connection".to_owned()));
        }
        times.push(start.elapsed().as_secs_f64() * 1e9);
    }
    Ok(median(times))
}
