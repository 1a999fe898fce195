//! The sandbox's clock: it follows a base clock, and can be advanced and frozen.

use crate::error::lock;
use serde::{Serialize, Serializer};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tarspay_sign::Clock;

pub(crate) struct SandboxClock {
    base: Box<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    /// How far ahead of the base, in milliseconds.
    ahead: u64,
    /// The time at which the clock stands, if it does.
    frozen: Option<u64>,
    /// The latest time that was shown: a base that goes back does not take this clock with it.
    latest: u64,
}

impl SandboxClock {
    /// A clock that is never earlier than `earliest`.
    pub(crate) fn new(base: Box<dyn Clock>, earliest: u64) -> Self {
        let ahead = earliest.saturating_sub(base.unix_millis());
        Self { base, state: Mutex::new(State { ahead, frozen: None, latest: 0 }) }
    }

    /// The time of the sandbox, in Unix milliseconds.
    pub(crate) fn now(&self) -> u64 {
        let mut state = lock(&self.state);
        self.read(&mut state)
    }

    /// The clock it was given, untouched by `advance` and `freeze`: callers cannot follow those with their nonces.
    pub(crate) fn base_now(&self) -> u64 {
        self.base.unix_millis()
    }

    pub(crate) fn advance(&self, by: Duration) {
        let by = millis(by);
        let mut state = lock(&self.state);
        match &mut state.frozen {
            Some(at) => *at = later(*at, by),
            None => state.ahead = later(state.ahead, by),
        }
    }

    pub(crate) fn freeze(&self) {
        let mut state = lock(&self.state);
        let now = self.read(&mut state);
        state.frozen = Some(now);
    }

    pub(crate) fn resume(&self) {
        let mut state = lock(&self.state);
        if let Some(at) = state.frozen.take() {
            state.ahead = at.saturating_sub(self.base.unix_millis());
        }
    }

    /// Follows the base again, as by default.
    pub(crate) fn reset(&self) {
        *lock(&self.state) = State { ahead: 0, frozen: None, latest: 0 };
    }

    pub(crate) fn is_frozen(&self) -> bool {
        lock(&self.state).frozen.is_some()
    }

    fn read(&self, state: &mut State) -> u64 {
        let now = state.frozen.unwrap_or_else(|| later(self.base.unix_millis(), state.ahead));
        state.latest = state.latest.max(now);
        state.latest
    }
}

/// The last millisecond that a database integer and a `SystemTime` can both hold without care.
const LATEST: u64 = i64::MAX as u64 / 1000;

/// Later by some milliseconds, up to a limit far beyond all calendars.
pub(crate) fn later(time: u64, by: u64) -> u64 {
    time.saturating_add(by).min(LATEST)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Serialises a time, or one that may be missing, as Unix milliseconds.
pub(crate) fn as_millis<T: Copy + Into<Option<SystemTime>>, S: Serializer>(
    time: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    (*time).into().map(unix_millis).serialize(serializer)
}

pub(crate) fn unix_millis(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, millis)
}

pub(crate) fn system_time(unix_millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(unix_millis.min(LATEST))
}
