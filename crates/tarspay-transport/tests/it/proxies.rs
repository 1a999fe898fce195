//! Through an HTTP CONNECT proxy.

use std::net::SocketAddr;

use tarspay_transport::{Delivery, ErrorKind, Phase};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::certificates::{BOTH_VERSIONS, Identity};
use crate::server::{Peer, Server};
use crate::{assert_failed, chain, patient, patient_over_tls, post};

/// A proxy that leads every tunnel to `target`, whatever the name: only the proxy can look it up.
pub(crate) async fn tunnel(mut peer: Peer, target: SocketAddr) {
    let Some(_) = peer.request().await else { return };
    let mut far = TcpStream::connect(target).await.unwrap();
    peer.send("HTTP/1.1 200 Connection established\r\n\r\n").await;
    let _ = tokio::io::copy_bidirectional(&mut peer.io, &mut far).await;
}

#[tokio::test]
async fn a_call_through_the_tunnel() {
    let identity = Identity::of(&["gateway.test"]);
    let gateway = Server::tls(identity.server(BOTH_VERSIONS), |peer| peer.response_all(200, "through")).await;
    let target = gateway.address;
    let proxy = Server::plain(move |peer| tunnel(peer, target)).await;
    let transport = patient("https://gateway.test:8443")
        .add_root_certificate_der(identity.der())
        .proxy(&proxy.url().replace("//", "//secret:secret@"))
        .build()
        .unwrap();
    for _ in 0..2 {
        assert_eq!(post(&transport).await.unwrap().body(), b"through");
    }

    let asked = proxy.seen.requests();
    assert_eq!(asked.len(), 1, "a tunnel is reused like any connection");
    assert!(asked[0].head.starts_with("CONNECT gateway.test:8443 HTTP/1.1\r\n"), "{}", asked[0].head);
    assert_eq!(asked[0].header("host"), ["gateway.test:8443"]);
    assert_eq!(asked[0].header("proxy-authorization"), ["Basic c2VjcmV0OnNlY3JldA=="]);

    let received = gateway.seen.requests();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].path(), "/api/pay/unifiedOrder", "the gateway sees a path, not a URL");
    assert_eq!(received[0].header("host"), ["gateway.test:8443"]);
    assert_eq!(
        received[0].header("proxy-authorization"),
        [""; 0],
        "the proxy's password stays with the proxy"
    );
}

#[tokio::test]
async fn a_stream_for_a_diagnosis_goes_the_same_way_and_sends_nothing_by_itself() {
    let gateway = Server::plain(|mut peer| async move { peer.send("the gateway").await }).await;
    let target = gateway.address;
    let proxy = Server::plain(move |peer| tunnel(peer, target)).await;
    let transport = patient_over_tls("https://gateway.test").proxy(&proxy.url()).build().unwrap();
    let mut text = String::new();
    transport.open_stream().await.unwrap().read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "the gateway");
    assert_eq!((proxy.seen.requests().len(), gateway.seen.requests().len()), (1, 0));

    let refusing = Server::plain(|peer| peer.response_all(407, "")).await;
    let transport = patient_over_tls("https://gateway.test").proxy(&refusing.url()).build().unwrap();
    let error = transport.open_stream().await.err().expect("no tunnel");
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Proxy, Some(Phase::Proxy)));
    assert_eq!(error.proxy_status(), Some(407));
}

#[tokio::test]
async fn the_default_port_is_written_out_for_the_proxy() {
    let proxy = Server::plain(|peer| peer.response_all(403, "")).await;
    let transport = patient_over_tls("https://gateway.test").proxy(&proxy.url()).build().unwrap();
    post(&transport).await.unwrap_err();
    assert!(proxy.seen.requests()[0].head.starts_with("CONNECT gateway.test:443 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_refused_tunnel_tells_its_status() {
    for status in [302, 400, 403, 407, 502] {
        let proxy = Server::plain(move |peer| peer.response_all(status, "no")).await;
        let transport = patient_over_tls("https://gateway.test").proxy(&proxy.url()).build().unwrap();
        let error = assert_failed(post(&transport).await, ErrorKind::Proxy, Phase::Proxy, Delivery::NotSent);
        assert_eq!((error.proxy_status(), error.status()), (Some(status), None));
        assert!(error.to_string().contains(&format!("status {status}")), "{error}");
        assert_eq!(proxy.seen.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_proxy_that_makes_no_sense() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(100_000));
    for bytes in [
        String::new(),
        "SSH-2.0-OpenSSH_9.6\r\n".to_owned(),
        "HTTP/1.1 200".to_owned(),
        long,
        // Bytes that the gateway cannot have sent, because nobody has spoken to it.
        "HTTP/1.1 200 OK\r\n\r\nsurprise".to_owned(),
    ] {
        let proxy = Server::plain(move |mut peer| {
            let bytes = bytes.clone();
            async move {
                peer.request().await.unwrap();
                peer.send(bytes).await;
                peer.close().await;
            }
        })
        .await;
        let transport = patient_over_tls("https://gateway.test").proxy(&proxy.url()).build().unwrap();
        let error = assert_failed(post(&transport).await, ErrorKind::Proxy, Phase::Proxy, Delivery::NotSent);
        assert_eq!(error.proxy_status(), None);
    }
}

#[tokio::test]
async fn a_tunnel_that_leads_to_the_wrong_gateway_is_noticed() {
    let wrong = Identity::of(&["other.test"]);
    let gateway = Server::tls(wrong.server(BOTH_VERSIONS), |peer| peer.response_all(200, "gotcha")).await;
    let target = gateway.address;
    let proxy = Server::plain(move |peer| tunnel(peer, target)).await;
    let builder = patient("https://gateway.test").add_root_certificate_der(wrong.der());
    let transport = builder.proxy(&proxy.url()).build().unwrap();
    let error = assert_failed(post(&transport).await, ErrorKind::Tls, Phase::Tls, Delivery::NotSent);
    assert!(chain(&error).iter().any(|text| text.contains("not valid for name")), "{error:?}");
    assert_eq!(gateway.seen.requests().len(), 0);
}

#[tokio::test]
async fn a_refused_connection_to_the_proxy() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let transport =
        patient_over_tls("https://gateway.test").proxy(&format!("http://{free}")).build().unwrap();
    let error =
        assert_failed(post(&transport).await, ErrorKind::Connection, Phase::Connect, Delivery::NotSent);
    assert!(error.to_string().contains(&free.to_string()), "{error}");
}

#[tokio::test]
async fn a_gateway_on_this_machine_is_reached_without_the_proxy() {
    let gateway = Server::plain(|peer| peer.response_all(200, "direct")).await;
    let proxy = Server::plain(Peer::stay_silent).await;
    let transport = patient(&gateway.url()).proxy(&proxy.url()).build().unwrap();
    assert_eq!(post(&transport).await.unwrap().body(), b"direct");
    assert_eq!(proxy.seen.connections(), 0);
}
