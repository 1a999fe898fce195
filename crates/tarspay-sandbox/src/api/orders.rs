//! The routes of orders and callbacks.

use super::request::Refused;
use crate::callback::{CallbackFilter, CallbackId};
use crate::error::{Error, ErrorKind, with_causes};
use crate::input::{Input, required, wrong};
use crate::order::{Order, OrderFilter};
use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use tarspay_sign::CallbackText;
use tarspay_types::{Amount, OrderState, PayOrderId, TrxId};

pub(super) fn list(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let limit = input.limit()?;
    let mut filter = OrderFilter::new();
    filter.merchant_no = input.parsed("merchant_no")?;
    filter.merchant_order_no = input.parsed("merchant_order_no")?;
    filter.state = input.number::<u8>("state")?.map(|code| OrderState::from_code(code.into()));
    filter.after = input.parsed("after")?;
    // One more shows whether there is another page.
    filter.limit = limit + 1;
    let mut orders = sandbox.find_orders(filter)?;
    let next = cut(&mut orders, limit).map(|last| json!(last.pay_order_id));
    Ok(json!({ "orders": orders, "next": next }))
}

pub(super) fn record_transfer(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let reference: TrxId = required("reference", input.parsed("reference")?)?;
    let amount: Amount = required("amount", input.parsed("amount")?)?;
    let paid = sandbox.record_transfer(&reference, amount)?;
    Ok(json!({ "reference": reference, "amount": amount, "paid": paid }))
}

pub(super) fn one(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    with_history(sandbox, sandbox.order(&known(id)?))
}

pub(super) fn open(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    with_history(sandbox, sandbox.open_cashier(&known(id)?))
}

pub(super) fn pay(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    with_history(sandbox, sandbox.pay(&known(id)?))
}

pub(super) fn partial(sandbox: &Sandbox, id: &str, input: &Input) -> Result<Value, Refused> {
    let amount = required("amount", input.parsed("amount")?)?;
    with_history(sandbox, sandbox.pay_partially(&known(id)?, amount))
}

pub(super) fn fail(sandbox: &Sandbox, id: &str, input: &Input) -> Result<Value, Refused> {
    with_history(sandbox, sandbox.fail(&known(id)?, reason(input)?))
}

pub(super) fn reject(sandbox: &Sandbox, id: &str, input: &Input) -> Result<Value, Refused> {
    with_history(sandbox, sandbox.reject(&known(id)?, reason(input)?))
}

pub(super) fn refund(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    with_history(sandbox, sandbox.refund(&known(id)?))
}

pub(super) fn expire(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    with_history(sandbox, sandbox.expire(&known(id)?))
}

fn reason(input: &Input) -> Result<&str, String> {
    Ok(input.text("reason")?.unwrap_or("requested by the operator of the sandbox"))
}

fn with_history(sandbox: &Sandbox, order: Result<Order, Error>) -> Result<Value, Refused> {
    let order = order?;
    let mut view = json!(order);
    view["history"] = json!(sandbox.history(&order.pay_order_id)?);
    view["planned"] = json!(sandbox.planned(&order.pay_order_id)?);
    view["request"] = json!(order.request);
    Ok(view)
}

/// Cuts what was read beyond a page, and returns the one after which the next page begins.
fn cut<T>(page: &mut Vec<T>, limit: u32) -> Option<&T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if page.len() <= limit {
        return None;
    }
    page.truncate(limit);
    page.last()
}

/// A text that cannot be an order number is an unknown one.
fn known(id: &str) -> Result<PayOrderId, Refused> {
    id.parse().map_err(|_| {
        let message = format!("no order {}; take its pay_order_id", id.escape_debug());
        Error::new(ErrorKind::UnknownOrder, message).into()
    })
}

pub(super) fn callbacks(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let limit = input.limit()?;
    let mut filter = CallbackFilter::new();
    filter.order = input.parsed("pay_order_id")?;
    filter.after = input.number::<u32>("after")?.map(|number| CallbackId::from_number(number.into()));
    // One more shows whether there is another page.
    filter.limit = limit + 1;
    let mut callbacks = sandbox.find_callbacks(filter)?;
    let next = cut(&mut callbacks, limit).map(|last| json!(last.id));
    Ok(json!({ "callbacks": callbacks, "next": next }))
}

pub(super) fn sign(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let body = required("body", input.text("body")?)?;
    let text = CallbackText::from_json(body.as_bytes())
        .map_err(|error| wrong("body", format!("cannot be signed: {}", with_causes(&error))))?;
    let signature = sandbox.sign_callback(&text).to_string();
    Ok(json!({ "body": text.as_str(), "signature": signature }))
}

pub(super) fn callback(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    Ok(json!(sandbox.callback(known_callback(id)?)?))
}

pub(super) fn attempts(sandbox: &Sandbox, id: &str, input: &Input) -> Result<Value, Refused> {
    let (after, limit) = (input.number::<u32>("after")?.map_or(0, u64::from), input.limit()?);
    // One more shows whether there is another page.
    let mut attempts = sandbox.attempts(known_callback(id)?, after, limit + 1)?;
    let next = cut(&mut attempts, limit).map(|_| after + u64::from(limit));
    Ok(json!({ "attempts": attempts, "next": next }))
}

pub(super) fn resend(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    Ok(json!(sandbox.resend(known_callback(id)?)?))
}

fn known_callback(id: &str) -> Result<CallbackId, Refused> {
    id.parse().map(CallbackId::from_number).map_err(|_| {
        let message = format!("no callback {}; take its number", id.escape_debug());
        Error::new(ErrorKind::UnknownCallback, message).into()
    })
}
