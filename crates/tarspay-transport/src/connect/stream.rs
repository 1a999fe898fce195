//! The connection itself: a stream that a peer cannot flood.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::ByteStream;

/// A connection that fails when the peer sends more than a response can be.
///
/// HTTP lets a server send any number of interim responses (`100 Continue`), and hyper skips them
/// without an end. TLS has messages of its own. So it counts the bytes on the wire since the last
/// write.
pub(crate) struct Socket {
    stream: Box<dyn ByteStream>,
    read: usize,
    limit: usize,
}

impl Socket {
    pub(crate) fn new(stream: Box<dyn ByteStream>, limit: usize) -> Self {
        Self { stream, read: 0, limit }
    }

    pub(super) fn into_inner(self) -> Box<dyn ByteStream> {
        self.stream
    }

    fn written(&mut self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(result, Poll::Ready(Ok(_))) {
            self.read = 0;
        }
        result
    }
}

/// The peer has sent more than a response can be.
#[derive(Debug)]
pub(crate) struct Flooded {
    limit: usize,
}

impl fmt::Display for Flooded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} bytes came in a row", self.limit)
    }
}

impl std::error::Error for Flooded {}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read > self.limit {
            return Poll::Ready(Err(io::Error::other(Flooded { limit: self.limit })));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.read += buffer.filled().len() - before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn what_comes_in_a_row_is_counted_from_the_last_write() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut far, _) = listener.accept().await.unwrap();
        let mut near = Socket::new(Box::new(near), 8);
        for vectored in [false, true] {
            for length in [8, 1] {
                far.write_all(&vec![b'x'; length]).await.unwrap();
                let mut bytes = [0; 16];
                let mut buffer = ReadBuf::new(&mut bytes);
                // What the buffer holds already does not count.
                buffer.put_slice(b"held");
                poll_fn(|cx| Pin::new(&mut near).poll_read(cx, &mut buffer)).await.unwrap();
                assert_eq!(buffer.filled().len(), 4 + length);
            }
            far.write_all(b"x").await.unwrap();
            let error = near.read_u8().await.unwrap_err();
            assert!(error.get_ref().unwrap().is::<Flooded>(), "{error}");
            assert!(error.to_string().contains("more than 8 bytes"), "{error}");

            if vectored {
                assert_eq!(near.write_vectored(&[IoSlice::new(b"x")]).await.unwrap(), 1);
            } else {
                near.write_all(b"x").await.unwrap();
            }
            assert_eq!(near.read_u8().await.unwrap(), b'x');
            near.write_all(b"x").await.unwrap();
        }
    }
}
