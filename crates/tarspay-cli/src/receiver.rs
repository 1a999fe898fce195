//! Receivers of callbacks: where one may be posted, how, and whether it was accepted.

use crate::failure::{Failure, with_causes};
use axum::http::Uri;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tarspay::sign::CALLBACK_SIGNATURE_HEADER;
use tarspay::transport::{Phase, Transport};

/// How long a receiver may take. The gateway's patience is not documented.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most of a reply that is read, in bytes, and shown, in characters. `OK` has two.
const MAX_REPLY_BYTES: usize = 16 * 1024;
const SHOWN_REPLY: usize = 200;

/// Where a callback is posted.
pub(crate) struct Receiver {
    url: String,
    path: String,
    transport: Transport,
}

/// What a receiver made of a callback.
pub(crate) struct Reply {
    url: String,
    status: Option<u16>,
    text: Option<String>,
    took: Duration,
    /// The phase in which it failed, and why.
    failed: Option<(&'static str, String)>,
}

impl Receiver {
    /// Reads a URL of this machine, or of any if `network`. `flag` is what allows another one.
    pub(crate) fn new(url: &str, network: bool, flag: &str) -> Result<Self, Failure> {
        let unusable = |why: &str| Failure::usage(format!("this URL cannot receive callbacks: it {why}"));
        let uri: Uri = url.parse().map_err(|_| unusable("is not a URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(unusable("must begin with http:// or https://"));
        };
        if uri.query().is_some() || authority.as_str().contains('@') {
            return Err(unusable("must have neither user name nor query"));
        }
        // The transport accepts plain HTTP to this machine only.
        let is_local = Transport::builder(&format!("http://{authority}")).build().is_ok();
        if !is_local && !network {
            let failure = unusable("does not lead to this machine");
            return Err(failure.detail(format!("If it must, give {flag}.")));
        }
        let mut transport = Transport::builder(&format!("{scheme}://{authority}"))
            .connect_timeout(TIMEOUT / 2)
            .call_timeout(TIMEOUT)
            .response_head_timeout(TIMEOUT)
            .max_response_bytes(MAX_REPLY_BYTES);
        if !is_local {
            transport = transport.allow_plain_http_to(authority.host());
        }
        let transport = transport.build().map_err(|error| unusable("is refused").caused_by(&error))?;
        Ok(Self { url: url.to_owned(), path: uri.path().to_owned(), transport })
    }

    /// Posts a callback as the gateway does.
    pub(crate) async fn post(&self, signature: &str, content_type: &str, body: Vec<u8>) -> Reply {
        let headers = [("Content-Type", content_type), (CALLBACK_SIGNATURE_HEADER, signature)];
        let started = Instant::now();
        let posted = self.transport.post(&self.path, &headers, body).await;
        let (took, url) = (started.elapsed(), self.url.clone());
        let response = match posted {
            Ok(response) => response,
            Err(error) => {
                let phase = match error.phase() {
                    Some(Phase::Send) => "write",
                    Some(Phase::ResponseHead) => "response status",
                    Some(Phase::ResponseBody) => "response body",
                    _ => "connect",
                };
                let failed = Some((phase, with_causes(&error)));
                return Reply { url, status: error.status(), text: None, took, failed };
            }
        };
        let status = response.status();
        let text: String = String::from_utf8_lossy(response.body()).chars().take(SHOWN_REPLY).collect();
        let failed = if !(200..300).contains(&status) {
            Some(("response status", "the status is not 2xx".to_owned()))
        } else if response.body() != b"OK" {
            Some(("response body", "the body is not the bare text OK".to_owned()))
        } else {
            None
        };
        Reply { url, status: Some(status), text: Some(text), took, failed }
    }
}

impl Reply {
    /// Whether the gateway would take the callback for received: 2xx and the bare text `OK`.
    pub(crate) fn is_ok(&self) -> bool {
        self.failed.is_none()
    }

    /// Whether nothing was sent.
    pub(crate) fn is_not_sent(&self) -> bool {
        self.failed.as_ref().is_some_and(|(phase, _)| *phase == "connect")
    }

    pub(crate) fn as_json(&self) -> Value {
        let (phase, why) = self.failed.as_ref().map(|(phase, why)| (*phase, why.as_str())).unzip();
        json!({
            "url": self.url, "ok": self.is_ok(), "http_status": self.status, "reply": self.text,
            "millis": self.took.as_millis(), "failed_phase": phase, "reason": why,
        })
    }

    /// Status and text of the reply, the time, and the phase that failed.
    pub(crate) fn as_text(&self) -> String {
        let status = self.status.map(|status| format!("HTTP {status} ")).unwrap_or_default();
        let text = self.text.as_ref().map(|text| format!("{text:?} ")).unwrap_or_default();
        let outcome = match &self.failed {
            Some((phase, why)) => format!("failed in {phase}: {why}"),
            None => "accepted".to_owned(),
        };
        format!("{} {status}{text}{} ms, {outcome}", self.url, self.took.as_millis())
    }
}
