//! Makes connections, step by step, and remembers the step: name, TCP, proxy, TLS.

mod proxy;
mod resolve;
mod stream;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tower_service::Service;

pub(crate) use self::proxy::Proxy;
use self::resolve::Resolver;
use self::stream::{Socket, Stream};
use crate::error::{Error, ErrorKind, Phase, classify};
use crate::origin::Origin;
use crate::progress::{CURRENT, Progress};
use crate::tls::Tls;

/// The pool's source of connections. Every one goes to the same gateway, so the address the pool passes is
/// not needed.
#[derive(Clone)]
pub(crate) struct Connector(Arc<Route>);

/// The way to the gateway.
pub(crate) struct Route {
    pub(crate) gateway: Origin,
    pub(crate) tls: Option<Tls>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) timeout: Duration,
}

impl Connector {
    pub(crate) fn new(route: Route) -> Self {
        Self(Arc::new(route))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let route = Arc::clone(&self.0);
        // The pool calls this while it is polled by the call that needs the connection. Should that ever
        // change, the phase of a deadline gets lost, and nothing else.
        let progress = CURRENT.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Progress::new()));
        Box::pin(async move {
            match tokio::time::timeout(route.timeout, route.connect(&progress)).await {
                Ok(connected) => connected.map(TokioIo::new),
                Err(_) => Err(Error::connecting(
                    ErrorKind::Timeout,
                    progress.phase(),
                    format!("no connection to {} within {:?}", route.gateway.host_and_port(), route.timeout),
                )),
            }
        })
    }
}

impl Route {
    async fn connect(&self, progress: &Arc<Progress>) -> Result<Stream, Error> {
        let tcp = if let (Some(proxy), Some(_)) = (&self.proxy, &self.tls) {
            let tcp = open(&proxy.origin, Resolver::any(Arc::clone(progress)), progress).await?;
            progress.connecting(Phase::Proxy);
            proxy.tunnel(tcp, &self.gateway).await?
        } else {
            // Plain HTTP goes to this very machine, which no proxy can reach for us.
            let resolver = Resolver::to_gateway(self.tls.is_some(), Arc::clone(progress));
            open(&self.gateway, resolver, progress).await?
        };
        let stream = match &self.tls {
            None => Stream::Plain(tcp),
            Some(tls) => {
                progress.connecting(Phase::Tls);
                let secured = tls.connector.connect(tls.name.clone(), tcp).await.map_err(|error| {
                    let (kind, _) = classify(&error);
                    let what = format!("no secure connection to {}", self.gateway.host_and_port());
                    Error::connecting(kind, Phase::Tls, what).with_source(error)
                })?;
                Stream::Tls(Box::new(secured))
            }
        };
        progress.connecting(Phase::Send);
        Ok(stream)
    }
}

/// Opens a TCP connection; where a name has several addresses, both families are tried at once.
async fn open(origin: &Origin, resolver: Resolver, progress: &Progress) -> Result<Socket, Error> {
    progress.connecting(Phase::Connect);
    let failed = resolver.failed();
    let mut http = HttpConnector::new_with_resolver(resolver);
    http.enforce_http(false);
    // A request is written in one go; waiting to fill a packet would only delay it.
    http.set_nodelay(true);
    let uri = origin.uri("/").map_err(|error| {
        Error::connecting(ErrorKind::Connection, Phase::Connect, "not an address").with_source(error)
    })?;
    let tcp = http.call(uri).await.map_err(|error| {
        let (phase, what) = if failed.get() {
            (Phase::Resolve, format!("no address for {}", origin.host()))
        } else {
            (Phase::Connect, format!("no connection to {}", origin.host_and_port()))
        };
        Error::connecting(ErrorKind::Connection, phase, what).with_source(error)
    })?;
    Ok(Socket::new(tcp.into_inner()))
}
