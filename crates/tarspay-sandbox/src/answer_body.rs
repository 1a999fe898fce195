//! The body of an answer: sent at once, or slowly, or cut off in the middle.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// A body that is sent step by step. Its announced length is that of the whole answer, whatever is sent of it.
pub(crate) struct ResponseBody {
    steps: VecDeque<Step>,
    announced: u64,
    sleep: Option<Pin<Box<Sleep>>>,
}

enum Step {
    Send(Bytes),
    /// Lets the connection write what it has so far.
    Flush,
    Wait(Duration),
    /// Ends the connection.
    Cut,
}

impl ResponseBody {
    /// The answer, of which `truncate` tells how much is sent, and `slow` how long the rest of it takes after its first
    /// byte.
    pub(crate) fn new(answer: Vec<u8>, truncate: Option<usize>, slow: Option<Duration>) -> Self {
        let mut answer = Bytes::from(answer);
        let announced = answer.len() as u64;
        let is_cut = truncate.is_some_and(|bytes| bytes < answer.len());
        answer.truncate(truncate.unwrap_or(answer.len()));
        let mut steps = VecDeque::new();
        if let Some(duration) = slow {
            steps.push_back(Step::Send(answer.split_to(answer.len().min(1))));
            steps.push_back(Step::Wait(duration));
        }
        steps.push_back(Step::Send(answer));
        if is_cut {
            // What was sent must be on its way before the connection ends.
            steps.push_back(Step::Flush);
            steps.push_back(Step::Cut);
        }
        Self { steps, announced, sleep: None }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(sleep) = &mut self.sleep {
            ready!(sleep.as_mut().poll(context));
            self.sleep = None;
        }
        loop {
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Send(bytes)) if bytes.is_empty() => {}
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Flush) => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Wait(duration)) => {
                    let mut sleep = Box::pin(tokio::time::sleep(duration));
                    if sleep.as_mut().poll(context).is_pending() {
                        self.sleep = Some(sleep);
                        return Poll::Pending;
                    }
                }
                Some(Step::Cut) => {
                    return Poll::Ready(Some(Err(io::Error::other("a fault cut the answer"))));
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
