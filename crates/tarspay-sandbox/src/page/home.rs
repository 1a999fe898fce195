//! The first page: how to start, what has happened, the clock, and a callback to try a receiver.

use super::lists::{attempt_item, callback_list, merchant_list};
use super::{layout, log, orders};
use crate::callback::{CallbackFilter, TestCallback};
use crate::order::OrderFilter;
use crate::sandbox::Sandbox;
use crate::web::{OperatorRequest, Refused};
use maud::{Markup, html};
use std::time::Duration;

/// How much of each list the page shows, so that a phone's reader gets to the end.
const BEGINNING: u32 = 8;

/// How far the clock can be put forward by a button, in seconds.
const STEPS: &[(u64, &str)] = &[
    (60, "1 minute"),
    (30 * 60, "30 minutes"),
    (3600, "1 hour"),
    (24 * 3600, "1 day"),
    (15 * 24 * 3600, "15 days"),
];

/// What a test callback can report.
const REPORTS: &[(u8, &str)] = &[(2, "2 success"), (9, "9 partly paid"), (3, "3 failed")];

pub(super) fn overview(it: &OperatorRequest) -> Result<Markup, Refused> {
    let sandbox = &it.sandbox;
    let latest = OrderFilter { limit: BEGINNING, ..OrderFilter::default() };
    let latest_orders = sandbox.orders_before(i64::MAX, latest)?;
    let latest = CallbackFilter { limit: BEGINNING, ..CallbackFilter::default() };
    let latest_callbacks = sandbox.callbacks_before(i64::MAX, latest)?;
    let some_merchants = sandbox.merchants_after("", BEGINNING)?;
    Ok(layout::page(
        "Overview",
        "/",
        &html! {
            h1 { "Sandbox" }
            (start(sandbox))
            section aria-labelledby="events" {
                h2 #events { "Log" }
                p #changed hidden { a href="/" { "Something has changed: show it" } }
                (log::newest(sandbox))
                p { a href="/calls" { "All calls" } " · " a href="/log" { "The whole log" } }
            }
            section aria-labelledby="orders" {
                h2 #orders { "Orders" }
                (orders::table(&latest_orders))
                (all("/orders", "All orders", latest_orders.len()))
            }
            section aria-labelledby="callbacks" {
                h2 #callbacks { "Callbacks" }
                (callback_list(&latest_callbacks, false))
                (all("/callbacks", "All callbacks", latest_callbacks.len()))
            }
            div.beside {
                section aria-labelledby="clock" { h2 #clock { "Clock" } (clock(sandbox)) }
                section aria-labelledby="test" { h2 #test { "Test callback" } (test_form("", None)) }
            }
            section aria-labelledby="merchants" {
                h2 #merchants { "Merchants" }
                (merchant_list(&some_merchants))
                (all("/merchants", "All merchants", some_merchants.len()))
            }
        },
    ))
}

fn all(path: &str, name: &str, count: usize) -> Markup {
    html! { @if count == BEGINNING as usize { p { a href=(path) { (name) } } } }
}

fn start(sandbox: &Sandbox) -> Markup {
    let (merchant, key) = (sandbox.merchant(), sandbox.merchant().private_key().public_key());
    html! {
        section.card aria-labelledby="start" {
            h2 #start { "How to start" }
            p { "In another terminal, this sets what " code { "tarspay" } " and your program read, and makes a first call:" }
            pre { "eval \"$(tarspay sandbox env)\"\ntarspay balance" }
            dl.facts {
                div { dt { "Gateway: TARSPAY_API_URL" } dd { code { (sandbox.base_url()) } } }
                div { dt { "Merchant: TARSPAY_MERCHANT_ID" } dd { code { (merchant.merchant_no().as_str()) } } }
                div.wide {
                    dt { "Key that checks callbacks: TARSPAY_SYSTEM_PUBLIC_KEY" }
                    dd { code { (sandbox.system_public_key().to_string()) } }
                }
                div.wide { dt { "Merchant's public key, as in X-API-KEY" } dd { code { (key.to_string()) } } }
                div.wide {
                    dt { "Merchant's private key: TARSPAY_PRIVATE_KEY" }
                    dd { "only in the terminal: " code { "tarspay sandbox env" } }
                }
            }
            details {
                summary { "More of the command" }
                pre {
                    "tarspay sandbox pay ORDER              # or part, fail, refund, reject, expire\n"
                    "tarspay sandbox fault add drop_connection --after-commit\n"
                    "tarspay sandbox scenario run paid-later\n"
                    "tarspay sandbox log --follow"
                }
                p {
                    "Programs in any language do the same over HTTP, under "
                    code { (sandbox.base_url()) "/_sandbox/" } ". "
                    a href="/_sandbox/openapi.json" { "The gateway's calls as an OpenAPI document" }
                }
            }
        }
    }
}

fn clock(sandbox: &Sandbox) -> Markup {
    let clock = sandbox.clock();
    html! {
        p { (layout::time(clock.now())) @if clock.is_frozen() { " " span.badge.mind { "frozen" } } }
        form.field method="post" action="/clock/advance" {
            select name="seconds" aria-label="How far" {
                @for (seconds, name) in STEPS { option value=(seconds) { (name) } }
            }
            button { "Advance" }
        }
        @let (step, name) = if clock.is_frozen() { ("resume", "Resume") } else { ("freeze", "Freeze") };
        form method="post" action={ "/clock/" (step) } { button { (name) } }
        p.quiet { "What is due by then happens now: deposits time out, callbacks are sent again." }
    }
}

/// Changes the clock.
pub(super) fn change_clock(it: &OperatorRequest) -> Result<(), Refused> {
    let clock = it.sandbox.clock();
    match it.id.as_str() {
        "advance" => {
            let seconds = it.input.number("seconds")?;
            let seconds = seconds.ok_or_else(|| "\"seconds\" is missing".to_owned())?;
            clock.advance(Duration::from_secs(seconds));
        }
        "freeze" => clock.freeze(),
        "resume" => clock.resume(),
        _ => return Err(super::no_such("button")),
    }
    Ok(())
}

fn test_form(url: &str, refused: Option<&str>) -> Markup {
    html! {
        @if let Some(message) = refused { p.alert #refused role="alert" { (message) } }
        form.test method="post" action="/callbacks/test" {
            label for="url" { "Your server's address for callbacks" }
            input #url name="url" inputmode="url" autocomplete="off" maxlength="200" required value=(url)
                placeholder="http://127.0.0.1:8080/notify" aria-invalid=[refused.map(|_| "true")]
                aria-describedby=[refused.map(|_| "refused")];
            div.field {
                select name="state" aria-label="State that it reports" {
                    @for (state, name) in REPORTS { option value=(state) { (name) } }
                }
                button { "Send" }
            }
        }
        p.quiet { "It is signed as all others, about an order that does not exist. A server should respond with HTTP 200 and OK." }
    }
}

/// What came of a test callback, with the form for another one; `None`: nothing was sent yet.
pub(super) fn tested(url: &str, sent: Option<&Result<TestCallback, Refused>>) -> Markup {
    let refused = sent.and_then(|sent| sent.as_ref().err()).map(|refused| super::sentence(&refused.message));
    let content = html! {
        h1 { "Test callback" }
        @if let Some(Ok(sent)) = sent {
            section.card {
                ol.attempts { (attempt_item(&sent.attempt)) }
                dl.facts {
                    div.wide { dt { "To" } dd { code { (sent.url.as_str()) } } }
                    div.wide { dt { "Signed body" } dd { code { (sent.body.as_str()) } } }
                }
            }
        }
        (test_form(url, refused.as_deref()))
    };
    layout::page("Test callback", "/callbacks", &content)
}
