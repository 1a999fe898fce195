//! A scalar as signed digits to the base 256: half the multiples are enough, as a point is negated for free.
//!
//! A byte above 128 becomes its difference to 256, and the next byte one more (Booth, "A signed binary multiplication
//! technique", 1951). A scalar above half the order is negated first, so the last byte has room for the carry.

use k256::Scalar;
use k256::elliptic_curve::scalar::IsHigh as _;

/// How many digits a scalar has.
pub(super) const DIGITS: usize = 32;
/// The largest digit, and the largest negative one plus one.
pub(super) const LARGEST: usize = 128;

/// The digits, least first, each from -128 to 128.
///
/// Without branches, since a random digit cannot be predicted.
pub(super) fn of(scalar: &Scalar) -> [i16; DIGITS] {
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

#[cfg(test)]
mod tests {
    use super::{LARGEST, of};
    use k256::Scalar;
    use k256::elliptic_curve::PrimeField as _;

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
            let digits = of(&scalar);
            assert!(digits.iter().all(|digit| usize::from(digit.unsigned_abs()) <= LARGEST));
            assert_eq!(value(&digits), scalar);
        }
    }
}
