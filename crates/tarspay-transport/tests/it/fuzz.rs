//! Whatever a server says: a response, or an error that does not claim the request was not sent.
//! Never a panic.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tarspay_transport::{Delivery, Transport};

use crate::certificates::Identity;
use crate::server::Server;
use crate::{patient, post};

#[derive(Clone, Copy, Debug)]
enum Prefix {
    None,
    StatusLine,
    Head,
    Chunked,
}

impl Prefix {
    /// Random bytes alone would never get past the first line.
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::StatusLine => b"HTTP/1.1 200 OK\r\n",
            Self::Head => b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n",
            Self::Chunked => b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        }
    }
}

fn responses() -> impl Strategy<Value = Vec<u8>> {
    let prefix =
        prop_oneof![Just(Prefix::None), Just(Prefix::StatusLine), Just(Prefix::Head), Just(Prefix::Chunked)];
    // Half of the bytes are those that mean something to a parser.
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"\r\n: 0123456789abcdef,;HTP/.".to_vec())];
    (prefix, prop::collection::vec(byte, 0..200))
        .prop_map(|(prefix, rest)| [prefix.bytes(), rest.as_slice()].concat())
}

#[test]
fn arbitrary_bytes_for_a_response() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let next = Arc::new(Mutex::new(Vec::new()));
    let server = runtime.block_on(Server::plain({
        let next = Arc::clone(&next);
        move |mut peer| {
            let next = Arc::clone(&next);
            async move {
                if peer.request().await.is_some() {
                    let bytes = next.lock().unwrap().clone();
                    peer.send(bytes).await;
                    peer.close().await;
                }
            }
        }
    }));
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&responses(), |bytes| {
            next.lock().unwrap().clone_from(&bytes);
            let before = server.seen.requests().len();
            // A transport of its own for each case: no connection is left over from the one before.
            let transport = patient(&server.url()).build().unwrap();
            match runtime.block_on(post(&transport)) {
                Ok(response) => prop_assert!((100..1000).contains(&response.status())),
                Err(error) => prop_assert_eq!(error.delivery(), Delivery::MaybeReceived, "{:?}", error),
            }
            prop_assert_eq!(server.seen.requests().len(), before + 1, "sent exactly once");
            Ok(())
        })
        .unwrap();
}

#[test]
fn arbitrary_base_urls() {
    // Pieces that mean something, in any order, with anything in between.
    let piece = prop_oneof![
        prop::sample::select(vec![
            "https://",
            "http://",
            "localhost",
            ".localhost",
            "127.0.0.1",
            "[::1]",
            "gateway.test",
            ":",
            "80",
            "443",
            "/",
            "@",
            "?",
            "#",
            "[",
            "]",
            "%",
        ])
        .prop_map(str::to_owned),
        ".{0,3}",
    ];
    let urls = prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    let root = Identity::of(&["gateway.test"]).der();
    let build = |url: &str| Transport::builder(url).add_root_certificate_der(root.clone()).build();
    TestRunner::new(Config { cases: 1000, failure_persistence: None, ..Config::default() })
        .run(&urls, |url| {
            if let Ok(transport) = build(&url) {
                let plain = transport.base_url();
                if let Some(rest) = plain.strip_prefix("http://") {
                    let local = rest.starts_with("[::1]") || {
                        let host = rest.split(':').next().unwrap().to_ascii_lowercase();
                        let name = host.strip_suffix('.').unwrap_or(&host);
                        name == "localhost"
                            || name.ends_with(".localhost")
                            || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
                    };
                    prop_assert!(local, "{} -> {}", url, plain);
                }
                let again = build(plain).unwrap();
                prop_assert_eq!(again.base_url(), plain, "{}", url);
            }
            Ok(())
        })
        .unwrap();
}
