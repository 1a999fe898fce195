//! Single courses of the state machine: events one after another, and the actions they lead to.

use super::machine::{Action, Attempt, Conclusion, Event, LookedUp, Machine, Settings};
use crate::RetryPolicy;
use std::time::Duration;

const QUIET: Duration = Duration::from_secs(5);
const PROMPT: Duration = Duration::from_millis(100);

/// What the machine does when these events follow one another, each a tenth of a second after its
/// action, a sleep after its time.
fn actions(settings: Settings, events: &[Event]) -> Vec<Action> {
    let (machine, first) = Machine::new(settings);
    go_through(machine, first, events)
}

fn go_through(mut machine: Machine, first: Action, events: &[Event]) -> Vec<Action> {
    let mut now = Duration::ZERO;
    let mut actions = vec![first];
    for event in events {
        now += match actions.last() {
            Some(Action::Sleep(time)) => *time,
            _ => PROMPT,
        };
        actions.push(machine.step(*event, now, 0, || true));
    }
    actions
}

fn sent(outcome: Attempt) -> Event {
    Event::Sent { outcome, retry_after: None }
}

const fn looked_up(outcome: LookedUp) -> Event {
    Event::LookedUp { outcome, retry_after: None }
}

const MILLIS_100: Duration = Duration::from_millis(100);
const SEND: Action = Action::Send { within: None };
const LOOK_UP: Action = Action::LookUp { within: None };
const NOT_FOUND: Event = looked_up(LookedUp::NotFound);

const fn settings(cautious: bool, deadline: Option<Duration>) -> Settings {
    // Waits of 100, 200 and 400 milliseconds at least.
    let policy = RetryPolicy::none().attempts(3).waits(Duration::from_millis(200), Duration::from_secs(1));
    Settings { policy, quiet_time: QUIET, deadline, cautious }
}

#[test]
fn what_was_not_sent_is_sent_again_after_a_wait_that_grows() {
    let not_sent = sent(Attempt::NotSent);
    assert_eq!(
        actions(settings(false, None), &[not_sent, Event::Slept, not_sent, Event::Slept, not_sent]),
        [
            SEND,
            Action::Sleep(MILLIS_100),
            SEND,
            Action::Sleep(2 * MILLIS_100),
            SEND,
            Action::Done(Conclusion::NotSent)
        ]
    );
}

#[test]
fn a_refusal_of_the_request_is_final_at_once_but_not_in_doubt() {
    let refused = sent(Attempt::Refused);
    assert_eq!(actions(settings(false, None), &[refused]), [SEND, Action::Done(Conclusion::Rejected)]);
    let in_doubt =
        [sent(Attempt::Unclear), Event::Slept, NOT_FOUND, refused, NOT_FOUND, Event::Slept, NOT_FOUND];
    assert_eq!(
        actions(settings(false, None), &in_doubt),
        [
            SEND,
            Action::Sleep(MILLIS_100),
            LOOK_UP,
            SEND,
            LOOK_UP,
            Action::Sleep(QUIET.saturating_sub(PROMPT)),
            LOOK_UP,
            Action::Done(Conclusion::Rejected)
        ]
    );
}

#[test]
fn money_that_goes_out_is_sent_again_only_after_the_quiet_time() {
    let events = [sent(Attempt::Trouble), Event::Slept, NOT_FOUND, Event::Slept, NOT_FOUND];
    assert_eq!(
        actions(settings(true, None), &events),
        [
            SEND,
            Action::Sleep(MILLIS_100),
            LOOK_UP,
            Action::Sleep(QUIET.saturating_sub(MILLIS_100 + PROMPT)),
            LOOK_UP,
            SEND
        ]
    );
}

#[test]
fn the_gateway_is_given_the_time_that_it_asks_for_if_there_is_so_much() {
    let busy = Event::Sent { outcome: Attempt::Trouble, retry_after: Some(Duration::from_secs(7)) };
    assert_eq!(actions(settings(false, None), &[busy]), [SEND, Action::Sleep(Duration::from_secs(7))]);
    // A deadline of 8 seconds keeps 2 for the last look-up.
    let (send, look_up) = (Duration::from_secs(6), Duration::from_millis(5_900));
    assert_eq!(
        actions(settings(false, Some(Duration::from_secs(8))), &[busy]),
        [Action::Send { within: Some(send) }, Action::LookUp { within: Some(look_up) }]
    );
}

#[test]
fn a_deadline_keeps_a_quarter_and_at_most_three_seconds_for_the_last_look_up() {
    for (deadline, kept) in [(400, 100), (12_000, 3_000), (60_000, 3_000)]
        .map(|(all, kept)| (Duration::from_millis(all), Duration::from_millis(kept)))
    {
        let (mut machine, first) = Machine::new(settings(false, Some(deadline)));
        let last_call = deadline.saturating_sub(kept);
        assert_eq!(first, Action::Send { within: Some(last_call) });
        // The attempt has taken all of its time; the look-up has the rest, and nothing follows it.
        let look_up = machine.step(sent(Attempt::Unclear), last_call, 0, || true);
        assert_eq!(look_up, Action::LookUp { within: Some(kept) });
        let end = machine.step(looked_up(LookedUp::NoResponse), deadline, 0, || true);
        assert_eq!(end, Action::Done(Conclusion::Unknown));
    }
}

#[test]
fn look_ups_without_a_response_are_repeated_a_few_times() {
    let lost = looked_up(LookedUp::NoResponse);
    let events = [sent(Attempt::RefusedByHistory), lost, Event::Slept, lost, Event::Slept, lost];
    assert_eq!(
        actions(settings(false, None), &events),
        [
            SEND,
            LOOK_UP,
            Action::Sleep(MILLIS_100),
            LOOK_UP,
            Action::Sleep(2 * MILLIS_100),
            LOOK_UP,
            Action::Done(Conclusion::Unknown)
        ]
    );
}

#[test]
fn an_order_that_is_resumed_is_looked_up_before_it_is_sent() {
    let (machine, first) = Machine::resume(settings(false, None));
    assert_eq!(go_through(machine, first, &[NOT_FOUND]), [LOOK_UP, SEND]);
    let (machine, first) = Machine::resume(settings(true, None));
    assert_eq!(
        go_through(machine, first, &[NOT_FOUND, Event::Slept, NOT_FOUND]),
        [LOOK_UP, Action::Sleep(QUIET.saturating_sub(PROMPT)), LOOK_UP, SEND]
    );
}

#[test]
fn an_empty_retry_budget_ends_the_attempts() {
    let (mut machine, _) = Machine::new(settings(false, None));
    let end = machine.step(sent(Attempt::NotSent), PROMPT, 0, || false);
    assert_eq!(end, Action::Done(Conclusion::NotSent));
    let (mut machine, _) = Machine::new(settings(false, None));
    assert_eq!(machine.step(sent(Attempt::Unclear), PROMPT, 0, || false), LOOK_UP);

    // Without time for another attempt, none is taken from the budget.
    let (mut machine, _) = Machine::new(settings(false, Some(MILLIS_100)));
    machine.step(sent(Attempt::NotSent), PROMPT / 2, 0, || panic!("the last call is at 75 milliseconds"));
}

#[test]
fn a_refused_look_up_proves_a_wrong_key_only_if_nothing_else_was_heard() {
    let refused = looked_up(LookedUp::AccessRefused);
    let look_ups = |first| {
        let mut events = vec![first, Event::Slept];
        events.extend([refused, Event::Slept].repeat(5));
        events.pop();
        let actions = actions(settings(false, None), &events);
        actions.into_iter().find(|action| matches!(action, Action::Done(_)))
    };
    let wrong_key = look_ups(sent(Attempt::AccessRefused));
    assert_eq!(wrong_key, Some(Action::Done(Conclusion::Rejected)));
    let in_doubt = look_ups(sent(Attempt::Unclear));
    assert_eq!(in_doubt, Some(Action::Done(Conclusion::Unknown)));
}

#[test]
fn a_deadline_that_is_far_away_changes_nothing() {
    let events = [sent(Attempt::NotSent)];
    let actions = actions(settings(false, Some(Duration::from_secs(60))), &events);
    assert_eq!(actions[1], Action::Sleep(MILLIS_100));
}

#[test]
fn a_wrong_key_is_believed_after_four_refusals_in_a_row_and_the_quiet_time() {
    let refused = looked_up(LookedUp::AccessRefused);
    let lost = looked_up(LookedUp::NoResponse);
    let mut events = vec![sent(Attempt::AccessRefused), Event::Slept];
    events.extend([refused, Event::Slept].repeat(4));
    let waits = actions(settings(false, None), &events);
    assert!(matches!(waits[9], Action::Sleep(time) if time > Duration::from_secs(2)), "{waits:?}");
    assert_eq!(waits[10], LOOK_UP);

    // Two, one without a response, and two more are not four in a row.
    let events = [
        sent(Attempt::AccessRefused),
        Event::Slept,
        refused,
        Event::Slept,
        refused,
        Event::Slept,
        lost,
        Event::Slept,
        refused,
        Event::Slept,
        refused,
    ];
    assert!(matches!(actions(settings(false, None), &events)[11], Action::Sleep(_)));
}

#[test]
fn a_look_up_waits_as_long_as_the_gateway_asks() {
    let busy = Event::LookedUp { outcome: LookedUp::NoResponse, retry_after: Some(Duration::from_secs(7)) };
    let events = [sent(Attempt::RefusedByHistory), busy];
    assert_eq!(actions(settings(false, None), &events)[2], Action::Sleep(Duration::from_secs(7)));
}

#[test]
fn a_look_up_that_stalls_until_time_is_up_is_followed_by_the_last() {
    let deadline = Duration::from_secs(60);
    let (mut machine, _) = Machine::new(settings(false, Some(deadline)));
    let lost = looked_up(LookedUp::NoResponse);
    machine.step(sent(Attempt::RefusedByHistory), PROMPT, 0, || true);
    for _ in 0..2 {
        assert!(matches!(machine.step(lost, PROMPT, 0, || true), Action::Sleep(_)));
        machine.step(Event::Slept, PROMPT, 0, || true);
    }
    let last_call = Duration::from_secs(57);
    assert_eq!(machine.step(lost, last_call, 0, || true), Action::Sleep(Duration::ZERO));
    let look_up = machine.step(Event::Slept, last_call, 0, || true);
    assert_eq!(look_up, Action::LookUp { within: Some(Duration::from_secs(3)) });
    assert_eq!(machine.step(lost, deadline, 0, || true), Action::Done(Conclusion::Unknown));
}
