//! A call of the merchant API, its refusal, and what the calls have in common.

use crate::error::{Error, ErrorKind, with_causes};
use crate::plan;
use crate::sandbox::Shared;
use crate::store::orders::{self, OrderKey, Record};
use crate::store::{StoreError, Tx};
use serde::Serialize;
use serde_json::Value;
use std::net::IpAddr;
use tarspay_sign::CallbackText;
use tarspay_types::{
    BizType, Decode, DecodeError, DecodeErrorKind, Envelope, ErrorCode, Members, MerchantNo, MerchantOrderNo,
    PayOrderId, Request, WithMerchant,
};

/// A call as it came in, its body read.
pub(crate) struct Call<'a> {
    pub(crate) path: &'a str,
    /// What stands after the path; no part of what is signed.
    pub(crate) query: Option<&'a str>,
    /// Names and values; a name may come twice.
    pub(crate) headers: Vec<(&'a str, &'a [u8])>,
    pub(crate) body: &'a [u8],
    pub(crate) members: Result<Members, DecodeError>,
    /// The merchant's number of the order in the body, if there is one.
    pub(crate) order_no: Option<MerchantOrderNo>,
    /// Where it came from.
    pub(crate) peer: IpAddr,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        (path, query): (&'a str, Option<&'a str>),
        headers: Vec<(&'a str, &'a [u8])>,
        body: &'a [u8],
        peer: IpAddr,
    ) -> Self {
        let members = Members::from_slice(body);
        let order_no = members.as_ref().ok().and_then(|members| given(members, "mchOrderNo"));
        Self { path, query, headers, body, members, order_no, peer }
    }

    /// The values of a header.
    pub(crate) fn values(&self, name: &str) -> Vec<&'a [u8]> {
        let of_name = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| *value).collect()
    }

    /// The value of a header, the first one if it was sent twice; `None` if it is missing or not plain text.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        let value = self.values(name).first().copied()?;
        std::str::from_utf8(value)
            .ok()
            .filter(|value| value.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
    }

    /// The value of a header that a call must have, once. Two equal values are one.
    pub(super) fn required(&self, name: &str) -> Result<&'a str, Refusal> {
        let refusal =
            |why: &str| Refusal::new(ErrorCode::PARAMETER_MISSING, format!("the header {name} {why}"));
        let values = self.values(name);
        if values.iter().any(|value| *value != values[0]) {
            return Err(refusal("was sent twice with different values; send it once"));
        }
        self.header(name).ok_or_else(|| refusal("is missing or not plain text"))
    }

    /// What is wrong with `Content-Type`, which is required by the documentation. Not refused: it is not known what the
    /// gateway does.
    pub(super) fn content_type_warning(&self) -> Option<String> {
        const RIGHT: &str = "send application/json;charset=utf-8";
        if self.body.is_empty() {
            return None;
        }
        let values = self.values("Content-Type");
        let [value] = *values else {
            let what = if values.is_empty() { "is missing" } else { "was sent more than once" };
            return Some(format!("the header Content-Type {what}: the gateway may refuse the call; {RIGHT}"));
        };
        let value = String::from_utf8_lossy(value).to_ascii_lowercase();
        let mut parts = value.split(';').map(str::trim);
        let is_json = parts.next() == Some("application/json");
        let is_charset_right = parts
            .filter_map(|part| part.split_once('='))
            .filter(|(name, _)| name.trim() == "charset")
            .all(|(_, charset)| matches!(charset.trim().trim_matches('"'), "utf-8" | "utf8"));
        let what = match (is_json, is_charset_right) {
            (true, true) => return None,
            (true, false) => "names another charset than UTF-8",
            (false, _) => "does not say JSON",
        };
        Some(format!("the header Content-Type {what}: the gateway may refuse the call; {RIGHT}"))
    }
}

/// Why a call is refused: a code of the documented table, and a text that says what to do.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

/// What errors of tarspay-sign advise a program in Rust to do, and the same for any language.
const FOR_ANY_LANGUAGE: &[(&str, &str)] = &[
    (
        "for a request without a body use `Parameters::none()`",
        "send `{}`, or no byte at all where a call has no body",
    ),
    ("read them with `Signature::from_rs`", "encode them as DER"),
    (", or read its bytes with `PublicKey::from_sec1_bytes`", ""),
];

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let plain = |message: String, (rust, plain): &(&str, &str)| message.replace(rust, plain);
        Self { code, message: FOR_ANY_LANGUAGE.iter().fold(message.into(), plain) }
    }

    pub(crate) fn missing(reason: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::PARAMETER_MISSING, format!("parameter missing or unusable: {reason}"))
    }

    pub(crate) fn signature(reason: impl std::fmt::Display) -> Self {
        // "sign error" is the documented text; what follows is the sandbox's.
        Self::new(ErrorCode::SIGNATURE_ERROR, format!("sign error: {reason}"))
    }

    /// The documented response to a call that fails: code and message, no data.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        to_json(&Envelope::<Value>::without_data(self.code, self.message.as_str()))
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::new(ErrorCode::SYSTEM_ERROR, format!("system error: {error}"))
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (code, meaning) = match error.kind() {
            ErrorKind::BalanceTooLow => (ErrorCode::BALANCE_TOO_LOW, "merchant balance too low"),
            ErrorKind::InvalidAmount => (ErrorCode::AMOUNT_FORMAT_WRONG, "amount format wrong"),
            ErrorKind::InvalidTransition => {
                (ErrorCode::ORDER_STATE_OR_WITHDRAWAL_FAILED, "order state error")
            }
            _ => (ErrorCode::SYSTEM_ERROR, "system error"),
        };
        Self::new(code, format!("{meaning}: {}", with_causes(&error)))
    }
}

/// Why a body is refused, and for a missing member what to do: the reader of a response cannot add one.
fn with_remedy(error: &DecodeError) -> String {
    let remedy = if error.kind() == DecodeErrorKind::Missing { "; send it with a value" } else { "" };
    with_causes(error) + remedy
}

/// An authenticated call.
pub(super) struct Caller<'a> {
    pub(super) shared: &'a Shared,
    pub(super) merchant_no: MerchantNo,
    pub(super) call: &'a Call<'a>,
}

impl Caller<'_> {
    /// The members of the body, which must name the caller; what the request itself requires is not checked.
    pub(super) fn members(&self) -> Result<&Members, Refusal> {
        let unreadable = |error: &DecodeError| Refusal::new(ErrorCode::PARAMETER_MISSING, with_remedy(error));
        let members = self.call.members.as_ref().map_err(unreadable)?;
        let WithMerchant { merchant_no, .. } =
            WithMerchant::<Members>::from_members(members).map_err(|error| unreadable(&error))?;
        MerchantNo::new(merchant_no.as_str())
            .map_err(|error| Refusal::missing(format_args!("`mchNo`: {error}")))?;
        if merchant_no != self.merchant_no {
            return Err(Refusal::new(
                ErrorCode::MERCHANT_UNKNOWN,
                "merchant unknown: mchNo is not the merchant of this API key; send your own number",
            ));
        }
        Ok(members)
    }

    /// Reads a request, which must name the caller and have all that the call requires.
    pub(super) fn read<R: Decode + Request>(&self) -> Result<R, Refusal> {
        let WithMerchant { request, .. } = WithMerchant::<R>::from_members(self.members()?)
            .map_err(|error| Refusal::missing(with_remedy(&error)))?;
        request.check().map_err(|error| Refusal::missing(with_causes(&error)))?;
        Ok(request)
    }

    /// Runs a job in the store.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx<'_>, &MerchantNo) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let merchant_no = self.merchant_no.clone();
        self.shared.store.call(move |tx| job(tx, &merchant_no)).await
    }
}

/// The member of this name, if it can be used.
pub(super) fn given<T: Decode>(members: &Members, name: &str) -> Option<T> {
    members.get(name).and_then(|json| T::from_json(json).ok())
}

/// The merchant's order of this direction with one of these numbers, or with both; what is due about it is done first.
pub(super) fn find(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    direction: BizType,
    number: Option<&MerchantOrderNo>,
    id: Option<&PayOrderId>,
) -> Result<Option<Record>, Error> {
    let found = match (number, id) {
        (Some(number), _) => orders::find(tx, &OrderKey::Number(merchant_no, number))?,
        (None, Some(id)) => orders::find(tx, &OrderKey::PayOrderId(id))?,
        (None, None) => None,
    };
    let fits = |record: &Record| {
        record.order.merchant_no == *merchant_no
            && record.order.direction == direction
            && id.is_none_or(|id| record.order.pay_order_id == *id)
    };
    let Some(mut record) = found.filter(fits) else { return Ok(None) };
    plan::catch_up_with(tx, &mut record)?;
    Ok(Some(record))
}

/// The refusal of a query that finds nothing.
pub(super) fn no_order(direction: BizType) -> Refusal {
    match direction {
        BizType::WITHDRAWAL => Refusal::new(
            ErrorCode::QUERY_WITHDRAWAL_FAILED,
            "querying the withdrawal order failed: this merchant has no withdrawal of this number",
        ),
        _ => Refusal::new(
            ErrorCode::QUERY_DEPOSIT_FAILED,
            "querying the deposit order failed: this merchant has no deposit of this number",
        ),
    }
}

pub(crate) fn to_json<T: Serialize>(envelope: &Envelope<T>) -> Vec<u8> {
    // Our own models are objects of texts and numbers, which always serialize.
    serde_json::to_vec(envelope).unwrap_or_else(|_| br#"{"code":-1,"msg":"system error"}"#.to_vec())
}

/// A response with the member `sign`. Its formula is not documented: this one is a signature of the sandbox over the
/// ordered data, which proves nothing and must not be verified.
pub(super) fn signed<T: Serialize>(shared: &Shared, data: T) -> Vec<u8> {
    let sign = CallbackText::from_value(&data).ok().map(|text| text.sign(&shared.system_key).to_string());
    let mut envelope = Envelope::success(data);
    envelope.sign = sign;
    to_json(&envelope)
}
