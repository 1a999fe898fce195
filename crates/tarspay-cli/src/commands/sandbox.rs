//! `tarspay sandbox`: a local gateway, and operating it from another terminal.

mod control;
mod log;
mod operate;
mod start;
mod state;

use crate::commands::completions;
use crate::failure::Failure;
use crate::output;
pub(crate) use control::Control;
use operate::{NewFault, list, part, step, thing};
use serde_json::json;
use start::Start;
pub(crate) use start::stop_signal;
use state::Shell;
use std::ffi::OsString;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  tarspay sandbox --listen 127.0.0.1:8787     start one; then, in another terminal:
  eval \"$(tarspay sandbox env)\"               set what `tarspay balance` and your program read
  tarspay sandbox pay D1659318251029          the payer pays; your server gets its callback
  tarspay sandbox fault add drop_connection --after-commit
  tarspay sandbox clock advance 30m           what is unpaid times out
  tarspay sandbox log --follow                see what happens";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Which running sandbox, by its name or its URL [default: the newest of this user]
    #[arg(long, global = true, value_name = "NAME|URL")]
    sandbox: Option<String>,
    #[command(flatten)]
    start: Start,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// ORDER is the merchant's order number or the gateway's.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Run a local gateway until Ctrl-C, as `tarspay sandbox` does
    #[command(after_help = "Examples:\n  tarspay sandbox start --listen 127.0.0.1:8787 --name shop")]
    Start(Start),
    /// Print the variables that commands and clients read: eval "$(tarspay sandbox env)"
    ///
    /// The private key is that of the sandbox's test merchant, and opens nothing else. If no sandbox
    /// is found, what is printed makes the shell's `eval` fail, so that nothing after && runs.
    #[command(after_help = "Examples:
  eval \"$(tarspay sandbox env)\" && tarspay balance
  tarspay sandbox & eval \"$(tarspay sandbox env)\" && tarspay balance
  tarspay sandbox env --shell fish | source
  tarspay sandbox env --shell powershell | Out-String | Invoke-Expression")]
    Env {
        /// Shell whose syntax is printed
        #[arg(long, value_enum, default_value = "sh")]
        shell: Shell,
        /// How long to wait for a sandbox that has just been started; 0s does not wait
        #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
        wait: Duration,
    },
    /// Open the sandbox's page in the browser
    #[command(after_help = "Examples:\n  tarspay sandbox open")]
    Open,
    /// List the latest orders
    #[command(after_help = "Examples:\n  tarspay sandbox orders --state 2 --last 10")]
    Orders {
        /// Only those in this state, such as 2
        #[arg(long, value_name = "CODE")]
        state: Option<u8>,
        /// How many
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        last: u16,
    },
    /// The payer pays a deposit, or the payee gets a withdrawal: state 2
    #[command(after_help = "Examples:\n  tarspay sandbox pay D1659318251029")]
    Pay { order: String },
    /// The payer pays a part of a deposit: state 9
    #[command(after_help = "Examples:\n  tarspay sandbox part D1659318251029 400")]
    Part { order: String, amount: String },
    /// An order fails: state 3
    #[command(after_help = "Examples:\n  tarspay sandbox fail D1659318251029 --reason \"wrong PIN\"")]
    Fail {
        order: String,
        /// Reason that the gateway gives
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// A withdrawal is rejected: state 8
    #[command(after_help = "Examples:\n  tarspay sandbox reject W1659318251029")]
    Reject {
        order: String,
        /// Reason that the gateway gives
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// The money of an order goes back: state 5
    #[command(after_help = "Examples:\n  tarspay sandbox refund D1659318251029")]
    Refund { order: String },
    /// A deposit times out now: state 6
    #[command(after_help = "Examples:\n  tarspay sandbox expire D1659318251029")]
    Expire { order: String },
    /// List the latest callbacks (webhooks), with the outcome of their last attempt
    #[command(after_help = "Examples:\n  tarspay sandbox callbacks D1659318251029 --settle")]
    Callbacks {
        /// Only those about this order
        order: Option<String>,
        /// Wait until each callback that is due has been tried
        #[arg(long)]
        settle: bool,
        /// How many
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        last: u16,
    },
    /// Send a callback again, by its number
    #[command(after_help = "Examples:\n  tarspay sandbox resend 7")]
    Resend { id: u64 },
    /// Make calls or callbacks go wrong
    #[command(
        subcommand,
        after_help = "Examples:\n  tarspay sandbox fault add drop_connection --after-commit\n  tarspay sandbox fault list"
    )]
    Fault(FaultVerb),
    /// Show, advance, freeze or resume the sandbox's clock
    #[command(after_help = "Examples:\n  tarspay sandbox clock\n  tarspay sandbox clock advance \"1h 30m\"")]
    Clock {
        #[command(subcommand)]
        verb: Option<ClockVerb>,
    },
    /// Define in advance what happens to orders
    #[command(
        subcommand,
        after_help = "Examples:\n  tarspay sandbox scenario list\n  tarspay sandbox scenario run paid-later"
    )]
    Scenario(ScenarioVerb),
    /// Show what has happened
    #[command(after_help = "Examples:
  tarspay sandbox log --last 100
  tarspay sandbox log --follow --json | jq 'select(.kind == \"called\")'")]
    Log {
        /// Show what happens until the sandbox stops; with --json one event per line
        #[arg(long, short)]
        follow: bool,
        /// How many events are shown, or with --follow to begin with
        #[arg(long, value_name = "COUNT", default_value_t = 20)]
        last: u16,
    },
}

#[derive(Debug, clap::Subcommand)]
enum FaultVerb {
    /// Add a fault, which applies once unless --times or --always says otherwise
    ///
    /// docs/sandbox.md says what each kind does, and which members it has.
    #[command(after_help = "Examples:
  tarspay sandbox fault add drop_connection --after-commit --path /api/pay/unifiedOrder
  tarspay sandbox fault add refuse --code 5003008 --times 3
  tarspay sandbox fault add '{\"kind\":\"delay\",\"millis\":2000}'")]
    Add(NewFault),
    /// List the faults that are not used up
    #[command(after_help = "Examples:\n  tarspay sandbox fault list")]
    List,
    /// Remove a fault, or all
    #[command(after_help = "Examples:\n  tarspay sandbox fault clear 3")]
    Clear { id: Option<u64> },
}

#[derive(Debug, clap::Subcommand)]
enum ClockVerb {
    /// Put the clock forward: what is due in this time happens now
    #[command(after_help = "Examples:\n  tarspay sandbox clock advance 30m")]
    Advance {
        /// Such as 90s or "1h 30m"
        #[arg(value_parser = humantime::parse_duration)]
        time: Duration,
    },
    /// Stop the clock; it can still be put forward
    #[command(after_help = "Examples:\n  tarspay sandbox clock freeze")]
    Freeze,
    /// Resume the clock
    #[command(after_help = "Examples:\n  tarspay sandbox clock resume")]
    Resume,
}

#[derive(Debug, clap::Subcommand)]
enum ScenarioVerb {
    /// Have an included scenario, or one in a file, take the orders that come from now on
    #[command(after_help = "Examples:\n  tarspay sandbox scenario run paid-later")]
    Run {
        #[arg(value_name = "NAME|FILE", add = completions::scenarios())]
        scenario: OsString,
    },
    /// List the scenarios that are played, and those included
    #[command(after_help = "Examples:\n  tarspay sandbox scenario list")]
    List,
    /// Check a scenario in a file; needs no running sandbox
    #[command(after_help = "Examples:\n  tarspay sandbox scenario check late.toml")]
    Check { file: OsString },
    /// Have a scenario, or all, take no more orders
    #[command(after_help = "Examples:\n  tarspay sandbox scenario clear paid-later")]
    Clear { name: Option<String> },
}

/// The control API of a running sandbox, by its name or URL or else the newest, and its merchant's
/// number if this user started it.
pub(crate) async fn control(wanted: Option<&str>) -> Result<(Control, Option<String>), Failure> {
    let state::Found { state, control } = state::find(wanted).await?;
    let merchant_no = state.and_then(|state| state["merchant_no"].as_str().map(str::to_owned));
    Ok((control, merchant_no))
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let Args { sandbox, start, verb } = args;
    let verb = match verb {
        None => Verb::Start(start),
        Some(verb) if start == Start::default() => verb,
        Some(_) => return Err(Failure::usage("flags of `sandbox start` must stand after `start`")),
    };
    match verb {
        Verb::Start(_) if sandbox.is_some() => {
            Err(Failure::usage("--sandbox names one that runs; give a new one its name with --name"))
        }
        Verb::Start(start) => start::run(start).await,
        Verb::Scenario(ScenarioVerb::Check { file }) => thing(&json!(start::scenario(&file)?), SCENARIO),
        verb => {
            let wait = if let Verb::Env { wait, .. } = verb { wait } else { Duration::ZERO };
            operate(state::find_within(wait, sandbox.as_deref()).await?, verb).await
        }
    }
}

/// What makes the `eval` of a failed `sandbox env` fail. `eval` of nothing succeeds, and the commands
/// after it would call the gateway of other settings, such as production. It looks at the arguments,
/// because a mistyped flag must not end otherwise.
pub(crate) fn stop_of_eval(arguments: impl Iterator<Item = OsString>) -> Option<&'static str> {
    let mut words = arguments.skip_while(|word| word != "sandbox").collect::<Vec<_>>().into_iter();
    let is_powershell = words.as_slice().iter().any(|word| word.to_string_lossy().ends_with("powershell"));
    let stop = if is_powershell { "throw 'tarspay sandbox env failed'" } else { "false" };
    words.any(|word| word == "env").then_some(stop)
}

const SCENARIO: &[&str] = &["name", "description"];

async fn operate(mut found: state::Found, verb: Verb) -> Result<(), Failure> {
    let (control, nothing) = (&mut found.control, &json!({}));
    match verb {
        Verb::Env { shell, .. } => state::environment(&found, shell),
        Verb::Open => operate::open(&control.base_url),
        Verb::Orders { state, last } => operate::orders(control, state, last).await,
        Verb::Pay { order } => step(control, &order, "pay", ("", None)).await,
        Verb::Part { order, amount } => step(control, &order, "partial", ("amount", Some(amount))).await,
        Verb::Fail { order, reason } => step(control, &order, "fail", ("reason", reason)).await,
        Verb::Reject { order, reason } => step(control, &order, "reject", ("reason", reason)).await,
        Verb::Refund { order } => step(control, &order, "refund", ("", None)).await,
        Verb::Expire { order } => step(control, &order, "expire", ("", None)).await,
        Verb::Callbacks { order, settle, last } => operate::callbacks(control, order, settle, last).await,
        Verb::Resend { id } => {
            let sent = control.post(&format!("callbacks/{id}/resend"), nothing).await;
            let sent = sent.map_err(|failure| failure.detail("`tarspay sandbox callbacks` lists them."))?;
            thing(&sent, &["id", "pay_order_id", "state", "status", "url", "reason"])
        }
        Verb::Fault(FaultVerb::Add(fault)) => {
            let fault = control.post("faults", &fault.into_members()).await.map_err(operate::with_flag)?;
            thing(&fault, &["id", "what", "times_left"])
        }
        Verb::Fault(verb) => {
            let left = match verb {
                FaultVerb::Clear { id: Some(id) } => {
                    let left = control.post(&format!("faults/{id}/clear"), nothing).await;
                    left.map_err(|failure| failure.detail("`tarspay sandbox fault list` lists them."))?
                }
                FaultVerb::Clear { id: None } => control.post("faults/clear", nothing).await?,
                _ => control.get("faults", &[]).await?,
            };
            list(&left, "faults", &[">id", "what", ">times_left", "path", "merchant_order_no"], "No faults.")
        }
        Verb::Clock { verb } => {
            let clock = match verb {
                None => control.get("clock", &[]).await?,
                Some(ClockVerb::Advance { time }) => {
                    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                    control.post("clock/advance", &json!({ "millis": millis })).await?
                }
                Some(ClockVerb::Freeze) => control.post("clock/freeze", nothing).await?,
                Some(ClockVerb::Resume) => control.post("clock/resume", nothing).await?,
            };
            thing(&clock, &["now", "is_frozen"])
        }
        Verb::Scenario(ScenarioVerb::Run { scenario }) => {
            let scenario = json!({ "scenario": start::scenario(&scenario)? });
            thing(&control.post("scenarios", &scenario).await?, SCENARIO)
        }
        Verb::Scenario(ScenarioVerb::Clear { name }) => {
            let path =
                name.map_or("scenarios/clear".to_owned(), |name| format!("scenarios/{}/clear", part(&name)));
            list(&control.post(&path, nothing).await?, "scenarios", SCENARIO, "No scenario is played.")
        }
        Verb::Log { follow, last } => log::run(control, follow, last).await,
        // Those that need no running sandbox were done before.
        Verb::Start(_) | Verb::Scenario(_) => {
            let mut scenarios = control.get("scenarios", &[]).await?;
            scenarios["included"] = start::included();
            list(&scenarios, "scenarios", SCENARIO, "No scenario is played.")?;
            if output::is_json() {
                return Ok(());
            }
            output::line("Included, for `tarspay sandbox scenario run NAME`:")?;
            list(&scenarios, "included", SCENARIO, "None.")
        }
    }
}
