//! One timer for both deadlines of a call: that of the whole, and that of the answer's head.
//!
//! A timer costs more to start than to leave alone. So it is set once, to the earlier of the two as if the request were
//! sent at once, and only when it rings is it asked how far the call has really come.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::progress::{Awaited, Progress};

/// Which deadline has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    /// That of the whole call.
    Call,
    /// That of the answer's head, which runs while the request is sent and its answer is awaited.
    Head,
}

/// The deadlines of one call.
pub(crate) struct Deadlines {
    call: Instant,
    head: Duration,
    /// The request waits for a connection; when it begins to be sent, this is polled.
    waits: bool,
}

impl Deadlines {
    /// From now on, with the timer that belongs to them: `call` for the whole, `head` for the head of the answer.
    pub(crate) fn begin(call: Duration, head: Duration) -> (Self, Sleep) {
        let now = Instant::now();
        let deadlines = Self { call: now + call, head, waits: false };
        let timer = sleep_until(deadlines.call.min(now + head));
        (deadlines, timer)
    }

    /// Ready when a deadline has passed.
    pub(crate) fn poll(
        &mut self,
        mut timer: Pin<&mut Sleep>,
        progress: &Progress,
        cx: &mut Context<'_>,
    ) -> Poll<Passed> {
        if self.waits {
            timer.as_mut().reset(self.next(progress, cx));
        }
        loop {
            // Not held back when the exchange has used up the task's turn: a peer that keeps it busy is still timed.
            ready!(pin!(unconstrained(timer.as_mut())).poll(cx));
            let rung = timer.deadline();
            if rung >= self.call {
                return Poll::Ready(Passed::Call);
            }
            let next = self.next(progress, cx);
            if next <= rung {
                return Poll::Ready(Passed::Head);
            }
            timer.as_mut().reset(next);
        }
    }

    /// When a deadline passes, by how far the call has come.
    fn next(&mut self, progress: &Progress, cx: &mut Context<'_>) -> Instant {
        let awaited = progress.awaited(cx);
        self.waits = awaited == Awaited::Connection;
        match awaited {
            Awaited::Head { since } => self.call.min(since + self.head),
            Awaited::Connection | Awaited::Body => self.call,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use super::*;

    const CALL: Duration = Duration::from_secs(60);
    const HEAD: Duration = Duration::from_secs(30);

    /// What happens, and in which second.
    type Steps = &'static [(u64, fn(&Progress))];

    /// Which deadline passes, and after how many seconds of paused time, while something happens at some of them.
    async fn passes(call: Duration, steps: Steps) -> (Passed, u64) {
        let begun = Instant::now();
        let progress = Arc::new(Progress::new());
        let other = Arc::clone(&progress);
        let steps = tokio::spawn(async move {
            for (second, step) in steps {
                sleep_until(begun + Duration::from_secs(*second)).await;
                step(&other);
            }
        });
        let (mut deadlines, timer) = Deadlines::begin(call, HEAD);
        let mut timer = pin!(timer);
        let passed = poll_fn(|cx| deadlines.poll(timer.as_mut(), &progress, cx)).await;
        steps.abort();
        (passed, begun.elapsed().as_secs())
    }

    fn start(progress: &Progress) {
        progress.start();
    }

    fn answer(progress: &Progress) {
        progress.answered(200);
    }

    #[tokio::test(start_paused = true)]
    async fn the_head_has_its_time_from_the_moment_in_which_sending_begins() {
        assert_eq!(passes(CALL, &[(0, start)]).await, (Passed::Head, 30));
        assert_eq!(passes(CALL, &[(29, start)]).await, (Passed::Head, 59));
        // The timer has rung before.
        assert_eq!(passes(10 * CALL, &[(45, start)]).await, (Passed::Head, 75));
    }

    #[tokio::test(start_paused = true)]
    async fn the_call_ends_whatever_time_the_head_has_left() {
        assert_eq!(passes(CALL, &[(31, start)]).await, (Passed::Call, 60));
        assert_eq!(passes(HEAD / 2, &[(0, start)]).await, (Passed::Call, 15));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_has_begun_has_the_time_of_the_call() {
        assert_eq!(passes(CALL, &[(1, start), (29, answer)]).await, (Passed::Call, 60));
        assert_eq!(passes(10 * CALL, &[(45, start), (74, answer)]).await, (Passed::Call, 600));
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_gets_a_connection_has_the_time_of_the_call() {
        assert_eq!(passes(CALL, &[]).await, (Passed::Call, 60));
    }
}
