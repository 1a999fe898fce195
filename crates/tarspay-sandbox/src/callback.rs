//! Callbacks as the owner of a sandbox sees them: what is owed to a merchant, and what came of each attempt.

use std::fmt;
use std::time::SystemTime;
use tarspay_sign::Signature;
use tarspay_types::{NotifyUrl, OrderState, PayOrderId};

/// The number of a callback in its sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// A callback of a sandbox to a merchant. `Debug` shows the length of its body alone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutgoingCallback {
    /// Its number.
    pub id: CallbackId,
    /// The order that it is about.
    pub pay_order_id: PayOrderId,
    /// The state that it tells.
    pub state: OrderState,
    /// Where it goes.
    pub url: NotifyUrl,
    /// The body, which is also the text under the signature. It holds order numbers, amounts and the reason of a
    /// failure.
    pub body: String,
    /// What has become of it.
    pub status: CallbackStatus,
    /// Why it was parked or cannot be delivered.
    pub reason: Option<String>,
    /// When it came to be owed.
    pub created_at: SystemTime,
    /// When the next attempt is due, while it is owed.
    pub next_at: Option<SystemTime>,
    /// What was tried, the first attempt first. One that a fault repeated at once is among them.
    pub attempts: Vec<Attempt>,
}

impl fmt::Debug for OutgoingCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, pay_order_id, state, url, body, status, reason, created_at, next_at, attempts } = self;
        f.debug_struct("OutgoingCallback")
            .field("id", id)
            .field("pay_order_id", pay_order_id)
            .field("state", state)
            .field("url", url)
            .field("body_bytes", &body.len())
            .field("status", status)
            .field("reason", reason)
            .field("created_at", created_at)
            .field("next_at", next_at)
            .field("attempts", attempts)
            .finish()
    }
}

/// What has become of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallbackStatus {
    /// It is to be sent, perhaps again.
    Owed,
    /// The receiver answered HTTP 200 and `OK`.
    Delivered,
    /// All attempts failed. It is sent again on demand only.
    Parked,
    /// The sandbox does not send it there: see the reason.
    Undeliverable,
}

impl CallbackStatus {
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Owed => 0,
            Self::Delivered => 1,
            Self::Parked => 2,
            Self::Undeliverable => 3,
        }
    }

    pub(crate) fn from_code(code: i64) -> Self {
        match code {
            0 => Self::Owed,
            1 => Self::Delivered,
            2 => Self::Parked,
            _ => Self::Undeliverable,
        }
    }
}

/// One attempt to deliver a callback. `Debug` shows the length of the answer alone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// When it ended, on the sandbox's clock.
    pub at: SystemTime,
    /// The status of the receiver's answer; `None` if there was none.
    pub http_status: Option<u16>,
    /// The beginning of the receiver's answer.
    pub answer: Option<String>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The signature that was sent.
    pub signature: Signature,
}

impl Attempt {
    /// Whether the receiver took it: HTTP 200 and the bare text `OK`.
    pub fn is_delivered(&self) -> bool {
        self.http_status == Some(200) && self.answer.as_deref() == Some("OK")
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, http_status, answer, error, signature } = self;
        f.debug_struct("Attempt")
            .field("at", at)
            .field("http_status", http_status)
            .field("answer_bytes", &answer.as_ref().map(String::len))
            .field("error", error)
            .field("signature", signature)
            .finish()
    }
}
