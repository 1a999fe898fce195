//! The owner of a sandbox: its control API, over connections of their own.

use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) struct Owner {
    address: SocketAddr,
}

impl Owner {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address }
    }

    /// What is there; the sandbox must live.
    pub(crate) async fn look(&self, path: &str) -> Value {
        self.sure("GET", path, "").await
    }

    /// Changes something; the sandbox must live.
    pub(crate) async fn change(&self, path: &str, body: &str) -> Value {
        self.sure("POST", path, body).await
    }

    async fn sure(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, value) = self.ask(method, path, body).await.expect("a living sandbox responds");
        assert_eq!(status, 200, "{method} {path}: {value}");
        value
    }

    /// Status and JSON; `None` if no whole response came.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Option<(u16, Value)> {
        let response = send(self.address, method, &format!("/_sandbox/{path}"), "", body).await?;
        let (head, body) = response.split_once("\r\n\r\n")?;
        let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        // A response that was cut is not JSON.
        Some((status, serde_json::from_str(body).ok()?))
    }
}

/// Sends a request with these further lines in its head, and gives all that comes; `None` if the
/// connection breaks.
pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    lines: &str,
    body: &str,
) -> Option<String> {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{lines}\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.ok()?;
    String::from_utf8(response).ok()
}
