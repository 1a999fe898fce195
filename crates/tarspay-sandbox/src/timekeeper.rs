//! The task that does what is due: times out deposits, takes the steps of scenarios, and sends the callbacks that are owed.
//!
//! What it has to do is told to it after every commit; after a restart it is read from the store. So nothing that is
//! owed is forgotten, and a callback whose outcome was not written before a crash is sent again.

pub(crate) use crate::schedule::Owed;

use crate::callback::{Attempt, CallbackStatus};
use crate::clock::{later, millis, system_time};
use crate::deliver;
use crate::engine::Engine;
use crate::event::EventKind;
use crate::faults::CallbackFaults;
use crate::receiver::Receiver;
use crate::schedule::Schedule;
use crate::store::callbacks::{self, ToSend};
use crate::store::{StoreError, Tx};
use crate::{CallbackId, Error, plan};
use std::sync::Arc;
use std::time::Duration;
use tarspay_sign::{CallbackText, Digest, PrivateKey, Signature};
use tarspay_types::{Callback, Decode as _, OrderState};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// How long after each failed attempt the next one is due: 16 attempts in all, as Indonesia's page has it. The intervals
/// are the sandbox's own; the gateway's are not documented.
pub(crate) const INTERVALS: [Duration; 15] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(2 * 60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(20 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(3600),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(3 * 3600),
    Duration::from_secs(4 * 3600),
    Duration::from_secs(6 * 3600),
    Duration::from_secs(8 * 3600),
    Duration::from_secs(12 * 3600),
];

/// What the timekeeper is told.
pub(crate) enum Message {
    /// A callback is owed.
    Owed(Owed),
    /// Something happens to an order by itself at this time.
    Due(u64),
    /// The clock was changed.
    ClockChanged,
    /// Answer when nothing is due and nothing under way.
    Settle(oneshot::Sender<()>),
}

/// A sending that has ended: the callback, its receiver, and what is next.
type Landed = (CallbackId, String, Next);

/// What follows a sending.
enum Next {
    /// Nothing: it is delivered, or given up.
    Done,
    /// Another attempt.
    Again(Owed),
    /// It was not sent: a fault holds it back for another one.
    Held,
}

pub(crate) struct Timekeeper {
    engine: Arc<Engine>,
    schedule: Schedule,
    next_due: Option<u64>,
    flights: JoinSet<Landed>,
    /// Callbacks that a fault holds back for another one.
    held: Vec<(CallbackId, String)>,
    settling: Vec<oneshot::Sender<()>>,
}

impl Timekeeper {
    /// One that owes what the store says, and looks at once what happens to orders.
    pub(crate) fn new(engine: Arc<Engine>, owed: Vec<Owed>) -> Self {
        let mut schedule = Schedule::default();
        for owed in owed {
            schedule.add(owed);
        }
        Self {
            engine,
            schedule,
            next_due: Some(0),
            flights: JoinSet::new(),
            held: Vec::new(),
            settling: Vec::new(),
        }
    }

    /// Works until the sandbox is gone.
    pub(crate) async fn run(mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        loop {
            while let Ok(message) = messages.try_recv() {
                self.hear(message);
            }
            if self.catch_up().await {
                // The callbacks of what was done are among the messages.
                continue;
            }
            self.start_flights();
            self.answer_the_settling();
            let wait = self.wait();
            tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => self.hear(message),
                    None => return,
                },
                Some(landed) = self.flights.join_next() => self.land(landed),
                () = sleep(wait) => {}
            }
        }
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Owed(owed) => self.schedule.add(owed),
            Message::Due(at) => {
                self.next_due = Some(self.next_due.map_or(at, |earlier| earlier.min(at)));
            }
            Message::ClockChanged => {}
            Message::Settle(settled) => self.settling.push(settled),
        }
    }

    /// Does what is due to orders; whether there was anything to do.
    async fn catch_up(&mut self) -> bool {
        if self.next_due.is_none_or(|at| at > self.engine.hand.now()) {
            return false;
        }
        match self.engine.store.call(plan::catch_up).await {
            Ok(next) => self.next_due = next,
            Err(error) => {
                self.failed("what is due cannot be done", &error);
                // Tried again with the next order or change of the clock, not in a circle.
                self.next_due = None;
            }
        }
        true
    }

    fn start_flights(&mut self) {
        for (id, receiver) in self.schedule.start(self.engine.hand.now()) {
            let engine = Arc::clone(&self.engine);
            self.flights.spawn(fly(engine, id, receiver, true));
        }
    }

    fn land(&mut self, landed: Result<Landed, tokio::task::JoinError>) {
        // A flight does not panic, and is cancelled only together with this task.
        let Ok((id, receiver, next)) = landed else { return };
        if matches!(next, Next::Held) {
            self.held.push((id, receiver));
            return;
        }
        self.schedule.finished(id, &receiver);
        if let Next::Again(owed) = next {
            self.schedule.add(owed);
        }
        // Another one has been sent: what was held back for that may go.
        self.release();
    }

    fn release(&mut self) {
        for (id, receiver) in self.held.drain(..) {
            self.flights.spawn(fly(Arc::clone(&self.engine), id, receiver, false));
        }
    }

    fn answer_the_settling(&mut self) {
        if self.settling.is_empty() || !self.flights.is_empty() {
            return;
        }
        if !self.held.is_empty() {
            self.release();
        } else if self.schedule.is_idle(self.engine.hand.now()) {
            for settled in self.settling.drain(..) {
                // The one who waited may have gone.
                let _ = settled.send(());
            }
        }
    }

    /// How long there is nothing to do; for ever while the clock stands still.
    fn wait(&self) -> Option<Duration> {
        if self.engine.hand.is_frozen() {
            return None;
        }
        let next = [self.next_due, self.schedule.next_at()].into_iter().flatten().min()?;
        Some(Duration::from_millis(next.saturating_sub(self.engine.hand.now())))
    }

    fn failed(&self, what: &str, error: &Error) {
        let message = format!("{what}: {}", crate::refusal::with_causes(error));
        self.engine.events.push(self.engine.hand.now(), EventKind::Failed { message });
    }
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

/// Sends a callback once, or as often as a fault wants, and writes what came of it.
async fn fly(engine: Arc<Engine>, id: CallbackId, receiver: String, may_be_held: bool) -> Landed {
    let next = match send(&engine, id, &receiver, may_be_held).await {
        Ok(next) => next,
        Err(error) => {
            let message = format!("the callback {id} cannot be sent now: {error}");
            engine.events.push(engine.hand.now(), EventKind::Failed { message });
            // It is still owed. Not at once: a full disk does not get emptier by trying.
            let at = later(engine.hand.now(), millis(INTERVALS[0]));
            Next::Again(Owed { at, id, receiver: receiver.clone() })
        }
    };
    (id, receiver, next)
}

async fn send(
    engine: &Engine,
    id: CallbackId,
    receiver: &str,
    may_be_held: bool,
) -> Result<Next, StoreError> {
    let planned = move |tx: &Tx<'_>| -> Result<_, StoreError> {
        let Some(callback) = callbacks::to_send(tx, id)? else { return Ok(None) };
        let striking = if may_be_held { plan::strike_callback(tx, callback.order)? } else { Vec::new() };
        Ok(Some((callback, striking)))
    };
    let Some((callback, striking)) = engine.store.call(planned).await? else { return Ok(Next::Done) };
    let mut faults = CallbackFaults::default();
    if may_be_held {
        faults = engine.faults.of_callback(&callback.merchant_order_no);
        for waiting in striking {
            faults.add(&waiting.fault.fault.kind);
        }
    }
    if faults.hold {
        return Ok(Next::Held);
    }
    let receiver = receiver.to_owned();
    if !faults.delay.is_zero() {
        return engine.store.call(move |tx| postpone(tx, &callback, faults.delay, receiver)).await;
    }
    if faults.forged {
        forge(engine, &callback).await;
    }
    let signature = sign(engine, &callback.body, faults);
    if faults.lost {
        let error = Some("a fault lost it on the way".to_owned());
        let at = system_time(engine.hand.now());
        let attempt = Attempt { at, http_status: None, answer: None, error, signature };
        return engine.store.call(move |tx| conclude(tx, &callback, &attempt, receiver)).await;
    }
    for _ in 0..faults.duplicates {
        let attempt = attempt(engine, &callback, signature).await;
        engine.store.call(move |tx| callbacks::note_attempt(tx, id, &attempt)).await?;
    }
    let attempt = attempt(engine, &callback, signature).await;
    engine.store.call(move |tx| conclude(tx, &callback, &attempt, receiver)).await
}

/// Has a callback wait without an attempt.
fn postpone(tx: &Tx<'_>, callback: &ToSend, by: Duration, receiver: String) -> Result<Next, StoreError> {
    let at = later(tx.now, millis(by));
    callbacks::set_status(tx, callback.id, CallbackStatus::Owed, None, callback.attempts, Some(at))?;
    Ok(Next::Again(Owed { at, id: callback.id, receiver }))
}

/// Sends what somebody might send who knows the order but not the key, and tells whether it was believed.
async fn forge(engine: &Engine, callback: &ToSend) {
    let Some((body, signature)) = forgery(&callback.body) else { return };
    let outcome = match Receiver::of(&callback.url, &engine.settings.allowed_receivers) {
        Ok(receiver) => deliver::post(&receiver, body, signature, engine.settings.callback_timeout).await,
        Err(reason) => Err(reason),
    };
    let believed = outcome.as_ref().is_ok_and(|answered| answered.status == 200 && answered.text == "OK");
    let outcome = match outcome {
        Ok(answered) if believed => {
            format!("HTTP {} and OK: the receiver does not verify it", answered.status)
        }
        Ok(answered) => format!("HTTP {}, and not the bare text OK", answered.status),
        Err(error) => error,
    };
    let pay_order_id = callback.pay_order_id.clone();
    let kind = EventKind::ForgerySent { callback: callback.id, pay_order_id, believed, outcome };
    engine.events.push(engine.hand.now(), kind);
}

/// A callback that tells that all was paid, signed by nobody who is known. `None` if no key can be made for it.
fn forgery(body: &str) -> Option<(String, Signature)> {
    let mut callback = Callback::from_json(body).ok()?;
    callback.state = OrderState::SUCCESS;
    callback.pay_amount = callback.order_amount;
    callback.fail_reason = None;
    let text = CallbackText::from_value(&callback).ok()?;
    let signature = text.sign(&PrivateKey::generate().ok()?);
    Some((text.as_str().to_owned(), signature))
}

fn sign(engine: &Engine, body: &str, faults: CallbackFaults) -> Signature {
    let text = if faults.wrong_signature { "another text" } else { body };
    let signature = engine.system_key.sign(&Digest::of(text));
    if faults.high_s { signature.with_high_s() } else { signature }
}

async fn attempt(engine: &Engine, callback: &ToSend, signature: Signature) -> Attempt {
    // What is owed was deliverable when it came to be owed; a restart may have other settings.
    let outcome = match Receiver::of(&callback.url, &engine.settings.allowed_receivers) {
        Ok(receiver) => {
            let timeout = engine.settings.callback_timeout;
            deliver::post(&receiver, callback.body.clone(), signature, timeout).await
        }
        Err(reason) => Err(reason),
    };
    let (http_status, answer, error) = match outcome {
        Ok(answered) => (Some(answered.status), Some(answered.text), None),
        Err(error) => (None, None, Some(error)),
    };
    Attempt { at: system_time(engine.hand.now()), http_status, answer, error, signature }
}

/// Writes an attempt and what follows from it: delivered, to be tried again, or parked.
fn conclude(tx: &Tx<'_>, callback: &ToSend, attempt: &Attempt, receiver: String) -> Result<Next, StoreError> {
    let id = callback.id;
    if !callbacks::note_attempt(tx, id, attempt)? {
        // It has gone with all others while it was under way.
        return Ok(Next::Done);
    }
    let attempts = callback.attempts + 1;
    let outcome = match (attempt.http_status, &attempt.error) {
        _ if attempt.is_delivered() => "HTTP 200 and OK".to_owned(),
        (Some(200), _) => "HTTP 200, but the answer is not the bare text OK".to_owned(),
        (Some(status), _) => format!("HTTP {status}"),
        (None, error) => error.clone().unwrap_or_default(),
    };
    tx.tell(EventKind::CallbackAttempted {
        callback: id,
        pay_order_id: callback.pay_order_id.clone(),
        delivered: attempt.is_delivered(),
        outcome: outcome.clone(),
    });
    if attempt.is_delivered() {
        callbacks::set_status(tx, id, CallbackStatus::Delivered, None, attempts, None)?;
        return Ok(Next::Done);
    }
    let interval = usize::try_from(attempts).ok().and_then(|made| INTERVALS.get(made.checked_sub(1)?));
    if let Some(interval) = interval {
        let at = later(tx.now, millis(*interval));
        callbacks::set_status(tx, id, CallbackStatus::Owed, None, attempts, Some(at))?;
        return Ok(Next::Again(Owed { at, id, receiver }));
    }
    let reason = format!("{attempts} attempts failed, the last one so: {outcome}");
    callbacks::set_status(tx, id, CallbackStatus::Parked, Some(&reason), attempts, None)?;
    tx.tell(EventKind::CallbackGivenUp { callback: id, pay_order_id: callback.pay_order_id.clone(), reason });
    Ok(Next::Done)
}
