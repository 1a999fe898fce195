//! The merchants' server: takes callbacks, verifies them, and now and then does not acknowledge
//! one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tarspay::types::Callback;
use tarspay::{CallbackVerifier, Verified};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Of so many callbacks one gets an error when it comes first.
const REFUSED_ONE_IN: usize = 8;

#[derive(Default)]
pub(super) struct Seen {
    /// By the gateway's number and the state in it.
    pub(super) verified: HashMap<(String, i64), Verified<Callback>>,
    /// Why a request was refused.
    pub(super) refused: Vec<String>,
}

pub(super) struct Shop {
    url: String,
    pub(super) seen: Arc<Mutex<Seen>>,
}

impl Shop {
    pub(super) async fn open(verifier: CallbackVerifier) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/notify", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Seen>>::default();
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, verifier.clone(), Arc::clone(&log)));
            }
        });
        Self { url, seen }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

async fn serve(mut stream: TcpStream, verifier: CallbackVerifier, seen: Arc<Mutex<Seen>>) {
    // A sandbox that is killed leaves a part of a request, which is not a callback.
    let Some((head, body)) = read(&mut stream).await else { return };
    let signature = header(&head, "x-resp-signature");
    let response = match verifier.verify(signature, &body) {
        Ok(callback) => {
            let mut seen = seen.lock().unwrap();
            let key = (callback.get().pay_order_id.to_string(), callback.get().state.code());
            let is_new = seen.verified.insert(key, callback).is_none();
            if is_new && seen.verified.len().is_multiple_of(REFUSED_ONE_IN) { "500 X" } else { "200 X" }
        }
        Err(error) => {
            seen.lock().unwrap().refused.push(error.to_string());
            "400 X"
        }
    };
    let response = format!("HTTP/1.1 {response}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK");
    // The sandbox may be dead by now.
    let _ = stream.write_all(response.as_bytes()).await;
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

async fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length: usize = header(&head, "content-length").unwrap().parse().unwrap();
            if bytes.len() >= end + 4 + length {
                return Some((head, bytes.split_off(end + 4)));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
