//! A precomputed public key, which checks signatures about four times as fast as [`PublicKey::verify`].
//!
//! To check a signature (r, s) of the number z is to compute u₁·G + u₂·Q, where u₁ = z/s, u₂ = r/s,
//! G is the generator and Q the key, and to compare its x with r. G and Q stay the same, so what
//! can be computed of them once is:
//!
//! | idea | source | item |
//! |---|---|---|
//! | a table of multiples for each byte of a scalar: only additions remain, no doublings | Brickell, Gordon and others, "Fast exponentiation with precomputation", 1992 | `Table` |
//! | signed digits, which halve the table | Booth, 1951; "Guide to Elliptic Curve Cryptography", 3.3 | `signed_digits` |
//! | the cheapest coordinates for adding a point of the table; its exceptions are found at the end | `madd-2008-s` of the Explicit-Formulas Database, XYZZ | `Sum` |
//! | x is compared without a division | `libsecp256k1`, `secp256k1_gej_eq_x_var` | `Sum` |
//! | all points are fetched before the first is added, so that a cold cache costs its delay once | | `Table` |
//!
//! One inversion remains, that of s. Everything here is public (key, digest, signature), so
//! variable time and indices that depend on the input are right. Nothing of this is used to sign.
//!
//! A sum that the fast formulas cannot do is left to k256's complete ones, so the verdict is always
//! k256's.

use crate::{Digest, Error, PublicKey, Signature, SignaturePolicy};
use k256::elliptic_curve::BatchNormalize as _;
use k256::elliptic_curve::hazmat::FieldArithmetic;
use k256::elliptic_curve::ops::{Invert as _, Reduce as _};
use k256::elliptic_curve::point::AffineCoordinates as _;
use k256::elliptic_curve::scalar::IsHigh as _;
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, Secp256k1};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

/// A [`PublicKey`] with its precomputed multiples: to check many signatures of one key.
///
/// Making it takes about two milliseconds and 320 KiB; the first one of a process as much again,
/// for a table that all keys share. It then checks a signature in about a quarter of the time, so
/// it pays from the hundredth signature on. Clones share the table.
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
        signature.judge(self.check(signature).fits(digest), policy)
    }

    fn check<'a>(&'a self, signature: &'a Signature) -> Check<'a> {
        let (r, s) = signature.as_ecdsa().split_scalars();
        let fast = Fast { multiples: &self.multiples, r: *r, inverse: *s.invert_vartime(), of_key: None };
        Check { key: &self.key, signature, fast: Some(fast) }
    }
}

/// The check of one signature by one key, against one digest after the other.
pub(crate) struct Check<'a> {
    key: &'a PublicKey,
    signature: &'a Signature,
    /// With a prepared key.
    fast: Option<Fast<'a>>,
}

impl Check<'_> {
    /// Whether the key made the signature of this digest, with either `s`.
    pub(crate) fn fits(&mut self, digest: &Digest) -> bool {
        let fits = self.fast.as_mut().and_then(|fast| fast.fits(digest));
        fits.unwrap_or_else(|| self.key.fits(digest, self.signature))
    }
}

/// What does not depend on the digest is computed once: a second digest costs about half as much as
/// the first.
struct Fast<'a> {
    multiples: &'a Table,
    r: Scalar,
    /// Of s.
    inverse: Scalar,
    /// u₂·Q.
    of_key: Option<Sum>,
}

impl Fast<'_> {
    /// `None` if the formulas met an exception.
    ///
    /// A high s needs no care: -s gives the negated sum, which has the same x.
    fn fits(&mut self, digest: &Digest) -> Option<bool> {
        let z = Scalar::reduce(&FieldBytes::from(*digest.as_bytes()));
        let of_generator = GENERATOR.addends_of(&(z * self.inverse));
        let of_key = match self.of_key {
            Some(known) => known,
            None => Sum::of(&self.multiples.addends_of(&(self.r * self.inverse)))?,
        };
        self.of_key = Some(of_key);
        of_key.plus(&of_generator).has_x(&self.r)
    }
}

impl PublicKey {
    /// Precomputes the key, to check many signatures.
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

/// The verification before which [`OnDemand`] prepares its key.
///
/// Preparing costs about as much as it saves on 64 verifications (two tables for the first key).
/// Waiting for as many bounds the loss: however long the key is used, it costs at most twice what
/// the best choice in hindsight would have (the "ski rental" rule: Karlin, Manasse, Rudolph,
/// Sleator, "Competitive snoopy caching", 1988).
const WORTHWHILE: u32 = 64;

/// A public key that is prepared once it has been used often enough. Clones share their count and
/// the prepared key.
#[derive(Clone)]
pub(crate) struct OnDemand {
    key: PublicKey,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    uses: AtomicU32,
    prepared: OnceLock<PreparedKey>,
}

impl OnDemand {
    pub(crate) fn new(key: PublicKey) -> Self {
        Self { key, shared: Arc::default() }
    }

    /// Prepares the key now, if it is not.
    pub(crate) fn prepare(&self) {
        self.shared.prepared.get_or_init(|| self.key.prepare());
    }

    /// One use.
    pub(crate) fn check<'a>(&'a self, signature: &'a Signature) -> Check<'a> {
        if let Some(prepared) = self.shared.prepared.get() {
            return prepared.check(signature);
        }
        // Relaxed is enough: nothing else is read by this number. One thread prepares, and no other
        // waits for it.
        if self.shared.uses.fetch_add(1, Ordering::Relaxed) + 1 == WORTHWHILE {
            self.prepare();
        }
        Check { key: &self.key, signature, fast: None }
    }
}

impl fmt::Debug for OnDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

/// A coordinate. k256 reduces lazily: each value has a magnitude, which [`Sum`] keeps track of.
type Field = <Secp256k1 as FieldArithmetic>::FieldElement;

/// The multiples of the generator, for every key.
static GENERATOR: LazyLock<Table> = LazyLock::new(|| Table::of(&AffinePoint::GENERATOR));

/// The table of a point P: 1·P to 128·P, and the same for 256·P, 256²·P and so on, one row for each
/// digit of a scalar.
///
/// A scalar times P is then one point of each row, added up; there is nothing to double. 32 rows of
/// 128 points with two coordinates of 40 bytes are 320 KiB. Rows of nine bits were measured too:
/// half as large again, and 3 % faster.
struct Table(Vec<Point>);

#[derive(Clone, Copy)]
struct Point {
    x: Field,
    y: Field,
}

/// A point of a table, or its negative.
#[derive(Clone, Copy)]
struct Addend {
    point: Point,
    negative: bool,
}

impl Table {
    /// Computes the multiples of a point of the curve. No multiple is at infinity, because the
    /// order is prime.
    fn of(point: &AffinePoint) -> Self {
        let mut multiples = Vec::with_capacity(DIGITS * LARGEST_DIGIT);
        let mut base = ProjectivePoint::from(*point);
        for _ in 0..DIGITS {
            let mut multiple = base;
            for _ in 1..LARGEST_DIGIT {
                multiples.push(multiple);
                multiple += &base;
            }
            multiples.push(multiple);
            base = multiple.double();
        }
        // One division for all of them.
        let affine = ProjectivePoint::batch_normalize_vartime(multiples.as_slice());
        // A coordinate of k256 is in range, so nothing is replaced.
        let field = |bytes: FieldBytes| Field::from_bytes(&bytes).unwrap_or(Field::ZERO);
        Self(affine.iter().map(|point| Point { x: field(point.x()), y: field(point.y()) }).collect())
    }

    /// The points that add up to `scalar` times the point of the table; `None` where a digit is zero.
    ///
    /// They are copied out, so that the memory of all is asked for at once: a verification with a
    /// cold cache takes 17 µs so, and 27 µs if each is fetched when it is added.
    fn addends_of(&self, scalar: &Scalar) -> [Option<Addend>; DIGITS] {
        let digits = signed_digits(scalar);
        std::array::from_fn(|row| {
            let digit = digits[row];
            let column = usize::from(digit.unsigned_abs()).checked_sub(1)?;
            let point = self.0.get(row * LARGEST_DIGIT + column)?;
            Some(Addend { point: *point, negative: digit < 0 })
        })
    }
}

/// How many digits a scalar has.
const DIGITS: usize = 32;
/// The largest digit; the smallest is its negative.
const LARGEST_DIGIT: usize = 128;

/// A scalar as signed digits to the base 256, least first, each from -128 to 128: half the
/// multiples are enough, as a point is negated for free.
///
/// A byte above 128 becomes its difference to 256, and the next byte one more (Booth, "A signed
/// binary multiplication technique", 1951). A scalar above half the order is negated first, so the
/// last byte has room for the carry. There are no branches, since a random digit cannot be
/// predicted.
fn signed_digits(scalar: &Scalar) -> [i16; DIGITS] {
    let high = bool::from(scalar.is_high());
    let sign = if high { -1 } else { 1 };
    let bytes = if high { -*scalar } else { *scalar }.to_bytes();
    let mut digits = [0; DIGITS];
    let mut carry = 0;
    for (digit, byte) in digits.iter_mut().zip(bytes.iter().rev()) {
        let value = i16::from(*byte) + carry;
        carry = i16::from(value > 128);
        *digit = sign * (value - 256 * carry);
    }
    digits
}

/// A sum of points, none of them at infinity.
///
/// It is kept as (X, Y, ZZ, ZZZ) with x = X/ZZ, y = Y/ZZZ, ZZ³ = ZZZ²: adding a point (x, y) takes
/// ten multiplications (Explicit-Formulas Database, short Weierstrass, XYZZ, `madd-2008-s`), where
/// k256's complete formula takes eleven and much besides.
///
/// The formula is wrong if both points have the same x. Then it makes ZZ zero, and every later
/// addition keeps it zero, as each multiplies it: one look at the end finds what went wrong
/// anywhere, and k256 decides instead. Such a sum does not occur by chance.
///
/// Each value has a *magnitude*, its bound in units of the prime: products have 1, a sum has the
/// sum, `negate(m)` needs at most m and gives m + 1, and factors may have 8 at most. The comments
/// state them; k256 checks them in debug builds.
#[derive(Clone, Copy)]
struct Sum {
    x: Field,   // magnitude at most 5
    y: Field,   // 3
    zz: Field,  // 1
    zzz: Field, // 1
}

/// The order n.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];
/// The prime less the order: an r below it may stand for the x of r + n too.
const PRIME_LESS_ORDER: [u8; 32] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x45, 0x51, 0x23, 0x19, 0x50, 0xb7, 0x5f, 0xc4, 0x40,
    0x2d, 0xa1, 0x72, 0x2f, 0xc9, 0xba, 0xee,
];

#[expect(clippy::op_ref, reason = "k256 inlines the product with a reference, the other not")]
impl Sum {
    /// The sum of the addends; `None` without any.
    fn of(addends: &[Option<Addend>]) -> Option<Self> {
        let at = addends.iter().position(Option::is_some)?;
        let first = addends[at]?;
        let y = if first.negative { first.point.y.negate(1) } else { first.point.y };
        let first = Self { x: first.point.x, y, zz: Field::ONE, zzz: Field::ONE };
        Some(first.plus(&addends[at + 1..]))
    }

    fn plus(self, addends: &[Option<Addend>]) -> Self {
        let Self { mut x, mut y, mut zz, mut zzz } = self;
        for addend in addends.iter().flatten() {
            let scaled = addend.point.y * &zzz;
            // Indexed instead of branched upon: a random sign cannot be predicted.
            let scaled = [scaled, scaled.negate(1)][usize::from(addend.negative)]; // at most 2
            let dy = scaled + &y.negate(3); // 6
            let dx = addend.point.x * &zz + &x.negate(5); // 7
            // `square` would be slower than a product here: it is not inlined.
            let dx2 = dx * &dx;
            let dx3 = dx2 * &dx;
            let middle = x * &dx2;
            x = dy * &dy + &(dx3 + &middle.double()).negate(3); // 5
            y = dy * &(middle + &x.negate(5)) + &(y * &dx3).negate(1); // factors 6 and 7, y 3
            zz *= &dx2;
            zzz *= &dx3;
        }
        Self { x, y, zz, zzz }
    }

    /// Whether x, reduced by the order, is r: X = r·ZZ, or X = (r + n)·ZZ where r + n is below the
    /// prime.
    ///
    /// `None` if two points met that the formula cannot add.
    fn has_x(&self, r: &Scalar) -> Option<bool> {
        if bool::from(self.zz.normalizes_to_zero()) {
            return None;
        }
        // Both numbers are below the prime, so each is a coordinate.
        let bytes = r.to_bytes();
        let r: Field = Field::from_bytes(&bytes).into_option()?;
        if self.equals(&r) {
            return Some(true);
        }
        if bytes[..] >= PRIME_LESS_ORDER[..] {
            return Some(false);
        }
        let order: Field = Field::from_bytes(&FieldBytes::from(ORDER)).into_option()?;
        Some(self.equals(&(r + &order)))
    }

    /// x has magnitude 5, a candidate at most 2.
    fn equals(&self, candidate: &Field) -> bool {
        bool::from((*candidate * &self.zz + &self.x.negate(5)).normalizes_to_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::{GENERATOR, LARGEST_DIGIT, OnDemand, Point, WORTHWHILE, signed_digits};
    use crate::{Digest, PrivateKey};
    use k256::Scalar;
    use k256::elliptic_curve::PrimeField as _;

    #[test]
    fn a_key_is_prepared_when_it_is_worthwhile_and_clones_share_it() {
        let private = PrivateKey::generate().unwrap();
        let digest = Digest::of("text");
        let signature = private.sign(&digest);
        let key = OnDemand::new(private.public_key());
        let clone = key.clone();
        for _ in 1..WORTHWHILE {
            assert!(key.check(&signature).fits(&digest));
            assert!(key.shared.prepared.get().is_none());
        }
        assert!(clone.check(&signature).fits(&digest));
        assert!(key.shared.prepared.get().is_some());
        let mut check = key.check(&signature);
        for _ in 0..2 {
            assert!(!check.fits(&Digest::of("other")) && check.fits(&digest), "one check, several digests");
        }
    }

    #[test]
    fn a_key_is_prepared_at_once_on_request() {
        let key = OnDemand::new(PrivateKey::generate().unwrap().public_key());
        key.prepare();
        assert!(key.clone().shared.prepared.get().is_some());
    }

    #[test]
    fn a_table_is_at_most_half_a_mebibyte() {
        assert_eq!(GENERATOR.0.len(), GENERATOR.0.capacity());
        assert!(GENERATOR.0.len() * size_of::<Point>() <= 512 * 1024);
    }

    fn value(digits: &[i16]) -> Scalar {
        digits.iter().rev().fold(Scalar::ZERO, |sum, &digit| {
            let magnitude = Scalar::from(u32::from(digit.unsigned_abs()));
            sum * Scalar::from(256_u32) + if digit < 0 { -magnitude } else { magnitude }
        })
    }

    #[test]
    fn digits_add_up_to_the_scalar() {
        let half = Scalar::TWO_INV;
        let all_carry = Scalar::from_repr([0x7f; 32].into()).unwrap();
        let mut samples = vec![Scalar::ZERO, Scalar::ONE, -Scalar::ONE, half, -half, half + Scalar::ONE];
        samples.extend([127_u32, 128, 129, 255, 256, 257, 0x8080, 0x8081, 0xffff].map(Scalar::from));
        samples.push(all_carry);
        for byte in [0x80, 0x81, 0xaa, 0xfe] {
            samples.push(Scalar::from_repr([byte; 32].into()).unwrap());
        }
        let mut random = Scalar::from(0x9e37_79b9_7f4a_7c15_u64);
        for _ in 0..1_000 {
            random = random * random + Scalar::ONE;
            samples.push(random);
        }
        for scalar in samples {
            let digits = signed_digits(&scalar);
            assert!(digits.iter().all(|digit| usize::from(digit.unsigned_abs()) <= LARGEST_DIGIT));
            assert_eq!(value(&digits), scalar);
        }
    }
}
