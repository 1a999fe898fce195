//! The scripted gateway, and what it makes exact: waits by a seed and a paused clock.

use crate::personal;
use std::error::Error as _;
use std::hash::{DefaultHasher, Hasher as _};
use std::iter;
use std::time::Duration;
use tarspay::sign::PrivateKey;
use tarspay::testing::{ScriptedGateway, Step};
use tarspay::types::ErrorCode;
use tarspay::{Client, ClientBuilder, Credentials, Error, ErrorKind, RetryPolicy};
use tokio::time::Instant;

const BALANCE: &str = r#"{"availableAmount":"12.50","frozenAmount":"0"}"#;

fn builder(gateway: &ScriptedGateway) -> ClientBuilder {
    Client::builder(Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap()))
        .base_url(gateway.base_url())
        .connector(gateway.connector())
}

fn chain(error: &Error) -> String {
    let texts = iter::successors(error.source(), |&error| error.source()).map(ToString::to_string);
    texts.collect::<Vec<_>>().join(": ")
}

#[tokio::test(start_paused = true)]
async fn every_step_has_the_outcome_of_a_real_gateway() {
    use ErrorKind::{NoResponse, NotSent, OutcomeUnknown, Rejected};
    // The members of any object are enough for a creation.
    let success = || Step::success(BALANCE);
    // A step, how a query ends, how the creation of an order ends, and whether the request was read.
    for (step, query, creation, read) in [
        (success(), None, None, true),
        (success().cut(usize::MAX), None, None, true),
        (success().after(Duration::from_secs(29)), None, None, true),
        (success().after(Duration::from_secs(31)), Some(NoResponse), Some(OutcomeUnknown), true),
        (success().cut(0), Some(NoResponse), Some(OutcomeUnknown), true),
        (success().cut(12), Some(NoResponse), Some(OutcomeUnknown), true),
        (success().cut(110), Some(NoResponse), Some(OutcomeUnknown), true),
        (Step::refusal(ErrorCode::BALANCE_TOO_LOW), Some(Rejected), Some(Rejected), true),
        (Step::json(502, "<html>"), Some(NoResponse), Some(OutcomeUnknown), true),
        (Step::bytes("SSH-2.0-x\r\n\r\n"), Some(NoResponse), Some(OutcomeUnknown), true),
        (Step::lost(), Some(NoResponse), Some(OutcomeUnknown), true),
        (Step::silence(), Some(NoResponse), Some(OutcomeUnknown), true),
        (Step::refused_connection(), Some(NotSent), Some(NotSent), false),
        (Step::refused_connection().after(Duration::from_secs(11)), Some(NotSent), Some(NotSent), false),
        (Step::closed_connection(), Some(NotSent), Some(NotSent), false),
        (
            Step::closed_connection().after(Duration::from_secs(1)),
            Some(NoResponse),
            Some(OutcomeUnknown),
            false,
        ),
    ] {
        let gateway = ScriptedGateway::new([step.clone(), step.clone()]);
        let client = builder(&gateway).retry(RetryPolicy::none()).build().unwrap();
        let ended = client.balance().await.map_err(|error| error.kind());
        assert_eq!(ended.err(), query, "{step:?}");
        let ended = client.call(personal::deposit()).await.map_err(|error| error.kind());
        assert_eq!(ended.err(), creation, "{step:?}");
        let paths: &[&str] = if read { &["/api/balanceInfo", "/api/pay/unifiedOrder"] } else { &[] };
        assert_eq!(gateway.paths(), paths, "{step:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_script_that_has_ended_and_a_missing_base_url_say_so() {
    let gateway = ScriptedGateway::new([]);
    let error = builder(&gateway).build().unwrap().balance().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSent);
    assert!(chain(&error).contains("the script of the gateway has ended"), "{}", chain(&error));

    let error = builder(&gateway).base_url("https://payment.tarspay.com").build();
    // Without any root certificate it is refused earlier.
    if let Ok(client) = error {
        let error = client.balance().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSent);
        assert!(chain(&error).contains(".base_url(gateway.base_url())"), "{}", chain(&error));
    }
}

#[tokio::test(start_paused = true)]
async fn requests_are_kept_as_they_came_and_debug_shows_their_paths() {
    // Larger than what a stream holds at once.
    let large = format!(r#"{{"availableAmount":"1","frozenAmount":"0","x":"{}"}}"#, "x".repeat(200_000));
    let gateway = ScriptedGateway::new(iter::repeat(Step::success(&large)));
    let client = builder(&gateway).build().unwrap();
    for call in 1..=3 {
        assert_eq!(client.balance().await.unwrap().available_amount.to_string(), "1", "call {call}");
    }
    let requests = gateway.requests();
    let request = requests.last().unwrap();
    assert_eq!(
        (requests.len(), request.path(), request.body()),
        (3, "/api/balanceInfo", r#"{"mchNo":"M1"}"#)
    );
    let nonce: u64 = request.header("x-api-nonce").unwrap().parse().unwrap();
    assert_eq!(request.header("X-API-Nonce").unwrap(), nonce.to_string());
    assert_eq!(request.header("Host"), Some("localhost"));
    assert_eq!(request.header("x-other"), None);

    let shown = format!("{gateway:?} {request:?} {:?}", Step::success("secret"));
    assert!(shown.contains("/api/balanceInfo"), "{shown}");
    assert!(!shown.contains("M1") && !shown.contains("secret"), "{shown}");
}

/// How long four attempts take that get no response.
async fn time_of_retries(random: impl FnMut() -> u64 + Send + 'static) -> Duration {
    let gateway = ScriptedGateway::new(iter::repeat(Step::lost()));
    let client = builder(&gateway).random(random).build().unwrap();
    let begun = Instant::now();
    client.balance().await.unwrap_err();
    assert_eq!(gateway.paths().len(), 4);
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn the_waits_follow_the_random_source() {
    let seeded = |seed: u64| {
        let mut state = DefaultHasher::new();
        state.write_u64(seed);
        time_of_retries(move || {
            state.write_u8(0);
            state.finish()
        })
    };
    assert_eq!(seeded(7).await, seeded(7).await);
    assert_ne!(seeded(7).await, seeded(8).await);
    // Half of 200, 400 and 800 milliseconds. The clock has a resolution of one.
    let shortest = time_of_retries(|| 0).await;
    assert!((700..=703).contains(&shortest.as_millis()), "{shortest:?}");
}
