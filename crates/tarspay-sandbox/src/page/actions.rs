//! The steps of an order that have a button.

use super::layout::{self, html, see_other};
use super::request::{Problem, Refused, Target, Values};
use super::{cashier, orders};
use crate::callback::CallbackId;
use crate::sandbox::Sandbox;
use axum::http::StatusCode;
use axum::response::Response;
use tarspay_types::{Amount, PayOrderId};

const REASON: &str = "requested on the page of the sandbox";

/// Takes a step of an order.
pub(super) type Step = fn(&Sandbox, &PayOrderId, &str, &Values) -> Result<(), Problem>;

/// Takes a step; if it is refused for itself alone, the page that it was taken on is shown again.
pub(super) fn post(
    sandbox: &Sandbox,
    place: &str,
    target: &Target,
    form: &Values,
    take: Step,
) -> Result<Response, Problem> {
    let id = target.order()?;
    let problem = match take(sandbox, &id, &target.step, form) {
        Ok(()) => return Ok(see_other(&format!("/{place}/{id}"))),
        Err(problem) if problem.leaves_the_page() => problem,
        Err(problem) => return Err(problem),
    };
    let is_amount = target.step == "partial" && problem.status == StatusCode::BAD_REQUEST;
    let amount = is_amount.then(|| form.get("amount").unwrap_or_default().to_owned());
    let refused = Refused { message: problem.message, amount };
    let page = match place {
        "pay" => cashier::page(sandbox, &id, Some(&refused))?,
        _ => orders::page(sandbox, &id, Some(&refused))?,
    };
    Ok(html(problem.status, &page))
}

/// A payer can act on an order only while it waits for them. Should it end between this look and the step, the
/// step is refused or, as a late payment, taken: the page shows which.
pub(super) fn by_payer(sandbox: &Sandbox, id: &PayOrderId, step: &str, form: &Values) -> Result<(), Problem> {
    if !matches!(step, "pay" | "partial" | "fail" | "expire") {
        return Err(Problem::not_found("There is no such button."));
    }
    let order = cashier::deposit(sandbox, id)?;
    if !order.state.is_pending() {
        let state = layout::state_name(order.state);
        return Err(Problem::conflict(format!(
            "Nothing was done: the order had ended before your click. It is {state}."
        )));
    }
    by_operator(sandbox, id, step, form)
}

pub(super) fn by_operator(
    sandbox: &Sandbox,
    id: &PayOrderId,
    step: &str,
    form: &Values,
) -> Result<(), Problem> {
    match step {
        "pay" => sandbox.pay(id)?,
        "partial" => sandbox.pay_partially(id, amount(form)?)?,
        "fail" => sandbox.fail(id, REASON)?,
        "reject" => sandbox.reject(id, REASON)?,
        "refund" => sandbox.refund(id)?,
        "expire" => sandbox.expire(id)?,
        "resend" => return resend(sandbox, id, form),
        _ => return Err(Problem::not_found("There is no such button.")),
    };
    Ok(())
}

fn resend(sandbox: &Sandbox, order: &PayOrderId, form: &Values) -> Result<(), Problem> {
    let unknown = || Problem::not_found("This order has no such callback.");
    let callback = CallbackId::from_number(form.number("callback")?.ok_or_else(unknown)?);
    if !sandbox.callbacks_of(order)?.iter().any(|known| known.id == callback) {
        return Err(unknown());
    }
    sandbox.resend(callback)?;
    Ok(())
}

fn amount(form: &Values) -> Result<Amount, Problem> {
    let text = form.get("amount").unwrap_or_default().trim();
    Amount::parse(text).map_err(|_| {
        Problem::wrong("The amount must be a decimal number such as 12 or 12.50, without a currency.")
    })
}
