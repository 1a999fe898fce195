//! Placing an order: created once, never reported failed when it exists. One test for each way that
//! it can go; every sequence of faults is played in memory, in `src/place/enumeration.rs`.

mod signatures;

use crate::scripted::{Scripted, Step};
use std::collections::HashSet;
use std::future::IntoFuture as _;
use std::time::Duration;
use tarspay::sign::PrivateKey;
use tarspay::types::market::{self, Rule};
use tarspay::types::{
    Amount, Currency, Deposit, DepositRequest, ErrorCode, NotifyUrl, OrderState, WayCode, WithdrawalRequest,
};
use tarspay::{Client, ClientBuilder, Credentials, Error, ErrorKind, Matches, Placed, RetryPolicy};

const CREATE: &str = "/api/pay/unifiedOrder";
const QUERY: &str = "/api/payInInfo";
const WITHDRAWAL: &str = "/api/payOut/unifiedOrder";
const QUERY_WITHDRAWAL: &str = "/api/payOutInfo";
const CREATED: &str = r#"{"code":0,"msg":"SUCCESS","data":{"payOrderId":"P1","mchOrderNo":"D1","orderState":0,"amount":"100","currency":"KES","payUrl":"https://pay.example/P1"}}"#;
const FOUND: &str = r#"{"code":0,"msg":"SUCCESS","data":{"payOrderId":"P1","mchOrderNo":"D1","orderAmount":"100","currency":"KES","state":1}}"#;
const EXISTS: &str = r#"{"code":5003011,"msg":"merchant order number exists"}"#;
const NO_SUCH_ORDER: &str = r#"{"code":5003018,"msg":"query failed"}"#;
const BALANCE_TOO_LOW: &str = r#"{"code":5004006,"msg":"balance too low"}"#;
const SYSTEM_ERROR: &str = r#"{"code":-1,"msg":"system error"}"#;

fn builder(base_url: &str) -> ClientBuilder {
    Client::builder(Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap()))
        .base_url(base_url)
        .retry(RetryPolicy::default().attempts(3).waits(Duration::from_millis(1), Duration::from_millis(2)))
        .quiet_time(Duration::from_millis(200))
}

fn client(base_url: &str) -> Client {
    builder(base_url).build().unwrap()
}

/// For a gateway that never responds.
fn impatient(base_url: &str) -> Client {
    let timeout = Duration::from_millis(500);
    builder(base_url).transport(move |transport| transport.response_head_timeout(timeout)).build().unwrap()
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

fn withdrawal() -> WithdrawalRequest {
    WithdrawalRequest::new(
        "W1".parse().unwrap(),
        market::kenya::way::EWALLET_MPESA,
        Currency::KES,
        Amount::from(100_u32),
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    )
    .customer_contact("254115555076")
}

fn code(code: ErrorCode) -> Step {
    Step::json(&format!(r#"{{"code":{}}}"#, code.code()))
}

async fn place(steps: impl IntoIterator<Item = Step>) -> (Result<Placed<Deposit>, Error>, Scripted) {
    let server = Scripted::playing(steps).await;
    let result = client(&server.base_url).place_deposit(&deposit()).await;
    (result, server)
}

#[track_caller]
fn assert_recovered<A: tarspay::Placeable + std::fmt::Debug>(placed: &Placed<A>) {
    assert!(matches!(placed, Placed::Recovered { .. }), "{placed:?}");
    assert_eq!(placed.pay_order_id().map(ToString::to_string).as_deref(), Some("P1"));
    assert_eq!(placed.state(), Some(OrderState::PROCESSING));
}

#[track_caller]
fn assert_refused<A: std::fmt::Debug>(result: Result<A, Error>, kind: ErrorKind, code: ErrorCode) {
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.code()), (kind, Some(code)), "{error:?}");
}

#[tokio::test]
async fn a_creation_with_a_response_is_created() {
    let (result, server) = place([Step::json(CREATED)]).await;
    let placed = result.unwrap();
    assert!(matches!(placed, Placed::Created { .. }));
    assert_eq!(placed.state(), Some(OrderState::CREATING));
    assert_eq!(placed.pay_url(), Some("https://pay.example/P1"));
    assert_eq!(placed.matches(), Matches::Yes);
    assert_eq!(server.paths(), [CREATE]);
}

#[tokio::test]
async fn a_lost_response_is_looked_up_and_sent_again_under_the_same_number_with_a_new_nonce() {
    let (result, server) = place([Step::lost(), Step::json(NO_SUCH_ORDER), Step::json(CREATED)]).await;
    assert!(matches!(result.unwrap(), Placed::Created { .. }));
    assert_eq!(server.paths(), [CREATE, QUERY, CREATE]);
    let requests = server.requests();
    let bodies: HashSet<_> =
        [0, 2].map(|at: usize| requests[at].split_once("\r\n\r\n").unwrap().1).into_iter().collect();
    assert_eq!(bodies.len(), 1, "the same order");
    let nonces: HashSet<_> = requests
        .iter()
        .map(|request| request.lines().find(|line| line.to_lowercase().starts_with("x-api-nonce")).unwrap())
        .collect();
    assert_eq!(nonces.len(), 3, "each attempt is signed afresh");
}

#[tokio::test]
async fn number_exists_after_a_lost_response_is_looked_up() {
    let steps = [Step::lost(), Step::json(NO_SUCH_ORDER), Step::json(EXISTS), Step::json(FOUND)];
    let (result, server) = place(steps).await;
    assert_recovered(&result.unwrap());
    assert_eq!(server.paths(), [CREATE, QUERY, CREATE, QUERY]);
}

#[tokio::test]
async fn every_kind_of_unclear_response_is_recovered() {
    let cut = Step::Response(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"code\":0".to_vec());
    let gateway_timeout = Step::json_with("504 Gateway Timeout", "<html></html>");
    let empty = Step::json(r#"{"code":0,"msg":"SUCCESS"}"#);
    for unclear in [Step::lost(), cut, gateway_timeout, Step::json("{}"), Step::json(SYSTEM_ERROR), empty] {
        let (result, server) = place([unclear.clone(), Step::json(FOUND)]).await;
        assert_recovered(&result.unwrap_or_else(|error| panic!("{unclear:?}: {error:?}")));
        assert_eq!(server.paths(), [CREATE, QUERY]);
    }
}

#[tokio::test]
async fn silence_is_recovered_too() {
    let server = Scripted::playing([Step::Silence, Step::json(FOUND)]).await;
    assert_recovered(&impatient(&server.base_url).place_deposit(&deposit()).await.unwrap());
}

#[tokio::test]
async fn every_code_that_an_existing_order_can_cause_is_looked_up() {
    for of_history in ErrorCode::KNOWN.iter().filter(|code| code.depends_on_history()) {
        let (result, server) = place([code(*of_history), Step::json(FOUND)]).await;
        let placed = result.unwrap_or_else(|error| panic!("{of_history}: {error:?}"));
        assert_eq!(placed.pay_order_id().map(ToString::to_string).as_deref(), Some("P1"));
        // After trouble or a used nonce, our own attempt has made it. Otherwise another process
        // has.
        let access = *of_history == ErrorCode::SIGNATURE_ERROR || of_history.refuses_access();
        let recovered = of_history.is_temporary() || access;
        assert_eq!(matches!(placed, Placed::Recovered { .. }), recovered, "{of_history}");
        assert_eq!(matches!(placed, Placed::AlreadyExisted { .. }), !recovered, "{of_history}");
        assert_eq!(server.paths(), [CREATE, QUERY], "{of_history}");
    }
    let unknown = Step::json(r#"{"code":5003019}"#);
    let (result, _server) = place([unknown, Step::json(FOUND)]).await;
    assert!(matches!(result.unwrap(), Placed::AlreadyExisted { .. }));
}

#[tokio::test]
async fn a_code_about_the_request_itself_is_final_and_not_repeated() {
    let of_the_request = |code: &&ErrorCode| !code.is_success() && !code.depends_on_history();
    for refused in ErrorCode::KNOWN.iter().filter(of_the_request) {
        let (result, server) = place([code(*refused)]).await;
        assert_refused(result, ErrorKind::Rejected, *refused);
        assert_eq!(server.paths(), [CREATE]);
    }
}

#[tokio::test]
async fn a_final_code_under_the_status_of_a_broken_server_is_not_believed() {
    let refused = r#"{"code":5003001,"msg":"parameter missing"}"#;
    for status in ["429 Too Many Requests", "500 Internal Server Error", "504 Gateway Timeout"] {
        let (result, server) = place([Step::json_with(status, refused), Step::json(FOUND)]).await;
        assert_recovered(&result.unwrap());
        assert_eq!(server.paths(), [CREATE, QUERY]);
    }
    let (result, server) = place([Step::json_with("400 Bad Request", refused)]).await;
    assert_refused(result, ErrorKind::Rejected, ErrorCode::PARAMETER_MISSING);
    assert_eq!(server.paths(), [CREATE]);
}

#[tokio::test]
async fn success_with_the_status_of_an_error_is_not_believed() {
    for status in ["302 Found", "502 Bad Gateway", "503 Service Unavailable"] {
        for json in [r#"{"code":0}"#, r#"{"code":0,"data":{}}"#, CREATED] {
            let steps = [Step::json_with(status, json), Step::json(NO_SUCH_ORDER)];
            let (result, server) = place(steps.iter().cycle().take(20).cloned()).await;
            assert_eq!(result.unwrap_err().kind(), ErrorKind::OutcomeUnknown, "{status} {json}");
            assert_eq!(server.paths()[..4], [CREATE, QUERY, CREATE, QUERY]);
        }
    }
}

#[tokio::test]
async fn a_creation_whose_response_names_another_order_is_in_doubt() {
    let other = CREATED.replace("\"D1\"", "\"D2\"");
    let (result, server) = place([Step::json(&other), Step::json(FOUND)]).await;
    assert_recovered(&result.unwrap());
    assert_eq!(server.paths(), [CREATE, QUERY]);
}

#[tokio::test]
async fn a_creation_that_names_no_order_is_created_only_if_the_look_up_finds_the_same_one() {
    let unnamed = CREATED.replace(r#""mchOrderNo":"D1","#, "");
    let (result, server) = place([Step::json(&unnamed), Step::json(FOUND)]).await;
    assert_eq!(result.unwrap().pay_url(), Some("https://pay.example/P1"));
    assert_eq!(server.paths(), [CREATE, QUERY]);

    let of_another = unnamed.replace("P1", "P2");
    let (result, _server) = place([Step::json(&of_another), Step::json(FOUND)]).await;
    let placed = result.unwrap();
    assert_recovered(&placed);
    assert_eq!(placed.pay_url(), None, "no payer is sent to the page of another order");

    let (result, _server) = place([Step::json(&unnamed), Step::json(NO_SUCH_ORDER)]).await;
    let _ = result.unwrap_err();
}

#[tokio::test]
async fn a_creation_with_another_amount_or_currency_is_looked_up_and_says_so() {
    let dearer = CREATED.replace(r#""amount":"100""#, r#""amount":"900""#);
    let in_rupees = CREATED.replace("KES", "INR");
    for odd in [&dearer, &in_rupees] {
        let (result, server) = place([Step::json(odd), Step::json(FOUND)]).await;
        let placed = result.unwrap();
        // The query finds it as asked for, but the payment page may ask for the other amount.
        assert_eq!((placed.pay_url(), placed.matches()), (Some("https://pay.example/P1"), Matches::No));
        assert_eq!(server.paths(), [CREATE, QUERY]);
    }
    let found = FOUND.replace(r#""orderAmount":"100""#, r#""orderAmount":"900""#);
    let (result, _server) = place([Step::json(&dearer), Step::json(&found)]).await;
    assert_eq!(result.unwrap().matches(), Matches::No);
    let (result, _server) = place([Step::json(&dearer), Step::lost()]).await;
    assert_eq!(result.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
}

#[tokio::test]
async fn whether_a_found_order_matches_is_said_as_far_as_it_can_be_told() {
    let amount = |text: &str| FOUND.replace("\"100\"", text);
    for (found, matches) in [
        (FOUND.to_owned(), Matches::Yes),
        (amount("\"100.00\""), Matches::Yes),
        (amount("100"), Matches::Yes),
        (FOUND.replace("KES", "kes"), Matches::Yes),
        (amount("\"99999\""), Matches::No),
        (FOUND.replace("KES", "INR"), Matches::No),
        (amount("\"99999\"").replace(r#""currency":"KES","#, ""), Matches::No),
        (amount("\"1,600.00\""), Matches::Unknown),
        (amount("null"), Matches::Unknown),
        (FOUND.replace(r#""currency":"KES","#, ""), Matches::Unknown),
    ] {
        let (result, _server) = place([Step::lost(), Step::json(&found)]).await;
        assert_eq!(result.unwrap().matches(), matches, "{found}");
    }
}

#[tokio::test]
async fn an_order_that_is_resumed_is_looked_up_even_if_todays_rules_refuse_it() {
    let server = Scripted::playing([Step::json(FOUND), Step::json(NO_SUCH_ORDER)]).await;
    let client = client(&server.base_url);
    let mut request = deposit();
    request.way_code = market::kenya::way::EWALLET_MPESA;
    assert_recovered(&client.resume_deposit(&request).await.unwrap());
    let error = client.resume_deposit(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert!(error.violations().next().is_some(), "what the rules said is kept");
    assert_eq!(server.paths(), [QUERY, QUERY, QUERY], "it is not sent");
}

#[tokio::test]
async fn an_order_that_is_resumed_is_looked_up_even_if_no_body_can_be_made_of_it() {
    let server = Scripted::playing([Step::json(FOUND), Step::json(NO_SUCH_ORDER)]).await;
    let client = client(&server.base_url);
    let mut request = deposit();
    // As in a request that was read from the body that was sent.
    request.extra.insert("mchNo", "M1").unwrap();
    assert_eq!(client.place_deposit(&request).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_recovered(&client.resume_deposit(&request).await.unwrap());
    let error = client.resume_deposit(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(server.paths(), [QUERY, QUERY, QUERY], "it is not sent");
}

#[tokio::test]
async fn an_order_that_is_resumed_is_sent_only_if_it_is_not_found() {
    let server = Scripted::playing([Step::json(FOUND)]).await;
    assert_recovered(&client(&server.base_url).resume_deposit(&deposit()).await.unwrap());
    assert_eq!(server.paths(), [QUERY]);

    let server = Scripted::playing([Step::json(NO_SUCH_ORDER), Step::json(CREATED)]).await;
    let placed = client(&server.base_url).resume_deposit(&deposit()).await.unwrap();
    assert!(matches!(placed, Placed::Created { .. }));
    assert_eq!(server.paths(), [QUERY, CREATE]);

    // The refusal of the request says nothing of the one that may have been sent before; the
    // look-up does.
    let server =
        Scripted::playing([Step::json(NO_SUCH_ORDER), code(ErrorCode::WAY_CODE_WRONG), Step::json(FOUND)])
            .await;
    assert_recovered(&client(&server.base_url).resume_deposit(&deposit()).await.unwrap());
    assert_eq!(server.paths(), [QUERY, CREATE, QUERY]);
}

#[tokio::test]
async fn a_number_that_exists_but_cannot_be_looked_up_is_in_doubt() {
    let (result, server) = place([Step::json(EXISTS), Step::lost()]).await;
    assert_refused(result, ErrorKind::OutcomeUnknown, ErrorCode::ORDER_NUMBER_EXISTS);
    assert_eq!(server.paths(), [CREATE, QUERY, QUERY, QUERY]);
}

#[tokio::test]
async fn number_exists_on_a_first_attempt_is_an_order_and_not_an_error() {
    let (result, server) = place([Step::json(EXISTS), Step::json(FOUND)]).await;
    let placed = result.unwrap();
    assert!(matches!(placed, Placed::AlreadyExisted { .. }), "{placed:?}");
    assert_eq!((placed.matches(), placed.pay_url()), (Matches::Yes, None));
    assert_eq!(server.paths(), [CREATE, QUERY]);
}

#[tokio::test]
async fn a_refusal_that_an_order_can_cause_is_final_once_the_order_is_not_found_after_the_quiet_time() {
    for (refused, wanted) in
        [(EXISTS, ErrorCode::ORDER_NUMBER_EXISTS), (BALANCE_TOO_LOW, ErrorCode::BALANCE_TOO_LOW)]
    {
        let (result, server) = place([Step::json(refused), Step::json(NO_SUCH_ORDER)]).await;
        assert_refused(result, ErrorKind::Rejected, wanted);
        assert_eq!(server.paths(), [CREATE, QUERY, QUERY], "at once, and after the quiet time");
    }
}

#[tokio::test]
async fn no_such_order_is_not_believed_before_the_quiet_time_has_passed() {
    let hour = Duration::from_secs(3_600);
    let server = Scripted::playing([Step::json(BALANCE_TOO_LOW), Step::json(NO_SUCH_ORDER)]).await;
    let client = builder(&server.base_url).quiet_time(hour).build().unwrap();
    let result = client.place_deposit(&deposit()).deadline(Duration::from_millis(200)).await;
    assert_refused(result, ErrorKind::OutcomeUnknown, ErrorCode::BALANCE_TOO_LOW);
    assert_eq!(server.paths(), [CREATE, QUERY, QUERY], "and it is asked a last time before the deadline");

    // The first copy lands between the two look-ups.
    let steps = [Step::json(BALANCE_TOO_LOW), Step::json(NO_SUCH_ORDER), Step::json(FOUND)];
    let (result, _server) = place(steps).await;
    assert!(matches!(result.unwrap(), Placed::AlreadyExisted { .. }));
}

#[tokio::test]
async fn a_refusal_of_a_later_attempt_proves_nothing_and_the_order_is_looked_up() {
    let steps = [Step::lost(), Step::json(NO_SUCH_ORDER), Step::json(BALANCE_TOO_LOW), Step::json(FOUND)];
    let (result, server) = place(steps).await;
    assert_recovered(&result.unwrap());
    assert_eq!(server.paths(), [CREATE, QUERY, CREATE, QUERY]);
}

#[tokio::test]
async fn in_doubt_to_the_end_is_an_unknown_outcome_and_never_a_failure() {
    let (result, server) =
        place([Step::lost(), Step::json(NO_SUCH_ORDER), Step::json(BALANCE_TOO_LOW), Step::lost()]).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("5004006"), "what the gateway said last is kept: {cause}");
    assert_eq!(error.code(), Some(ErrorCode::BALANCE_TOO_LOW));
    assert_eq!(server.paths(), [CREATE, QUERY, CREATE, QUERY, QUERY, QUERY]);

    // No response has said that the order does not exist.
    let (result, server) = place([Step::lost()]).await;
    assert_eq!(result.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(server.paths(), [CREATE, QUERY, QUERY, QUERY], "it is not sent again unasked");

    let lost = [Step::lost(), Step::json(NO_SUCH_ORDER)];
    let (result, server) = place(lost.iter().cycle().take(20).cloned()).await;
    assert_eq!(result.unwrap_err().kind(), ErrorKind::OutcomeUnknown, "no code says that it was refused");
    assert_eq!(server.paths()[..6], [CREATE, QUERY, CREATE, QUERY, CREATE, QUERY]);
}

#[tokio::test]
async fn a_response_about_another_order_is_not_this_one() {
    let other = FOUND.replace("\"D1\"", "\"D2\"");
    let unnamed = FOUND.replace(r#""mchOrderNo":"D1","#, "");
    for response in [other, unnamed] {
        let (result, _server) = place([Step::lost(), Step::json(&response)]).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::OutcomeUnknown, "{response}");
        let (result, _server) = place([Step::lost(), Step::json(&response), Step::json(FOUND)]).await;
        assert_recovered(&result.unwrap());
    }
}

#[tokio::test]
async fn what_was_never_sent_is_not_in_doubt() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let base_url = format!("http://{}", socket.local_addr().unwrap());
    let error = client(&base_url).place_deposit(&deposit()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSent);
    let in_doubt = client(&base_url).resume_deposit(&deposit()).await.unwrap_err();
    assert_eq!(in_doubt.kind(), ErrorKind::OutcomeUnknown, "it may have been sent before");
}

#[tokio::test]
async fn the_deadline_ends_the_placing_in_doubt_or_not_sent() {
    let server = Scripted::playing([Step::Silence]).await;
    let client = client(&server.base_url);
    let error = client.place_deposit(&deposit()).deadline(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(server.paths(), [CREATE, QUERY], "time is kept for a last look-up");
    let error = client.place_deposit(&deposit()).deadline(Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSent);
    let error = client.resume_deposit(&deposit()).deadline(Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(server.paths().len(), 2, "no attempt is begun without time for it");
}

#[tokio::test]
async fn the_last_look_up_before_the_deadline_finds_the_order() {
    let server = Scripted::playing([Step::Silence, Step::json(FOUND)]).await;
    let client = client(&server.base_url);
    let placed = client.place_deposit(&deposit()).deadline(Duration::from_secs(1)).await;
    assert_recovered(&placed.unwrap());
}

#[tokio::test]
async fn a_deadline_does_not_lift_the_limits_of_an_attempt() {
    for deadline in [Duration::from_secs(60), Duration::from_secs(3 * 60 * 60), Duration::MAX] {
        let server = Scripted::playing([Step::Silence, Step::json(FOUND)]).await;
        let client = builder(&server.base_url)
            .transport(|transport| transport.call_timeout(Duration::from_millis(300)))
            .build()
            .unwrap();
        let placed = client.place_deposit(&deposit()).deadline(deadline).await;
        assert_recovered(&placed.unwrap());
    }
}

#[tokio::test]
async fn an_empty_retry_budget_stops_the_repetition() {
    let lost = [Step::lost(), Step::json(NO_SUCH_ORDER)];
    let server = Scripted::playing(lost.iter().cycle().take(100).cloned()).await;
    let client = builder(&server.base_url)
        .retry(RetryPolicy::default().attempts(10).waits(Duration::ZERO, Duration::ZERO))
        .quiet_time(Duration::ZERO)
        .retry_budget(2)
        .build()
        .unwrap();
    assert!(client.place_deposit(&deposit()).await.is_err());
    assert_eq!(server.paths(), [CREATE, QUERY, CREATE, QUERY, CREATE, QUERY]);
    assert!(client.place_deposit(&deposit()).await.is_err());
    assert_eq!(server.paths().len(), 8, "one attempt and one look");
}

#[tokio::test]
async fn the_rules_of_the_market_refuse_before_anything_is_sent_and_all_at_once() {
    let server = Scripted::playing([Step::json(CREATED)]).await;
    let client = client(&server.base_url);
    let mut request = deposit();
    request.way_code = market::kenya::way::EWALLET_MPESA;
    request.currency = Currency::EGP;
    let error = client.place_deposit(&request).market(&market::kenya::MARKET).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let broken: Vec<_> = error.violations().map(|violation| (violation.field(), violation.rule())).collect();
    assert!(broken.contains(&("customerContact", Rule::Missing)), "{broken:?}");
    assert!(broken.contains(&("currency", Rule::OtherCurrency)), "{broken:?}");
    assert!(server.paths().is_empty());
}

#[tokio::test]
async fn limits_warn_unless_they_are_enforced() {
    let server = Scripted::playing([Step::json(&CREATED.replace("100", "20"))]).await;
    let client = client(&server.base_url);
    let mut request = deposit();
    request.amount = Amount::from(20_u32);
    let warnings = client.place_deposit(&request).check().unwrap();
    assert!(server.paths().is_empty(), "checking sends nothing");
    assert!(warnings.warnings().any(|violation| violation.rule() == Rule::BelowMinimum));

    client.place_deposit(&request).await.unwrap();

    let error = client.place_deposit(&request).enforce_limits().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.violations().any(|violation| violation.rule() == Rule::BelowMinimum));
    assert_eq!(server.paths().len(), 1);
}

#[tokio::test]
async fn another_market_can_be_named() {
    let server = Scripted::playing([Step::json(CREATED)]).await;
    let client = client(&server.base_url);
    let error = client.place_deposit(&deposit()).market(&market::egypt::MARKET).await.unwrap_err();
    assert!(error.violations().any(|violation| violation.rule() == Rule::OtherCurrency));
}

#[tokio::test]
async fn a_currency_that_no_market_has_is_warned_about_and_sent() {
    let server = Scripted::playing([Step::json(&CREATED.replace("KES", "BRL"))]).await;
    let mut request = deposit();
    request.currency = "BRL".parse().unwrap();
    let client = client(&server.base_url);
    let warnings = client.place_deposit(&request).check().unwrap().to_string();
    assert!(warnings.contains("Brazil's is `BRA`"), "{warnings}");
    client.place_deposit(&request).await.unwrap();
    assert_eq!(server.paths(), [CREATE]);
}

#[tokio::test]
async fn a_withdrawal_goes_the_same_way() {
    let found = FOUND.replace("\"D1\"", "\"W1\"");
    let server = Scripted::playing([Step::lost(), Step::json(&found)]).await;
    assert_recovered(&client(&server.base_url).place_withdrawal(&withdrawal()).await.unwrap());
    assert_eq!(server.paths(), [WITHDRAWAL, QUERY_WITHDRAWAL]);
}

#[tokio::test]
async fn a_withdrawal_is_sent_again_only_when_it_is_not_found_after_the_quiet_time() {
    let none = Step::json(r#"{"code":5003020,"msg":"query failed"}"#);
    let created = Step::json(r#"{"code":0,"data":{"payOrderId":"P1","mchOrderNo":"W1","state":1}}"#);
    let steps = [Step::lost(), none.clone(), none.clone(), created];
    let server = Scripted::playing(steps).await;
    let placed = client(&server.base_url).place_withdrawal(&withdrawal()).await.unwrap();
    assert!(matches!(placed, Placed::Created { .. }));
    let paths = [WITHDRAWAL, QUERY_WITHDRAWAL, QUERY_WITHDRAWAL, WITHDRAWAL];
    assert_eq!(server.paths(), paths, "looked up at once, and again after the quiet time");

    // The gateway is slow to store it.
    let found = Step::json(&FOUND.replace("\"D1\"", "\"W1\""));
    let server = Scripted::playing([Step::lost(), none, found]).await;
    assert_recovered(&client(&server.base_url).place_withdrawal(&withdrawal()).await.unwrap());
    assert_eq!(server.paths(), [WITHDRAWAL, QUERY_WITHDRAWAL, QUERY_WITHDRAWAL]);
}

#[tokio::test]
async fn a_dropped_placing_can_be_taken_up_again() {
    let server = Scripted::playing([Step::Silence, Step::json(FOUND)]).await;
    let client = client(&server.base_url);
    let request = deposit();
    tokio::select! {
        result = client.place_deposit(&request).into_future() => panic!("no response can have come: {result:?}"),
        () = server.arrival() => {}
    }
    assert_recovered(&client.resume_deposit(&request).await.unwrap());
}

#[tokio::test]
async fn two_placings_of_one_order_at_once_make_one_order_and_both_learn_of_it() {
    let sandbox = tarspay_sandbox::Sandbox::start().await.unwrap();
    let merchant = sandbox.merchant();
    let credentials = Credentials::new(merchant.merchant_no().clone(), merchant.private_key().clone());
    let client = Client::builder(credentials).base_url(sandbox.base_url()).build().unwrap();
    let request = deposit();
    let (one, two) = tokio::join!(
        client.place_deposit(&request).into_future(),
        client.place_deposit(&request).into_future()
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.pay_order_id(), two.pay_order_id());
    assert_eq!((one.matches(), two.matches()), (Matches::Yes, Matches::Yes));
    let created = [&one, &two].iter().filter(|placed| matches!(placed, Placed::Created { .. })).count();
    assert_eq!(created, 1);
    assert_eq!(sandbox.orders().unwrap().len(), 1);
}
