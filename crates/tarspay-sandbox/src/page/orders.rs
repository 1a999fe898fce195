//! Orders for the operator: the list, and one with its history, its callbacks and its actions.

use super::layout::{self, PAGE, Search};
use super::{before, cashier, lists, no_such, order_id, see_other, sentence};
use crate::callback::CallbackId;
use crate::life;
use crate::order::{Order, OrderFilter, direction_name};
use crate::web::{OperatorRequest, Refused};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tarspay_types::{Amount, BizType, OrderState};

const REASON: &str = "requested on the page of the sandbox";

pub(super) type Taking = fn(&OperatorRequest) -> Result<(), Refused>;

/// A form that was refused, for the page that shows it again.
pub(super) struct Again {
    message: String,
    /// The amount that was entered, if the amount is wrong.
    amount: Option<String>,
}

pub(super) fn list(it: &OperatorRequest) -> Result<Markup, Refused> {
    let (before, search) = (before(it)?, Search::of(it)?);
    let state = search.only().map(str::parse).transpose();
    let state: Option<i64> = state.map_err(|_| "\"only\" must be the code of a state".to_owned())?;
    let state = state.map(OrderState::from_code);
    let filter = OrderFilter { state, text: search.text(), limit: PAGE, ..OrderFilter::default() };
    let orders = it.sandbox.orders_before(before, filter)?;
    let next = layout::last_of_full(&orders).map(|(number, _)| search.query("before", number));
    let states = STATES.map(|state| (state.code().to_string(), layout::state_name(state)));
    let states = states.each_ref().map(|(code, name)| (code.as_str(), *name));
    let list = html! { (search.form("Part of an order's number", "All states", &states)) (table(&orders)) };
    Ok(layout::list("Orders", "/orders", &list, before == i64::MAX, next.as_deref()))
}

const STATES: [OrderState; 8] = [
    OrderState::CREATING,
    OrderState::PROCESSING,
    OrderState::SUCCESS,
    OrderState::FAILED,
    OrderState::REFUNDED,
    OrderState::TIMED_OUT,
    OrderState::REJECTED,
    OrderState::PARTLY_PAID,
];

/// Takes a step; if it is refused for itself alone, the page that it was taken on is shown again.
pub(super) fn post(it: &OperatorRequest, place: &str, take: Taking) -> Result<Response, Refused> {
    let refused = match take(it) {
        Ok(()) => return Ok(see_other(place, &order_id(it)?)),
        Err(refused) if matches!(refused.status, StatusCode::BAD_REQUEST | StatusCode::CONFLICT) => refused,
        Err(refused) => return Err(refused),
    };
    let is_amount = it.step == "partial" && refused.status == StatusCode::BAD_REQUEST;
    let amount = is_amount.then(|| entered(it)).transpose()?;
    let again = Some(&Again { message: sentence(&refused.message), amount });
    let page = if place == "pay" { cashier::page(it, again)? } else { page(it, again)? };
    Ok(layout::html(refused.status, &page))
}

fn entered(it: &OperatorRequest) -> Result<String, Refused> {
    Ok(it.input.text("amount")?.unwrap_or_default().to_owned())
}

pub(super) fn by_operator(it: &OperatorRequest) -> Result<(), Refused> {
    let (sandbox, id) = (&it.sandbox, &order_id(it)?);
    match it.step.as_str() {
        "pay" => sandbox.pay(id)?,
        "partial" => {
            let amount = Amount::parse(entered(it)?.trim()).map_err(|_| {
                "the amount must be a decimal number such as 12 or 12.50, without a currency".to_owned()
            })?;
            sandbox.pay_partially(id, amount)?
        }
        "fail" => sandbox.fail(id, REASON)?,
        "reject" => sandbox.reject(id, REASON)?,
        "refund" => sandbox.refund(id)?,
        "expire" => sandbox.expire(id)?,
        "resend" => {
            let callback = it.input.number("callback")?.map(CallbackId::from_number);
            let known = sandbox.callbacks_of(id)?;
            let callback = known.iter().find(|known| Some(known.id) == callback);
            sandbox.resend(callback.ok_or_else(|| no_such("callback of this order"))?.id)?;
            return Ok(());
        }
        _ => return Err(no_such("button")),
    };
    Ok(())
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
                            th.number[name == "Amount"] role="columnheader" scope="col" { (name) }
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
            td.number role="cell" data-label="Amount" { (layout::money(order.amount, &order.currency)) }
            td role="cell" data-label="State" { (layout::state(order.state)) }
            td role="cell" data-label="Created" { (layout::time(order.created_at)) }
        }
    }
}

pub(super) fn alert(again: Option<&Again>) -> Markup {
    html! { @if let Some(again) = again { p.alert #refused role="alert" { (again.message) } } }
}

/// The form for a part of the amount, with what was entered before if it was refused.
pub(super) fn partial(action: &str, order: &Order, again: Option<&Again>) -> Markup {
    let entered = again.and_then(|again| again.amount.as_deref());
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
                p.quiet #part-hint { "More than 0 and less than " (layout::grouped(rest)) "." }
            }
        }
    }
}

pub(super) fn page(it: &OperatorRequest, again: Option<&Again>) -> Result<Markup, Refused> {
    let id = &order_id(it)?;
    let order = it.sandbox.order(id)?;
    let is_deposit = order.direction != BizType::WITHDRAWAL;
    Ok(layout::page(
        &format!("Order {id}"),
        "/orders",
        &html! {
            h1 { span.quiet { (direction_name(order.direction)) " " } (id.as_str()) }
            (alert(again))
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
            (steps(&order, again))
            section aria-labelledby="history" {
                h2 #history { "History" }
                ol.steps {
                    @for step in it.sandbox.history(id)? {
                        li {
                            (layout::time(step.at)) " " (layout::state(step.to))
                            @if let Some(reason) = &step.reason { " " span.quiet { (reason.as_str()) } }
                        }
                    }
                }
            }
            section aria-labelledby="callbacks" {
                h2 #callbacks { "Callbacks" }
                (lists::callback_list(&it.sandbox.callbacks_of(id)?, true))
            }
        },
    ))
}

/// A button for every step that the order can take from where it stands.
fn steps(order: &Order, again: Option<&Again>) -> Markup {
    const STEPS: &[(OrderState, &str, &str)] = &[
        (OrderState::SUCCESS, "pay", "Pay"),
        (OrderState::FAILED, "fail", "Fail"),
        (OrderState::REJECTED, "reject", "Reject"),
        (OrderState::TIMED_OUT, "expire", "Expire"),
        (OrderState::REFUNDED, "refund", "Refund"),
    ];
    let possible = STEPS.iter().filter(|(to, _, _)| life::can_come_to(order, *to));
    let to = |step: &str| format!("/orders/{}/{step}", order.pay_order_id);
    html! {
        @if STEPS.iter().any(|(to, _, _)| life::can_come_to(order, *to)) {
            section aria-labelledby="actions" {
                h2 #actions { "Actions" }
                div.others {
                    @for (_, step, name) in possible { form method="post" action=(to(step)) { button { (name) } } }
                }
                @if life::can_come_to(order, OrderState::PARTLY_PAID) {
                    (partial(&to("partial"), order, again))
                }
            }
        }
    }
}
