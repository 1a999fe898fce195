//! The log, and of it the calls alone: both can be searched.

use super::before;
use super::layout::{self, Search};
use crate::event::{Event, EventKind};
use crate::sandbox::Sandbox;
use crate::web::{OperatorRequest, Refused};
use maud::{Markup, html};
use tarspay_types::{ErrorCode, PayOrderId};

const AT_ONCE: usize = 50;

/// What is listed: all events, or calls.
const OUTCOMES: &[(&str, &str)] = &[("refused", "Refused"), ("accepted", "Accepted")];

pub(super) fn log(it: &OperatorRequest) -> Result<Markup, Refused> {
    list(it, "Log", "/log", &[], |_, _| true)
}

pub(super) fn calls(it: &OperatorRequest) -> Result<Markup, Refused> {
    list(it, "Calls", "/calls", OUTCOMES, |event, only| match &event.kind {
        EventKind::Called { code, .. } => only.is_none_or(|only| (only == "refused") != code.is_success()),
        _ => false,
    })
}

fn list(
    it: &OperatorRequest,
    title: &str,
    path: &str,
    choices: &[(&str, &str)],
    is_listed: fn(&Event, Option<&str>) -> bool,
) -> Result<Markup, Refused> {
    let (before, search) = (before(it)?, Search::of(it)?);
    let words = search.text().unwrap_or_default().to_lowercase();
    let events = latest(&it.sandbox, before, |event| {
        is_listed(event, search.only()) && (words.is_empty() || item(event).0.to_lowercase().contains(&words))
    });
    let next = events.last().filter(|last| events.len() == AT_ONCE && last.number > 1);
    let next = next.map(|last| search.query("before", last.number));
    let is_first = before == i64::MAX;
    let is_live = is_first && path == "/log" && search.text().is_none();
    let content = html! {
        (search.form("Path, number or text", "All outcomes", choices))
        @if is_live { (live(&events)) }
        @else if events.is_empty() { p.empty { "Nothing is found." } }
        @else { ol.log { @for event in &events { (item(event)) } } }
    };
    Ok(layout::list(title, path, &content, is_first, next.as_deref()))
}

/// The newest events that fit, the newest first.
fn latest(sandbox: &Sandbox, before: i64, fits: impl Fn(&Event) -> bool) -> Vec<Event> {
    sandbox.events_before(u64::try_from(before).unwrap_or(0), AT_ONCE, fits)
}

/// The list that the script adds to.
pub(super) fn newest(sandbox: &Sandbox) -> Markup {
    live(&latest(sandbox, i64::MAX, |_| true))
}

fn live(events: &[Event]) -> Markup {
    html! {
        p.empty #no-events hidden[!events.is_empty()] { "Nothing has happened yet." }
        ol.log #log role="log" tabindex="0" aria-live="polite" aria-label="Events, the newest first" data-at-most=(AT_ONCE) {
            @for event in events { (item(event)) }
        }
    }
}

/// Items for the script: what came after this event, the newest first.
pub(super) fn news(it: &OperatorRequest) -> Result<Markup, Refused> {
    let after = it.input.number("after")?.unwrap_or(0);
    let events = latest(&it.sandbox, i64::MAX, |event| event.number > after);
    Ok(html! { @for event in &events { (item(event)) } })
}

fn item(event: &Event) -> Markup {
    html! { li data-number=(event.number) { (layout::time(event.at)) " " span.what { (words(event.number, &event.kind)) } } }
}

fn words(number: u64, kind: &EventKind) -> Markup {
    match kind {
        EventKind::Called { path, merchant_order_no, code, message, explanation, warning, .. } => html! {
            @if *code == ErrorCode::SUCCESS { span.badge.good { "0" } } @else { span.badge.bad { (code.code()) } }
            " " a href={ "/calls/" (number) } { code { (path) } }
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
        EventKind::Reset => html! { span.badge { "sandbox" } " is back in its initial state" },
        EventKind::Failed { message } => html! { span.badge.bad { "sandbox" } " " (message) },
    }
}

fn link(id: &PayOrderId) -> Markup {
    html! { a href={ "/orders/" (id) } { (id.as_str()) } }
}
