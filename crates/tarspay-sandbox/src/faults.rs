//! The faults that wait in a sandbox, and which of them strike a call or a callback.

use crate::clock::Hand;
use crate::event::{EventKind, EventLog};
use crate::fault::{Fault, FaultId, Kind, Phase};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tarspay_types::{ErrorCode, MerchantOrderNo, OrderState};

pub(crate) struct Faults {
    waiting: Mutex<Waiting>,
    hand: Arc<Hand>,
    events: Arc<EventLog>,
}

#[derive(Default)]
struct Waiting {
    faults: Vec<(FaultId, Fault)>,
    last: u64,
}

/// What happens to one call.
#[derive(Debug, Default)]
pub(crate) struct CallFaults {
    pub(crate) delay: Duration,
    /// The end of the call before it has an effect.
    pub(crate) before: Option<End>,
    /// The end of the call after it has had its effect.
    pub(crate) after: Option<End>,
    pub(crate) state: Option<OrderState>,
    pub(crate) truncate: Option<usize>,
    pub(crate) slow: Option<Duration>,
}

/// An end of a call that is not its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Drop,
    Status(u16),
    Refuse(ErrorCode),
}

/// What happens to one sending of a callback.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "faults come together in any way")]
pub(crate) struct CallbackFaults {
    pub(crate) wrong_signature: bool,
    pub(crate) high_s: bool,
    pub(crate) duplicates: u32,
    pub(crate) hold: bool,
    pub(crate) lost: bool,
    pub(crate) delay: Duration,
    pub(crate) forged: bool,
}

impl CallFaults {
    pub(crate) fn add(&mut self, kind: &Kind, phase: Phase) {
        let end = match kind {
            Kind::Delay(duration) => return self.delay += *duration,
            Kind::Truncate(bytes) => return self.truncate = Some(*bytes),
            Kind::Slow(duration) => return self.slow = Some(*duration),
            Kind::UnknownState(state) => return self.state = Some(*state),
            Kind::Drop => End::Drop,
            Kind::Status(status) => End::Status(*status),
            Kind::Refuse(code) => End::Refuse(*code),
            Kind::WrongSignature
            | Kind::HighS
            | Kind::Duplicate(_)
            | Kind::Reorder
            | Kind::LoseCallback
            | Kind::DelayCallback(_)
            | Kind::Forge => return,
        };
        // The first that was asked for counts.
        match phase {
            Phase::Before => self.before = self.before.or(Some(end)),
            Phase::After => self.after = self.after.or(Some(end)),
        }
    }
}

impl CallbackFaults {
    pub(crate) fn add(&mut self, kind: &Kind) {
        match kind {
            Kind::WrongSignature => self.wrong_signature = true,
            Kind::HighS => self.high_s = true,
            Kind::Duplicate(times) => self.duplicates = *times,
            Kind::Reorder => self.hold = true,
            Kind::LoseCallback => self.lost = true,
            Kind::DelayCallback(duration) => self.delay = *duration,
            Kind::Forge => self.forged = true,
            _ => {}
        }
    }
}

impl Faults {
    pub(crate) fn new(hand: Arc<Hand>, events: Arc<EventLog>) -> Self {
        Self { waiting: Mutex::default(), hand, events }
    }

    pub(crate) fn add(&self, fault: Fault) -> FaultId {
        let mut waiting = self.waiting();
        waiting.last += 1;
        let id = FaultId(waiting.last);
        waiting.faults.push((id, fault));
        id
    }

    pub(crate) fn remove(&self, id: FaultId) -> bool {
        let mut waiting = self.waiting();
        let before = waiting.faults.len();
        waiting.faults.retain(|(known, _)| *known != id);
        waiting.faults.len() < before
    }

    pub(crate) fn clear(&self) {
        self.waiting().faults.clear();
    }

    pub(crate) fn all(&self) -> Vec<(FaultId, Fault)> {
        self.waiting().faults.clone()
    }

    pub(crate) fn of_call(&self, path: &str, order: Option<&MerchantOrderNo>) -> CallFaults {
        let mut faults = CallFaults::default();
        let order = order.map(MerchantOrderNo::as_str);
        self.strike(
            false,
            Some(path),
            order,
            || format!("a call at {}", path.escape_debug()),
            |kind, phase| faults.add(kind, phase),
        );
        faults
    }

    pub(crate) fn of_callback(&self, order: &str) -> CallbackFaults {
        let mut faults = CallbackFaults::default();
        let what = || format!("a callback about the order {}", order.escape_debug());
        self.strike(true, None, Some(order), what, |kind, _| faults.add(kind));
        faults
    }

    fn strike(
        &self,
        callbacks: bool,
        path: Option<&str>,
        order: Option<&str>,
        what: impl Fn() -> String,
        mut effect: impl FnMut(&Kind, Phase),
    ) {
        let mut waiting = self.waiting();
        for (id, fault) in &mut waiting.faults {
            if fault.is_of_callbacks() == callbacks && fault.strikes(path, order) {
                effect(&fault.kind, fault.phase);
                let what = format!("{fault}: {}", what());
                self.events.push(self.hand.now(), EventKind::FaultStruck { fault: *id, what });
            }
        }
        waiting.faults.retain(|(_, fault)| !fault.is_used_up());
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Every change under the lock is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
