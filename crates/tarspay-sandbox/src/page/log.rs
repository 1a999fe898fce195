//! The event log, with the explanation of each refused signature.

use super::layout::{self, Tab};
use super::request::{Problem, Target, Values};
use crate::event::{Event, EventKind};
use crate::sandbox::Sandbox;
use maud::{Markup, html};
use tarspay_types::{ErrorCode, PayOrderId};

/// How many events are shown at a time.
const AT_ONCE: usize = 50;

pub(super) fn page(sandbox: &Sandbox, before: i64) -> Markup {
    let events = latest(sandbox, before);
    let next = events.last().filter(|last| events.len() == AT_ONCE && last.number > 1);
    let next = next.map(|last| format!("before={}", last.number));
    let is_first = before == i64::MAX;
    layout::page(
        "Log",
        Tab::Log,
        &html! {
            h1 { "Log" }
            @if is_first { (live(&events)) } @else { ol.log { @for event in &events { (item(event)) } } }
            (layout::paging("Pages of the log", "/log", is_first, next.as_deref()))
        },
    )
}

/// The newest events, the newest first.
pub(super) fn latest(sandbox: &Sandbox, before: i64) -> Vec<Event> {
    sandbox.events_before(u64::try_from(before).unwrap_or(0), AT_ONCE)
}

/// The list that the script adds to.
pub(super) fn live(events: &[Event]) -> Markup {
    html! {
        p.empty #no-events hidden[!events.is_empty()] { "Nothing has happened yet." }
        ol.log #log role="log" tabindex="0" aria-live="polite" aria-label="Events, the newest first" data-at-most=(AT_ONCE) {
            @for event in events { (item(event)) }
        }
    }
}

/// Items for the script: what came after this event, the newest first.
pub(super) fn news(sandbox: &Sandbox, _: &Target, query: &Values) -> Result<Markup, Problem> {
    let after = query.number("after")?.unwrap_or(0);
    let events = latest(sandbox, i64::MAX);
    Ok(html! { @for event in events.iter().filter(|event| event.number > after) { (item(event)) } })
}

fn item(event: &Event) -> Markup {
    html! { li data-number=(event.number) { (layout::time(event.at)) " " span.what { (words(&event.kind)) } } }
}

fn words(kind: &EventKind) -> Markup {
    match kind {
        EventKind::Called { path, merchant_order_no, code, message, explanation, warning, .. } => html! {
            @if *code == ErrorCode::SUCCESS { span.badge.good { "0" } } @else { span.badge.bad { (code.code()) } }
            " " code { (path) }
            @if let Some(number) = merchant_order_no { " " span.quiet { (number.as_str()) } }
            @if *code != ErrorCode::SUCCESS { " " (message) }
            @if let Some(warning) = warning { " " span.badge.mind { "warning" } " " (warning) }
            @if let Some(explanation) = explanation {
                details {
                    summary { "Why the signature was refused: " code { (explanation.names) } }
                    pre { (explanation.details) }
                }
            }
        },
        EventKind::StateChanged { pay_order_id, from, to } => html! {
            (link(pay_order_id)) " "
            @if let Some(from) = from { "from " (layout::state(*from)) " to " } @else { "is new: " }
            (layout::state(*to))
        },
        EventKind::Warned { pay_order_id, message } => html! {
            span.badge.mind { "warning" } " " (link(pay_order_id)) " " (message)
        },
        EventKind::CallbackAttempted { callback, pay_order_id, delivered, outcome } => html! {
            span.badge.(if *delivered { "good" } else { "bad" }) { "callback" }
            " no. " (callback) " of " (link(pay_order_id)) ": " (outcome)
        },
        EventKind::CallbackGivenUp { callback, pay_order_id, reason } => html! {
            span.badge.bad { "callback" } " no. " (callback) " of " (link(pay_order_id)) " is given up: " (reason)
        },
        EventKind::FaultApplied { what, .. } => html! { span.badge.mind { "fault" } " " (what) },
        EventKind::ScenarioTook { pay_order_id, scenario } => html! {
            span.badge { "scenario" } " " (scenario) " takes " (link(pay_order_id))
        },
        EventKind::ScenarioSkipped { pay_order_id, scenario, step, reason } => html! {
            span.badge.mind { "scenario" } " " (scenario) " of " (link(pay_order_id)) " skips " (step) ": " (reason)
        },
        EventKind::ScenarioFaultApplied { pay_order_id, scenario, what } => html! {
            span.badge.mind { "scenario" } " " (scenario) " of " (link(pay_order_id)) ": " (what)
        },
        EventKind::ForgerySent { callback, pay_order_id, believed, outcome } => html! {
            span.badge.(if *believed { "bad" } else { "good" }) { "forgery" }
            " beside callback no. " (callback) " of " (link(pay_order_id))
            (if *believed { " was believed: " } else { " was not believed: " }) (outcome)
        },
        EventKind::Reset => html! { span.badge { "sandbox" } " is back at its first day" },
        EventKind::Failed { message } => html! { span.badge.bad { "sandbox" } " " (message) },
    }
}

fn link(id: &PayOrderId) -> Markup {
    html! { a href={ "/orders/" (id) } { (id.as_str()) } }
}
