//! Frames: the bytes around a valid body.

use super::target::{Target, assert_readable, cases};
use crate::Caller;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What is done to the bytes of a valid request.
#[derive(Clone, Debug)]
enum Framing {
    DropHeader(&'static str),
    DoubleHeader(&'static str),
    GarbleHeader(&'static str, Vec<u8>),
    Path(String),
    Method(String),
    Length(String),
    /// In chunks, of which some may be wrong.
    Chunked(Vec<usize>, bool),
    Pipelined(usize),
    CutAfter(Index),
    Insert(Index, Vec<u8>),
    ManyHeaders(usize),
}

fn framings() -> impl Strategy<Value = Framing> {
    let headers = || {
        select(vec!["X-API-KEY", "X-API-NONCE", "X-API-SIGNATURE", "Host", "Content-Length", "Connection"])
    };
    prop_oneof![
        headers().prop_map(Framing::DropHeader),
        headers().prop_map(Framing::DoubleHeader),
        (headers(), prop::collection::vec(any::<u8>(), 0..200))
            .prop_map(|(name, value)| Framing::GarbleHeader(name, value)),
        "[!-~]{0,3000}".prop_map(Framing::Path),
        "[A-Za-z]{0,12}".prop_map(Framing::Method),
        "-?[0-9]{0,25}|0x10|1,1|1e3".prop_map(Framing::Length),
        (prop::collection::vec(1_usize..60, 0..6), any::<bool>())
            .prop_map(|(sizes, ends)| Framing::Chunked(sizes, ends)),
        (2_usize..6).prop_map(Framing::Pipelined),
        any::<Index>().prop_map(Framing::CutAfter),
        (any::<Index>(), prop::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(at, bytes)| Framing::Insert(at, bytes)),
        (1_usize..300).prop_map(Framing::ManyHeaders),
    ]
}

fn framed(caller: &Caller, framing: &Framing) -> Vec<u8> {
    let request = caller.balance_query();
    let bytes = request.to_bytes();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let with_line = |name: &str, change: &dyn Fn(&str) -> Vec<Vec<u8>>| {
        let prefix = format!("{name}:").to_ascii_lowercase();
        let lines = head.lines().flat_map(|line| {
            if line.to_ascii_lowercase().starts_with(&prefix) {
                change(line)
            } else {
                vec![line.as_bytes().to_vec()]
            }
        });
        let mut changed: Vec<u8> = lines.flat_map(|line| [line, b"\r\n".to_vec()].concat()).collect();
        changed.extend_from_slice(format!("\r\n{body}").as_bytes());
        changed
    };
    match framing {
        Framing::DropHeader(name) => with_line(name, &|_| vec![]),
        Framing::DoubleHeader(name) => with_line(name, &|line| vec![line.into(), line.into()]),
        Framing::GarbleHeader(name, value) => {
            with_line(name, &|_| vec![[format!("{name}: ").as_bytes(), value].concat()])
        }
        Framing::Path(path) => request.path(&format!("/{path}")).to_bytes(),
        Framing::Method(method) => request.method(method).to_bytes(),
        Framing::Length(length) => {
            with_line("Content-Length", &|_| vec![format!("Content-Length: {length}").into_bytes()])
        }
        Framing::Chunked(sizes, ends) => {
            let mut bytes = with_line("Content-Length", &|_| vec![b"Transfer-Encoding: chunked".to_vec()]);
            bytes.truncate(bytes.len() - body.len());
            let mut rest = body.as_bytes();
            for size in sizes {
                let (chunk, after) = rest.split_at((*size).min(rest.len()));
                bytes.extend([format!("{size:x}\r\n").as_bytes(), chunk, b"\r\n"].concat());
                rest = after;
            }
            if *ends {
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
            bytes
        }
        Framing::Pipelined(count) => {
            let one = |index: usize| {
                let connection = if index + 1 == *count { "close" } else { "keep-alive" };
                caller.balance_query().head(connection) + &caller.body()
            };
            (0..*count).map(one).collect::<String>().into_bytes()
        }
        Framing::CutAfter(at) => bytes[..at.index(bytes.len())].to_vec(),
        Framing::Insert(at, more) => {
            let mut bytes = bytes.clone();
            let at = at.index(bytes.len());
            bytes.splice(at..at, more.iter().copied());
            bytes
        }
        Framing::ManyHeaders(count) => {
            let more = (0..*count).fold(String::new(), |text, index| text + &format!("X-{index}: y\r\n"));
            format!("{head}\r\n{more}\r\n{body}").into_bytes()
        }
    }
}

#[test]
fn requests_with_spoilt_frames_are_answered_or_closed() {
    let target = Target::start();
    let mut number = 0;
    cases(700, &framings(), |framing| {
        number += 1;
        let bytes = framed(&target.caller, &framing);
        let whole = match framing {
            Framing::Pipelined(count) => Some(count),
            Framing::DropHeader(name) | Framing::DoubleHeader(name) if name.starts_with("X-API-") => Some(1),
            Framing::Path(_) => Some(1),
            _ => None,
        };
        if let Some(count) = whole {
            assert_eq!(assert_readable(&target.throw(&bytes)), count, "each of them is answered");
        } else {
            assert_readable(&target.throw_and_leave(&bytes));
        }
        if number % 50 == 0 {
            target.assert_well();
        }
    });
    target.assert_well();
}
