//! The routes of the sandbox as a whole: health, scenarios, faults, clock and events.

#![expect(clippy::unnecessary_wraps, reason = "all routes have one type")]

use super::request::Refused;
use crate::clock::AsMillis as _;
use crate::fault::{Fault, FaultId};
use crate::input::{Input, required, wrong};
use crate::sandbox::Sandbox;
use crate::scenario::Scenario;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::watch;

/// The longest wait for an event: shorter than the patience of most HTTP clients.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

type Shown = Result<Value, Refused>;

pub(super) fn health(sandbox: &Sandbox, _: &str, _: &Input) -> Shown {
    Ok(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "base_url": sandbox.base_url(),
        "merchant_no": sandbox.merchant().merchant_no(),
        "system_public_key": sandbox.system_public_key().to_string(),
    }))
}

pub(super) fn reset(sandbox: &Sandbox, id: &str, input: &Input) -> Shown {
    sandbox.reset()?;
    health(sandbox, id, input)
}

pub(super) fn scenarios(sandbox: &Sandbox, _: &str, _: &Input) -> Shown {
    let shipped: Vec<_> = Scenario::shipped_ones()
        .map(|scenario| json!({ "name": scenario.name(), "description": scenario.description() }))
        .collect();
    Ok(json!({ "scenarios": sandbox.scenarios()?, "shipped": shipped }))
}

pub(super) fn play(sandbox: &Sandbox, _: &str, input: &Input) -> Shown {
    let scenario = match (input.text("shipped")?, input.get("scenario"), input.text("toml")?) {
        (Some(name), None, None) => Scenario::shipped(name)?,
        (None, Some(members), None) => Scenario::parse_json(&members.to_string())?,
        (None, None, Some(toml)) => Scenario::parse(toml)?,
        _ => return Err(wrong("shipped", "or \"scenario\" or \"toml\" must be there, and one alone").into()),
    };
    let shown = json!(scenario);
    sandbox.play(scenario)?;
    Ok(shown)
}

pub(super) fn clear_scenario(sandbox: &Sandbox, name: &str, _: &Input) -> Shown {
    sandbox.clear_scenario(name)?;
    Ok(json!({ "scenarios": sandbox.scenarios()? }))
}

pub(super) fn clear_scenarios(sandbox: &Sandbox, _: &str, _: &Input) -> Shown {
    sandbox.clear_scenarios()?;
    Ok(json!({ "scenarios": sandbox.scenarios()? }))
}

pub(super) fn faults(sandbox: &Sandbox, _: &str, _: &Input) -> Shown {
    let faults: Vec<_> = sandbox.faults().iter().map(|(id, fault)| fault_view(*id, fault)).collect();
    Ok(json!({ "faults": faults }))
}

pub(super) fn inject(sandbox: &Sandbox, _: &str, input: &Input) -> Shown {
    let fault = Fault::try_from(input.members().clone())?;
    Ok(fault_view(sandbox.inject(fault.clone()), &fault))
}

pub(super) fn clear_fault(sandbox: &Sandbox, id: &str, input: &Input) -> Shown {
    let known = id.parse().is_ok_and(|number| sandbox.clear_fault(FaultId::from_number(number)));
    if !known {
        let message = format!("no fault {}; it may be used up", id.escape_debug());
        return Err(Refused::unknown("unknown_fault", message));
    }
    faults(sandbox, id, input)
}

pub(super) fn clear_faults(sandbox: &Sandbox, id: &str, input: &Input) -> Shown {
    sandbox.clear_faults();
    faults(sandbox, id, input)
}

fn fault_view(id: FaultId, fault: &Fault) -> Value {
    let mut view = json!(fault);
    view["id"] = json!(id);
    view["what"] = json!(fault.to_string());
    view
}

pub(super) fn clock(sandbox: &Sandbox, _: &str, _: &Input) -> Shown {
    Ok(json!({ "now": sandbox.clock().now().as_millis(), "is_frozen": sandbox.clock().is_frozen() }))
}

pub(super) fn advance(sandbox: &Sandbox, id: &str, input: &Input) -> Shown {
    let millis = required("millis", input.number("millis")?)?;
    sandbox.clock().advance(Duration::from_millis(millis));
    clock(sandbox, id, input)
}

pub(super) fn freeze(sandbox: &Sandbox, id: &str, input: &Input) -> Shown {
    sandbox.clock().freeze();
    clock(sandbox, id, input)
}

pub(super) fn resume(sandbox: &Sandbox, id: &str, input: &Input) -> Shown {
    sandbox.clock().resume();
    clock(sandbox, id, input)
}

pub(super) fn events(sandbox: &Sandbox, _: &str, input: &Input) -> Shown {
    let after = input.number("after")?.unwrap_or(0);
    let mut events = sandbox.events_after(after);
    if input.get("limit").is_some() {
        events.truncate(usize::try_from(input.limit()?).unwrap_or(usize::MAX));
    }
    let last = events.last().map_or(after, |event| event.number);
    Ok(json!({ "events": events, "last": last }))
}

/// Waits for an event after a known one, until the time is up or the sandbox stops.
pub(super) async fn wait_for_event(
    sandbox: &Sandbox,
    input: &Input,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), Refused> {
    let after = input.number("after")?.unwrap_or(0);
    let wait = input.number("wait_millis")?.map_or(Duration::ZERO, Duration::from_millis).min(LONGEST_WAIT);
    if wait.is_zero() {
        return Ok(());
    }
    tokio::select! {
        () = sandbox.event_after(after) => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
        () = tokio::time::sleep(wait) => {}
    }
    Ok(())
}
