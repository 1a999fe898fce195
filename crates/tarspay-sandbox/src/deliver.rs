//! Sending a callback: a POST over a connection of its own, the faults that apply to it, and what follows from the response.

use crate::callback::{Attempt, CallbackStatus};
use crate::clock::{later, millis, system_time};
use crate::event::EventKind;
use crate::faults::CallbackFaults;
use crate::plan;
use crate::receiver::Receiver;
use crate::sandbox::Shared;
use crate::schedule::Delivery;
use crate::store::callbacks::{self, ToSend};
use crate::store::{StoreError, Tx};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tarspay_sign::{CALLBACK_SIGNATURE_HEADER, CallbackText, Digest, PrivateKey, Signature};
use tarspay_types::{Callback, Decode as _, NotifyUrl, OrderState};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How many seconds after each failed attempt the next one is due: 16 attempts in all, as Indonesia's page has it. The intervals
/// are the sandbox's own; the gateway's are not documented.
const INTERVALS: [u64; 15] =
    [10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 28_800, 43_200];

/// The most of a response that is read, in bytes. `OK` has two.
const MAX_RESPONSE_BYTES: usize = 16 * 1024;

/// The most of a response that is kept, in characters.
const KEPT_RESPONSE: usize = 200;

pub(crate) type Sent = (Delivery, Next);

pub(crate) enum Next {
    /// Nothing: it is delivered, or given up.
    Done,
    Again(Delivery),
    /// It was not sent: a fault holds it back for another one. The others still apply.
    Held(CallbackFaults),
}

/// Sends a callback once, or as often as a fault wants, and writes what came of it.
pub(crate) async fn send(shared: Arc<Shared>, delivery: Delivery) -> Sent {
    let next = match try_send(&shared, &delivery).await {
        Ok(next) => next,
        Err(error) => {
            let message = format!("the callback {} cannot be sent now: {error}", delivery.id);
            shared.report(EventKind::Failed { message });
            // It is still due, but not at once: a full disk does not get emptier by trying.
            let at = later(shared.clock.now(), INTERVALS[0] * 1000);
            Next::Again(Delivery { at, ..delivery.clone() })
        }
    };
    (delivery, next)
}

async fn try_send(shared: &Shared, delivery: &Delivery) -> Result<Next, StoreError> {
    let (id, is_new) = (delivery.id, delivery.faults.is_none());
    let planned = move |tx: &Tx<'_>| -> Result<_, StoreError> {
        let Some(callback) = callbacks::to_send(tx, id)? else { return Ok(None) };
        let faults = if is_new { plan::callback_faults(tx, callback.order)? } else { Vec::new() };
        Ok(Some((callback, faults)))
    };
    let Some((callback, planned)) = shared.store.call(planned).await? else { return Ok(Next::Done) };
    let mut faults =
        delivery.faults.unwrap_or_else(|| shared.faults.of_callback(&callback.merchant_order_no));
    for waiting in planned {
        faults.add(None, &waiting.fault.fault);
    }
    if std::mem::take(&mut faults.hold) {
        return Ok(Next::Held(faults));
    }
    let receiver = delivery.receiver.clone();
    let delay = std::mem::take(&mut faults.delay);
    if !delay.is_zero() {
        let postponed = move |tx: &Tx<'_>| {
            let at = later(tx.now, millis(delay));
            callbacks::set_status(tx, id, CallbackStatus::Due, None, callback.attempts, Some(at))?;
            Ok(Next::Again(Delivery { at, id, receiver, faults: Some(faults) }))
        };
        return shared.store.call(postponed).await;
    }
    if faults.forged {
        forge(shared, &callback).await;
    }
    let text = if faults.wrong_signature { "another text" } else { &callback.body };
    let mut signature = shared.system_key.sign(&Digest::of(text));
    if faults.high_s {
        signature = signature.with_high_s();
    }
    if faults.lost {
        let error = Some("a fault lost it on the way".to_owned());
        let at = system_time(shared.clock.now());
        let attempt = Attempt { at, http_status: None, response: None, error, signature };
        return shared.store.call(move |tx| conclude(tx, &callback, &attempt, receiver)).await;
    }
    for _ in 0..faults.copies {
        if faults.copies_of.is_some_and(|fault| shared.faults.is_cleared(fault)) {
            break;
        }
        let copy = attempt(shared, &callback.url, callback.body.clone(), signature).await;
        let has_response = copy.http_status.is_some();
        let exists = shared.store.call(move |tx| callbacks::note_attempt(tx, id, &copy)).await?;
        if !exists {
            // It has gone with all others.
            return Ok(Next::Done);
        }
        if !has_response {
            break;
        }
    }
    let attempt = attempt(shared, &callback.url, callback.body.clone(), signature).await;
    shared.store.call(move |tx| conclude(tx, &callback, &attempt, receiver)).await
}

/// Sends what somebody could send who knows the order but not the key, and reports whether it was believed.
async fn forge(shared: &Shared, callback: &ToSend) {
    let Some((body, signature)) = forgery(&callback.body) else { return };
    let attempt = attempt(shared, &callback.url, body, signature).await;
    let believed = attempt.is_delivered();
    let doubt = if believed { ": the receiver does not verify it" } else { "" };
    let outcome = outcome(&attempt) + doubt;
    let pay_order_id = callback.pay_order_id.clone();
    shared.report(EventKind::ForgerySent { callback: callback.id, pay_order_id, believed, outcome });
}

fn outcome(attempt: &Attempt) -> String {
    match attempt.http_status {
        _ if attempt.is_delivered() => "HTTP 200 and OK".to_owned(),
        Some(200) => "HTTP 200, but the response is not the bare text OK".to_owned(),
        Some(status) => format!("HTTP {status}"),
        None => attempt.error.clone().unwrap_or_default(),
    }
}

/// A callback that reports that all was paid, signed with an unknown key. `None` if no key can be made for it.
fn forgery(body: &str) -> Option<(String, Signature)> {
    let mut callback = Callback::from_json(body).ok()?;
    callback.state = OrderState::SUCCESS;
    callback.pay_amount = callback.order_amount;
    callback.fail_reason = None;
    let text = CallbackText::from_value(&callback).ok()?;
    let signature = text.sign(&PrivateKey::generate().ok()?);
    Some((text.as_str().to_owned(), signature))
}

/// Sends a body to the receiver at this URL, and waits for the response until the timeout.
pub(crate) async fn attempt(shared: &Shared, url: &NotifyUrl, body: String, signature: Signature) -> Attempt {
    let timeout = shared.settings.callback_timeout;
    let outcome = tokio::time::timeout(timeout, post(shared, url, body, signature))
        .await
        .unwrap_or_else(|_| Err(format!("no response within {timeout:?}")));
    let (http_status, response, error) = match outcome {
        Ok((status, text)) => (Some(status), Some(text.into()), None),
        Err(error) => (None, None, Some(error)),
    };
    Attempt { at: system_time(shared.clock.now()), http_status, response, error, signature }
}

/// Writes an attempt and what follows from it: delivered, to be tried again, or parked.
fn conclude(tx: &Tx<'_>, callback: &ToSend, attempt: &Attempt, receiver: String) -> Result<Next, StoreError> {
    let id = callback.id;
    if !callbacks::note_attempt(tx, id, attempt)? {
        // It has gone with all others while it was under way.
        return Ok(Next::Done);
    }
    let attempts = callback.attempts + 1;
    let outcome = outcome(attempt);
    tx.report(EventKind::CallbackAttempted {
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
        let at = later(tx.now, *interval * 1000);
        callbacks::set_status(tx, id, CallbackStatus::Due, None, attempts, Some(at))?;
        return Ok(Next::Again(Delivery { at, id, receiver, faults: None }));
    }
    let reason = format!("{attempts} attempts failed, the last one so: {outcome}");
    callbacks::set_status(tx, id, CallbackStatus::Parked, Some(&reason), attempts, None)?;
    tx.report(EventKind::CallbackGivenUp {
        callback: id,
        pay_order_id: callback.pay_order_id.clone(),
        reason,
    });
    Ok(Next::Done)
}

/// The status and the beginning of the response.
async fn post(
    shared: &Shared,
    url: &NotifyUrl,
    body: String,
    signature: Signature,
) -> Result<(u16, String), String> {
    // It was deliverable when it was written; a restart may have other settings.
    let receiver = Receiver::of(url, &shared.settings.allowed_receivers)?;
    let connected = connect(&receiver, shared.settings.callback_timeout).await;
    let stream = connected.map_err(|error| format!("cannot connect: {error}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| format!("cannot send: {error}"))?;
    // Ends with this function, whatever the receiver does.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = hyper::Request::post(receiver.target.as_str())
        .header(HOST, receiver.authority())
        .header(CONTENT_TYPE, "application/json;charset=utf-8")
        .header(CONNECTION, "close")
        .header(CALLBACK_SIGNATURE_HEADER, signature.to_string())
        .body(Full::new(bytes::Bytes::from(body)))
        .map_err(|error| format!("cannot send: {error}"))?;
    let response = sender.send_request(request).await.map_err(|error| format!("no response: {error}"))?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), MAX_RESPONSE_BYTES)
        .collect()
        .await
        .map_err(|error| format!("the response is cut short or too long: {error}"))?
        .to_bytes();
    let text = String::from_utf8_lossy(&body).chars().take(KEPT_RESPONSE).collect();
    Ok((status, text))
}

/// Connects to the first address that accepts; each has its share of the time.
async fn connect(receiver: &Receiver, timeout: Duration) -> io::Result<TcpStream> {
    let addresses = receiver.addresses().await?;
    let share = timeout / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut first = None;
    for address in addresses {
        let connected = tokio::time::timeout(share, TcpStream::connect(address)).await;
        match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => return Ok(stream),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or_else(|| io::Error::new(io::ErrorKind::AddrNotAvailable, "the host has no address")))
}
