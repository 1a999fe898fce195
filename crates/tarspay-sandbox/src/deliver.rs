//! One sending of a callback: a POST over a connection of its own, and what the receiver answers.

use crate::receiver::Receiver;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use std::io;
use std::time::Duration;
use tarspay_sign::{CALLBACK_SIGNATURE_HEADER, Signature};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The most of an answer that is read, in bytes. `OK` has two.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// The most of an answer that is kept, in characters.
const KEPT_ANSWER: usize = 200;

/// A receiver's answer.
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// Its beginning.
    pub(crate) text: String,
}

/// Sends a body, and waits for the answer no longer than `timeout`. An error says why there is none.
pub(crate) async fn post(
    receiver: &Receiver,
    body: String,
    signature: Signature,
    timeout: Duration,
) -> Result<Answered, String> {
    tokio::time::timeout(timeout, exchange(receiver, body, signature))
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {timeout:?}")))
}

async fn exchange(receiver: &Receiver, body: String, signature: Signature) -> Result<Answered, String> {
    let stream = connect(receiver).await.map_err(|error| format!("cannot connect: {error}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| format!("cannot send: {error}"))?;
    // Ends with this function, whatever the receiver does.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = hyper::Request::post(receiver.path.as_str())
        .header(HOST, receiver.name())
        .header(CONTENT_TYPE, "application/json;charset=utf-8")
        .header(CONNECTION, "close")
        .header(CALLBACK_SIGNATURE_HEADER, signature.to_string())
        .body(Full::new(bytes::Bytes::from(body)))
        .map_err(|error| format!("cannot send: {error}"))?;
    let answer = sender.send_request(request).await.map_err(|error| format!("no answer: {error}"))?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES)
        .collect()
        .await
        .map_err(|error| format!("the answer is cut short or too long: {error}"))?
        .to_bytes();
    let text = String::from_utf8_lossy(&body).chars().take(KEPT_ANSWER).collect();
    Ok(Answered { status, text })
}

async fn connect(receiver: &Receiver) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "the host has no address on loopback");
    for address in tokio::net::lookup_host((receiver.host.as_str(), receiver.port)).await? {
        // A name such as localhost may be made to mean any address.
        if !receiver.is_allowed_by_name && !address.ip().is_loopback() {
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
