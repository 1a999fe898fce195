//! The envelope of every response: a code, a message, and the response itself as `data`; all error
//! codes.

use std::error::Error as StdError;
use std::fmt;

use serde::ser::{Serialize, Serializer};

use crate::decode::{Decode, DecodeError, Unread, deserialize_by_decode, text_of};
use crate::members::{Members, Writer};
use crate::scalar::open_codes;

const CODE: &str = "code";
const DATA: &str = "data";

/// What the gateway sends around every response: `{"code":0,"msg":"SUCCESS","data":{…}}`
/// (`docs/wire.md`, section 6).
///
/// Only `code` is required. A `data` that is not a `T` is left in `extra`, so it never hides the
/// rest; [`into_result`](Envelope::into_result) then says what is wrong with it. Null and an empty
/// text count as absent.
///
/// A refusal is read whatever else is wrong: members that stand twice (the first of each is kept,
/// unless the codes differ), bytes that are not UTF-8, and a text that is not JSON after its code.
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
    /// The gateway's text, `SUCCESS` with code 0. Unlike other free text it is shown by `Debug` and
    /// by a [`Refusal`], which would explain nothing without it.
    pub msg: Option<String>,
    /// The response.
    pub data: Option<T>,
    /// A signature of unknown formula. It cannot be verified; do not trust it (`docs/wire.md`,
    /// section 11).
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
    /// [`ResponseError::Refused`] with any code but 0. With code 0 [`ResponseError::DataMissing`]
    /// when there is no response, and [`Unreadable`](ResponseError::Unreadable) when it cannot be
    /// read; after a call that creates an order these prove nothing: query.
    pub fn into_result(self) -> Result<T, ResponseError> {
        if !self.code.is_success() {
            return Err(ResponseError::Refused(Refusal::new(self.code, self.msg)));
        }
        match (self.data, self.extra.get(DATA)) {
            (Some(data), _) => Ok(data),
            (None, None | Some("null" | "\"\"")) => T::absent().ok_or(ResponseError::DataMissing),
            (None, Some(json)) => {
                T::from_json(json).map_err(|error| ResponseError::Unreadable(error.within(DATA)))
            }
        }
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
        let mut unread = match Unread::with_duplicates(json) {
            Ok(unread) => unread,
            Err(error) => {
                let code = refusal_in(json).ok_or(error)?;
                return Ok(Self { code, msg: None, data: None, sign: None, extra: Members::new() });
            }
        };
        if let Some(name) = unread.named_twice() {
            if !is_clearly_a_refusal(&unread) {
                return Err(DecodeError::duplicate(name));
            }
            unread.drop_duplicates();
        }
        let code = unread.require(&[CODE])?;
        let msg = unread.optional(&["msg"]);
        let sign = unread.optional(&["sign"]);
        let data = unread.optional(&[DATA]);
        Ok(Self { code, msg, data, sign, extra: unread.into_members() })
    }

    fn from_slice(bytes: &[u8]) -> Result<Self, DecodeError> {
        match text_of(bytes) {
            Ok(json) => Self::from_json(&json),
            Err(error) => {
                let damaged = Self::from_json(&String::from_utf8_lossy(bytes)).ok();
                damaged.filter(|envelope| !envelope.code.is_success()).ok_or(error)
            }
        }
    }
}

/// Whether all codes are the same, and not that of success.
fn is_clearly_a_refusal(envelope: &Unread<'_>) -> bool {
    let mut codes = envelope.all(CODE).map(|json| ErrorCode::from_json(json).ok());
    let first = codes.next().flatten();
    first.is_some_and(|code| !code.is_success()) && codes.all(|code| code == first)
}

/// The code of a refusal in a text that is not JSON, such as `{"code":5003008,"data":NaN}`: the
/// member of that name at the top level, all of them alike, each with its end.
fn refusal_in(text: &str) -> Option<ErrorCode> {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let (mut depth, mut found, mut rest) = (0_usize, None, text.starts_with('{').then_some(text)?);
    while let Some(at) = rest.find(['{', '[', '}', ']', '"']) {
        let (mark, after) = rest[at..].split_at(1);
        rest = after;
        match mark {
            "{" | "[" => depth += 1,
            "}" | "]" if depth > 1 => depth -= 1,
            "}" | "]" => break,
            _ => {
                let Some(end) = end_of_string(rest) else { break };
                let (string, after) = (&rest[..end], &rest[end + 1..]);
                rest = after;
                let Some(value) = after.trim_ascii_start().strip_prefix(':') else { continue };
                if depth == 1 && string == CODE {
                    let value = &value[..value.find([',', '}'])?];
                    let code = ErrorCode::from_json(value.trim_ascii()).ok()?;
                    if code.is_success() || found.is_some_and(|found| found != code) {
                        return None;
                    }
                    found = Some(code);
                }
            }
        }
    }
    found
}

/// Where the quotation mark is that ends a string.
fn end_of_string(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
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
    /// The gateway accepted the call but sent `data` that cannot be read.
    Unreadable(DecodeError),
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::DataMissing => {
                f.write_str("the gateway accepted the call but sent no `data`; query before repeating it")
            }
            Self::Unreadable(error) => {
                write!(f, "the gateway accepted the call, but {error}; query before repeating it")
            }
        }
    }
}

impl StdError for ResponseError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unreadable(error) => error.source(),
            _ => None,
        }
    }
}

/// The gateway's no.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Why; never [`ErrorCode::SUCCESS`] in a refusal that came from an envelope.
    pub code: ErrorCode,
    /// The gateway's text, if it sent one, cut after 256 characters.
    pub msg: Option<String>,
}

impl Refusal {
    fn new(code: ErrorCode, mut msg: Option<String>) -> Self {
        if let Some(msg) = &mut msg
            && let Some((end, _)) = msg.char_indices().nth(256)
        {
            msg.truncate(end);
            msg.push('…');
        }
        Self { code, msg }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the gateway refused the call with code ")?;
        // Escaped: the text comes from outside and may go to a log.
        match &self.msg {
            // The message has the documented meaning already.
            Some(msg) if self.code.meanings().iter().any(|meaning| msg.starts_with(meaning)) => {
                write!(f, "{}: {}", self.code.code(), msg.escape_debug())
            }
            Some(msg) => write!(f, "{}: {}", self.code, msg.escape_debug()),
            None => write!(f, "{}", self.code),
        }
    }
}

impl StdError for Refusal {}

open_codes! {
    /// The `code` of a response (`docs/wire.md`, section 9): 0 means that the call was accepted.
    ///
    /// Code 0 says nothing about a payment; that is the [`OrderState`](crate::OrderState).
    ///
    /// ```
    /// use tarspay_types::ErrorCode;
    ///
    /// let code = ErrorCode::from_code(5_003_010);
    /// assert_eq!(code.meanings(), ["order state error", "creating the withdrawal order failed"]);
    /// assert!(code.depends_on_history());
    /// ```
    pub struct ErrorCode = "error code" {
        SUCCESS = 0, "success";
        SYSTEM_ERROR = -1, "system error";
        PARAMETER_MISSING = 5_003_001, "parameter missing";
        MERCHANT_UNKNOWN = 5_003_002, "merchant or API key unknown";
        MERCHANT_DISABLED = 5_003_003, "merchant disabled";
        MERCHANT_NOT_AUTHENTICATED = 5_003_004, "merchant not authenticated";
        API_KEY_UNKNOWN = 5_003_005, "API key of the merchant unknown", "merchant or API key unknown";
        API_KEY_EXPIRED = 5_003_006, "API key expired";
        IP_ERROR = 5_003_007, "IP error";
        SIGNATURE_ERROR = 5_003_008, "signature error";
        WAY_CODE_NOT_SUPPORTED = 5_003_009, "way code not supported";
        ORDER_STATE_OR_WITHDRAWAL_FAILED = 5_003_010, "order state error", "creating the withdrawal order failed";
        ORDER_NUMBER_EXISTS = 5_003_011, "merchant order number exists already";
        URL_FORMAT_ERROR = 5_003_012, "URL format error";
        CHANNEL_ERROR = 5_003_013, "channel error";
        RATE_NOT_SET_UP = 5_003_014, "rate of the merchant not set up";
        CHANNEL_UNKNOWN = 5_003_015, "channel unknown";
        CREATE_DEPOSIT_FAILED = 5_003_017, "creating the deposit order failed";
        QUERY_DEPOSIT_FAILED = 5_003_018, "querying the deposit order failed";
        QUERY_WITHDRAWAL_FAILED = 5_003_020, "querying the withdrawal order failed";
        BALANCE_TOO_LOW = 5_004_006, "merchant balance too low";
        AMOUNT_FORMAT_WRONG = 500_321, "amount format wrong";
        URL_NOT_SUPPORTED = 500_322, "URL not supported";
        REMOTE_CLIENT_ERROR = 500_323, "remote client error";
        ORDER_EXPIRED = 500_324, "order expired";
        BALANCE_QUERY_ERROR = 500_326, "balance query error";
        WAY_CODE_WRONG = 500_327, "way code wrong";
    }
}

impl ErrorCode {
    /// Whether the call was accepted: code 0.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::SUCCESS)
    }

    /// Whether this code can be the consequence of an order that exists, so that as the response to
    /// a create call it proves nothing: look the order up by its merchant order number before
    /// anything else, and never create a second order.
    ///
    /// | code | why an existing order can cause it |
    /// |---|---|
    /// | 5003008 | a second copy of a request carries a nonce that is used already |
    /// | 5003011 | the number exists, perhaps by a first copy of this very request |
    /// | 5004006 | the first copy took the balance |
    /// | 5003010 | "order state error" is about an order; its other meaning does not say when creating failed |
    /// | -1, 5003013, 5003017, 500323 | trouble inside the gateway; whether before or after the order was stored is not documented |
    /// | 500324 | an order must exist before it can expire |
    /// | 5003018, 5003020, 500326 | not documented for a create call |
    /// | 5003003, 5003004, 5003006, 5003007 | [access](Self::refuses_access): a second copy can come from another address, or a moment later |
    /// | any code that is not documented | nobody knows |
    ///
    /// False for success, and for the codes that refuse the request itself, or a merchant or key
    /// that is unknown: a second copy would be refused like the first.
    ///
    /// Source: `docs/wire.md`, sections 9 and 11 for the codes; the classes are inferred (section 12).
    pub const fn depends_on_history(self) -> bool {
        !matches!(
            self,
            Self::SUCCESS
                | Self::PARAMETER_MISSING
                | Self::MERCHANT_UNKNOWN
                | Self::API_KEY_UNKNOWN
                | Self::WAY_CODE_NOT_SUPPORTED
                | Self::URL_FORMAT_ERROR
                | Self::RATE_NOT_SET_UP
                | Self::CHANNEL_UNKNOWN
                | Self::AMOUNT_FORMAT_WRONG
                | Self::URL_NOT_SUPPORTED
                | Self::WAY_CODE_WRONG
        )
    }

    /// Whether the gateway lets nobody in with this merchant, key or address now: 5003003, 5003004,
    /// 5003006, 5003007. The request itself is not looked at, so every call is refused alike until
    /// somebody changes the account.
    pub const fn refuses_access(self) -> bool {
        matches!(
            self,
            Self::MERCHANT_DISABLED
                | Self::MERCHANT_NOT_AUTHENTICATED
                | Self::API_KEY_EXPIRED
                | Self::IP_ERROR
        )
    }

    /// Whether the gateway reports trouble of its own, so that the same call can succeed later: -1,
    /// 5003010, 5003013, 5003017, 500323, 500326, and 5003018 and 5003020, which do not say that
    /// there is no such order.
    ///
    /// Repeat a query freely. Repeat a create call only under the same merchant order number, and
    /// look it up first.
    pub const fn is_temporary(self) -> bool {
        matches!(
            self,
            Self::SYSTEM_ERROR
                | Self::ORDER_STATE_OR_WITHDRAWAL_FAILED
                | Self::CHANNEL_ERROR
                | Self::CREATE_DEPOSIT_FAILED
                | Self::QUERY_DEPOSIT_FAILED
                | Self::QUERY_WITHDRAWAL_FAILED
                | Self::REMOTE_CLIENT_ERROR
                | Self::BALANCE_QUERY_ERROR
        )
    }

    /// Whether a query found no order: 5003018 and 5003020. The words are "querying the order
    /// failed", so this proves nothing by itself, least of all right after the order was sent.
    pub const fn is_order_not_found(self) -> bool {
        matches!(self, Self::QUERY_DEPOSIT_FAILED | Self::QUERY_WITHDRAWAL_FAILED)
    }
}
