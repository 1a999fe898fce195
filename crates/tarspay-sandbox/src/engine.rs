//! Everything a running sandbox is made of, shared by its server, its timekeeper and its handle.

use crate::clock::Hand;
use crate::event::EventLog;
use crate::explain::Explainer;
use crate::faults::Faults;
use crate::keys::Keys;
use crate::settings::Settings;
use crate::store::Store;
use crate::timekeeper::Message;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tarspay_sign::PrivateKey;
use tokio::sync::mpsc::UnboundedSender;

pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) hand: Arc<Hand>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) explainer: Explainer,
    pub(crate) faults: Faults,
    /// Whether a scenario was ever played, whose faults may strike a call.
    pub(crate) has_plans: AtomicBool,
    pub(crate) events: Arc<EventLog>,
    pub(crate) timekeeper: UnboundedSender<Message>,
    pub(crate) system_key: PrivateKey,
    /// `http://127.0.0.1:PORT`.
    pub(crate) base_url: String,
}
