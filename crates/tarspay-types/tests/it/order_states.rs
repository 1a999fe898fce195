//! Order states as a machine that only goes forward, and what is news about an order.

use proptest::prelude::*;
use tarspay_types::{Amount, Decode as _, MerchantOrderNo, News, Order, OrderState, OrderStatus, PayOrderId};

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

fn status(state: OrderState, pay_amount: Option<&str>) -> OrderStatus {
    OrderStatus::new(state, pay_amount.map(|text| Amount::parse(text).unwrap()))
}

#[test]
fn each_part_payment_is_news_and_a_repetition_is_not() {
    let partly = |paid| status(OrderState::PARTLY_PAID, Some(paid));
    let processing = status(OrderState::PROCESSING, Some("0"));
    assert_eq!(partly("400").news_after(processing), News::StateChanged);
    assert_eq!(partly("900").news_after(partly("400")), News::PaidAmountChanged);
    // Parts may be reported one by one, so a smaller amount is news too.
    assert_eq!(partly("400").news_after(partly("900")), News::PaidAmountChanged);
    assert_eq!(partly("400.00").news_after(partly("400")), News::Nothing);
    let unknown = status(OrderState::PARTLY_PAID, None);
    assert_eq!(unknown.news_after(partly("400")), News::PaidAmountChanged);
    assert_eq!(partly("400").news_after(unknown), News::PaidAmountChanged);
    assert_eq!(unknown.news_after(unknown), News::Nothing);
    // Late, after all was paid.
    let paid = status(OrderState::SUCCESS, Some("1500"));
    assert_eq!(paid.news_after(partly("900")), News::StateChanged);
    assert_eq!(partly("900").news_after(paid), News::Nothing);
}

#[test]
fn another_amount_is_news_only_where_it_tells_how_much_was_paid() {
    for state in (-1..=10).map(OrderState::from_code) {
        let counts = [OrderState::SUCCESS, OrderState::PARTLY_PAID].contains(&state);
        assert_eq!(state.counts_paid_amount(), counts, "{state}");
        let news = if counts { News::PaidAmountChanged } else { News::Nothing };
        for (now, before) in [(Some("900"), Some("400")), (Some("400"), None), (None, Some("400"))] {
            assert_eq!(status(state, now).news_after(status(state, before)), news, "{state}");
        }
        assert_eq!(status(state, Some("400")).paid().is_some(), counts, "{state}");
        assert_eq!(status(state, None).paid(), None);
    }
}

#[test]
fn ended_states_that_exclude_each_other_are_a_contradiction() {
    let contradictions = [(2, 3), (2, 8), (3, 5), (3, 6), (3, 8), (3, 9), (5, 8), (6, 8), (8, 9)];
    for a in OrderState::KNOWN {
        for b in OrderState::KNOWN {
            let (low, high) = (a.code().min(b.code()), a.code().max(b.code()));
            let news = status(*a, None).news_after(status(*b, None));
            assert_eq!(news == News::Contradiction, contradictions.contains(&(low, high)), "{a} after {b}");
        }
    }
    let unknown = |code| status(OrderState::from_code(code), None);
    assert_eq!(unknown(7).news_after(unknown(4)), News::Nothing);
    assert_eq!(unknown(7).news_after(status(OrderState::SUCCESS, None)), News::Nothing);
    assert_eq!(unknown(7).news_after(status(OrderState::PROCESSING, None)), News::StateChanged);
    assert_eq!(status(OrderState::PROCESSING, None).news_after(unknown(7)), News::Nothing);
    assert_eq!(status(OrderState::FAILED, None).news_after(unknown(7)), News::StateChanged);
}

#[test]
fn a_query_reports_a_status_like_a_callback() {
    let info = Order::from_json(r#"{"state":9,"payAmount":"400","orderAmount":"1500"}"#).unwrap();
    assert_eq!(info.status(), status(OrderState::PARTLY_PAID, Some("400")));
    let made = Order::new(
        PayOrderId::new("P1").unwrap(),
        MerchantOrderNo::new("D1").unwrap(),
        OrderState::PROCESSING,
    );
    assert_eq!(made.status(), status(OrderState::PROCESSING, None));
}

fn any_status() -> impl Strategy<Value = OrderStatus> {
    (any_state(), prop::option::of(0_u32..4))
        .prop_map(|(state, paid)| OrderStatus::new(state, paid.map(Amount::from)))
}

fn is_applied(status: OrderStatus, known: OrderStatus) -> bool {
    matches!(status.news_after(known), News::StateChanged | News::PaidAmountChanged)
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
    fn news_agrees_with_the_order_of_states(now in any_status(), before in any_status()) {
        let news = now.news_after(before);
        if now.state == before.state {
            prop_assert_eq!(news == News::PaidAmountChanged, now.paid() != before.paid());
            prop_assert!(matches!(news, News::PaidAmountChanged | News::Nothing));
        } else {
            prop_assert_eq!(news == News::StateChanged, now.state.can_follow(before.state));
            prop_assert!(news != News::PaidAmountChanged);
        }
        prop_assert_eq!(now.news_after(now), News::Nothing);
    }

    #[test]
    fn a_success_can_only_become_a_refund(news in prop::collection::vec(any_status(), 0..20)) {
        let mut known = OrderStatus::new(OrderState::SUCCESS, None);
        for status in news {
            if is_applied(status, known) {
                known = status;
            }
            prop_assert!(matches!(known.state, OrderState::SUCCESS | OrderState::REFUNDED));
        }
    }

    #[test]
    fn late_and_double_news_never_bring_an_earlier_state_back(news in prop::collection::vec(any_status(), 0..20)) {
        let apply = |known, status| if is_applied(status, known) { status } else { known };
        let start = OrderStatus::new(OrderState::CREATING, None);
        let end = news.iter().copied().fold(start, apply);
        let mut known = start;
        let mut seen = vec![known];
        for status in &news {
            known = apply(known, *status);
            seen.push(known);
        }
        for old in seen {
            prop_assert_eq!(apply(end, old).state, end.state);
        }
    }
}
