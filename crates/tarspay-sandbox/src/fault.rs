//! Faults as the owner of a sandbox asks for them: what goes wrong, and with which calls or callbacks.

use crate::random::SplitMix64;
use std::fmt;
use std::time::Duration;
use tarspay_types::{ErrorCode, MerchantOrderNo, OrderState};

/// The number of a fault in its sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(pub(crate) u64);

impl FaultId {
    /// The fault with this number, which may not exist.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number: 1 for the first fault of a sandbox.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Something that goes wrong on demand.
///
/// As made it strikes once, at the next call or callback that it can strike; the settings choose others. Durations of
/// calls are in real time, whatever the sandbox's clock shows: they are there to try the timeouts of clients.
///
/// ```
/// use std::time::Duration;
/// use tarspay_sandbox::Fault;
///
/// // The next three deposits are written, and the connection is cut before the answer.
/// let lost = Fault::drop_connection().after_commit().on_path("/api/pay/unifiedOrder").times(3);
///
/// // Every fifth call or so is slow; the same ones in every run.
/// let slow = Fault::slow_answer(Duration::from_millis(50)).with_chance(20, 4711);
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    pub(crate) kind: Kind,
    pub(crate) phase: Phase,
    pub(crate) path: Option<String>,
    pub(crate) order: Option<MerchantOrderNo>,
    /// How often it strikes yet; `None`: for ever.
    pub(crate) left: Option<u32>,
    chance: Option<(u8, SplitMix64)>,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Delay(Duration),
    Drop,
    Status(u16),
    Refuse(ErrorCode),
    Truncate(usize),
    Slow(Duration),
    UnknownState(OrderState),
    WrongSignature,
    HighS,
    Duplicate(u32),
    Reorder,
    LoseCallback,
    DelayCallback(Duration),
    Forge,
}

impl Kind {
    fn is_of_callbacks(&self) -> bool {
        match self {
            Self::Delay(_)
            | Self::Drop
            | Self::Status(_)
            | Self::Refuse(_)
            | Self::Truncate(_)
            | Self::Slow(_)
            | Self::UnknownState(_) => false,
            Self::WrongSignature
            | Self::HighS
            | Self::Duplicate(_)
            | Self::Reorder
            | Self::LoseCallback
            | Self::DelayCallback(_)
            | Self::Forge => true,
        }
    }
}

/// On which side of the commit a call is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Before,
    After,
}

impl Fault {
    fn new(kind: Kind, phase: Phase) -> Self {
        Self { kind, phase, path: None, order: None, left: Some(1), chance: None }
    }

    /// The call waits this long before it is handled.
    pub fn delay(duration: Duration) -> Self {
        Self::new(Kind::Delay(duration), Phase::Before)
    }

    /// The connection is closed without a byte of an answer; before the call has any effect, unless it is put
    /// [after the commit](Fault::after_commit).
    pub fn drop_connection() -> Self {
        Self::new(Kind::Drop, Phase::Before)
    }

    /// HTTP answers with this status, and no JSON; before the call has any effect, unless it is put
    /// [after the commit](Fault::after_commit). A number that is no status is answered as 500.
    pub fn http_status(status: u16) -> Self {
        Self::new(Kind::Status(status), Phase::Before)
    }

    /// The call is refused with this code; before it has any effect, unless it is put
    /// [after the commit](Fault::after_commit).
    pub fn refuse(code: ErrorCode) -> Self {
        Self::new(Kind::Refuse(code), Phase::Before)
    }

    /// Of the answer's body only so many bytes are sent, then the connection is closed.
    pub fn truncate(bytes: usize) -> Self {
        Self::new(Kind::Truncate(bytes), Phase::After)
    }

    /// The head and the first byte of the answer are sent at once, the rest after this time.
    pub fn slow_answer(duration: Duration) -> Self {
        Self::new(Kind::Slow(duration), Phase::After)
    }

    /// The answer tells this state instead of the order's own; the order itself is not changed.
    pub fn unknown_state(state: OrderState) -> Self {
        Self::new(Kind::UnknownState(state), Phase::After)
    }

    /// A callback is sent with a signature of another text.
    pub fn wrong_callback_signature() -> Self {
        Self::new(Kind::WrongSignature, Phase::Before)
    }

    /// A callback is sent with a high `s` in its signature, as the real gateway does in many of its own. The signature
    /// is valid.
    pub fn high_s_callback_signature() -> Self {
        Self::new(Kind::HighS, Phase::Before)
    }

    /// A callback is sent so many times more at once, whatever the receiver answers.
    pub fn duplicate_callback(times: u32) -> Self {
        Self::new(Kind::Duplicate(times), Phase::Before)
    }

    /// A callback is held back until another one has been sent. If there is no other, waiting for deliveries with
    /// [`Sandbox::settle`](crate::Sandbox::settle) lets it go.
    pub fn reorder_callbacks() -> Self {
        Self::new(Kind::Reorder, Phase::Before)
    }

    /// An attempt at a callback is lost on the way: the receiver sees nothing of it, and the sandbox tries again later.
    pub fn lose_callback() -> Self {
        Self::new(Kind::LoseCallback, Phase::Before)
    }

    /// A callback is sent so much later, on the sandbox's [clock](crate::Sandbox::clock).
    pub fn delay_callback(duration: Duration) -> Self {
        Self::new(Kind::DelayCallback(duration), Phase::Before)
    }

    /// Before a callback comes a forged one about the same order, which tells that all was paid. It is signed, but not by
    /// this sandbox. [`EventKind::ForgerySent`](crate::EventKind::ForgerySent) tells whether the receiver believed it.
    pub fn forge_callback() -> Self {
        Self::new(Kind::Forge, Phase::Before)
    }

    /// Strikes after the call has had its effect: an order exists, and the merchant is not told so.
    #[must_use]
    pub fn after_commit(mut self) -> Self {
        self.phase = Phase::After;
        self
    }

    /// Strikes only calls at this path. Callbacks have none.
    #[must_use]
    pub fn on_path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Strikes only calls that name this order in their body, or callbacks about it.
    #[must_use]
    pub fn on_order(mut self, number: MerchantOrderNo) -> Self {
        self.order = Some(number);
        self
    }

    /// Strikes so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.left = Some(times);
        self
    }

    /// Strikes for ever.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.left = None;
        self
    }

    /// Strikes in so many of 100 cases, for ever unless [`times`](Fault::times) follows. The same seed strikes the same
    /// cases.
    #[must_use]
    pub fn with_chance(mut self, percent: u8, seed: u64) -> Self {
        self.chance = Some((percent, SplitMix64::new(seed)));
        self.always()
    }

    pub(crate) fn is_of_callbacks(&self) -> bool {
        self.kind.is_of_callbacks()
    }

    /// Whether it strikes this time.
    pub(crate) fn strikes(&mut self, path: Option<&str>, order: Option<&str>) -> bool {
        let fits = self.left != Some(0)
            && (self.path.is_none() || self.path.as_deref() == path)
            && self.order.as_ref().is_none_or(|number| Some(number.as_str()) == order);
        let hit = fits
            && self.chance.as_mut().is_none_or(|(percent, random)| random.next() % 100 < u64::from(*percent));
        if let (true, Some(left)) = (hit, &mut self.left) {
            *left -= 1;
        }
        hit
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.left == Some(0)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Delay(duration) => write!(f, "delay by {duration:?}"),
            Kind::Drop => f.write_str("drop the connection"),
            Kind::Status(status) => write!(f, "answer with HTTP {status}"),
            Kind::Refuse(code) => write!(f, "refuse with {code}"),
            Kind::Truncate(bytes) => write!(f, "cut the answer after {bytes} bytes"),
            Kind::Slow(duration) => write!(f, "take {duration:?} for the answer"),
            Kind::UnknownState(state) => write!(f, "tell the state {state}"),
            Kind::WrongSignature => f.write_str("sign the callback wrongly"),
            Kind::HighS => f.write_str("sign the callback with a high s"),
            Kind::Duplicate(times) => write!(f, "send the callback {times} times more"),
            Kind::Reorder => f.write_str("hold the callback back for another"),
            Kind::LoseCallback => f.write_str("lose the callback on the way"),
            Kind::DelayCallback(duration) => write!(f, "send the callback {duration:?} later"),
            Kind::Forge => f.write_str("send a forged callback before it"),
        }?;
        let can_be_both = matches!(self.kind, Kind::Drop | Kind::Status(_) | Kind::Refuse(_));
        if can_be_both {
            f.write_str(match self.phase {
                Phase::Before => " before the commit",
                Phase::After => " after the commit",
            })?;
        }
        Ok(())
    }
}
