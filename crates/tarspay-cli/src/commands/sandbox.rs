//! `tarspay sandbox`: a local gateway until Ctrl-C.

use crate::failure::Failure;
use crate::{input, output};
use serde_json::json;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tarspay_sandbox::{Sandbox, Scenario};

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Args {
    /// IP address of loopback and port; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: String,
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
    #[arg(long = "scenario", value_name = "NAME|FILE")]
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

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    if args.list_scenarios {
        return list_scenarios();
    }
    let scenarios = args.scenarios.iter().map(|name| scenario(name)).collect::<Result<Vec<_>, _>>()?;
    // Listen for the signal first: whoever reads the line may send it at once.
    let stop = stop_signal()?;
    let mut builder = Sandbox::builder().listen(args.listen).explain(!args.no_explain);
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
    let merchant = sandbox.merchant();
    let key = merchant.private_key();
    // The keys were made for this sandbox and open nothing else.
    let (private_key, public_key) = (key.expose_hex(), key.public_key().to_string());
    let system_public_key = sandbox.system_public_key().to_string();
    let ready = if output::is_json() {
        let ready = json!({
            "base_url": sandbox.base_url(),
            "listen": sandbox.address(),
            "merchant_no": merchant.merchant_no(),
            "private_key": private_key.as_str(),
            "public_key": public_key,
            "system_public_key": system_public_key,
        });
        ready.to_string()
    } else {
        format!(
            "sandbox {} listen {} merchant {} private-key {} public-key {public_key} system-public-key {system_public_key}",
            sandbox.base_url(),
            sandbox.address(),
            merchant.merchant_no(),
            private_key.as_str(),
        )
    };
    // Without a reader nobody knows where it listens, or ends it.
    if output::line_if_read(&ready)? {
        stop.await?;
    }
    sandbox.stop().await;
    Ok(())
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
fn scenario(name: &OsStr) -> Result<Scenario, Failure> {
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
fn stop_signal() -> Result<impl Future<Output = Result<(), Failure>>, Failure> {
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
