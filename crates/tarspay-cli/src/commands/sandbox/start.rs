//! `tarspay sandbox start`: a local gateway until Ctrl-C.

use super::state::{self, StateFile};
use crate::commands::completions;
use crate::failure::Failure;
use crate::{input, output};
use serde_json::{Value, json};
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tarspay_sandbox::{Sandbox, Scenario};

#[derive(Debug, Default, PartialEq, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Start {
    /// IP address of loopback and port; port 0 takes a free one [default: 127.0.0.1:0]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Name by which --sandbox finds it [default: its port]
    #[arg(long, value_name = "NAME", value_parser = state::name)]
    name: Option<String>,
    /// Keep the state in this file across restarts [default: in memory]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Allow --listen with an address that other machines can reach: whoever reaches the sandbox
    /// controls it
    #[arg(long, requires = "listen")]
    listen_on_network: bool,
    /// Host name in the sandbox's URLs, accepted by its pages and control API; with a port, if it
    /// differs [default: none]
    #[arg(long, value_name = "NAME")]
    public_name: Option<String>,
    /// Play an included scenario, or your own in a TOML file; repeatable
    #[arg(long = "scenario", value_name = "NAME|FILE", add = completions::scenarios())]
    scenarios: Vec<OsString>,
    /// List the included scenarios and exit
    #[arg(long)]
    list_scenarios: bool,
    /// Time in which a deposit must be paid, such as 90s or "1h 30m" [default: 30m]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    deposit_lifetime: Option<Duration>,
    /// Refuse amounts beyond the published limits
    #[arg(long)]
    enforce_limits: bool,
    /// Send callbacks also for refunds, timeouts and rejections
    #[arg(long)]
    notify_all_ends: bool,
    /// Also allow callbacks to this host, by its full name; repeatable [default: loopback only]
    #[arg(long = "allow-receiver", value_name = "HOST")]
    allowed_receivers: Vec<String>,
    /// Do not look for the mistake behind a refused signature
    #[arg(long)]
    no_explain: bool,
}

pub(super) async fn run(args: Start) -> Result<(), Failure> {
    if args.list_scenarios {
        return list_scenarios();
    }
    if let Some(name) = &args.name
        && let Ok(found) = state::find(Some(name)).await
    {
        let url = found.control.base_url;
        return Err(Failure::usage(format!("a sandbox {name} runs already, at {url}; give another --name")));
    }
    let scenarios = args.scenarios.iter().map(|name| scenario(name)).collect::<Result<Vec<_>, _>>()?;
    // Listen for the signal first: whoever reads the line may send it at once.
    let stop = stop_signal()?;
    let mut builder = Sandbox::builder().explain(!args.no_explain);
    if let Some(address) = args.listen {
        builder = builder.listen(address);
    }
    if args.listen_on_network {
        builder = builder.listen_on_network_and_trust_it();
    }
    if let Some(name) = args.public_name {
        builder = builder.public_name(name);
    }
    if args.enforce_limits {
        builder = builder.enforce_limits();
    }
    if args.notify_all_ends {
        builder = builder.notify_all_ends();
    }
    if let Some(lifetime) = args.deposit_lifetime {
        builder = builder.deposit_lifetime(lifetime);
    }
    for host in args.allowed_receivers {
        builder = builder.allow_receiver(host);
    }
    if let Some(file) = args.data {
        builder = builder.data(file);
    }
    let sandbox = builder
        .start()
        .await
        .map_err(|error| Failure::usage("the sandbox cannot start").caused_by(&error))?;
    for scenario in scenarios {
        sandbox
            .play(scenario)
            .map_err(|error| Failure::usage("the scenario cannot be played").caused_by(&error))?;
    }
    let ready = ready(&sandbox);
    // Held to the end, which removes it.
    let _file = match register(args.name, &sandbox, &ready) {
        Ok(file) => Some(file),
        // Nobody would learn where it listens.
        Err(error) if output::is_discarded() => {
            return Err(Failure::usage("nobody reads where the sandbox listens").caused_by(&error));
        }
        Err(error) => {
            let url = sandbox.base_url();
            output::message(&format!("tarspay: other commands find it by --sandbox {url} only: {error}"));
            None
        }
    };
    // Without a reader nobody knows where it listens, or ends it.
    if output::line_if_read(&line(&ready))? {
        if std::io::stderr().is_terminal() && !output::is_json() {
            output::message(&format!(
                "Open {} in a browser, and run in another terminal:",
                sandbox.base_url()
            ));
            output::message("    eval \"$(tarspay sandbox env)\" && tarspay balance");
        }
        stop.await?;
    }
    sandbox.stop().await;
    Ok(())
}

/// Where it listens, and keys that were made for this sandbox and open nothing else.
fn ready(sandbox: &Sandbox) -> Value {
    let (merchant, key) = (sandbox.merchant(), sandbox.merchant().private_key());
    json!({
        "base_url": sandbox.base_url(),
        "listen": sandbox.address(),
        "merchant_no": merchant.merchant_no(),
        "private_key": key.expose_hex().as_str(),
        "public_key": key.public_key().to_string(),
        "system_public_key": sandbox.system_public_key().to_string(),
    })
}

fn line(ready: &Value) -> String {
    if output::is_json() {
        return ready.to_string();
    }
    let names =
        ["base_url", "listen", "merchant_no", "private_key", "public_key", "system_public_key"].into_iter();
    let words = names.map(|name| {
        let shown = name.replace("base_url", "sandbox").replace("merchant_no", "merchant").replace('_', "-");
        format!("{shown} {}", ready[name].as_str().unwrap_or_default())
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Writes the file by which the other commands find it.
fn register(name: Option<String>, sandbox: &Sandbox, ready: &Value) -> std::io::Result<StateFile> {
    let address = sandbox.address();
    let is_usual = address.ip() == Ipv4Addr::LOCALHOST;
    let host = if is_usual { String::new() } else { format!("{}-", address.ip()).replace(':', ".") };
    let name = name.unwrap_or_else(|| format!("{host}{}", address.port()));
    let mut state = ready.clone();
    state["name"] = json!(name);
    let started = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    state["started_at_micros"] = json!(u64::try_from(started.as_micros()).unwrap_or(u64::MAX));
    state["about"] = json!("A running test sandbox. These keys were made for it, and open nothing else.");
    StateFile::write(&name, &state)
}

/// The names and descriptions of the included scenarios.
pub(super) fn included() -> Value {
    let describe = |one: Scenario| json!({ "name": one.name(), "description": one.description() });
    Scenario::shipped_ones().map(describe).collect()
}

fn list_scenarios() -> Result<(), Failure> {
    for scenario in Scenario::shipped_ones() {
        let (name, description) = (scenario.name(), scenario.description());
        if output::is_json() {
            output::json(&json!({ "name": name, "description": description }))?;
        } else {
            output::line(&format!("{name:20} {description}"))?;
        }
    }
    Ok(())
}

/// An included scenario, or else the one in a file.
pub(super) fn scenario(name: &OsStr) -> Result<Scenario, Failure> {
    let path = Path::new(name);
    match Scenario::shipped(&name.to_string_lossy()) {
        Ok(scenario) => return Ok(scenario),
        Err(_) if path.exists() => {}
        Err(error) => {
            // It says which name, unless that may be a key.
            return Err(Failure::usage(format!("{error}; and there is no file of this name")));
        }
    }
    let text = input::text(path, "the scenario")?;
    Scenario::parse(&text).map_err(|error| Failure::usage(path.display().to_string()).caused_by(&error))
}

/// Ready on Ctrl-C, and on Unix on SIGTERM too.
pub(crate) fn stop_signal() -> Result<impl Future<Output = Result<(), Failure>>, Failure> {
    let cannot = |error: std::io::Error| Failure::usage("cannot listen for Ctrl-C").caused_by(&error);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => Ok(()),
                _ = terminate.recv() => Ok(()),
            }
        })
    }
    #[cfg(not(unix))]
    {
        Ok(async move { tokio::signal::ctrl_c().await.map_err(cannot) })
    }
}
