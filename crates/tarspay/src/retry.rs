//! Retry policy, back-off, and the shared retry budget.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often a call is attempted, and the waits between attempts.
///
/// The wait doubles from attempt to attempt up to a cap, and half of it is random, so that many
/// clients do not retry at the same moment. Only what is safe to repeat is repeated: queries, and
/// the creation of an order under its own merchant order number by
/// [`place_deposit`](crate::Client::place_deposit) and
/// [`place_withdrawal`](crate::Client::place_withdrawal).
///
/// ```
/// use std::time::Duration;
/// use tarspay::RetryPolicy;
///
/// let patient = RetryPolicy::default().attempts(8).waits(Duration::from_millis(500), Duration::from_secs(20));
/// assert_eq!(patient.max_attempts(), 8);
/// assert_eq!(RetryPolicy::none().max_attempts(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    attempts: u32,
    first_wait: Duration,
    longest_wait: Duration,
}

impl RetryPolicy {
    /// One attempt.
    #[must_use]
    pub const fn none() -> Self {
        Self { attempts: 1, first_wait: Duration::ZERO, longest_wait: Duration::ZERO }
    }

    /// The most attempts, the first included; 0 counts as 1. Default: 4.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// The wait before the second attempt, and the longest wait. Default: 200 milliseconds and 5
    /// seconds.
    #[must_use]
    pub const fn waits(mut self, first: Duration, longest: Duration) -> Self {
        self.first_wait = first;
        self.longest_wait = longest;
        self
    }

    /// How many attempts there are at most.
    pub const fn max_attempts(&self) -> u32 {
        self.attempts
    }

    /// The wait after `failed` attempts: between half and all of the doubling wait, by `random`.
    pub(crate) fn wait(&self, failed_attempts: u32, random: u64) -> Duration {
        let doublings = failed_attempts.saturating_sub(1).min(31);
        let full = self.first_wait.saturating_mul(1 << doublings).min(self.longest_wait);
        let half = full / 2;
        let nanos = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
        let spread = nanos.checked_add(1).map_or(random, |most| random % most);
        full.saturating_sub(half).saturating_add(Duration::from_nanos(spread))
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 4, first_wait: Duration::from_millis(200), longest_wait: Duration::from_secs(5) }
    }
}

/// Where the random half of the waits comes from. No secret depends on it.
pub(crate) struct Random(Mutex<Box<dyn FnMut() -> u64 + Send>>);

impl Random {
    pub(crate) fn new(source: impl FnMut() -> u64 + Send + 'static) -> Self {
        Self(Mutex::new(Box::new(source)))
    }

    /// The next number.
    pub(crate) fn next(&self) -> u64 {
        // A source of the user that has panicked may be asked again.
        (self.0.lock().unwrap_or_else(PoisonError::into_inner))()
    }
}

impl Default for Random {
    fn default() -> Self {
        // Each `RandomState` is keyed differently.
        Self::new(|| RandomState::new().hash_one(0_u8))
    }
}

/// The retry budget: shared by all calls of a client, so that a broken gateway is not overloaded.
///
/// Each retry takes one from the budget, and each call that gets a response gives a tenth back.
/// When it is empty, calls are attempted once.
pub(crate) struct RetryBudget {
    tenths: AtomicU32,
    most: u32,
}

impl RetryBudget {
    pub(crate) fn new(retries: u32) -> Self {
        let most = retries.saturating_mul(10);
        Self { tenths: AtomicU32::new(most), most }
    }

    /// Takes one retry; `false` if not enough is left.
    pub(crate) fn take(&self) -> bool {
        self.tenths
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| tenths.checked_sub(10))
            .is_ok()
    }

    /// Gives back a tenth of a retry, for a call that got a response.
    pub(crate) fn give_back(&self) {
        // The update never fails: its function always returns a value.
        let _ = self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| {
            Some(tenths.saturating_add(1).min(self.most))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{RetryBudget, RetryPolicy};
    use std::time::Duration;

    const POLICY: RetryPolicy = RetryPolicy {
        attempts: 9,
        first_wait: Duration::from_millis(100),
        longest_wait: Duration::from_secs(1),
    };

    #[test]
    fn waits_double_up_to_the_cap_and_half_of_each_is_random() {
        for (failed, full) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (6, 1000), (400, 1000)] {
            let full = Duration::from_millis(full);
            assert_eq!(POLICY.wait(failed, 0), full / 2, "the shortest");
            for random in [1, 12_345_678_901, u64::MAX] {
                let wait = POLICY.wait(failed, random);
                assert!(full / 2 <= wait && wait <= full, "{failed} {random}");
            }
        }
        assert_ne!(POLICY.wait(3, 7), POLICY.wait(3, 70_000_000));
    }

    #[test]
    fn extreme_waits_do_not_overflow() {
        let policy = POLICY.waits(Duration::MAX, Duration::MAX);
        assert!(policy.wait(u32::MAX, u64::MAX) >= Duration::MAX / 2);
        assert_eq!(RetryPolicy::none().wait(1, 5), Duration::ZERO);
        assert_eq!(RetryPolicy::default().attempts(0).max_attempts(), 1);
    }

    #[test]
    fn the_budget_is_spent_by_retries_and_refilled_by_responses() {
        let budget = RetryBudget::new(2);
        assert!(budget.take() && budget.take());
        assert!(!budget.take(), "empty");
        for _ in 0..9 {
            budget.give_back();
        }
        assert!(!budget.take(), "nine responses are not enough");
        budget.give_back();
        assert!(budget.take());
        for _ in 0..1000 {
            budget.give_back();
        }
        assert!(budget.take() && budget.take() && !budget.take(), "never more than the initial budget");
    }

    #[test]
    fn random_numbers_differ() {
        let random = super::Random::default();
        assert_ne!(random.next(), random.next());
    }
}
