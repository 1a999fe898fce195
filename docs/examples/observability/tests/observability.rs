//! The spans of a call whose first response is lost, as an exporter gets them.

use observability::exporting_to;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;
use tarspay::types::market::kenya;
use tarspay::types::{Amount, DepositRequest, NotifyUrl};
use tarspay::{Client, Credentials, Placed};
use tarspay_sandbox::{Fault, Sandbox};

const DEPOSIT: &str = "/api/pay/unifiedOrder";

fn attributes(span: &SpanData) -> BTreeMap<&str, String> {
    let own = span.attributes.iter().map(|it| (it.key.as_str(), it.value.to_string()));
    own.collect()
}

/// Everything that leaves the process as a text, but the order number.
fn texts(span: &SpanData) -> Vec<String> {
    let events = span.events.iter().flat_map(|event| {
        let of_event = event.attributes.iter().map(|it| (it.key.as_str(), it.value.to_string()));
        of_event.chain([("", event.name.to_string())])
    });
    let all = attributes(span).into_iter().chain(events).chain([("", span.name.to_string())]);
    all.filter(|(key, _)| *key != "merchant_order_no").map(|(_, text)| text).collect()
}

#[tokio::test]
async fn spans_have_the_names_of_opentelemetry_and_no_value_of_a_body() {
    let sandbox = Sandbox::start().await.unwrap();
    let merchant = sandbox.merchant();
    let credentials = Credentials::new(merchant.merchant_no().clone(), merchant.private_key().clone());
    let client = Client::builder(credentials)
        .base_url(sandbox.base_url())
        .quiet_time(Duration::from_millis(20))
        .build()
        .unwrap();
    sandbox.inject(Fault::drop_connection().after_commit().on_path(DEPOSIT));
    let notify_url = NotifyUrl::new("https://shop.example/notify?for=Wanjiru").unwrap();
    let amount = Amount::parse("1500.00").unwrap();
    let request =
        DepositRequest::new("D1".parse().unwrap(), kenya::way::CASHIER, kenya::CURRENCY, amount, notify_url)
            .customer_contact("254115555076");

    let exporter = InMemorySpanExporter::default();
    let (subscriber, provider) = exporting_to(exporter.clone());
    let guard = tracing::subscriber::set_default(subscriber);
    let placed = client.place_deposit(&request).await.unwrap();
    assert!(matches!(placed, Placed::Recovered { .. }));
    drop(guard);
    provider.force_flush().unwrap();
    let spans = exporter.get_finished_spans().unwrap();

    let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let calls = named("place /api/pay/unifiedOrder");
    let [call] = calls[..] else { panic!("{spans:?}") };
    let attempts: Vec<_> = spans.iter().filter(|span| span.name.starts_with("POST ")).collect();
    assert!(attempts.len() >= 2, "{spans:?}");
    assert_eq!(attempts.len() + 1, spans.len(), "{spans:?}");
    assert!(attempts.iter().all(|span| span.parent_span_id == call.span_context.span_id()));
    let call = attributes(call);
    let of_call = [("operation", "place"), ("url.path", DEPOSIT), ("outcome", "Recovered")];
    for (key, value) in of_call {
        assert_eq!(call[key], value);
    }
    let (host, port) = sandbox.base_url().trim_start_matches("http://").split_once(':').unwrap();
    for span in &attempts {
        let attempt = attributes(span);
        for (key, value) in [("http.request.method", "POST"), ("server.address", host), ("server.port", port)]
        {
            assert_eq!(attempt[key], value, "{}", span.name);
        }
        assert_eq!(span.name, format!("POST {}", attempt["url.path"]));
        assert_eq!(span.span_kind, opentelemetry::trace::SpanKind::Client);
        assert_eq!(attempt["merchant_order_no"], "D1");
        let is_lost = attempt["outcome"] == "OutcomeUnknown";
        assert_eq!(attempt.contains_key("http.response.status_code"), !is_lost, "{attempt:?}");
        assert_eq!(attempt.get("error.type"), is_lost.then(|| "OutcomeUnknown".to_owned()).as_ref());
    }

    let Value::Object(body) = serde_json::to_value(&request).unwrap() else { panic!("not an object") };
    let values = body.values().filter_map(Value::as_str).filter(|value| *value != "D1");
    let secret = merchant.private_key().expose_hex();
    let merchant_no = merchant.merchant_no().as_str();
    let values: Vec<_> = values.chain([secret.as_str(), merchant_no, "Wanjiru"]).collect();
    assert!(values.len() > 5, "{values:?}");
    for text in spans.iter().flat_map(texts) {
        assert!(!values.iter().any(|value| text.contains(value)), "{text}");
    }
}

#[tokio::test]
async fn the_program_prints_the_spans() {
    let sandbox = Sandbox::start().await.unwrap();
    let merchant = sandbox.merchant();
    let mut program = Command::new(env!("CARGO_BIN_EXE_observability"));
    program
        .env("TARSPAY_API_URL", sandbox.base_url())
        .env("TARSPAY_MERCHANT_ID", merchant.merchant_no().as_str())
        .env("TARSPAY_PRIVATE_KEY", merchant.private_key().expose_hex().as_str());
    let output = tokio::task::spawn_blocking(move || program.output()).await.unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("http.request.method"), "{text}");
}
