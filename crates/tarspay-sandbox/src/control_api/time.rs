//! The clock, and what has happened.

use super::input::{Input, required};
use super::refused::Refused;
use super::shown;
use crate::Sandbox;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::watch;

/// The longest wait for an event: shorter than the patience of most HTTP clients.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

pub(super) fn clock(sandbox: &Sandbox) -> Value {
    json!({ "now": shown::millis(sandbox.clock().now()), "is_frozen": sandbox.clock().is_frozen() })
}

pub(super) fn advance(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let millis = required("millis", input.number("millis")?)?;
    sandbox.clock().advance(Duration::from_millis(millis));
    Ok(clock(sandbox))
}

pub(super) fn freeze(sandbox: &Sandbox) -> Value {
    sandbox.clock().freeze();
    clock(sandbox)
}

pub(super) fn resume(sandbox: &Sandbox) -> Value {
    sandbox.clock().resume();
    clock(sandbox)
}

pub(super) fn events(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let after = input.number("after")?.unwrap_or(0);
    let mut events = sandbox.engine.events.after(after);
    if input.get("limit").is_some() {
        shown::cut(&mut events, input.limit()?);
    }
    let last = events.last().map_or(after, |event| event.number);
    let events: Vec<_> = events.iter().map(shown::event).collect();
    Ok(json!({ "events": events, "last": last }))
}

/// Waits until there is an event after the one that is known, but no longer than was asked for, nor than the sandbox
/// runs.
pub(super) async fn wait_for_event(
    sandbox: &Sandbox,
    input: &Input,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), Refused> {
    let after = input.number("after")?.unwrap_or(0);
    let wait = input.number("wait_millis")?.map_or(Duration::ZERO, Duration::from_millis).min(LONGEST_WAIT);
    // From before the look on, so that none falls between the two.
    let mut tail = sandbox.tail();
    if wait.is_zero() || !sandbox.engine.events.after(after).is_empty() {
        return Ok(());
    }
    let event = async {
        while let Some(event) = tail.next().await {
            if event.number > after {
                break;
            }
        }
    };
    tokio::select! {
        () = event => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
        () = tokio::time::sleep(wait) => {}
    }
    Ok(())
}
