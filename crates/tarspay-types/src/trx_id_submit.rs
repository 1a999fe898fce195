//! Handing in a transaction id in Bangladesh, `POST /api/bd/{payOrderId}/{trxId}`.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::decode::{Decode, DecodeError, deserialize_by_decode};
use crate::error::{Error, ErrorKind};
use crate::ids::{MerchantNo, PayOrderId, TrxId, check};
use crate::raw_json::RawJson;
use crate::request::{Effect, Request};
use crate::unread::Unread;

const PATH: &str = "/api/bd/";

/// Hands in the transaction id of a payment; Bangladesh only, for merchants with a cashier page of their own
/// (`docs/wire.md`, section 7.12). Answered by [`Submitted`]. Marked as under development: expect a refusal.
///
/// Without a correct transaction id, handed in after the payment, such an order gets no callback.
///
/// Both values stand in the path and there is no body. They may hold ASCII letters and digits only (a rule of
/// ours), so that a value can never become another path.
///
/// The JSON of this type, an object with `payOrderId` and `trxId`, is never sent; it is for those who keep
/// requests.
///
/// ```
/// use tarspay_types::{MerchantNo, PayOrderId, Request, TrxId, TrxIdSubmit};
///
/// let submit = TrxIdSubmit::new(PayOrderId::new("P1560179978363322369")?, TrxId::new("BI63CWYFV9")?)?;
/// assert_eq!(submit.path(), "/api/bd/P1560179978363322369/BI63CWYFV9");
/// assert_eq!(submit.body(&MerchantNo::new("M1658884178")?)?, None);
///
/// assert!(TrxIdSubmit::new(PayOrderId::new("P1/../..")?, TrxId::new("BI63CWYFV9")?).is_err());
/// # Ok::<(), tarspay_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrxIdSubmit {
    pay_order_id: PayOrderId,
    trx_id: TrxId,
}

impl TrxIdSubmit {
    /// The request for this order and this transaction.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAlphanumeric`] when one of them holds anything else than ASCII letters and digits;
    /// [`TooLong`](ErrorKind::TooLong) when one that was read from JSON has more than 128 bytes.
    pub fn new(pay_order_id: PayOrderId, trx_id: TrxId) -> Result<Self, Error> {
        for (what, text) in [("pay order id", pay_order_id.as_str()), ("transaction id", trx_id.as_str())] {
            if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(Error::new(what, ErrorKind::NotAlphanumeric));
            }
            check(what, text)?;
        }
        Ok(Self { pay_order_id, trx_id })
    }

    /// Reads the request from the path of a call, for whoever receives one. `None` when it is the path of
    /// another call, or holds values that [`new`](TrxIdSubmit::new) refuses.
    pub fn from_path(path: &str) -> Option<Self> {
        let (pay_order_id, trx_id) = path.strip_prefix(PATH)?.split_once('/')?;
        Self::new(PayOrderId::new(pay_order_id).ok()?, TrxId::new(trx_id).ok()?).ok()
    }

    /// The gateway's number of the order.
    pub const fn pay_order_id(&self) -> &PayOrderId {
        &self.pay_order_id
    }

    /// The transaction id of the wallet.
    pub const fn trx_id(&self) -> &TrxId {
        &self.trx_id
    }
}

impl Request for TrxIdSubmit {
    type Response = Submitted;

    fn path(&self) -> Cow<'_, str> {
        format!("{PATH}{}/{}", self.pay_order_id, self.trx_id).into()
    }

    fn effect(&self) -> Effect {
        Effect::Other
    }

    fn body(&self, _: &MerchantNo) -> Result<Option<RawJson>, Error> {
        Ok(None)
    }
}

impl Serialize for TrxIdSubmit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("payOrderId", &self.pay_order_id)?;
        map.serialize_entry("trxId", &self.trx_id)?;
        map.end()
    }
}

impl Decode for TrxIdSubmit {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let mut members = Unread::from_json(json)?;
        Ok(Self::new(members.require(&["payOrderId"])?, members.require(&["trxId"])?)?)
    }
}

deserialize_by_decode!(TrxIdSubmit);

/// A transaction id was handed in (`docs/wire.md`, section 7.12). The documented response has no `data`; whether
/// the id was correct shows in the order.
///
/// A server answers with [`Envelope::without_data`](crate::Envelope::without_data).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Submitted {
    /// What came as `data` all the same.
    pub data: Option<RawJson>,
}

impl Submitted {
    /// The documented response: nothing.
    pub const fn new() -> Self {
        Self { data: None }
    }
}

impl Serialize for Submitted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.data.serialize(serializer)
    }
}

impl Decode for Submitted {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        Decode::from_json(json).map(|data| Self { data })
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

deserialize_by_decode!(Submitted);
