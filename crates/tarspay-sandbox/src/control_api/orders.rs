//! Orders: looking at them, and moving them along.

use super::input::{Input, required};
use super::refused::Refused;
use super::shown;
use crate::{Error, ErrorKind, Order, Sandbox};
use serde_json::{Value, json};
use tarspay_types::{MerchantNo, MerchantOrderNo, OrderState, PayOrderId};

const NO_REASON: &str = "asked for by the owner of the sandbox";

pub(super) fn list(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let merchant: Option<MerchantNo> = input.parsed("merchant_no")?;
    let number: Option<MerchantOrderNo> = input.parsed("merchant_order_no")?;
    let state = input.number::<u8>("state")?.map(|code| OrderState::from_code(code.into()));
    let is_meant = |order: &&Order| {
        merchant.as_ref().is_none_or(|merchant| order.merchant_no == *merchant)
            && number.as_ref().is_none_or(|number| order.merchant_order_no == *number)
            && state.is_none_or(|state| order.state == state)
    };
    let orders: Vec<_> = sandbox.orders()?.iter().filter(is_meant).map(shown::order).collect();
    Ok(json!({ "orders": orders }))
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
