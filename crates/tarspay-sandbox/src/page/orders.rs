//! Orders for their owner: the list, and one with its life, its callbacks and every step it can take.

use super::actions::Refused;
use super::layout::{self, Tab};
use super::problem::Problem;
use super::{AT_ONCE, callbacks, cashier, show};
use crate::store::orders::Record;
use crate::store::pages;
use crate::{Error, Order, Sandbox, life, plan};
use maud::{Markup, html};
use tarspay_types::{BizType, OrderState, PayOrderId};

pub(super) fn list_page(sandbox: &Sandbox, before: i64) -> Result<Markup, Problem> {
    let records = latest(sandbox, before)?;
    let next = super::callbacks::next(&records, |record| record.id);
    Ok(layout::page(
        "Orders",
        Tab::Orders,
        &html! {
            h1 { "Orders" }
            (table(&records))
            (layout::paging("Pages of orders", "/orders", before == i64::MAX, next.as_deref()))
        },
    ))
}

/// The newest before a number of the store.
pub(super) fn latest(sandbox: &Sandbox, before: i64) -> Result<Vec<Record>, Problem> {
    Ok(sandbox.engine.store.run(move |tx| {
        plan::catch_up(tx)?;
        Ok::<_, Error>(pages::orders(tx, before, AT_ONCE)?)
    })?)
}

// A table whose rows become cards on a narrow screen; the roles keep it a table for screen readers then.
pub(super) fn table(records: &[Record]) -> Markup {
    html! {
        @if records.is_empty() { p.empty { "No order here. Your program creates them, signed, as at the real gateway." } }
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
                tbody role="rowgroup" { @for record in records { (row(&record.order)) } }
            }
        }
    }
}

fn row(order: &Order) -> Markup {
    html! {
        tr role="row" {
            td role="cell" data-label="Order" {
                a href={ "/orders/" (order.pay_order_id) } { (order.pay_order_id.as_str()) }
                span.quiet { (direction(order)) " · " (order.way_code.as_str()) }
            }
            td role="cell" data-label="Merchant" {
                span { (order.merchant_no.as_str()) }
                span.quiet { (order.merchant_order_no.as_str()) }
            }
            td role="cell" data-label="Amount" { (show::money(order.amount, &order.currency)) }
            td role="cell" data-label="State" { (show::state(order.state)) }
            td role="cell" data-label="Created" { (show::time(order.created_at)) }
        }
    }
}

fn direction(order: &Order) -> &'static str {
    if order.direction == BizType::WITHDRAWAL { "withdrawal" } else { "deposit" }
}

pub(super) fn page(sandbox: &Sandbox, id: &PayOrderId, refused: Option<&Refused>) -> Result<Markup, Problem> {
    let order = sandbox.order(id)?;
    let is_deposit = order.direction != BizType::WITHDRAWAL;
    Ok(layout::page(
        &format!("Order {id}"),
        Tab::Orders,
        &html! {
            h1 { span.quiet { (direction(&order)) " " } (id.as_str()) }
            @if let Some(refused) = refused { p.alert #refused role="alert" { (refused.message) } }
            section.card {
                p.headline { span.big { (show::money(order.amount, &order.currency)) } " " (show::state(order.state)) }
                dl.facts {
                    div { dt { "Merchant" } dd { (order.merchant_no.as_str()) } }
                    div { dt { "Merchant order number" } dd { (order.merchant_order_no.as_str()) } }
                    div { dt { "Way" } dd { code { (order.way_code.as_str()) } } }
                    div { dt { "Paid" } dd { (show::money(order.pay_amount, &order.currency)) } }
                    div { dt { "Fee" } dd { (show::money(order.fee, &order.currency)) } }
                    div { dt { "Created" } dd { (show::time(order.created_at)) } }
                    @if let (true, Some(at)) = (order.state.is_pending(), order.expires_at) { div { dt { "Expires unpaid" } dd { (show::time(at)) } } }
                    @if let Some(id) = &order.trx_id { div { dt { "Transaction" } dd { code { (id.as_str()) } } } }
                    div { dt { "Callbacks go to" } dd { code { (order.notify_url.as_str()) } } }
                }
                @if is_deposit { p { a href={ "/pay/" (id) } { "Its cashier page" } } }
            }
            (steps(&order, refused))
            section aria-labelledby="life" {
                h2 #life { "Its life" }
                ol.steps {
                    @for step in sandbox.history(id)? {
                        li {
                            (show::time(step.at)) " " (show::state(step.to))
                            @if let Some(reason) = &step.reason { " " span.quiet { (reason.as_str()) } }
                        }
                    }
                }
            }
            section aria-labelledby="callbacks" {
                h2 #callbacks { "Callbacks" }
                (callbacks::list(&callbacks::of_order(sandbox, id)?, true))
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
            section aria-labelledby="steps" {
                h2 #steps { "What can happen now" }
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
