//! The verbs of `tarspay sandbox` that operate a running one. With `--json` its views are passed on
//! unchanged; for people, lists become columns and things become names and values.

use super::control::Control;
use crate::commands::completions;
use crate::failure::Failure;
use crate::{input, output};
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};
use serde_json::{Map, Value, json};
use std::process::Stdio;
use std::time::{Duration, SystemTime};
use tarspay::types::OrderState;

/// The members of a fault and their help; the sandbox checks them. A flag without a value has none.
const OF_FAULTS: &[(&str, Option<&str>, &str)] = &[
    ("millis", Some("MILLIS"), "Time of delay, slow_response and delay_callback"),
    ("status", Some("STATUS"), "HTTP status of http_status"),
    ("code", Some("CODE"), "Gateway's code of refuse"),
    ("bytes", Some("COUNT"), "What truncate lets through"),
    ("state", Some("CODE"), "State that unknown_state reports"),
    ("copies", Some("COUNT"), "Copies of duplicate_callback"),
    (
        "after-commit",
        None,
        "After the call has had its effect: an order exists, its caller does not learn of it",
    ),
    ("path", Some("PATH"), "Only calls at this path"),
    ("merchant-order-no", Some("NUMBER"), "Only calls and callbacks of this order"),
    ("times", Some("COUNT"), "How often [default: 1]"),
    ("always", None, "Until it is cleared"),
    ("chance-percent", Some("PERCENT"), "Chance, in percent, that the fault applies"),
    ("seed", Some("NUMBER"), "Seed for --chance-percent: the same cases in every run"),
];

/// The kinds of faults, as the sandbox has them.
const KINDS: &[&str] = &[
    "delay",
    "drop_connection",
    "http_status",
    "refuse",
    "truncate",
    "slow_response",
    "unknown_state",
    "wrong_callback_signature",
    "high_s_callback_signature",
    "duplicate_callback",
    "reorder_callbacks",
    "lose_callback",
    "delay_callback",
    "forge_callback",
];

/// A new fault as the control API takes it.
#[derive(Debug)]
pub(super) struct NewFault(Map<String, Value>);

impl clap::Args for NewFault {
    fn augment_args(command: Command) -> Command {
        let kind = Arg::new("fault").value_name("KIND|JSON").required(true);
        let kind = kind.add(completions::names(KINDS)).help(format!(
            "Name of the kind, or the whole fault as a JSON object. Kinds: {}",
            KINDS.join(", ")
        ));
        OF_FAULTS.iter().fold(command.arg(kind), |command, (name, value, help)| {
            let flag = Arg::new(*name).long(*name).help(*help);
            command.arg(match value {
                Some(value) => flag.value_name(*value).allow_negative_numbers(true),
                None => flag.action(ArgAction::SetTrue),
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for NewFault {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let invalid = |why: String| clap::Error::raw(clap::error::ErrorKind::InvalidValue, why);
        let kind = matches.get_one::<String>("fault").map_or("", |kind| kind.trim());
        let mut members: Map<_, _> = if kind.starts_with('{') {
            serde_json::from_str(kind).map_err(|error| invalid(format!("the fault is not JSON: {error}")))?
        } else {
            Map::from_iter([("kind".to_owned(), kind.replace('-', "_").into())])
        };
        for (name, value, _) in OF_FAULTS {
            let given = match value {
                None => matches.get_flag(name).then_some(Value::Bool(true)),
                Some(_) => matches.get_one::<String>(name).map(|text| match text.parse::<i64>() {
                    Ok(number) if !["path", "merchant-order-no"].contains(name) => json!(number),
                    _ => json!(text),
                }),
            };
            if given.is_some_and(|given| members.insert(name.replace('-', "_"), given).is_some()) {
                return Err(invalid(format!("--{name} is also a member of the JSON object; give it once")));
            }
        }
        Ok(Self(members))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl NewFault {
    pub(super) fn into_members(self) -> Value {
        Value::Object(self.0)
    }
}

/// The refusal of a fault, with the flag that corrects it.
pub(super) fn with_flag(failure: Failure) -> Failure {
    let is_missing = |(name, _, _): &&(&str, _, _)| {
        failure.reason().contains(&format!("\"{}\" is missing", name.replace('-', "_")))
    };
    let next = match OF_FAULTS.iter().find(is_missing) {
        Some((name, value, _)) => format!("Give --{name} {}.", value.unwrap_or_default()),
        None => "`tarspay sandbox fault add --help` has the kinds and their flags.".to_owned(),
    };
    failure.detail(next)
}

/// A member as people read it: states with their meaning, times in UTC.
pub(super) fn shown(value: &Value, name: &str) -> String {
    match (name, &value[name]) {
        ("times_left", Value::Null) => "always".to_owned(),
        (_, Value::Null) => String::new(),
        (_, Value::String(text)) => text.clone(),
        ("state" | "from" | "to", Value::Number(code)) => {
            code.as_i64().map(|code| OrderState::from_code(code).to_string()).unwrap_or_default()
        }
        ("at" | "now" | "created_at", Value::Number(millis)) => {
            let end = Duration::from_secs(253_402_300_799);
            let since = Duration::from_millis(millis.as_u64().unwrap_or(0)).min(end);
            humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since).to_string().replace('T', " ")
        }
        (_, other) => other.to_string(),
    }
}

/// Shows a list as columns, those with a leading `>` right-aligned, or says what there is not.
pub(super) fn list(view: &Value, name: &str, columns: &[&str], none: &str) -> Result<(), Failure> {
    if output::is_json() {
        return output::json(view);
    }
    let entries = view[name].as_array().map(Vec::as_slice).unwrap_or_default();
    if entries.is_empty() {
        return output::line(none);
    }
    let names = columns.iter().map(|column| column.trim_start_matches('>'));
    let mut rows = vec![names.clone().map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(entries.iter().map(|entry| names.clone().map(|name| shown(entry, name)).collect()));
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns.len()).map(width).collect();
    for row in &rows {
        let cells = row.iter().zip(columns).zip(&widths).map(|((cell, column), &width)| {
            if column.starts_with('>') { format!("{cell:>width$}") } else { format!("{cell:width$}") }
        });
        output::line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// Shows some members of a thing.
pub(super) fn thing(view: &Value, names: &[&str]) -> Result<(), Failure> {
    if output::is_json() {
        return output::json(view);
    }
    let values: Vec<_> = names.iter().map(|name| shown(view, name)).collect();
    let rows: Vec<_> = names.iter().copied().zip(values.iter().map(String::as_str)).collect();
    output::table(&rows)
}

/// A text as one part of a path.
pub(super) fn part(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Has an order take a step, and shows it.
pub(super) async fn step(
    control: &mut Control,
    order: &str,
    step: &str,
    member: (&str, Option<String>),
) -> Result<(), Failure> {
    let path = format!("orders/{}/{step}", part(order));
    let members = member.1.map(|value| (member.0.to_owned(), json!(value)));
    let order = control.post(&path, &Value::Object(members.into_iter().collect())).await?;
    thing(
        &order,
        &["pay_order_id", "merchant_order_no", "direction", "amount", "pay_amount", "currency", "state"],
    )
}

pub(super) async fn orders(control: &mut Control, state: Option<u8>, last: u16) -> Result<(), Failure> {
    let (state, last) = (state.map(|code| code.to_string()), last.to_string());
    let of_state = state.iter().map(|code| ("state", code.as_str()));
    let query: Vec<_> = [("last", last.as_str())].into_iter().chain(of_state).collect();
    let found = control.get("orders", &query).await?;
    let columns = [
        "merchant_order_no",
        "pay_order_id",
        "direction",
        ">amount",
        "currency",
        "state",
        ">pay_amount",
        "created_at",
    ];
    list(&found, "orders", &columns, "No orders. Your program creates them, signed, as at the real gateway.")
}

pub(super) async fn callbacks(
    control: &mut Control,
    order: Option<String>,
    settle: bool,
    last: u16,
) -> Result<(), Failure> {
    let id = match order {
        Some(order) => shown(&control.get(&format!("orders/{}", part(&order)), &[]).await?, "pay_order_id"),
        None => String::new(),
    };
    if settle {
        control.post("callbacks/settle", &json!({})).await?;
    }
    let last = last.to_string();
    let mut query = vec![("last", last.as_str())];
    query.extend((!id.is_empty()).then_some(("pay_order_id", id.as_str())));
    let mut found = control.get("callbacks", &query).await?;
    let all = found["callbacks"].as_array_mut().filter(|_| !output::is_json());
    for callback in all.into_iter().flatten() {
        let attempt = callback["attempts"].as_array().and_then(|all| all.last()).unwrap_or(&Value::Null);
        let words = ["http_status", "response", "error"].map(|name| shown(attempt, name));
        callback["outcome"] = json!(format!("{} {}", words.join(" "), shown(callback, "reason")).trim());
    }
    let columns = [">id", "pay_order_id", "state", "status", ">attempt_count", "outcome"];
    list(
        &found,
        "callbacks",
        &columns,
        "No callbacks. One is sent when an order is paid, also in part, or fails.",
    )
}

/// Opens an address in the browser: that of the variable BROWSER, or else of the desktop. Prints the
/// address if there is none.
pub(super) fn open(url: &str) -> Result<(), Failure> {
    let browser = input::variable("BROWSER")?;
    let words: Vec<&str> = match (&browser, std::env::consts::OS) {
        (Some(browser), _) => browser.split_whitespace().collect(),
        (None, "macos") => vec!["open"],
        (None, "windows") => vec!["cmd", "/C", "start", ""],
        (None, _) => vec!["xdg-open"],
    };
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let has_screen = words != ["xdg-open"] || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    let mut command = std::process::Command::new(words[0]);
    command.args(&words[1..]).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let is_open = has_screen && command.status().is_ok_and(|status| status.success());
    if output::is_json() {
        return output::json(&json!({ "url": url, "is_open": is_open }));
    }
    if is_open {
        return Ok(());
    }
    let why = if has_screen { "the browser did not open" } else { "no browser was found" };
    output::message(&format!("tarspay: {why}; open this address yourself, or set BROWSER to a program:"));
    output::line(url)
}
