//! Callbacks with the outcome and the signature of each attempt.

use super::layout::{self, PAGE, Tab};
use super::request::Problem;
use crate::callback::{Attempt, CallbackStatus, OutgoingCallback};
use crate::sandbox::Sandbox;
use maud::{Markup, html};

pub(super) fn list_page(sandbox: &Sandbox, before: i64) -> Result<Markup, Problem> {
    let callbacks = sandbox.callbacks_before(before, PAGE)?;
    let next = layout::next(&callbacks, |callback| callback.id.number());
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

pub(super) fn list(callbacks: &[OutgoingCallback], is_open: bool) -> Markup {
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
            div.wide { dt { "Signed body" } dd { code { (callback.body) } } }
        }
        @if hidden > 0 { p.quiet { "The latest " (attempts.len()) " of " (attempt_count) " attempts:" } }
        ol.attempts start=(hidden + 1) { @for attempt in attempts { (one(attempt)) } }
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
                (layout::time(attempt.at)) " "
                @if attempt.is_delivered() { span.badge.good { "HTTP 200 OK" } }
                @else if let Some(status) = attempt.http_status {
                    span.badge.bad { "HTTP " (status) } " "
                    @if let Some(response) = &attempt.response { "responded " code { (response) } }
                } @else { span.badge.bad { "no response" } " " (attempt.error.as_deref().unwrap_or_default()) }
            }
            p.signature { span.quiet { "Signature" } " " code { (attempt.signature.to_string()) } }
        }
    }
}
