//! Connections: kept, shared, and closed behind our back.

use std::sync::Arc;

use tarspay_transport::Transport;
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Runtime;
use tokio::sync::{Barrier, Notify, mpsc};

use crate::certificates::{BOTH_VERSIONS, Identity};
use crate::server::{Peer, Server};
use crate::{AMPLE, BODY, SHORT, one_thread, patient, post};

#[tokio::test]
async fn calls_one_after_the_other_share_one_connection() {
    let server = Server::plain(|peer| peer.response_all(200, "ok")).await;
    let transport = patient(&server.url()).build().unwrap();
    for _ in 0..50 {
        assert_eq!(post(&transport.clone()).await.unwrap().status(), 200);
    }
    assert_eq!(server.seen.connections(), 1);
    assert_eq!(server.seen.requests().len(), 50);
}

#[tokio::test]
async fn so_do_calls_whose_responses_come_in_pieces() {
    let server = Server::plain(|mut peer| async move {
        while peer.request().await.is_some() {
            peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            peer.send("2\r\nok\r\n").await;
            peer.send("0\r\n\r\n").await;
        }
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    for _ in 0..50 {
        assert_eq!(post(&transport).await.unwrap().body(), b"ok");
    }
    assert_eq!(server.seen.connections(), 1);
}

/// Responds to one request, closes the connection, and says so.
async fn one_shot(mut peer: Peer, closed: mpsc::UnboundedSender<()>) {
    if peer.request().await.is_some() {
        peer.response(200, "ok").await;
        peer.close().await;
        closed.send(()).unwrap();
    }
}

/// The same, but says so only when the client has closed its side too. On a runtime of several
/// threads the news of a close can be on its way while a call begins.
async fn noticed_one_shot(mut peer: Peer, closed: mpsc::UnboundedSender<()>) {
    if peer.request().await.is_some() {
        peer.response(200, "ok").await;
        peer.io.shutdown().await.unwrap();
        peer.stay_silent().await;
        closed.send(()).unwrap();
    }
}

/// The server has closed before the next call begins, so nothing of that call was sent on the dead
/// connection, and the caller must not notice.
async fn closed_between_calls(
    server: &Server,
    transport: &Transport,
    closed: &mut mpsc::UnboundedReceiver<()>,
) {
    for call in 0..50 {
        let body = format!("{{\"call\":{call}}}");
        assert_eq!(transport.post("/x", &[], body).await.unwrap().status(), 200, "call {call}");
        closed.recv().await.unwrap();
    }
    let bodies: Vec<_> = server.seen.requests().into_iter().map(|request| request.body).collect();
    let expected: Vec<_> = (0..50).map(|call| format!("{{\"call\":{call}}}").into_bytes()).collect();
    assert_eq!(bodies, expected, "each exactly once");
}

#[tokio::test]
async fn a_connection_closed_between_two_calls_does_not_surface() {
    let (sender, mut closed) = mpsc::unbounded_channel();
    let server = Server::plain(move |peer| one_shot(peer, sender.clone())).await;
    let transport = patient(&server.url()).build().unwrap();
    closed_between_calls(&server, &transport, &mut closed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_it_on_a_runtime_of_several_threads() {
    let (sender, mut closed) = mpsc::unbounded_channel();
    let server = Server::plain(move |peer| noticed_one_shot(peer, sender.clone())).await;
    let transport = patient(&server.url()).build().unwrap();
    closed_between_calls(&server, &transport, &mut closed).await;
}

#[tokio::test]
async fn nor_does_a_reset_between_two_calls() {
    let (sender, mut closed) = mpsc::unbounded_channel();
    let server = Server::plain(move |mut peer| {
        let sender = sender.clone();
        async move {
            if peer.request().await.is_none() {
                return;
            }
            peer.response(200, "ok").await;
            // A reset may destroy a response that was not read yet, so the test says when it has
            // read it.
            sender.send(peer).unwrap();
        }
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    for call in 0..50 {
        assert_eq!(post(&transport).await.unwrap().status(), 200, "call {call}");
        let peer: Peer = closed.recv().await.unwrap();
        peer.reset();
    }
    assert_eq!(server.seen.requests().len(), 50);
}

#[tokio::test]
async fn nor_does_it_under_tls() {
    let identity = Identity::of(&["127.0.0.1"]);
    let (sender, mut closed) = mpsc::unbounded_channel();
    let server =
        Server::tls(identity.server(BOTH_VERSIONS), move |peer| one_shot(peer, sender.clone())).await;
    let transport = patient(&server.https_url()).add_root_certificate_der(identity.der()).build().unwrap();
    closed_between_calls(&server, &transport, &mut closed).await;
}

#[test]
fn nor_does_it_on_a_runtime_that_runs_only_while_a_call_does() {
    let elsewhere = Runtime::new().unwrap();
    let (sender, mut responded) = mpsc::unbounded_channel();
    let server = elsewhere.block_on(Server::plain(move |mut peer| {
        let sender = sender.clone();
        async move {
            if peer.request().await.is_some() {
                peer.response(200, "ok").await;
                sender.send(peer).unwrap();
            }
        }
    }));
    let transport = patient(&server.url()).build().unwrap();
    let runtime = one_thread();
    for call in 0..50 {
        assert_eq!(runtime.block_on(post(&transport)).unwrap().status(), 200, "call {call}");
        elsewhere.block_on(async { Peer::close(responded.recv().await.unwrap()).await });
    }
    assert_eq!(server.seen.requests().len(), 50);
}

#[test]
fn a_call_uses_connections_of_its_own_runtime_alone() {
    let elsewhere = Runtime::new().unwrap();
    let server = elsewhere.block_on(Server::plain(|peer| peer.response_all(200, "ok")));
    let transport = patient(&server.url()).build().unwrap();
    let (first, second) = (one_thread(), one_thread());
    for _ in 0..3 {
        // While one runs, nobody drives the connections of the other.
        first.block_on(post(&transport)).unwrap();
        second.block_on(post(&transport)).unwrap();
    }
    assert_eq!(server.seen.connections(), 2);
    drop(first);
    second.block_on(post(&transport)).unwrap();
    assert_eq!(server.seen.connections(), 2);
    one_thread().block_on(post(&transport)).unwrap();
    assert_eq!(server.seen.connections(), 3);
}

#[tokio::test]
async fn an_idle_connection_is_closed_without_another_call() {
    let closed = Arc::new(Notify::new());
    let server = Server::plain({
        let closed = Arc::clone(&closed);
        move |peer| {
            let closed = Arc::clone(&closed);
            async move {
                peer.response_all(200, "ok").await;
                closed.notify_one();
            }
        }
    })
    .await;
    let transport = patient(&server.url()).pool_idle_timeout(SHORT).build().unwrap();
    post(&transport).await.unwrap();
    tokio::time::timeout(AMPLE, closed.notified()).await.expect("the connection should be closed");
    post(&transport).await.unwrap();
    assert_eq!(server.seen.connections(), 2);
    drop(transport);
    tokio::time::timeout(AMPLE, closed.notified()).await.expect("no transport, no connection");
}

#[tokio::test]
async fn a_response_that_announces_the_close_is_taken_at_its_word() {
    let server = Server::plain(|mut peer| async move {
        if peer.request().await.is_some() {
            peer.send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
        }
        peer.stay_silent().await;
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    for _ in 0..3 {
        assert_eq!(post(&transport).await.unwrap().body(), b"ok");
    }
    assert_eq!(server.seen.connections(), 3);
}

#[tokio::test]
async fn concurrent_calls_each_get_their_own_response() {
    const CALLS: usize = 32;
    // No response before every request has arrived: the calls are open at the same time.
    let all_here = Arc::new(Barrier::new(CALLS));
    let server = Server::plain(move |mut peer| {
        let all_here = Arc::clone(&all_here);
        async move {
            while let Some(request) = peer.request().await {
                all_here.wait().await;
                peer.response(200, request.body).await;
            }
        }
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    let calls: Vec<_> = (0..CALLS)
        .map(|call| {
            let transport = transport.clone();
            tokio::spawn(async move { transport.post("/x", &[], call.to_string()).await })
        })
        .collect();
    for (call, handle) in calls.into_iter().enumerate() {
        assert_eq!(handle.await.unwrap().unwrap().body(), call.to_string().as_bytes());
    }
    assert_eq!(server.seen.requests().len(), CALLS);
}

#[test]
fn a_call_can_be_spawned() {
    fn spawnable<T: Send + Sync + Clone + 'static>(_: &T) {}
    fn sendable(_: &impl Send) {}
    let transport = patient("http://127.0.0.1:1").build().unwrap();
    spawnable(&transport);
    sendable(&transport.post("/x", &[], BODY));
}
