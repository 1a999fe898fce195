//! The table of a point P: 1·P to 128·P, and the same for 256·P, 256²·P and so on, one row for each digit of a scalar.
//!
//! A scalar times P is then one point of each row, added up; there is nothing to double ("Fast exponentiation with
//! precomputation", 1992). 32 rows of 128 points with two coordinates of 40 bytes
//! are 320 KiB. Rows of nine bits were measured too: half as large again, and 3 % faster.

use super::Field;
use super::digits::{self, DIGITS, LARGEST};
use super::sum::Addend;
use k256::elliptic_curve::BatchNormalize as _;
use k256::elliptic_curve::point::AffineCoordinates as _;
use k256::{AffinePoint, ProjectivePoint};

/// The multiples of a point, row after row.
pub(super) struct Table(Vec<Point>);

#[derive(Clone, Copy)]
pub(super) struct Point {
    pub(super) x: Field,
    pub(super) y: Field,
}

impl Table {
    /// Computes the multiples of a point of the curve. None is the point at infinity, because the order is prime.
    pub(super) fn of(point: &AffinePoint) -> Self {
        let mut multiples = Vec::with_capacity(DIGITS * LARGEST);
        let mut base = ProjectivePoint::from(*point);
        for _ in 0..DIGITS {
            let mut multiple = base;
            for _ in 1..LARGEST {
                multiples.push(multiple);
                multiple += &base;
            }
            multiples.push(multiple);
            base = multiple.double();
        }
        // One division for all of them.
        let affine = ProjectivePoint::batch_normalize_vartime(multiples.as_slice());
        // A coordinate of k256 is in range, so nothing is replaced.
        let field = |bytes: k256::FieldBytes| Field::from_bytes(&bytes).unwrap_or(Field::ZERO);
        Self(affine.iter().map(|point| Point { x: field(point.x()), y: field(point.y()) }).collect())
    }

    /// The points that add up to `scalar` times the point of the table; none where a digit is zero.
    ///
    /// They are copied out, so that the memory of all is asked for at once: a verification with a cold cache takes
    /// 17 µs so, and 27 µs if each is fetched when it is added.
    pub(super) fn addends_of(&self, scalar: &k256::Scalar) -> [Option<Addend>; DIGITS] {
        let digits = digits::of(scalar);
        std::array::from_fn(|row| {
            let digit = digits[row];
            let column = usize::from(digit.unsigned_abs()).checked_sub(1)?;
            let point = self.0.get(row * LARGEST + column)?;
            Some(Addend { point: *point, negative: digit < 0 })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Point, Table};

    #[test]
    fn a_table_is_at_most_half_a_mebibyte() {
        let table = Table::of(&k256::AffinePoint::GENERATOR);
        assert_eq!(table.0.len(), table.0.capacity());
        assert!(table.0.len() * size_of::<Point>() <= 512 * 1024);
    }
}
