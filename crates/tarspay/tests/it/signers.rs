//! Signers outside the program: what a client does with their signatures, failures and delays.

use crate::personal::deposit;
use crate::scripted::{Scripted, Step};
use std::error::Error as StdError;
use std::future::IntoFuture as _;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;
use tarspay::sign::{self, Digest, PrivateKey, Signature};
use tarspay::types::{Amount, NotifyUrl, OrderState, WithdrawalRequest, market::bangladesh};
use tarspay::{Client, ClientBuilder, Credentials, ErrorKind, Placed, RetryPolicy, Signer, Signing};
use tarspay_sandbox::Sandbox;

/// The signature, or nothing for a signer that never answers.
type Answer = Result<Option<Signature>, Box<dyn StdError + Send + Sync>>;

/// A signer that answers by the number of the digest, from 0.
struct By<F> {
    answer: F,
    asked: Arc<AtomicUsize>,
}

impl<F: Fn(usize, &Digest) -> Answer + Send + Sync> Signer for By<F> {
    fn sign<'a>(&'a self, digest: &'a Digest) -> Signing<'a> {
        let answer = (self.answer)(self.asked.fetch_add(1, Ordering::Relaxed), digest);
        Box::pin(async move {
            match answer? {
                Some(signature) => Ok(signature),
                None => pending().await,
            }
        })
    }
}

type Signs = Box<dyn Fn(usize, &Digest) -> Answer + Send + Sync>;

fn unavailable() -> Answer {
    Err("the HSM is locked".into())
}

/// A client that signs by this function and tries once, and how often the signer was asked.
fn builder(
    base_url: &str,
    key: &PrivateKey,
    answer: impl Fn(usize, &Digest) -> Answer + Send + Sync + 'static,
) -> (ClientBuilder, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let signer = By { answer, asked: Arc::clone(&asked) };
    let credentials = Credentials::with_signer("M1".parse().unwrap(), key.public_key(), signer);
    (Client::builder(credentials).base_url(base_url).retry(RetryPolicy::none()), asked)
}

#[tokio::test]
async fn a_signer_serves_the_whole_client() {
    let sandbox = Sandbox::start().await.unwrap();
    let merchant = sandbox.merchant();
    let key = merchant.private_key();
    // As an object, as a program has it that chooses its signer by its configuration.
    let signer: Arc<dyn Signer> = Arc::new(key.clone());
    let credentials = Credentials::with_signer(merchant.merchant_no().clone(), key.public_key(), signer);
    assert!(credentials.private_key().is_none());
    assert!(!format!("{credentials:?}").contains(key.expose_hex().as_str()));
    let client = Client::builder(credentials).base_url(sandbox.base_url()).build().unwrap();
    client.balance().await.unwrap();

    let request = WithdrawalRequest::new(
        "W1".parse().unwrap(),
        bangladesh::way::EWALLET_BKASH,
        bangladesh::CURRENCY,
        Amount::from(500_u32),
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    )
    .wallet_id("01011111111");
    let placed = client.place_withdrawal(&request).await.unwrap();
    assert!(matches!(placed, Placed::Created { .. }), "{placed:?}");
    sandbox.pay(placed.pay_order_id().unwrap()).unwrap();
    let waited = client.wait_for_withdrawal("W1".parse().unwrap()).await.unwrap();
    assert_eq!(waited.order.state, OrderState::SUCCESS);
    let resumed = client.resume_withdrawal(&request).await.unwrap();
    assert_eq!(resumed.state(), Some(OrderState::SUCCESS));
}

#[tokio::test]
async fn a_high_s_of_a_signer_goes_out_as_the_low_one() {
    let server =
        Scripted::with_json("200 OK", r#"{"code":0,"data":{"availableAmount":"1","frozenAmount":"0"}}"#)
            .await;
    let key = PrivateKey::generate().unwrap();
    let signing = key.clone();
    let (builder, _) =
        builder(&server.base_url, &key, move |_, digest| Ok(Some(signing.sign(digest).with_high_s())));
    builder.build().unwrap().balance().await.unwrap();
    let requests = server.requests();
    let line = requests[0].lines().find(|line| line.to_ascii_lowercase().starts_with("x-api-signature:"));
    let sent: Signature = line.unwrap().split_once(": ").unwrap().1.parse().unwrap();
    assert!(!sent.is_high_s());
}

#[tokio::test]
async fn what_a_signer_fails_at_was_not_sent_and_says_why() {
    let server = Scripted::with_json("200 OK", r#"{"code":0}"#).await;
    let (key, other) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let again = key.clone();
    let cases: [(&str, Signs); 4] = [
        ("the HSM is locked", Box::new(|_, _| unavailable())),
        ("check that both are of one key", Box::new(move |_, digest| Ok(Some(other.sign(digest))))),
        (
            "does not hash the digest again",
            Box::new(move |_, digest| Ok(Some(again.sign(&Digest::of(digest.as_bytes()))))),
        ),
        ("waited for the signer; nothing was sent", Box::new(|_, _| Ok(None))),
    ];
    for (expected, answer) in cases {
        let (builder, asked) = builder(&server.base_url, &key, answer);
        // One deadline of the call, and one of each attempt.
        let limited = builder.transport(|transport| transport.call_timeout(Duration::from_millis(50)));
        let client = limited.build().unwrap();
        let calls = [
            client.balance().await.unwrap_err(),
            client.balance().deadline(Duration::from_millis(20)).await.unwrap_err(),
            client.place_deposit(&deposit()).await.unwrap_err(),
            client.place_deposit(&deposit()).deadline(Duration::from_millis(20)).await.unwrap_err(),
        ];
        for error in calls {
            assert_eq!(error.kind(), ErrorKind::NotSent, "{error:?}");
            assert!(error.to_string().contains(expected), "{expected}: {error}");
            let source = error.source().and_then(|source| source.downcast_ref::<sign::Error>());
            let mismatch = source.is_some_and(|source| source.kind() == sign::ErrorKind::SignatureMismatch);
            assert_eq!(mismatch, expected.contains("check that") || expected.contains("again"), "{error:?}");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 4);
    }
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test]
async fn a_signer_that_fails_once_is_asked_again() {
    let created = r#"{"code":0,"data":{"payOrderId":"P1","mchOrderNo":"ORDER-1"}}"#;
    let server = Scripted::with_json("200 OK", created).await;
    let key = PrivateKey::generate().unwrap();
    let signing = key.clone();
    let (builder, asked) = builder(&server.base_url, &key, move |number, digest| match number {
        0 => unavailable(),
        _ => Ok(Some(signing.sign(digest))),
    });
    let quick = RetryPolicy::default().waits(Duration::from_millis(1), Duration::from_millis(1));
    let placed = builder.retry(quick).build().unwrap().place_deposit(&deposit()).await.unwrap();
    assert!(matches!(placed, Placed::Created { .. }), "{placed:?}");
    assert_eq!((asked.load(Ordering::Relaxed), server.requests().len()), (2, 1));
}

#[tokio::test]
async fn an_order_in_doubt_stays_in_doubt_whatever_the_signer_does_next() {
    let key = PrivateKey::generate().unwrap();
    let stranger = PrivateKey::generate().unwrap();
    for wrong in [false, true] {
        let server = Scripted::playing([Step::lost()]).await;
        let (signing, stranger) = (key.clone(), stranger.clone());
        let (builder, _) = builder(&server.base_url, &key, move |number, digest| match number {
            0 => Ok(Some(signing.sign(digest))),
            _ if wrong => Ok(Some(stranger.sign(digest))),
            _ => unavailable(),
        });
        let quick = RetryPolicy::default().waits(Duration::from_millis(1), Duration::from_millis(1));
        let client = builder.retry(quick).quiet_time(Duration::from_millis(1)).build().unwrap();
        let error = client.place_deposit(&deposit()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error:?}");
        let error = client.resume_deposit(&deposit()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error:?}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_call_with_a_signer_and_a_deadline_outside_a_runtime_is_an_error_and_no_panic() {
    let key = PrivateKey::generate().unwrap();
    let (builder, asked) = builder("http://127.0.0.1:9", &key, |_, _| unavailable());
    let client = builder.build().unwrap();
    let mut call = client.balance().into_future();
    let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let std::task::Poll::Ready(Err(error)) = polled else { panic!("{polled:?}") };
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 1, "its future was made and not polled");
}
