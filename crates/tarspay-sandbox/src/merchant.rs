//! Merchants as the operator of a sandbox sees them: keys, status, balances and fees.

use crate::clock::as_millis;
use serde::{Serialize, Serializer};
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};
use tarspay_sign::PublicKey;
use tarspay_types::{Amount, Currency, MerchantNo};

/// Whether the gateway lets a merchant call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MerchantStatus {
    /// It may call.
    #[default]
    Active,
    /// Every call is refused with 5003003.
    Disabled,
    /// Every call is refused with 5003004.
    NotAuthenticated,
}

impl MerchantStatus {
    /// By their numbers in the store.
    const ALL: [Self; 3] = [Self::Active, Self::Disabled, Self::NotAuthenticated];

    pub(crate) fn from_code(code: i64) -> Self {
        Self::ALL.into_iter().find(|status| *status as i64 == code).unwrap_or_default()
    }
}

/// Restrictions of an API key. Default: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeySettings {
    /// The only address that calls may come from; others are refused with 5003007. A key with a bound address does not
    /// expire, as the gateway documents.
    pub bound_ip: Option<IpAddr>,
    /// How long from now the key works without a bound address, on the sandbox's clock; then calls are refused with
    /// 5003006. The gateway documents 15 days.
    pub expires_in: Option<Duration>,
    /// Whether calls are refused with 5003005, as if the key were unknown.
    pub disabled: bool,
}

impl KeySettings {
    /// No restriction.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`bound_ip`](KeySettings::bound_ip).
    #[must_use]
    pub fn bound_to(mut self, ip: IpAddr) -> Self {
        self.bound_ip = Some(ip);
        self
    }

    /// Sets [`expires_in`](KeySettings::expires_in).
    #[must_use]
    pub fn expires_in(mut self, duration: Duration) -> Self {
        self.expires_in = Some(duration);
        self
    }

    /// Sets [`disabled`](KeySettings::disabled).
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }
}

/// A merchant of a sandbox with its keys and balances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RegisteredMerchant {
    /// Its number.
    pub merchant_no: MerchantNo,
    /// Whether it may call.
    pub status: MerchantStatus,
    /// Its public keys, by their text.
    pub keys: Vec<RegisteredKey>,
    /// All that it has, by currency.
    pub balances: Vec<CurrencyBalance>,
}

/// An API key of a merchant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RegisteredKey {
    /// The key.
    #[serde(serialize_with = "as_text")]
    pub public_key: PublicKey,
    /// The only address that calls may come from.
    pub bound_ip: Option<IpAddr>,
    /// When it expires without a bound address, on the sandbox's clock.
    #[serde(serialize_with = "as_millis")]
    pub expires_at: Option<SystemTime>,
    /// Whether calls are refused as if it were unknown.
    pub disabled: bool,
}

/// What a merchant has in one currency, in its main unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CurrencyBalance {
    /// The currency; `None` for money that was set before the merchant's first use of a currency.
    pub currency: Option<Currency>,
    /// What can be used.
    pub available: Amount,
    /// What is frozen for withdrawals in progress.
    pub frozen: Amount,
}

/// Serialises a key or a signature as its text.
pub(crate) fn as_text<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// A merchant's fee for one order. Default: none.
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
