//! The payment certificate of a withdrawal in Brazil, `POST /api/payOutProof`.

use serde::{Serialize, Serializer};

use crate::decode::{Decode, DecodeError, deserialize_by_decode};
use crate::error::{Error, ErrorKind};
use crate::ids::{MerchantOrderNo, PayOrderId};
use crate::model::request;
use crate::raw_json::RawJson;

request! {
    /// Asks for the payment certificate of a withdrawal; Brazil only (`docs/wire.md`, section 7.5). Answered by
    /// [`Certificate`].
    ///
    /// Needs one of the two numbers, and both may be given.
    pub struct CertificateRequest: Read, "/api/payOutProof" -> Certificate, about merchant_order_no,
        checked by CertificateRequest::names_an_order {
        new {}
        optional {
            /// The merchant's number of the order.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// The gateway's number of the order.
            pay_order_id: PayOrderId = "payOrderId";
        }
    }
}

impl CertificateRequest {
    /// The request for the withdrawal with this `mchOrderNo`.
    pub fn by_merchant_order_no(merchant_order_no: MerchantOrderNo) -> Self {
        Self::new().merchant_order_no(merchant_order_no)
    }

    /// The request for the withdrawal with this `payOrderId`.
    pub fn by_pay_order_id(pay_order_id: PayOrderId) -> Self {
        Self::new().pay_order_id(pay_order_id)
    }

    const fn names_an_order(&self) -> Result<(), Error> {
        if self.merchant_order_no.is_none() && self.pay_order_id.is_none() {
            return Err(Error::new("`mchOrderNo` or `payOrderId`", ErrorKind::Missing));
        }
        Ok(())
    }
}

/// A payment certificate: whatever JSON the gateway sends as `data`, since nothing about it is documented
/// (`docs/wire.md`, section 7.5).
///
/// ```
/// use tarspay_types::{Certificate, Decode, Envelope};
///
/// let bytes = br#"{"code":0,"msg":"SUCCESS","data":{"mchOrderNo":"W1","anything":[1]}}"#;
/// let certificate: Certificate = Envelope::from_slice(bytes)?.into_result()?;
/// assert_eq!(certificate.data.value().unwrap()["anything"][0], 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// The JSON as it came: an object, a text, anything.
    pub data: RawJson,
}

impl Certificate {
    /// A certificate, as a gateway answers.
    pub const fn new(data: RawJson) -> Self {
        Self { data }
    }
}

impl Serialize for Certificate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.data.serialize(serializer)
    }
}

impl Decode for Certificate {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        RawJson::from_json(json).map(Self::new)
    }
}

deserialize_by_decode!(Certificate);
