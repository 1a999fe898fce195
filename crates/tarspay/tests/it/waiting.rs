//! Following an order: only an end ends it, and passing troubles do not.

use crate::scripted::{Scripted, Step};
use std::time::Duration;
use tarspay::sign::PrivateKey;
use tarspay::types::{ErrorCode, OrderState};
use tarspay::{Client, Credentials, Error, ErrorKind, Waited};

fn client(base_url: &str) -> Client {
    Client::builder(Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap()))
        .base_url(base_url)
        .build()
        .unwrap()
}

fn state(state: i64) -> Step {
    Step::json(&format!(r#"{{"code":0,"data":{{"payOrderId":"P1","state":{state}}}}}"#))
}

async fn follow(
    steps: impl IntoIterator<Item = Step>,
    deadline: Duration,
) -> (Result<Waited, Error>, Scripted) {
    let server = Scripted::playing(steps).await;
    let client = client(&server.base_url);
    let result = client
        .wait_for_deposit("D1".parse().unwrap())
        .intervals(Duration::from_millis(1), Duration::from_millis(1))
        .deadline(deadline)
        .await;
    (result, server)
}

const AMPLE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn pending_states_are_waited_out_and_every_end_ends() {
    for end in [2, 3, 5, 6, 8, 9] {
        let (result, server) = follow([state(0), state(1), state(1), state(end)], AMPLE).await;
        let waited = result.unwrap();
        assert!(waited.ended);
        assert_eq!(waited.order.state, OrderState::from_code(end));
        assert!(waited.unknown_states.is_empty());
        assert_eq!(server.paths(), ["/api/payInInfo"; 4]);
    }
}

#[tokio::test]
async fn an_observer_sees_the_order_after_each_query_that_found_it() {
    let server = Scripted::playing([state(0), Step::lost(), state(1), state(2)]).await;
    let (sender, seen) = std::sync::mpsc::channel();
    let wait = client(&server.base_url)
        .wait_for_deposit("D1".parse().unwrap())
        .intervals(Duration::from_millis(1), Duration::from_millis(1))
        .observe(move |order| sender.send(order.state.code()).unwrap());
    assert!(format!("{wait:?}").starts_with("Wait {"));
    assert!(wait.await.unwrap().ended);
    assert_eq!(seen.iter().collect::<Vec<_>>(), [0, 1, 2]);
}

#[tokio::test]
async fn unknown_states_never_end_it_and_are_reported_once_each() {
    let (result, _server) = follow([state(4), state(7), state(4), state(77), state(2)], AMPLE).await;
    let waited = result.unwrap();
    assert_eq!(waited.order.state, OrderState::SUCCESS);
    assert_eq!(waited.unknown_states, [4, 7, 77].map(OrderState::from_code));
}

#[tokio::test]
async fn passing_troubles_are_waited_out() {
    let busy = r#"{"code":429,"msg":"busy"}"#;
    let troubles = [
        Step::lost(),
        Step::json(r#"{"code":5003018,"msg":"query failed"}"#),
        Step::json_with("502 Bad Gateway", "<html>"),
        Step::json_with("429 Too Many Requests", busy),
        Step::json_with("500 Internal Server Error", busy),
        Step::json_with("503 Service Unavailable", r#"{"code":5003001}"#),
        Step::json(r#"{"code":77,"msg":"unknown"}"#),
        Step::json(r#"{"code":5003008,"msg":"sign error"}"#),
    ];
    let count = troubles.len() + 2;
    let (result, server) = follow([state(1)].into_iter().chain(troubles).chain([state(2)]), AMPLE).await;
    assert!(result.unwrap().ended);
    assert_eq!(server.paths().len(), count);
}

#[tokio::test]
async fn a_lasting_refusal_ends_it_once_it_is_confirmed() {
    let expired = Step::json(r#"{"code":5003006}"#);
    let (result, server) = follow([state(1), expired.clone()], AMPLE).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(ErrorCode::API_KEY_EXPIRED)));
    assert_eq!(server.paths().len(), 3);

    let steps = [expired.clone(), state(1), expired.clone(), Step::lost(), expired, state(2)];
    let (result, server) = follow(steps, AMPLE).await;
    assert!(result.unwrap().ended, "never twice in a row");
    assert_eq!(server.paths().len(), 6);
}

#[tokio::test]
async fn what_was_sent_is_not_called_not_sent() {
    let server = Scripted::playing_once([Step::lost()]).await;
    let client = client(&server.base_url);
    let wait = client.wait_for_deposit("D1".parse().unwrap());
    let wait = wait.intervals(Duration::ZERO, Duration::ZERO).deadline(Duration::from_millis(100));
    assert_eq!(wait.await.unwrap_err().kind(), ErrorKind::NoResponse);
}

#[tokio::test]
async fn intervals_have_a_floor() {
    let server = Scripted::playing([state(1)]).await;
    let client = client(&server.base_url);
    let wait = client.wait_for_deposit("D1".parse().unwrap()).intervals(Duration::ZERO, Duration::MAX);
    assert!(format!("{wait:?}").contains("first_wait: 10ms"), "{wait:?}");
    wait.deadline(Duration::from_millis(100)).await.unwrap();
    // Five at the least growth: half of 10, 20, 40 and 80 milliseconds, and a last one.
    assert!(server.paths().len() <= 6, "{}", server.paths().len());
}

#[tokio::test]
async fn a_silent_gateway_does_not_hold_it_beyond_its_deadline_nor_beyond_the_limit_of_an_attempt() {
    let server = Scripted::playing([Step::Silence]).await;
    let client = client(&server.base_url);
    let wait = client.wait_for_deposit("D1".parse().unwrap());
    // The transport alone would wait for half a minute.
    let error = wait.deadline(Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoResponse);

    let server = Scripted::playing([Step::Silence, state(2)]).await;
    let client = Client::builder(Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap()))
        .base_url(&server.base_url)
        .transport(|transport| transport.call_timeout(Duration::from_millis(300)))
        .build()
        .unwrap();
    let wait = client.wait_for_deposit("D1".parse().unwrap());
    let wait = wait.intervals(Duration::ZERO, Duration::ZERO);
    assert!(wait.deadline(Duration::MAX).await.unwrap().ended, "one stalled query is one query");
}

#[tokio::test]
async fn the_deadline_returns_what_was_seen_last() {
    let (result, _server) = follow([state(1)], Duration::from_millis(100)).await;
    let waited = result.unwrap();
    assert!(!waited.ended);
    assert_eq!(waited.order.state, OrderState::PROCESSING);

    let (result, _server) = follow([Step::lost()], Duration::from_millis(100)).await;
    assert!(result.unwrap_err().can_repeat_query(), "nothing was ever seen");
}

#[tokio::test]
async fn the_time_up_to_the_deadline_is_used_for_a_last_query() {
    let server = Scripted::playing([state(1), state(2)]).await;
    let client = client(&server.base_url);
    // The interval alone is longer than the deadline.
    let waited =
        client.wait_for_deposit("D1".parse().unwrap()).deadline(Duration::from_millis(400)).await.unwrap();
    assert!(waited.ended);
    assert_eq!(server.paths().len(), 2);
}

#[tokio::test]
async fn a_response_about_another_order_does_not_end_it() {
    let other = Step::json(r#"{"code":0,"data":{"mchOrderNo":"D2","state":2}}"#);
    let (result, server) = follow([other, state(3)], AMPLE).await;
    assert_eq!(result.unwrap().order.state, OrderState::FAILED);
    assert_eq!(server.paths().len(), 2);
}

#[tokio::test]
async fn a_withdrawal_is_followed_by_its_own_query() {
    let server = Scripted::playing([state(8)]).await;
    let waited = client(&server.base_url).wait_for_withdrawal("W1".parse().unwrap()).await.unwrap();
    assert_eq!(waited.order.state, OrderState::REJECTED);
    assert_eq!(server.paths(), ["/api/payOutInfo"]);
}

#[tokio::test]
async fn a_response_from_older_data_does_not_bring_an_earlier_state_back() {
    let (result, _server) = follow([state(1), state(0)], Duration::from_millis(100)).await;
    assert_eq!(result.unwrap().order.state, OrderState::PROCESSING);
}
