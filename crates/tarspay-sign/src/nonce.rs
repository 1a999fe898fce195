//! The nonce: the time of a request in Unix milliseconds, strictly increasing for one key.

use crate::{Error, ErrorKind};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The value of `X-API-NONCE`: Unix time in milliseconds, 13 decimal digits today.
///
/// Source: `docs/wire.md`, section 3. The gateway's window for old nonces and its rule for a nonce used twice are not
/// documented; [`NonceSource`] is safe under the strictest: current time, strictly increasing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce(u64);

impl Nonce {
    /// A nonce from Unix milliseconds.
    pub fn from_unix_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The nonce as Unix milliseconds.
    pub fn unix_millis(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Nonce {
    type Err = Error;

    /// Reads decimal digits without sign, blanks or leading zeros, so that the text in the header and the text under
    /// the signature are one.
    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || {
            Error::new(
                ErrorKind::InvalidNonce,
                "a nonce is Unix time in milliseconds: decimal digits, no sign, no blanks, no leading zero",
            )
        };
        let canonical =
            text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        if !canonical {
            return Err(invalid());
        }
        text.parse().map(Self).map_err(|source| invalid().with_source(source))
    }
}

impl TryFrom<&str> for Nonce {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

/// Where the time comes from. [`SystemClock`] outside tests.
pub trait Clock: Send + Sync {
    /// The time now, in Unix milliseconds.
    fn unix_millis(&self) -> u64;
}

/// The clock of the operating system. A time before 1970 reads as 0.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "a unit struct that callers name as a value")]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_millis(&self) -> u64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }
}

impl<F: Fn() -> u64 + Send + Sync> Clock for F {
    fn unix_millis(&self) -> u64 {
        self()
    }
}

/// The latest time that is taken from a clock: the last one of 13 digits, in the year 2286. A clock beyond it is
/// broken, and capping it leaves room above for every nonce that will ever be asked for.
const LATEST_MILLIS: u64 = 9_999_999_999_999;

/// Hands out nonces that strictly increase, across threads and under a clock that stands still or steps back.
///
/// Each nonce is the time of the clock, or one more than the nonce before if the clock has not advanced. Share one
/// source among all users of a key; two processes that sign with one key each need a key of their own if the gateway
/// should turn out to demand increasing nonces.
///
/// ```
/// use tarspay_sign::NonceSource;
///
/// let stopped_clock = || 1_704_180_814_988;
/// let nonces = NonceSource::with_clock(stopped_clock);
/// assert_eq!(nonces.next_nonce().to_string(), "1704180814988");
/// assert_eq!(nonces.next_nonce().to_string(), "1704180814989");
/// ```
pub struct NonceSource {
    clock: Box<dyn Clock>,
    /// The lowest nonce that may still be handed out.
    floor: AtomicU64,
}

impl NonceSource {
    /// A source on the [`SystemClock`].
    pub fn new() -> Self {
        Self::with_clock(SystemClock)
    }

    /// A source on a clock of your own.
    pub fn with_clock(clock: impl Clock + 'static) -> Self {
        Self { clock: Box::new(clock), floor: AtomicU64::new(0) }
    }

    /// The next nonce, greater than every one before it.
    pub fn next_nonce(&self) -> Nonce {
        let now = self.clock.unix_millis().min(LATEST_MILLIS);
        // Relaxed is enough: only the order of changes to this one atomic matters.
        let mut floor = self.floor.load(Ordering::Relaxed);
        loop {
            let nonce = now.max(floor);
            match self.floor.compare_exchange_weak(floor, nonce + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Nonce(nonce),
                Err(current) => floor = current,
            }
        }
    }
}

impl Default for NonceSource {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for NonceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceSource").field("floor", &self.floor).finish_non_exhaustive()
    }
}
