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

#[path = "it/personal.rs"]
mod personal;
#[path = "it/scripted.rs"]
#[allow(dead_code, reason = "this binary needs only a part of it")]
mod scripted;

use personal::{PERSONAL, client, deposit};
use scripted::{Scripted, Step};
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use tarspay::sign::PrivateKey;
use tarspay::types::market::bangladesh::SubmissionRequest;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

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

/// A subscriber that writes down every event, and what spans are given as they begin.
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
        const NAMES: [&str; 6] = ["message", "path", "merchant_order_no", "kind", "code", "status"];
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

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
