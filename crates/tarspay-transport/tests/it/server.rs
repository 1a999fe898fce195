//! A server that does exactly what a test says, and remembers what it saw.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Listens on a free port of this machine; each connection is handed to the test's script.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Seen>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
pub(crate) struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<Request>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// Every value of a header, in order.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

impl Seen {
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Server {
    pub(crate) async fn plain<F, R>(script: F) -> Self
    where
        F: Fn(Peer) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        Self::listen(TcpListener::bind("127.0.0.1:0").await.unwrap(), None, script)
    }

    pub(crate) async fn tls<F, R>(config: rustls::ServerConfig, script: F) -> Self
    where
        F: Fn(Peer) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::listen(TcpListener::bind("127.0.0.1:0").await.unwrap(), Some(acceptor), script)
    }

    pub(crate) fn listen<F, R>(listener: TcpListener, tls: Option<TlsAcceptor>, script: F) -> Self
    where
        F: Fn(Peer) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let accepting = tokio::spawn({
            let seen = Arc::clone(&seen);
            let script = Arc::new(script);
            async move {
                loop {
                    let (tcp, _) = listener.accept().await.unwrap();
                    tcp.set_nodelay(true).unwrap();
                    seen.connections.fetch_add(1, Ordering::SeqCst);
                    let (seen, script, tls) = (Arc::clone(&seen), Arc::clone(&script), tls.clone());
                    tokio::spawn(async move {
                        let io: Box<dyn Io> = match tls {
                            None => Box::new(tcp),
                            Some(tls) => match tls.accept(tcp).await {
                                Ok(stream) => Box::new(stream),
                                // The client did not like us.
                                Err(_) => return,
                            },
                        };
                        script(Peer { io, seen, unread: Vec::new() }).await;
                    });
                }
            }
        });
        Self { address, seen, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn https_url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A stream whose TCP connection can be got at.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Sync + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Io for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Io for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// One connection, from the server's side.
pub(crate) struct Peer {
    pub(crate) io: Box<dyn Io>,
    seen: Arc<Seen>,
    unread: Vec<u8>,
}

impl Peer {
    /// The next complete request; `None` if the client closed the connection.
    pub(crate) async fn request(&mut self) -> Option<Request> {
        let head = self.head().await?;
        let request = Request { head, body: Vec::new() };
        let length = request.header("content-length").first().map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            self.read_more().await?;
        }
        let request = Request { body: self.unread.drain(..length).collect(), ..request };
        self.seen.requests.lock().unwrap().push(request.clone());
        Some(request)
    }

    /// A request's head alone, blank line included.
    pub(crate) async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                return Some(String::from_utf8(self.unread.drain(..end + 4).collect()).unwrap());
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> Option<()> {
        match self.io.read_buf(&mut self.unread).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }

    /// Sends bytes; that the client has gone meanwhile is its own business.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.io.write_all(bytes.as_ref()).await;
        let _ = self.io.flush().await;
    }

    /// A response after which the connection stays open.
    pub(crate) async fn response(&mut self, status: u16, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let mut bytes =
            format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(body);
        self.send(bytes).await;
    }

    /// Responds to every request until the client closes.
    pub(crate) async fn response_all(mut self, status: u16, body: &str) {
        while self.request().await.is_some() {
            self.response(status, body).await;
        }
    }

    /// Ends the connection with a TCP reset.
    pub(crate) fn reset(self) {
        self.io.tcp().set_zero_linger().unwrap();
    }

    /// Ends the connection in an orderly way and returns when the client's side has seen it.
    pub(crate) async fn close(mut self) {
        let _ = self.io.shutdown().await;
    }

    /// Waits until bytes of the client are here, and leaves them unread.
    pub(crate) async fn arrival(&self) {
        let mut buffer = [0; 1];
        assert_eq!(self.io.tcp().peek(&mut buffer).await.unwrap(), 1, "the client closed without sending");
    }

    /// Says nothing until the client gives up.
    pub(crate) async fn stay_silent(mut self) {
        while self.read_more().await.is_some() {}
    }
}
