//! The connection itself: a socket that notices in time that it was closed, plain or under TLS.

use std::io::{self, IoSlice, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::{Connected, Connection};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A TCP connection that asks the kernel itself whether there is something to read.
///
/// tokio reads only after its event loop has reported the socket as readable. Between two calls a server may
/// close an idle connection; the kernel knows at once, the event loop a moment later. hyper looks for such a
/// close right before it takes the next request from its queue, and hands the request back untouched if it
/// finds one. Asking the kernel makes that look truthful, so that a connection known to be closed is never
/// written to.
pub(crate) struct Socket(TcpStream);

/// How much is read when the kernel is asked: enough for a short answer, the rest comes with the next read. A safe read
/// wants initialised memory, and hyper's buffer has 8 KiB and more; clearing that at each look cost as many instructions
/// as the rest of a call.
const LOOK_BYTES: usize = 512;

impl Socket {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self(tcp)
    }

    fn read_now(&self, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let socket = SockRef::from(&self.0);
        let mut socket: &socket2::Socket = &socket;
        // Nearly always there is nothing, so the reader's large buffer is not cleared for it; see `LOOK_BYTES`.
        let mut look = [0; LOOK_BYTES];
        let look = &mut look[..buffer.remaining().min(LOOK_BYTES)];
        loop {
            match socket.read(look) {
                Ok(count) => {
                    buffer.put_slice(&look[..count]);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // tokio has kept the waker, it reports when this changes.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.0).poll_read(cx, buffer) {
            Poll::Pending => self.read_now(buffer),
            ready @ Poll::Ready(_) => ready,
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

/// What the pool holds.
pub(crate) enum Stream {
    Plain(Socket),
    // Boxed: the state of a TLS session is more than a kilobyte.
    Tls(Box<TlsStream<Socket>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        // Also through a proxy: a tunnel is invisible to the request.
        Connected::new()
    }
}

/// Both variants do the same.
macro_rules! either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Plain($inner) => $call,
            Stream::Tls($inner) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(&mut *self, stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(&mut *self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(&mut *self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(&mut *self, stream => Pin::new(stream).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(&mut *self, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        either!(self, stream => stream.is_write_vectored())
    }
}
