//! The signature itself: read in encodings that a verifier refuses, and held against the known keys.

use crate::mistake::Mistake;
use k256::elliptic_curve::BatchNormalize;
use k256::elliptic_curve::group::GroupEncoding as _;
use k256::elliptic_curve::ops::{Invert as _, Reduce as _};
use k256::elliptic_curve::point::{AffineCoordinates as _, DecompressPoint as _};
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use std::collections::HashSet;
use std::sync::LazyLock;
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

/// The keys that may have signed, found for many digests at once.
///
/// A signature `(r, s)` of a digest `e` was made by one of two keys: `Q = ±(s/r)·R - (e/r)·G`, where `R` is a point with
/// x = `r`. The first term does not depend on the digest, so a digest costs one multiplication of `G`, whatever the
/// number of known keys: they are looked up by their x.
pub(crate) struct Signers<'k> {
    signature: Signature,
    keys: &'k [PublicKey],
    known: HashSet<[u8; 32]>,
    /// `(s/r)·R`, and `-1/r`; `None` if no point has x = `r`.
    terms: Option<(ProjectivePoint, Scalar)>,
}

/// Digests whose points are made affine together, which shares one inversion.
const TOGETHER: usize = 64;

impl<'k> Signers<'k> {
    pub(crate) fn new(signature: Signature, keys: &'k [PublicKey]) -> Self {
        let known = keys.iter().map(x_of).collect();
        Self { signature, keys, known, terms: terms(&signature) }
    }

    /// The first of the digests that a known key has signed, and the key: their indices.
    pub(crate) fn find(&self, digests: &[[u8; 32]], first_is_right: bool) -> Option<(usize, usize)> {
        // The right text with the ordinary verifier, which covers every odd case.
        if first_is_right && !self.keys.is_empty() && self.fits(0, digests.first()?) {
            return Some((0, 0));
        }
        digests.chunks(TOGETHER).enumerate().find_map(|(chunk, digests)| {
            let signers = self.of(digests);
            let mut pairs = digests.iter().zip(signers.chunks_exact(2)).enumerate();
            pairs.find_map(|(at, (digest, pair))| {
                let key = pair.iter().find_map(|point| self.known_key(point, digest))?;
                Some((chunk * TOGETHER + at, key))
            })
        })
    }

    /// The public keys for which this signature of this digest verifies: two, unless no point has x = `r`.
    pub(crate) fn recovered(&self, digest: &Digest) -> Vec<PublicKey> {
        self.of(&[*digest.as_bytes()])
            .iter()
            .filter_map(|point| PublicKey::from_sec1_bytes(point.to_bytes().as_ref()).ok())
            .filter(|key| key.verify(digest, &self.signature, SignaturePolicy::AcceptHighS).is_ok())
            .collect()
    }

    /// Two points for each digest.
    fn of(&self, digests: &[[u8; 32]]) -> Vec<AffinePoint> {
        let Some((nonce_term, factor)) = self.terms else { return Vec::new() };
        let mut points = Vec::with_capacity(2 * digests.len());
        for digest in digests {
            let term = times_generator(&(Scalar::reduce(&FieldBytes::from(*digest)) * factor));
            points.extend([term + nonce_term, term - nonce_term]);
        }
        <ProjectivePoint as BatchNormalize<[ProjectivePoint]>>::batch_normalize(points.as_slice())
    }

    fn known_key(&self, point: &AffinePoint, digest: &[u8; 32]) -> Option<usize> {
        let x: [u8; 32] = point.x().into();
        // The ordinary verifier has the last word on everything that is reported.
        let fits = |&key: &usize| x_of(&self.keys[key]) == x && self.fits(key, digest);
        self.known.contains(&x).then(|| (0..self.keys.len()).find(fits))?
    }

    fn fits(&self, key: usize, digest: &[u8; 32]) -> bool {
        self.keys[key].verify(&Digest::from(*digest), &self.signature, SignaturePolicy::AcceptHighS).is_ok()
    }
}

fn x_of(key: &PublicKey) -> [u8; 32] {
    let mut x = [0; 32];
    x.copy_from_slice(&key.as_bytes()[1..]);
    x
}

fn terms(signature: &Signature) -> Option<(ProjectivePoint, Scalar)> {
    let (r, s) = k256::ecdsa::Signature::from_scalars(signature.r(), signature.s()).ok()?.split_scalars();
    // The point with x = r + n is left out: no honest signature has it.
    let nonce_point = Option::<AffinePoint>::from(AffinePoint::decompress(&r.to_bytes(), 0.into()))?;
    let inverse = *r.invert_vartime();
    Some((ProjectivePoint::from(nonce_point) * (*s * inverse), -inverse))
}

/// The multiples 1 to 128 of `256ⁱ·G`, for each `i`: 2 ms and 400 KB, once in a process. Everything here is public, so
/// that a lookup may depend on its input; k256 takes four times as long.
static MULTIPLES: LazyLock<Vec<AffinePoint>> = LazyLock::new(|| {
    let mut points = Vec::with_capacity(33 * 128);
    let mut base = ProjectivePoint::GENERATOR;
    for _ in 0..33 {
        let mut multiple = base;
        for _ in 0..128 {
            points.push(multiple);
            multiple += base;
        }
        // 129 and 127 times the base.
        base = multiple + (multiple - base.double());
    }
    <ProjectivePoint as BatchNormalize<[ProjectivePoint]>>::batch_normalize(points.as_slice())
});

/// `scalar·G`, by the signed bytes of the scalar.
fn times_generator(scalar: &Scalar) -> ProjectivePoint {
    let mut sum = ProjectivePoint::IDENTITY;
    let mut carry = 0;
    let bytes: [u8; 32] = scalar.to_bytes().into();
    for (multiples, byte) in MULTIPLES.chunks_exact(128).zip(bytes.iter().rev().chain(&[0])) {
        let digit = usize::from(*byte) + carry;
        carry = usize::from(digit > 128);
        match digit {
            0 | 256 => {}
            1..=128 => sum += multiples[digit - 1],
            _ => sum -= multiples[255 - digit],
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::times_generator;
    use k256::elliptic_curve::ops::Reduce as _;
    use k256::{FieldBytes, ProjectivePoint, Scalar};

    #[test]
    fn multiples_of_the_generator_are_those_of_k256() {
        let mut bytes = [[0x80; 32], [0x7f; 32], [0xff; 32], [0; 32], [1; 32], [0x81; 32]].to_vec();
        bytes.extend((0..64).map(|n| *tarspay_sign::Digest::of([n]).as_bytes()));
        for bytes in bytes {
            let scalar = Scalar::reduce(&FieldBytes::from(bytes));
            assert_eq!(times_generator(&scalar), ProjectivePoint::mul_by_generator(&scalar), "{bytes:?}");
        }
    }
}
