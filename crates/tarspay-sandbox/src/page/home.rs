//! The overview: the beginning of every list.

use super::layout::{self, Tab};
use super::problem::Problem;
use super::{AT_ONCE, callbacks, log, merchants, orders};
use crate::Sandbox;
use maud::{Markup, html};

pub(super) fn page(sandbox: &Sandbox) -> Result<Markup, Problem> {
    let accounts = merchants::some(sandbox, "")?;
    let latest_orders = orders::latest(sandbox, i64::MAX)?;
    let latest_callbacks = callbacks::latest(sandbox, i64::MAX)?;
    let events = log::latest(sandbox, i64::MAX);
    let is_full = |shown: usize| shown == AT_ONCE;
    Ok(layout::page(
        "Overview",
        Tab::Home,
        &html! {
            h1 { "Sandbox" }
            p { "The gateway's address is " code { (sandbox.base_url()) } "." }
            section aria-labelledby="orders" {
                h2 #orders { "Orders" }
                p #changed hidden { a href="/" { "Something has changed: show it" } }
                (orders::table(&latest_orders))
                @if is_full(latest_orders.len()) { p { a href="/orders" { "All orders" } } }
            }
            section aria-labelledby="callbacks" {
                h2 #callbacks { "Callbacks" }
                (callbacks::list(&latest_callbacks, false))
                @if is_full(latest_callbacks.len()) { p { a href="/callbacks" { "All callbacks" } } }
            }
            section aria-labelledby="merchants" {
                h2 #merchants { "Merchants" }
                (merchants::list(sandbox, &accounts))
                @if is_full(accounts.len()) { p { a href="/merchants" { "All merchants" } } }
            }
            section aria-labelledby="events" {
                h2 #events { "Log" }
                (log::live(&events))
                p { a href="/log" { "The whole log" } }
            }
        },
    ))
}
