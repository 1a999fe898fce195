//! The overview: the first entries of every list.

use super::layout::{self, PAGE, Tab};
use super::request::Problem;
use super::{callbacks, log, merchants, orders};
use crate::sandbox::Sandbox;
use maud::{Markup, html};

/// How much of each list is shown, so that a phone's reader gets to the end.
const BEGINNING: usize = 8;

pub(super) fn page(sandbox: &Sandbox) -> Result<Markup, Problem> {
    let some_merchants = sandbox.merchants_after("", PAGE)?;
    let latest_orders = sandbox.orders_before(i64::MAX, PAGE)?;
    let latest_callbacks = sandbox.callbacks_before(i64::MAX, PAGE)?;
    let events = log::latest(sandbox, i64::MAX);
    Ok(layout::page(
        "Overview",
        Tab::Home,
        &html! {
            h1 { "Sandbox" }
            p { "The gateway's address is " code { (sandbox.base_url()) } "." }
            section aria-labelledby="orders" {
                h2 #orders { "Orders" }
                p #changed hidden { a href="/" { "Something has changed: show it" } }
                (orders::table(beginning(&latest_orders)))
                (all("/orders", "All orders", latest_orders.len()))
            }
            section aria-labelledby="callbacks" {
                h2 #callbacks { "Callbacks" }
                (callbacks::list(beginning(&latest_callbacks), false))
                (all("/callbacks", "All callbacks", latest_callbacks.len()))
            }
            section aria-labelledby="merchants" {
                h2 #merchants { "Merchants" }
                (merchants::list(beginning(&some_merchants)))
                (all("/merchants", "All merchants", some_merchants.len()))
            }
            section aria-labelledby="events" {
                h2 #events { "Log" }
                (log::live(&events))
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
