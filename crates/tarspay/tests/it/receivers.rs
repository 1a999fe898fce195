//! The `tower` layer and the `axum` extractor, posted to over real sockets as the gateway would.

mod limits;

use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tarspay::sign::PrivateKey;
use tarspay::transport::Transport;
use tarspay::types::{Amount, Callback, Currency, MerchantNo, MerchantOrderNo, OrderState};
use tarspay::{Acknowledged, CallbackLayer, CallbackRejection, CallbackVerifier, SignedCallback, Verified};
use tokio::net::TcpListener;
use tower_layer::Layer as _;
use tower_service::Service;

/// Its name, headers, body, and the status and text of the response.
type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str, u16, &'a str);

/// What came through to the handler, by pay order id.
type Stored = Arc<Mutex<Vec<(String, OrderState)>>>;

fn merchant() -> MerchantNo {
    "M1".parse().unwrap()
}

fn callback() -> Callback {
    Callback::new("P1".parse().unwrap(), "D1".parse().unwrap(), OrderState::SUCCESS)
}

/// A handler for the layer; one that must fail stores nothing.
#[derive(Clone)]
struct Store {
    stored: Stored,
    fails: bool,
}

impl Service<Verified<Callback>> for Store {
    type Response = ();
    type Error = &'static str;
    type Future = Ready<Result<(), &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, callback: Verified<Callback>) -> Self::Future {
        if self.fails {
            return ready(Err("the database is away"));
        }
        self.stored.lock().unwrap().push((callback.get().pay_order_id.to_string(), callback.get().state));
        ready(Ok(()))
    }
}

async fn serve(router: Router) -> Transport {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Transport::builder(&base_url).build().unwrap()
}

async fn with_layer(verifier: CallbackVerifier, fails: bool) -> (Transport, Stored) {
    let (router, stored) = layer(verifier, fails);
    (serve(router).await, stored)
}

async fn with_extractor(verifier: CallbackVerifier) -> (Transport, Stored) {
    let (router, stored) = extractor(verifier);
    (serve(router).await, stored)
}

fn layer(verifier: CallbackVerifier, fails: bool) -> (Router, Stored) {
    let stored = Stored::default();
    let service = CallbackLayer::new(verifier).layer(Store { stored: Arc::clone(&stored), fails });
    (Router::new().route_service("/notify", service), stored)
}

fn extractor(verifier: CallbackVerifier) -> (Router, Stored) {
    let stored = Stored::default();
    let seen = Arc::clone(&stored);
    let handler = move |callback: Verified<Callback>| {
        seen.lock().unwrap().push((callback.get().pay_order_id.to_string(), callback.get().state));
        ready(Acknowledged)
    };
    (Router::new().route("/notify", post(handler)).with_state(verifier), stored)
}

async fn send(receiver: &Transport, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let response = receiver.post("/notify", headers, body.to_owned()).await.unwrap();
    (response.status(), String::from_utf8(response.body().to_vec()).unwrap())
}

#[tokio::test]
async fn the_scalars_are_extracted_from_a_path_alone_and_together() {
    let router = Router::new()
        .route("/number/{number}", post(async |Path(it): Path<MerchantOrderNo>| it.to_string()))
        .route("/amount/{amount}", post(async |Path(it): Path<Amount>| it.to_string()))
        .route("/state/{state}", post(async |Path(it): Path<OrderState>| it.code().to_string()))
        .route(
            "/orders/{currency}/{number}",
            post(async |Path((currency, number)): Path<(Currency, MerchantOrderNo)>| {
                format!("{currency} {number}")
            }),
        );
    let receiver = serve(router).await;
    for (path, status, text) in [
        ("/number/D1", 200, "D1"),
        ("/number/0042", 200, "0042"),
        ("/number/a%20b%2Fc", 200, "a b/c"),
        ("/amount/100.50", 200, "100.50"),
        ("/state/2", 200, "2"),
        ("/orders/KES/D1", 200, "KES D1"),
        ("/number/a%0Ab", 400, "control character"),
        ("/amount/-1", 400, "below zero"),
        ("/amount/ten", 400, "not plain decimal text"),
        ("/state/paid", 400, "whole number"),
    ] {
        let response = receiver.post(path, &[], String::new()).await.unwrap();
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        assert_eq!(response.status(), status, "{path}: {body}");
        assert!(if status == 200 { body == text } else { body.contains(text) }, "{path}: {body}");
    }
}

#[tokio::test]
async fn a_verified_callback_is_handled_and_acknowledged_with_the_bare_ok() {
    let key = PrivateKey::generate().unwrap();
    let verifier = CallbackVerifier::trusting(merchant(), key.public_key());
    let signed = SignedCallback::new(&merchant(), &callback(), &key).unwrap();
    for (receiver, stored) in
        [with_layer(verifier.clone(), false).await, with_extractor(verifier.clone()).await]
    {
        let response = receiver.post("/notify", &[signed.header()], signed.body().to_owned()).await.unwrap();
        assert_eq!((response.status(), response.body()), (200, &b"OK"[..]));
        assert!(response.header("content-type").unwrap().starts_with(b"text/plain"));
        assert_eq!(*stored.lock().unwrap(), [("P1".to_owned(), OrderState::SUCCESS)]);
    }
}

#[tokio::test]
async fn nothing_unverified_reaches_the_handler() {
    let key = PrivateKey::generate().unwrap();
    let verifier = CallbackVerifier::trusting(merchant(), key.public_key()).max_bytes(300);
    let signed = SignedCallback::new(&merchant(), &callback(), &key).unwrap();
    let forged = SignedCallback::new(&merchant(), &callback(), &PrivateKey::generate().unwrap()).unwrap();
    let unreadable = r#"{"hello":"world"}"#;
    let unreadable_signature =
        tarspay::sign::CallbackText::from_json(unreadable.as_bytes()).unwrap().sign(&key).to_string();
    let name = signed.header().0;
    let tampered = signed.body().replace("\"state\":2", "\"state\":3");
    let foreign = SignedCallback::new(&"M77".parse().unwrap(), &callback(), &key).unwrap();
    let nameless = tarspay::sign::CallbackText::from_value(&callback()).unwrap();
    let nameless_signature = nameless.sign(&key).to_string();
    let large = format!("{}{}", signed.body(), " ".repeat(300));
    let cases: [Case<'_>; 10] = [
        ("no signature", vec![], signed.body(), 401, "signature missing"),
        ("empty signature", vec![(name, "")], signed.body(), 401, "signature missing"),
        ("nonsense", vec![(name, "nonsense")], signed.body(), 401, "signature malformed"),
        ("somebody else's", vec![forged.header()], signed.body(), 401, "signature refused"),
        ("tampered", vec![signed.header()], &tampered, 401, "signature refused"),
        ("two signatures", vec![signed.header(), forged.header()], signed.body(), 401, "signature malformed"),
        ("too large", vec![signed.header()], &large, 413, "too large"),
        ("signed nonsense", vec![(name, &unreadable_signature)], unreadable, 422, "not a callback"),
        ("another merchant's", vec![foreign.header()], foreign.body(), 403, "not our merchant"),
        ("of no merchant", vec![(name, &nameless_signature)], nameless.as_str(), 403, "not our merchant"),
    ];
    for (receiver, stored) in
        [with_layer(verifier.clone(), false).await, with_extractor(verifier.clone()).await]
    {
        for (case, headers, body, status, text) in &cases {
            let response = send(&receiver, headers, body).await;
            assert_eq!(response, (*status, (*text).to_owned()), "{case}");
            assert!(stored.lock().unwrap().is_empty(), "{case}");
        }
    }
}

#[tokio::test]
async fn a_signed_callback_that_cannot_be_read_is_handed_to_who_asked_for_refusals() {
    let key = PrivateKey::generate().unwrap();
    let unreadable = r#"{"hello":"world"}"#;
    let signature =
        tarspay::sign::CallbackText::from_json(unreadable.as_bytes()).unwrap().sign(&key).to_string();
    let refused = Arc::new(Mutex::new(Vec::<(u16, Vec<u8>)>::new()));
    let recorded = Arc::clone(&refused);
    let layer = CallbackLayer::new(CallbackVerifier::trusting(merchant(), key.public_key()).max_bytes(300))
        .on_refused(move |rejection| {
            recorded.lock().unwrap().push((rejection.status(), rejection.body().to_vec()));
        });
    let service = layer.layer(Store { stored: Stored::default(), fails: false });
    let receiver = serve(Router::new().route_service("/notify", service)).await;
    let name = tarspay::sign::CALLBACK_SIGNATURE_HEADER;
    send(&receiver, &[(name, &signature)], unreadable).await;
    send(&receiver, &[(name, &signature)], "{}").await;
    send(&receiver, &[(name, &signature)], &" ".repeat(301)).await;
    let foreign = SignedCallback::new(&"M77".parse().unwrap(), &callback(), &key).unwrap();
    send(&receiver, &[foreign.header()], foreign.body()).await;
    let expected =
        [(422, unreadable.as_bytes().to_vec()), (401, Vec::new()), (413, Vec::new()), (403, Vec::new())];
    assert_eq!(
        *refused.lock().unwrap(),
        expected,
        "the body of an unreadable callback is kept, that of a forgery or of another merchant's is not"
    );
}

#[tokio::test]
async fn debug_of_a_rejection_shows_no_value_of_its_body() {
    let key = PrivateKey::generate().unwrap();
    let body = r#"{"customerName":"Zz9Personal9zZ"}"#;
    let signature = tarspay::sign::CallbackText::from_json(body.as_bytes()).unwrap().sign(&key).to_string();
    let shown = Arc::new(Mutex::new(String::new()));
    let recorded = Arc::clone(&shown);
    let layer = CallbackLayer::new(CallbackVerifier::trusting(merchant(), key.public_key())).on_refused(
        move |rejection| {
            *recorded.lock().unwrap() = format!("{rejection} {rejection:?} {rejection:#?}");
        },
    );
    let service = layer.layer(Store { stored: Stored::default(), fails: false });
    let receiver = serve(Router::new().route_service("/notify", service)).await;
    send(&receiver, &[(tarspay::sign::CALLBACK_SIGNATURE_HEADER, &signature)], body).await;
    let shown = shown.lock().unwrap();
    assert!(shown.contains("422") && shown.contains("payOrderId"), "{shown}");
    assert!(!shown.contains("Zz9Personal9zZ"), "{shown}");
}

#[tokio::test]
async fn a_callback_that_could_not_be_stored_is_not_acknowledged() {
    let key = PrivateKey::generate().unwrap();
    let (receiver, stored) = with_layer(CallbackVerifier::trusting(merchant(), key.public_key()), true).await;
    let signed = SignedCallback::new(&merchant(), &callback(), &key).unwrap();
    let (status, text) = send(&receiver, &[signed.header()], signed.body()).await;
    assert_eq!((status, text.as_str()), (500, "not handled"));
    assert!(stored.lock().unwrap().is_empty());
}

/// A handler that is never ready.
#[derive(Clone)]
struct Away;

impl Service<Verified<Callback>> for Away {
    type Response = ();
    type Error = &'static str;
    type Future = Ready<Result<(), &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(Err("away"))
    }

    fn call(&mut self, _: Verified<Callback>) -> Self::Future {
        ready(Ok(()))
    }
}

#[tokio::test]
async fn a_handler_that_is_never_ready_is_not_acknowledged() {
    let key = PrivateKey::generate().unwrap();
    let service = CallbackLayer::new(CallbackVerifier::trusting(merchant(), key.public_key())).layer(Away);
    let receiver = serve(Router::new().route_service("/notify", service)).await;
    let signed = SignedCallback::new(&merchant(), &callback(), &key).unwrap();
    let (status, text) = send(&receiver, &[signed.header()], signed.body()).await;
    assert_eq!((status, text.as_str()), (500, "not handled"));
}

#[tokio::test]
async fn a_rejection_tells_its_status_and_what_the_verifier_said() {
    let key = PrivateKey::generate().unwrap();
    let verifier = CallbackVerifier::trusting(merchant(), key.public_key());
    let recorded = Arc::new(Mutex::new(None));
    let writer = Arc::clone(&recorded);
    let handler = move |result: Result<Verified<Callback>, CallbackRejection>| {
        *writer.lock().unwrap() =
            result.err().map(|rejection| (rejection.status(), rejection.error().unwrap().signature_fault()));
        ready(Ok::<_, Infallible>(Acknowledged))
    };
    let receiver = serve(Router::new().route("/notify", post(handler)).with_state(verifier)).await;
    send(&receiver, &[], "{}").await;
    let recorded = *recorded.lock().unwrap();
    assert_eq!(recorded, Some((401, Some(tarspay::sign::ErrorKind::MissingSignature))));
}
