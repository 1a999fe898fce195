//! Callbacks as the operator of a sandbox sees them, with the outcome of each attempt.

use crate::clock::{as_millis, unix_millis};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use std::str::FromStr;
use std::time::SystemTime;
use tarspay_sign::Signature;
use tarspay_types::{NotifyUrl, OrderState, PayOrderId, PrivateText};

number! {
    /// The number of a callback in its sandbox.
    CallbackId(i64)
}

/// A callback of a sandbox to a merchant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OutgoingCallback {
    /// Its number.
    pub id: CallbackId,
    /// The order that it is about.
    pub pay_order_id: PayOrderId,
    /// The state that it reports.
    pub state: OrderState,
    /// Where it goes.
    pub url: NotifyUrl,
    /// The body, which is also the text under the signature. It holds order numbers, amounts and the reason of a
    /// failure.
    pub body: PrivateText,
    /// Its status.
    pub status: CallbackStatus,
    /// Why it was parked or cannot be delivered.
    pub reason: Option<String>,
    /// When it became due for the first time.
    #[serde(serialize_with = "as_millis")]
    pub created_at: SystemTime,
    /// When the next attempt is due, while there is one.
    #[serde(serialize_with = "as_millis")]
    pub next_at: Option<SystemTime>,
    /// How many attempts there were, with those that a fault repeated.
    pub attempt_count: u64,
    /// The latest 20 attempts, the oldest first. [`Sandbox::attempts`](crate::Sandbox::attempts) has all.
    pub attempts: Vec<Attempt>,
}

/// The status of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallbackStatus {
    /// It is to be sent, perhaps again.
    Due,
    /// The receiver responded with HTTP 200 and `OK`.
    Delivered,
    /// All attempts failed. It is sent again only on demand.
    Parked,
    /// The sandbox does not send to this address: see the reason.
    Undeliverable,
}

/// The names of the control API and of the pages.
impl FromStr for CallbackStatus {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "due" => Ok(Self::Due),
            "delivered" => Ok(Self::Delivered),
            "parked" => Ok(Self::Parked),
            "undeliverable" => Ok(Self::Undeliverable),
            _ => Err("it must be due, delivered, parked or undeliverable"),
        }
    }
}

impl CallbackStatus {
    /// Of the number in the store, which is that of the variant.
    pub(crate) fn from_code(code: i64) -> Self {
        match code {
            0 => Self::Due,
            1 => Self::Delivered,
            2 => Self::Parked,
            _ => Self::Undeliverable,
        }
    }
}

/// One attempt to deliver a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// When it ended, on the sandbox's clock.
    pub at: SystemTime,
    /// The status of the receiver's response; `None` if there was none.
    pub http_status: Option<u16>,
    /// The beginning of the receiver's response.
    pub response: Option<PrivateText>,
    /// Why there was no response.
    pub error: Option<String>,
    /// The signature that was sent.
    pub signature: Signature,
}

impl Attempt {
    /// Whether the receiver took it: HTTP 200 and the bare text `OK`.
    pub fn is_delivered(&self) -> bool {
        self.http_status == Some(200) && self.response.as_ref().is_some_and(|text| text.as_str() == "OK")
    }
}

/// The members, and whether it is delivered.
impl Serialize for Attempt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut view = serializer.serialize_struct("Attempt", 6)?;
        view.serialize_field("at", &unix_millis(self.at))?;
        view.serialize_field("http_status", &self.http_status)?;
        view.serialize_field("response", &self.response)?;
        view.serialize_field("error", &self.error)?;
        view.serialize_field("signature", &self.signature.to_string())?;
        view.serialize_field("is_delivered", &self.is_delivered())?;
        view.end()
    }
}

/// A callback that was sent to try a receiver, about an order that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TestCallback {
    /// Where it went.
    pub url: NotifyUrl,
    /// Its body, which is also the text under the signature.
    pub body: PrivateText,
    /// What came of it.
    pub attempt: Attempt,
}

/// Which callbacks are meant: those that match every member that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackFilter {
    /// Only those about this order.
    pub order: Option<PayOrderId>,
    /// Only those of this status.
    pub status: Option<CallbackStatus>,
    /// Only those that have this text in the gateway's or the merchant's number of their order.
    pub text: Option<String>,
    /// Only those after this one: the last of the page before.
    pub after: Option<CallbackId>,
    /// The most that are listed. Default: 100.
    pub limit: u32,
}

impl Default for CallbackFilter {
    fn default() -> Self {
        Self { order: None, status: None, text: None, after: None, limit: 100 }
    }
}
