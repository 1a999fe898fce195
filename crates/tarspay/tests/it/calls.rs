//! Calls that succeed, most of them against the sandbox, which verifies every signature.

use crate::scripted::{Scripted, Step};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tarspay::sign::{NonceSource, Parameters, PrivateKey, RequestToSign, Signature, SignaturePolicy};
use tarspay::types::{Amount, Balance, Effect, MerchantNo, Request};
use tarspay::{Client, Credentials, ErrorKind, RetryPolicy};
use tarspay_sandbox::Sandbox;
use tokio::net::{TcpListener, TcpStream};

pub(crate) fn credentials(sandbox: &Sandbox) -> Credentials {
    Credentials::new(sandbox.merchant().merchant_no().clone(), sandbox.merchant().private_key().clone())
}

pub(crate) fn client(sandbox: &Sandbox) -> Client {
    Client::builder(credentials(sandbox)).base_url(sandbox.base_url()).build().unwrap()
}

#[tokio::test]
async fn a_balance_query_is_served_from_the_gateways_state() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    assert_eq!(client.balance().await.unwrap().available_amount, Amount::from(1_000_000_u32));

    let merchant = sandbox.merchant().merchant_no();
    sandbox
        .set_balance(merchant, Amount::parse("11713783.50").unwrap(), Amount::parse("0.05").unwrap())
        .unwrap();
    let balance = client.balance().await.unwrap();
    assert_eq!(balance.available_amount.to_string(), "11713783.50");
    assert_eq!(balance.frozen_amount.to_string(), "0.05");
    assert_eq!(balance.merchant_no.as_ref(), Some(merchant));
}

#[tokio::test]
async fn what_goes_over_the_wire_is_what_was_signed() {
    let server = Scripted::with_json(
        "200 OK",
        r#"{"code":0,"msg":"SUCCESS","data":{"availableAmount":"1","frozenAmount":"0","machNo":"M1"}}"#,
    )
    .await;
    let key = PrivateKey::generate().unwrap();
    let client = Client::builder(Credentials::new("M1".parse().unwrap(), key.clone()))
        .base_url(&server.base_url)
        .nonces(Arc::new(NonceSource::with_clock(|| 1_704_180_814_988)))
        .build()
        .unwrap();
    client.balance().await.unwrap();

    let [request] = &server.requests()[..] else { panic!("one request") };
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /api/balanceInfo HTTP/1.1\r\n"), "{head}");
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.unwrap_or_else(|| panic!("no {name} in {head}")).split_once(':').unwrap().1.trim().to_owned()
    };
    assert_eq!(header("content-type"), "application/json;charset=utf-8");
    assert_eq!(header("x-api-nonce"), "1704180814988");
    assert_eq!(header("x-api-key"), key.public_key().to_string());
    assert_eq!(body, r#"{"mchNo":"M1"}"#);

    let parameters = Parameters::from_json(body.as_bytes()).unwrap();
    let received =
        RequestToSign::new("/api/balanceInfo", header("x-api-nonce").parse().unwrap(), parameters).unwrap();
    let signature = Signature::from_hex(&header("x-api-signature")).unwrap();
    received.verify(&key.public_key(), &signature, SignaturePolicy::RequireLowS).unwrap();
}

#[tokio::test]
async fn a_request_of_your_own_goes_the_same_way() {
    struct Tomorrow;
    impl Request for Tomorrow {
        type Response = Balance;

        fn path(&self) -> Cow<'_, str> {
            "/api/balanceInfo".into()
        }

        fn effect(&self) -> Effect {
            Effect::Read
        }

        fn body(
            &self,
            merchant_no: &MerchantNo,
        ) -> Result<Option<tarspay::types::Members>, tarspay::types::Error> {
            let mut members = tarspay::types::Members::new();
            members.insert("mchNo", merchant_no)?;
            members.insert("note", "a member the gateway does not know: é&=|")?;
            Ok(Some(members))
        }
    }
    impl serde::Serialize for Tomorrow {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_unit()
        }
    }
    let sandbox = Sandbox::start().await.unwrap();
    assert!(client(&sandbox).call(Tomorrow).await.is_ok());
}

#[tokio::test]
async fn every_sandbox_has_keys_of_its_own() {
    let (one, other) = (Sandbox::start().await.unwrap(), Sandbox::start().await.unwrap());
    let keys = HashSet::from([one.system_public_key(), other.system_public_key()]);
    assert_eq!(keys.len(), 2);
    let stranger = Client::builder(credentials(&one)).base_url(other.base_url()).build().unwrap();
    assert!(stranger.balance().await.is_err());
}

#[tokio::test]
async fn a_raw_call_reaches_an_endpoint_of_tomorrow_and_is_not_repeated() {
    let server = Scripted::playing([
        Step::json(r#"{"code":0,"data":[1.50,"x"]}"#),
        Step::json(r#"{"code":0}"#),
        Step::lost(),
    ])
    .await;
    let client = crate::personal::client(&server.base_url, &PrivateKey::generate().unwrap());
    let members = std::collections::BTreeMap::from([("name", "value")]);
    let data = client.call_raw("/api/tomorrow", members.clone()).await.unwrap();
    assert_eq!(data.unwrap().get(), r#"[1.50,"x"]"#);
    assert!(server.requests()[0].ends_with(r#"{"mchNo":"M1","name":"value"}"#));

    let data = client.call_raw("/api/tomorrow", members.clone()).await.unwrap();
    assert!(data.is_none(), "accepted, and nothing more");

    let error = client.call_raw("/api/tomorrow", members.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(server.paths().len(), 3, "nobody knows what a repetition would do");
    let error = client.call_raw("/x", ["not an object"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(server.paths().len(), 3, "nothing is sent");
}

#[tokio::test]
async fn a_refusal_does_not_leave_its_connection_to_the_next_call() {
    let sandbox = Sandbox::start().await.unwrap();
    let (proxy, connections) = counting_proxy(sandbox.base_url()).await;
    let client = Client::builder(credentials(&sandbox)).base_url(proxy).build().unwrap();
    client.balance().await.unwrap();
    client.balance().await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 1, "successes share a connection");
    let unknown = client.query_deposit("UNKNOWN".parse().unwrap());
    assert_eq!(unknown.retry(RetryPolicy::none()).await.unwrap_err().kind(), ErrorKind::Rejected);
    client.balance().await.unwrap();
    assert_eq!(
        connections.load(Ordering::SeqCst),
        2,
        "a second copy of the refusal cannot meet the next call"
    );
}

/// Passes bytes on, and counts the connections.
async fn counting_proxy(gateway: &str) -> (String, Arc<AtomicUsize>) {
    let gateway = gateway.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let mut gateway = TcpStream::connect(&gateway).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut gateway).await });
        }
    });
    (base_url, connections)
}
