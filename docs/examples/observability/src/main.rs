//! Prints the spans of a call. From the environment: the variables of `Client::from_env`.

use observability::exporting_to;
use std::error::Error;
use tarspay::Client;
use tracing_subscriber::util::SubscriberInitExt as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (subscriber, provider) = exporting_to(opentelemetry_stdout::SpanExporter::default());
    subscriber.try_init()?;
    let balance = Client::from_env()?.balance().await;
    provider.shutdown()?;
    balance?;
    Ok(())
}
