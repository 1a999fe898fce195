//! What went wrong, where, and whether the request may have been received.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::connect::Flooded;
use crate::progress::Stopped;

/// Why there is no [`Response`](crate::Response), or why a [`Transport`](crate::Transport) could
/// not be built.
///
/// For a call that moves money the first question is: can the request have reached the gateway?
/// [`delivery`](Self::delivery) says so. [`kind`](Self::kind) says what happened,
/// [`phase`](Self::phase) where, and [`source`](StdError::source) leads down to the operating
/// system's or the TLS library's own error.
///
/// `Display` says what happened and where, and leaves the delivery to the caller, who must say what it
/// means for the call. Neither `Display` nor `Debug` shows a body, a header's value or a credential.
/// Hosts and ports do appear.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    phase: Option<Phase>,
    delivery: Delivery,
    status: Option<u16>,
    proxy_status: Option<u16>,
    what: Cow<'static, str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The builder was given something it cannot use, or a call was polled outside a tokio runtime;
    /// nothing was sent. Fix the program.
    InvalidConfiguration,
    /// A path, header, body or deadline was refused here; nothing was sent. Fix the call.
    InvalidRequest,
    /// The network failed: name not found, connection refused, reset, or closed too early.
    Connection,
    /// TLS failed: a certificate that is not trusted or not for this host, or no common protocol
    /// version.
    Tls,
    /// The proxy refused the tunnel or responded with something that is not HTTP.
    Proxy,
    /// A deadline passed.
    Timeout,
    /// What came back is not HTTP.
    InvalidResponse,
    /// The response's head or body is larger than the limit, or interim responses came without an
    /// end.
    ResponseTooLarge,
}

/// The steps of a call, in their order. A call on a connection that is already open begins with
/// [`Send`](Self::Send).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Phase {
    /// Looking up the address of the gateway, or of the proxy if there is one.
    Resolve,
    /// Opening the TCP connection to the gateway, or to the proxy.
    Connect,
    /// Asking the proxy for a tunnel to the gateway.
    Proxy,
    /// The TLS handshake with the gateway.
    Tls,
    /// Handing the request to the connection, until its last byte is in a buffer of this machine.
    Send,
    /// Waiting for the status line and the headers of the response.
    ResponseHead,
    /// Reading the body of the response.
    ResponseBody,
}

/// Whether the request can have reached the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a third case cannot exist, and callers should match both")]
pub enum Delivery {
    /// No byte of the request was handed to the network, and none will be. Sending it again cannot
    /// do harm twice.
    NotSent,
    /// The request, or a part of it, may have arrived. Find out what became of it before sending it
    /// again.
    MaybeReceived,
}

impl Error {
    /// What happened.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The step in which it happened; `None` if the call was refused before its first step.
    pub fn phase(&self) -> Option<Phase> {
        self.phase
    }

    /// Whether the request can have reached the gateway. Never "not sent" unless that is certain.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// The status of a response that began well and then broke, timed out or grew too large.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The status with which the proxy refused the tunnel, for example 407.
    pub fn proxy_status(&self) -> Option<u16> {
        self.proxy_status
    }

    /// True if the configuration or the call itself has to be changed; repeating it is pointless.
    pub fn is_invalid(&self) -> bool {
        matches!(self.kind, ErrorKind::InvalidConfiguration | ErrorKind::InvalidRequest)
    }

    /// True if a deadline passed; [`phase`](Self::phase) says during what.
    pub fn is_timeout(&self) -> bool {
        self.kind == ErrorKind::Timeout
    }

    /// True if it is certain that no byte of the request was sent.
    pub fn is_not_sent(&self) -> bool {
        self.delivery == Delivery::NotSent
    }

    fn new(kind: ErrorKind, what: impl Into<Cow<'static, str>>) -> Self {
        let what = what.into();
        let delivery = Delivery::NotSent;
        Self { kind, phase: None, delivery, status: None, proxy_status: None, what, source: None }
    }

    pub(crate) fn configuration(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidConfiguration, what)
    }

    pub(crate) fn request(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidRequest, what)
    }

    /// A failure while the connection was being made: nothing of the request can have been sent.
    pub(crate) fn connecting(kind: ErrorKind, phase: Phase, what: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(kind, what);
        error.phase = Some(phase);
        error
    }

    /// A failure of a call that was stopped at the given point.
    pub(crate) fn stopped(kind: ErrorKind, at: Stopped, what: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(kind, what);
        error.phase = Some(at.phase);
        error.delivery = at.delivery;
        error.status = at.status;
        error
    }

    /// The same failure, of a request that was not sent.
    pub(crate) fn not_sent(mut self) -> Self {
        self.delivery = Delivery::NotSent;
        self
    }

    pub(crate) fn with_proxy_status(mut self, status: u16) -> Self {
        self.proxy_status = Some(status);
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }
}

/// Sorts a failure of an open connection by what is at the bottom of it.
pub(crate) fn classify(error: &(dyn StdError + 'static)) -> (ErrorKind, &'static str) {
    for cause in chain(error) {
        if let Some(http) = cause.downcast_ref::<hyper::Error>() {
            // hyper has a predicate for it only with its server. If the wording ever changes, a
            // test says so.
            if http.is_parse() && http.to_string() == "message head is too large" {
                return (ErrorKind::ResponseTooLarge, "the head of the response is larger than the limit");
            }
            if http.is_parse() {
                return (ErrorKind::InvalidResponse, "the response is not HTTP");
            }
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            // `source` steps over the inside of an I/O error: rustls hands its errors out as one,
            // and our socket too.
            if let Some(inner) = io.get_ref() {
                if inner.is::<rustls::Error>() {
                    return (ErrorKind::Tls, "TLS failed");
                }
                if inner.is::<Flooded>() {
                    return (ErrorKind::ResponseTooLarge, "more came than a response can be");
                }
            }
            // hyper reports a malformed chunk this way.
            if matches!(io.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) {
                return (ErrorKind::InvalidResponse, "the response is not HTTP");
            }
        }
    }
    (ErrorKind::Connection, "the connection broke")
}

/// An error and its causes.
pub(crate) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> + use<'a> {
    std::iter::successors(Some(error), |&error| error.source())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(phase) = self.phase {
            write!(f, " ({phase})")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "while looking up the name",
            Self::Connect => "while connecting",
            Self::Proxy => "while asking the proxy for a tunnel",
            Self::Tls => "during the TLS handshake",
            Self::Send => "while sending the request",
            Self::ResponseHead => "while waiting for the response",
            Self::ResponseBody => "while reading the response",
        })
    }
}
