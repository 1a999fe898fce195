//! The overview, and the lists of merchants, callbacks and events.

use super::layout::{self, PAGE};
use super::{before, orders};
use crate::callback::{Attempt, CallbackStatus, OutgoingCallback};
use crate::event::{Event, EventKind};
use crate::merchant::{MerchantStatus, RegisteredMerchant};
use crate::sandbox::Sandbox;
use crate::web::{OperatorRequest, Refused};
use maud::{Markup, html};
use tarspay_types::{Currency, ErrorCode, PayOrderId};

/// How much of each list the overview shows, so that a phone's reader gets to the end.
const BEGINNING: usize = 8;

const AT_ONCE: usize = 50;

pub(super) fn overview(it: &OperatorRequest) -> Result<Markup, Refused> {
    let sandbox = &it.sandbox;
    let some_merchants = sandbox.merchants_after("", PAGE)?;
    let latest_orders = sandbox.orders_before(i64::MAX, PAGE)?;
    let latest_callbacks = sandbox.callbacks_before(i64::MAX, PAGE)?;
    let events = latest(sandbox, i64::MAX);
    Ok(layout::page(
        "Overview",
        "/",
        &html! {
            h1 { "Sandbox" }
            p {
                "The gateway's address is " code { (sandbox.base_url()) } ". "
                a href="/_sandbox/openapi.json" { "All its calls as an OpenAPI document" }
            }
            section aria-labelledby="orders" {
                h2 #orders { "Orders" }
                p #changed hidden { a href="/" { "Something has changed: show it" } }
                (orders::table(beginning(&latest_orders)))
                (all("/orders", "All orders", latest_orders.len()))
            }
            section aria-labelledby="callbacks" {
                h2 #callbacks { "Callbacks" }
                (callback_list(beginning(&latest_callbacks), false))
                (all("/callbacks", "All callbacks", latest_callbacks.len()))
            }
            section aria-labelledby="merchants" {
                h2 #merchants { "Merchants" }
                (merchant_list(beginning(&some_merchants)))
                (all("/merchants", "All merchants", some_merchants.len()))
            }
            section aria-labelledby="events" {
                h2 #events { "Log" }
                (live(&events))
                p { a href="/log" { "The whole log" } }
            }
        },
    ))
}

fn beginning<T>(list: &[T]) -> &[T] {
    &list[..list.len().min(BEGINNING)]
}

fn all(path: &str, name: &str, count: usize) -> Markup {
    html! { @if count > BEGINNING { p { a href=(path) { (name) } } } }
}

pub(super) fn merchants(it: &OperatorRequest) -> Result<Markup, Refused> {
    let after = it.input.text("after")?.unwrap_or_default();
    let merchants = it.sandbox.merchants_after(after, PAGE)?;
    let next = layout::last_of_full(&merchants).map(|last| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("after", last.merchant_no.as_str()).finish()
    });
    let list = merchant_list(&merchants);
    Ok(layout::list("Merchants", "/merchants", &list, after.is_empty(), next.as_deref()))
}

fn merchant_list(merchants: &[RegisteredMerchant]) -> Markup {
    html! {
        @if merchants.is_empty() { p.empty { "No merchant here." } }
        @for merchant in merchants { (merchant_card(merchant)) }
    }
}

fn merchant_card(merchant: &RegisteredMerchant) -> Markup {
    let (tone, status) = match merchant.status {
        MerchantStatus::Active => ("good", "active"),
        MerchantStatus::Disabled => ("bad", "disabled"),
        MerchantStatus::NotAuthenticated => ("mind", "not authenticated"),
    };
    html! {
        article.card aria-label=(merchant.merchant_no.as_str()) {
            p.name { b { (merchant.merchant_no.as_str()) } " " span.badge.(tone) { (status) } }
            @for key in &merchant.keys {
                p.signature {
                    span.quiet { "Public key" @if key.disabled { ", disabled" } } " " code { (key.public_key.to_string()) }
                }
            }
            @if merchant.balances.is_empty() { p.empty { "No balance yet." } }
            @else {
                ul.balances aria-label={ "Balances of " (merchant.merchant_no.as_str()) } {
                    @for balance in &merchant.balances {
                        li {
                            span.currency { (balance.currency.as_ref().map_or("any currency", Currency::as_str)) } " "
                            span.money { (balance.available.to_string()) }
                            @if !balance.frozen.is_zero() { " " span.quiet { (balance.frozen.to_string()) " frozen" } }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn callbacks(it: &OperatorRequest) -> Result<Markup, Refused> {
    let before = before(it)?;
    let callbacks = it.sandbox.callbacks_before(before, PAGE)?;
    let next = layout::last_of_full(&callbacks).map(|last| format!("before={}", last.id));
    let list = callback_list(&callbacks, false);
    Ok(layout::list("Callbacks", "/callbacks", &list, before == i64::MAX, next.as_deref()))
}

pub(super) fn callback_list(callbacks: &[OutgoingCallback], is_open: bool) -> Markup {
    html! {
        @if callbacks.is_empty() { p.empty { "No callback here. One is sent when an order is paid, also in part, or fails." } }
        @for callback in callbacks {
            details.callback open[is_open] {
                summary {
                    span { "No. " (callback.id) } " "
                    (status(callback)) " "
                    span.quiet { "reports" } " " (layout::state(callback.state)) " "
                    span.quiet { "of" } " " span.id { (callback.pay_order_id.as_str()) }
                }
                (details(callback))
            }
        }
    }
}

fn status(callback: &OutgoingCallback) -> Markup {
    let (tone, name) = match callback.status {
        CallbackStatus::Due => ("open", "due"),
        CallbackStatus::Delivered => ("good", "delivered"),
        CallbackStatus::Parked => ("bad", "parked"),
        CallbackStatus::Undeliverable => ("bad", "undeliverable"),
    };
    html! { span.badge.(tone) { (name) } }
}

fn details(callback: &OutgoingCallback) -> Markup {
    let OutgoingCallback { attempts, attempt_count, .. } = callback;
    let hidden = *attempt_count - attempts.len() as u64;
    html! {
        dl.facts {
            div { dt { "Order" } dd { a href={ "/orders/" (callback.pay_order_id) } { (callback.pay_order_id.as_str()) } } }
            div { dt { "To" } dd { code { (callback.url.as_str()) } } }
            div { dt { "Due since" } dd { (layout::time(callback.created_at)) } }
            @if let Some(at) = callback.next_at { div { dt { "Next attempt" } dd { (layout::time(at)) } } }
            @if let Some(reason) = &callback.reason { div { dt { "Reason" } dd { (reason) } } }
            div.wide { dt { "Signed body" } dd { code { (callback.body.as_str()) } } }
        }
        @if hidden > 0 { p.quiet { "The latest " (attempts.len()) " of " (attempt_count) " attempts:" } }
        ol.attempts start=(hidden + 1) { @for attempt in attempts { (attempt_item(attempt)) } }
        form method="post" action={ "/orders/" (callback.pay_order_id) "/resend" } {
            input type="hidden" name="callback" value=(callback.id);
            button { "Send no. " (callback.id) " again" }
        }
    }
}

fn attempt_item(attempt: &Attempt) -> Markup {
    html! {
        li {
            p {
                (layout::time(attempt.at)) " "
                @if attempt.is_delivered() { span.badge.good { "HTTP 200 OK" } }
                @else if let Some(status) = attempt.http_status {
                    span.badge.bad { "HTTP " (status) } " "
                    @if let Some(response) = &attempt.response { "responded " code { (response.as_str()) } }
                } @else { span.badge.bad { "no response" } " " (attempt.error.as_deref().unwrap_or_default()) }
            }
            p.signature { span.quiet { "Signature" } " " code { (attempt.signature.to_string()) } }
        }
    }
}

pub(super) fn log(it: &OperatorRequest) -> Result<Markup, Refused> {
    let before = before(it)?;
    let events = latest(&it.sandbox, before);
    let next = events.last().filter(|last| events.len() == AT_ONCE && last.number > 1);
    let next = next.map(|last| format!("before={}", last.number));
    let is_first = before == i64::MAX;
    let list = if is_first {
        live(&events)
    } else {
        html! { ol.log { @for event in &events { (item(event)) } } }
    };
    Ok(layout::list("Log", "/log", &list, is_first, next.as_deref()))
}

/// The newest events, the newest first.
fn latest(sandbox: &Sandbox, before: i64) -> Vec<Event> {
    sandbox.events_before(u64::try_from(before).unwrap_or(0), AT_ONCE)
}

/// The list that the script adds to.
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
    let events = latest(&it.sandbox, i64::MAX);
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
        EventKind::Reset => html! { span.badge { "sandbox" } " is back in its initial state" },
        EventKind::Failed { message } => html! { span.badge.bad { "sandbox" } " " (message) },
    }
}

fn link(id: &PayOrderId) -> Markup {
    html! { a href={ "/orders/" (id) } { (id.as_str()) } }
}
