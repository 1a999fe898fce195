//! Which callback is sent when: a plain structure without clock, network or store.
//!
//! Each receiver has its own queue and limit, so that one that does not respond delays no other.

use crate::callback::CallbackId;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet, VecDeque};
use tokio::sync::oneshot;

/// How many callbacks are under way to one receiver at a time.
const AT_ONCE: usize = 16;

/// A callback that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Delivery {
    /// When, in Unix milliseconds of the sandbox's clock.
    pub(crate) at: u64,
    pub(crate) id: CallbackId,
    /// The receiver's name.
    pub(crate) receiver: String,
}

/// A message to the timekeeper.
pub(crate) enum Message {
    /// A callback is to be sent.
    Deliver(Delivery),
    /// Something is due about an order at this time.
    Due(u64),
    /// The clock was changed.
    ClockChanged,
    /// Respond when nothing is due and nothing under way.
    Settle(oneshot::Sender<()>),
}

#[derive(Debug, Default)]
pub(crate) struct Schedule {
    later: BinaryHeap<Reverse<Delivery>>,
    receivers: BTreeMap<String, Queue>,
    /// Started and not finished.
    sending: HashSet<CallbackId>,
}

#[derive(Debug, Default)]
struct Queue {
    due: VecDeque<CallbackId>,
    sending: usize,
}

impl Schedule {
    pub(crate) fn add(&mut self, delivery: Delivery) {
        self.later.push(Reverse(delivery));
    }

    /// The callbacks to start now.
    pub(crate) fn start(&mut self, now: u64) -> Vec<(CallbackId, String)> {
        while let Some(Reverse(delivery)) = self.later.peek()
            && delivery.at <= now
        {
            let Some(Reverse(delivery)) = self.later.pop() else { break };
            self.receivers.entry(delivery.receiver).or_default().due.push_back(delivery.id);
        }
        let mut started = Vec::new();
        for (receiver, queue) in &mut self.receivers {
            while queue.sending < AT_ONCE
                && let Some(id) = queue.due.pop_front()
            {
                // One that is under way is scheduled again if it is still due afterwards.
                if self.sending.insert(id) {
                    queue.sending += 1;
                    started.push((id, receiver.clone()));
                }
            }
        }
        self.receivers.retain(|_, queue| queue.sending > 0 || !queue.due.is_empty());
        started
    }

    pub(crate) fn finished(&mut self, id: CallbackId, receiver: &str) {
        if self.sending.remove(&id)
            && let Some(queue) = self.receivers.get_mut(receiver)
        {
            queue.sending = queue.sending.saturating_sub(1);
        }
    }

    /// When the next callback becomes due; those that are due already do not count.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.later.peek().map(|Reverse(delivery)| delivery.at)
    }

    /// Whether nothing is under way or waits for its receiver.
    pub(crate) fn is_idle(&self, now: u64) -> bool {
        self.receivers.values().all(|queue| queue.sending == 0 && queue.due.is_empty())
            && self.next_at().is_none_or(|at| at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, Delivery, Schedule};
    use crate::CallbackId;

    fn delivery(at: u64, id: i64, receiver: &str) -> Delivery {
        Delivery { at, id: CallbackId(id), receiver: receiver.to_owned() }
    }

    fn numbers(started: &[(CallbackId, String)]) -> Vec<i64> {
        started.iter().map(|(id, _)| id.0).collect()
    }

    #[test]
    fn what_is_due_starts_in_the_order_of_its_time() {
        let mut schedule = Schedule::default();
        for one in [delivery(30, 1, "a"), delivery(10, 2, "a"), delivery(20, 3, "a"), delivery(40, 4, "a")] {
            schedule.add(one);
        }
        assert!(schedule.start(9).is_empty());
        assert!(schedule.is_idle(9) && !schedule.is_idle(10));
        assert_eq!(numbers(&schedule.start(30)), [2, 3, 1]);
        assert_eq!(schedule.next_at(), Some(40));
        assert!(!schedule.is_idle(30));
        for id in 1..4 {
            schedule.finished(CallbackId(id), "a");
        }
        assert!(schedule.is_idle(39));
    }

    #[test]
    fn a_receiver_that_does_not_answer_delays_nobody_else() {
        let mut schedule = Schedule::default();
        for id in 0..100 {
            schedule.add(delivery(0, id, "dead"));
        }
        schedule.add(delivery(0, 100, "alive"));
        let started = schedule.start(0);
        assert_eq!(started.len(), AT_ONCE + 1);
        assert!(started.contains(&(CallbackId(100), "alive".to_owned())));
        schedule.finished(CallbackId(0), "dead");
        assert_eq!(numbers(&schedule.start(0)), [16]);
    }

    #[test]
    fn one_callback_is_never_under_way_twice() {
        let mut schedule = Schedule::default();
        schedule.add(delivery(0, 1, "a"));
        schedule.add(delivery(0, 1, "a"));
        assert_eq!(numbers(&schedule.start(0)), [1]);
        schedule.finished(CallbackId(1), "a");
        schedule.finished(CallbackId(1), "a");
        assert!(schedule.is_idle(0));
        schedule.add(delivery(0, 1, "a"));
        assert_eq!(numbers(&schedule.start(0)), [1]);
    }
}
