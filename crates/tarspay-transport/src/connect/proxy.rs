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
use crate::request::sensitive_value;

/// Limit of the proxy's response. It is a status line and a few headers.
const MAX_RESPONSE_HEAD: usize = 16 * 1024;

pub(crate) struct Proxy {
    pub(crate) origin: Origin,
    pub(crate) authorization: Option<HeaderValue>,
}

type Connection = http1::Connection<TokioIo<Socket>, Empty<Bytes>>;

impl Proxy {
    /// The proxy at this URL, with the user and password in it, or with the value of
    /// `Proxy-Authorization`. No message repeats either.
    pub(crate) fn new(url: &str, authorization: Option<&str>) -> Result<Self, Error> {
        let (origin, user) = Origin::proxy(url)?;
        let text = match (user, authorization) {
            (None, None) => return Ok(Self { origin, authorization: None }),
            (None, Some(text)) => text.to_owned(),
            (Some(user), None) => basic(user)?,
            (Some(_), Some(_)) => {
                return Err(Error::configuration(
                    "the proxy's URL has a user name, and proxy_authorization is set too; give only one of them",
                ));
            }
        };
        let authorization = sensitive_value(&text).map_err(|error| {
            Error::configuration("proxy_authorization is not a valid header value").with_source(error)
        })?;
        Ok(Self { origin, authorization: Some(authorization) })
    }

    /// Turns a connection to the proxy into one to the gateway.
    pub(super) async fn tunnel(&self, stream: Socket, gateway: &Origin) -> Result<Socket, Error> {
        let request = self.request(gateway).map_err(|error| self.broken().with_source(error))?;
        let (mut sender, mut connection) = http1::Builder::new()
            .max_buf_size(MAX_RESPONSE_HEAD)
            .handshake(TokioIo::new(stream))
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
            407 => ", it wants a user name and a password: http://user:password@host:port",
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

/// The value of `Proxy-Authorization` for `user:password` as it stands in a URL (RFC 7617).
fn basic(user: &str) -> Result<String, Error> {
    let refuse =
        |why: &str| Error::configuration(format!("the user name and password of the proxy's URL {why}"));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let decode =
        |text| percent_decoded(text).ok_or_else(|| refuse("have a % without two hex digits; write %25"));
    let user = decode(user)?;
    if user.contains(&b':') {
        return Err(refuse("cannot be sent: no user name can hold a colon"));
    }
    Ok(format!("Basic {}", base64(&[&user[..], b":", &decode(password)?].concat())))
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).filter(|digits| !digits.starts_with('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    Some(bytes)
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) as usize & 63;
            text.push(if place <= chunk.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_of_a_url_become_basic_credentials() {
        for (user, header) in [
            // RFC 7617, section 2.
            ("Aladdin:open%20sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("user", "Basic dXNlcjo="),
            ("user:", "Basic dXNlcjo="),
            (":", "Basic Og=="),
            ("u:p%40ss%3A%2f%25", "Basic dTpwQHNzOi8l"),
            ("u:a:b", "Basic dTphOmI="),
            ("test:123%C2%A3", "Basic dGVzdDoxMjPCow=="),
        ] {
            assert_eq!(basic(user).unwrap(), header, "{user}");
        }
        for user in ["a%3Ab:c", "u:%", "u:%4", "u:%zz", "u:%+4", "%\u{e9}:x"] {
            let error = basic(user).unwrap_err();
            assert!(error.is_invalid() && !format!("{error} {error:?}").contains(user), "{error:?}");
        }
    }
}
