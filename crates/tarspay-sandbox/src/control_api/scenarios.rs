//! Scenarios: playing them, and what is played.

use super::input::{Input, wrong};
use super::refused::Refused;
use super::shown;
use crate::{Sandbox, Scenario};
use serde_json::{Value, json};

pub(super) fn list(sandbox: &Sandbox, _: &str, _: &Input) -> Result<Value, Refused> {
    let shipped: Vec<_> = Scenario::shipped_ones().map(|scenario| shown::scenario(&scenario)).collect();
    Ok(json!({ "scenarios": sandbox.scenarios()?, "shipped": shipped }))
}

pub(super) fn play(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let scenario = match (input.text("shipped")?, input.get("scenario"), input.text("toml")?) {
        (Some(name), None, None) => Scenario::shipped(name)?,
        (None, Some(members), None) => Scenario::parse_json(&members.to_string())?,
        (None, None, Some(toml)) => Scenario::parse(toml)?,
        _ => return Err(wrong("shipped", "or \"scenario\" or \"toml\" must be there, and one alone")),
    };
    let shown = json!(scenario);
    sandbox.play(scenario)?;
    Ok(shown)
}

pub(super) fn clear(sandbox: &Sandbox, name: &str, _: &Input) -> Result<Value, Refused> {
    sandbox.clear_scenario(name)?;
    Ok(json!({ "scenarios": sandbox.scenarios()? }))
}

pub(super) fn clear_all(sandbox: &Sandbox, _: &str, _: &Input) -> Result<Value, Refused> {
    sandbox.clear_scenarios()?;
    Ok(json!({ "scenarios": sandbox.scenarios()? }))
}
