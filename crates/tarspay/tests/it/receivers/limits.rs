//! Bodies that are slow, too large, too many or compressed. Time is the paused clock's.

use super::{Stored, callback, extractor, layer, merchant, serve, with_extractor, with_layer};
use axum::body::{Body, Bytes};
use axum::extract::{FromRef, State};
use axum::http::{Request, StatusCode};
use axum::{Router, routing::post};
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tarspay::sign::{CALLBACK_SIGNATURE_HEADER, PrivateKey};
use tarspay::{Acknowledged, CallbackLayer, CallbackVerifier, ErrorKind, SignedCallback, Verified};
use tarspay::{sign, types::Callback};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, Interval, interval};
use tower_layer::Layer as _;
use tower_service::Service as _;

/// A body that comes byte by byte.
struct Slow {
    rest: Bytes,
    every: Interval,
    begun: Arc<Notify>,
}

impl HttpBody for Slow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.begun.notify_one();
        ready!(self.every.poll_tick(context));
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(1)))))
    }
}

/// A body that must not be read.
struct Announced(u64);

impl HttpBody for Announced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("it is read")
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

fn signed(key: &PrivateKey) -> SignedCallback {
    SignedCallback::new(&merchant(), &callback(), key).unwrap()
}

fn request(signed: &SignedCallback, body: impl Into<Body>) -> Request<Body> {
    let (name, value) = signed.header();
    Request::post("/notify").header(name, value).body(body.into()).unwrap()
}

fn slow(signed: &SignedCallback, every: Duration, begun: &Arc<Notify>) -> Request<Body> {
    let rest = Bytes::from(signed.body().to_owned());
    request(signed, Body::new(Slow { rest, every: interval(every), begun: Arc::clone(begun) }))
}

async fn status(router: &Router, request: Request<Body>) -> StatusCode {
    router.clone().call(request).await.unwrap().status()
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_ends_with_408_and_a_slow_one_in_time_is_accepted() {
    let key = PrivateKey::generate().unwrap();
    let (signed, begun) = (signed(&key), Arc::default());
    let by_default = CallbackVerifier::trusting(merchant(), key.public_key());
    let patient = by_default.clone().body_timeout(Duration::from_secs(600));
    for (verifier, limit) in [(by_default, 10), (patient, 600)] {
        let limit = Duration::from_secs(limit);
        for (router, stored) in [layer(verifier.clone(), false), extractor(verifier)] {
            let started = Instant::now();
            let trickling = slow(&signed, limit / 20, &begun);
            assert_eq!(status(&router, trickling).await, StatusCode::REQUEST_TIMEOUT);
            assert_eq!(started.elapsed(), limit);
            assert!(stored.lock().unwrap().is_empty());

            let in_time = slow(&signed, limit / 1_000, &begun);
            assert_eq!(status(&router, in_time).await, StatusCode::OK);
            assert_eq!(stored.lock().unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_length_above_the_limit_is_refused_before_anything_is_read() {
    let key = PrivateKey::generate().unwrap();
    let signed = signed(&key);
    let length = signed.body().len();
    let verifier = CallbackVerifier::trusting(merchant(), key.public_key()).max_bytes(length);
    for (router, stored) in [layer(verifier.clone(), false), extractor(verifier)] {
        for announced in [length as u64 + 1, 1 << 40, u64::MAX] {
            let announced = request(&signed, Body::new(Announced(announced)));
            assert_eq!(status(&router, announced).await, StatusCode::PAYLOAD_TOO_LARGE);
        }
        assert_eq!(status(&router, request(&signed, signed.body().to_owned())).await, StatusCode::OK);
        assert_eq!(stored.lock().unwrap().len(), 1, "exactly the limit is accepted");

        // The same by the header, over a socket. The body never comes.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (name, value) = signed.header();
        let head = format!(
            "POST /notify HTTP/1.1\r\nHost: x\r\n{name}: {value}\r\nContent-Length: {}\r\n\r\n",
            length + 1
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut response = [0; 12];
        stream.read_exact(&mut response).await.unwrap();
        assert_eq!(&response, b"HTTP/1.1 413");
    }
}

#[tokio::test(start_paused = true)]
async fn callbacks_above_the_limit_at_once_get_503_and_the_next_ones_do_not() {
    let key = PrivateKey::generate().unwrap();
    let signed = signed(&key);
    let verifier = CallbackVerifier::trusting(merchant(), key.public_key()).max_in_flight(2);
    for (router, stored) in [layer(verifier.clone(), false), extractor(verifier.clone())] {
        let begun = Arc::default();
        let hour = Duration::from_secs(3_600);
        let hanging: Vec<_> = (0..2)
            .map(|_| {
                let (router, request) = (router.clone(), slow(&signed, hour, &begun));
                tokio::spawn(async move { status(&router, request).await })
            })
            .collect();
        begun.notified().await;
        // Both have begun: tasks run in order on one thread.
        tokio::task::yield_now().await;
        let further = || request(&signed, Body::new(Announced(1)));
        assert_eq!(status(&router, further()).await, StatusCode::SERVICE_UNAVAILABLE);
        let unsigned = Request::post("/notify").body(Body::empty()).unwrap();
        assert_eq!(status(&router, unsigned).await, StatusCode::UNAUTHORIZED, "what costs nothing is said");
        for hanging in hanging {
            assert_eq!(hanging.await.unwrap(), StatusCode::REQUEST_TIMEOUT);
        }
        assert_eq!(status(&router, request(&signed, signed.body().to_owned())).await, StatusCode::OK);
        assert_eq!(stored.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_compressed_body_is_called_compressed() {
    let key = PrivateKey::generate().unwrap();
    let signed = signed(&key);
    let verifier = CallbackVerifier::trusting(merchant(), key.public_key());
    let zipped = b"\x1f\x8b\x08\x00\x00\x00\x00\x00";
    // Verified over the compressed bytes, which are no callback.
    let over_zipped = key.sign(&sign::Digest::of(zipped)).to_string();
    let plain = signed.body().as_bytes();
    let cases: [(&str, &str, &[u8], u16); 9] = [
        ("gzip", signed.signature(), zipped, 415),
        ("GZIP", signed.signature(), zipped, 415),
        ("br", signed.signature(), zipped, 415),
        ("deflate, zstd", signed.signature(), zipped, 415),
        ("aes128gcm", signed.signature(), zipped, 415),
        ("gzip", &over_zipped, zipped, 422),
        ("identity", signed.signature(), zipped, 401),
        ("", signed.signature(), plain, 200),
        // The header is wrong, and the body right.
        ("gzip", signed.signature(), plain, 200),
    ];
    for (receiver, _) in [with_layer(verifier.clone(), false).await, with_extractor(verifier.clone()).await] {
        for (encoding, signature, body, status) in &cases {
            let headers = [(CALLBACK_SIGNATURE_HEADER, *signature), ("content-encoding", *encoding)];
            let response = receiver.post("/notify", &headers, body.to_vec()).await.unwrap();
            assert_eq!(response.status(), *status, "{encoding}");
        }
    }

    let shown = Arc::new(Mutex::new(String::new()));
    let recorded = Arc::clone(&shown);
    let layer = CallbackLayer::new(verifier).on_refused(move |rejection| {
        let error = rejection.error().unwrap();
        assert_eq!(error.kind(), ErrorKind::CallbackRefused);
        *recorded.lock().unwrap() = error.to_string();
    });
    let service = layer.layer(super::Store { stored: Stored::default(), fails: false });
    let receiver = serve(Router::new().route_service("/notify", service)).await;
    for (encoding, named) in [("x-gzip", "with gzip"), ("secret", "with an unknown encoding")] {
        let headers = [signed.header(), ("content-encoding", encoding)];
        receiver.post("/notify", &headers, zipped.to_vec()).await.unwrap();
        let shown = shown.lock().unwrap();
        assert!(shown.contains(named) && !shown.contains("secret"), "{shown}");
    }
}

/// A state that is shared and not cloned.
#[derive(FromRef)]
struct App {
    verifier: CallbackVerifier,
    stored: Stored,
}

#[tokio::test]
async fn a_state_in_an_arc_has_its_verifier() {
    async fn handler(State(app): State<Arc<App>>, callback: Verified<Callback>) -> Acknowledged {
        let Callback { pay_order_id, state, .. } = callback.into_inner();
        app.stored.lock().unwrap().push((pay_order_id.to_string(), state));
        Acknowledged
    }
    let key = PrivateKey::generate().unwrap();
    let verifier = CallbackVerifier::trusting(merchant(), key.public_key());
    let app = Arc::new(App { verifier, stored: Stored::default() });
    let router = Router::new().route("/notify", post(handler)).with_state(Arc::clone(&app));
    let (true_one, forged) = (signed(&key), signed(&PrivateKey::generate().unwrap()));
    let request = |signed: &SignedCallback| request(signed, signed.body().to_owned());
    assert_eq!(status(&router, request(&forged)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&router, request(&true_one)).await, StatusCode::OK);
    assert_eq!(app.stored.lock().unwrap().len(), 1);
}
