//! What the gateway keeps of a payment: a share of it, a fixed amount, or both.

use tarspay_types::Amount;

/// A merchant's fee for one order. Nothing at first.
///
/// The share is rounded half up to two decimals. From a deposit the fee is taken out of what was paid, and is never more
/// than that; for a withdrawal it is taken from the balance on top of the amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fee {
    /// The part that is the same for every order, in the main unit of the currency.
    pub fixed: Amount,
    /// The part that is a share of the amount, in hundredths of a percent: 250 is 2.5 %. At most 10,000.
    pub basis_points: u16,
}

/// The whole, in basis points.
const WHOLE: u16 = 10_000;

impl Fee {
    /// No fee.
    pub const NONE: Self = Self { fixed: Amount::ZERO, basis_points: 0 };

    /// A fixed amount and a share in hundredths of a percent, which is cut to 10,000.
    pub fn new(fixed: Amount, basis_points: u16) -> Self {
        Self { fixed, basis_points: basis_points.min(WHOLE) }
    }

    /// The fee for an amount; `None` if it has more than 28 digits.
    pub(crate) fn of(&self, amount: Amount) -> Option<Amount> {
        self.share(amount)?.checked_add(self.fixed).ok()
    }

    fn share(&self, amount: Amount) -> Option<Amount> {
        if self.basis_points == 0 {
            return Some(Amount::ZERO);
        }
        let digits: String = amount.to_string().chars().filter(char::is_ascii_digit).collect();
        // An amount has at most 28 digits and the share four more, which an i128 holds.
        let product = digits.parse::<i128>().ok()?.checked_mul(i128::from(self.basis_points.min(WHOLE)))?;
        // In units of a basis point of the last decimal; two decimals are kept.
        let unit = 10_i128.checked_pow(amount.fraction_digits() + 2)?;
        let hundredths = product.checked_add(unit / 2)? / unit;
        let text = match (hundredths / 100, hundredths % 100) {
            (whole, 0) => whole.to_string(),
            (whole, cents) => format!("{whole}.{cents:02}"),
        };
        Amount::parse(&text).ok()
    }
}

impl Default for Fee {
    fn default() -> Self {
        Self::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::Fee;
    use tarspay_types::Amount;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    #[test]
    fn a_fee_is_a_share_rounded_half_up_and_a_fixed_part() {
        for (fixed, basis_points, of, fee) in [
            ("0", 0, "100", "0"),
            ("2", 0, "100", "2"),
            ("0", 250, "100", "2.50"),
            ("0", 250, "100.00", "2.50"),
            ("0", 100, "100", "1"),
            ("1.5", 100, "0.50", "1.51"),
            ("0", 100, "0.49", "0"),
            ("0", 10_000, "99.99", "99.99"),
            ("0", 60_000, "99.99", "99.99"),
            ("0", 1, "9999999999999999999999999999", "1000000000000000000000000"),
        ] {
            let found = Fee::new(amount(fixed), basis_points).of(amount(of)).unwrap();
            assert_eq!(found, amount(fee), "{basis_points} of {of}");
        }
        let longest = amount(&"9".repeat(28));
        assert_eq!(Fee::new(amount("0"), 10_000).of(longest).unwrap(), longest);
        assert_eq!(Fee::new(amount("1"), 10_000).of(longest), None);
    }
}
