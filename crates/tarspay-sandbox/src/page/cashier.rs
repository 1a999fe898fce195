//! The cashier page, which `payUrl` points to: the amount to pay, and a button for each action of the payer.

use super::orders::{self, Again};
use super::{header, layout, no_such, order_id};
use crate::gateway::deposit_response::{pay_data, pay_url};
use crate::order::Order;
use crate::sandbox::Sandbox;
use crate::web::{OperatorRequest, Refused};
use axum::http::{Method, StatusCode, request::Parts};
use maud::{Markup, html};
use qrcode::{Color, QrCode};
use std::fmt::Write as _;
use tarspay_types::{BizType, OrderState, WayCode, market};

/// The empty border that readers of QR codes need, in modules.
const QUIET: usize = 4;

/// The deposit that the path names.
fn deposit(it: &OperatorRequest) -> Result<Order, Refused> {
    let order = it.sandbox.order(&order_id(it)?)?;
    if order.direction == BizType::WITHDRAWAL {
        let message = "this order is a withdrawal, and a withdrawal has no cashier page";
        return Err(Refused::unknown("unknown_page", message));
    }
    Ok(order)
}

/// Shows a deposit. A payer who comes to the page has opened it; whoever only loads it is not a payer.
pub(super) fn visit(it: &OperatorRequest) -> Result<Markup, Refused> {
    let order = deposit(it)?;
    if order.state == OrderState::CREATING && is_navigation(&it.head) {
        it.sandbox.open_cashier(&order.pay_order_id)?;
    }
    page(it, None)
}

/// Whether a person or a program opens the page: not an image, a script or a frame of another page, not a look ahead.
fn is_navigation(head: &Parts) -> bool {
    // Programs do not send these headers, and browsers send `Sec-Fetch-Dest` only to hosts that they trust, such as
    // loopback. Browsers look ahead with `prefetch` or `prefetch;prerender`.
    head.method == Method::GET
        && header(head, "sec-fetch-dest").map_or_else(|| accepts_a_page(head), |kind| kind == "document")
        && ["sec-purpose", "purpose", "x-moz"].iter().all(|name| header(head, name).is_none())
}

/// Whether a page is what `Accept` asks for: `text/html`, or `*/*` beside no type of an image, a video or a style.
fn accepts_a_page(head: &Parts) -> bool {
    let Some(accept) = header(head, "accept").map(str::to_ascii_lowercase) else { return true };
    let names = |kind: &str| accept.contains(kind);
    names("text/html") || names("*/*") && !["image/", "video/", "audio/", "text/css"].into_iter().any(names)
}

/// A payer can act on an order only while it waits for them. Should it end between this look and the step, the
/// step is refused or, as a late payment, taken: the page shows which.
pub(super) fn by_payer(it: &OperatorRequest) -> Result<(), Refused> {
    if !matches!(it.step.as_str(), "pay" | "partial" | "fail" | "expire") {
        return Err(no_such("button"));
    }
    let order = deposit(it)?;
    if !order.state.is_pending() {
        let state = layout::state_name(order.state);
        let message = format!("nothing was done: the order had ended before your click. It is {state}");
        return Err(Refused::new(StatusCode::CONFLICT, "invalid_transition", message));
    }
    orders::by_operator(it)
}

pub(super) fn page(it: &OperatorRequest, again: Option<&Again>) -> Result<Markup, Refused> {
    let order = deposit(it)?;
    let amount = layout::money(order.amount, &order.currency);
    let title = format!("Pay {} {}", order.amount, order.currency.as_str());
    let content = html! {
        section.card.cashier {
            h1 { span.quiet { @if order.state.is_pending() { "To pay " } @else { "Order of " } } span.big { (amount) } }
            (orders::alert(again))
            @if order.state.is_pending() {
                (how(&it.sandbox, &order))
                (facts(&order))
                (buttons(&order, again))
            } @else {
                (outcome(&order))
                (facts(&order))
            }
        }
    };
    let footer = html! { p { a href={ "/orders/" (order.pay_order_id) } { "This order in the sandbox" } } };
    Ok(layout::cashier(&title, &content, &footer))
}

fn facts(order: &Order) -> Markup {
    html! {
        dl.facts {
            @if let Some(market) = market::by_currency(&order.currency) { div { dt { "Market" } dd { (market.name()) } } }
            div { dt { "Way to pay" } dd { code { (order.way_code.as_str()) } } }
            div { dt { "Merchant" } dd { (order.merchant_no.as_str()) } }
            div { dt { "Order number" } dd { (order.merchant_order_no.as_str()) } }
            @if let (true, Some(at)) = (order.state.is_pending(), order.expires_at) {
                div { dt { "Pay until" } dd { (layout::time(at)) } }
            }
        }
    }
}

/// What a payer scans or transfers to, where the way has such a thing.
fn how(sandbox: &Sandbox, order: &Order) -> Markup {
    let url = pay_url(sandbox.base_url(), order);
    let data = pay_data(order, &url);
    if is_scanned(&order.way_code) {
        let label = format!("QR code to pay {} {}", order.amount, order.currency.as_str());
        let picture = picture(data.as_deref().unwrap_or(&url), &label);
        return html! { @if let Some(picture) = picture { figure { (picture) figcaption { "Scan to pay" } } } };
    }
    html! { @if let Some(data) = data { p.transfer { span.quiet { "Pay to" } " " code { (data) } } } }
}

fn buttons(order: &Order, again: Option<&Again>) -> Markup {
    let to = |step: &str| format!("/pay/{}/{step}", order.pay_order_id);
    html! {
        h2.unseen { "As the payer" }
        form method="post" action=(to("pay")) {
            button.primary { "Pay " (layout::money(order.amount, &order.currency)) }
        }
        (orders::partial(&to("partial"), order, again))
        div.others {
            form method="post" action=(to("fail")) { button { "Fail" } }
            form method="post" action=(to("expire")) { button { "Expire" } }
        }
    }
}

fn outcome(order: &Order) -> Markup {
    let (tone, words, more) = match order.state {
        OrderState::SUCCESS => ("good", "Paid", "The merchant gets a callback."),
        OrderState::PARTLY_PAID => ("mind", "Paid in part", "The merchant gets a callback."),
        OrderState::FAILED => ("bad", "The payment failed", "Nothing was paid."),
        OrderState::TIMED_OUT => ("over", "Expired", "Nothing was paid in time."),
        OrderState::REFUNDED => ("over", "Refunded", "The money went back."),
        _ => ("over", "This order has ended", ""),
    };
    html! {
        div.outcome.(tone) role="status" {
            h2 { (words) }
            @if !order.pay_amount.is_zero() { p { (layout::money(order.pay_amount, &order.currency)) " paid in all." } }
            p { (more) }
            p { "State " (layout::state(order.state)) }
        }
        @if let Some(shop) = return_url(order) {
            p { a.button href=(shop) rel="noreferrer" { "Back to the merchant" } }
        }
    }
}

/// Where the merchant wants the payer back, if a browser goes there by a link and runs nothing.
fn return_url(order: &Order) -> Option<String> {
    let url: String = serde_json::from_str(order.request.get("returnUrl")?).ok()?;
    let scheme = url.split_once("://")?.0.to_ascii_lowercase();
    matches!(scheme.as_str(), "http" | "https").then_some(url)
}

/// Whether the payer of this way scans a code: those ways whose documented meaning is a QR (`docs/markets.md`).
fn is_scanned(way: &WayCode) -> bool {
    matches!(way.as_str(), "QR" | "QRIS")
}

/// A picture of this text; `None` if it is too long for one.
fn picture(text: &str, label: &str) -> Option<Markup> {
    let code = QrCode::new(text.as_bytes()).ok()?;
    let width = code.width();
    let side = width + 2 * QUIET;
    let mut dark = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            // Writing to a text cannot fail.
            let _ = write!(dark, "M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET);
        }
    }
    Some(html! {
        svg.qr role="img" aria-labelledby="qr-title" viewBox={ "0 0 " (side) " " (side) } shape-rendering="crispEdges" {
            title #qr-title { (label) }
            rect.light width=(side) height=(side) {}
            path.dark d=(dark) {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{is_scanned, picture};
    use tarspay_types::market::{self, Standing};

    #[test]
    fn a_code_is_drawn_inside_its_quiet_border() {
        let drawn = picture("http://127.0.0.1:1/pay/P1", "the <code>").unwrap().into_string();
        assert!(drawn.contains("<title id=\"qr-title\">the &lt;code&gt;</title>"), "{drawn}");
        // The corner of the upper left finder pattern; nothing is left of it or above it.
        assert!(drawn.contains("M4 4h1v1h-1z"), "{drawn}");
        assert!(!drawn.contains("M3 "), "{drawn}");
    }

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert!(picture(&"x".repeat(5_000), "long").is_none());
    }

    #[test]
    fn three_markets_have_a_way_that_is_scanned() {
        let with_one = market::ALL.iter().filter(|market| {
            let ways = market.deposit().ways().iter();
            ways.filter(|way| way.standing() == Standing::Offered).any(|way| is_scanned(way.code()))
        });
        let names: Vec<_> = with_one.map(|market| market.key()).collect();
        assert_eq!(names, ["indonesia", "philippines", "vietnam"]);
    }
}
