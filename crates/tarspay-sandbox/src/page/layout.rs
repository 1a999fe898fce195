//! What all pages have in common: the document, navigation, paging, and how times, states and amounts look.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, html};
use std::fmt::Write as _;
use std::time::SystemTime;
use tarspay_types::{Amount, Currency, OrderState};

/// How many entries a list shows on one page.
pub(super) const PAGE: u32 = 20;

/// Which part of the sandbox a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    None,
    Home,
    Merchants,
    Orders,
    Callbacks,
    Log,
}

const TABS: &[(Tab, &str, &str)] = &[
    (Tab::Home, "/", "Overview"),
    (Tab::Merchants, "/merchants", "Merchants"),
    (Tab::Orders, "/orders", "Orders"),
    (Tab::Callbacks, "/callbacks", "Callbacks"),
    (Tab::Log, "/log", "Log"),
];

/// A page of the sandbox's operator.
pub(super) fn page(title: &str, tab: Tab, content: &Markup) -> Markup {
    document(
        title,
        &html! {
            header.top {
                a.brand href="/" { "TarsPay " span { "sandbox" } }
                nav aria-label="Sandbox" {
                    ul {
                        @for (known, path, name) in TABS {
                            li { a href=(path) aria-current=[(*known == tab).then_some("page")] { (name) } }
                        }
                    }
                }
            }
            main #content { (content) }
            footer { p { "A local gateway for development. No money moves here." } }
        },
    )
}

/// A page of the payer.
pub(super) fn cashier(title: &str, content: &Markup, footer: &Markup) -> Markup {
    document(
        title,
        &html! {
            header.top.narrow { p.brand { "TarsPay " span { "sandbox" } } p.quiet { "no real money" } }
            main #content.narrow { (content) }
            footer.narrow { (footer) }
        },
    )
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · TarsPay sandbox" }
                link rel="icon" href="/page/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/page/style.css";
                script src="/page/log.js" defer {}
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                (body)
            }
        }
    }
}

/// Links to the first page of a list and to the next one.
pub(super) fn paging(name: &str, path: &str, is_first: bool, next: Option<&str>) -> Markup {
    html! {
        @if !is_first || next.is_some() {
            nav.paging aria-label=(name) {
                @if !is_first { a href=(path) { "To the first page" } }
                @if let Some(next) = next { a href={ (path) "?" (next) } rel="next" { "Next page" } }
            }
        }
    }
}

/// The query of the next page of a list, if this one is full.
pub(super) fn next<T>(shown: &[T], number: impl Fn(&T) -> i64) -> Option<String> {
    let last = shown.last().filter(|_| is_full(shown))?;
    Some(format!("before={}", number(last)))
}

pub(super) fn is_full<T>(shown: &[T]) -> bool {
    u32::try_from(shown.len()).is_ok_and(|count| count >= PAGE)
}

/// In UTC, to the second.
pub(super) fn time(at: SystemTime) -> Markup {
    let mut text = String::new();
    if write!(text, "{}", humantime::format_rfc3339_seconds(at)).is_err() {
        // The clock can be put forward without a limit.
        return html! { "after the year 9999" };
    }
    let readable = text.replace('T', " ").replace('Z', " UTC");
    html! { time datetime=(text) { (readable) } }
}

pub(super) fn state_name(state: OrderState) -> &'static str {
    match state {
        OrderState::CREATING => "created",
        OrderState::PROCESSING => "processing",
        OrderState::SUCCESS => "success",
        OrderState::FAILED => "failed",
        OrderState::REFUNDED => "refunded",
        OrderState::TIMED_OUT => "timed out",
        OrderState::REJECTED => "rejected",
        OrderState::PARTLY_PAID => "partly paid",
        _ => "unknown",
    }
}

/// A state with its code. Its colour says nothing that the words do not.
pub(super) fn state(state: OrderState) -> Markup {
    let tone = match state {
        OrderState::CREATING | OrderState::PROCESSING => "open",
        OrderState::SUCCESS => "good",
        OrderState::PARTLY_PAID => "mind",
        OrderState::FAILED | OrderState::REJECTED => "bad",
        _ => "over",
    };
    html! { span.badge.(tone) { (state.code()) " " (state_name(state)) } }
}

pub(super) fn money(amount: Amount, currency: &Currency) -> Markup {
    html! { span.money { (amount.to_string()) " " (currency.as_str()) } }
}

pub(super) fn html(status: StatusCode, page: &Markup) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.0.clone()).into_response()
}

/// After a step: the page of what it has changed, so that loading it again repeats nothing.
pub(super) fn see_other(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}
