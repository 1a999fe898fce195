//! The lists of merchants and callbacks.

use super::before;
use super::layout::{self, PAGE, Search};
use crate::callback::{Attempt, CallbackFilter, CallbackStatus, OutgoingCallback};
use crate::input::wrong;
use crate::merchant::{MerchantStatus, RegisteredMerchant};
use crate::web::{OperatorRequest, Refused};
use maud::{Markup, html};
use tarspay_types::Currency;

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

pub(super) fn merchant_list(merchants: &[RegisteredMerchant]) -> Markup {
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
                            span.money { (layout::grouped(balance.available)) }
                            @if !balance.frozen.is_zero() { " " span.quiet { (layout::grouped(balance.frozen)) " frozen" } }
                        }
                    }
                }
            }
        }
    }
}

const STATUSES: &[(&str, &str)] =
    &[("due", "Due"), ("delivered", "Delivered"), ("parked", "Parked"), ("undeliverable", "Undeliverable")];

pub(super) fn callbacks(it: &OperatorRequest) -> Result<Markup, Refused> {
    let (before, search) = (before(it)?, Search::of(it)?);
    let status = search.only().map(str::parse).transpose().map_err(|error| wrong("only", error))?;
    let filter = CallbackFilter { status, text: search.text(), limit: PAGE, ..CallbackFilter::default() };
    let callbacks = it.sandbox.callbacks_before(before, filter)?;
    let next = layout::last_of_full(&callbacks).map(|last| search.query("before", last.id));
    let list = html! {
        (search.form("Part of an order's number", "All statuses", STATUSES))
        (callback_list(&callbacks, false))
    };
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

pub(super) fn attempt_item(attempt: &Attempt) -> Markup {
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
