//! What an event does to an order. No I/O; the time is that of the database.

use crate::order::{Event, OrderRow, Source};
use std::time::Duration;
use tarspay::types::{News, OrderState, OrderStatus};

/// When to ask for orders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// The shortest and the longest time between two queries for an order that has not ended.
    pub(crate) open: (Duration, Duration),
    /// How often, and for how long, to ask for an order that has ended and can still change.
    pub(crate) ended: (Duration, Duration),
}

/// What an event was to its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    News,
    Superseded,
    Contradiction,
}

impl Verdict {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::News => "news",
            Self::Superseded => "superseded",
            Self::Contradiction => "contradiction",
        }
    }
}

/// `doubt`: the gateway is asked about a contradiction.
const ASK: i64 = 1;
/// `doubt`: a person has looked, so what the gateway says next is believed.
const BELIEVE: i64 = 2;

pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4)
}

/// Takes an event into the order. `asked` is the doubt that the order was in when the query was
/// sent.
pub(crate) fn fold(order: &mut OrderRow, event: &Event, asked: i64, schedule: Schedule) -> Verdict {
    let believed = asked == BELIEVE && event.source == Source::Query && event.status.state.is_ended();
    let difference = if believed { None } else { difference(order, event) };
    if difference.is_none() && event.pay_order_id.is_some() {
        order.pay_order_id.clone_from(&event.pay_order_id);
    }
    if difference.is_none() && exists_after_refusal(order, event) && !is_applying(order) {
        // Nobody has acted on the refusal yet.
        order.status = OrderStatus::new(OrderState::CREATING, None);
        (order.refusal, order.ended_at, order.ask_at) = (None, None, Some(order.now));
    }
    let differs = event.status.state != order.status.state || event.status.paid() != order.status.paid();
    let verdict = match difference {
        Some(difference) => contradiction(order, event, asked, difference),
        None if believed && differs => Verdict::News,
        None => match event.status.news_after(order.status) {
            News::Nothing if is_before_refund(order, event) => {
                contradiction(order, event, asked, "paid, after a refund")
            }
            // Asked for until it has ended.
            News::Nothing if exists_after_refusal(order, event) && order.doubt == 0 => {
                contradiction(order, event, asked, "it exists, after the gateway refused it")
            }
            News::Nothing => Verdict::Superseded,
            News::PaidAmountChanged if event.status.paid() < order.status.paid() => {
                contradiction(order, event, asked, "less paid than before")
            }
            News::StateChanged | News::PaidAmountChanged => Verdict::News,
            _ => contradiction(order, event, asked, "two ends that exclude each other"),
        },
    };
    // It exists, or it was refused. Either way it is not sent again.
    if difference.is_none() {
        order.request = None;
    }
    if verdict != Verdict::Contradiction && asked > 0 && event.status.state.is_ended() {
        order.doubt = 0;
    }
    if verdict == Verdict::News {
        if order.status.state != event.status.state && event.status.state.is_ended() {
            order.ended_at = Some(order.now);
        }
        order.refusal = event.refusal.as_ref().map(|(reason, _)| reason.clone());
        order.status = event.status;
        order.attempts = 0;
        order.apply_at = None;
        order.changed_at = order.now;
    }
    if verdict != Verdict::Superseded
        && let Some(reason) = order.discarded.take()
    {
        order.parked = Some(format!("there is news after it was discarded: {reason}"));
        order.changed_at = order.now;
    }
    if order.ended_at.is_some() || order.discarded.is_some() {
        (order.pay_url, order.pay_data) = (None, None);
    }
    let is_callback = event.source == Source::Callback;
    plan(order, verdict == Verdict::News || !is_callback, schedule);
    // A query says the total of part payments, and what is right in doubt.
    let is_question = match verdict {
        Verdict::Contradiction => true,
        _ => is_callback && (order.doubt > 0 || event.status.state == OrderState::PARTLY_PAID),
    };
    if is_question && !is_held(order) {
        order.ask_at = Some(order.now);
    }
    verdict
}

/// How the event is about another order than the row, as far as both say it.
fn difference(order: &OrderRow, event: &Event) -> Option<&'static str> {
    fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
        one.zip(other).is_some_and(|(one, other)| one != other)
    }
    if differ(order.pay_order_id.as_ref(), event.pay_order_id.as_ref()) {
        Some("another pay order id")
    } else if differ(order.direction.as_ref(), event.direction.as_ref()) {
        Some("another direction")
    } else if differ(order.amount.as_ref(), event.order_amount.as_ref()) {
        Some("another amount")
    } else if differ(order.currency.as_ref(), event.currency.as_ref()) {
        Some("another currency")
    } else {
        None
    }
}

/// Whether the refusal of a placing counts: no other placing can have created the order, and
/// nothing says that it exists. The gateway may refuse one request and accept the next.
pub(crate) fn is_refused(order: &OrderRow, placing: i64) -> bool {
    let is_alone = order.placing == placing && order.others_until.is_none();
    is_alone && order.request.is_some() && order.pay_order_id.is_none() && order.doubt == 0
}

fn exists_after_refusal(order: &OrderRow, event: &Event) -> bool {
    order.refusal.is_some() && event.refusal.is_none() && event.status.state != OrderState::FAILED
}

/// Whether a handler has applied a fact of the order, or may still do so.
fn is_applying(order: &OrderRow) -> bool {
    order.applied.is_some() || order.leased_until.is_some_and(|until| until > order.now)
}

/// A payment that is reported after a refund is late, or the refund was a mistake.
fn is_before_refund(order: &OrderRow, event: &Event) -> bool {
    order.status.state == OrderState::REFUNDED && event.status.state.counts_paid_amount()
}

/// Asks the gateway; if that is what it has answered, or if it cannot be asked, parks the order.
fn contradiction(order: &mut OrderRow, event: &Event, asked: i64, what: &str) -> Verdict {
    if event.source == Source::Query && asked > 0 || order.direction.is_none() {
        order.parked = Some(format!(
            "contradiction: {what} (known: {}, the gateway says: {})",
            order.status.state, event.status.state
        ));
        order.changed_at = order.now;
    }
    order.doubt = order.doubt.max(ASK);
    Verdict::Contradiction
}

fn is_held(order: &OrderRow) -> bool {
    order.parked.is_some() || order.discarded.is_some()
}

/// Sets when to apply and, if `asks_anew`, when to ask.
pub(crate) fn plan(order: &mut OrderRow, asks_anew: bool, schedule: Schedule) {
    let held = is_held(order);
    let is_applied = order
        .applied
        .is_some_and(|applied| applied.state == order.status.state && applied.paid() == order.status.paid());
    let applies = !held && order.doubt == 0 && order.status.state.is_ended() && !is_applied;
    order.apply_at = applies.then(|| {
        let due = order.apply_at.unwrap_or(order.now);
        // While a handler runs, its settling or the end of its lease is waited for.
        order.leased_until.map_or(due, |until| due.max(until))
    });
    if held {
        order.ask_at = None;
    } else if asks_anew {
        order.ask_at = next_question(order, schedule);
    }
}

fn next_question(order: &OrderRow, schedule: Schedule) -> Option<i64> {
    let can_change =
        matches!(order.status.state, OrderState::SUCCESS | OrderState::PARTLY_PAID | OrderState::TIMED_OUT);
    match order.ended_at {
        Some(ended_at) if order.doubt == 0 && order.request.is_none() => {
            let (every, span) = schedule.ended;
            (can_change && order.now - ended_at < millis(span)).then(|| order.now + millis(every))
        }
        // After half of its age, so that each wait is about half as long again as the one before.
        _ => {
            let (least, most) = schedule.open;
            Some(
                order.now + ((order.now - order.placed_at) / 2).clamp(millis(least), millis(most.max(least))),
            )
        }
    }
}
