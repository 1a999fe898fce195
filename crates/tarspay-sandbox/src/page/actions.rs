//! Steps that are taken by a button: the same methods of [`Sandbox`] as the control API calls.

use super::problem::Problem;
use super::{Values, callbacks, cashier, html, orders, see_other, show};
use crate::{CallbackId, Sandbox};
use axum::response::Response;
use tarspay_types::{Amount, PayOrderId};

const REASON: &str = "asked for on the page of the sandbox";

/// What a form was refused with, for the page that shows it again.
pub(super) struct Refused {
    pub(super) message: String,
    /// The amount that was entered, if it is the amount that is wrong.
    pub(super) amount: Option<String>,
}

pub(super) fn post(sandbox: &Sandbox, segments: &[&str], form: &Values) -> Result<Response, Problem> {
    let [place, id, step] = segments else { return Err(Problem::not_found("There is no such page.")) };
    let id = show::order_id(id)?;
    let taken = match *place {
        "pay" => by_payer(sandbox, &id, step, form),
        _ => by_owner(sandbox, &id, step, form),
    };
    let problem = match taken {
        Ok(()) => return Ok(see_other(&format!("/{place}/{id}"))),
        Err(problem) if problem.leaves_the_page() => problem,
        Err(problem) => return Err(problem),
    };
    let is_amount = *step == "partial" && problem.status == axum::http::StatusCode::BAD_REQUEST;
    let amount = is_amount.then(|| form.get("amount").unwrap_or_default().to_owned());
    let refused = Refused { message: problem.message, amount };
    let page = match *place {
        "pay" => cashier::page(sandbox, &id, Some(&refused))?,
        _ => orders::page(sandbox, &id, Some(&refused))?,
    };
    Ok(html(problem.status, &page))
}

/// A payer can do something about an order only while it waits for him. Should it end between this look and the step, the
/// step is refused or, as a late payment, taken: the page shows which.
fn by_payer(sandbox: &Sandbox, id: &PayOrderId, step: &str, form: &Values) -> Result<(), Problem> {
    if !matches!(step, "pay" | "partial" | "fail" | "expire") {
        return Err(Problem::not_found("There is no such button."));
    }
    let order = cashier::deposit(sandbox, id)?;
    if !order.state.is_pending() {
        let state = show::state_name(order.state);
        return Err(Problem::conflict(format!(
            "Nothing was done: the order had come to an end before your click. It is {state}."
        )));
    }
    by_owner(sandbox, id, step, form)
}

fn by_owner(sandbox: &Sandbox, id: &PayOrderId, step: &str, form: &Values) -> Result<(), Problem> {
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
    if !callbacks::of_order(sandbox, order)?.iter().any(|known| known.id == callback) {
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
