//! A server that reads one request after another and responds to each with given bytes, or breaks
//! off.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What the server does with a request that it has read.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Writes these bytes and closes the connection; none at all is a lost response.
    Response(Vec<u8>),
    /// Says nothing until the client goes away.
    Silence,
}

impl Step {
    pub(crate) fn json(json: &str) -> Self {
        Self::json_with("200 OK", json)
    }

    pub(crate) fn json_with(status: &str, json: &str) -> Self {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", json.len());
        Self::Response(format!("{head}{json}").into_bytes())
    }

    pub(crate) fn lost() -> Self {
        Self::Response(Vec::new())
    }
}

pub(crate) struct Scripted {
    pub(crate) base_url: String,
    requests: Arc<Mutex<Vec<String>>>,
    arrived: Arc<Notify>,
    server: JoinHandle<()>,
    /// Keeps the port from everybody else.
    reserved: Option<TcpSocket>,
}

impl Scripted {
    /// Responds to every request with these bytes and closes the connection.
    pub(crate) async fn responding(response: impl Into<Vec<u8>>) -> Self {
        Self::playing([Step::Response(response.into())]).await
    }

    pub(crate) async fn with_json(status: &str, json: &str) -> Self {
        Self::playing([Step::json_with(status, json)]).await
    }

    /// Plays one step for each request, and the last one for all further requests.
    pub(crate) async fn playing(steps: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::start(listener, steps.into_iter().collect(), false)
    }

    /// Plays one step for each request. Before the last one is played, nobody listens any more.
    pub(crate) async fn playing_once(steps: impl IntoIterator<Item = Step>) -> Self {
        let reserved = TcpSocket::new_v4().unwrap();
        reserved.set_reuseaddr(true).unwrap();
        reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = reserved.local_addr().unwrap();
        // Only on Linux can a listener share the port; elsewhere it is merely free.
        let reserved = cfg!(target_os = "linux").then_some(reserved);
        let listener = TcpListener::bind(address).await.unwrap();
        let mut server = Self::start(listener, steps.into_iter().collect(), true);
        server.reserved = reserved;
        server
    }

    fn start(listener: TcpListener, steps: Vec<Step>, once: bool) -> Self {
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let arrived = Arc::new(Notify::new());
        let arrival = Arc::clone(&arrived);
        let server = tokio::spawn(async move {
            let mut listener = Some(listener);
            while let Some(open) = &listener {
                let (mut stream, _) = open.accept().await.unwrap();
                let Some(request) = read_request(&mut stream).await else { continue };
                let position = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(request);
                    seen.len() - 1
                };
                arrival.notify_one();
                if once && position + 1 == steps.len() {
                    listener = None;
                }
                match steps.get(position).or(steps.last()).unwrap() {
                    Step::Response(response) => {
                        let _ = stream.write_all(response).await;
                        let _ = stream.shutdown().await;
                    }
                    Step::Silence => {
                        let _ = stream.read(&mut [0]).await;
                    }
                }
            }
        });
        Self { base_url, requests, arrived, server, reserved: None }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until a request has been read that nobody has waited for yet.
    pub(crate) async fn arrival(&self) {
        self.arrived.notified().await;
    }

    /// The paths that were called, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.requests().iter().map(|request| request.split(' ').nth(1).unwrap().to_owned()).collect()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The head and the body, by its Content-Length.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length:")
                        .map(|n| n.trim().parse().unwrap())
                })
                .unwrap_or(0_usize);
            if body.len() >= length {
                return Some(text.into_owned());
            }
        }
    }
}
