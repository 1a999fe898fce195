//! A prepared key gives the verdict of k256: at random, after mutation, and where the curve has exceptions.

use crate::signatures::mirrored;
use crate::{rounds, test_key};
use k256::elliptic_curve::ops::Reduce as _;
use k256::elliptic_curve::point::{AffineCoordinates as _, DecompressPoint as _};
use k256::elliptic_curve::sec1::ToSec1Point as _;
use k256::elliptic_curve::{Group as _, PrimeField as _};
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use tarspay_sign::{
    CallbackVerifier, Digest, ErrorKind, PreparedKey, PrivateKey, PublicKey, Signature, SignaturePolicy,
};

/// The verdict of both; they must not differ.
#[track_caller]
fn verdict(key: &PreparedKey, digest: &Digest, signature: &Signature) -> Result<(), ErrorKind> {
    let mut verdicts = [SignaturePolicy::AcceptHighS, SignaturePolicy::RequireLowS].map(|policy| {
        let plain = key.public_key().verify(digest, signature, policy).map_err(|error| error.kind());
        let prepared = key.verify(digest, signature, policy).map_err(|error| error.kind());
        assert_eq!(prepared, plain, "{key:?} {digest} {signature} {policy:?}");
        prepared
    });
    std::mem::replace(&mut verdicts[0], Ok(()))
}

/// One key and 10,000 verdicts: an eighth of them on a signature as it was made, the rest on a changed one.
fn compare_at_random(seed: u8) -> [usize; 2] {
    let mut source = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut bytes = || {
        let mut bytes = [0; 32];
        source.fill_bytes(&mut bytes);
        bytes
    };
    let private = PrivateKey::from_hex(&hex::encode(bytes())).unwrap();
    let key = private.public_key().prepare();
    let other = bytes();
    let mut counts = [0, 0];
    for _ in 0..10_000 / 8 {
        let digest = bytes();
        let signature = private.sign(&Digest::from(digest));
        let [mut flipped, mut random] = [digest, bytes()];
        let position = usize::from(random[0]) % 32;
        flipped[position] ^= 1 << (random[1] % 8);
        random[0] &= 0x7f; // Below the order.
        let number = Scalar::from_repr(random.into()).unwrap();
        let (r, s) = scalars(&signature);
        let cases = [
            (digest, signature),
            (digest, mirrored(&signature)),
            (flipped, signature),
            (other, mirrored(&signature)),
            (digest, from_scalars(number, s)),
            (digest, from_scalars(r, number)),
            (digest, from_scalars(s, r)),
            (random, from_scalars(number, number)),
        ];
        for (digest, signature) in cases {
            let accepted = verdict_once(&key, &digest, &signature);
            counts[usize::from(accepted)] += 1;
        }
    }
    counts
}

fn verdict_once(key: &PreparedKey, digest: &[u8; 32], signature: &Signature) -> bool {
    let digest = Digest::from(*digest);
    let [prepared, plain] = [
        key.verify(&digest, signature, SignaturePolicy::AcceptHighS),
        key.public_key().verify(&digest, signature, SignaturePolicy::AcceptHighS),
    ];
    assert_eq!(prepared.is_ok(), plain.is_ok(), "{key:?} {digest} {signature}");
    prepared.is_ok()
}

#[test]
fn same_verdict_on_random_and_mutated_signatures() {
    let keys = rounds(10);
    let counts = std::thread::scope(|scope| {
        let runs: Vec<_> =
            (0..keys).map(|seed| scope.spawn(move || compare_at_random(seed.to_le_bytes()[0]))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(counts, vec![[7_500, 2_500]; keys as usize]);
}

fn scalars(signature: &Signature) -> (Scalar, Scalar) {
    let (r, s) = k256::ecdsa::Signature::from_der(&signature.to_der()).unwrap().split_scalars();
    (*r, *s)
}

fn from_scalars(r: Scalar, s: Scalar) -> Signature {
    let signature = k256::ecdsa::Signature::from_scalars(r, s).unwrap();
    Signature::from_der(signature.to_der().as_bytes()).unwrap()
}

fn key(point: ProjectivePoint) -> PreparedKey {
    PublicKey::from_hex(&hex::encode(point.to_affine().to_sec1_point(true))).unwrap().prepare()
}

fn x_of(point: ProjectivePoint) -> Scalar {
    Scalar::reduce(&point.to_affine().x())
}

fn digest(z: Scalar) -> Digest {
    Digest::from(<[u8; 32]>::from(z.to_repr()))
}

/// Lets a verifier compute `u1`·G + `u2`·Q: with the r that it finds there, which is valid unless that is the point at
/// infinity, and with another, which is not.
fn check_factors(key: &PreparedKey, point: ProjectivePoint, u1: Scalar, u2: Scalar) -> bool {
    check_products(key, (u1, ProjectivePoint::GENERATOR * u1), (u2.invert().unwrap(), point * u2))
}

/// The same, with `u1`·G, the inverse of `u2` and `u2`·Q made before.
fn check_products(
    key: &PreparedKey,
    (u1, left): (Scalar, ProjectivePoint),
    (inverse, right): (Scalar, ProjectivePoint),
) -> bool {
    let sum = left + right;
    let valid = !bool::from(sum.is_identity());
    let r = if valid { x_of(sum) } else { Scalar::from(5_u32) };
    for (r, expected) in [(r, valid), (r + Scalar::ONE, false), (-r, false), (Scalar::ONE, r == Scalar::ONE)]
    {
        let s = r * inverse;
        let verdict = verdict(key, &digest(u1 * s), &from_scalars(r, s));
        assert_eq!(verdict, if expected { Ok(()) } else { Err(ErrorKind::SignatureMismatch) });
    }
    valid
}

/// Scalars at the borders of bytes and digits, and at both ends.
fn special_scalars() -> Vec<Scalar> {
    let mut scalars: Vec<_> = [1_u64, 2, 3, 127, 128, 129, 255, 256, 257, 384, 0x8000, 0x0100_0000]
        .into_iter()
        .map(Scalar::from)
        .collect();
    scalars.extend([Scalar::TWO_INV, Scalar::ROOT_OF_UNITY]);
    let negated: Vec<_> = scalars.iter().map(|scalar| -*scalar).collect();
    scalars.extend(negated);
    scalars
}

#[test]
fn keys_that_are_multiples_of_the_generator_are_no_exception() {
    let generator = ProjectivePoint::GENERATOR;
    let scalars = special_scalars();
    let lefts: Vec<_> = scalars.iter().chain([&Scalar::ZERO]).map(|u1| (*u1, generator * u1)).collect();
    let mut infinite = 0;
    for factor in [1_u32, 2, 128, 256, 65_536] {
        for point in [generator * Scalar::from(factor), -(generator * Scalar::from(factor))] {
            let key = key(point);
            for u2 in &scalars {
                let right = (u2.invert().unwrap(), point * u2);
                infinite += lefts.iter().filter(|left| !check_products(&key, **left, right)).count();
            }
        }
    }
    assert!(infinite > 20, "sums at infinity occur: {infinite}");
}

#[test]
fn the_endomorphism_gives_two_points_with_one_y() {
    let point = ProjectivePoint::GENERATOR.endomorphism();
    for point in [point, -point, point.endomorphism()] {
        let key = key(point);
        for scalar in special_scalars() {
            assert!(check_factors(&key, point, scalar, scalar));
        }
    }
}

#[test]
fn a_digest_of_zero_or_of_the_order_is_a_factor_of_zero() {
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let mut order_bytes = [0; 32];
    hex::decode_to_slice(order, &mut order_bytes).unwrap();
    let private = test_key();
    let key = private.public_key().prepare();
    let zero = Digest::from([0; 32]);
    let signature = private.sign(&zero);
    for digest in [zero, Digest::from(order_bytes)] {
        assert_eq!(verdict(&key, &digest, &signature), Ok(()));
        assert_eq!(verdict(&key, &digest, &mirrored(&signature)), Ok(()));
    }
    let largest = Digest::from([0xff; 32]);
    assert_eq!(verdict(&key, &largest, &private.sign(&largest)), Ok(()));
    assert_eq!(verdict(&key, &largest, &signature), Err(ErrorKind::SignatureMismatch));
    // The other factor is r/s, and there is no signature with r = 0.
    assert!(Signature::from_hex("3006020100020101").is_err());
}

/// The key for which (`r`, `s`) is valid for `z` because the sum is `point`.
fn key_for(point: ProjectivePoint, r: Scalar, s: Scalar, z: Scalar) -> PreparedKey {
    key((point * s - ProjectivePoint::GENERATOR * z) * r.invert().unwrap())
}

#[test]
fn an_x_between_the_order_and_the_prime_counts_less_the_order() {
    let order = -Scalar::ONE;
    let mut found = 0;
    for above in 0_u8..40 {
        // n - 1 + 1 + above; the last byte of n - 1 has room.
        let mut bytes: FieldBytes = order.to_repr();
        bytes[31] += 1 + above;
        let Some(point) = AffinePoint::decompress(&bytes, 0.into()).into_option() else { continue };
        let r = Scalar::from(u32::from(above));
        if bool::from(r.is_zero()) {
            continue;
        }
        let (s, z) = (Scalar::from(77_u32), Scalar::from(99_u32));
        let key = key_for(point.into(), r, s, z);
        assert_eq!(verdict(&key, &digest(z), &from_scalars(r, s)), Ok(()));
        assert_eq!(verdict(&key, &digest(z), &from_scalars(r, -s)), Ok(()));
        let beside = from_scalars(r + Scalar::ONE, s);
        assert_eq!(verdict(&key, &digest(z), &beside), Err(ErrorKind::SignatureMismatch));
        found += 1;
    }
    assert!(found > 5, "{found}");
}

#[test]
fn an_r_that_could_be_two_x_is_valid_for_either() {
    let (s, z) = (Scalar::from(77_u32), Scalar::from(99_u32));
    let mut found = 0;
    for small in 1_u32..40 {
        let r = Scalar::from(small);
        let Some(point) = AffinePoint::decompress(&r.to_repr(), 1.into()).into_option() else { continue };
        let key = key_for(point.into(), r, s, z);
        assert_eq!(verdict(&key, &digest(z), &from_scalars(r, s)), Ok(()));
        // r + n beyond the prime begins again at 0, but that is not an x of this r.
        let beyond = prime_less_order() + r;
        let key = key_for(point.into(), beyond, s, z);
        let refused = verdict(&key, &digest(z), &from_scalars(beyond, s));
        assert_eq!(refused, Err(ErrorKind::SignatureMismatch));
        found += 1;
    }
    assert!(found > 5, "{found}");
}

#[test]
fn an_r_around_the_prime_less_the_order_has_the_verdict_of_k256() {
    // r + n is just below the prime, the prime itself, and just above.
    let middle = prime_less_order();
    let (s, z) = (Scalar::from(77_u32), Scalar::from(99_u32));
    let key = test_key().public_key().prepare();
    for r in [middle - Scalar::ONE, middle, middle + Scalar::ONE] {
        let refused = verdict(&key, &digest(z), &from_scalars(r, s));
        assert_eq!(refused, Err(ErrorKind::SignatureMismatch));
        // Valid where r itself is the x of a point.
        if let Some(point) = AffinePoint::decompress(&r.to_repr(), 0.into()).into_option() {
            assert_eq!(verdict(&key_for(point.into(), r, s, z), &digest(z), &from_scalars(r, s)), Ok(()));
        }
    }
}

fn prime_less_order() -> Scalar {
    Scalar::from(0x14551_u64) * power_of_two(112)
        + Scalar::from(0x2319_50b7_5fc4_u64) * power_of_two(64)
        + Scalar::from(0x402d_a172_2fc9_baee_u64)
}

fn power_of_two(exponent: usize) -> Scalar {
    (0..exponent).fold(Scalar::ONE, |power, _| power + power)
}

#[test]
fn a_prepared_key_tells_a_high_s_from_a_mismatch() {
    let private = test_key();
    let key = PreparedKey::from(private.public_key());
    assert_eq!(*key.public_key(), private.public_key());
    let digest = Digest::of("text");
    let high = mirrored(&private.sign(&digest));
    let kind = |digest| key.verify(digest, &high, SignaturePolicy::RequireLowS).unwrap_err().kind();
    assert_eq!(kind(&digest), ErrorKind::HighS);
    assert_eq!(kind(&Digest::of("other")), ErrorKind::SignatureMismatch);
    assert!(key.verify(&digest, &high, SignaturePolicy::AcceptHighS).is_ok());
}

#[test]
fn a_callback_verifier_judges_alike_before_and_after_it_has_prepared() {
    let key = test_key();
    let next = PrivateKey::generate().unwrap();
    let body = r#"{"payOrderId":"P1","state":3}"#;
    let signatures = [&key, &next].map(|key| key.sign(&Digest::of(body)).to_string());
    let verifier = CallbackVerifier::trusting(key.public_key()).and_key(next.public_key());
    for verifier in [verifier.clone(), verifier.clone().prepared()] {
        for _ in 0..100 {
            for signature in &signatures {
                assert!(verifier.verify(Some(signature), body.as_bytes()).is_ok());
                let forged = verifier.verify(Some(signature), br#"{"payOrderId":"P1","state":2}"#);
                assert_eq!(forged.unwrap_err().kind(), ErrorKind::SignatureMismatch);
            }
        }
    }
}
