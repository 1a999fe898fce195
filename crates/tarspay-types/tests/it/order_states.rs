//! Order states as a machine that only goes forward.

use proptest::prelude::*;
use tarspay_types::OrderState;

/// Every known state and all that can follow it, itself left out.
const FOLLOWERS: &[(i64, &[i64])] = &[
    (0, &[1, 2, 3, 5, 6, 8, 9]),
    (1, &[2, 3, 5, 6, 8, 9]),
    (2, &[5]),
    (3, &[]),
    (5, &[]),
    (6, &[2, 5, 9]),
    (8, &[]),
    (9, &[2, 5]),
];

fn any_state() -> impl Strategy<Value = OrderState> {
    prop_oneof![3 => 0_i64..=9, 1 => any::<i64>()].prop_map(OrderState::from_code)
}

#[test]
fn known_states_follow_each_other_by_the_table() {
    assert_eq!(FOLLOWERS.len(), OrderState::KNOWN.len());
    for (previous, followers) in FOLLOWERS {
        for next in OrderState::KNOWN {
            let expected = next.code() == *previous || followers.contains(&next.code());
            assert_eq!(next.can_follow(OrderState::from_code(*previous)), expected, "{previous} to {next}");
        }
    }
}

#[test]
fn unknown_states_stand_between_pending_and_ended() {
    for unknown in [4, 7, -1, 10].map(OrderState::from_code) {
        for known in OrderState::KNOWN {
            assert_eq!(unknown.can_follow(*known), known.is_pending(), "{unknown} after {known}");
            assert_eq!(known.can_follow(unknown), known.is_ended(), "{known} after {unknown}");
        }
        assert!(!OrderState::from_code(11).can_follow(unknown));
    }
}

proptest! {
    #[test]
    fn a_state_follows_itself(state in any_state()) {
        prop_assert!(state.can_follow(state));
    }

    #[test]
    fn of_two_states_at_most_one_follows(a in any_state(), b in any_state()) {
        prop_assert!(a == b || !(a.can_follow(b) && b.can_follow(a)));
    }

    #[test]
    fn missed_steps_do_not_matter(a in any_state(), b in any_state(), c in any_state()) {
        prop_assert!(!(b.can_follow(a) && c.can_follow(b)) || c.can_follow(a));
    }

    #[test]
    fn ended_is_never_left_for_pending_or_unknown(ended in any_state(), next in any_state()) {
        prop_assert!(!ended.is_ended() || next.is_ended() || !next.can_follow(ended));
    }

    #[test]
    fn a_success_can_only_become_a_refund(news in prop::collection::vec(any_state(), 0..20)) {
        let mut known = OrderState::SUCCESS;
        for state in news {
            if state.can_follow(known) {
                known = state;
            }
            prop_assert!(matches!(known, OrderState::SUCCESS | OrderState::REFUNDED));
        }
    }

    #[test]
    fn late_and_double_news_change_nothing(news in prop::collection::vec(any_state(), 0..20)) {
        let apply = |known: OrderState, state: OrderState| if state.can_follow(known) { state } else { known };
        let end = news.iter().copied().fold(OrderState::CREATING, apply);
        let mut known = OrderState::CREATING;
        let mut seen = vec![known];
        for state in &news {
            known = apply(known, *state);
            seen.push(known);
        }
        for old in seen {
            prop_assert_eq!(apply(end, old), end);
        }
    }
}
