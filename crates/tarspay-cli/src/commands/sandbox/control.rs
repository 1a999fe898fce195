//! The control API of a running sandbox, over one connection.

use crate::failure::Failure;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::fmt::Display;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

const TO_CONNECT: Duration = Duration::from_secs(5);
/// The sandbox responds to a wait for events after 25 seconds, and to `settle` after the timeouts of
/// receivers.
const TO_RESPOND: Duration = Duration::from_secs(120);
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;

pub(crate) struct Control {
    pub(super) base_url: String,
    host: String,
    sender: SendRequest<Full<hyper::body::Bytes>>,
}

impl Control {
    pub(super) async fn connect(base_url: &str) -> Result<Self, Failure> {
        let base_url = base_url.trim_end_matches('/').to_owned();
        let host = base_url.strip_prefix("http://").filter(|host| !host.contains(['/', '@']));
        let host =
            host.ok_or_else(|| Failure::usage("--sandbox must be a name or http://HOST:PORT"))?.to_owned();
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if has_port { host.clone() } else { format!("{host}:80") };
        let stream = match timeout(TO_CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                let failure = Failure::new(3, "not_running", format!("no sandbox runs at {base_url}"));
                return Err(failure.detail("Start one with `tarspay sandbox`."));
            }
            Ok(Err(error)) => return Err(not_sent(&base_url, &error)),
            Err(_) => return Err(not_sent(&base_url, &"it does not respond")),
        };
        let shaken = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| not_sent(&base_url, &error))?;
        // Its error is that of the request.
        tokio::spawn(async move { _ = connection.await });
        Ok(Self { base_url, host, sender })
    }

    /// Looks at something.
    pub(crate) async fn get(&mut self, path: &str, query: &[(&str, &str)]) -> Result<Value, Failure> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let request = Request::get(format!("/_sandbox/{path}?{query}"));
        self.send(request, String::new(), 3, "no_response").await
    }

    /// Changes something.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = Request::post(format!("/_sandbox/{path}"));
        self.send(request, body.to_string(), 4, "outcome_unknown").await
    }

    /// A request without a response fails with this code and kind.
    async fn send(
        &mut self,
        request: hyper::http::request::Builder,
        body: String,
        code: u8,
        kind: &str,
    ) -> Result<Value, Failure> {
        let url = &self.base_url;
        let lost = |why: &dyn Display| {
            Failure::new(code, kind, format!("the sandbox at {url} did not respond: {why}"))
        };
        let request = request.header(HOST, &self.host).header(CONTENT_TYPE, "application/json");
        let request = request.body(Full::from(body)).map_err(|error| not_sent(url, &error))?;
        let exchange = async {
            let response = self.sender.send_request(request).await.map_err(|error| lost(&error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_RESPONSE_BYTES).collect().await;
            Ok((status, body.map_err(|error| lost(&error))?.to_bytes()))
        };
        let exchanged = timeout(TO_RESPOND, exchange).await;
        let (status, body) = exchanged.unwrap_or_else(|_| Err(lost(&"it takes too long")))?;
        let Ok(mut value) = serde_json::from_slice::<Value>(&body) else {
            return Err(Failure::refused(format!("{url} is not a sandbox: HTTP {status} without JSON")));
        };
        if status == StatusCode::OK {
            return Ok(value);
        }
        let error = value["error"].take();
        let kind = error["kind"].as_str().unwrap_or("refused");
        Err(Failure::new(1, kind, error["message"].as_str().unwrap_or("the sandbox refused it")))
    }
}

fn not_sent(url: &str, why: &dyn Display) -> Failure {
    Failure::new(3, "not_sent", format!("the sandbox at {url} cannot be reached: {why}"))
}
