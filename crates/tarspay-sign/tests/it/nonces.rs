//! The nonce source: current, never the same nonce twice, whatever the clock does.

use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use tarspay_sign::{Clock, Nonce, NonceSource, PrivateKey, SystemClock};

const SECOND: u64 = 1_000;
const DAY: u64 = 24 * 60 * 60 * SECOND;
const NOW: u64 = 1_704_180_814_988;

/// Steps back by more than this are followed.
const SMALL_STEP: u64 = 10 * SECOND;

/// A clock that is set by hand, and nonces by it.
struct Stage {
    time: Arc<AtomicU64>,
    nonces: NonceSource,
}

impl Stage {
    fn new() -> Self {
        let time = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&time);
        Self { time, nonces: NonceSource::with_clock(move || clock.load(Ordering::SeqCst)) }
    }

    fn next_at(&self, now: u64) -> u64 {
        self.time.store(now, Ordering::SeqCst);
        self.nonces.next_nonce().unix_millis()
    }
}

#[test]
fn nonces_follow_the_clock_and_never_repeat_when_it_stops_or_steps_back() {
    let stage = Stage::new();
    assert_eq!([1_000, 1_000, 1_000].map(|now| stage.next_at(now)), [1_000, 1_001, 1_002]);
    assert_eq!([500, 500].map(|now| stage.next_at(now)), [1_003, 1_004]);
    assert_eq!([5_000, 5_000].map(|now| stage.next_at(now)), [5_000, 5_001]);
    assert_eq!(stage.next_at(0), 5_002);
}

#[test]
fn nonces_come_back_with_a_clock_that_was_ahead_for_one_call() {
    let stage = Stage::new();
    let readings = [NOW, NOW + DAY, NOW + 20, NOW + 20, NOW + 30, NOW + 60 * SECOND];
    let expected = [NOW, NOW + DAY, NOW + 20, NOW + 21, NOW + 30, NOW + 60 * SECOND];
    assert_eq!(readings.map(|now| stage.next_at(now)), expected);
}

#[test]
fn what_was_handed_out_ahead_of_the_time_is_passed_over_when_its_time_comes() {
    let stage = Stage::new();
    for now in [NOW, NOW + DAY, NOW + DAY, NOW + DAY + 5, NOW + 1] {
        stage.next_at(now);
    }
    // The one call between the two that were a day ahead is passed over too: they count as one range.
    let readings = [DAY - 2, DAY - 2, DAY - 2, DAY - 2, DAY + 20].map(|later| NOW + later);
    let expected = [DAY - 2, DAY - 1, DAY + 6, DAY + 7, DAY + 20].map(|later| NOW + later);
    assert_eq!(readings.map(|now| stage.next_at(now)), expected);
}

#[test]
fn a_single_nonce_ahead_of_the_time_costs_its_own_number_only() {
    let stage = Stage::new();
    for now in [NOW, NOW + DAY, NOW] {
        stage.next_at(now);
    }
    // It is joined neither with what comes just before it nor with what comes after it.
    assert_eq!(stage.next_at(NOW + DAY - 1), NOW + DAY - 1);
    assert_eq!(stage.next_at(NOW + DAY), NOW + DAY + 1);
    assert_eq!(stage.next_at(NOW + DAY + 5), NOW + DAY + 5);
    // Also where the clock comes back to the very millisecond before it.
    let stage = Stage::new();
    let readings = [DAY, 2 * DAY, DAY - 1, DAY - 1, 2 * DAY - 1, 2 * DAY - 1];
    assert_eq!(
        readings.map(|now| stage.next_at(now)),
        [DAY, 2 * DAY, DAY - 1, DAY + 1, 2 * DAY - 1, 2 * DAY + 1]
    );
}

#[test]
fn two_ranges_that_touch_are_one() {
    // The third nonce is just before the first, and the last reading is in front of both.
    let stage = Stage::new();
    let readings = [DAY, 2 * DAY, DAY - 1, 2 * DAY, DAY - 1];
    assert_eq!(readings.map(|now| stage.next_at(now)), [DAY, 2 * DAY, DAY - 1, 2 * DAY + 1, DAY + 1]);
}

#[test]
fn ten_seconds_back_keep_the_nonces_increasing_and_more_is_followed() {
    let stage = Stage::new();
    stage.next_at(NOW);
    assert_eq!(stage.next_at(NOW - SMALL_STEP), NOW + 1);
    assert_eq!(stage.next_at(NOW - SMALL_STEP - 1), NOW - SMALL_STEP - 1);
    // Counted from the highest reading, so two small steps are one that is not small.
    let stage = Stage::new();
    stage.next_at(NOW);
    assert_eq!(stage.next_at(NOW - SMALL_STEP / 2), NOW + 1);
    assert_eq!(stage.next_at(NOW - SMALL_STEP - 1), NOW - SMALL_STEP - 1);
    // From here on the lower reading is the measure.
    assert_eq!(stage.next_at(NOW - 2 * SMALL_STEP - 1), NOW - SMALL_STEP);
}

#[test]
fn a_burst_is_no_step_back() {
    let stage = Stage::new();
    for index in 0..2 * SMALL_STEP {
        assert_eq!(stage.next_at(NOW), NOW + index);
    }
    // Nor does a small step back after it make the nonces go down.
    assert_eq!(stage.next_at(NOW - SMALL_STEP), NOW + 2 * SMALL_STEP);
}

#[test]
fn a_clock_that_steps_back_into_used_time_waits_at_its_end() {
    let stage = Stage::new();
    for second in 0..60 {
        stage.next_at(NOW + second * SECOND);
    }
    assert_eq!(stage.next_at(NOW + 30 * SECOND), NOW + 59 * SECOND + 1);
    assert_eq!(stage.next_at(NOW + 59 * SECOND), NOW + 59 * SECOND + 2);
    assert_eq!(stage.next_at(NOW + 61 * SECOND), NOW + 61 * SECOND);
}

#[test]
fn nonces_ten_seconds_apart_leave_the_time_between_them_free() {
    for (apart, expected) in [(SMALL_STEP, NOW + SMALL_STEP + 1), (SMALL_STEP + 1, NOW + 100)] {
        let stage = Stage::new();
        stage.next_at(NOW);
        stage.next_at(NOW + apart);
        stage.next_at(NOW + DAY);
        assert_eq!(stage.next_at(NOW + 100), expected, "{apart} ms apart");
    }
}

#[test]
fn beyond_32_ranges_the_closest_two_are_joined() {
    let stage = Stage::new();
    let minute = 60 * SECOND;
    // Hours apart, except the 8th and 9th.
    let start = |index: u64| NOW + index * 60 * minute - if index > 7 { 30 * minute } else { 0 };
    for index in 0..32 {
        stage.next_at(start(index));
    }
    let between = |index: u64| start(index) + minute;
    // All are remembered, so the time between the closest is free.
    assert_eq!(stage.next_at(between(7)), between(7));
    // That was the 33rd range. It was joined with the 8th, and the time between those two is free no longer.
    assert_eq!(stage.next_at(between(6)), between(6));
    assert_eq!(stage.next_at(start(7) + 1), between(7) + 1);
    assert_eq!(stage.next_at(between(3)), between(3));
}

#[test]
fn a_clock_gone_mad_leaves_room_for_more_nonces() {
    let nonces = NonceSource::with_clock(|| u64::MAX);
    let first = nonces.next_nonce();
    assert_eq!(first.to_string().len(), 13);
    assert!(nonces.next_nonce() > first);
}

#[test]
fn nonces_come_back_from_a_clock_gone_mad() {
    let stage = Stage::new();
    let first = stage.next_at(u64::MAX);
    assert_eq!(first.to_string().len(), 13);
    assert_eq!(stage.next_at(u64::MAX), first + 1);
    assert_eq!(stage.next_at(NOW), NOW);
    assert_eq!(stage.next_at(0), 0);
    assert_eq!(stage.next_at(NOW), NOW + 1);
}

/// Lets threads ask at the same time. Gives how many nonces they got, and how often another thread came between two of one.
fn ask_from_many_threads(nonces: &NonceSource) -> (u64, u64) {
    const THREADS: u64 = 4;
    const CALLS: u64 = 100_000;
    let together = Barrier::new(4);
    let ask = || {
        together.wait();
        let (mut between, mut before) = (0, nonces.next_nonce().unix_millis());
        for _ in 1..CALLS {
            let nonce = nonces.next_nonce().unix_millis();
            assert!(nonce > before, "each thread sees an increase");
            between += u64::from(nonce > before + 1);
            before = nonce;
        }
        between
    };
    let between = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    (THREADS * CALLS, between)
}

#[test]
fn threads_never_share_a_nonce_and_each_sees_its_own_increase() {
    let nonces = NonceSource::with_clock(|| NOW);
    let mut next = NOW;
    // On a busy machine threads take turns, and seldom come between each other. Again until they did.
    for _ in 0..100 {
        let (count, between) = ask_from_many_threads(&nonces);
        // Nonces of a clock that stands still are consecutive, so each that was handed out twice is missing here.
        assert_eq!(nonces.next_nonce().unix_millis(), next + count);
        next += count + 1;
        if between > 1_000 {
            break;
        }
    }
}

#[test]
fn threads_never_share_a_nonce_while_the_clock_jumps() {
    let calls = AtomicU64::new(0);
    let nonces = NonceSource::with_clock(move || {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        NOW + call / 10 + if call % 1_000 == 7 { DAY } else { 0 }
    });
    let together = Barrier::new(4);
    let ask = || {
        together.wait();
        (0..40_000).map(|_| nonces.next_nonce()).collect::<Vec<_>>()
    };
    let all: HashSet<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(all.len(), 160_000);
}

#[test]
fn a_source_outlives_a_clock_that_panics() {
    let calls = AtomicU64::new(0);
    let nonces = NonceSource::with_clock(move || {
        assert_ne!(calls.fetch_add(1, Ordering::SeqCst), 1, "the second call");
        NOW
    });
    let first = nonces.next_nonce();
    let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| nonces.next_nonce()));
    assert!(asked.is_err());
    assert!(nonces.next_nonce() > first);
}

#[test]
fn one_key_has_one_shared_source() {
    let [one, two] = [(), ()].map(|()| PrivateKey::generate().unwrap().public_key());
    let source = NonceSource::shared(&one);
    assert!(Arc::ptr_eq(&source, &NonceSource::shared(&one)));
    assert!(!Arc::ptr_eq(&source, &NonceSource::shared(&two)));
}

#[test]
fn a_shared_source_that_was_dropped_goes_on_where_it_was() {
    let key = PrivateKey::generate().unwrap().public_key();
    let mut before = NonceSource::shared(&key).next_nonce();
    for _ in 0..1_000 {
        // Another key makes the place look for what can be forgotten.
        NonceSource::shared(&PrivateKey::generate().unwrap().public_key());
        let next = NonceSource::shared(&key).next_nonce();
        assert!(next > before);
        before = next;
    }
}

/// Readings of a clock: steps of all sizes in both directions, and any time.
fn readings() -> impl Strategy<Value = Vec<u64>> {
    let step = prop_oneof![
        4 => 0..50_i64,
        2 => -50..0_i64,
        2 => -15_000..15_000_i64,
        1 => -100_000_000..100_000_000_i64,
    ];
    let reading = prop_oneof![
        9 => step.prop_map(Ok),
        1 => prop_oneof![Just(0), Just(u64::MAX), NOW - 100..NOW + 100].prop_map(Err),
    ];
    let anywhere = vec(reading, 1..400).prop_map(|changes| {
        let mut now = NOW;
        let mut apply = |change: Result<i64, u64>| {
            now = change.map_or_else(|time| time, |step| now.saturating_add_signed(step));
            now
        };
        changes.into_iter().map(&mut apply).collect()
    });
    // A few places, so that ranges meet.
    let place = (0..4_u64, 0..4_u64).prop_map(|(place, offset)| NOW + place * 2 * SMALL_STEP + offset);
    prop_oneof![anywhere, vec(place, 1..100)]
}

proptest! {
    #[test]
    fn any_readings_give_unique_nonces_that_increase_unless_the_clock_steps_back_far(readings in readings()) {
        let stage = Stage::new();
        let (mut all, mut highest, mut before) = (HashSet::new(), 0, None);
        for now in readings {
            let nonce = stage.next_at(now);
            prop_assert!(all.insert(nonce), "{} twice", nonce);
            let now = now.min(9_999_999_999_999);
            prop_assert!(nonce >= now);
            if now + SMALL_STEP < highest {
                highest = now;
            } else {
                highest = highest.max(now);
                prop_assert!(before.is_none_or(|before| before < nonce));
            }
            before = Some(nonce);
        }
    }

    /// The clock is right, except for up to 15 calls. Their times come, too.
    #[test]
    fn nonces_stay_close_to_a_clock_that_is_right_most_of_the_time(
        steps in vec(0..30_000_u64, 200),
        wrong in vec((0..200_usize, 20..3_600_u64), 0..16),
    ) {
        let stage = Stage::new();
        let mut now = NOW;
        for (index, step) in steps.into_iter().enumerate() {
            now += step;
            for (_, ahead) in wrong.iter().filter(|(at, _)| *at == index) {
                stage.next_at(now + ahead * SECOND);
            }
            // Each wrong call can leave ten seconds to pass over.
            let ahead = stage.next_at(now) - now;
            prop_assert!(ahead <= 16 * SMALL_STEP, "{} ms ahead", ahead);
        }
    }
}

#[test]
fn the_system_clock_counts_milliseconds() {
    assert_eq!(SystemClock.unix_millis().to_string().len(), 13);
    let nonce = NonceSource::default().next_nonce();
    assert_eq!(nonce.to_string().parse::<Nonce>().unwrap(), nonce);
}
