//! Servers that do what a test says: gateways, receivers and proxies. And a client without manners.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Far longer than anything takes; only a hanging test waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request or a response.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Without the empty line.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    pub(crate) fn status(&self) -> u16 {
        self.path().parse().unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Reads one request, or a response whose length is known; `None` at the end.
    fn read(stream: &TcpStream) -> Option<Self> {
        let (mut reader, mut head) = (BufReader::new(stream), String::new());
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        head.truncate(head.len() - 4);
        let mut message = Self { head, body: Vec::new() };
        let length = message.header("content-length").map_or(0, |length| length.parse().unwrap());
        message.body.resize(length, 0);
        reader.read_exact(&mut message.body).ok()?;
        Some(message)
    }
}

/// A server on loopback that answers each request with the bytes of a function and then closes the
/// connection.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    requests: Receiver<Message>,
}

impl Fake {
    pub(crate) fn start(respond: impl Fn(&Message) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = Message::read(&stream) else { continue };
                let _ = sender.send(request.clone());
                let _ = stream.write_all(&respond(&request));
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request that came.
    #[track_caller]
    pub(crate) fn request(&self) -> Message {
        self.requests.recv_timeout(PATIENCE).expect("a request")
    }

    /// The requests that came and were not looked at.
    pub(crate) fn rest(&self) -> usize {
        self.requests.try_iter().count()
    }
}

/// A response with this status, and headers that end in a line end.
pub(crate) fn response(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Sends a request as it stands here, and reads the response.
#[track_caller]
pub(crate) fn send(address: &str, request: impl AsRef<[u8]>) -> Message {
    let mut stream = TcpStream::connect(address).unwrap();
    // Whoever refuses a body may close before it has come.
    let _ = stream.write_all(request.as_ref());
    Message::read(&stream).expect("a response")
}

/// A POST of a body to a path, with headers that end in a line end each.
pub(crate) fn post(address: &str, path: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
