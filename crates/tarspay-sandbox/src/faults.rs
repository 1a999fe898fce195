//! The faults that are injected into a sandbox, and their effect on a call or a callback.

use crate::clock::SandboxClock;
use crate::error::lock;
use crate::event::{EventKind, EventLog};
use crate::fault::{Fault, FaultId, FaultKind};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tarspay_types::{MerchantOrderNo, OrderState};

pub(crate) struct Faults {
    waiting: Mutex<Waiting>,
    clock: Arc<SandboxClock>,
    events: Arc<EventLog>,
}

#[derive(Default)]
struct Waiting {
    faults: Vec<(FaultId, Fault)>,
    last: u64,
    /// All up to this number were cleared, and these.
    cleared_to: u64,
    cleared: BTreeSet<FaultId>,
}

#[derive(Debug, Default)]
pub(crate) struct CallFaults {
    pub(crate) delay: Duration,
    /// The fault that ends the call before it has an effect.
    pub(crate) before: Option<FaultKind>,
    /// The one that ends it after that.
    pub(crate) after: Option<FaultKind>,
    pub(crate) state: Option<OrderState>,
    pub(crate) truncate: Option<usize>,
    pub(crate) slow: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::struct_excessive_bools, reason = "faults come together in any way")]
pub(crate) struct CallbackFaults {
    pub(crate) wrong_signature: bool,
    pub(crate) high_s: bool,
    pub(crate) copies: u32,
    /// The injected fault that wants the copies.
    pub(crate) copies_of: Option<FaultId>,
    pub(crate) hold: bool,
    pub(crate) lost: bool,
    pub(crate) delay: Duration,
    pub(crate) forged: bool,
}

impl CallFaults {
    /// Adds the effect of a fault. Of two that end the call, the first one counts.
    pub(crate) fn add(&mut self, fault: &Fault) {
        match fault.kind {
            FaultKind::Delay { millis } => self.delay += millis,
            FaultKind::Truncate { bytes } => self.truncate = Some(bytes),
            FaultKind::SlowResponse { millis } => self.slow = Some(millis),
            FaultKind::UnknownState { state } => self.state = Some(state),
            _ if fault.is_of_callbacks() => {}
            _ if fault.after_commit => _ = self.after.get_or_insert(fault.kind.clone()),
            _ => _ = self.before.get_or_insert(fault.kind.clone()),
        }
    }
}

impl CallbackFaults {
    /// Adds the effect of a fault, which has a number if it was injected.
    pub(crate) fn add(&mut self, id: Option<FaultId>, fault: &Fault) {
        match fault.kind {
            FaultKind::WrongCallbackSignature {} => self.wrong_signature = true,
            FaultKind::HighSCallbackSignature {} => self.high_s = true,
            FaultKind::DuplicateCallback { copies } => (self.copies, self.copies_of) = (copies, id),
            FaultKind::ReorderCallbacks {} => self.hold = true,
            FaultKind::LoseCallback {} => self.lost = true,
            FaultKind::DelayCallback { millis } => self.delay = millis,
            FaultKind::ForgeCallback {} => self.forged = true,
            _ => {}
        }
    }
}

impl Faults {
    pub(crate) fn new(clock: Arc<SandboxClock>, events: Arc<EventLog>) -> Self {
        Self { waiting: Mutex::default(), clock, events }
    }

    pub(crate) fn add(&self, fault: Fault) -> FaultId {
        let mut waiting = lock(&self.waiting);
        waiting.last += 1;
        let id = FaultId(waiting.last);
        waiting.faults.push((id, fault));
        id
    }

    pub(crate) fn remove(&self, id: FaultId) -> bool {
        let mut waiting = lock(&self.waiting);
        let before = waiting.faults.len();
        waiting.faults.retain(|(known, _)| *known != id);
        let is_known = waiting.faults.len() < before;
        if is_known {
            waiting.cleared.insert(id);
        }
        is_known
    }

    pub(crate) fn clear(&self) {
        let mut waiting = lock(&self.waiting);
        waiting.faults.clear();
        waiting.cleared.clear();
        waiting.cleared_to = waiting.last;
    }

    /// Whether it was taken away, also while it was having its effect.
    pub(crate) fn is_cleared(&self, id: FaultId) -> bool {
        let waiting = lock(&self.waiting);
        id.0 <= waiting.cleared_to || waiting.cleared.contains(&id)
    }

    pub(crate) fn all(&self) -> Vec<(FaultId, Fault)> {
        lock(&self.waiting).faults.clone()
    }

    /// What applies to a call; it counts as applied.
    pub(crate) fn of_call(&self, path: &str, order: Option<&MerchantOrderNo>) -> CallFaults {
        let mut faults = CallFaults::default();
        let what = || format!("a call at {}", path.escape_debug());
        self.apply(Some(path), order.map(MerchantOrderNo::as_str), what, |_, fault| faults.add(fault));
        faults
    }

    /// What applies to an attempt at a callback; it counts as applied.
    pub(crate) fn of_callback(&self, order: &str) -> CallbackFaults {
        let mut faults = CallbackFaults::default();
        let what = || format!("a callback about the order {}", order.escape_debug());
        self.apply(None, Some(order), what, |id, fault| faults.add(Some(id), fault));
        faults
    }

    /// Of a call if there is a path, of a callback otherwise.
    fn apply(
        &self,
        path: Option<&str>,
        order: Option<&str>,
        what: impl Fn() -> String,
        mut effect: impl FnMut(FaultId, &Fault),
    ) {
        let mut waiting = lock(&self.waiting);
        for (id, fault) in &mut waiting.faults {
            if fault.is_of_callbacks() == path.is_none() && fault.applies(path, order) {
                effect(*id, fault);
                let what = format!("{fault}: {}", what());
                self.events.push(self.clock.now(), EventKind::FaultApplied { fault: *id, what });
            }
        }
        waiting.faults.retain(|(_, fault)| !fault.is_used_up());
    }
}
