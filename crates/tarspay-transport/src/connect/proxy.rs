//! The tunnel through a proxy: HTTP CONNECT, spoken by hyper.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;

use super::stream::Socket;
use crate::error::{Error, ErrorKind, Phase};
use crate::origin::Origin;

/// Limit of the proxy's response. It is a status line and a few headers.
const MAX_RESPONSE_HEAD: usize = 16 * 1024;

pub(crate) struct Proxy {
    pub(crate) origin: Origin,
    pub(crate) authorization: Option<HeaderValue>,
}

type Connection = http1::Connection<TokioIo<Socket>, Empty<Bytes>>;

impl Proxy {
    /// Turns a connection to the proxy into one to the gateway.
    pub(super) async fn tunnel(&self, tcp: Socket, gateway: &Origin) -> Result<Socket, Error> {
        let request = self.request(gateway).map_err(|error| self.broken().with_source(error))?;
        let (mut sender, mut connection) = http1::Builder::new()
            .max_buf_size(MAX_RESPONSE_HEAD)
            .handshake(TokioIo::new(tcp))
            .await
            .map_err(|error| self.broken().with_source(error))?;
        let mut response = pin!(sender.send_request(request));
        let response = poll_fn(|cx| self.poll_response(cx, &mut connection, response.as_mut())).await?;
        if !response.status().is_success() {
            return Err(self.refused(response.status()));
        }
        let parts = connection.into_parts();
        if !parts.read_buf.is_empty() {
            // In TLS the client speaks first, so these bytes are the proxy's.
            return Err(self.error("sent more than a response before the tunnel was used"));
        }
        Ok(parts.io.into_inner())
    }

    fn request(&self, gateway: &Origin) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
        let target = gateway.host_and_port();
        let mut request = Request::new(Empty::new());
        *request.method_mut() = Method::CONNECT;
        *request.uri_mut() = Uri::try_from(&target)?;
        request.headers_mut().insert(HOST, HeaderValue::from_str(&target)?);
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        Ok(request)
    }

    /// Drives the connection here instead of in a task of its own, so that it can be taken apart
    /// afterwards, and is closed when the call is dropped.
    fn poll_response(
        &self,
        cx: &mut Context<'_>,
        connection: &mut Connection,
        mut response: std::pin::Pin<&mut impl Future<Output = hyper::Result<Response<Incoming>>>>,
    ) -> Poll<Result<Response<Incoming>, Error>> {
        let driven = connection.poll_without_shutdown(cx);
        if let Poll::Ready(response) = response.as_mut().poll(cx) {
            return Poll::Ready(response.map_err(|error| self.broken().with_source(error)));
        }
        match driven {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(Err(self.broken())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.broken().with_source(error))),
        }
    }

    fn refused(&self, status: StatusCode) -> Error {
        let hint = match status.as_u16() {
            407 => ", it wants credentials (`Builder::proxy_authorization`)",
            403 => ", it does not allow this gateway",
            _ => "",
        };
        self.error(&format!("refused the tunnel with status {}{hint}", status.as_u16()))
            .with_proxy_status(status.as_u16())
    }

    fn broken(&self) -> Error {
        self.error("gave no usable response to CONNECT")
    }

    fn error(&self, what: &str) -> Error {
        let what = format!("the proxy {} {what}", self.origin.host_and_port());
        Error::connecting(ErrorKind::Proxy, Phase::Proxy, what)
    }
}
