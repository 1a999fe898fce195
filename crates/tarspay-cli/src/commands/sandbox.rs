//! `tarspay sandbox`: a local gateway until Ctrl-C.

use crate::args::Sandbox as Args;
use crate::failure::Failure;
use crate::{input, output};
use serde_json::json;
use std::ffi::OsStr;
use std::path::Path;
use tarspay_sandbox::{Sandbox, Scenario};

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    if args.list_scenarios {
        return list_scenarios(args.output.json);
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
        .map_err(|error| Failure::unreadable("the sandbox cannot start").caused_by(&error))?;
    for scenario in scenarios {
        sandbox
            .play(scenario)
            .map_err(|error| Failure::unreadable("the scenario cannot be played").caused_by(&error))?;
    }
    let merchant = sandbox.merchant();
    let key = merchant.private_key();
    // The keys were made for this sandbox and open nothing else.
    let (private_key, public_key) = (key.expose_hex(), key.public_key().to_string());
    let system_public_key = sandbox.system_public_key().to_string();
    let ready = if args.output.json {
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

fn list_scenarios(json: bool) -> Result<(), Failure> {
    for scenario in Scenario::shipped_ones() {
        let (name, description) = (scenario.name(), scenario.description());
        if json {
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
            return Err(Failure::unreadable(format!("{error}; and there is no file of this name")));
        }
    }
    let text = input::text(path, "the scenario")?;
    Scenario::parse(&text).map_err(|error| Failure::unreadable(path.display().to_string()).caused_by(&error))
}

/// Ready on Ctrl-C, and on Unix on SIGTERM too.
fn stop_signal() -> Result<impl Future<Output = Result<(), Failure>>, Failure> {
    let cannot = |error: std::io::Error| Failure::unreadable("cannot listen for Ctrl-C").caused_by(&error);
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
