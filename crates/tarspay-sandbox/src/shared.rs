//! What a running sandbox is made of, shared by its server, its timekeeper and its handle.

use crate::clock::SandboxClock;
use crate::event::{EventKind, EventLog};
use crate::faults::Faults;
use crate::gateway::explain::Explainer;
use crate::keys::Keys;
use crate::schedule::Message;
use crate::store::{Settings, Store};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tarspay_sign::PrivateKey;
use tokio::sync::mpsc::UnboundedSender;

pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) clock: Arc<SandboxClock>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) explainer: Explainer,
    pub(crate) faults: Faults,
    /// Whether a scenario was ever played, whose faults may apply to a call.
    pub(crate) has_plans: AtomicBool,
    pub(crate) events: Arc<EventLog>,
    pub(crate) timekeeper: UnboundedSender<Message>,
    pub(crate) system_key: PrivateKey,
    /// `http://127.0.0.1:PORT`.
    pub(crate) base_url: String,
}

impl Shared {
    /// Writes to the event log.
    pub(crate) fn report(&self, event: EventKind) {
        self.events.push(self.clock.now(), event);
    }
}
