//! A scripted gateway in memory, for unit tests of your own code (feature `testing`).
//!
//! A test says what the gateway does with each request, and then looks at the requests that came:
//!
//! ```
//! use std::time::Duration;
//! use tarspay::sign::PrivateKey;
//! use tarspay::testing::{ScriptedGateway, Step};
//! use tarspay::types::ErrorCode;
//! use tarspay::{Client, Credentials};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let gateway = ScriptedGateway::new([
//!     Step::refused_connection(),
//!     Step::success(r#"{"availableAmount":"12.50","frozenAmount":"0"}"#).cut(40),
//!     Step::refusal(ErrorCode::SYSTEM_ERROR),
//!     Step::success(r#"{"availableAmount":"12.50","frozenAmount":"0"}"#).after(Duration::from_secs(5)),
//! ]);
//! let client = Client::builder(Credentials::new("M1".parse()?, PrivateKey::generate()?))
//!     .base_url(gateway.base_url())
//!     .connector(gateway.connector())
//!     .build()?;
//!
//! assert_eq!(client.balance().await?.available_amount.to_string(), "12.50");
//! assert_eq!(gateway.paths(), ["/api/balanceInfo"; 3]);
//! # Ok(())
//! # }
//! ```
//!
//! There are no sockets and no threads. With tokio's clock
//! [paused](https://docs.rs/tokio/latest/tokio/time/fn.pause.html), as in
//! `#[tokio::test(start_paused = true)]`, delays and the client's waits take no time.
//!
//! This gateway checks nothing and keeps no orders. To see whether a request is right, and to follow
//! an order to its callback, use the crate `tarspay-sandbox`.

use crate::transport::{Connect, Connecting, Destination};
use crate::types::ErrorCode;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::sleep;

/// How many bytes a stream holds that the other end has not read.
const BUFFER: usize = 64 * 1024;

/// What the gateway does with one connection. The client opens a new one for each attempt, because
/// the gateway closes it after its response.
#[derive(Clone)]
#[must_use = "a step does nothing until a `ScriptedGateway` plays it"]
pub struct Step {
    delay: Duration,
    action: Action,
}

#[derive(Clone)]
enum Action {
    RefuseConnection,
    CloseConnection,
    /// Reads the request, sends these bytes and closes the connection.
    Respond(Vec<u8>),
    /// Reads the request, and waits until the client closes the connection.
    StaySilent,
}

impl Step {
    /// A response with code 0 and this JSON text as its `data`.
    pub fn success(data: &str) -> Self {
        Self::json(200, &format!(r#"{{"code":0,"msg":"SUCCESS","data":{data}}}"#))
    }

    /// A response with this code, and its first documented meaning as the message.
    pub fn refusal(code: ErrorCode) -> Self {
        let message = code.meanings().first().copied().unwrap_or_default();
        Self::json(200, &format!(r#"{{"code":{},"msg":"{message}"}}"#, code.code()))
    }

    /// A response with this HTTP status and body.
    pub fn json(status: u16, body: &str) -> Self {
        let length = body.len();
        Self::bytes(format!(
            "HTTP/1.1 {status} \r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        ))
    }

    /// These bytes as they are, whether they are HTTP or not. Then the connection is closed.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Action::Respond(bytes.into()))
    }

    /// The response is lost: the request is read, and the connection closed.
    pub fn lost() -> Self {
        Self::bytes([])
    }

    /// The request is read and never responded to; a deadline of the client has to end it.
    pub fn silence() -> Self {
        Self::new(Action::StaySilent)
    }

    /// No connection: the request is not sent.
    pub fn refused_connection() -> Self {
        Self::new(Action::RefuseConnection)
    }

    /// The connection is opened, and closed without reading a request. Whether it was sent is
    /// decided by which comes first, as with a real gateway.
    pub fn closed_connection() -> Self {
        Self::new(Action::CloseConnection)
    }

    /// Sends at most so many bytes of the response, head included, and closes the connection.
    pub fn cut(mut self, length: usize) -> Self {
        if let Action::Respond(bytes) = &mut self.action {
            bytes.truncate(length);
        }
        self
    }

    /// Waits by tokio's clock: before the response, or before the connection is refused or closed.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    fn new(action: Action) -> Self {
        Self { delay: Duration::ZERO, action }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match &self.action {
            Action::RefuseConnection => "refused connection",
            Action::CloseConnection => "closed connection",
            Action::Respond(_) => "response",
            Action::StaySilent => "silence",
        };
        write!(f, "Step({action} after {:?})", self.delay)
    }
}

/// A gateway in memory that plays one [`Step`] for each connection. Clones share the script and the
/// requests.
#[derive(Clone)]
pub struct ScriptedGateway(Arc<Shared>);

struct Shared {
    script: Mutex<Box<dyn Iterator<Item = Step> + Send>>,
    requests: Mutex<Vec<ReceivedRequest>>,
}

impl ScriptedGateway {
    /// A gateway that plays these steps. After the last one it refuses connections, and the error
    /// says that the script has ended.
    ///
    /// Any iterator is a script: `std::iter::repeat(step)` never ends, and a simulation can make its
    /// steps as it goes.
    pub fn new<I>(script: I) -> Self
    where
        I: IntoIterator<Item = Step>,
        I::IntoIter: Send + 'static,
    {
        let script: Box<dyn Iterator<Item = Step> + Send> = Box::new(script.into_iter());
        Self(Arc::new(Shared { script: Mutex::new(script), requests: Mutex::default() }))
    }

    /// The base URL for [`ClientBuilder::base_url`](crate::ClientBuilder::base_url): plain HTTP,
    /// which never leaves the process.
    pub fn base_url(&self) -> &'static str {
        "http://localhost"
    }

    /// The connector for [`ClientBuilder::connector`](crate::ClientBuilder::connector).
    pub fn connector(&self) -> impl Connect + use<> {
        Connector(Arc::clone(&self.0))
    }

    /// The requests that were read, in order.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        lock(&self.0.requests).clone()
    }

    /// The paths of the requests that were read, in order.
    pub fn paths(&self) -> Vec<String> {
        lock(&self.0.requests).iter().map(|request| request.path.clone()).collect()
    }
}

impl fmt::Debug for ScriptedGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedGateway").field("paths", &self.paths()).finish_non_exhaustive()
    }
}

/// A request as the gateway read it. `Debug` shows the path only.
#[derive(Clone)]
pub struct ReceivedRequest {
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl ReceivedRequest {
    /// The path, such as `/api/balanceInfo`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value of a header, in any case, such as `X-API-NONCE`.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The JSON text of the body.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The next request of a stream; `None` if the client closed it before.
    async fn read(stream: &mut DuplexStream) -> Option<Self> {
        let mut bytes = Vec::new();
        loop {
            if let Some(request) = Self::parse(&bytes) {
                return Some(request);
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// A complete request of our client, which says its length and sends UTF-8.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let request = Self { path, headers, body: body.to_owned() };
        let length: usize = request.header("content-length")?.parse().ok()?;
        (body.len() >= length).then_some(request)
    }
}

impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedRequest").field("path", &self.path).finish_non_exhaustive()
    }
}

struct Connector(Arc<Shared>);

impl Connect for Connector {
    fn connect<'a>(&'a self, destination: Destination<'a>) -> Connecting<'a> {
        Box::pin(async move {
            if destination.is_tls() {
                let hint = "the scripted gateway takes plain HTTP only; set .base_url(gateway.base_url())";
                return Err(io::Error::new(io::ErrorKind::Unsupported, hint));
            }
            let refused = |what| io::Error::new(io::ErrorKind::ConnectionRefused, what);
            let step = lock(&self.0.script).next();
            let step = step.ok_or_else(|| refused("the script of the gateway has ended; add a step"))?;
            if let Action::RefuseConnection = step.action {
                sleep(step.delay).await;
                return Err(refused("the script refuses the connection"));
            }
            let (near, far) = duplex(BUFFER);
            tokio::spawn(play(Arc::clone(&self.0), far, step));
            Ok(Box::new(near) as _)
        })
    }
}

async fn play(shared: Arc<Shared>, mut stream: DuplexStream, Step { delay, action }: Step) {
    if let Action::CloseConnection = action {
        return sleep(delay).await;
    }
    let Some(request) = ReceivedRequest::read(&mut stream).await else { return };
    lock(&shared.requests).push(request);
    sleep(delay).await;
    // In both cases the client may have gone meanwhile.
    let _ = match action {
        Action::Respond(bytes) => stream.write_all(&bytes).await,
        _ => stream.read_u8().await.map(drop),
    };
}

/// A script of the user may panic; what was received is complete all the same.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
