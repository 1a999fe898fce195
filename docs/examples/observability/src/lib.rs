//! Exports the spans of calls to OpenTelemetry.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter};
use tracing::Subscriber;
use tracing_subscriber::layer::SubscriberExt as _;

/// A subscriber that exports spans, and what to shut down at the end. In a server take `with_batch_exporter`, and the
/// exporter of opentelemetry-otlp.
pub fn exporting_to(
    exporter: impl SpanExporter + 'static,
) -> (impl Subscriber + Send + Sync, SdkTracerProvider) {
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter).build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("shop"));
    (tracing_subscriber::registry().with(spans), provider)
}
