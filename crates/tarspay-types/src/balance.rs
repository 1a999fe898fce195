//! The balance query, `POST /api/balanceInfo`.

use std::cmp::Ordering;
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::amount::Amount;
use crate::decode::{Decode, DecodeError};
use crate::error::Error;
use crate::model::{model, request};
use crate::scalar::{self, FromScalar, Scalar, decimal};
use crate::text::{MerchantNo, quoted};

request! {
    /// Asks for the merchant's balance (`docs/wire.md`, section 7.6). The response is a [`Balance`].
    pub struct BalanceQuery: Read, "/api/balanceInfo" -> Balance, echoes {}, of merchant_no {
        pub new {}
        optional {}
    }
}

impl Default for BalanceQuery {
    fn default() -> Self {
        Self::new()
    }
}

model! {
    /// What the merchant has at the gateway (`docs/wire.md`, section 7.6).
    ///
    /// The response names no currency, and the unit of its amounts is not documented; the main unit is
    /// inferred.
    pub struct Balance {
        required {
            /// Balance that can be used.
            available_amount: BalanceAmount = "availableAmount";
            /// Balance that is held back.
            frozen_amount: BalanceAmount = "frozenAmount";
        }
        optional {
            /// The merchant's number. The documentation spells its name in two ways.
            merchant_no: MerchantNo = "mchNo" | "machNo";
        }
    }
}

impl Balance {
    /// A balance, as a gateway sends it.
    pub fn new(
        merchant_no: MerchantNo,
        available_amount: impl Into<BalanceAmount>,
        frozen_amount: impl Into<BalanceAmount>,
    ) -> Self {
        Self {
            merchant_no: Some(merchant_no),
            ..Self::with_required(available_amount.into(), frozen_amount.into())
        }
    }
}

/// An amount in a [`Balance`]. Unlike an [`Amount`] it can be below zero.
///
/// Any text or number is read, so that one odd amount does not hide the rest of the response. The
/// text is kept as it came. A value that is not decimal text (`1,600.00`), or needs more than 28
/// digits, is unknown.
///
/// `Display` writes the value without exponent, or the text if the value is unknown. Equality and
/// order go by value; an unknown value equals only the same text, and is neither above nor below
/// anything.
///
/// ```
/// use tarspay_types::{Amount, Balance, Decode};
///
/// let balance = Balance::from_json(r#"{"availableAmount":"-12.50","frozenAmount":1.1713783E7}"#)?;
/// assert_eq!(balance.available_amount.to_string(), "-12.50");
/// assert_eq!(balance.available_amount.to_amount(), None); // below zero
/// assert!(balance.available_amount < Amount::ZERO);
/// assert_eq!(balance.frozen_amount, Amount::from(11_713_783_u32));
/// # Ok::<(), tarspay_types::DecodeError>(())
/// ```
#[derive(Clone)]
pub struct BalanceAmount {
    text: String,
    value: Option<Decimal>,
}

impl BalanceAmount {
    fn read(text: String) -> Self {
        Self { value: decimal(&text).ok(), text }
    }

    /// The characters as they came.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The exact value, which can be below zero; `None` if it is unknown.
    pub const fn to_decimal(&self) -> Option<Decimal> {
        self.value
    }

    /// The value as an amount; `None` if it is below zero or unknown.
    pub fn to_amount(&self) -> Option<Amount> {
        self.value.and_then(|value| Amount::try_from(value).ok())
    }
}

impl From<Decimal> for BalanceAmount {
    fn from(value: Decimal) -> Self {
        Self::read(value.to_string())
    }
}

impl From<Amount> for BalanceAmount {
    fn from(amount: Amount) -> Self {
        Self::from(Decimal::from(amount))
    }
}

impl PartialEq for BalanceAmount {
    fn eq(&self, other: &Self) -> bool {
        match (self.value, other.value) {
            (None, None) => self.text == other.text,
            (this, other) => this == other,
        }
    }
}

impl Eq for BalanceAmount {}

impl PartialEq<Amount> for BalanceAmount {
    fn eq(&self, other: &Amount) -> bool {
        self.value == Some((*other).into())
    }
}

impl PartialOrd<Amount> for BalanceAmount {
    fn partial_cmp(&self, other: &Amount) -> Option<Ordering> {
        self.value.map(|value| value.cmp(&(*other).into()))
    }
}

impl fmt::Display for BalanceAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            Some(value) => f.pad(&value.to_string()),
            None => f.pad(&quoted(&self.text, 64)),
        }
    }
}

impl fmt::Debug for BalanceAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BalanceAmount({self})")
    }
}

impl Serialize for BalanceAmount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl FromScalar for BalanceAmount {
    fn from_scalar(scalar: &Scalar<'_>) -> Result<Self, Error> {
        Ok(Self::read(scalar.characters("amount")?.to_owned()))
    }
}

/// Anything can be read, so that one odd amount does not hide the other.
impl Decode for BalanceAmount {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let scalar = Scalar::read(json)?;
        Ok(Self::read(scalar.characters("amount").unwrap_or(json).to_owned()))
    }
}

impl<'de> Deserialize<'de> for BalanceAmount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar::deserialize(deserializer)
    }
}
