//! Connectors of the caller: every promise holds on top of their streams.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tarspay_transport::{Connect, Connecting, Delivery, Destination, ErrorKind, Phase, Transport};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::net::TcpStream;

use crate::certificates::{BOTH_VERSIONS, Identity};
use crate::server::Server;
use crate::{AMPLE, assert_failed, chain, patient, post};

/// Connects by a function of the test.
struct By<F>(F);

impl<F: for<'a> Fn(Destination<'a>) -> Connecting<'a> + Send + Sync> Connect for By<F> {
    fn connect<'a>(&'a self, destination: Destination<'a>) -> Connecting<'a> {
        (self.0)(destination)
    }
}

/// Only through this signature does a closure return what it borrows.
fn by(connect: impl for<'a> Fn(Destination<'a>) -> Connecting<'a> + Send + Sync + 'static) -> impl Connect {
    By(connect)
}

/// Plain HTTP over streams from `connect`.
fn plain(connect: impl for<'a> Fn(Destination<'a>) -> Connecting<'a> + Send + Sync + 'static) -> Transport {
    patient("http://localhost").max_response_bytes(1024).connector(by(connect)).build().unwrap()
}

/// Plain HTTP in memory, to a peer that does what the script says once a request has begun to arrive.
fn in_memory<R: Future<Output = ()> + Send + 'static>(
    script: impl Fn(DuplexStream) -> R + Send + Sync + 'static,
) -> Transport {
    let script = Arc::new(script);
    plain(move |_| {
        let (near, mut far) = duplex(1024);
        let script = Arc::clone(&script);
        tokio::spawn(async move {
            far.read_u8().await.unwrap();
            script(far).await;
        });
        Box::pin(async { Ok(Box::new(near) as _) })
    })
}

fn to(address: SocketAddr) -> impl Connect {
    by(move |_| Box::pin(async move { Ok(Box::new(TcpStream::connect(address).await?) as _) }))
}

#[tokio::test]
async fn tls_runs_on_top_of_the_stream_and_the_certificate_is_the_gateways() {
    let identity = Identity::of(&["gateway.test"]);
    let server = Server::tls(identity.server(BOTH_VERSIONS), |peer| peer.response_all(200, "in")).await;
    let builder = |url| patient(url).add_root_certificate_der(identity.der()).connector(to(server.address));
    let transport = builder("https://gateway.test:8443").build().unwrap();
    assert_eq!(post(&transport).await.unwrap().body(), b"in");
    assert_eq!(post(&transport).await.unwrap().body(), b"in");
    assert_eq!(server.seen.requests()[0].header("host"), ["gateway.test:8443"]);
    assert_eq!(server.seen.connections(), 1, "it is pooled");

    let error = post(&builder("https://other.test").build().unwrap()).await;
    assert_failed(error, ErrorKind::Tls, Phase::Tls, Delivery::NotSent);
    assert_eq!(server.seen.requests().len(), 2);
}

#[tokio::test]
async fn a_connector_learns_where_the_connection_goes() {
    for (url, host, port, is_tls, shown) in [
        ("https://Gateway.test", "gateway.test", 443, true, "Destination(https://gateway.test)"),
        ("https://[::1]:8443", "::1", 8443, true, "Destination(https://[::1]:8443)"),
        ("http://localhost", "localhost", 80, false, "Destination(http://localhost)"),
    ] {
        let seen = Arc::new(Mutex::new(None));
        let see = Arc::clone(&seen);
        let connector = by(move |to| {
            *see.lock().unwrap() = Some((to.host().to_owned(), to.port(), to.is_tls(), format!("{to:?}")));
            Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) })
        });
        let builder = crate::patient_over_tls(url).connector(connector);
        post(&builder.build().unwrap()).await.unwrap_err();
        assert_eq!(seen.lock().unwrap().take(), Some((host.to_owned(), port, is_tls, shown.to_owned())));
    }
}

#[tokio::test]
async fn a_failure_of_a_connector_was_not_sent_and_names_its_step() {
    for (step, phase) in [
        (None, Phase::Connect),
        (Some(Phase::Resolve), Phase::Resolve),
        (Some(Phase::Proxy), Phase::Proxy),
        (Some(Phase::Tls), Phase::Proxy),
        (Some(Phase::ResponseBody), Phase::Proxy),
    ] {
        for (cause, kind) in [
            (io::ErrorKind::ConnectionRefused, ErrorKind::Connection),
            (io::ErrorKind::InvalidData, ErrorKind::Connection),
            (io::ErrorKind::TimedOut, ErrorKind::Timeout),
        ] {
            let transport = plain(move |destination| {
                if let Some(step) = step {
                    destination.entering(step);
                }
                Box::pin(async move { Err(io::Error::new(cause, "the tunnel is shut")) })
            });
            let error = assert_failed(post(&transport).await, kind, phase, Delivery::NotSent);
            assert_eq!(error.to_string().split(" (").next(), Some("no connection to localhost:80"));
            assert_eq!(chain(&error)[1], "the tunnel is shut");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_has_the_time_for_a_connection_and_no_more() {
    let transport = plain(|destination| {
        destination.entering(Phase::Resolve);
        Box::pin(std::future::pending())
    });
    let begun = tokio::time::Instant::now();
    assert_failed(post(&transport).await, ErrorKind::Timeout, Phase::Resolve, Delivery::NotSent);
    // By the clock of the runtime, which stands still while there is work to do.
    assert!((AMPLE..AMPLE + Duration::from_millis(2)).contains(&begun.elapsed()));
}

#[tokio::test]
async fn the_failure_of_another_transport_inside_a_connector_was_not_sent_by_this_one() {
    let inner = in_memory(|_| async {});
    assert_eq!(post(&inner).await.unwrap_err().delivery(), Delivery::MaybeReceived);
    let transport = plain(move |_| {
        let inner = inner.clone();
        Box::pin(async move {
            let error = post(&inner).await.expect_err("the peer closes");
            Err(io::Error::other(error))
        })
    });
    assert!(post(&transport).await.unwrap_err().is_not_sent());
}

#[tokio::test]
async fn what_happens_on_a_stream_in_memory_is_classified_as_on_a_socket() {
    let cut = in_memory(|mut far| async move {
        far.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
    });
    assert_failed(post(&cut).await, ErrorKind::Connection, Phase::ResponseBody, Delivery::MaybeReceived);

    let not_http = in_memory(|mut far| async move { far.write_all(b"SSH-2.0-x\r\n\r\n").await.unwrap() });
    let error = post(&not_http).await;
    assert_failed(error, ErrorKind::InvalidResponse, Phase::ResponseHead, Delivery::MaybeReceived);

    let flood =
        in_memory(
            |mut far| async move { while far.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_ok() {} },
        );
    let error = post(&flood).await;
    assert_failed(error, ErrorKind::ResponseTooLarge, Phase::ResponseHead, Delivery::MaybeReceived);

    let redirect = in_memory(|mut far| async move {
        let head = b"HTTP/1.1 307 Elsewhere\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n";
        far.write_all(head).await.unwrap();
    });
    assert_eq!(post(&redirect).await.unwrap().status(), 307);
}

#[test]
fn a_connector_changes_no_rule_about_plain_http_and_replaces_the_proxy() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    for url in ["http://gateway.test", "http://10.0.0.7"] {
        let error = patient(url).connector(to(nowhere)).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{url}");
    }
    patient("http://gateway.test")
        .allow_plain_http_to("gateway.test")
        .connector(to(nowhere))
        .build()
        .unwrap();
    let error = patient("http://localhost").connector(to(nowhere)).proxy("http://proxy:3128").build();
    assert!(error.unwrap_err().to_string().contains("leave out the proxy"));
}
