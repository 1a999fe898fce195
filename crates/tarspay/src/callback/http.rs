//! From an HTTP request to a verified callback, and the responses that the gateway understands.

use super::{CallbackVerifier, Verified};
use crate::error::compression;
use crate::types::Callback;
use crate::{Error, ErrorKind, sign};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The time for the body of a callback by default.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many callbacks are received at once by default. With the default size they take 32 MiB.
const MAX_IN_FLIGHT: usize = 512;

/// How long and how many: the limits of the layer and the extractor. Clones count together.
#[derive(Clone, Debug)]
pub(super) struct Receiver {
    body_timeout: Duration,
    free: Arc<Semaphore>,
}

impl Default for Receiver {
    fn default() -> Self {
        Self { body_timeout: BODY_TIMEOUT, free: Arc::new(Semaphore::new(MAX_IN_FLIGHT)) }
    }
}

/// The response to a callback that was stored: HTTP 200 and the bare text `OK`.
///
/// After any other response the gateway sends the callback again (`docs/wire.md`, section 10).
pub(super) fn acknowledged() -> Response<Full<Bytes>> {
    text(StatusCode::OK, "OK")
}

/// The response to a valid callback that could not be handled: the gateway sends it again.
#[cfg(feature = "tower")]
pub(super) fn not_handled() -> Response<Full<Bytes>> {
    text(StatusCode::INTERNAL_SERVER_ERROR, "not handled")
}

/// Why a request was refused, and the response to it.
///
/// | status | the request |
/// |---|---|
/// | 400 | was cut short |
/// | 401 | has no valid signature |
/// | 403 | is another merchant's callback |
/// | 405 | is not a `POST` |
/// | 408 | took longer than [`body_timeout`](CallbackVerifier::body_timeout) |
/// | 413 | is larger than [`max_bytes`](CallbackVerifier::max_bytes); announced, it is not read |
/// | 415 | has no valid signature, and came compressed |
/// | 422 | is signed but unreadable |
/// | 503 | came while [`max_in_flight`](CallbackVerifier::max_in_flight) others were received |
///
/// The gateway sends a callback again after each of them.
///
/// A callback that is signed but unreadable comes from the gateway: keep its [`body`](Self::body),
/// and query the order that it names if it is yours. `Debug` shows only the length of the body.
pub struct CallbackRejection {
    status: StatusCode,
    reason: &'static str,
    error: Option<Error>,
    body: Bytes,
}

impl CallbackRejection {
    fn new(status: StatusCode, reason: &'static str) -> Self {
        Self { status, reason, error: None, body: Bytes::new() }
    }

    fn by_verifier(error: Error, body: Bytes, compression: Option<&'static str>) -> Self {
        let error = match compression {
            Some(name) => error.compressed(name),
            None => error,
        };
        let (status, reason) = match (error.kind(), error.signature_fault()) {
            (ErrorKind::CallbackUnreadable, _) => (StatusCode::UNPROCESSABLE_ENTITY, "not a callback"),
            (ErrorKind::CallbackForOtherMerchant, _) => (StatusCode::FORBIDDEN, "not our merchant"),
            (_, Some(sign::ErrorKind::BodyTooLarge)) => (StatusCode::PAYLOAD_TOO_LARGE, "too large"),
            (_, Some(sign::ErrorKind::MissingSignature)) => (StatusCode::UNAUTHORIZED, "signature missing"),
            (_, Some(sign::ErrorKind::MalformedSignature)) => {
                (StatusCode::UNAUTHORIZED, "signature malformed")
            }
            (ErrorKind::CallbackRefused, _) if compression.is_some() => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "compressed")
            }
            _ => (StatusCode::UNAUTHORIZED, "signature refused"),
        };
        let body = if error.kind() == ErrorKind::CallbackUnreadable { body } else { Bytes::new() };
        Self { status, reason, error: Some(error), body }
    }

    /// The HTTP status of the response.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The verifier's error, if the request got that far.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// The body of a callback that is signed but unreadable; empty for everything else.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The response. It says only which step refused the request.
    pub(super) fn response(&self) -> Response<Full<Bytes>> {
        let mut response = text(self.status, self.reason);
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

impl fmt::Debug for CallbackRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackRejection")
            .field("status", &self.status())
            .field("reason", &self.reason)
            .field("error", &self.error)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

impl fmt::Display for CallbackRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the request is not a verified callback ({}); the response is HTTP {}",
            self.reason,
            self.status()
        )
    }
}

impl std::error::Error for CallbackRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error().map(|error| error as &(dyn std::error::Error + 'static))
    }
}

impl CallbackVerifier {
    /// Sets the time for the body of a callback, for the layer and the extractor. Default: 10
    /// seconds. A slower one ends with HTTP 408. The time for the head is your server's.
    #[must_use]
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.receiver.body_timeout = timeout;
        self
    }

    /// Sets how many callbacks the layer and the extractor receive and verify at once, all clones of
    /// the verifier together. Default: 512. Further ones get HTTP 503 without being read, and the
    /// gateway sends them again. So callbacks take at most this many times the
    /// [limit](Self::limit) of memory.
    #[must_use]
    pub fn max_in_flight(mut self, callbacks: usize) -> Self {
        self.receiver.free = Arc::new(Semaphore::new(callbacks.min(Semaphore::MAX_PERMITS)));
        self
    }

    /// Reads the body within its limits, then verifies it. Without a well-formed signature the body
    /// is not read at all.
    pub(super) async fn receive<B>(
        &self,
        method: &Method,
        headers: &HeaderMap,
        body: B,
    ) -> Result<Verified<Callback>, CallbackRejection>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let refused = |error: sign::Error| {
            CallbackRejection::by_verifier(Error::callback_refused(error), Bytes::new(), None)
        };
        if method != Method::POST {
            return Err(CallbackRejection::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "callbacks are POST requests",
            ));
        }
        let signature = signature(headers)?;
        sign::Signature::from_hex(signature).map_err(refused)?;
        // What the body is known to have at least: its Content-Length.
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        self.signatures.check_size(announced).map_err(refused)?;
        let Ok(_received) = self.receiver.free.try_acquire() else {
            return Err(CallbackRejection::new(StatusCode::SERVICE_UNAVAILABLE, "too many at once"));
        };
        let read = timeout(self.receiver.body_timeout, Limited::new(body, self.limit()).collect()).await;
        let body = match read {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                self.signatures.check_size(self.limit().saturating_add(1)).map_err(refused)?;
                return Err(CallbackRejection::new(StatusCode::PAYLOAD_TOO_LARGE, "too large"));
            }
            Ok(Err(_)) => {
                return Err(CallbackRejection::new(StatusCode::BAD_REQUEST, "body not received in full"));
            }
            Err(_) => {
                return Err(CallbackRejection::new(StatusCode::REQUEST_TIMEOUT, "body not received in time"));
            }
        };
        self.verify(Some(signature), &body).map_err(|error| {
            let encoding = headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes);
            CallbackRejection::by_verifier(error, body, encoding.and_then(compression))
        })
    }
}

/// The signature header, empty if it is missing. Two headers are ambiguous.
fn signature(headers: &HeaderMap) -> Result<&str, CallbackRejection> {
    let mut values = headers.get_all(sign::CALLBACK_SIGNATURE_HEADER).iter();
    let Some(value) = values.next() else { return Ok("") };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(text),
        _ => Err(CallbackRejection::new(StatusCode::UNAUTHORIZED, "signature malformed")),
    }
}

fn text(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
