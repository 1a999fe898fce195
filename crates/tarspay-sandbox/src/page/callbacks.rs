//! Callbacks for the owner of the sandbox: what became of each attempt, and the signatures that were sent.

use super::layout::{self, Tab};
use super::problem::Problem;
use super::{AT_ONCE, show};
use crate::store::pages;
use crate::{Attempt, CallbackStatus, Error, OutgoingCallback, Sandbox};
use maud::{Markup, html};
use tarspay_types::PayOrderId;

/// How many attempts of a callback are shown: those of one schedule.
const ATTEMPTS: usize = 16;

pub(super) fn list_page(sandbox: &Sandbox, before: i64) -> Result<Markup, Problem> {
    let callbacks = latest(sandbox, before)?;
    let next = next(&callbacks, |callback| callback.id.number());
    Ok(layout::page(
        "Callbacks",
        Tab::Callbacks,
        &html! {
            h1 { "Callbacks" }
            (list(&callbacks, false))
            (layout::paging("Pages of callbacks", "/callbacks", before == i64::MAX, next.as_deref()))
        },
    ))
}

/// The newest before a number.
pub(super) fn latest(sandbox: &Sandbox, before: i64) -> Result<Vec<OutgoingCallback>, Problem> {
    Ok(sandbox.engine.store.run(move |tx| pages::callbacks(tx, before, AT_ONCE).map_err(Error::from))?)
}

pub(super) fn of_order(sandbox: &Sandbox, id: &PayOrderId) -> Result<Vec<OutgoingCallback>, Problem> {
    Ok(sandbox.callbacks_of(id)?)
}

/// The query of the next part of a list, if this one is full.
pub(super) fn next<T>(shown: &[T], number: impl Fn(&T) -> i64) -> Option<String> {
    let last = shown.last().filter(|_| shown.len() == AT_ONCE)?;
    Some(format!("before={}", number(last)))
}

pub(super) fn list(callbacks: &[OutgoingCallback], is_open: bool) -> Markup {
    html! {
        @if callbacks.is_empty() { p.empty { "No callback here. One is owed when an order is paid, in part too, or fails." } }
        @for callback in callbacks {
            details.callback open[is_open] {
                summary {
                    span { "No. " (callback.id) } " "
                    (status(callback)) " "
                    span.quiet { "tells" } " " (show::state(callback.state)) " "
                    span.quiet { "of" } " " span.id { (callback.pay_order_id.as_str()) }
                }
                (details(callback))
            }
        }
    }
}

fn status(callback: &OutgoingCallback) -> Markup {
    let (tone, name) = match callback.status {
        CallbackStatus::Owed => ("open", "owed"),
        CallbackStatus::Delivered => ("good", "delivered"),
        CallbackStatus::Parked => ("bad", "parked"),
        CallbackStatus::Undeliverable => ("bad", "undeliverable"),
    };
    html! { span.badge.(tone) { (name) } }
}

fn details(callback: &OutgoingCallback) -> Markup {
    let OutgoingCallback { attempts, .. } = callback;
    let hidden = attempts.len().saturating_sub(ATTEMPTS);
    html! {
        dl.facts {
            div { dt { "Order" } dd { a href={ "/orders/" (callback.pay_order_id) } { (callback.pay_order_id.as_str()) } } }
            div { dt { "To" } dd { code { (callback.url.as_str()) } } }
            div { dt { "Owed since" } dd { (show::time(callback.created_at)) } }
            @if let Some(at) = callback.next_at { div { dt { "Next attempt" } dd { (show::time(at)) } } }
            @if let Some(reason) = &callback.reason { div { dt { "Why not" } dd { (reason) } } }
            div.wide { dt { "Signed body" } dd { code { (callback.body) } } }
        }
        @if hidden > 0 { p.quiet { "The latest " (ATTEMPTS) " of " (attempts.len()) " attempts:" } }
        ol.attempts start=(hidden + 1) { @for attempt in &attempts[hidden..] { (one(attempt)) } }
        form method="post" action={ "/orders/" (callback.pay_order_id) "/resend" } {
            input type="hidden" name="callback" value=(callback.id);
            button { "Send no. " (callback.id) " again" }
        }
    }
}

fn one(attempt: &Attempt) -> Markup {
    html! {
        li {
            p {
                (show::time(attempt.at)) " "
                @if attempt.is_delivered() { span.badge.good { "HTTP 200 OK" } }
                @else if let Some(status) = attempt.http_status {
                    span.badge.bad { "HTTP " (status) } " "
                    @if let Some(answer) = &attempt.answer { "answered " code { (answer) } }
                } @else { span.badge.bad { "no answer" } " " (attempt.error.as_deref().unwrap_or_default()) }
            }
            p.signature { span.quiet { "Signature" } " " code { (attempt.signature.to_string()) } }
        }
    }
}
