//! `tarspay sandbox log`: what has happened in a running sandbox, and what happens.

use super::control::Control;
use super::operate::shown;
use crate::failure::Failure;
use crate::output;
use serde_json::Value;

pub(super) async fn run(control: &mut Control, follow: bool, last: u16) -> Result<(), Failure> {
    let mut page = control.get("events", &[("last", &last.to_string())]).await?;
    if !follow && output::is_json() {
        return output::json(&page);
    }
    loop {
        for event in page["events"].as_array().into_iter().flatten() {
            if !show(event)? {
                return Ok(());
            }
        }
        if !follow {
            return Ok(());
        }
        let after = shown(&page, "last");
        // On the connection of before: another sandbox on this port would count from 1.
        let news = control.get("events", &[("after", &after), ("wait_millis", "25000")]).await;
        page = news.map_err(|_| {
            let reason = format!("the sandbox at {} has stopped; nothing more follows", control.base_url);
            Failure::new(3, "sandbox_gone", reason).detail("Start one with `tarspay sandbox`.")
        })?;
    }
}

/// Writes an event; `false` if nobody reads it.
fn show(event: &Value) -> Result<bool, Failure> {
    if output::is_json() {
        return output::line_if_read(&output::printable_json(&event.to_string()));
    }
    // In the order of a sentence; members that a kind does not have are left out.
    let members: &[&str] = &[
        "code",
        "path",
        "merchant_order_no",
        "callback",
        "pay_order_id",
        "from",
        "to",
        "scenario",
        "step",
        "what",
        "outcome",
        "reason",
        "message",
        "warning",
    ];
    let words = members.iter().map(|name| (*name, shown(event, name))).filter(|(_, word)| !word.is_empty());
    let words = words.map(|(name, word)| if name == "to" { format!("-> {word}") } else { word });
    let words = words.collect::<Vec<_>>().join(" ");
    let is_read =
        output::line_if_read(&format!("{}  {:18} {words}", shown(event, "at"), shown(event, "kind")))?;
    for line in shown(&event["explanation"], "details").lines() {
        output::line(&format!("    {line}"))?;
    }
    Ok(is_read)
}
