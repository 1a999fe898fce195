//! Which known key a signature fits, for many digests at the price of few.

use crate::{Digest, PublicKey, Signature, SignaturePolicy};
use k256::ecdsa::{RecoveryId, VerifyingKey};
use k256::elliptic_curve::ops::Reduce as _;
use k256::elliptic_curve::point::DecompressPoint as _;
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};

/// A signature `(r, s)` of a digest `e` by a key `Q` fits if `e·G = s·R - r·Q`, where `R` is a point with x = `r`. The
/// right side does not depend on the digest, so it is worked out once for each key; a digest then costs one
/// multiplication, whatever the number of keys.
pub(super) struct Targets<'k> {
    signature: Signature,
    keys: &'k [PublicKey],
    points: Vec<(ProjectivePoint, usize)>,
}

impl<'k> Targets<'k> {
    pub(super) fn new(signature: Signature, keys: &'k [PublicKey]) -> Self {
        let (r, s) = signature.as_ecdsa().split_scalars();
        let x: FieldBytes = r.to_bytes();
        // The point with x = r + n is left out: no honest signature has it, and `fits` finds it where it matters.
        let nonce_point = Option::<AffinePoint>::from(AffinePoint::decompress(&x, 0.into()));
        let mut points = Vec::with_capacity(2 * keys.len());
        if let Some(point) = nonce_point {
            let point = ProjectivePoint::from(point) * *s;
            for (index, key) in keys.iter().enumerate() {
                let key = ProjectivePoint::from(*key.as_affine()) * *r;
                points.push((point - key, index));
                points.push((-point - key, index));
            }
        }
        Self { signature, keys, points }
    }

    /// The place of the key that the digest was signed with.
    pub(super) fn key_behind(&self, digest: [u8; 32]) -> Option<usize> {
        let point = ProjectivePoint::mul_by_generator(&Scalar::reduce(&FieldBytes::from(digest)));
        let (_, index) = *self.points.iter().find(|(target, _)| *target == point)?;
        // The ordinary verifier has the last word on everything that is reported.
        self.fits(index, digest).then_some(index)
    }

    /// The same by the ordinary verifier, which knows every odd case.
    pub(super) fn key_behind_slowly(&self, digest: [u8; 32]) -> Option<usize> {
        (0..self.keys.len()).find(|&index| self.fits(index, digest))
    }

    fn fits(&self, index: usize, digest: [u8; 32]) -> bool {
        self.keys[index].verify(&Digest::from(digest), &self.signature, SignaturePolicy::AcceptHighS).is_ok()
    }
}

/// The public keys for which this signature of this digest verifies: two, rarely four or none.
pub(super) fn recover(digest: &Digest, signature: &Signature) -> Vec<PublicKey> {
    let low = signature.with_low_s();
    (0..4)
        .filter_map(RecoveryId::from_byte)
        .filter_map(|id| VerifyingKey::recover_from_prehash(digest.as_bytes(), low.as_ecdsa(), id).ok())
        .filter_map(|key| PublicKey::from_sec1_bytes(key.to_sec1_point(true).as_bytes()).ok())
        .filter(|key| key.verify(digest, signature, SignaturePolicy::AcceptHighS).is_ok())
        .collect()
}
