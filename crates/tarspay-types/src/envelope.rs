//! The envelope of every response: a code, a message, and the response itself as `data`.

use std::error::Error as StdError;
use std::fmt;

use serde::ser::{Serialize, Serializer};

use crate::decode::{Decode, DecodeError, deserialize_by_decode};
use crate::error_code::ErrorCode;
use crate::members::{Members, Writer};
use crate::unread::Unread;

/// What the gateway sends around every response: `{"code":0,"msg":"SUCCESS","data":{…}}` (`docs/wire.md`,
/// section 6).
///
/// Only `code` is required. With code 0, `data` must be readable when it is there. With any other code a
/// `data` that is not a `T` (`{}`, say) is left in `extra`, so a refusal is always read. Null and an empty
/// text count as absent.
///
/// ```
/// use tarspay_types::{ResponseError, Balance, Decode, Envelope, ErrorCode};
///
/// let bytes = br#"{"code":0,"data":{"availableAmount":"11713783","frozenAmount":"0","mchNo":"M1"},"msg":"SUCCESS"}"#;
/// let balance = Envelope::<Balance>::from_slice(bytes)?.into_result()?;
/// assert_eq!(balance.available_amount.to_string(), "11713783");
///
/// let bytes = br#"{"code":5003008,"msg":"sign error","data":{}}"#;
/// let Err(ResponseError::Refused(refusal)) = Envelope::<Balance>::from_slice(bytes)?.into_result() else { panic!() };
/// assert_eq!(refusal.code, ErrorCode::SIGNATURE_ERROR);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope<T> {
    /// Whether the call was accepted. Says nothing about a payment.
    pub code: ErrorCode,
    /// The gateway's text, `SUCCESS` with code 0. Unlike other free text it is shown by `Debug` and by a
    /// [`Refusal`], which would explain nothing without it.
    pub msg: Option<String>,
    /// The response.
    pub data: Option<T>,
    /// A signature of unknown formula. It cannot be verified; do not trust it (`docs/wire.md`, section 11).
    pub sign: Option<String>,
    /// All other members, exactly as they came; `data` too where it could not be used.
    pub extra: Members,
}

impl<T> Envelope<T> {
    /// An accepted call with its response, as a gateway sends it.
    pub fn success(data: T) -> Self {
        Self { data: Some(data), ..Self::without_data(ErrorCode::SUCCESS, "SUCCESS") }
    }

    /// A response without `data`: a refusal, or a call whose responses have none.
    pub fn without_data(code: ErrorCode, msg: impl Into<String>) -> Self {
        Self { code, msg: Some(msg.into()), data: None, sign: None, extra: Members::new() }
    }
}

impl<T: Decode> Envelope<T> {
    /// The response, if the call was accepted.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Refused`] with any code but 0; [`ResponseError::DataMissing`] when code 0 came without
    /// the response. After a call that creates an order the latter proves nothing: query.
    pub fn into_result(self) -> Result<T, ResponseError> {
        if !self.code.is_success() {
            return Err(ResponseError::Refused(Refusal { code: self.code, msg: self.msg }));
        }
        self.data.or_else(T::absent).ok_or(ResponseError::DataMissing)
    }
}

impl<T: Serialize> Serialize for Envelope<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut writer = Writer::new(serializer.serialize_map(None)?, &self.extra);
        writer.required("code", &self.code)?;
        writer.optional("msg", self.msg.as_ref())?;
        writer.optional("data", self.data.as_ref())?;
        writer.optional("sign", self.sign.as_ref())?;
        writer.finish()
    }
}

impl<T: Decode> Decode for Envelope<T> {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let mut unread = Unread::from_json(json)?;
        let code: ErrorCode = unread.require(&["code"])?;
        let msg = unread.optional(&["msg"]);
        let sign = unread.optional(&["sign"]);
        let data = match unread.get("data") {
            None | Some("null" | "\"\"") => None,
            Some(_) if code.is_success() => Some(unread.require(&["data"])?),
            Some(_) => unread.optional(&["data"]),
        };
        Ok(Self { code, msg, data, sign, extra: unread.into_members() })
    }
}

deserialize_by_decode!(Envelope<T>);

/// Why an envelope holds no response.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// The gateway said no.
    Refused(Refusal),
    /// The gateway accepted the call but sent no `data`.
    DataMissing,
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::DataMissing => {
                f.write_str("the gateway accepted the call but sent no `data`; query before repeating it")
            }
        }
    }
}

impl StdError for ResponseError {}

/// The gateway's no.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Why; never [`ErrorCode::SUCCESS`] in a refusal that came from an envelope.
    pub code: ErrorCode,
    /// The gateway's text, if it sent one.
    pub msg: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the gateway refused the call with code {}", self.code)?;
        match &self.msg {
            // Escaped: the text comes from outside and may go to a log.
            Some(msg) => write!(f, ": {}", msg.escape_debug()),
            None => Ok(()),
        }
    }
}

impl StdError for Refusal {}
