//! Callbacks as the operator of a sandbox sees them, with the outcome of each attempt.

use crate::clock::{as_millis, unix_millis};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use std::fmt;
use std::time::SystemTime;
use tarspay_sign::Signature;
use tarspay_types::{NotifyUrl, OrderState, PayOrderId};

/// The number of a callback in its sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CallbackId(pub(crate) i64);

impl CallbackId {
    /// The callback with this number, which may not exist.
    pub fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number: 1 for the first callback of a sandbox.
    pub fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for CallbackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A callback of a sandbox to a merchant. `Debug` shows only the length of its body.
#[derive(Clone, PartialEq, Eq, Serialize)]
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
    pub body: String,
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

impl fmt::Debug for OutgoingCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingCallback")
            .field("id", &self.id)
            .field("pay_order_id", &self.pay_order_id)
            .field("state", &self.state)
            .field("url", &self.url)
            .field("body_bytes", &self.body.len())
            .field("status", &self.status)
            .field("reason", &self.reason)
            .field("created_at", &self.created_at)
            .field("next_at", &self.next_at)
            .field("attempt_count", &self.attempt_count)
            .field("attempts", &self.attempts)
            .finish()
    }
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

/// One attempt to deliver a callback. `Debug` shows only the length of the response.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// When it ended, on the sandbox's clock.
    pub at: SystemTime,
    /// The status of the receiver's response; `None` if there was none.
    pub http_status: Option<u16>,
    /// The beginning of the receiver's response.
    pub response: Option<String>,
    /// Why there was no response.
    pub error: Option<String>,
    /// The signature that was sent.
    pub signature: Signature,
}

impl Attempt {
    /// Whether the receiver took it: HTTP 200 and the bare text `OK`.
    pub fn is_delivered(&self) -> bool {
        self.http_status == Some(200) && self.response.as_deref() == Some("OK")
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

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, http_status, response, error, signature } = self;
        f.debug_struct("Attempt")
            .field("at", at)
            .field("http_status", http_status)
            .field("response_bytes", &response.as_ref().map(String::len))
            .field("error", error)
            .field("signature", signature)
            .finish()
    }
}

/// Which callbacks are meant: those that match every member that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackFilter {
    /// Only those about this order.
    pub order: Option<PayOrderId>,
    /// Only those after this one: the last of the page before.
    pub after: Option<CallbackId>,
    /// The most that are listed. Default: 100.
    pub limit: u32,
}

impl CallbackFilter {
    /// The first 100 callbacks.
    pub fn new() -> Self {
        Self { order: None, after: None, limit: 100 }
    }
}

impl Default for CallbackFilter {
    fn default() -> Self {
        Self::new()
    }
}
