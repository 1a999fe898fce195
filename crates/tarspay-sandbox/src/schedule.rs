//! Which callback is sent when: a plain structure without clock, network or store.
//!
//! Each receiver has its own queue and limit, and so has each server, which may have many receivers. So one that does not
//! respond delays no other.

use crate::callback::CallbackId;
use crate::faults::CallbackFaults;
use crate::guard::is_loopback;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet, VecDeque};
use tokio::sync::oneshot;

/// How many callbacks are under way to one receiver at a time.
const AT_ONCE: usize = 16;

/// How many are under way to one server, whatever their paths.
const AT_SERVER: usize = 64;

/// How many callbacks are under way in all; each has a connection.
const IN_ALL: usize = 256;

/// From this many on, only the first one to a server is sent: servers that hang leave room for the others.
const SHARED: usize = IN_ALL / 2;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Delivery {
    /// When, in Unix milliseconds of the sandbox's clock.
    pub(crate) at: u64,
    pub(crate) id: CallbackId,
    pub(crate) receiver: String,
    /// The faults of an attempt that was held back or delayed by one of them; `None`: they are still to be found.
    pub(crate) faults: Option<CallbackFaults>,
}

pub(crate) enum Message {
    Deliver(Delivery),
    /// Something is due about an order at this time.
    Due(u64),
    ClockChanged,
    /// All that was to be done has gone; what comes after this message is new.
    Reset,
    /// Respond when all that is due now has been tried.
    Settle(oneshot::Sender<()>),
}

#[derive(Debug, Default)]
pub(crate) struct Schedule {
    later: BinaryHeap<Reverse<Delivery>>,
    receivers: BTreeMap<String, Queue>,
    /// How many are under way to a server.
    servers: HashMap<String, usize>,
    /// Started and not finished.
    sending: HashSet<CallbackId>,
}

#[derive(Debug)]
struct Queue {
    server: String,
    due: VecDeque<Delivery>,
    sending: usize,
}

impl Schedule {
    pub(crate) fn add(&mut self, delivery: Delivery) {
        self.later.push(Reverse(delivery));
    }

    pub(crate) fn start(&mut self, now: u64) -> Vec<Delivery> {
        while let Some(Reverse(delivery)) = self.later.peek()
            && delivery.at <= now
        {
            let Some(Reverse(delivery)) = self.later.pop() else { break };
            let receiver = delivery.receiver.clone();
            let queue = self.receivers.entry(receiver).or_insert_with_key(|receiver| Queue {
                server: server(receiver),
                due: VecDeque::new(),
                sending: 0,
            });
            queue.due.push_back(delivery);
        }
        let mut started = Vec::new();
        for (of_receiver, at_server, in_all) in
            [(1, 1, IN_ALL), (1, AT_SERVER, SHARED), (AT_ONCE, AT_SERVER, SHARED)]
        {
            for queue in self.receivers.values_mut() {
                while queue.sending < of_receiver
                    && self.servers.get(&queue.server).is_none_or(|sending| *sending < at_server)
                    && self.sending.len() < in_all
                    && let Some(delivery) = queue.due.pop_front()
                {
                    // One that is under way is scheduled again if it is still due afterwards.
                    if self.sending.insert(delivery.id) {
                        queue.sending += 1;
                        *self.servers.entry(queue.server.clone()).or_default() += 1;
                        started.push(delivery);
                    }
                }
            }
        }
        self.receivers.retain(|_, queue| queue.sending > 0 || !queue.due.is_empty());
        self.servers.retain(|_, sending| *sending > 0);
        started
    }

    pub(crate) fn finished(&mut self, id: CallbackId, receiver: &str) {
        if self.sending.remove(&id)
            && let Some(queue) = self.receivers.get_mut(receiver)
        {
            queue.sending = queue.sending.saturating_sub(1);
            if let Some(sending) = self.servers.get_mut(&queue.server) {
                *sending = sending.saturating_sub(1);
            }
        }
    }

    /// When the next callback becomes due; those that are due already do not count.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.later.peek().map(|Reverse(delivery)| delivery.at)
    }

    /// What is under way, or waits for its receiver.
    pub(crate) fn due(&self) -> HashSet<CallbackId> {
        let waiting = self.receivers.values().flat_map(|queue| &queue.due);
        waiting.map(|delivery| delivery.id).chain(self.sending.iter().copied()).collect()
    }
}

/// The server of a receiver. Every name and address of loopback leads to this machine: there, a port is a server.
fn server(receiver: &str) -> String {
    let authority = receiver.split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if is_loopback(host.trim_matches(['[', ']'])) => format!(":{port}"),
        _ => authority.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, AT_SERVER, Delivery, IN_ALL, SHARED, Schedule};
    use crate::CallbackId;

    fn delivery(at: u64, id: i64, receiver: &str) -> Delivery {
        Delivery { at, id: CallbackId(id), receiver: receiver.to_owned(), faults: None }
    }

    fn numbers(started: &[Delivery]) -> Vec<i64> {
        started.iter().map(|delivery| delivery.id.0).collect()
    }

    #[test]
    fn what_is_due_starts_in_the_order_of_its_time() {
        let mut schedule = Schedule::default();
        for one in [delivery(30, 1, "a"), delivery(10, 2, "a"), delivery(20, 3, "a"), delivery(40, 4, "a")] {
            schedule.add(one);
        }
        assert!(schedule.start(9).is_empty());
        assert_eq!(numbers(&schedule.start(30)), [2, 3, 1]);
        assert_eq!(schedule.next_at(), Some(40));
        assert_eq!(schedule.due().len(), 3);
        for id in 1..4 {
            schedule.finished(CallbackId(id), "a");
        }
        assert!(schedule.due().is_empty());
    }

    #[test]
    fn a_receiver_that_does_not_respond_delays_nobody_else() {
        let mut schedule = Schedule::default();
        for id in 0..100 {
            schedule.add(delivery(0, id, "dead"));
        }
        schedule.add(delivery(0, 100, "alive"));
        let started = schedule.start(0);
        assert_eq!(started.len(), AT_ONCE + 1);
        assert!(started.contains(&delivery(0, 100, "alive")));
        schedule.finished(CallbackId(0), "dead");
        assert_eq!(numbers(&schedule.start(0)), [16]);
    }

    #[test]
    fn many_receivers_that_do_not_respond_leave_room_for_others() {
        let mut schedule = Schedule::default();
        for id in 0..1000 {
            schedule.add(delivery(0, id, &format!("dead {}", id % 20)));
        }
        assert_eq!(schedule.start(0).len(), SHARED);
        for id in 1000..1200 {
            schedule.add(delivery(0, id, &format!("alive {id}")));
        }
        let started = schedule.start(0);
        assert_eq!(started.len(), IN_ALL - SHARED);
        assert!(started.iter().all(|delivery| delivery.receiver.starts_with("alive")));
        for one in started {
            schedule.finished(one.id, &one.receiver);
        }
        assert_eq!(schedule.start(0).len(), 1200 - 1000 - (IN_ALL - SHARED));
    }

    #[test]
    fn a_server_that_does_not_respond_leaves_room_for_others_however_many_addresses_it_has() {
        for address in ["127.0.0.1:80/n{}", "n{}.localhost:80/", "127.0.0.{}:80/", "shop.example:80/n{}"] {
            let mut schedule = Schedule::default();
            for id in 0..300 {
                schedule.add(delivery(0, id, &address.replace("{}", &(id % 250).to_string())));
            }
            assert_eq!(schedule.start(0).len(), AT_SERVER, "{address}");
            // More than one of another server, and one of each when half are taken.
            for id in 300..450 {
                schedule.add(delivery(0, id, "127.0.0.1:81/"));
                schedule.add(delivery(0, id + 200, &format!("[::1]:{id}/")));
            }
            let started = schedule.start(0);
            assert_eq!(started.iter().filter(|it| it.receiver.starts_with('[')).count(), 150, "{address}");
            for one in started.iter().filter(|it| it.receiver.starts_with('[')) {
                schedule.finished(one.id, &one.receiver);
            }
            assert_eq!(schedule.start(0).len(), AT_ONCE - 1, "{address}");
        }
    }

    #[test]
    fn one_callback_is_never_under_way_twice() {
        let mut schedule = Schedule::default();
        schedule.add(delivery(0, 1, "a"));
        schedule.add(delivery(0, 1, "a"));
        assert_eq!(numbers(&schedule.start(0)), [1]);
        schedule.finished(CallbackId(1), "a");
        schedule.finished(CallbackId(1), "a");
        assert!(schedule.due().is_empty());
        schedule.add(delivery(0, 1, "a"));
        assert_eq!(numbers(&schedule.start(0)), [1]);
    }
}
