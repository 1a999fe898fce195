//! The nonce source: strictly increasing, whatever the clock does.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tarspay_sign::{Clock, Nonce, NonceSource, SystemClock};

#[test]
fn nonces_follow_the_clock_and_never_repeat_when_it_stops_or_steps_back() {
    let time = Arc::new(AtomicU64::new(1_000));
    let clock = Arc::clone(&time);
    let nonces = NonceSource::with_clock(move || clock.load(Ordering::SeqCst));
    let next = || nonces.next_nonce().unix_millis();
    assert_eq!([next(), next(), next()], [1_000, 1_001, 1_002]);
    time.store(500, Ordering::SeqCst);
    assert_eq!([next(), next()], [1_003, 1_004]);
    time.store(5_000, Ordering::SeqCst);
    assert_eq!([next(), next()], [5_000, 5_001]);
    time.store(0, Ordering::SeqCst);
    assert_eq!(next(), 5_002);
}

#[test]
fn a_clock_gone_mad_leaves_room_for_more_nonces() {
    let nonces = NonceSource::with_clock(|| u64::MAX);
    let first = nonces.next_nonce();
    assert_eq!(first.to_string().len(), 13);
    assert!(nonces.next_nonce() > first);
}

#[test]
fn threads_never_share_a_nonce_and_each_sees_its_own_increase() {
    let nonces = Arc::new(NonceSource::with_clock(|| 1_704_180_814_988));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let nonces = Arc::clone(&nonces);
            std::thread::spawn(move || (0..2_000).map(|_| nonces.next_nonce()).collect::<Vec<Nonce>>())
        })
        .collect();
    let mut all = HashSet::new();
    for thread in threads {
        let handed_out = thread.join().unwrap();
        assert!(handed_out.is_sorted_by(|a, b| a < b));
        all.extend(handed_out);
    }
    assert_eq!(all.len(), 16_000);
}

#[test]
fn the_system_clock_counts_milliseconds() {
    assert_eq!(SystemClock.unix_millis().to_string().len(), 13);
    let nonce = NonceSource::default().next_nonce();
    assert_eq!(nonce.to_string().parse::<Nonce>().unwrap(), nonce);
}
