//! Orders for the operator: the list, and one with its history, its callbacks and its actions.

use super::layout::{self, PAGE, Tab};
use super::request::{Problem, Refused};
use super::{callbacks, cashier};
use crate::life;
use crate::order::{Order, direction_name};
use crate::sandbox::Sandbox;
use maud::{Markup, html};
use tarspay_types::{BizType, OrderState, PayOrderId};

pub(super) fn list_page(sandbox: &Sandbox, before: i64) -> Result<Markup, Problem> {
    let orders = sandbox.orders_before(before, PAGE)?;
    let next = layout::next(&orders, |(number, _)| *number);
    Ok(layout::page(
        "Orders",
        Tab::Orders,
        &html! {
            h1 { "Orders" }
            (table(&orders))
            (layout::paging("Pages of orders", "/orders", before == i64::MAX, next.as_deref()))
        },
    ))
}

// A table whose rows become cards on a narrow screen; the roles keep it a table for screen readers then.
pub(super) fn table(orders: &[(i64, Order)]) -> Markup {
    html! {
        @if orders.is_empty() { p.empty { "No order here. Your program creates them, signed, as at the real gateway." } }
        @else {
            table role="table" {
                caption.unseen { "Orders, the newest first" }
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Order", "Merchant", "Amount", "State", "Created"] {
                            th role="columnheader" scope="col" { (name) }
                        }
                    }
                }
                tbody role="rowgroup" { @for (_, order) in orders { (row(order)) } }
            }
        }
    }
}

fn row(order: &Order) -> Markup {
    html! {
        tr role="row" {
            td role="cell" data-label="Order" {
                a href={ "/orders/" (order.pay_order_id) } { (order.pay_order_id.as_str()) }
                span.quiet { (direction_name(order.direction)) " · " (order.way_code.as_str()) }
            }
            td role="cell" data-label="Merchant" {
                span { (order.merchant_no.as_str()) }
                span.quiet { (order.merchant_order_no.as_str()) }
            }
            td role="cell" data-label="Amount" { (layout::money(order.amount, &order.currency)) }
            td role="cell" data-label="State" { (layout::state(order.state)) }
            td role="cell" data-label="Created" { (layout::time(order.created_at)) }
        }
    }
}

pub(super) fn page(sandbox: &Sandbox, id: &PayOrderId, refused: Option<&Refused>) -> Result<Markup, Problem> {
    let order = sandbox.order(id)?;
    let is_deposit = order.direction != BizType::WITHDRAWAL;
    Ok(layout::page(
        &format!("Order {id}"),
        Tab::Orders,
        &html! {
            h1 { span.quiet { (direction_name(order.direction)) " " } (id.as_str()) }
            @if let Some(refused) = refused { p.alert #refused role="alert" { (refused.message) } }
            section.card {
                p.headline { span.big { (layout::money(order.amount, &order.currency)) } " " (layout::state(order.state)) }
                dl.facts {
                    div { dt { "Merchant" } dd { (order.merchant_no.as_str()) } }
                    div { dt { "Merchant order number" } dd { (order.merchant_order_no.as_str()) } }
                    div { dt { "Way" } dd { code { (order.way_code.as_str()) } } }
                    div { dt { "Paid" } dd { (layout::money(order.pay_amount, &order.currency)) } }
                    div { dt { "Fee" } dd { (layout::money(order.fee, &order.currency)) } }
                    div { dt { "Created" } dd { (layout::time(order.created_at)) } }
                    @if let (true, Some(at)) = (order.state.is_pending(), order.expires_at) { div { dt { "Expires unpaid" } dd { (layout::time(at)) } } }
                    @if let Some(id) = &order.trx_id { div { dt { "Transaction" } dd { code { (id.as_str()) } } } }
                    div { dt { "Callbacks go to" } dd { code { (order.notify_url.as_str()) } } }
                }
                @if is_deposit { p { a href={ "/pay/" (id) } { "Cashier page" } } }
            }
            (steps(&order, refused))
            section aria-labelledby="history" {
                h2 #history { "History" }
                ol.steps {
                    @for step in sandbox.history(id)? {
                        li {
                            (layout::time(step.at)) " " (layout::state(step.to))
                            @if let Some(reason) = &step.reason { " " span.quiet { (reason.as_str()) } }
                        }
                    }
                }
            }
            section aria-labelledby="callbacks" {
                h2 #callbacks { "Callbacks" }
                (callbacks::list(&sandbox.callbacks_of(id)?, true))
            }
        },
    ))
}

/// A button for every step that the order can take from where it stands.
fn steps(order: &Order, refused: Option<&Refused>) -> Markup {
    const STEPS: &[(OrderState, &str, &str)] = &[
        (OrderState::SUCCESS, "pay", "Pay"),
        (OrderState::FAILED, "fail", "Fail"),
        (OrderState::REJECTED, "reject", "Reject"),
        (OrderState::TIMED_OUT, "expire", "Expire"),
        (OrderState::REFUNDED, "refund", "Refund"),
    ];
    let possible = STEPS.iter().filter(|(to, _, _)| life::can_come_to(order, *to));
    let to = |step: &str| format!("/orders/{}/{step}", order.pay_order_id);
    let entered = refused.and_then(|refused| refused.amount.as_deref());
    html! {
        @if STEPS.iter().any(|(to, _, _)| life::can_come_to(order, *to)) {
            section aria-labelledby="actions" {
                h2 #actions { "Actions" }
                div.others {
                    @for (_, step, name) in possible { form method="post" action=(to(step)) { button { (name) } } }
                }
                @if life::can_come_to(order, OrderState::PARTLY_PAID) {
                    (cashier::partial(&to("partial"), order, entered))
                }
            }
        }
    }
}
