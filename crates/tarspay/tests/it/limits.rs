//! The limit on attempts in flight.

use crate::calls::credentials;
use crate::scripted::{Scripted, Step};
use std::collections::BTreeMap;
use std::future::IntoFuture as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tarspay::sign::{Digest, PrivateKey};
use tarspay::types::Amount;
use tarspay::{Client, Credentials, ErrorKind, Placed, RetryPolicy, Signer, Signing};
use tarspay_sandbox::Sandbox;
use tokio::task::yield_now;

/// Signs after a few turns of the runtime, and keeps the most signatures that were under way at once.
struct Slow {
    key: PrivateKey,
    now: AtomicUsize,
    most: Arc<AtomicUsize>,
}

impl Signer for Slow {
    fn sign<'a>(&'a self, digest: &'a Digest) -> Signing<'a> {
        Box::pin(async move {
            let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(now, Ordering::Relaxed);
            for _ in 0..20 {
                yield_now().await;
            }
            self.now.fetch_sub(1, Ordering::Relaxed);
            Ok(self.key.sign(digest))
        })
    }
}

#[tokio::test]
async fn no_more_attempts_are_in_flight_than_allowed_and_all_come_to_their_end() {
    let sandbox = Sandbox::start().await.unwrap();
    for (limit, expected) in [(Some(3), 3), (Some(1), 1), (Some(usize::MAX), 12), (None, 12)] {
        let most = Arc::new(AtomicUsize::new(0));
        let key = sandbox.merchant().private_key().clone();
        let public_key = key.public_key();
        let signer = Slow { key, now: AtomicUsize::new(0), most: Arc::clone(&most) };
        let number = sandbox.merchant().merchant_no().clone();
        let mut builder = Client::builder(Credentials::with_signer(number, public_key, signer))
            .base_url(sandbox.base_url());
        if let Some(limit) = limit {
            builder = builder.max_in_flight(limit);
        }
        let client = builder.build().unwrap();
        let calls: Vec<_> = (0..12).map(|_| tokio::spawn(client.balance().into_future())).collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap().available_amount, Amount::from(1_000_000_u32));
        }
        assert_eq!(most.load(Ordering::Relaxed), expected, "{limit:?}");
    }
}

/// Members for a raw call.
fn nothing() -> BTreeMap<String, String> {
    BTreeMap::new()
}

#[tokio::test]
async fn those_that_wait_go_in_the_order_in_which_they_came() {
    let server = Scripted::with_json("200 OK", r#"{"code":0}"#).await;
    let credentials = Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap());
    let client = Client::builder(credentials).base_url(&server.base_url).max_in_flight(1).build().unwrap();
    let ended = Mutex::new(Vec::new());
    let call = async |path: &'static str| {
        client.call_raw(path, nothing()).await.unwrap();
        ended.lock().unwrap().push(path);
    };
    tokio::join!(biased; call("/1"), call("/2"), call("/3"), call("/4"), call("/5"));
    assert_eq!(server.paths(), ["/1", "/2", "/3", "/4", "/5"]);
    assert_eq!(*ended.lock().unwrap(), ["/1", "/2", "/3", "/4", "/5"]);
}

#[tokio::test]
async fn a_deadline_that_passes_while_waiting_means_not_sent_and_frees_the_place_in_the_queue() {
    let server = Scripted::playing([Step::Silence, Step::json(r#"{"code":0}"#)]).await;
    let credentials = Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap());
    let client = Client::builder(credentials)
        .base_url(&server.base_url)
        .max_in_flight(1)
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let first = tokio::spawn(client.call_raw("/first", nothing()).into_future());
    server.arrival().await;

    let deadline = Duration::from_millis(20);
    let order = crate::personal::deposit();
    for error in [
        client.balance().deadline(deadline).await.unwrap_err(),
        client.place_deposit(&order).deadline(deadline).await.unwrap_err(),
        client.wait_for_deposit("D1".parse().unwrap()).deadline(deadline).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotSent, "{error:?}");
        assert!(error.to_string().contains("waited for its turn (max_in_flight)"), "{error}");
    }
    let waits = tokio::spawn(client.call_raw("/second", nothing()).into_future());
    first.abort();
    waits.await.unwrap().unwrap();
    assert_eq!(server.paths(), ["/first", "/second"]);
}

#[tokio::test]
async fn a_placing_holds_its_place_only_while_something_is_in_flight() {
    let sandbox = Sandbox::start().await.unwrap();
    let client =
        Client::builder(credentials(&sandbox)).base_url(sandbox.base_url()).max_in_flight(1).build().unwrap();
    let mut order = crate::personal::deposit();
    order.currency = tarspay::types::Currency::INR;
    // The second placing, the look-ups of both and a query share the one place.
    let (one, other, balance) =
        tokio::join!(client.place_deposit(&order), client.place_deposit(&order), client.balance());
    assert!(matches!(one.unwrap(), Placed::Created { .. }));
    assert!(matches!(other.unwrap(), Placed::AlreadyExisted { .. }));
    balance.unwrap();
}

#[test]
fn a_limit_of_0_is_refused() {
    let credentials = Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap());
    let error = Client::builder(credentials).max_in_flight(0).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("set at least 1"), "{error}");
}
