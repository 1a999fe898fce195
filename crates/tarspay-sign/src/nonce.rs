//! The nonce: the time of a request in Unix milliseconds, never used twice with one key.

use crate::{Error, ErrorKind, PublicKey};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The value of `X-API-NONCE`: Unix time in milliseconds, 13 decimal digits today.
///
/// Source: `docs/wire.md`, section 3. The gateway's window for old nonces and its rule for a nonce
/// used twice are not documented. The nonces of a [`NonceSource`] are current and unique, and
/// increase in the order in which they are handed out. Concurrent requests may reach the gateway in
/// another order.
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

    /// Reads decimal digits without sign, blanks or leading zeros, so that the text in the header
    /// and the text under the signature are one.
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

/// The latest time that is taken from a clock: the last one of 13 digits, in the year 2286. A clock
/// beyond it is broken, and capping it leaves room above for every nonce that will ever be asked
/// for.
const LATEST_MILLIS: u64 = 9_999_999_999_999;

/// How far a clock may step back before the nonces follow it, in milliseconds. A smaller step
/// leaves them increasing, and ahead of the clock by no more than this. Nonces less than this apart
/// count as one range of [`HandedOut`].
const SMALL_STEP_MILLIS: u64 = 10_000;

/// The most ranges that a source remembers.
const MOST_RANGES: usize = 32;

/// Hands out nonces: current, and never the same one twice, across threads and whatever the clock does.
///
/// Each nonce is the time of the clock, or the lowest number after it that is free. So nonces
/// strictly increase while the clock does not step back, and they keep increasing when it steps
/// back by up to ten seconds, as a correction of the time does. When it steps back further, they
/// come back with it: a clock that was a day ahead for one call does not make every later call a
/// day early. Nonces that were handed out ahead of the time are passed over when their time comes.
///
/// What was handed out is remembered in up to 32 ranges. Nonces less than ten seconds apart count
/// as one range, and beyond 32 the two closest are joined. So the memory is bounded, and the price
/// is that unused nonces inside a range are passed over too: a clock that was an hour ahead during
/// five minutes of steady calls makes nonces up to five minutes early an hour later. To avoid that,
/// restart the process when you have corrected its clock.
///
/// # One key, one source
///
/// All users of a key must share one source, or two of them hand out the same nonce in one
/// millisecond. [`shared`](Self::shared) gives the source of a key in this process. Two processes
/// cannot share one, so give each a key of its own.
///
/// # What a source cannot do
///
/// It decides in which order nonces are handed out, not in which order requests arrive. Concurrent
/// requests overtake each other on the way, and a gateway that wanted every nonce higher than all
/// before would refuse those that were overtaken: a quarter of the calls with 4 at once and two
/// thirds with 64 at once, measured on one machine (`docs/wire.md`, section 12). No such rule is
/// documented. Should the gateway have it, send one request of a key at a time.
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
    handed_out: Mutex<HandedOut>,
}

impl NonceSource {
    /// A source of its own on the [`SystemClock`]. Whoever else signs with the key must use this
    /// one too.
    pub fn new() -> Self {
        Self::with_clock(SystemClock)
    }

    /// A source of its own on a clock of yours.
    pub fn with_clock(clock: impl Clock + 'static) -> Self {
        Self { clock: Box::new(clock), handed_out: Mutex::default() }
    }

    /// The source that everybody in this process shares who signs with the key of this public key,
    /// on the [`SystemClock`].
    ///
    /// It is kept while somebody holds it, and then until its nonces are in the past: a client that
    /// is dropped and made again continues where it was.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use tarspay_sign::{NonceSource, PrivateKey};
    ///
    /// let key = PrivateKey::generate()?.public_key();
    /// assert!(Arc::ptr_eq(&NonceSource::shared(&key), &NonceSource::shared(&key)));
    /// # Ok::<(), tarspay_sign::Error>(())
    /// ```
    pub fn shared(key: &PublicKey) -> Arc<Self> {
        static SHARED: Mutex<Shared> = Mutex::new(Shared(BTreeMap::new()));
        lock(&SHARED).of(key, Self::new)
    }

    /// The next nonce, different from every one before it.
    pub fn next_nonce(&self) -> Nonce {
        let mut handed_out = lock(&self.handed_out);
        // Read under the lock, so that no other thread comes between with a later reading.
        Nonce(handed_out.take(self.clock.unix_millis().min(LATEST_MILLIS)))
    }

    /// Whether a new source would hand out none of these nonces, even after a small step back of
    /// the clock.
    fn is_past(&self) -> bool {
        let end = lock(&self.handed_out).ranges.last().map_or(0, |last| last.end);
        end + SMALL_STEP_MILLIS < self.clock.unix_millis()
    }
}

impl Default for NonceSource {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for NonceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceSource").finish_non_exhaustive()
    }
}

/// A clock of the user may panic, but it is read before anything changes.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The sources of a process by public key.
struct Shared(BTreeMap<[u8; 33], Arc<NonceSource>>);

impl Shared {
    fn of(&mut self, key: &PublicKey, new: impl FnOnce() -> NonceSource) -> Arc<NonceSource> {
        if let Some(source) = self.0.get(key.as_bytes()) {
            return Arc::clone(source);
        }
        // A source is handed on under the lock of `self` only, so one that is held here alone stays so.
        self.0.retain(|_, source| Arc::strong_count(source) > 1 || !source.is_past());
        let source = Arc::new(new());
        self.0.insert(*key.as_bytes(), Arc::clone(&source));
        source
    }
}

/// The nonces that were handed out.
#[derive(Default)]
struct HandedOut {
    /// The highest reading of the clock since it last stepped back far.
    clock: u64,
    /// One more than the latest nonce.
    next: u64,
    /// Every nonce is in one of these ranges. They ascend, with a free number between each two.
    ranges: Vec<Range<u64>>,
}

impl HandedOut {
    fn take(&mut self, now: u64) -> u64 {
        let lowest = if now + SMALL_STEP_MILLIS < self.clock {
            self.clock = now;
            now
        } else {
            self.clock = self.clock.max(now);
            now.max(self.next)
        };
        let after = self.ranges.partition_point(|range| range.start <= lowest);
        let before = after.checked_sub(1).map(|before| &mut self.ranges[before]);
        let nonce = before.as_ref().map_or(lowest, |before| lowest.max(before.end));
        self.next = nonce + 1;
        match before {
            Some(before) if nonce - before.end < SMALL_STEP_MILLIS => {
                before.end = self.next;
                self.join_if_they_touch(after);
            }
            _ => {
                self.ranges.insert(after, nonce..self.next);
                self.join_if_they_touch(after + 1);
                if self.ranges.len() > MOST_RANGES {
                    self.join_the_closest();
                }
            }
        }
        nonce
    }

    /// Joins the range at `index` with the one before it if nothing is free between them.
    fn join_if_they_touch(&mut self, index: usize) {
        if self.ranges.get(index).is_some_and(|range| range.start == self.next) {
            self.join(index);
        }
    }

    fn join_the_closest(&mut self) {
        let free = |index: &usize| self.ranges[*index].start - self.ranges[*index - 1].end;
        if let Some(index) = (1..self.ranges.len()).min_by_key(free) {
            self.join(index);
        }
    }

    /// Joins the range at `index` with the one before it. What was free between them is free no longer.
    fn join(&mut self, index: usize) {
        self.ranges[index - 1].end = self.ranges.remove(index).end;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::PrivateKey;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn a_shared_source_is_forgotten_once_nobody_holds_it_and_its_nonces_are_past() {
        let time = Arc::new(AtomicU64::new(1_000_000));
        let clock = Arc::clone(&time);
        let new = || NonceSource::with_clock(move || clock.load(Ordering::SeqCst));
        let key = || PrivateKey::generate().unwrap().public_key();
        let (dropped, held, unused) = (key(), key(), key());

        let mut shared = Shared(BTreeMap::new());
        let first = shared.of(&dropped, new.clone()).next_nonce();
        let holder = shared.of(&held, new.clone());
        holder.next_nonce();
        assert_eq!(shared.0.len(), 2);

        // A new source could hand out the same nonces until the clock is a small step past them.
        time.store(first.unix_millis() + 1 + SMALL_STEP_MILLIS, Ordering::SeqCst);
        drop(shared.of(&unused, new.clone()));
        assert_eq!(shared.0.len(), 3);
        time.fetch_add(1, Ordering::SeqCst);
        drop(shared.of(&key(), new.clone()));
        let kept: Vec<_> = [dropped, held, unused].map(|key| shared.0.contains_key(key.as_bytes())).into();
        assert_eq!(kept, [false, true, false]);
        assert!(Arc::ptr_eq(&holder, &shared.of(&held, new)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut handed_out = HandedOut::default();
        for index in 0..1_000 {
            handed_out.take(index * 3 * SMALL_STEP_MILLIS);
            assert!(handed_out.ranges.len() <= MOST_RANGES);
        }
        assert_eq!(handed_out.ranges.len(), MOST_RANGES);
    }
}
