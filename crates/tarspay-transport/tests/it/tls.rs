//! Trust and mistrust.

use std::sync::Arc;
use std::sync::Mutex;

use tarspay_transport::{Delivery, ErrorKind, Phase};

use crate::certificates::{BOTH_VERSIONS, Identity};
use crate::server::{Peer, Server};
use crate::{assert_failed, chain, patient, post};

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let server = Server::tls(Identity::of(&["127.0.0.1"]).server(BOTH_VERSIONS), |_| async {}).await;
    // Some trust has to be configured, or there is nothing to refuse the certificate by.
    let other = Identity::of(&["127.0.0.1"]);
    let transport = patient(&server.https_url()).add_root_certificate_der(other.der()).build().unwrap();
    let error = assert_failed(post(&transport).await, ErrorKind::Tls, Phase::Tls, Delivery::NotSent);
    assert!(chain(&error).iter().any(|text| text.contains("invalid peer certificate")), "{error:?}");
    assert_eq!(server.seen.requests().len(), 0);
}

#[tokio::test]
async fn a_certificate_of_an_authority_that_nobody_trusts_is_refused() {
    let authority = Identity::authority();
    let issued = Identity::issued(&authority, &["127.0.0.1"]);
    let server = Server::tls(issued.server(BOTH_VERSIONS), |peer| peer.response_all(200, "in")).await;
    // Another authority of the same name does not vouch for it, nor does an older certificate for
    // the same host.
    for other in [Identity::authority(), Identity::of(&["127.0.0.1"])] {
        let transport = patient(&server.https_url()).add_root_certificate_der(other.der()).build().unwrap();
        let error = assert_failed(post(&transport).await, ErrorKind::Tls, Phase::Tls, Delivery::NotSent);
        assert!(chain(&error).iter().any(|text| text.contains("invalid peer certificate")), "{error:?}");
    }
    assert_eq!(server.seen.requests().len(), 0);
    let transport = patient(&server.https_url()).add_root_certificate_der(authority.der()).build().unwrap();
    assert_eq!(post(&transport).await.unwrap().body(), b"in", "with its authority it is good");
}

#[cfg(feature = "webpki-roots")]
#[tokio::test]
async fn the_compiled_in_roots_do_not_trust_a_stranger() {
    let server = Server::tls(Identity::of(&["127.0.0.1"]).server(BOTH_VERSIONS), |_| async {}).await;
    let transport = patient(&server.https_url()).build().unwrap();
    assert_failed(post(&transport).await, ErrorKind::Tls, Phase::Tls, Delivery::NotSent);
}

#[cfg(not(feature = "webpki-roots"))]
#[test]
fn without_any_root_the_builder_says_what_to_turn_on() {
    let error = patient("https://gateway.test").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
    for way_out in ["`webpki-roots`", "`platform-verifier`", "`Builder::add_root_certificate_der`"] {
        assert!(error.to_string().contains(way_out), "{error}");
    }
    patient("http://127.0.0.1:1").build().expect("plain HTTP needs no root");
}

#[cfg(feature = "platform-verifier")]
#[tokio::test]
async fn the_platform_trusts_what_was_added_and_no_stranger() {
    let identity = Identity::of(&["127.0.0.1"]);
    let server = Server::tls(identity.server(BOTH_VERSIONS), |peer| peer.response_all(200, "in")).await;
    let builder = patient(&server.https_url()).platform_verifier();
    let added = builder.clone().add_root_certificate_der(identity.der()).build().unwrap();
    assert_eq!(post(&added).await.unwrap().body(), b"in");
    // A machine without any certificate cannot use the platform's verifier; then the builder says
    // so.
    match builder.build() {
        Ok(stranger) => {
            assert_failed(post(&stranger).await, ErrorKind::Tls, Phase::Tls, Delivery::NotSent);
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error:?}"),
    }
}

#[tokio::test]
async fn an_added_root_is_trusted_in_both_versions_of_tls() {
    let identity = Identity::of(&["127.0.0.1"]);
    for versions in [&[&rustls::version::TLS12], &[&rustls::version::TLS13]] {
        let server = Server::tls(identity.server(versions), |peer| peer.response_all(200, "in")).await;
        let builder = patient(&server.https_url()).add_root_certificate_der(identity.der());
        let transport = builder.build().unwrap();
        assert_eq!(post(&transport).await.unwrap().body(), b"in");
        assert_eq!(post(&transport).await.unwrap().body(), b"in");
        assert_eq!(server.seen.connections(), 1, "TLS connections are reused too");
        assert_eq!(server.seen.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let identity = Identity::of(&["other.test"]);
    let server = Server::tls(identity.server(BOTH_VERSIONS), |_| async {}).await;
    let transport = patient(&server.https_url()).add_root_certificate_der(identity.der()).build().unwrap();
    let error = assert_failed(post(&transport).await, ErrorKind::Tls, Phase::Tls, Delivery::NotSent);
    assert!(chain(&error).iter().any(|text| text.contains("not valid for name")), "{error:?}");
    assert_eq!(server.seen.requests().len(), 0);
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_refused() {
    let server = Server::plain(|mut peer| async move {
        peer.send("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        peer.stay_silent().await;
    })
    .await;
    let identity = Identity::of(&["127.0.0.1"]);
    let transport = patient(&server.https_url()).add_root_certificate_der(identity.der()).build().unwrap();
    assert_failed(post(&transport).await, ErrorKind::Tls, Phase::Tls, Delivery::NotSent);
}

#[tokio::test]
async fn a_connection_closed_in_the_handshake_was_not_used() {
    let identity = Identity::of(&["127.0.0.1"]);
    for how in [Peer::reset as fn(Peer), drop::<Peer> as fn(Peer)] {
        let server = Server::plain(move |peer| async move {
            peer.arrival().await;
            how(peer);
        })
        .await;
        let builder = patient(&server.https_url()).add_root_certificate_der(identity.der());
        let transport = builder.build().unwrap();
        assert_failed(post(&transport).await, ErrorKind::Connection, Phase::Tls, Delivery::NotSent);
    }
}

#[tokio::test]
async fn only_http_1_1_is_offered() {
    let identity = Identity::of(&["127.0.0.1"]);
    let mut config = identity.server(BOTH_VERSIONS);
    let offered = Arc::new(Mutex::new(Vec::new()));
    config.cert_resolver = Arc::new(Recorder { offered: Arc::clone(&offered), inner: config.cert_resolver });
    let server = Server::tls(config, |peer| peer.response_all(200, "in")).await;
    let transport = patient(&server.https_url()).add_root_certificate_der(identity.der()).build().unwrap();
    post(&transport).await.unwrap();
    assert_eq!(*offered.lock().unwrap(), [b"http/1.1".to_vec()]);
}

#[derive(Debug)]
struct Recorder {
    offered: Arc<Mutex<Vec<Vec<u8>>>>,
    inner: Arc<dyn rustls::server::ResolvesServerCert>,
}

impl rustls::server::ResolvesServerCert for Recorder {
    fn resolve(&self, hello: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
        let names = hello.alpn().into_iter().flatten().map(<[u8]>::to_vec);
        self.offered.lock().unwrap().extend(names);
        self.inner.resolve(hello)
    }
}

#[tokio::test]
async fn a_certificate_with_many_names_fills_no_log() {
    let names: Vec<_> = (0..500).map(|number| format!("shop{number}.test")).collect();
    let identity = Identity::of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let server = Server::tls(identity.server(BOTH_VERSIONS), |_| async {}).await;
    let transport = patient(&server.https_url()).add_root_certificate_der(identity.der()).build().unwrap();
    let error = assert_failed(post(&transport).await, ErrorKind::Tls, Phase::Tls, Delivery::NotSent);
    let shown = format!("{error:?} {}", chain(&error).join(" "));
    assert!(shown.contains("shop7.test") && !shown.contains("shop8.test"), "{shown}");
}
