//! Faults on demand.

use super::input::{Input, required, wrong};
use super::refused::Refused;
use super::shown;
use crate::{Fault, FaultId, Sandbox};
use serde_json::{Map, Value, json};
use std::time::Duration;
use tarspay_types::{ErrorCode, OrderState};

pub(super) const MEMBERS: &[&str] = &[
    "kind",
    "millis",
    "status",
    "code",
    "bytes",
    "state",
    "copies",
    "after_commit",
    "path",
    "merchant_order_no",
    "times",
    "always",
    "chance_percent",
    "seed",
];

/// Each kind with the member that it needs.
const KINDS: &[(&str, Option<&str>)] = &[
    ("delay", Some("millis")),
    ("drop_connection", None),
    ("http_status", Some("status")),
    ("refuse", Some("code")),
    ("truncate", Some("bytes")),
    ("slow_answer", Some("millis")),
    ("unknown_state", Some("state")),
    ("wrong_callback_signature", None),
    ("high_s_callback_signature", None),
    ("duplicate_callback", Some("copies")),
    ("reorder_callbacks", None),
    ("lose_callback", None),
    ("delay_callback", Some("millis")),
    ("forge_callback", None),
];

pub(super) fn list(sandbox: &Sandbox) -> Value {
    let faults: Vec<_> = sandbox.faults().iter().map(|(id, fault)| shown::fault(*id, fault)).collect();
    json!({ "faults": faults })
}

pub(super) fn inject(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let fault = fault(input)?;
    Ok(shown::fault(sandbox.inject(fault.clone()), &fault))
}

pub(super) fn clear(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    let known = id.parse().is_ok_and(|number| sandbox.clear_fault(FaultId::from_number(number)));
    if !known {
        let message = format!("no fault {}; it may have struck to its end", id.escape_debug());
        return Err(Refused::unknown("unknown_fault", message));
    }
    Ok(list(sandbox))
}

pub(super) fn clear_all(sandbox: &Sandbox) -> Value {
    sandbox.clear_faults();
    list(sandbox)
}

/// A fault from its members, for scenarios; an error says which is wrong.
pub(crate) fn read(members: Map<String, Value>) -> Result<Fault, String> {
    let input = Input::from_members(members);
    input.only(MEMBERS).and_then(|()| fault(&input)).map_err(Refused::into_message)
}

fn fault(input: &Input) -> Result<Fault, Refused> {
    let mut fault = kind(input)?;
    if input.flag("after_commit")? {
        fault = fault.after_commit();
    }
    if let Some(path) = input.text("path")? {
        fault = fault.on_path(path);
    }
    if let Some(number) = input.parsed("merchant_order_no")? {
        fault = fault.on_order(number);
    }
    if let Some(percent) = input.number::<u8>("chance_percent")? {
        if percent > 100 {
            return Err(wrong("chance_percent", "must be at most 100"));
        }
        fault = fault.with_chance(percent, input.number("seed")?.unwrap_or(0));
    } else if input.get("seed").is_some() {
        return Err(wrong("seed", "is of no use without chance_percent"));
    }
    match (input.number("times")?, input.flag("always")?) {
        (Some(_), true) => Err(wrong("times", "cannot be together with always")),
        (Some(0), false) => Err(wrong("times", "must be at least 1")),
        (Some(times), false) => Ok(fault.times(times)),
        (None, true) => Ok(fault.always()),
        (None, false) => Ok(fault),
    }
}

fn kind(input: &Input) -> Result<Fault, Refused> {
    let name = required("kind", input.text("kind")?)?;
    let Some((_, needed)) = KINDS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
        return Err(wrong("kind", format!("must be one of {}", known.join(", "))));
    };
    // A member of another kind would have no effect.
    for other in KINDS.iter().filter_map(|(_, member)| *member).filter(|member| Some(*member) != *needed) {
        if input.get(other).is_some() {
            return Err(wrong(other, format!("is of no use to {name}")));
        }
    }
    let millis = || Ok::<_, Refused>(Duration::from_millis(number(input, "millis")?));
    Ok(match name {
        "delay" => Fault::delay(millis()?),
        "drop_connection" => Fault::drop_connection(),
        "http_status" => Fault::http_status(number(input, "status")?),
        "refuse" => Fault::refuse(ErrorCode::from_code(code(input)?)),
        "truncate" => Fault::truncate(number(input, "bytes")?),
        "slow_answer" => Fault::slow_answer(millis()?),
        "unknown_state" => Fault::unknown_state(OrderState::from_code(number::<u32>(input, "state")?.into())),
        "wrong_callback_signature" => Fault::wrong_callback_signature(),
        "high_s_callback_signature" => Fault::high_s_callback_signature(),
        "duplicate_callback" => Fault::duplicate_callback(number(input, "copies")?),
        "lose_callback" => Fault::lose_callback(),
        "delay_callback" => Fault::delay_callback(millis()?),
        "forge_callback" => Fault::forge_callback(),
        _ => Fault::reorder_callbacks(),
    })
}

fn number<T: TryFrom<u64>>(input: &Input, name: &str) -> Result<T, Refused> {
    required(name, input.number(name)?)
}

/// A code of the gateway, which may be -1.
fn code(input: &Input) -> Result<i64, Refused> {
    let value = required("code", input.get("code"))?;
    value.as_i64().ok_or_else(|| wrong("code", "must be a whole number, such as 5003008"))
}
