//! The task that does what is due: times out deposits, takes the steps of scenarios, and sends callbacks.
//!
//! It gets a message after every commit; after a restart it reads the store. So nothing that is due is forgotten, and a
//! callback whose outcome was not written before a crash is sent again.

use crate::callback::CallbackId;
use crate::deliver::{self, Next, Sent};
use crate::error::with_causes;
use crate::event::EventKind;
use crate::plan;
use crate::sandbox::Shared;
use crate::schedule::{Delivery, Message, Schedule};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

pub(crate) struct Timekeeper {
    shared: Arc<Shared>,
    schedule: Schedule,
    next_due: Option<u64>,
    sendings: JoinSet<Sent>,
    /// Callbacks that a fault holds back for another one.
    held: Vec<Delivery>,
    settling: Vec<Settling>,
}

/// Somebody who waits until the callbacks that were due have been tried.
struct Settling {
    /// Those that have not been; `None` until they are known.
    due: Option<HashSet<CallbackId>>,
    settled: oneshot::Sender<()>,
}

impl Timekeeper {
    /// One that sends what the store has, and looks at once what is due about orders.
    pub(crate) fn new(shared: Arc<Shared>, deliveries: Vec<Delivery>) -> Self {
        let mut schedule = Schedule::default();
        for delivery in deliveries {
            schedule.add(delivery);
        }
        Self {
            shared,
            schedule,
            next_due: Some(0),
            sendings: JoinSet::new(),
            held: Vec::new(),
            settling: Vec::new(),
        }
    }

    /// Works until the sandbox is gone.
    pub(crate) async fn run(mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        loop {
            while let Ok(message) = messages.try_recv() {
                self.take(message);
            }
            if self.catch_up().await {
                // The callbacks of what was done are among the messages.
                continue;
            }
            for delivery in self.schedule.start(self.shared.clock.now()) {
                self.sendings.spawn(deliver::send(Arc::clone(&self.shared), delivery));
            }
            if self.settle() {
                continue;
            }
            let wait = self.wait();
            tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => self.take(message),
                    None => return,
                },
                Some(sent) = self.sendings.join_next() => self.finish(sent),
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Deliver(delivery) => self.schedule.add(delivery),
            Message::Due(at) => {
                self.next_due = Some(self.next_due.map_or(at, |earlier| earlier.min(at)));
            }
            Message::ClockChanged => {}
            Message::Reset => {
                self.schedule = Schedule::default();
                self.next_due = None;
                // Ends the attempts that are under way. What one of them has still written is of no callback any more.
                self.sendings = JoinSet::new();
                self.held.clear();
                for settling in self.settling.drain(..) {
                    let _ = settling.settled.send(());
                }
            }
            Message::Settle(settled) => self.settling.push(Settling { due: None, settled }),
        }
    }

    /// Does what is due to orders; whether there was anything to do.
    async fn catch_up(&mut self) -> bool {
        if self.next_due.is_none_or(|at| at > self.shared.clock.now()) {
            return false;
        }
        match self.shared.store.call(plan::catch_up).await {
            Ok(next) => self.next_due = next,
            Err(error) => {
                let message = format!("what is due cannot be done: {}", with_causes(&error));
                self.shared.report(EventKind::Failed { message });
                // Tried again with the next order or change of the clock, not in a circle.
                self.next_due = None;
            }
        }
        true
    }

    fn finish(&mut self, sent: Result<Sent, tokio::task::JoinError>) {
        // Sending does not panic, and is cancelled only together with this task.
        let Ok((delivery, next)) = sent else { return };
        self.schedule.finished(delivery.id, &delivery.receiver);
        if let Next::Held(faults) = next {
            self.held.push(Delivery { faults: Some(faults), ..delivery });
            return;
        }
        for settling in &mut self.settling {
            if let Some(due) = &mut settling.due {
                due.remove(&delivery.id);
            }
        }
        if let Next::Again(delivery) = next {
            self.schedule.add(delivery);
        }
        // Another one has been sent, so those that waited for it can be sent.
        self.release();
    }

    fn release(&mut self) {
        for delivery in self.held.drain(..) {
            self.schedule.add(delivery);
        }
    }

    /// Responds to those who wait for nothing more; `true` if callbacks were released for them.
    fn settle(&mut self) -> bool {
        if self.settling.is_empty() {
            return false;
        }
        if self.sendings.is_empty() && !self.held.is_empty() {
            self.release();
            return true;
        }
        for mut settling in std::mem::take(&mut self.settling) {
            let held = self.held.iter().map(|delivery| delivery.id);
            let due =
                settling.due.get_or_insert_with(|| self.schedule.due().into_iter().chain(held).collect());
            if due.is_empty() {
                // The one who waited may have gone.
                let _ = settling.settled.send(());
            } else {
                self.settling.push(settling);
            }
        }
        false
    }

    /// How long there is nothing to do; forever while the clock stands still.
    fn wait(&self) -> Option<Duration> {
        if self.shared.clock.is_frozen() {
            return None;
        }
        let next = [self.next_due, self.schedule.next_at()].into_iter().flatten().min()?;
        Some(Duration::from_millis(next.saturating_sub(self.shared.clock.now())))
    }
}
