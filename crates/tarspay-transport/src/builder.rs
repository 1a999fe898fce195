//! Configures a transport and refuses invalid settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;

use crate::connect::{Connect, Proxy, Route, Tcp, system};
use crate::error::Error;
use crate::limits::Limits;
use crate::origin::Origin;
use crate::tls::{Tls, Trust};
use crate::transport::Transport;

const USER_AGENT: &str = concat!("tarspay-transport/", env!("CARGO_PKG_VERSION"));
/// Leaves the request's head enough room, see `request::MAX_HEAD_BYTES`.
const MAX_USER_AGENT_BYTES: usize = 256;

/// Configures a [`Transport`]; begin with [`Transport::builder`].
///
/// Every setting is checked in [`build`](Self::build). `Debug` shows the limits, and none of the
/// texts.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    base_url: String,
    plain_http_host: Option<String>,
    connector: Option<Arc<dyn Connect>>,
    proxy: Option<String>,
    proxy_authorization: Option<String>,
    user_agent: String,
    limits: Limits,
    trust: Trust,
}

impl Builder {
    pub(crate) fn new(base_url: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            plain_http_host: None,
            connector: None,
            proxy: None,
            proxy_authorization: None,
            user_agent: USER_AGENT.to_owned(),
            limits: Limits::default(),
            trust: Trust::default(),
        }
    }

    /// Deadline for getting a new connection: name, TCP, proxy and TLS together. Default: 10
    /// seconds. Where the name has several addresses of a family, each has its share, so that a
    /// silent one leaves time for the next.
    ///
    /// It runs only when no open connection is at hand, and what it ends was not sent.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// Deadline for the head of the response: from the moment in which the request begins to be
    /// sent, over a connection that is reused or new, until status and headers are complete.
    /// Sending the request is part of it; an interim response (`100 Continue`) does not restart it.
    /// Default: 30 seconds.
    pub fn response_head_timeout(mut self, timeout: Duration) -> Self {
        self.limits.response_head_timeout = timeout;
        self
    }

    /// Deadline for a call, from [`post`](Transport::post) to the last byte of the response.
    /// Default: 60 seconds.
    ///
    /// [`post_within`](Transport::post_within) sets a shorter one for a single call.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.limits.call_timeout = timeout;
        self
    }

    /// Limit of a response's body in bytes. Default: 1 MiB.
    ///
    /// A larger body is refused as soon as it is announced or has arrived that far.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_response_bytes = bytes;
        self
    }

    /// Limit of a response's headers in bytes, between 8 KiB and 1 MiB: each header counts its
    /// name, its value and 4 bytes. Default: 64 KiB. Besides, a response has at most 100 headers.
    pub fn max_response_head_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_response_head_bytes = bytes;
        self
    }

    /// How long a connection is kept open without being used. Default: 30 seconds.
    ///
    /// The default is shorter than what servers usually allow (60 seconds or more): if we close
    /// first, a request seldom meets a server that is just closing the connection, which can only
    /// be reported as "may have been received".
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.pool_idle_timeout = timeout;
        self
    }

    /// Allows plain HTTP to this host, for a sandbox in a closed network: `sandbox` for the base URL
    /// `http://sandbox:8787` between containers. Default: plain HTTP to this machine only.
    ///
    /// **Everybody on the way can read and change all that is sent and received.** Never allow it
    /// for a gateway that moves money. The host is a name or an address as it stands in the base
    /// URL, and matches in any case. It holds for the one host, whatever it leads to.
    pub fn allow_plain_http_to(mut self, host: &str) -> Self {
        self.plain_http_host = Some(host.to_owned());
        self
    }

    /// Goes through an HTTP proxy at `http://host:port`, with a CONNECT tunnel in which TLS runs to
    /// the gateway itself. Default: without a proxy. The environment (`HTTPS_PROXY`) is not
    /// read.
    ///
    /// User name and password may be in the URL, as in `http://user:password@host:port`, with the
    /// characters `/`, `?`, `#`, `@` and `%` written as `%2F` and so on. They are sent to the proxy
    /// as `Basic` credentials, without encryption, and are shown nowhere.
    ///
    /// The proxy looks up the gateway's name. A gateway on plain HTTP is reached directly.
    pub fn proxy(mut self, url: &str) -> Self {
        self.proxy = Some(url.to_owned());
        self
    }

    /// The value of `Proxy-Authorization`, for example `Basic dXNlcjpwYXNzd29yZA==`. It goes to the
    /// proxy alone, which is spoken to without encryption. For a proxy whose URL has no user name.
    pub fn proxy_authorization(mut self, value: &str) -> Self {
        self.proxy_authorization = Some(value.to_owned());
        self
    }

    /// Gets its streams from a connector of yours, in place of TCP and a [proxy](Self::proxy). See
    /// [`Connect`].
    ///
    /// TLS runs on top of the stream, by the scheme of the base URL. A stream that does not leave
    /// this process needs none: use the base URL `http://localhost`. The rule for plain HTTP stays,
    /// but where `localhost` leads is up to the connector.
    pub fn connector(mut self, connector: impl Connect + 'static) -> Self {
        self.connector = Some(Arc::new(connector));
        self
    }

    /// The value of `User-Agent`, at most 256 bytes. Default: `tarspay-transport/` and the version.
    pub fn user_agent(mut self, value: &str) -> Self {
        value.clone_into(&mut self.user_agent);
        self
    }

    /// Trusts one more root certificate, in DER form; may be called several times. For a gateway,
    /// or a proxy that opens TLS, with a certificate of a private authority.
    ///
    /// It adds to the roots of the feature `webpki-roots`, or to the platform's.
    pub fn add_root_certificate_der(mut self, certificate: Vec<u8>) -> Self {
        self.trust.added.push(certificate.into());
        self
    }

    /// Lets the operating system decide which certificates are trusted, instead of the compiled-in
    /// roots.
    #[cfg(feature = "platform-verifier")]
    pub fn platform_verifier(mut self) -> Self {
        self.trust.platform = true;
        self
    }

    /// Checks every setting and makes the transport. Opens no connection.
    ///
    /// # Errors
    ///
    /// [`InvalidConfiguration`](crate::ErrorKind::InvalidConfiguration), with a message that says
    /// which setting and why.
    pub fn build(self) -> Result<Transport, Error> {
        self.limits.check()?;
        let gateway = Origin::gateway(&self.base_url, self.plain_http_host.as_deref())?;
        let tls = if gateway.is_tls() { Some(Tls::new(&gateway, &self.trust)?) } else { None };
        let connector = self.checked_connector()?;
        let user_agent = self.checked_user_agent()?;
        let limits = self.limits;
        let host = gateway.host_header()?;
        let (timeout, max_read) = (limits.connect_timeout, limits.max_read());
        let route = Route { gateway, tls, connector, timeout, max_read };
        Ok(Transport::new(route, host, limits, user_agent))
    }

    fn checked_connector(&self) -> Result<Arc<dyn Connect>, Error> {
        let proxy = self.checked_proxy()?;
        match &self.connector {
            Some(_) if proxy.is_some() => Err(Error::configuration(
                "a proxy is set, and a connector too; leave out the proxy, the connector has to open its tunnel",
            )),
            Some(connector) => Ok(Arc::clone(connector)),
            None => Ok(Arc::new(Tcp {
                proxy,
                timeout: self.limits.connect_timeout,
                max_read: self.limits.max_read(),
                look_up: system(),
            })),
        }
    }

    fn checked_proxy(&self) -> Result<Option<Proxy>, Error> {
        let authorization = self.proxy_authorization.as_deref();
        match &self.proxy {
            Some(url) => Proxy::new(url, authorization).map(Some),
            None if authorization.is_none() => Ok(None),
            None => Err(Error::configuration("proxy_authorization is set, but no proxy")),
        }
    }

    fn checked_user_agent(&self) -> Result<HeaderValue, Error> {
        if self.user_agent.is_empty() || self.user_agent.len() > MAX_USER_AGENT_BYTES {
            return Err(Error::configuration(format!(
                "user_agent must be 1 to {MAX_USER_AGENT_BYTES} bytes long"
            )));
        }
        HeaderValue::from_str(&self.user_agent).map_err(|error| {
            Error::configuration("user_agent is not a valid header value").with_source(error)
        })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("limits", &self.limits).finish_non_exhaustive()
    }
}
