//! The event log: what happened in a sandbox, in order, for people and for tests. It holds no secret and no personal data.

use crate::callback::CallbackId;
use crate::clock::{as_millis, system_time};
use crate::error::lock;
use crate::fault::FaultId;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::SystemTime;
use tarspay_types::{ErrorCode, MerchantNo, MerchantOrderNo, OrderState, PayOrderId};
use tokio::sync::broadcast;

/// The most events that are kept; older ones are forgotten.
const KEPT: usize = 10_000;

/// How far a tail may fall behind before it misses events.
const TAIL: usize = 1024;

/// Something that happened in a sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// Counts up from 1.
    pub number: u64,
    /// The time on the sandbox's clock.
    #[serde(serialize_with = "as_millis")]
    pub at: SystemTime,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A call was handled.
    #[non_exhaustive]
    Called {
        /// The path, cut when it is long.
        path: String,
        /// The merchant whose key it came with, if the key is known.
        merchant_no: Option<MerchantNo>,
        /// The merchant's number of the order in its body, if there is one.
        merchant_order_no: Option<MerchantOrderNo>,
        /// The code of the response.
        code: ErrorCode,
        /// The text of the response.
        message: String,
        /// Why its signature was refused, as far as it is known; `None` if it was not, or
        /// [`Builder::explain`](crate::Builder::explain) is off.
        explanation: Option<SignatureExplanation>,
        /// What the gateway may refuse about it though the sandbox does not, such as its `Content-Type`.
        warning: Option<String>,
    },
    /// An order came to a state, or another part of it was paid: 9 after 9.
    #[non_exhaustive]
    StateChanged {
        /// The gateway's number of the order.
        pay_order_id: PayOrderId,
        /// The state before; `None` for a new order.
        from: Option<OrderState>,
        /// The state now.
        to: OrderState,
    },
    /// A request was accepted that breaks a published limit or looks unusual.
    #[non_exhaustive]
    Warned {
        /// The gateway's number of the order.
        pay_order_id: PayOrderId,
        /// The rule and where it stands.
        message: String,
    },
    /// A callback was sent to its receiver, or could not be.
    #[non_exhaustive]
    CallbackAttempted {
        /// The callback.
        callback: CallbackId,
        /// The gateway's number of the order.
        pay_order_id: PayOrderId,
        /// Whether the receiver responded with HTTP 200 and `OK`.
        delivered: bool,
        /// The outcome in words.
        outcome: String,
    },
    /// All attempts at a callback failed, or it cannot be delivered at all. It is sent again only on demand.
    #[non_exhaustive]
    CallbackGivenUp {
        /// The callback.
        callback: CallbackId,
        /// The gateway's number of the order.
        pay_order_id: PayOrderId,
        /// Why.
        reason: String,
    },
    /// An injected fault applied.
    #[non_exhaustive]
    FaultApplied {
        /// The fault.
        fault: FaultId,
        /// What it did, and to what.
        what: String,
    },
    /// A scenario has taken a new order.
    #[non_exhaustive]
    ScenarioTook {
        /// The gateway's number of the order.
        pay_order_id: PayOrderId,
        /// The name of the scenario.
        scenario: String,
    },
    /// A step of a scenario was not possible when its time came.
    #[non_exhaustive]
    ScenarioSkipped {
        /// The gateway's number of the order.
        pay_order_id: PayOrderId,
        /// The name of the scenario.
        scenario: String,
        /// What was to be done, and when, as in `pay after 3m`.
        step: String,
        /// Why it could not be.
        reason: String,
    },
    /// A fault of a scenario applied.
    #[non_exhaustive]
    ScenarioFaultApplied {
        /// The gateway's number of the order.
        pay_order_id: PayOrderId,
        /// The name of the scenario.
        scenario: String,
        /// What it did.
        what: String,
    },
    /// A forged callback was sent beside a true one, as a fault wants it.
    #[non_exhaustive]
    ForgerySent {
        /// The true callback.
        callback: CallbackId,
        /// The gateway's number of the order.
        pay_order_id: PayOrderId,
        /// Whether the receiver responded with HTTP 200 and `OK`: then it does not verify signatures.
        believed: bool,
        /// The outcome in words.
        outcome: String,
    },
    /// The sandbox was put back to its initial state.
    Reset,
    /// An internal failure, such as a file that cannot be written.
    #[non_exhaustive]
    Failed {
        /// What, and why.
        message: String,
    },
}

/// What is behind a signature that was refused. It holds names of members and public keys, but no value of the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SignatureExplanation {
    /// The value of the header `X-Sandbox-Explain`: the stable names of the mistakes, joined by `+`, as
    /// `hashed_once+members_unsorted`; `unexplained` first if no mistake gives the signature; `busy` if it was not looked
    /// into. After the mistakes comes the key that signed, if it is a known one but not the claimed one, as
    /// `key-of-merchant-M1688443086` or `system-key`.
    pub names: String,
    /// The same in words, with what to do; several lines.
    pub details: String,
}

pub(crate) struct EventLog {
    kept: Mutex<Kept>,
    tails: broadcast::Sender<Event>,
}

struct Kept {
    events: VecDeque<Event>,
    next: u64,
}

impl EventLog {
    pub(crate) fn new() -> Self {
        let (tails, _) = broadcast::channel(TAIL);
        Self { kept: Mutex::new(Kept { events: VecDeque::new(), next: 1 }), tails }
    }

    /// Adds an event, and gives its number.
    pub(crate) fn push(&self, now: u64, kind: EventKind) -> u64 {
        // Sent under the lock, so that every tail sees the order of the log.
        let mut kept = lock(&self.kept);
        let number = kept.next;
        let event = Event { number, at: system_time(now), kind };
        kept.next += 1;
        if kept.events.len() == KEPT {
            kept.events.pop_front();
        }
        if self.tails.receiver_count() > 0 {
            // An error means that no tail is left.
            let _ = self.tails.send(event.clone());
        }
        kept.events.push_back(event);
        number
    }

    /// Forgets them; their numbers go on.
    pub(crate) fn clear(&self) {
        lock(&self.kept).events.clear();
    }

    pub(crate) fn after(&self, number: u64) -> Vec<Event> {
        lock(&self.kept).events.iter().filter(|event| event.number > number).cloned().collect()
    }

    /// The latest of those before this number, the latest first.
    pub(crate) fn before(&self, number: u64, at_most: usize) -> Vec<Event> {
        let kept = lock(&self.kept);
        kept.events.iter().rev().filter(|event| event.number < number).take(at_most).cloned().collect()
    }

    pub(crate) fn tail(&self) -> EventTail {
        EventTail(self.tails.subscribe())
    }
}

/// Events as they happen, from the moment it was made.
#[derive(Debug)]
pub struct EventTail(broadcast::Receiver<Event>);

impl EventTail {
    /// The next event; waits for it. `None` when the sandbox is gone.
    ///
    /// A tail that is not read for long skips to the oldest of the last 1,024 events; the gap shows in
    /// [`Event::number`].
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
