//! Callbacks: looking at them, and sending them again.

use super::input::Input;
use super::refused::Refused;
use super::shown;
use crate::{CallbackId, Error, ErrorKind, Sandbox};
use serde_json::{Value, json};

pub(super) fn list(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let callbacks = match input.parsed("pay_order_id")? {
        Some(order) => sandbox.callbacks_of(&order)?,
        None => sandbox.callbacks()?,
    };
    let callbacks: Vec<_> = callbacks.iter().map(shown::callback).collect();
    Ok(json!({ "callbacks": callbacks }))
}

pub(super) fn one(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    Ok(shown::callback(&sandbox.callback(known(id)?)?))
}

pub(super) fn resend(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    Ok(shown::callback(&sandbox.resend(known(id)?)?))
}

fn known(id: &str) -> Result<CallbackId, Refused> {
    id.parse().map(CallbackId::from_number).map_err(|_| {
        let message = format!("no callback {}; take its number", id.escape_debug());
        Error::new(ErrorKind::UnknownCallback, message).into()
    })
}
