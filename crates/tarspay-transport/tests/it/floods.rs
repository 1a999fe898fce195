//! Peers that send without an end, or stop reading: deadlines hold, other tasks go on, and the
//! connection is dropped.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use rustls::{ServerConnection, StreamOwned};
use tarspay_transport::{Builder, Delivery, Error, ErrorKind, Phase, Response};
use tokio::runtime::Runtime;

use crate::certificates::{BOTH_VERSIONS, Identity};
use crate::server::Server;
use crate::{AMPLE, SHORT, assert_failed, one_thread, patient, post};

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
const PROCESSING: &str = "HTTP/1.1 102 Processing\r\nx: y\r\n\r\n";

/// More than any limit but the largest, and enough to keep a client busy for seconds; then the
/// flood ends, so that a failing test ends too.
const FLOOD_BYTES: usize = 1 << 30;

#[derive(Clone, Copy, Debug)]
enum Way {
    Plain,
    Tls,
    Proxy,
}

const WAYS: [Way; 3] = [Way::Plain, Way::Tls, Way::Proxy];

/// A thread of its own, since a flood must not depend on the runtime that it wants to starve.
struct Flood {
    address: SocketAddr,
    identity: Identity,
    way: Way,
    running: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Flood {
    /// Takes one request and responds with `head` and then `piece` again and again.
    fn begin(way: Way, head: &'static str, piece: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let identity = Identity::of(&["127.0.0.1"]);
        let config = Arc::new(identity.server(BOTH_VERSIONS));
        let running = Arc::new(AtomicBool::new(false));
        let pieces = piece.repeat(64 * 1024 / piece.len());
        let thread = std::thread::spawn({
            let running = Arc::clone(&running);
            move || {
                let (tcp, _) = listener.accept().unwrap();
                match way {
                    Way::Plain | Way::Proxy => flood(tcp, head, &pieces, &running),
                    Way::Tls => {
                        let tls = ServerConnection::new(config).unwrap();
                        flood(StreamOwned::new(tls, tcp), head, &pieces, &running);
                    }
                }
            }
        });
        Self { address, identity, way, running, thread }
    }

    fn client(&self) -> Builder {
        let address = self.address;
        let url = if let Way::Plain = self.way { "http" } else { "https" };
        let builder = patient(&format!("{url}://{address}")).add_root_certificate_der(self.identity.der());
        if let Way::Proxy = self.way { builder.proxy(&format!("http://{address}")) } else { builder }
    }

    /// What a call comes to, and how often another task of the runtime had its turn during the
    /// flood. Returns when the connection is gone.
    fn meets(self, client: Builder, runtime: &Runtime) -> (Result<Response, Error>, usize) {
        let transport = client.build().unwrap();
        let ticks = Arc::new(AtomicUsize::new(0));
        let ticker = runtime.spawn({
            let (ticks, running) = (Arc::clone(&ticks), Arc::clone(&self.running));
            async move {
                loop {
                    ticks.fetch_add(running.load(Ordering::SeqCst).into(), Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
            }
        });
        let result = runtime.block_on(post(&transport));
        let ticks = ticks.load(Ordering::SeqCst);
        ticker.abort();
        drop_of_every_task(runtime);
        self.thread.join().unwrap();
        (result, ticks)
    }
}

fn flood(mut peer: impl Read + Write, head: &str, pieces: &str, running: &AtomicBool) {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        let count = peer.read(&mut buffer).unwrap();
        request.extend_from_slice(&buffer[..count]);
    }
    running.store(true, Ordering::SeqCst);
    let mut sent = peer.write_all(head.as_bytes());
    for _ in 0..FLOOD_BYTES / pieces.len() {
        sent = sent.and_then(|()| peer.write_all(pieces.as_bytes()));
        if sent.is_err() {
            break;
        }
    }
    running.store(false, Ordering::SeqCst);
}

/// Waits until nothing runs any more: a connection is driven by a task.
fn drop_of_every_task(runtime: &Runtime) {
    let tasks = runtime.metrics();
    runtime.block_on(async {
        let none_left = async {
            while tasks.num_alive_tasks() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(AMPLE, none_left).await.expect("the connection should be dropped");
    });
}

#[test]
fn interim_responses_without_an_end_are_too_much() {
    for way in WAYS {
        for piece in [CONTINUE, PROCESSING] {
            let flood = Flood::begin(way, "", piece);
            let client = flood.client();
            let (result, _) = flood.meets(client, &one_thread());
            let error = match way {
                Way::Proxy => assert_failed(result, ErrorKind::Proxy, Phase::Proxy, Delivery::NotSent),
                Way::Plain | Way::Tls => assert_failed(
                    result,
                    ErrorKind::ResponseTooLarge,
                    Phase::ResponseHead,
                    Delivery::MaybeReceived,
                ),
            };
            let causes = crate::chain(&error);
            assert!(causes.iter().any(|text| text.contains("bytes came in a row")), "{causes:?}");
        }
    }
}

#[test]
fn a_flood_of_interim_responses_does_not_outlast_a_deadline() {
    for way in WAYS {
        for runtime in [one_thread(), Runtime::new().unwrap()] {
            let flood = Flood::begin(way, "", CONTINUE);
            // So that nothing but the deadline ends it.
            let client = flood.client().max_response_bytes(1 << 30);
            let client = match way {
                Way::Proxy => client.connect_timeout(SHORT),
                Way::Plain | Way::Tls => client.response_head_timeout(SHORT),
            };
            let (result, ticks) = flood.meets(client, &runtime);
            match way {
                Way::Proxy => assert_failed(result, ErrorKind::Timeout, Phase::Proxy, Delivery::NotSent),
                Way::Plain | Way::Tls => {
                    let (timeout, head) = (ErrorKind::Timeout, Phase::ResponseHead);
                    assert_failed(result, timeout, head, Delivery::MaybeReceived)
                }
            };
            assert!(ticks > 0, "{way:?}: nothing else had its turn");
        }
    }
}

#[test]
fn a_body_in_chunks_of_one_byte_does_not_outlast_a_deadline() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for way in [Way::Plain, Way::Tls] {
        let flood = Flood::begin(way, HEAD, "1\r\nx\r\n");
        let client = flood.client().max_response_bytes(1 << 30).call_timeout(SHORT * 4);
        let (result, ticks) = flood.meets(client, &one_thread());
        assert_failed(result, ErrorKind::Timeout, Phase::ResponseBody, Delivery::MaybeReceived);
        assert!(ticks > 0, "{way:?}: nothing else had its turn");
    }
}

#[test]
fn a_response_in_small_chunks_is_within_the_limits() {
    let elsewhere = Runtime::new().unwrap();
    let chunks = "8\r\n12345678\r\n".repeat(128 * 1024);
    let server = elsewhere.block_on(Server::plain(move |mut peer| {
        let response = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
        async move {
            peer.request().await.unwrap();
            peer.send(response).await;
        }
    }));
    let transport = patient(&server.url()).build().unwrap();
    assert_eq!(one_thread().block_on(post(&transport)).unwrap().body().len(), 1024 * 1024);
}

#[test]
fn a_peer_that_reads_no_more_does_not_keep_the_connection() {
    let elsewhere = Runtime::new().unwrap();
    let identity = Identity::of(&["127.0.0.1"]);
    let server = elsewhere.block_on(Server::tls(identity.server(BOTH_VERSIONS), |mut peer| async move {
        peer.head().await.unwrap();
        std::future::pending::<()>().await;
    }));
    let builder = patient(&server.https_url()).add_root_certificate_der(identity.der());
    let transport = builder.response_head_timeout(SHORT).build().unwrap();
    let runtime = one_thread();
    let result = runtime.block_on(transport.post("/x", &[], vec![b'x'; 64 * 1024 * 1024]));
    assert_failed(result, ErrorKind::Timeout, Phase::Send, Delivery::MaybeReceived);
    drop_of_every_task(&runtime);
}
