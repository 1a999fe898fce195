//! Small changes to an input, by chance that a seed decides.

use fastrand::Rng;

/// Longer inputs find no more, and cost.
const MAX_BYTES: usize = 4096;

/// Pieces that mean something to one parser or another.
const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b":",
    b",",
    b"&",
    b"=",
    b"|",
    b"%",
    b"+",
    b"\n",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b"\\u0000",
    b"\\ud83e\\udd80",
    b"\\ud800",
    b"null",
    b"true",
    b"-0",
    b"1e400",
    b"1.0",
    b"\"\":",
    b"\"a\":1,",
    "é\u{202e}".as_bytes(),
    b"\xff",
    b"/",
    b"?",
    b"#",
    b"..",
    b"30",
    b"0x",
    b"02",
    b"00",
    b"ff",
    b"\x30\x81",
    b"\x02\x01",
    b"18446744073709551616",
    b"79228162514264337593543950336",
    b"\"code\":0",
    b"\"data\":{}",
    b"\"state\":",
    b"\"amount\":",
    b"\"mchNo\":",
    b"Content-Length: ",
    b"HTTP/1.1\r\n",
];

/// One input made of another, or of nothing, by one to four changes.
pub(super) fn mutated(seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = rng.choice(seeds).cloned().unwrap_or_default();
    for _ in 0..rng.u8(1..=4) {
        change(&mut bytes, seeds, rng);
    }
    bytes.truncate(MAX_BYTES);
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], rng: &mut Rng) {
    let at = rng.usize(..=bytes.len());
    let end = rng.usize(at..=bytes.len().min(at + 16));
    match rng.u8(..8) {
        0 => flip(bytes, rng),
        1 => drop(bytes.drain(at..end)),
        2 => insert(bytes, at, rng.choice(WORDS).copied().unwrap_or_default()),
        3 => insert(bytes, at, &[rng.u8(..)]),
        4 => {
            let twice = bytes[at..end].to_vec();
            insert(bytes, at, &twice);
        }
        5 => {
            // The beginning of this one and the end of another.
            let other = rng.choice(seeds).map_or(&[][..], Vec::as_slice);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[rng.usize(..=other.len())..]);
        }
        6 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = rng.choice(*b"09afAF{}[]\":, .-\\\x00\x7f\x80\xff").unwrap_or_default();
            }
        }
        _ => bytes.truncate(at),
    }
}

fn flip(bytes: &mut [u8], rng: &mut Rng) {
    if !bytes.is_empty() {
        bytes[rng.usize(..bytes.len())] ^= 1 << rng.u8(..8);
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    bytes.splice(at..at, new.iter().copied());
}
