//! The state machine of a placing: the next action, from the events so far. It does no I/O and has
//! no clock.
//!
//! Each attempt and each look-up ends in one row of these tables. `place.rs` maps responses to
//! rows.
//!
//! | an attempt came to | the order | next |
//! |---|---|---|
//! | [`Created`](Attempt::Created) | exists | done: created |
//! | [`NotSent`](Attempt::NotSent) | as before | send again |
//! | [`Refused`](Attempt::Refused): the request itself | as before | done: rejected; in doubt: settle |
//! | [`RefusedByHistory`](Attempt::RefusedByHistory): number exists, balance too low, unknown codes | may exist | settle |
//! | [`AccessRefused`](Attempt::AccessRefused): signature, IP address, disabled, expired | may exist: a second copy has a used nonce, or came from another address | look up, send again |
//! | [`Trouble`](Attempt::Trouble): -1 and its like, HTTP 429, HTTP 5xx with any code | may exist | look up, send again |
//! | [`Unclear`](Attempt::Unclear): no readable response, code 0 without data, another order or amount | may exist | look up, send again |
//!
//! | a look-up came to | next |
//! |---|---|
//! | [`Found`](LookedUp::Found) | done: recovered; already existed if the first thing heard was a refusal by history |
//! | [`NotFound`](LookedUp::NotFound), believed | send again; when settling: rejected if the last attempt was refused, else unknown |
//! | [`NotFound`](LookedUp::NotFound), not believed | a deposit is sent again; else wait for the quiet time, look up again |
//! | [`AccessRefused`](LookedUp::AccessRefused), and so was every attempt | look up again; four in a row, the last after the quiet time: rejected, such as for a wrong key |
//! | [`NoResponse`](LookedUp::NoResponse) | look up again, a few times; when time is up, a last time; then unknown |
//!
//! *Settle* means: nothing more is sent, and look-ups decide. "No such order" is *believed* when
//! the quiet time has passed since something was sent last, because until then a copy of it can
//! still arrive. When attempts, time or the retry budget are used up, what is in doubt is settled.
//! A deadline keeps time for a last look-up.

use crate::RetryPolicy;
use std::time::Duration;

/// The result of an attempt to create the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Code 0 with this order, as asked for.
    Created,
    /// No byte left this machine.
    NotSent,
    /// A code that refuses the request itself, or our own check.
    Refused,
    /// A code that an order that exists can cause.
    RefusedByHistory,
    /// The signature, or all calls of this merchant, key or address, were refused.
    AccessRefused,
    /// The gateway reports a temporary problem.
    Trouble,
    /// Sent, without a reliable response.
    Unclear,
}

/// The result of a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookedUp {
    /// The order, by its number.
    Found,
    /// The gateway does not find the order.
    NotFound,
    /// As [`Attempt::AccessRefused`].
    AccessRefused,
    /// Anything else.
    NoResponse,
}

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// An attempt has ended. `retry_after` is the time that the gateway asked for.
    Sent {
        outcome: Attempt,
        retry_after: Option<Duration>,
    },
    LookedUp {
        outcome: LookedUp,
        retry_after: Option<Duration>,
    },
    Slept,
}

/// What to do next. `within` is the time that is left for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Send { within: Option<Duration> },
    LookUp { within: Option<Duration> },
    Sleep(Duration),
    Done(Conclusion),
}

/// How a placing ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conclusion {
    Created,
    /// The order was found; an attempt without a clear response made it.
    Recovered,
    /// The order was found, and no attempt is known to have made it.
    AlreadyExisted,
    /// The order does not exist: the last attempt was refused.
    Rejected,
    /// The order does not exist: nothing was sent.
    NotSent,
    Unknown,
}

/// The settings of a placing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) policy: RetryPolicy,
    /// How long after it was sent a copy of a request can still reach the gateway, or be missing
    /// from its responses.
    pub(super) quiet_time: Duration,
    pub(super) deadline: Option<Duration>,
    /// Whether "no such order" must be believed before the order is sent again: for withdrawals, and
    /// for an order that cannot be sent again.
    pub(super) cautious: bool,
}

/// The number of look-ups in a row without access after which nobody has any, such as with a wrong
/// key. One could be the second copy of a look-up.
const NO_ACCESS: u32 = 4;

/// The number of look-ups without a response after which the outcome counts as unknown.
const NO_RESPONSE: u32 = 3;

/// The time that a deadline keeps for the last look-up, or a quarter of it if that is less.
const LAST_LOOK_UP: Duration = Duration::from_secs(3);

#[derive(Clone, Debug)]
pub(super) struct Machine {
    settings: Settings,
    attempts: u32,
    /// The last attempt that this placing sent.
    last: Option<Attempt>,
    /// When something was last sent.
    sent_at: Duration,
    /// `None`: no attempt can have made the order. Else how it ends if the order is found.
    doubt: Option<Conclusion>,
    /// All that was sent so far was refused access.
    only_refused_access: bool,
    /// Whether the order is sent again when the gateway does not find it.
    send_again: bool,
    looked_up_at: Duration,
    /// The look-up under way is the last.
    is_last: bool,
    refused_look_ups: u32,
    silent_look_ups: u32,
    /// The action after a sleep.
    then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Send,
    LookUp,
}

impl Machine {
    /// An order that was never sent, and the first action.
    pub(super) fn new(settings: Settings) -> (Self, Action) {
        let machine = Self {
            settings,
            attempts: 0,
            last: None,
            sent_at: Duration::ZERO,
            doubt: None,
            only_refused_access: true,
            send_again: true,
            looked_up_at: Duration::ZERO,
            is_last: false,
            refused_look_ups: 0,
            silent_look_ups: 0,
            then: Then::Send,
        };
        let action = machine.send(Duration::ZERO);
        (machine, action)
    }

    /// An order that may have been sent before. It is looked up first.
    pub(super) fn resume(settings: Settings) -> (Self, Action) {
        let (mut machine, _) = Self::new(settings);
        machine.doubt = Some(Conclusion::Recovered);
        machine.only_refused_access = false;
        let action = machine.look_up(Duration::ZERO);
        (machine, action)
    }

    /// The action after an event. `now` counts from the beginning, `random` spreads the waits, and
    /// `take_retry` takes one attempt from the budget, if there is one.
    pub(super) fn step(
        &mut self,
        event: Event,
        now: Duration,
        random: u64,
        take_retry: impl FnOnce() -> bool,
    ) -> Action {
        match event {
            Event::Sent { outcome, retry_after } => {
                self.attempts += 1;
                self.sent(outcome, now, |machine| {
                    let wait = machine.settings.policy.wait(machine.attempts, random);
                    let wait = wait.max(retry_after.unwrap_or_default());
                    let allowed = machine.attempts < machine.settings.policy.max_attempts()
                        && machine.last_call().is_none_or(|end| now.saturating_add(wait) < end)
                        && take_retry();
                    allowed.then_some(wait)
                })
            }
            Event::LookedUp { outcome, retry_after } => {
                let retry_after = retry_after.unwrap_or_default();
                self.looked_up(outcome, now, |policy, look_ups| {
                    policy.wait(look_ups, random).max(retry_after)
                })
            }
            Event::Slept if self.then == Then::Send => self.send(now),
            Event::Slept => self.look_up(now),
        }
    }

    fn sent(
        &mut self,
        outcome: Attempt,
        now: Duration,
        wait_to_send_again: impl FnOnce(&Self) -> Option<Duration>,
    ) -> Action {
        if outcome != Attempt::NotSent {
            self.last = Some(outcome);
            self.sent_at = now;
            self.only_refused_access &= outcome == Attempt::AccessRefused;
        }
        match outcome {
            Attempt::Created => return Action::Done(Conclusion::Created),
            Attempt::Refused if self.doubt.is_none() => return Action::Done(Conclusion::Rejected),
            Attempt::RefusedByHistory => self.doubt = self.doubt.or(Some(Conclusion::AlreadyExisted)),
            Attempt::AccessRefused | Attempt::Trouble | Attempt::Unclear => {
                self.doubt = Some(Conclusion::Recovered);
            }
            Attempt::NotSent | Attempt::Refused => {}
        }
        self.send_again = false;
        if matches!(outcome, Attempt::Refused | Attempt::RefusedByHistory) {
            return self.look_up(now);
        }
        match (wait_to_send_again(self), self.doubt) {
            (None, None) => Action::Done(Conclusion::NotSent),
            (None, Some(_)) => self.look_up(now),
            (Some(wait), None) => self.sleep(wait, Then::Send, now),
            (Some(wait), Some(_)) => {
                self.send_again = true;
                self.sleep(wait, Then::LookUp, now)
            }
        }
    }

    fn looked_up(
        &mut self,
        outcome: LookedUp,
        now: Duration,
        wait: impl FnOnce(&RetryPolicy, u32) -> Duration,
    ) -> Action {
        let quiet_at = self.sent_at.saturating_add(self.settings.quiet_time);
        let believed = self.looked_up_at >= quiet_at;
        match outcome {
            LookedUp::Found => {
                return Action::Done(self.doubt.unwrap_or(Conclusion::AlreadyExisted));
            }
            LookedUp::NotFound => {
                self.only_refused_access = false;
                if self.send_again && (believed || !self.settings.cautious) && self.has_time(now) {
                    return self.send(now);
                }
                if !believed && !self.is_last {
                    return self.sleep(quiet_at.saturating_sub(now), Then::LookUp, now);
                }
                let refused = !matches!(self.last, None | Some(Attempt::Unclear));
                let conclusion = if believed && refused { Conclusion::Rejected } else { Conclusion::Unknown };
                return Action::Done(conclusion);
            }
            LookedUp::AccessRefused if self.only_refused_access => {
                self.refused_look_ups += 1;
                if self.refused_look_ups >= NO_ACCESS && !self.is_last {
                    return if believed {
                        Action::Done(Conclusion::Rejected)
                    } else {
                        self.sleep(quiet_at.saturating_sub(now), Then::LookUp, now)
                    };
                }
            }
            LookedUp::AccessRefused | LookedUp::NoResponse => {
                self.refused_look_ups = 0;
                self.silent_look_ups += 1;
            }
        }
        let enough = self.settings.policy.max_attempts().max(NO_RESPONSE);
        if self.is_last || self.silent_look_ups >= enough && self.has_time(now) {
            return Action::Done(Conclusion::Unknown);
        }
        let look_ups = self.refused_look_ups.max(self.silent_look_ups);
        let wait = wait(&self.settings.policy, look_ups);
        self.sleep(wait, Then::LookUp, now)
    }

    /// When the time ends in which anything but the last look-up is begun.
    fn last_call(&self) -> Option<Duration> {
        self.settings.deadline.map(|deadline| deadline.saturating_sub(LAST_LOOK_UP.min(deadline / 4)))
    }

    /// Whether there is time for more than the last look-up.
    fn has_time(&self, now: Duration) -> bool {
        self.last_call().is_none_or(|end| now < end)
    }

    fn send(&self, now: Duration) -> Action {
        match self.last_call() {
            Some(end) if now >= end => Action::Done(Conclusion::NotSent),
            end => Action::Send { within: end.map(|end| end.saturating_sub(now)) },
        }
    }

    fn look_up(&mut self, now: Duration) -> Action {
        self.looked_up_at = now;
        let end = self.last_call().filter(|end| now < *end);
        self.is_last = end.is_none() && self.settings.deadline.is_some();
        let end = end.or(self.settings.deadline);
        Action::LookUp { within: end.map(|end| end.saturating_sub(now)) }
    }

    /// Sleeps, but not beyond the time of the last look-up.
    fn sleep(&mut self, wait: Duration, then: Then, now: Duration) -> Action {
        self.then = then;
        let left = self.last_call().map(|end| end.saturating_sub(now));
        Action::Sleep(left.map_or(wait, |left| wait.min(left)))
    }
}
