//! A server that falls silent, once in each phase, against each of the deadlines.

use std::sync::Arc;
use std::time::Duration;

use tarspay_transport::{Delivery, ErrorKind, Phase};
use tokio::sync::Notify;

use crate::certificates::{BOTH_VERSIONS, Identity};
use crate::proxies::tunnel;
use crate::server::Server;
use crate::{AMPLE, BODY, SHORT, assert_failed, patient, patient_over_tls, post};

#[tokio::test]
async fn silence_in_the_tls_handshake() {
    let server = Server::plain(crate::server::Peer::stay_silent).await;
    let identity = Identity::of(&["127.0.0.1"]);
    let builder = patient(&server.https_url()).add_root_certificate_der(identity.der());

    let by_connect = builder.clone().connect_timeout(SHORT).build().unwrap();
    assert_failed(post(&by_connect).await, ErrorKind::Timeout, Phase::Tls, Delivery::NotSent);

    let by_call = builder.call_timeout(SHORT).build().unwrap();
    assert_failed(post(&by_call).await, ErrorKind::Timeout, Phase::Tls, Delivery::NotSent);
}

#[tokio::test]
async fn silence_of_the_proxy() {
    let proxy = Server::plain(crate::server::Peer::stay_silent).await;
    let builder = patient_over_tls("https://gateway.test").proxy(&proxy.url());

    let by_connect = builder.clone().connect_timeout(SHORT).build().unwrap();
    assert_failed(post(&by_connect).await, ErrorKind::Timeout, Phase::Proxy, Delivery::NotSent);

    let by_call = builder.call_timeout(SHORT).build().unwrap();
    assert_failed(post(&by_call).await, ErrorKind::Timeout, Phase::Proxy, Delivery::NotSent);
}

#[tokio::test]
async fn a_server_that_stops_reading_in_the_middle_of_the_request() {
    let server = Server::plain(|mut peer| async move {
        peer.head().await.unwrap();
        // Keeps the connection, reads no more.
        std::future::pending::<()>().await;
    })
    .await;
    let transport = patient(&server.url()).response_head_timeout(SHORT).build().unwrap();
    // More than the system's buffers hold on both sides together.
    let result = transport.post("/x", &[], vec![b'x'; 64 * 1024 * 1024]).await;
    assert_failed(result, ErrorKind::Timeout, Phase::Send, Delivery::MaybeReceived);
}

#[tokio::test]
async fn silence_instead_of_a_response() {
    let server = Server::plain(|mut peer| async move {
        peer.request().await.unwrap();
        peer.stay_silent().await;
    })
    .await;

    let by_head = patient(&server.url()).response_head_timeout(SHORT).build().unwrap();
    let error =
        assert_failed(post(&by_head).await, ErrorKind::Timeout, Phase::ResponseHead, Delivery::MaybeReceived);
    assert!(error.to_string().contains("no response within 250ms"), "{error}");

    let by_call = patient(&server.url()).call_timeout(SHORT).build().unwrap();
    assert_failed(post(&by_call).await, ErrorKind::Timeout, Phase::ResponseHead, Delivery::MaybeReceived);

    let patient = patient(&server.url()).build().unwrap();
    let result = patient.post_within(SHORT, "/x", &[], BODY).await;
    assert_failed(result, ErrorKind::Timeout, Phase::ResponseHead, Delivery::MaybeReceived);

    assert_eq!(server.seen.requests().len(), 3, "each arrived, none was sent twice");
    assert_eq!(server.seen.connections(), 3, "a connection that timed out is not used again");
}

#[tokio::test]
async fn the_smaller_of_two_deadlines_of_a_call_holds() {
    let server = Server::plain(|mut peer| async move {
        peer.request().await.unwrap();
        peer.stay_silent().await;
    })
    .await;
    let hasty = patient(&server.url()).call_timeout(SHORT).build().unwrap();
    let patient = patient(&server.url()).build().unwrap();
    for deadline in [AMPLE, Duration::from_secs(3601), Duration::MAX] {
        let error = hasty.post_within(deadline, "/x", &[], BODY).await.unwrap_err();
        assert!(error.to_string().contains("the call took longer than 250ms"), "{error}");
    }
    let error = patient.post_within(SHORT, "/x", &[], BODY).await.unwrap_err();
    assert!(error.to_string().contains("the call took longer than 250ms"), "{error}");
}

#[tokio::test]
async fn the_time_for_the_head_counts_neither_the_connecting_nor_the_body() {
    const HEAD: Duration = Duration::from_secs(1);
    let identity = Identity::of(&["gateway.test"]);
    let gateway = Server::tls(identity.server(BOTH_VERSIONS), |mut peer| async move {
        peer.request().await.unwrap();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n").await;
        tokio::time::sleep(HEAD).await;
        peer.send("ok").await;
    })
    .await;
    let target = gateway.address;
    let proxy = Server::plain(move |peer| async move {
        peer.arrival().await;
        tokio::time::sleep(HEAD).await;
        tunnel(peer, target).await;
    })
    .await;
    let builder = patient("https://gateway.test").add_root_certificate_der(identity.der());
    let transport = builder.proxy(&proxy.url()).response_head_timeout(HEAD).build().unwrap();
    assert_eq!(post(&transport).await.unwrap().body(), b"ok");
}

#[tokio::test]
async fn silence_in_the_middle_of_the_head() {
    let server = Server::plain(|mut peer| async move {
        peer.request().await.unwrap();
        peer.send("HTTP/1.1 200 OK\r\ncontent-le").await;
        peer.stay_silent().await;
    })
    .await;
    let transport = patient(&server.url()).response_head_timeout(SHORT).build().unwrap();
    let error = assert_failed(
        post(&transport).await,
        ErrorKind::Timeout,
        Phase::ResponseHead,
        Delivery::MaybeReceived,
    );
    assert_eq!(error.status(), None);
}

#[tokio::test]
async fn an_interim_response_does_not_restart_the_deadline() {
    let server = Server::plain(|mut peer| async move {
        peer.request().await.unwrap();
        peer.send("HTTP/1.1 100 Continue\r\n\r\n").await;
        peer.stay_silent().await;
    })
    .await;
    let transport = patient(&server.url()).response_head_timeout(SHORT).build().unwrap();
    assert_failed(post(&transport).await, ErrorKind::Timeout, Phase::ResponseHead, Delivery::MaybeReceived);
}

#[tokio::test]
async fn silence_in_the_middle_of_the_body() {
    let server = Server::plain(|mut peer| async move {
        peer.request().await.unwrap();
        peer.send("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 10\r\n\r\n12345").await;
        peer.stay_silent().await;
    })
    .await;
    let transport = patient(&server.url()).call_timeout(SHORT).build().unwrap();
    let error = assert_failed(
        post(&transport).await,
        ErrorKind::Timeout,
        Phase::ResponseBody,
        Delivery::MaybeReceived,
    );
    assert_eq!(error.status(), Some(502));
}

#[tokio::test]
async fn an_empty_body_has_the_same_deadlines() {
    let proxy = Server::plain(crate::server::Peer::stay_silent).await;
    let builder = patient_over_tls("https://gateway.test").proxy(&proxy.url());
    let transport = builder.connect_timeout(SHORT * 2).response_head_timeout(SHORT).build().unwrap();
    let failed = transport.post("/x", &[], "").await.unwrap_err();
    assert_eq!((failed.kind(), failed.delivery()), (ErrorKind::Timeout, Delivery::NotSent));

    let server = Server::plain(|mut peer| async move {
        peer.head().await.unwrap();
        peer.stay_silent().await;
    })
    .await;
    let builder = patient(&server.url()).connect_timeout(SHORT).response_head_timeout(SHORT);
    let result = builder.build().unwrap().post("/x", &[], "").await;
    assert_failed(result, ErrorKind::Timeout, Phase::ResponseHead, Delivery::MaybeReceived);
}

#[tokio::test]
async fn over_tls_the_phases_are_the_same() {
    let identity = Identity::of(&["127.0.0.1"]);
    let server = Server::tls(identity.server(BOTH_VERSIONS), |mut peer| async move {
        peer.request().await.unwrap();
        peer.stay_silent().await;
    })
    .await;
    let builder = patient(&server.https_url()).add_root_certificate_der(identity.der());
    let transport = builder.response_head_timeout(SHORT).build().unwrap();
    assert_failed(post(&transport).await, ErrorKind::Timeout, Phase::ResponseHead, Delivery::MaybeReceived);
    assert_eq!(server.seen.requests().len(), 1);
}

#[tokio::test]
async fn dropping_a_call_closes_its_connection() {
    let (arrived, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let server = Server::plain({
        let (arrived, closed) = (Arc::clone(&arrived), Arc::clone(&closed));
        move |mut peer| {
            let (arrived, closed) = (Arc::clone(&arrived), Arc::clone(&closed));
            async move {
                peer.request().await.unwrap();
                arrived.notify_one();
                peer.stay_silent().await;
                closed.notify_one();
            }
        }
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    let call = tokio::spawn(async move { post(&transport).await });
    arrived.notified().await;
    call.abort();
    tokio::time::timeout(AMPLE, closed.notified()).await.expect("the connection should be closed");
}
