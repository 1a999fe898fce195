//! The body of a request, which also guards the moment in which sending begins.
//!
//! Why the body can know: hyper's connection task takes a request out of its queue, encodes the
//! head into a buffer and, in the same turn, asks the body for its first frame *before* it writes
//! the buffer to the socket (`poll_write` and then `poll_flush` in hyper's `proto/h1/dispatch.rs`;
//! the buffer is flushed earlier only if the head fills it, and
//! [`MAX_HEAD_BYTES`](crate::request::MAX_HEAD_BYTES) is below the smallest buffer). So as long as
//! no frame was asked for, no byte has left, and a body that returns an error instead of a frame
//! makes hyper drop the connection with the head still in the buffer.
//!
//! It is also conservative: a frame that was asked for may still fail to reach the socket. If
//! unsure, the request counts as "maybe received".

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::progress::Progress;

/// Large enough to cost nothing, small enough that a peer who stops reading is noticed as
/// "sending", not as "waiting".
const FRAME_BYTES: usize = 16 * 1024;

/// A request body of known length. An empty one is never asked for a frame; whoever sends it marks
/// its progress.
pub(crate) struct Outgoing {
    rest: Bytes,
    started: bool,
    progress: Arc<Progress>,
}

impl Outgoing {
    pub(crate) fn new(body: Bytes, progress: Arc<Progress>) -> Self {
        Self { rest: body, started: false, progress }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// The call was stopped before its request was written.
#[derive(Debug)]
pub(crate) struct Withdrawn;

impl fmt::Display for Withdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call ended before its request was sent")
    }
}

impl std::error::Error for Withdrawn {}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Withdrawn;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Withdrawn>>> {
        if !self.started {
            if !self.progress.start() {
                return Poll::Ready(Some(Err(Withdrawn)));
            }
            self.started = true;
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(FRAME_BYTES);
        let frame = self.rest.split_to(length);
        if self.rest.is_empty() {
            self.progress.sent();
        }
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::error::{Delivery, Phase};

    /// Sends a body over a connection and returns what came out at the other end.
    async fn bytes_on_the_wire(body: Outgoing) -> Vec<u8> {
        let (near, mut far) = tokio::io::duplex(1024 * 1024);
        let (mut sender, connection) = http1::handshake(TokioIo::new(near)).await.unwrap();
        let request = hyper::Request::post("/x").header("host", "gateway").body(body).unwrap();
        let reader = tokio::spawn(async move {
            let mut seen = Vec::new();
            let mut buffer = [0; 4096];
            // A complete request ends in `}`; a withdrawn one ends with the connection.
            while !seen.ends_with(b"}") {
                match far.read(&mut buffer).await.unwrap() {
                    0 => break,
                    read => seen.extend_from_slice(&buffer[..read]),
                }
            }
            seen
        });
        let driver = tokio::spawn(connection);
        assert!(sender.send_request(request).await.is_err(), "the far end never responds");
        drop(sender);
        driver.await.unwrap().ok();
        reader.await.unwrap()
    }

    #[tokio::test]
    async fn a_withdrawn_request_writes_not_even_its_head() {
        let progress = Arc::new(Progress::new());
        assert_eq!(progress.stop().delivery, Delivery::NotSent);
        let body = Outgoing::new(Bytes::from_static(b"{\"amount\":1}"), progress);
        assert_eq!(bytes_on_the_wire(body).await, b"");
    }

    #[tokio::test]
    async fn a_request_that_started_is_written_and_says_so() {
        let progress = Arc::new(Progress::new());
        let body = Outgoing::new(Bytes::from_static(b"{\"amount\":1}"), Arc::clone(&progress));
        let seen = bytes_on_the_wire(body).await;
        assert!(seen.starts_with(b"POST /x HTTP/1.1\r\n") && seen.ends_with(b"\r\n\r\n{\"amount\":1}"));
        assert_eq!(progress.stop().delivery, Delivery::MaybeReceived);
        assert_eq!(progress.phase(), Phase::ResponseHead);
    }

    #[tokio::test]
    async fn a_long_body_arrives_whole_and_counts_as_sent_only_with_its_last_frame() {
        let progress = Arc::new(Progress::new());
        let long = Bytes::from(vec![b'x'; FRAME_BYTES * 2 + 1]);
        let mut body = Outgoing::new(long.clone(), Arc::clone(&progress));
        let mut seen = Vec::new();
        while let Some(frame) = body.frame().await {
            seen.extend_from_slice(&frame.unwrap().into_data().unwrap());
            let expected = if seen.len() == long.len() { Phase::ResponseHead } else { Phase::Send };
            assert_eq!(progress.phase(), expected);
        }
        assert_eq!(seen, long);
    }
}
