//! `tarspay sandbox`: a local gateway until Ctrl-C.

use crate::args::Sandbox as Args;
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use tarspay_sandbox::Sandbox;

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    // Listen for the signal first: whoever reads the line may send it at once.
    let stop = stop_signal()?;
    let mut builder = Sandbox::builder().listen(args.listen);
    if let Some(file) = args.data {
        builder = builder.data(file);
    }
    let sandbox = builder
        .start()
        .await
        .map_err(|error| Failure::unreadable("the sandbox does not start").caused_by(&error))?;
    let merchant = sandbox.merchant();
    let key = merchant.private_key();
    // The keys were made for this sandbox and open nothing else.
    let (private_key, public_key) = (key.expose_hex(), key.public_key().to_string());
    let system_public_key = sandbox.system_public_key().to_string();
    if args.output.json {
        output::json(&json!({
            "base_url": sandbox.base_url(),
            "merchant_no": merchant.merchant_no(),
            "private_key": private_key.as_str(),
            "public_key": public_key,
            "system_public_key": system_public_key,
        }))?;
    } else {
        output::line(&format!(
            "sandbox {} merchant {} private-key {} public-key {public_key} system-public-key {system_public_key}",
            sandbox.base_url(),
            merchant.merchant_no(),
            private_key.as_str(),
        ))?;
    }
    stop.await?;
    sandbox.stop().await;
    Ok(())
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
