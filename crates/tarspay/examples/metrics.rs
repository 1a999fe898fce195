//! Prints the spans of a call, and counts calls by path and outcome:
//!
//! ```sh
//! TARSPAY_MERCHANT_ID=M1688443086 TARSPAY_PRIVATE_KEY=... \
//!     cargo run -p tarspay --example metrics --features tracing
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use tarspay::Client;
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt};

/// A layer that counts the spans of calls.
#[derive(Clone, Default)]
pub struct Calls(Arc<Mutex<BTreeMap<Labels, u64>>>);

/// By what calls are counted. A call that was dropped has no outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "an example")]
pub struct Labels {
    /// The path of the endpoint.
    pub path: String,
    /// What the call came to.
    pub outcome: String,
}

impl Calls {
    /// The counts so far.
    pub fn counts(&self) -> BTreeMap<Labels, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Visit for Labels {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "url.path" => value.clone_into(&mut self.path),
            "outcome" => value.clone_into(&mut self.outcome),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Calls {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id).filter(|span| span.name() == "tarspay.call") {
            let mut labels = Labels::default();
            attributes.record(&mut labels);
            span.extensions_mut().insert(labels);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(labels) = span.extensions_mut().get_mut::<Labels>()
        {
            values.record(labels);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(span) = context.span(&id)
            && let Some(labels) = span.extensions_mut().remove::<Labels>()
        {
            // With the crate `metrics`: counter!("tarspay_calls", "path" => .., "outcome" => ..).increment(1)
            *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(labels).or_default() += 1;
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), tarspay::Error> {
    let calls = Calls::default();
    // Replace the second layer by that of `docs/examples/observability` to export the spans.
    let printed = fmt::layer().with_span_events(FmtSpan::CLOSE);
    tracing_subscriber::registry().with(calls.clone()).with(printed).init();

    let result = Client::from_env()?.balance().await;
    for (labels, count) in calls.counts() {
        println!("{count} {labels:?}");
    }
    result.map(drop)
}
