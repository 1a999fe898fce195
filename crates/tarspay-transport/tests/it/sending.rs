//! Connections that break around the moment of sending: what is certain, and what is not.

use std::sync::Arc;

use tarspay_transport::{Delivery, ErrorKind, Phase};
use tokio::sync::Notify;

use crate::server::{Peer, Server};
use crate::{BODY, assert_failed, patient, post};

#[tokio::test]
async fn a_reset_before_the_request_was_read() {
    // The bytes are in the server's kernel, but no program has seen them.
    let server = Server::plain(|peer| async move {
        peer.arrival().await;
        peer.reset();
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    assert_failed(
        post(&transport).await,
        ErrorKind::Connection,
        Phase::ResponseHead,
        Delivery::MaybeReceived,
    );
    assert_eq!(server.seen.connections(), 1, "it must not be sent a second time");
}

#[tokio::test]
async fn a_reset_after_the_request_was_read() {
    let server = Server::plain(|mut peer| async move {
        peer.request().await.unwrap();
        peer.reset();
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    assert_failed(
        post(&transport).await,
        ErrorKind::Connection,
        Phase::ResponseHead,
        Delivery::MaybeReceived,
    );
    assert_eq!(server.seen.requests().len(), 1);
    assert_eq!(server.seen.connections(), 1);
}

#[tokio::test]
async fn a_close_after_the_request_was_read() {
    let server = Server::plain(|mut peer| async move {
        peer.request().await.unwrap();
        peer.close().await;
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    assert_failed(
        post(&transport).await,
        ErrorKind::Connection,
        Phase::ResponseHead,
        Delivery::MaybeReceived,
    );
    assert_eq!(server.seen.requests().len(), 1);
}

#[tokio::test]
async fn a_connection_lost_at_once_is_never_a_false_not_sent() {
    // Here the request and the close race. Either outcome is right as long as "not sent" is the
    // truth.
    for how in [Peer::reset as fn(Peer), drop::<Peer> as fn(Peer)] {
        for _ in 0..50 {
            let server = Server::plain(move |peer| async move { how(peer) }).await;
            let transport = patient(&server.url()).build().unwrap();
            let error = post(&transport).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connection, "{error:?}");
            let phase = error.phase().unwrap();
            match error.delivery() {
                Delivery::NotSent => assert!(phase <= Phase::Send, "{error:?}"),
                Delivery::MaybeReceived => assert!(phase >= Phase::Send, "{error:?}"),
            }
        }
    }
}

#[tokio::test]
async fn what_arrives_on_an_idle_connection_is_not_taken_for_an_response() {
    let spoken = Arc::new(Notify::new());
    let server = Server::plain({
        let spoken = Arc::clone(&spoken);
        move |mut peer| {
            let spoken = Arc::clone(&spoken);
            async move {
                if peer.request().await.is_some() {
                    peer.response(200, "first").await;
                }
                // Servers do this when no second request came in time.
                peer.send("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n").await;
                spoken.notify_one();
                peer.stay_silent().await;
            }
        }
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    assert_eq!(post(&transport).await.unwrap().body(), b"first");
    spoken.notified().await;
    assert_eq!(post(&transport).await.unwrap().body(), b"first", "the 408 must not be taken for a response");
    assert_eq!(server.seen.requests().len(), 2);
    assert_eq!(server.seen.connections(), 2);
}

#[tokio::test]
async fn a_response_that_comes_before_the_body_was_read() {
    let server = Server::plain(|mut peer| async move {
        peer.head().await.unwrap();
        peer.response(413, "too much").await;
        peer.stay_silent().await;
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    let response = post(&transport).await.unwrap();
    assert_eq!((response.status(), response.body()), (413, &b"too much"[..]));
}

#[tokio::test]
async fn an_interim_response_is_skipped() {
    let server = Server::plain(|mut peer| async move {
        peer.head().await.unwrap();
        peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n").await;
        peer.response(200, "done").await;
        peer.stay_silent().await;
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    let response = transport.post("/x", &[], BODY).await.unwrap();
    assert_eq!((response.status(), response.body(), response.header("link")), (200, &b"done"[..], None));
}
