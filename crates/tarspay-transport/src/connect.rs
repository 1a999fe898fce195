//! Makes connections, step by step, and remembers the step: name, TCP, proxy, TLS.

mod connector;
mod proxy;
mod resolve;
mod stream;

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service as _;

pub use self::connector::{ByteStream, Connect, Connecting, Destination};
pub(crate) use self::proxy::Proxy;
pub(crate) use self::resolve::{LookUp, system};
use self::resolve::{NoAddress, Resolver};
pub(crate) use self::stream::{Flooded, Socket};
use crate::error::{Error, ErrorKind, Phase, chain, classify};
use crate::origin::Origin;
use crate::progress::Progress;
use crate::tls::Tls;

/// How many names of a certificate for another host are shown.
const MAX_NAMES: usize = 8;

/// How to reach the gateway: a stream from the connector, and TLS on top.
pub(crate) struct Route {
    pub(crate) gateway: Origin,
    pub(crate) tls: Option<Tls>,
    pub(crate) connector: Arc<dyn Connect>,
    pub(crate) timeout: Duration,
    /// How many bytes of a response may come in a row.
    pub(crate) max_read: usize,
}

impl Route {
    /// A new connection, within the time for it.
    pub(crate) async fn connect(&self, progress: &Arc<Progress>) -> Result<Box<dyn ByteStream>, Error> {
        let steps = timeout(self.timeout, self.take_all_steps(progress));
        steps.await.unwrap_or_else(|_| Err(self.took_too_long(progress)))
    }

    /// A new stream without TLS, within the time for a connection.
    pub(crate) async fn open(&self, progress: &Arc<Progress>) -> Result<Box<dyn ByteStream>, Error> {
        let steps = timeout(self.timeout, self.reach(progress));
        steps.await.unwrap_or_else(|_| Err(self.took_too_long(progress)))
    }

    fn took_too_long(&self, progress: &Progress) -> Error {
        let what = format!("no connection to {} within {:?}", self.gateway.host_and_port(), self.timeout);
        Error::connecting(ErrorKind::Timeout, progress.phase(), what)
    }

    async fn reach(&self, progress: &Arc<Progress>) -> Result<Box<dyn ByteStream>, Error> {
        progress.connecting(Phase::Connect);
        let destination = Destination { origin: &self.gateway, progress };
        self.connector.connect(destination).await.map_err(|error| {
            error.downcast().map_or_else(
                |error| no_connection(&self.gateway, progress.phase(), error),
                // Of the built-in connector. One that calls another transport may fail with an error
                // of it, but this request was not sent.
                Error::not_sent,
            )
        })
    }

    async fn take_all_steps(&self, progress: &Arc<Progress>) -> Result<Box<dyn ByteStream>, Error> {
        let socket = Socket::new(self.reach(progress).await?, self.max_read);
        let stream: Box<dyn ByteStream> = match &self.tls {
            None => Box::new(socket),
            Some(tls) => {
                progress.connecting(Phase::Tls);
                let secured =
                    tls.connector.connect(tls.name.clone(), socket).await.map_err(|mut error| {
                        shorten(&mut error);
                        let (kind, _) = classify(&error);
                        let what = format!("no secure connection to {}", self.gateway.host_and_port());
                        Error::connecting(kind, Phase::Tls, what).with_source(error)
                    })?;
                Box::new(secured)
            }
        };
        progress.connecting(Phase::Send);
        Ok(stream)
    }
}

/// The built-in connector: TCP, through a proxy's tunnel if there is one.
pub(crate) struct Tcp {
    pub(crate) proxy: Option<Proxy>,
    pub(crate) timeout: Duration,
    pub(crate) max_read: usize,
    pub(crate) look_up: LookUp,
}

impl Connect for Tcp {
    fn connect<'a>(&'a self, destination: Destination<'a>) -> Connecting<'a> {
        Box::pin(async move { self.reach(destination).await.map_err(io::Error::other) })
    }
}

impl Tcp {
    async fn reach(
        &self,
        Destination { origin, progress }: Destination<'_>,
    ) -> Result<Box<dyn ByteStream>, Error> {
        if let Some(proxy) = self.proxy.as_ref().filter(|_| origin.is_tls()) {
            let tcp = self.open(&proxy.origin, false, progress).await?;
            progress.connecting(Phase::Proxy);
            return Ok(proxy.tunnel(Socket::new(Box::new(tcp), self.max_read), origin).await?.into_inner());
        }
        // Plain HTTP goes to this machine, which no proxy can reach for us, or to a host nearby.
        let loopback_only = !origin.is_tls() && origin.is_loopback();
        Ok(Box::new(self.open(origin, loopback_only, progress).await?))
    }

    /// Opens a TCP connection. Where a name has several addresses, both families are tried at once,
    /// and the addresses of a family share the time.
    async fn open(
        &self,
        origin: &Origin,
        loopback_only: bool,
        progress: &Arc<Progress>,
    ) -> Result<TcpStream, Error> {
        progress.connecting(Phase::Connect);
        let resolver =
            Resolver { look_up: Arc::clone(&self.look_up), loopback_only, progress: Arc::clone(progress) };
        let mut http = HttpConnector::new_with_resolver(resolver);
        http.enforce_http(false);
        http.set_connect_timeout(Some(self.timeout));
        // A request is written in one go; waiting to fill a packet would only delay it.
        http.set_nodelay(true);
        let uri = origin.uri().map_err(|error| {
            Error::connecting(ErrorKind::Connection, Phase::Connect, "not an address").with_source(error)
        })?;
        let tcp = http.call(uri).await.map_err(|error| {
            if chain(&error).any(<dyn StdError>::is::<NoAddress>) {
                let what = format!("no address for {}", origin.host());
                return Error::connecting(ErrorKind::Connection, Phase::Resolve, what).with_source(error);
            }
            no_connection(origin, Phase::Connect, error)
        })?;
        let tcp = tcp.into_inner();
        // What a call that was cut short has written, and the peer has not received, is discarded when
        // the connection is closed. The system would go on sending it for minutes.
        tcp.set_zero_linger().map_err(|error| no_connection(origin, Phase::Connect, error))?;
        Ok(tcp)
    }
}

fn no_connection(origin: &Origin, phase: Phase, error: impl StdError + Send + Sync + 'static) -> Error {
    let kind = if timed_out(&error) { ErrorKind::Timeout } else { ErrorKind::Connection };
    let what = format!("no connection to {}", origin.host_and_port());
    Error::connecting(kind, phase, what).with_source(error)
}

/// Leaves a few of the names that a certificate has: there can be thousands.
fn shorten(error: &mut io::Error) {
    use rustls::{CertificateError::NotValidForNameContext, Error::InvalidCertificate};
    let tls = error.get_mut().and_then(|inner| inner.downcast_mut());
    if let Some(InvalidCertificate(NotValidForNameContext { presented, .. })) = tls {
        presented.truncate(MAX_NAMES);
    }
}

/// Whether an address had its share of the time, or the system's, and did not respond.
fn timed_out(error: &(dyn StdError + 'static)) -> bool {
    chain(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::net::{TcpListener, TcpSocket};

    use super::*;
    use crate::error::Delivery;

    /// Time for two addresses; only an address that never responds uses it up.
    const TIME: Duration = Duration::from_secs(2);

    fn tcp(timeout: Duration, look_up: LookUp) -> Tcp {
        Tcp { proxy: None, timeout, max_read: 1024, look_up }
    }

    /// A route to `http://localhost`, which resolves to what `look_up` returns, port included.
    fn route(timeout: Duration, look_up: LookUp) -> Route {
        let gateway = Origin::gateway("http://localhost", None).unwrap();
        Route { gateway, tls: None, connector: Arc::new(tcp(timeout, look_up)), timeout, max_read: 1024 }
    }

    fn leads_to(addresses: &[SocketAddr]) -> LookUp {
        let addresses = addresses.to_vec();
        Arc::new(move |_| {
            let addresses = addresses.clone();
            Box::pin(async { Ok(addresses) })
        })
    }

    async fn connected_to(addresses: &[SocketAddr]) -> Result<SocketAddr, Error> {
        let gateway = Origin::gateway("http://localhost", None).unwrap();
        let tcp = tcp(TIME, leads_to(addresses)).open(&gateway, true, &Arc::new(Progress::new())).await?;
        assert_eq!(tcp.linger().unwrap(), Some(Duration::ZERO), "nothing is sent after a close");
        Ok(tcp.peer_addr().unwrap())
    }

    async fn failure(route: Route) -> (ErrorKind, Option<Phase>, Delivery) {
        let error = route.connect(&Arc::new(Progress::new())).await.err().expect("nobody to connect to");
        (error.kind(), error.phase(), error.delivery())
    }

    /// Bound, but not listening: connections are refused as long as it lives.
    fn refusing() -> TcpSocket {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket
    }

    /// A listener with a full queue: Linux drops further attempts silently.
    #[cfg(target_os = "linux")]
    async fn silent() -> (TcpListener, [TcpStream; 2]) {
        let listener = refusing().listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let queue = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
        (listener, queue)
    }

    #[tokio::test]
    async fn a_second_address_is_tried_when_the_first_refuses() {
        let refusing = refusing();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = [refusing.local_addr().unwrap(), listener.local_addr().unwrap()];
        assert_eq!(connected_to(&addresses).await.unwrap(), addresses[1]);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_second_address_is_tried_when_the_first_is_silent() {
        let (silent, _queue) = silent().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = [silent.local_addr().unwrap(), listener.local_addr().unwrap()];
        assert_eq!(connected_to(&addresses).await.unwrap(), addresses[1]);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn addresses_that_all_stay_silent_are_a_timeout() {
        let (silent, _queue) = silent().await;
        let address = silent.local_addr().unwrap();
        for addresses in [&[address][..], &[address, address], &[address, refusing().local_addr().unwrap()]] {
            let failure = failure(route(TIME / 4, leads_to(addresses))).await;
            assert_eq!(failure, (ErrorKind::Timeout, Some(Phase::Connect), Delivery::NotSent));
        }
    }

    #[tokio::test]
    async fn a_look_up_that_hangs_ends_with_the_deadline() {
        let (release, hangs) = std::sync::mpsc::channel::<()>();
        let hangs = Arc::new(std::sync::Mutex::new(hangs));
        let look_up: LookUp = Arc::new(move |_| {
            let hangs = Arc::clone(&hangs);
            let hung = tokio::task::spawn_blocking(move || hangs.lock().unwrap().recv());
            Box::pin(async move {
                hung.await.unwrap().ok();
                Ok(Vec::new())
            })
        });
        let failure = failure(route(TIME / 4, look_up)).await;
        assert_eq!(failure, (ErrorKind::Timeout, Some(Phase::Resolve), Delivery::NotSent));
        // The runtime of this test waits for its blocking thread.
        drop(release);
    }

    #[tokio::test]
    async fn a_localhost_that_leads_elsewhere_is_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (here, elsewhere) = (listener.local_addr().unwrap(), "192.0.2.1:80".parse().unwrap());
        for addresses in [&[elsewhere][..], &[here, elsewhere], &[elsewhere, here], &[]] {
            let failure = failure(route(TIME, leads_to(addresses))).await;
            assert_eq!(failure, (ErrorKind::Connection, Some(Phase::Resolve), Delivery::NotSent));
        }
    }

    /// Linux takes `0.0.0.0` for this machine, but it is not a loopback address.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_host_that_was_allowed_by_name_may_lead_anywhere() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let anywhere = SocketAddr::from(([0, 0, 0, 0], listener.local_addr().unwrap().port()));
        let gateway = Origin::gateway("http://sandbox", Some("sandbox")).unwrap();
        let allowed = Route { gateway, ..route(TIME, leads_to(&[anywhere])) };
        assert!(allowed.connect(&Arc::new(Progress::new())).await.is_ok());
        let gateway = Origin::gateway("http://sandbox.localhost", Some("sandbox")).unwrap();
        let failure = failure(Route { gateway, ..route(TIME, leads_to(&[anywhere])) }).await;
        assert_eq!(failure, (ErrorKind::Connection, Some(Phase::Resolve), Delivery::NotSent));
    }
}
