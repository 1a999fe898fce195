//! What a request tells its sender: its path, its response, what it does, and its body.

use std::borrow::Cow;

use serde::ser::{Error as _, Serialize, Serializer};

use crate::amount::Amount;
use crate::decode::{Decode, DecodeError, Unread, deserialize_by_decode};
use crate::error::{Error, ErrorKind};
use crate::members::Members;
use crate::private::{NotifyUrl, PrivateText, ReturnUrl};
use crate::text::{MerchantNo, MerchantOrderNo};

/// The member that the sender adds to every body.
pub(crate) const MERCHANT: &str = "mchNo";

/// A call to the gateway. Every call is a POST (`docs/wire.md`, section 1).
///
/// A request does not hold the merchant number; whoever sends it adds it, see [`body`](Request::body).
///
/// ```
/// use tarspay_types::{BalanceQuery, MerchantNo, Request};
///
/// let request = BalanceQuery::new();
/// assert_eq!(request.path(), "/api/balanceInfo");
/// let body = request.body(&MerchantNo::new("M1688443086")?)?.expect("a balance request has a body");
/// assert_eq!(body.get("mchNo"), Some(r#""M1688443086""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Request: Serialize {
    /// What the `data` of a successful response holds.
    type Response: Decode;

    /// The path of the call with its leading slash, as it is sent and signed. Some paths hold
    /// values of the request.
    fn path(&self) -> Cow<'_, str>;

    /// What the call does at the gateway, and so whether it may be repeated.
    fn effect(&self) -> Effect;

    /// The merchant's number of the one order that the call is about, for example to look the order
    /// up when a create call came to no clear end. `None` for a call about no order, or about one
    /// that is named in another way.
    fn merchant_order_no(&self) -> Option<&MerchantOrderNo> {
        None
    }

    /// Whether a response is about what was asked: the merchant and the order numbers that it names
    /// are those of the request. A response that names none passes.
    ///
    /// Connections and proxies can mix up responses, so a client asks this of every response with
    /// code 0.
    fn is_answered_by(&self, merchant_no: &MerchantNo, response: &Self::Response) -> bool {
        let _ = (merchant_no, response);
        true
    }

    /// Whether every documented member has a value that can be sent. What only some markets require
    /// is not looked at.
    ///
    /// A request that was made by its constructor passes. One that was read may hold an optional
    /// member that cannot be used, and an identifier or a word (a currency, a way code) that is
    /// longer or has more blanks than one made here.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Missing`], [`Unusable`](ErrorKind::Unusable), [`TooLong`](ErrorKind::TooLong)
    /// or [`SurroundingBlank`](ErrorKind::SurroundingBlank) for the first member that is wrong;
    /// [`Error::what`] names it.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// The members to sign and to send: the request's and, at the end, `mchNo`. `None` for a call
    /// without a body. The request is serialised once; the values keep the very text that is sent.
    ///
    /// # Errors
    ///
    /// Those of [`check`](Request::check), also for the merchant number; [`ErrorKind::NotJson`] or
    /// [`NotAnObject`](ErrorKind::NotAnObject) when the request does not serialise to a JSON object
    /// with distinct members; [`MerchantGiven`](ErrorKind::MerchantGiven) when it already has a
    /// `mchNo`.
    fn body(&self, merchant_no: &MerchantNo) -> Result<Option<Members>, Error> {
        self.check()?;
        merchant_no.check_outgoing(MERCHANT)?;
        with_merchant(merchant_no, self).map(Some)
    }
}

/// The value of a request's member, which may have been read more leniently than it may be sent.
pub(crate) trait Outgoing {
    /// Whether the value can be sent as the member `name`.
    fn check_outgoing(&self, name: &'static str) -> Result<(), Error>;
}

/// Types whose values can all be sent.
macro_rules! always_outgoing {
    ($($name:ty),*) => { $(
        impl Outgoing for $name {
            fn check_outgoing(&self, _: &'static str) -> Result<(), Error> {
                Ok(())
            }
        }
    )* };
}

always_outgoing!(Amount, NotifyUrl, ReturnUrl, PrivateText, i64);

/// What a call does at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// Looks something up. Can be repeated freely.
    Read,
    /// Creates a deposit order. Repeat only with the same merchant order number.
    CreateDeposit,
    /// Creates a withdrawal order. Repeat only with the same merchant order number.
    CreateWithdrawal,
    /// Changes something else, or nobody knows. Never repeat without looking first.
    Other,
}

impl Effect {
    /// Whether repeating the call changes nothing.
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Read)
    }

    /// Whether the call creates an order.
    pub const fn creates_order(self) -> bool {
        matches!(self, Self::CreateDeposit | Self::CreateWithdrawal)
    }
}

/// A request together with the merchant number: the complete body, for whoever receives or inspects
/// one.
///
/// Written and read as one JSON object, `mchNo` beside the request's own members.
///
/// A server that must report everything that is wrong with a request reads `WithMerchant<Members>`,
/// which requires the merchant number alone, and holds the members against a
/// [market](crate::market):
///
/// ```
/// use tarspay_types::{Decode, DepositRequest, Members, WithMerchant, market};
///
/// let json = br#"{"mchNo":"M1688443982","mchOrderNo":"D1","amount":"a lot","wayCode":"EWALLET_MPESA"}"#;
/// let error = WithMerchant::<DepositRequest>::from_slice(json).unwrap_err();
/// assert_eq!(error.path(), "currency");
///
/// let WithMerchant { merchant_no, request, .. } = WithMerchant::<Members>::from_slice(json)?;
/// assert_eq!(merchant_no.as_str(), "M1688443982");
/// assert_eq!(request.get("mchOrderNo"), Some("\"D1\""));
/// let report = market::kenya::MARKET.check_deposit(&request);
/// let wrong: Vec<_> = report.refusals().map(|violation| violation.field()).collect();
/// assert_eq!(wrong, ["currency", "notifyUrl", "customerContact", "amount"]);
/// # Ok::<(), tarspay_types::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WithMerchant<R> {
    /// Whose request it is, `mchNo`.
    pub merchant_no: MerchantNo,
    /// The request.
    pub request: R,
}

impl<R> WithMerchant<R> {
    /// Puts the two together.
    pub const fn new(merchant_no: MerchantNo, request: R) -> Self {
        Self { merchant_no, request }
    }
}

impl<R: Serialize> Serialize for WithMerchant<R> {
    /// Writes the request as it is, unchecked. Fails when it is not a JSON object with distinct
    /// members, or has a `mchNo` of its own.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        with_merchant(&self.merchant_no, &self.request).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<R: Decode> Decode for WithMerchant<R> {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        Self::read(Unread::from_json(json)?)
    }

    fn from_members(members: &Members) -> Result<Self, DecodeError> {
        Self::read(Unread::of(members))
    }
}

impl<R: Decode> WithMerchant<R> {
    fn read(mut members: Unread<'_>) -> Result<Self, DecodeError> {
        let merchant_no = members.require(&[MERCHANT])?;
        Ok(Self { merchant_no, request: R::from_members(&members.into_members())? })
    }
}

deserialize_by_decode!(WithMerchant<R>);

/// The request's members and the merchant number, in one object.
fn with_merchant(merchant_no: &MerchantNo, request: &(impl Serialize + ?Sized)) -> Result<Members, Error> {
    let mut members = members_of(request)?;
    if members.get(MERCHANT).is_some() {
        return Err(Error::new("request", ErrorKind::MerchantGiven));
    }
    members.insert(MERCHANT, merchant_no)?;
    Ok(members)
}

/// The request's own members, serialised once.
pub(crate) fn members_of(request: &(impl Serialize + ?Sized)) -> Result<Members, Error> {
    let refuse = |kind| Error::new("request", kind);
    let json = serde_json::to_string(request).map_err(|error| refuse(ErrorKind::NotJson).caused_by(error))?;
    Members::from_json(&json).map_err(|error| refuse(ErrorKind::NotAnObject).caused_by(error))
}
