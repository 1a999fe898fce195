//! The signature itself: read in encodings that a verifier refuses, and held against the known keys.

use crate::mistake::Mistake;
use k256::ecdsa::{RecoveryId, VerifyingKey};
use k256::elliptic_curve::ops::Reduce as _;
use k256::elliptic_curve::point::DecompressPoint as _;
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use tarspay_sign::{Digest, PublicKey, Signature, SignaturePolicy};

/// A signature, and what is wrong with its encoding.
pub(crate) struct ReadSignature {
    pub(crate) signature: Signature,
    pub(crate) mistakes: Vec<Mistake>,
}

/// No encoding of a signature is longer.
const MAX_CHARACTERS: usize = 400;

/// Reads a signature in any known encoding; `None` if it is in none, or `r` or `s` is out of range.
pub(crate) fn read(text: &str) -> Option<ReadSignature> {
    if let Ok(signature) = Signature::from_hex(text) {
        return Some(ReadSignature { signature, mistakes: Vec::new() });
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
        base64_decoded(&bare)?
    };
    let (signature, mistake) = decoded(&bytes)?;
    mistakes.extend(mistake);
    Some(ReadSignature { signature, mistakes })
}

/// Removes all blanks, then quotes and `0x` around the rest.
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
    Signature::from_rs(&integer(r)?, &integer(s)?).ok()
}

fn integer(bytes: &[u8]) -> Option<[u8; 32]> {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    let digits = &bytes[zeros..];
    let mut padded = [0; 32];
    padded.get_mut(32_usize.checked_sub(digits.len())?..)?.copy_from_slice(digits);
    Some(padded)
}

/// Decodes base64 of either alphabet, with or without padding; `None` for anything else.
fn base64_decoded(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let right_padding = padding == 0 || (padding <= 2 && text.len().is_multiple_of(4));
    if !right_padding || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.as_bytes().chunks(4) {
        let mut bits: u32 = 0;
        for &digit in group {
            bits = bits << 6 | u32::from(base64_value(digit)?);
        }
        bits <<= 6 * (4 - group.len());
        let [_, decoded @ ..] = bits.to_be_bytes();
        let (complete, rest) = decoded.split_at(group.len() - 1);
        if rest.iter().any(|&byte| byte != 0) {
            return None;
        }
        bytes.extend_from_slice(complete);
    }
    Some(bytes)
}

fn base64_value(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// The known keys, prepared for many digests.
///
/// A signature `(r, s)` of a digest `e` by a key `Q` fits if `e·G = s·R - r·Q`, where `R` is a point with x = `r`. The
/// right side does not depend on the digest, so it is computed once for each key; a digest then costs one
/// multiplication, whatever the number of keys.
pub(crate) struct Targets<'k> {
    signature: Signature,
    keys: &'k [PublicKey],
    points: Vec<(ProjectivePoint, usize)>,
}

impl<'k> Targets<'k> {
    pub(crate) fn new(signature: Signature, keys: &'k [PublicKey]) -> Self {
        let points = right_sides(&signature, keys).unwrap_or_default();
        Self { signature, keys, points }
    }

    /// The index of the key that signed the digest.
    pub(crate) fn key_for(&self, digest: [u8; 32]) -> Option<usize> {
        let point = ProjectivePoint::mul_by_generator(&Scalar::reduce(&FieldBytes::from(digest)));
        let (_, index) = *self.points.iter().find(|(target, _)| *target == point)?;
        // The ordinary verifier has the last word on everything that is reported.
        self.fits(index, digest).then_some(index)
    }

    /// The same with the ordinary verifier, which covers every odd case.
    pub(crate) fn key_by_verifying(&self, digest: [u8; 32]) -> Option<usize> {
        (0..self.keys.len()).find(|&index| self.fits(index, digest))
    }

    fn fits(&self, index: usize, digest: [u8; 32]) -> bool {
        self.keys[index].verify(&Digest::from(digest), &self.signature, SignaturePolicy::AcceptHighS).is_ok()
    }
}

/// The right side of the equation for each key and each of the two points with x = `r`.
fn right_sides(signature: &Signature, keys: &[PublicKey]) -> Option<Vec<(ProjectivePoint, usize)>> {
    let (r, s) = ecdsa(signature)?.split_scalars();
    // The point with x = r + n is left out: no honest signature has it, and `key_by_verifying` finds it.
    let nonce_point = Option::<AffinePoint>::from(AffinePoint::decompress(&r.to_bytes(), 0.into()))?;
    let nonce_point = ProjectivePoint::from(nonce_point) * *s;
    let mut points = Vec::with_capacity(2 * keys.len());
    for (index, key) in keys.iter().enumerate() {
        let key = VerifyingKey::from_sec1_bytes(key.as_bytes()).ok()?;
        let key = ProjectivePoint::from(*key.as_affine()) * *r;
        points.push((nonce_point - key, index));
        points.push((-nonce_point - key, index));
    }
    Some(points)
}

fn ecdsa(signature: &Signature) -> Option<k256::ecdsa::Signature> {
    k256::ecdsa::Signature::from_scalars(signature.r(), signature.s()).ok()
}

/// The public keys for which this signature of this digest verifies: two, rarely four or none.
pub(crate) fn recover(digest: &Digest, signature: &Signature) -> Vec<PublicKey> {
    let Some(low) = ecdsa(&signature.with_low_s()) else { return Vec::new() };
    (0..4)
        .filter_map(RecoveryId::from_byte)
        .filter_map(|id| VerifyingKey::recover_from_prehash(digest.as_bytes(), &low, id).ok())
        .filter_map(|key| PublicKey::from_sec1_bytes(key.to_sec1_point(true).as_bytes()).ok())
        .filter(|key| key.verify(digest, signature, SignaturePolicy::AcceptHighS).is_ok())
        .collect()
}
