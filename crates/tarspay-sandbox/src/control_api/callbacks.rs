//! Callbacks: looking at them, and sending them again.

use super::input::{Input, required, wrong};
use super::refused::Refused;
use super::shown;
use crate::refusal::with_causes;
use crate::{CallbackFilter, CallbackId, Error, ErrorKind, Sandbox};
use serde_json::{Value, json};
use tarspay_sign::CallbackText;

pub(super) fn list(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let limit = input.limit()?;
    let mut filter = CallbackFilter::new();
    filter.order = input.parsed("pay_order_id")?;
    filter.after = input.number::<u32>("after")?.map(|number| CallbackId::from_number(number.into()));
    // One more shows whether there is another page.
    filter.limit = limit + 1;
    let mut callbacks = sandbox.find_callbacks(filter)?;
    let next = shown::cut(&mut callbacks, limit).map(|last| json!(last.id.number()));
    let callbacks: Vec<_> = callbacks.iter().map(shown::callback).collect();
    Ok(json!({ "callbacks": callbacks, "next": next }))
}

pub(super) fn sign(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let body = required("body", input.text("body")?)?;
    let text = CallbackText::from_json(body.as_bytes())
        .map_err(|error| wrong("body", format!("cannot be signed: {}", with_causes(&error))))?;
    let signature = sandbox.sign_callback(&text).to_string();
    Ok(json!({ "body": text.as_str(), "signature": signature }))
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
