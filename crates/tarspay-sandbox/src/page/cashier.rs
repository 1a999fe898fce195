//! The cashier page, which `payUrl` points to: the amount to pay, and a button for each action of the payer.

use super::layout;
use super::request::{Problem, Refused, Target};
use crate::gateway::deposit_response::{pay_data, pay_url};
use crate::life;
use crate::order::Order;
use crate::sandbox::Sandbox;
use maud::{Markup, html};
use qrcode::{Color, QrCode};
use std::fmt::Write as _;
use tarspay_types::{BizType, OrderState, PayOrderId, WayCode, market};

/// The empty border that readers of QR codes need, in modules.
const QUIET: usize = 4;

/// The deposit with this number.
pub(super) fn deposit(sandbox: &Sandbox, id: &PayOrderId) -> Result<Order, Problem> {
    let order = sandbox.order(id)?;
    if order.direction == BizType::WITHDRAWAL {
        return Err(Problem::not_found("This order is a withdrawal, and a withdrawal has no cashier page."));
    }
    Ok(order)
}

/// Shows a deposit. A payer who comes to the page has opened it; whoever only loads it is not a payer.
pub(super) fn visit(sandbox: &Sandbox, target: &Target) -> Result<Markup, Problem> {
    let id = target.order()?;
    if deposit(sandbox, &id)?.state == OrderState::CREATING && target.is_navigation {
        sandbox.open_cashier(&id)?;
    }
    page(sandbox, &id, None)
}

/// The page of a deposit as it stands.
pub(super) fn page(sandbox: &Sandbox, id: &PayOrderId, refused: Option<&Refused>) -> Result<Markup, Problem> {
    let order = deposit(sandbox, id)?;
    let amount = layout::money(order.amount, &order.currency);
    let title = format!("Pay {} {}", order.amount, order.currency.as_str());
    let content = html! {
        section.card.cashier {
            h1 { span.quiet { @if order.state.is_pending() { "To pay " } @else { "Order of " } } span.big { (amount) } }
            @if let Some(refused) = refused { p.alert #refused role="alert" { (refused.message) } }
            @if order.state.is_pending() {
                (how(sandbox, &order))
                (facts(&order))
                (buttons(&order, refused))
            } @else {
                (outcome(&order))
                (facts(&order))
            }
        }
    };
    let footer = html! { p { a href={ "/orders/" (id) } { "This order in the sandbox" } } };
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

fn buttons(order: &Order, refused: Option<&Refused>) -> Markup {
    let to = |step: &str| format!("/pay/{}/{step}", order.pay_order_id);
    let entered = refused.and_then(|refused| refused.amount.as_deref());
    html! {
        h2.unseen { "As the payer" }
        form method="post" action=(to("pay")) {
            button.primary { "Pay " (layout::money(order.amount, &order.currency)) }
        }
        (partial(&to("partial"), order, entered))
        div.others {
            form method="post" action=(to("fail")) { button { "Fail" } }
            form method="post" action=(to("expire")) { button { "Expire" } }
        }
    }
}

/// The form for a part of the amount, with what was entered before if it was refused.
pub(super) fn partial(action: &str, order: &Order, entered: Option<&str>) -> Markup {
    let described = if entered.is_some() { "refused part-hint" } else { "part-hint" };
    html! {
        form.partial method="post" action=(action) {
            label for="part" { "Pay only a part, in " (order.currency.as_str()) }
            div.field {
                input #part name="amount" inputmode="decimal" autocomplete="off" maxlength="40" required
                    value=[entered] aria-invalid=[entered.map(|_| "true")] aria-describedby=(described);
                button { "Pay this part" }
            }
            @if let Ok(rest) = life::rest(order) {
                p.quiet #part-hint { "More than 0 and less than " (rest.to_string()) "." }
            }
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
