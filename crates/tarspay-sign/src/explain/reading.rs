//! Reading a signature in encodings that a verifier refuses.

use super::base64;
use super::mistake::Mistake;
use crate::Signature;
use k256::ecdsa;

/// A signature, and what is wrong with its encoding.
pub(super) struct Reading {
    pub(super) signature: Signature,
    pub(super) mistakes: Vec<Mistake>,
}

/// Longer texts are no signature in any encoding.
const MAX_CHARACTERS: usize = 400;

pub(super) fn read(text: &str) -> Option<Reading> {
    if let Ok(signature) = Signature::from_hex(text) {
        return Some(Reading { signature, mistakes: Vec::new() });
    }
    if text.len() > MAX_CHARACTERS {
        return None;
    }
    let mut mistakes = Vec::new();
    let bare = undecorated(text);
    if bare != text {
        mistakes.push(Mistake::SignatureDecorated);
    }
    let bytes = if let Ok(bytes) = hex::decode(&bare) {
        bytes
    } else {
        mistakes.push(Mistake::SignatureBase64);
        base64::decode(&bare)?
    };
    let (signature, mistake) = decoded(&bytes)?;
    mistakes.extend(mistake);
    Some(Reading { signature, mistakes })
}

/// Without blanks anywhere, then without quotes and `0x` around.
fn undecorated(text: &str) -> String {
    let bare: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let bare = bare.trim_matches(['"', '\'']);
    bare.strip_prefix("0x").or_else(|| bare.strip_prefix("0X")).unwrap_or(bare).to_owned()
}

fn decoded(bytes: &[u8]) -> Option<(Signature, Option<Mistake>)> {
    if let Ok(signature) = Signature::from_der(bytes) {
        return Some((signature, None));
    }
    match bytes.len() {
        64 => Some((pair(&bytes[..32], &bytes[32..])?, Some(Mistake::SignatureRaw))),
        65 => {
            let is_recovery = |byte: u8| matches!(byte, 0..=3 | 27..=34);
            let pair = if is_recovery(bytes[64]) {
                pair(&bytes[..32], &bytes[32..64])
            } else if is_recovery(bytes[0]) {
                pair(&bytes[1..33], &bytes[33..])
            } else {
                None
            };
            Some((pair?, Some(Mistake::SignatureWithRecovery)))
        }
        _ => Some((lax_der(bytes)?, Some(Mistake::SignatureLaxDer))),
    }
}

/// `SEQUENCE { INTEGER, INTEGER }` with integers that are too short, too long or negative, and with anything after it.
fn lax_der(bytes: &[u8]) -> Option<Signature> {
    let (length, content) = element(0x30, bytes)?;
    let content = content.get(..length).unwrap_or(content);
    let (r_length, rest) = element(0x02, content)?;
    let r = rest.get(..r_length)?;
    let (s_length, rest) = element(0x02, &rest[r_length..])?;
    pair(r, rest.get(..s_length)?)
}

/// The length of an element, and all that follows the length.
fn element(tag: u8, bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [first, 0x81, length, rest @ ..] if *first == tag => Some((usize::from(*length), rest)),
        [first, length, rest @ ..] if *first == tag && *length < 0x80 => Some((usize::from(*length), rest)),
        _ => None,
    }
}

fn pair(r: &[u8], s: &[u8]) -> Option<Signature> {
    ecdsa::Signature::from_scalars(integer(r)?, integer(s)?).ok().map(Signature::from_ecdsa)
}

fn integer(bytes: &[u8]) -> Option<[u8; 32]> {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    let digits = &bytes[zeros..];
    let mut padded = [0; 32];
    padded.get_mut(32_usize.checked_sub(digits.len())?..)?.copy_from_slice(digits);
    Some(padded)
}
