//! What `tracing` gets of a call: paths, numbers and codes, and nothing else.
//!
//! A binary of its own: whoever reaches an event first decides for the process whether it is
//! listened to, and tests beside this one have no subscriber.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its helpers"
)]
#![cfg(all(feature = "client", feature = "tracing"))]

#[path = "../examples/metrics.rs"]
#[allow(dead_code, unreachable_pub, reason = "the example as it stands")]
mod example_metrics;
#[path = "it/personal.rs"]
mod personal;
#[path = "it/scripted.rs"]
#[allow(dead_code, reason = "this binary needs only a part of it")]
mod scripted;

use example_metrics::{Calls, Labels};
use personal::{PERSONAL, client, deposit};
use scripted::{Scripted, Step};
use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tarspay::sign::PrivateKey;
use tarspay::types::market::bangladesh::SubmissionRequest;
use tarspay::{Client, Credentials, RetryPolicy};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

#[tokio::test]
async fn tracing_is_told_paths_numbers_and_codes_and_nothing_else() {
    let key = PrivateKey::generate().unwrap();
    let refused = Step::json(&format!(r#"{{"code":5003007,"msg":"{PERSONAL}"}}"#));
    let accepted = Step::json(&format!(
        r#"{{"code":0,"data":{{"payOrderId":"P1","mchOrderNo":"ORDER-1","customerContact":"{PERSONAL}","payUrl":"{PERSONAL}"}}}}"#
    ));
    let server = Scripted::playing([refused, accepted]).await;
    let client = client(&server.base_url, &key);
    let log = Log::default();
    {
        let _guard = tracing::subscriber::set_default(log.clone());
        client.place_deposit(&deposit()).await.unwrap_err();
        client.place_deposit(&deposit()).await.unwrap();
        client
            .call(SubmissionRequest::new("P1".parse().unwrap(), PERSONAL.parse().unwrap()).unwrap())
            .await
            .unwrap();
    }
    let shown = log.text();
    for expected in [
        "attempt failed",
        "response received",
        "/api/pay/unifiedOrder",
        "ORDER-1",
        "5003007",
        "Rejected",
        "/api/bd/P1",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let signature = server.requests()[0]
        .lines()
        .find(|line| line.to_lowercase().contains("signature"))
        .unwrap()
        .to_owned();
    let signature = signature.split_once(": ").unwrap().1;
    for secret in [PERSONAL, key.expose_hex().as_str(), signature] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn a_placing_is_a_span_with_one_of_each_attempt_in_it() {
    let server = Scripted::playing([
        Step::lost(),
        Step::json_with("404 Not Found", r#"{"code":5003018}"#),
        Step::json(r#"{"code":0,"data":{"payOrderId":"P1","mchOrderNo":"ORDER-1"}}"#),
        Step::json(r#"{"code":0,"data":{"availableAmount":"1","frozenAmount":"0"}}"#),
    ])
    .await;
    let credentials = Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap());
    let quick = RetryPolicy::default().waits(Duration::from_millis(1), Duration::from_millis(1));
    let client = Client::builder(credentials).base_url(&server.base_url).retry(quick).build().unwrap();
    let (spans, calls) = (Spans::default(), Calls::default());
    {
        let subscriber = tracing_subscriber::registry().with(spans.clone()).with(calls.clone());
        let _guard = tracing::subscriber::set_default(subscriber);
        client.place_deposit(&deposit()).await.unwrap();
        client.balance().await.unwrap();
        client.balance().deadline(Duration::ZERO).await.unwrap_err();
        drop(client.balance().into_future());
    }

    let port = server.base_url.rsplit(':').next().unwrap();
    let attempt = |path: &str, rest: &str| {
        format!(
            "tarspay.call/tarspay.attempt http.request.method=POST otel.kind=client otel.name=POST {path} \
             server.address=127.0.0.1 server.port={port} url.path={path} {rest}"
        )
    };
    let (create, query, balance) = ("/api/pay/unifiedOrder", "/api/payInInfo", "/api/balanceInfo");
    let expected = [
        attempt(create, "error.type=OutcomeUnknown merchant_order_no=ORDER-1 outcome=OutcomeUnknown"),
        attempt(
            query,
            "code=5003018 error.type=Rejected http.response.status_code=404 merchant_order_no=ORDER-1 outcome=Rejected",
        ),
        attempt(
            create,
            "http.request.resend_count=1 http.response.status_code=200 merchant_order_no=ORDER-1 outcome=Success",
        ),
        format!(
            "tarspay.call merchant_order_no=ORDER-1 operation=place otel.name=place {create} outcome=Created \
             url.path={create}"
        ),
        attempt(balance, "http.response.status_code=200 outcome=Success"),
        format!("tarspay.call operation=call otel.name=call {balance} outcome=Success url.path={balance}"),
        attempt(balance, "error.type=NotSent outcome=NotSent"),
        format!(
            "tarspay.call error.type=NotSent operation=call otel.name=call {balance} outcome=NotSent url.path={balance}"
        ),
    ];
    let in_order = |line: &str| {
        let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        words.sort();
        words
    };
    let seen = spans.0.lock().unwrap().clone();
    assert_eq!(seen.len(), expected.len(), "{seen:#?}");
    for (seen, expected) in seen.iter().zip(&expected) {
        assert_eq!(in_order(seen), in_order(expected), "{seen}");
    }

    let count =
        |path: &str, outcome: &str| (Labels { path: path.to_owned(), outcome: outcome.to_owned() }, 1);
    let counts = [count(balance, "NotSent"), count(balance, "Success"), count(create, "Created")];
    assert_eq!(calls.counts(), BTreeMap::from(counts));
}

/// A layer that writes down every span as it closes, with the spans that it is in.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {field}={value}").unwrap();
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        values.record(context.span(id).unwrap().extensions_mut().get_mut::<Fields>().unwrap());
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let path: Vec<_> = span.scope().from_root().map(|span| span.name()).collect();
        let fields = span.extensions().get::<Fields>().unwrap().0.clone();
        self.0.lock().unwrap().push(path.join("/") + &fields);
    }
}

/// A subscriber that writes down every event, and what spans are given.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        const NAMES: [&str; 17] = [
            "message",
            "path",
            "merchant_order_no",
            "kind",
            "code",
            "status",
            "operation",
            "outcome",
            "error.type",
            "http.request.method",
            "http.request.resend_count",
            "http.response.status_code",
            "otel.kind",
            "otel.name",
            "server.address",
            "server.port",
            "url.path",
        ];
        assert!(NAMES.contains(&field.name()), "{field}");
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tarspay")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut Line(&mut self.0.lock().unwrap()));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
