//! A response, and how it is read without trusting its size.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::{HeaderMap, StatusCode};

use crate::error::{Error, ErrorKind, classify};
use crate::progress::Progress;

/// A complete response of the gateway, whatever its status: redirects are not followed, and 4xx and
/// 5xx are responses too.
///
/// `Debug` shows the status and the length of the body, never its content nor a header's value.
#[derive(Clone)]
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    discard: Arc<AtomicBool>,
}

impl Response {
    /// Closes the connection on which the response came, unless another call has it already.
    ///
    /// For a response that does not name what it is about: if something on the way sent it twice, the
    /// second copy must not meet the next request.
    pub fn discard_connection(&self) {
        self.discard.store(true, Ordering::Relaxed);
    }

    /// The HTTP status, for example 200.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The value of a header, the first one if it was sent several times. The name's case does not
    /// matter. A value need not be UTF-8.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.get(name).map(hyper::header::HeaderValue::as_bytes)
    }

    /// The body, byte for byte; it need not be UTF-8, let alone JSON.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body without a copy.
    pub fn into_body(self) -> Bytes {
        self.body
    }

    /// Reads the rest of a response whose head is here, up to `limit` bytes.
    pub(crate) async fn read(
        response: hyper::Response<Incoming>,
        limit: usize,
        discard: Arc<AtomicBool>,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let (head, mut incoming) = response.into_parts();
        let too_large = || {
            let what = format!("the body of the response is larger than the limit of {limit} bytes");
            Error::stopped(ErrorKind::ResponseTooLarge, progress.stop(), what)
        };
        // From Content-Length. It is the peer's word, so it may refuse a response, but reserves no
        // more than the limit.
        let announced = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(announced);
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|error| {
                let (kind, what) = classify(&error);
                Error::stopped(kind, progress.stop(), what).with_source(error)
            })?;
            // Anything else is a trailer, which is ignored.
            let Ok(data) = frame.into_data() else { continue };
            if data.len() > limit - body.len() {
                return Err(too_large());
            }
            body.extend_from_slice(&data);
        }
        Ok(Self { status: head.status, headers: head.headers, body: body.into(), discard })
    }
}

/// Holds a response's headers to their limit to the byte. hyper's buffer ends a head that does not
/// end by itself, but the buffer grows in steps and takes up to twice its size.
pub(crate) fn check_head<B>(
    head: &hyper::Response<B>,
    limit: usize,
    progress: &Progress,
) -> Result<(), Error> {
    let size: usize = head.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if size > limit {
        let what = format!("the head of the response is larger than the limit of {limit} bytes");
        return Err(Error::stopped(ErrorKind::ResponseTooLarge, progress.stop(), what));
    }
    Ok(())
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
