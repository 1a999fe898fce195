//! How far one call has come: the single place that knows its phase and whether anything was sent.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Delivery, Phase};

/// Shared by the call, the connector and the request's body.
///
/// Two parties compete for it. hyper's connection task wants to *start* writing the request; the
/// call wants to *stop*, because a deadline has passed. The first one wins, for good: after a stop
/// that came first no byte of the request can leave, so "not sent" is certain.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    state: State,
    phase: Phase,
    status: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was written yet.
    Waiting,
    /// hyper has begun to take the request: from here on its bytes may be on the wire.
    Started,
    /// Stopped while waiting; the request must not be written any more.
    Withdrawn,
}

/// What a stopped call looked like at the moment it was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    pub(crate) phase: Phase,
    pub(crate) delivery: Delivery,
    pub(crate) status: Option<u16>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Inner { state: State::Waiting, phase: Phase::Connect, status: None }))
    }

    /// The call has entered `phase`, before its request is sent. Ignored once it may have been: a
    /// request with an empty body counts as started when it is handed over, also if it comes back
    /// and needs another connection.
    pub(crate) fn connecting(&self, phase: Phase) {
        let mut inner = self.lock();
        if inner.state == State::Waiting {
            inner.phase = phase;
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// Asks for permission to write the request; `false` means that the call has been stopped
    /// before.
    pub(crate) fn start(&self) -> bool {
        let mut inner = self.lock();
        if inner.state == State::Withdrawn {
            return false;
        }
        inner.state = State::Started;
        inner.phase = Phase::Send;
        true
    }

    /// The request was handed over completely.
    pub(crate) fn sent(&self) {
        let mut inner = self.lock();
        // A server may respond before it has read everything.
        if inner.phase == Phase::Send {
            inner.phase = Phase::ResponseHead;
        }
    }

    /// The head of the response is here.
    pub(crate) fn response_began(&self, status: u16) {
        let mut inner = self.lock();
        inner.state = State::Started;
        inner.phase = Phase::ResponseBody;
        inner.status = Some(status);
    }

    /// Ends the call and returns how far it came.
    pub(crate) fn stop(&self) -> Stopped {
        let mut inner = self.lock();
        let delivery = if inner.state == State::Started {
            Delivery::MaybeReceived
        } else {
            inner.state = State::Withdrawn;
            Delivery::NotSent
        };
        Stopped { phase: inner.phase, delivery, status: inner.status }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every write above is complete in itself, so a panic elsewhere cannot leave a half-made
        // state behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Withdraws a request that is still waiting when its call is dropped.
pub(crate) struct WithdrawOnDrop<'a>(pub(crate) &'a Progress);

impl Drop for WithdrawOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_before_the_start_forbids_the_start() {
        let progress = Progress::new();
        progress.connecting(Phase::Tls);
        let stopped = progress.stop();
        assert_eq!(stopped, Stopped { phase: Phase::Tls, delivery: Delivery::NotSent, status: None });
        assert!(!progress.start());
        assert_eq!(progress.stop(), stopped);
    }

    #[test]
    fn a_stop_after_the_start_cannot_rule_out_delivery() {
        let progress = Progress::new();
        assert!(progress.start());
        assert_eq!(progress.stop().delivery, Delivery::MaybeReceived);
        assert_eq!(progress.stop().phase, Phase::Send);
    }

    #[test]
    fn a_connection_made_in_the_background_does_not_move_a_started_call() {
        let progress = Progress::new();
        assert!(progress.start());
        progress.sent();
        progress.connecting(Phase::Tls);
        assert_eq!(progress.phase(), Phase::ResponseHead);
    }

    #[test]
    fn a_response_that_overtakes_the_request_does_not_move_the_call_back() {
        let progress = Progress::new();
        assert!(progress.start());
        progress.response_began(413);
        progress.sent();
        assert_eq!(progress.phase(), Phase::ResponseBody);
    }

    #[test]
    fn a_dropped_call_withdraws_its_request() {
        let progress = Progress::new();
        drop(WithdrawOnDrop(&progress));
        assert!(!progress.start());
    }

    #[test]
    fn the_status_of_a_begun_response_is_kept() {
        let progress = Progress::new();
        assert!(progress.start());
        progress.response_began(502);
        assert_eq!(
            progress.stop(),
            Stopped { phase: Phase::ResponseBody, delivery: Delivery::MaybeReceived, status: Some(502) }
        );
    }
}
