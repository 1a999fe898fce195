//! The transport against real sockets: each fault alone, and what the other side saw of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a broken assumption should end the test, helpers included"
)]

mod certificates;
mod configuration;
mod connecting;
mod connectors;
mod floods;
mod fuzz;
mod proxies;
mod requests;
mod responses;
mod reuse;
mod secrecy;
mod sending;
mod server;
mod timeouts;
mod tls;

use std::time::Duration;

use tarspay_transport::{Builder, Delivery, Error, ErrorKind, Phase, Response, Transport};
use tokio::runtime::Runtime;

/// Long enough for any machine; a test that needs it has already failed.
const AMPLE: Duration = Duration::from_secs(20);

/// Short enough to wait for; used only where the other side never responds, so it cannot pass too
/// early.
const SHORT: Duration = Duration::from_millis(250);

const BODY: &str = r#"{"amount":"1.00"}"#;

/// A transport with ample deadlines, so that only the test's own subject can end a call.
fn patient(base_url: &str) -> Builder {
    Transport::builder(base_url).connect_timeout(AMPLE).response_head_timeout(AMPLE).call_timeout(AMPLE)
}

/// The same for a gateway that is never reached: something to trust there has to be, whatever the
/// features.
fn patient_over_tls(base_url: &str) -> Builder {
    patient(base_url).add_root_certificate_der(certificates::Identity::of(&["gateway.test"]).der())
}

/// A runtime that is driven by `block_on` alone.
fn one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn post(transport: &Transport) -> Result<Response, Error> {
    transport.post("/api/pay/unifiedOrder", &[("content-type", "application/json")], BODY).await
}

/// The one way to look at a failure: all that a caller decides by, at once.
#[track_caller]
fn assert_failed(
    result: Result<Response, Error>,
    kind: ErrorKind,
    phase: Phase,
    delivery: Delivery,
) -> Error {
    let error = result.expect_err("the call should fail");
    assert_eq!((error.kind(), error.phase(), error.delivery()), (kind, Some(phase), delivery), "{error:?}");
    assert_eq!(error.is_not_sent(), delivery == Delivery::NotSent);
    assert_eq!(error.is_timeout(), kind == ErrorKind::Timeout);
    error
}

/// The texts of an error and of everything under it.
fn chain(error: &Error) -> Vec<String> {
    std::iter::successors(Some(error as &dyn std::error::Error), |&error| error.source())
        .map(ToString::to_string)
        .collect()
}
