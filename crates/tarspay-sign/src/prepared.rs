//! A public key made ready to check many signatures, about four times as fast as [`PublicKey::verify`].
//!
//! To check a signature (r, s) of the number z is to compute u₁·G + u₂·Q, where u₁ = z/s, u₂ = r/s, G is the generator
//! and Q the key, and to compare its x with r. G and Q stay the same, so what can be computed of them once is:
//!
//! | idea | source | module |
//! |---|---|---|
//! | a table of multiples for each byte of a scalar: only additions remain, no doublings | Brickell, Gordon and others, "Fast exponentiation with precomputation", 1992 | `table` |
//! | signed digits, which halve the table | Booth, 1951; "Guide to Elliptic Curve Cryptography", 3.3 | `digits` |
//! | the cheapest coordinates for adding a point of the table; its exceptions are found at the end | `madd-2008-s` of the Explicit-Formulas Database, XYZZ | `sum` |
//! | x is compared without a division | `libsecp256k1`, `secp256k1_gej_eq_x_var` | `sum` |
//! | all points are fetched before the first is added, so that a cold cache is waited for once | | `table` |
//!
//! One inversion remains, that of s. Everything here is public - key, digest, signature - so variable time and indices
//! that depend on the input are right. Nothing of this is used to sign.
//!
//! A sum that the fast formulas cannot do is left to k256's complete ones, so the verdict is always k256's.

mod digits;
mod on_demand;
mod sum;
mod table;

pub(crate) use on_demand::OnDemand;

use crate::{Digest, Error, PublicKey, Signature, SignaturePolicy};
use k256::elliptic_curve::hazmat::FieldArithmetic;
use k256::elliptic_curve::ops::{Invert as _, Reduce as _};
use k256::{AffinePoint, FieldBytes, Scalar, Secp256k1};
use std::fmt;
use std::sync::{Arc, LazyLock};
use table::Table;

/// A coordinate. k256 reduces lazily: each value has a magnitude, which `sum` keeps track of.
type Field = <Secp256k1 as FieldArithmetic>::FieldElement;

/// The multiples of the generator, for every key.
static GENERATOR: LazyLock<Table> = LazyLock::new(|| Table::of(&AffinePoint::GENERATOR));

/// A [`PublicKey`] with its precomputed multiples: to check many signatures of one key.
///
/// Making it takes about two milliseconds and 320 KiB; the first one of a process as much again, for a table that all
/// keys share. It then checks a signature in about a quarter of the time, so it pays from the hundredth signature on.
/// Clones share the table.
///
/// The verdict on every signature is that of [`PublicKey::verify`].
/// [`CallbackVerifier`](crate::CallbackVerifier) prepares its keys by itself.
///
/// ```
/// use tarspay_sign::{Digest, PrivateKey, SignaturePolicy};
///
/// let merchant = PrivateKey::generate()?;
/// let key = merchant.public_key().prepare();
/// for text in ["first", "second"] {
///     let digest = Digest::of(text);
///     key.verify(&digest, &merchant.sign(&digest), SignaturePolicy::AcceptHighS)?;
/// }
/// # Ok::<(), tarspay_sign::Error>(())
/// ```
#[derive(Clone)]
pub struct PreparedKey {
    key: PublicKey,
    multiples: Arc<Table>,
}

impl PreparedKey {
    /// Computes the table of a key.
    pub fn new(key: &PublicKey) -> Self {
        LazyLock::force(&GENERATOR);
        Self { key: *key, multiples: Arc::new(Table::of(key.as_affine())) }
    }

    /// The key itself.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// Checks a signature of a digest.
    ///
    /// # Errors
    ///
    /// As [`PublicKey::verify`].
    pub fn verify(
        &self,
        digest: &Digest,
        signature: &Signature,
        policy: SignaturePolicy,
    ) -> Result<(), Error> {
        signature.judge(self.fits(digest, signature), policy)
    }

    /// Whether this key made this signature of this digest, with either `s`.
    pub(crate) fn fits(&self, digest: &Digest, signature: &Signature) -> bool {
        self.fits_fast(digest, signature).unwrap_or_else(|| self.key.fits(digest, signature))
    }

    /// `None` if the fast formulas met an exception.
    ///
    /// A high s needs no care: -s gives the negated sum, which has the same x.
    fn fits_fast(&self, digest: &Digest, signature: &Signature) -> Option<bool> {
        let (r, s) = signature.as_ecdsa().split_scalars();
        let z = Scalar::reduce(&FieldBytes::from(*digest.as_bytes()));
        let inverse = s.invert_vartime();
        let of_generator = GENERATOR.addends_of(&(z * *inverse));
        let of_key = self.multiples.addends_of(&(*r * *inverse));
        sum::of(of_generator.iter().chain(&of_key).flatten())?.has_x(&r)
    }
}

impl PublicKey {
    /// Makes the key ready to check many signatures.
    pub fn prepare(&self) -> PreparedKey {
        PreparedKey::new(self)
    }
}

impl From<PublicKey> for PreparedKey {
    fn from(key: PublicKey) -> Self {
        key.prepare()
    }
}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedKey({})", self.key)
    }
}
