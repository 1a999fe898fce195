//! The seam for connections: what gives a stream of bytes to the gateway.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::Phase;
use crate::origin::Origin;
use crate::progress::Progress;

/// Gives a stream of bytes to the gateway, for [`Builder::connector`](crate::Builder::connector):
/// another way to look up a name, a Unix socket, a SOCKS proxy, or a stream in memory. By default a
/// transport has its own, for TCP and [`Builder::proxy`](crate::Builder::proxy).
///
/// The stream carries the raw bytes. If [`is_tls`](Destination::is_tls), the transport runs TLS on
/// top of it. HTTP, deadlines, limits and "not sent" are the transport's too: it connects within
/// [`connect_timeout`](crate::Builder::connect_timeout) and drops the future after that, and a
/// failure here was not sent.
///
/// When the stream is dropped, it must discard what it has not delivered yet. For TCP that is
/// [`TcpStream::set_zero_linger`](tokio::net::TcpStream::set_zero_linger), without which the
/// operating system goes on sending what a call that has ended had written.
///
/// ```
/// use std::net::SocketAddr;
/// use tarspay_transport::{Connect, Connecting, Destination, Transport};
/// use tokio::net::TcpStream;
///
/// /// Goes to one address, without a name server.
/// struct Pinned(SocketAddr);
///
/// impl Connect for Pinned {
///     fn connect<'a>(&'a self, _: Destination<'a>) -> Connecting<'a> {
///         Box::pin(async move {
///             let tcp = TcpStream::connect(self.0).await?;
///             tcp.set_zero_linger()?;
///             Ok(Box::new(tcp) as _)
///         })
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # #[cfg(feature = "webpki-roots")]
/// let transport = Transport::builder("https://payment.tarspay.com")
///     .connector(Pinned("192.0.2.7:443".parse()?)) // the certificate is still the gateway's
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub trait Connect: Send + Sync {
    /// Opens a new stream. An error becomes the source of an
    /// [`ErrorKind::Connection`](crate::ErrorKind::Connection), or of a
    /// [`Timeout`](crate::ErrorKind::Timeout) if it is [`io::ErrorKind::TimedOut`].
    fn connect<'a>(&'a self, destination: Destination<'a>) -> Connecting<'a>;
}

/// The future of [`Connect::connect`].
pub type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn ByteStream>>> + Send + 'a>>;

/// What HTTP runs on, with or without TLS between.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// Where a connection goes: the host and the port of the base URL.
#[derive(Clone, Copy)]
pub struct Destination<'a> {
    pub(super) origin: &'a Origin,
    pub(super) progress: &'a Arc<Progress>,
}

impl<'a> Destination<'a> {
    /// The host in lower case, without the brackets of an IPv6 address.
    pub fn host(&self) -> &'a str {
        self.origin.host()
    }

    /// The port, 443 or 80 if the base URL names none.
    pub fn port(&self) -> u16 {
        self.origin.port()
    }

    /// Whether the transport runs TLS on top of the stream. If not, the base URL is plain `http`:
    /// to `localhost`, or to a host that was allowed by name.
    pub fn is_tls(&self) -> bool {
        self.origin.is_tls()
    }

    /// Says which step begins, for the [phase](crate::Error::phase) of an error:
    /// [`Phase::Resolve`], [`Phase::Connect`] or [`Phase::Proxy`]. It is `Connect` until this is
    /// called. Later phases are the transport's, and count as `Proxy` here.
    pub fn entering(&self, phase: Phase) {
        self.progress.connecting(phase.min(Phase::Proxy));
    }
}

impl fmt::Debug for Destination<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Destination").field(&format_args!("{}", self.origin)).finish()
    }
}
