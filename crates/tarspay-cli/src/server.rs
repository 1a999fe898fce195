//! The HTTP server of `proxy` and `listen`: limits of connections and heads, and an end that waits
//! for what is in flight.

use crate::failure::Failure;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// How long a client may take for a head, and between two requests.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest head, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// How many connections are open at once; further ones wait.
const MAX_CONNECTIONS: usize = 256;

/// How long to wait after the system could not give a connection, and how often in a row that may be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const ACCEPT_FAILURES: u32 = 60;

/// How long the end waits for what is in flight: longer than any call takes.
const LONGEST_END: Duration = Duration::from_secs(65);

/// Listens on an address of loopback, or on any if `network`. `allow` is what allows another one.
pub(crate) async fn bind(
    address: &str,
    network: bool,
    allow: Option<&str>,
) -> Result<(TcpListener, SocketAddr), Failure> {
    let parsed: SocketAddr = address.parse().map_err(|_| {
        Failure::usage(format!("--listen {address}: write an IP address and a port, such as 127.0.0.1:8790"))
    })?;
    if !parsed.ip().to_canonical().is_loopback() && !network {
        let advice = allow.map(|flag| format!(", or give {flag}")).unwrap_or_default();
        let reason = format!("--listen {address} is not loopback: take an address such as 127.0.0.1{advice}");
        return Err(Failure::usage(reason));
    }
    let cannot =
        |error: std::io::Error| Failure::usage(format!("cannot listen on {address}")).caused_by(&error);
    let listener = TcpListener::bind(parsed).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    Ok((listener, address))
}

/// Serves until `stop` is ready, or until no connection can be accepted any more, then finishes what
/// is in flight.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let (graceful, places) = (GracefulShutdown::new(), Arc::new(Semaphore::new(MAX_CONNECTIONS)));
    let mut failures = 0;
    tokio::pin!(stop);
    let outcome = loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            outcome = &mut stop => break outcome,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                failures = 0;
                // Responses are small and wait for nothing.
                let _ = stream.set_nodelay(true);
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(CLIENT_TIMEOUT)
                    .max_header_size(MAX_HEAD_BYTES)
                    .max_buf_size(MAX_HEAD_BYTES)
                    .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
                let connection = graceful.watch(connection);
                tokio::spawn(async move {
                    // An error concerns this connection only.
                    let _ = connection.await;
                    drop(place);
                });
            }
            Err(error) if failures >= ACCEPT_FAILURES => {
                break Err(Failure::refused("nothing can be received any more").caused_by(&error));
            }
            Err(_) => {
                failures += 1;
                sleep(ACCEPT_PAUSE).await;
            }
        }
    };
    drop(listener);
    // What takes longer than any call is cut.
    let _ = timeout(LONGEST_END, graceful.shutdown()).await;
    outcome
}
