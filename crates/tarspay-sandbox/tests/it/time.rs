//! Real time, by which faults and waits go, held still and moved by the test: nothing is measured and nothing slept through.

use crate::http::{PATIENCE, Request};
use std::pin::pin;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use tarspay_sandbox::Sandbox;

const MILLISECOND: Duration = Duration::from_millis(1);

/// Tokio's clock, which stands still. The clock of the sandbox is another one.
pub(crate) struct HeldTime {
    hold: Sender<()>,
}

impl HeldTime {
    pub(crate) fn new() -> Self {
        tokio::time::pause();
        // A paused clock jumps to the next timer whenever the runtime is idle, be it that it waits for the thread of the
        // store. It does not while a blocking task runs. Should this one run out, only a hanging test is left to wait for.
        let (hold, let_go) = channel();
        tokio::task::spawn_blocking(move || let_go.recv_timeout(PATIENCE));
        Self { hold }
    }

    /// Sees that a future, which has come to where only time is missing, is ready after this time and not before.
    pub(crate) async fn passes<T>(
        &self,
        time: Duration,
        sandbox: &Sandbox,
        future: impl Future<Output = T>,
    ) -> T {
        let mut future = pin!(future);
        for step in [Duration::ZERO, time.saturating_sub(MILLISECOND)] {
            tokio::time::advance(step).await;
            tokio::select! {
                biased;
                _ = &mut future => panic!("ready before {time:?} have passed"),
                () = another_call(sandbox) => {}
            }
        }
        // Timers are as fine as milliseconds.
        tokio::time::advance(MILLISECOND * 2).await;
        future.await
    }

    /// Lets time go on, and sees that it has stood still so far.
    pub(crate) fn go_on(self) {
        tokio::time::resume();
        assert!(self.hold.send(()).is_ok(), "nothing happened in a minute, and time was let go");
    }
}

/// A call that is answered at once, and leaves nothing behind. What the sandbox could do before it, it has done.
pub(crate) async fn another_call(sandbox: &Sandbox) {
    let request = Request::post("/_sandbox/health", "").method("GET").header("Host", "localhost");
    assert_eq!(request.send(sandbox.address()).await.status, 200);
}
