//! Faults before there is a connection: never sent.

use tarspay_transport::{Delivery, ErrorKind, Phase};
use tokio::net::{TcpListener, TcpSocket};

use crate::{SHORT, assert_failed, chain, patient, patient_over_tls, post};

#[tokio::test]
async fn a_name_that_does_not_exist() {
    // RFC 6761: `.invalid` never resolves. If no name server responds, the deadline ends the lookup
    // instead.
    let transport = patient_over_tls("https://gateway.invalid").build().unwrap();
    let error = post(&transport).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Connection | ErrorKind::Timeout), "{error:?}");
    assert_eq!((error.phase(), error.delivery()), (Some(Phase::Resolve), Delivery::NotSent));
    assert!(error.to_string().contains("gateway.invalid"), "{error}");
}

#[tokio::test]
async fn a_refused_connection() {
    // The port is free again once the listener is dropped.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for scheme in ["http", "https"] {
        let transport = patient_over_tls(&format!("{scheme}://{address}")).build().unwrap();
        let error =
            assert_failed(post(&transport).await, ErrorKind::Connection, Phase::Connect, Delivery::NotSent);
        let chain = chain(&error);
        assert_eq!(chain[0], format!("no connection to {address} (while connecting)"));
        assert!(chain.last().unwrap().contains("refused"), "the chain ends at the system's error: {chain:?}");
    }
}

/// Linux drops a connection attempt silently when the listener's queue is full.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_that_nobody_accepts_or_refuses() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // A queue of one is full with two.
    let _first = tokio::net::TcpStream::connect(address).await.unwrap();
    let _second = tokio::net::TcpStream::connect(address).await.unwrap();

    let hasty = patient(&format!("http://{address}")).connect_timeout(SHORT).build().unwrap();
    assert_failed(post(&hasty).await, ErrorKind::Timeout, Phase::Connect, Delivery::NotSent);

    let patient = patient(&format!("http://{address}")).build().unwrap();
    let result = patient.post_within(SHORT, "/x", &[], "{}").await;
    assert_failed(result, ErrorKind::Timeout, Phase::Connect, Delivery::NotSent);
}

#[tokio::test]
async fn localhost_over_plain_http_reaches_this_machine() {
    let server = crate::server::Server::plain(|peer| peer.response_all(200, "here")).await;
    let transport = patient(&format!("http://localhost:{}", server.address.port())).build().unwrap();
    assert_eq!(post(&transport).await.unwrap().body(), b"here");
    assert_eq!(server.seen.requests()[0].header("host"), [format!("localhost:{}", server.address.port())]);
}

#[tokio::test]
async fn a_mapped_loopback_address_over_plain_http_reaches_this_machine() {
    let server = crate::server::Server::plain(|peer| peer.response_all(200, "here")).await;
    let url = format!("http://[::ffff:127.0.0.1]:{}", server.address.port());
    assert_eq!(post(&patient(&url).build().unwrap()).await.unwrap().body(), b"here");
}
