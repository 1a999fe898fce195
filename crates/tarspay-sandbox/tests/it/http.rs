//! HTTP written and read by hand, so that our client hides no fault.

use serde_json::Value;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// Far longer than any response takes; only a hanging test waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Fails instead of hanging.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("no response within a minute")
}

/// A port of loopback that nobody else gets while the socket lives, and that a listener may still take. Only Linux lets
/// the two share it; elsewhere the port is merely free.
pub(crate) fn reserve() -> (Option<TcpSocket>, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (cfg!(target_os = "linux").then_some(socket), address)
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { method: "POST".to_owned(), path: path.to_owned(), headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    pub(crate) fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a header, in place of an earlier one of this name.
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        let mut request = self.without(name);
        request.headers.push((name.to_owned(), value.to_owned()));
        request
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn value(&self, name: &str) -> &str {
        let (_, value) = self.headers.iter().find(|(known, _)| known == name).unwrap();
        value
    }

    /// The bytes on the wire; the connection is to be closed after the response.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.head("close").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    pub(crate) fn head(&self, connection: &str) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if !self.headers.iter().any(|(name, _)| name == "Host") {
            head += "Host: sandbox\r\n";
        }
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head + &format!("Content-Length: {}\r\nConnection: {connection}\r\n\r\n", self.body.len())
    }

    pub(crate) async fn send(&self, to: SocketAddr) -> Response {
        Response::read(&exchange(to, &self.to_bytes()).await.unwrap())
    }
}

/// Writes bytes on a new connection, and reads to its end.
pub(crate) async fn exchange(to: SocketAddr, bytes: &[u8]) -> io::Result<Vec<u8>> {
    in_time(async {
        let mut stream = TcpStream::connect(to).await?;
        stream.write_all(bytes).await?;
        read_to_end(&mut stream).await
    })
    .await
}

pub(crate) async fn read_to_end(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut response = Vec::new();
    in_time(stream.read_to_end(&mut response)).await?;
    Ok(response)
}

/// Reads one response of a connection that stays open.
pub(crate) async fn read_one(stream: &mut TcpStream) -> Response {
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        in_time(stream.read_exact(&mut byte)).await.unwrap();
        bytes.push(byte[0]);
        if bytes.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    let head = Response::read(&bytes);
    let mut body = vec![0; head.header("content-length").unwrap().parse().unwrap()];
    in_time(stream.read_exact(&mut body)).await.unwrap();
    Response { body: String::from_utf8(body).unwrap(), ..head }
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response but {text:?}"));
        let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap();
        Self { status: status.parse().unwrap(), head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON but {self:?}"))
    }

    pub(crate) fn code(&self) -> i64 {
        self.json()["code"].as_i64().unwrap()
    }

    /// Asserts a refusal as documented: a code and a text, nothing else. Gives the text.
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, code: i64) -> String {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json;charset=utf-8"));
        let json = self.json();
        let names: Vec<_> = json.as_object().unwrap().keys().collect();
        assert_eq!(names, ["code", "msg"], "{self:?}");
        json["msg"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn assert_balance(&self, merchant_no: &str, available: &str, frozen: &str) {
        assert_eq!(
            self.body,
            format!(
                r#"{{"code":0,"msg":"SUCCESS","data":{{"availableAmount":"{available}","frozenAmount":"{frozen}","mchNo":"{merchant_no}"}}}}"#
            )
        );
        assert_eq!(self.status, 200);
        assert_eq!(self.header("content-type"), Some("application/json;charset=utf-8"));
    }
}
