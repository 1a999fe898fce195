//! Adding points of a table, and looking at the x of the sum without dividing.
//!
//! The sum is kept as (X, Y, ZZ, ZZZ) with x = X/ZZ, y = Y/ZZZ, ZZ³ = ZZZ²: adding a point (x, y) takes ten
//! multiplications (Explicit-Formulas Database, short Weierstrass, XYZZ, `madd-2008-s`), where k256's complete formula
//! takes eleven and much besides.
//!
//! The formula is wrong if both points have the same x. Then it makes ZZ zero, and every later addition keeps it zero,
//! as each multiplies it: one look at the end finds what went wrong anywhere, and k256 decides instead. Such a sum
//! does not occur by chance.
//!
//! Each value has a *magnitude*, its bound in units of the prime: products have 1, a sum has the sum, `negate(m)` needs
//! at most m and gives m + 1, and factors may have 8 at most. The comments state them; k256 checks them in debug builds.
#![expect(clippy::op_ref, reason = "k256 inlines the product with a reference, the other not")]

use super::Field;
use super::table::Point;
use k256::{FieldBytes, Scalar};

/// A point of a table, or its negative.
#[derive(Clone, Copy)]
pub(super) struct Addend {
    pub(super) point: Point,
    pub(super) negative: bool,
}

/// A point that is neither at infinity nor the result of an exception.
pub(super) struct Sum {
    x: Field,
    zz: Field,
}

/// The prime less the order: an r below it may stand for the x of r + n too.
const PRIME_LESS_ORDER: [u8; 32] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x45, 0x51, 0x23, 0x19, 0x50, 0xb7, 0x5f, 0xc4, 0x40,
    0x2d, 0xa1, 0x72, 0x2f, 0xc9, 0xba, 0xee,
];
/// The order n.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// The sum of the addends. `None` if two points met that the formula cannot add, or there are none.
pub(super) fn of<'a>(mut addends: impl Iterator<Item = &'a Addend>) -> Option<Sum> {
    let first = addends.next()?;
    let mut x = first.point.x; // magnitude 1, then 5
    let mut y = if first.negative { first.point.y.negate(1) } else { first.point.y }; // 2, then 3
    let (mut zz, mut zzz) = (Field::ONE, Field::ONE); // always 1
    for addend in addends {
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
    if bool::from(zz.normalizes_to_zero()) { None } else { Some(Sum { x, zz }) }
}

impl Sum {
    /// Whether x, reduced by the order, is r: X = r·ZZ, or X = (r + n)·ZZ where r + n is below the prime.
    ///
    /// Never `None`: both numbers are below the prime.
    pub(super) fn has_x(&self, r: &Scalar) -> Option<bool> {
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
