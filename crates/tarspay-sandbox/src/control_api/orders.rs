//! Orders: looking at them, and moving them along.

use super::input::{Input, required};
use super::refused::Refused;
use super::shown;
use crate::{Error, ErrorKind, Order, OrderFilter, Sandbox};
use serde_json::{Value, json};
use tarspay_types::{Amount, OrderState, PayOrderId, TrxId};

const NO_REASON: &str = "asked for by the owner of the sandbox";

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
    let next = shown::cut(&mut orders, limit).map(|last| json!(last.pay_order_id));
    let orders: Vec<_> = orders.iter().map(shown::order).collect();
    Ok(json!({ "orders": orders, "next": next }))
}

pub(super) fn record_transfer(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let reference: TrxId = required("reference", input.parsed("reference")?)?;
    let amount: Amount = required("amount", input.parsed("amount")?)?;
    let paid = sandbox.record_transfer(&reference, amount)?;
    Ok(json!({ "reference": reference, "amount": amount, "paid": paid.as_ref().map(shown::order) }))
}

pub(super) fn one(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    with_history(sandbox, &sandbox.order(&known(id)?)?)
}

pub(super) fn open(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    with_history(sandbox, &sandbox.open_cashier(&known(id)?)?)
}

pub(super) fn pay(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    with_history(sandbox, &sandbox.pay(&known(id)?)?)
}

pub(super) fn partial(sandbox: &Sandbox, id: &str, input: &Input) -> Result<Value, Refused> {
    let amount = required("amount", input.parsed("amount")?)?;
    with_history(sandbox, &sandbox.pay_partially(&known(id)?, amount)?)
}

pub(super) fn fail(sandbox: &Sandbox, id: &str, input: &Input) -> Result<Value, Refused> {
    let reason = input.text("reason")?.unwrap_or(NO_REASON);
    with_history(sandbox, &sandbox.fail(&known(id)?, reason)?)
}

pub(super) fn reject(sandbox: &Sandbox, id: &str, input: &Input) -> Result<Value, Refused> {
    let reason = input.text("reason")?.unwrap_or(NO_REASON);
    with_history(sandbox, &sandbox.reject(&known(id)?, reason)?)
}

pub(super) fn refund(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    with_history(sandbox, &sandbox.refund(&known(id)?)?)
}

pub(super) fn expire(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    with_history(sandbox, &sandbox.expire(&known(id)?)?)
}

fn with_history(sandbox: &Sandbox, order: &Order) -> Result<Value, Refused> {
    let mut shown = shown::order(order);
    shown["history"] = sandbox.history(&order.pay_order_id)?.iter().map(shown::step).collect();
    shown["planned"] = sandbox.planned(&order.pay_order_id)?.iter().map(shown::planned).collect();
    shown["request"] = json!(order.request);
    Ok(shown)
}

/// A text that is no number of an order is that of none.
fn known(id: &str) -> Result<PayOrderId, Refused> {
    id.parse().map_err(|_| {
        let message = format!("no order {}; take its pay_order_id", id.escape_debug());
        Error::new(ErrorKind::UnknownOrder, message).into()
    })
}
