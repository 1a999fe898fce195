//! Placing an order: created once, never reported failed when it exists. One test for each way that it can go.

mod signatures;

use crate::scripted::{Scripted, Step};
use std::collections::HashSet;
use std::future::IntoFuture as _;
use std::time::Duration;
use tarspay::sign::PrivateKey;
use tarspay::types::market::{self, Rule};
use tarspay::types::{
    Amount, Currency, DepositRequest, ErrorCode, NotifyUrl, OrderState, WayCode, WithdrawRequest,
};
use tarspay::{Client, Credentials, Environment, Error, ErrorKind, Placed, Placement, RetryPolicy};

const CREATE: &str = "/api/pay/unifiedOrder";
const QUERY: &str = "/api/payInInfo";
const CREATED: &str = r#"{"code":0,"msg":"SUCCESS","data":{"payOrderId":"P1","mchOrderNo":"D1","orderState":0,"payUrl":"https://pay.example/P1"}}"#;
const FOUND: &str = r#"{"code":0,"msg":"SUCCESS","data":{"payOrderId":"P1","mchOrderNo":"D1","orderAmount":"100","state":1}}"#;
const EXISTS: &str = r#"{"code":5003011,"msg":"merchant order number exists"}"#;
const NO_SUCH_ORDER: &str = r#"{"code":5003018,"msg":"query failed"}"#;
const BALANCE_TOO_LOW: &str = r#"{"code":5004006,"msg":"balance too low"}"#;
const SYSTEM_ERROR: &str = r#"{"code":-1,"msg":"system error"}"#;

fn client(base_url: &str) -> Client {
    Client::builder(Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap()))
        .environment(Environment::custom(base_url))
        .retry(RetryPolicy::default().attempts(3).waits(Duration::from_millis(1), Duration::from_millis(2)))
        .build()
        .unwrap()
}

/// The same, but it does not wait long for an answer: for a gateway that never gives one.
fn impatient(base_url: &str) -> Client {
    Client::builder(Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap()))
        .environment(Environment::custom(base_url))
        .retry(RetryPolicy::default().attempts(3).waits(Duration::from_millis(1), Duration::from_millis(2)))
        .transport(|transport| transport.answer_head_timeout(Duration::from_millis(500)))
        .build()
        .unwrap()
}

fn deposit() -> DepositRequest {
    DepositRequest::new(
        "D1".parse().unwrap(),
        WayCode::CASHIER,
        Currency::KES,
        Amount::from(100_u32),
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    )
}

async fn place(
    steps: impl IntoIterator<Item = Step>,
) -> (Result<Placed<tarspay::types::Deposit>, Error>, Scripted) {
    let server = Scripted::playing(steps).await;
    let result = client(&server.base_url).place_deposit(&deposit()).await;
    (result, server)
}

#[track_caller]
fn assert_recovered<A: tarspay::Placeable + std::fmt::Debug>(placed: &Placed<A>) {
    assert_eq!(placed.placement, Placement::Recovered);
    assert!(placed.answer.is_none());
    assert_eq!(placed.pay_order_id().map(ToString::to_string).as_deref(), Some("P1"));
    assert_eq!(placed.state(), Some(OrderState::PROCESSING));
}

#[tokio::test]
async fn an_answered_creation_is_created() {
    let (result, server) = place([Step::json(CREATED)]).await;
    let placed = result.unwrap();
    assert_eq!(placed.placement, Placement::Created);
    assert_eq!(placed.merchant_order_no.as_str(), "D1");
    assert_eq!(placed.state(), Some(OrderState::CREATING));
    assert_eq!(placed.answer.unwrap().pay_url.as_deref(), Some("https://pay.example/P1"));
    assert_eq!(server.paths(), [CREATE]);
}

#[tokio::test]
async fn a_lost_answer_is_sent_again_under_the_same_number_with_a_new_nonce() {
    let (result, server) = place([Step::lost(), Step::json(CREATED)]).await;
    assert_eq!(result.unwrap().placement, Placement::Created);
    let requests = server.requests();
    let bodies: HashSet<_> =
        requests.iter().map(|request| request.split_once("\r\n\r\n").unwrap().1).collect();
    assert_eq!(bodies.len(), 1, "the same order");
    let nonces: HashSet<_> = requests
        .iter()
        .map(|request| request.lines().find(|line| line.to_lowercase().starts_with("x-api-nonce")).unwrap())
        .collect();
    assert_eq!(nonces.len(), 2, "each attempt is signed afresh");
}

#[tokio::test]
async fn number_exists_after_a_lost_answer_proves_the_order_and_it_is_looked_up() {
    let (result, server) = place([Step::lost(), Step::json(EXISTS), Step::json(FOUND)]).await;
    assert_recovered(&result.unwrap());
    assert_eq!(server.paths(), [CREATE, CREATE, QUERY]);
}

#[tokio::test]
async fn every_kind_of_unclear_answer_is_recovered() {
    let cut = Step::Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"code\":0".to_vec());
    let gateway_timeout = Step::json_with("504 Gateway Timeout", "<html></html>");
    for unclear in [Step::lost(), cut, gateway_timeout, Step::json("{}"), Step::json(SYSTEM_ERROR)] {
        // "System error" is looked up at once; the others are sent again first.
        let looked_up = matches!(&unclear, Step::Answer(bytes) if bytes.ends_with(SYSTEM_ERROR.as_bytes()));
        let second = if looked_up { FOUND } else { EXISTS };
        let (result, _server) = place([unclear.clone(), Step::json(second), Step::json(FOUND)]).await;
        assert_recovered(&result.unwrap_or_else(|error| panic!("{unclear:?}: {error:?}")));
    }
}

#[tokio::test]
async fn silence_is_recovered_too() {
    let server = Scripted::playing([Step::Silence, Step::json(EXISTS), Step::json(FOUND)]).await;
    assert_recovered(&impatient(&server.base_url).place_deposit(&deposit()).await.unwrap());
}

#[tokio::test]
async fn every_code_that_leaves_the_order_open_is_looked_up_at_once() {
    for code in ErrorCode::KNOWN.iter().filter(|code| code.leaves_creation_open()) {
        let refused = Step::json(&format!(r#"{{"code":{}}}"#, code.code()));
        let (result, server) = place([refused, Step::json(FOUND)]).await;
        assert_recovered(&result.unwrap_or_else(|error| panic!("{code}: {error:?}")));
        assert_eq!(server.paths(), [CREATE, QUERY], "{code}");
    }
}

#[tokio::test]
async fn success_with_the_status_of_an_error_is_not_believed() {
    for status in ["302 Found", "502 Bad Gateway", "503 Service Unavailable"] {
        for json in [r#"{"code":0}"#, r#"{"code":0,"data":{}}"#, CREATED] {
            let (result, server) = place([Step::json_with(status, json), Step::json(NO_SUCH_ORDER)]).await;
            assert_eq!(result.unwrap_err().kind(), ErrorKind::OutcomeUnknown, "{status} {json}");
            assert_eq!(server.paths()[..2], [CREATE, CREATE]);
        }
    }
}

#[tokio::test]
async fn a_creation_answered_with_another_order_is_in_doubt() {
    let other = CREATED.replace("\"D1\"", "\"D2\"");
    let (result, server) = place([Step::json(&other), Step::json(EXISTS), Step::json(FOUND)]).await;
    assert_recovered(&result.unwrap());
    assert_eq!(server.paths(), [CREATE, CREATE, QUERY]);
}

#[tokio::test]
async fn a_recovered_order_that_is_not_the_one_asked_for_says_so() {
    let in_rupees = FOUND.replace("\"state\"", "\"currency\":\"INR\",\"state\"");
    for other in [FOUND.replace("\"100\"", "\"99999\""), in_rupees] {
        let (result, _server) = place([Step::lost(), Step::json(EXISTS), Step::json(&other)]).await;
        assert!(result.unwrap().differs, "{other}");
    }
    let same = FOUND.replace("\"100\"", "\"100.00\"");
    let (result, _server) = place([Step::lost(), Step::json(EXISTS), Step::json(&same)]).await;
    assert!(!result.unwrap().differs, "amounts compare by value");
}

#[tokio::test]
async fn an_order_perhaps_sent_before_is_looked_up_even_if_todays_rules_refuse_it() {
    let server = Scripted::playing([Step::json(FOUND), Step::json(NO_SUCH_ORDER)]).await;
    let client = client(&server.base_url);
    let mut request = deposit();
    request.way_code = Some(market::kenya::way::EWALLET_MPESA);
    assert_recovered(&client.place_deposit(&request).perhaps_sent_before().await.unwrap());
    let error = client.place_deposit(&request).perhaps_sent_before().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert!(!error.violations().is_empty(), "what the rules said is kept");
    assert_eq!(server.paths(), [QUERY, QUERY], "it is not sent");
}

#[tokio::test]
async fn an_order_perhaps_sent_before_is_looked_up_even_if_no_body_can_be_made_of_it() {
    let server = Scripted::playing([Step::json(FOUND), Step::json(NO_SUCH_ORDER)]).await;
    let client = client(&server.base_url);
    let mut request = deposit();
    // As in a request that was read from the body that was sent.
    request.extra.insert("mchNo", "M1").unwrap();
    assert_eq!(client.place_deposit(&request).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_recovered(&client.place_deposit(&request).perhaps_sent_before().await.unwrap());
    let error = client.place_deposit(&request).perhaps_sent_before().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(server.paths(), [QUERY, QUERY], "it is not sent");
}

#[tokio::test]
async fn an_order_proven_to_exist_is_recovered_even_if_nobody_can_say_how_it_stands() {
    let (result, server) = place([Step::lost(), Step::json(EXISTS), Step::lost()]).await;
    let placed = result.unwrap();
    assert_eq!(placed.placement, Placement::Recovered);
    assert_eq!((placed.found.as_ref(), placed.state(), placed.pay_order_id()), (None, None, None));
    assert_eq!(server.paths(), [CREATE, CREATE, QUERY, QUERY, QUERY]);
}

#[tokio::test]
async fn code_zero_without_data_proves_the_order() {
    let (result, server) = place([Step::json(r#"{"code":0,"msg":"SUCCESS"}"#), Step::json(FOUND)]).await;
    assert_recovered(&result.unwrap());
    assert_eq!(server.paths(), [CREATE, QUERY]);
}

#[tokio::test]
async fn number_exists_on_a_first_attempt_belongs_to_another_order() {
    let (result, server) = place([Step::json(EXISTS)]).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(ErrorCode::ORDER_NUMBER_EXISTS)));
    assert_eq!(server.paths(), [CREATE]);
}

#[tokio::test]
async fn an_order_perhaps_sent_before_is_found_again() {
    let server = Scripted::playing([Step::json(EXISTS), Step::json(FOUND)]).await;
    let placed = client(&server.base_url).place_deposit(&deposit()).perhaps_sent_before().await.unwrap();
    assert_recovered(&placed);
}

#[tokio::test]
async fn a_clear_refusal_is_final_and_not_repeated() {
    let (result, server) = place([Step::json(BALANCE_TOO_LOW)]).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(ErrorCode::BALANCE_TOO_LOW)));
    assert_eq!(server.paths(), [CREATE]);
}

#[tokio::test]
async fn a_refusal_of_a_later_attempt_proves_nothing_and_the_order_is_looked_up() {
    let (result, server) = place([Step::lost(), Step::json(BALANCE_TOO_LOW), Step::json(FOUND)]).await;
    assert_recovered(&result.unwrap());
    assert_eq!(server.paths(), [CREATE, CREATE, QUERY]);
}

#[tokio::test]
async fn in_doubt_to_the_end_is_an_unknown_outcome_and_never_a_failure() {
    let refused = Step::json(BALANCE_TOO_LOW);
    let missing = Step::json(NO_SUCH_ORDER);
    let steps = [Step::lost(), refused.clone(), missing.clone(), refused, missing];
    let (result, server) = place(steps).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("5004006"), "what the gateway said last is kept: {cause}");
    assert_eq!(error.code(), Some(ErrorCode::BALANCE_TOO_LOW));
    assert_eq!(server.paths(), [CREATE, CREATE, QUERY, CREATE, QUERY]);

    let (result, server) = place([Step::lost()]).await;
    assert_eq!(result.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(server.paths(), [CREATE, CREATE, CREATE, QUERY]);
}

#[tokio::test]
async fn an_answer_about_another_order_is_not_this_one() {
    let other = FOUND.replace("\"D1\"", "\"D2\"");
    let (result, _server) = place([Step::lost(), Step::json(EXISTS), Step::json(&other)]).await;
    let placed = result.unwrap();
    assert_eq!((placed.placement, placed.found), (Placement::Recovered, None));
}

#[tokio::test]
async fn what_was_never_sent_is_not_in_doubt() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let base_url = format!("http://{}", socket.local_addr().unwrap());
    let error = client(&base_url).place_deposit(&deposit()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSent);
    let in_doubt = client(&base_url).place_deposit(&deposit()).perhaps_sent_before().await.unwrap_err();
    assert_eq!(in_doubt.kind(), ErrorKind::OutcomeUnknown, "it may have been sent before");
}

#[tokio::test]
async fn the_deadline_ends_the_placing_in_doubt_or_not_sent() {
    let server = Scripted::playing([Step::Silence]).await;
    let client = client(&server.base_url);
    let error = client.place_deposit(&deposit()).deadline(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    let error = client.place_deposit(&deposit()).deadline(Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSent);
    assert_eq!(server.paths(), [CREATE], "no attempt is begun without time for it");
}

#[tokio::test]
async fn an_empty_retry_budget_stops_the_repetition() {
    let server = Scripted::playing([Step::lost()]).await;
    let client = Client::builder(Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap()))
        .environment(Environment::custom(&server.base_url))
        .retry(RetryPolicy::default().attempts(10).waits(Duration::ZERO, Duration::ZERO))
        .retry_budget(2)
        .build()
        .unwrap();
    assert!(client.place_deposit(&deposit()).await.is_err());
    assert_eq!(server.paths(), [CREATE, CREATE, CREATE, QUERY]);
    assert!(client.place_deposit(&deposit()).await.is_err());
    assert_eq!(server.paths().len(), 6, "one attempt and one look");
}

#[tokio::test]
async fn the_rules_of_the_market_refuse_before_anything_is_sent_and_all_at_once() {
    let server = Scripted::playing([Step::json(CREATED)]).await;
    let client = client(&server.base_url);
    let mut request = deposit();
    request.way_code = Some(market::kenya::way::EWALLET_MPESA);
    request.currency = Some(Currency::EGP);
    let error = client.place_deposit(&request).market(&market::kenya::MARKET).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let broken: Vec<_> =
        error.violations().iter().map(|violation| (violation.field(), violation.rule())).collect();
    assert!(broken.contains(&("customerContact", Rule::Missing)), "{broken:?}");
    assert!(broken.contains(&("currency", Rule::OtherCurrency)), "{broken:?}");
    assert!(server.paths().is_empty());
}

#[tokio::test]
async fn limits_warn_unless_they_are_enforced() {
    let server = Scripted::playing([Step::json(CREATED)]).await;
    let client = client(&server.base_url);
    let mut request = deposit();
    request.amount = Some(Amount::from(20_u32));
    let placed = client.place_deposit(&request).await.unwrap();
    assert!(placed.warnings.warnings().any(|violation| violation.rule() == Rule::BelowMinimum));

    let error = client.place_deposit(&request).enforce_limits().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.violations().iter().any(|violation| violation.rule() == Rule::BelowMinimum));
    assert_eq!(server.paths().len(), 1);
}

#[tokio::test]
async fn another_market_can_be_named() {
    let server = Scripted::playing([Step::json(CREATED)]).await;
    let client = client(&server.base_url);
    let error = client.place_deposit(&deposit()).market(&market::egypt::MARKET).await.unwrap_err();
    assert!(error.violations().iter().any(|violation| violation.rule() == Rule::OtherCurrency));
}

#[tokio::test]
async fn a_currency_that_no_market_has_is_warned_about_and_sent() {
    let server = Scripted::playing([Step::json(CREATED)]).await;
    let mut request = deposit();
    request.currency = Some("BRL".parse().unwrap());
    let placed = client(&server.base_url).place_deposit(&request).await.unwrap();
    let warnings = placed.warnings.to_string();
    assert!(warnings.contains("Brazil's is `BRA`"), "{warnings}");
}

#[tokio::test]
async fn a_withdraw_goes_the_same_way() {
    let server = Scripted::playing([
        Step::lost(),
        Step::json(EXISTS),
        Step::json(r#"{"code":0,"data":{"payOrderId":"P1","mchOrderNo":"W1","state":1}}"#),
    ])
    .await;
    let request = WithdrawRequest::new(
        "W1".parse().unwrap(),
        market::kenya::way::EWALLET_MPESA,
        Currency::KES,
        Amount::from(100_u32),
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    )
    .customer_contact("254115555076");
    let placed = client(&server.base_url).place_withdraw(&request).await.unwrap();
    assert_recovered(&placed);
    assert_eq!(server.paths(), ["/api/payOut/unifiedOrder", "/api/payOut/unifiedOrder", "/api/payOutInfo"]);
}

#[tokio::test]
async fn a_dropped_placing_can_be_taken_up_again() {
    let server = Scripted::playing([Step::Silence, Step::json(EXISTS), Step::json(FOUND)]).await;
    let client = client(&server.base_url);
    let request = deposit();
    tokio::select! {
        result = client.place_deposit(&request).into_future() => panic!("nobody answers: {result:?}"),
        () = server.arrival() => {}
    }
    assert_recovered(&client.place_deposit(&request).perhaps_sent_before().await.unwrap());
}

#[tokio::test]
async fn a_raw_call_reaches_an_endpoint_of_tomorrow_and_is_not_repeated() {
    let server = Scripted::playing([
        Step::json(r#"{"code":0,"data":[1.50,"x"]}"#),
        Step::json(r#"{"code":0}"#),
        Step::lost(),
    ])
    .await;
    let client = client(&server.base_url);
    let members = std::collections::BTreeMap::from([("name", "value")]);
    let answer = client.call_raw("/api/tomorrow", &members).unwrap().await.unwrap();
    assert_eq!(answer.unwrap().get(), r#"[1.50,"x"]"#);
    assert!(server.requests()[0].ends_with(r#"{"mchNo":"M1","name":"value"}"#));

    let answer = client.call_raw("/api/tomorrow", &members).unwrap().await.unwrap();
    assert!(answer.is_none(), "accepted, and nothing more");

    let error = client.call_raw("/api/tomorrow", &members).unwrap().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(server.paths().len(), 3, "nobody knows what a repetition would do");
    assert_eq!(client.call_raw("/x", &["not an object"]).unwrap_err().kind(), ErrorKind::Invalid);
}
