//! Calls that fail: each has the kind that says what the caller must do.

use crate::calls::credentials;
use crate::scripted::{Scripted, Step};
use std::error::Error as _;
use std::future::{Future as _, IntoFuture};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tarspay::sign::PrivateKey;
use tarspay::transport::Phase;
use tarspay::types::ErrorCode;
use tarspay::{Client, Credentials, Error, ErrorKind, RetryPolicy};
use tarspay_sandbox::Sandbox;
use tokio::net::{TcpListener, TcpSocket};

fn some_credentials() -> Credentials {
    Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap())
}

fn client_with(server: &Scripted, policy: RetryPolicy) -> Client {
    Client::builder(some_credentials()).base_url(&server.base_url).retry(policy).build().unwrap()
}

async fn failure(base_url: &str) -> Error {
    let client = Client::builder(some_credentials()).base_url(base_url).build().unwrap();
    client.balance().retry(RetryPolicy::none()).await.unwrap_err()
}

async fn failure_with(response: Vec<u8>) -> Error {
    let server = Scripted::responding(response).await;
    failure(&server.base_url).await
}

#[cfg(feature = "webpki-roots")]
#[test]
fn production_is_the_documented_gateway_over_https() {
    let client = Client::new(some_credentials()).unwrap();
    assert_eq!(client.base_url(), tarspay::PRODUCTION_URL);
    assert_eq!(client.base_url(), "https://payment.tarspay.com");
}

#[test]
fn what_cannot_be_called_is_invalid_before_anything_is_sent() {
    for base_url in
        ["", "payment.tarspay.com", "http://payment.tarspay.com", "ftp://127.0.0.1", "https://h/path"]
    {
        let error = Client::builder(some_credentials()).base_url(base_url).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{base_url}");
        assert!(!error.is_not_sent() && !error.can_repeat_query());
        assert!(error.source().is_some(), "the reason is in the chain");
    }
    let error = Client::builder(some_credentials())
        .transport(|transport| transport.call_timeout(Duration::ZERO))
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_refused_connection_was_not_sent() {
    // Bound but not listening: no other process gets the port, and connections are refused.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let base_url = format!("http://{}", socket.local_addr().unwrap());
    let error = failure(&base_url).await;
    assert_eq!(error.kind(), ErrorKind::NotSent);
    assert!(error.is_not_sent() && error.can_repeat_query() && !error.is_outcome_unknown());
    assert_eq!(error.transport_error().unwrap().phase(), Some(Phase::Connect));
    assert_eq!(error.to_string().matches("not sent").count(), 1, "said once: {error}");
}

#[tokio::test]
async fn what_was_sent_once_is_not_called_not_sent_because_a_repetition_was_not() {
    let trouble = Step::json(r#"{"code":-1}"#);
    for (first, kind) in [(Step::lost(), ErrorKind::NoResponse), (trouble, ErrorKind::Rejected)] {
        let server = Scripted::playing_once([first]).await;
        let client = Client::builder(some_credentials())
            .base_url(&server.base_url)
            .retry(RetryPolicy::default().attempts(3).waits(Duration::ZERO, Duration::ZERO))
            .build()
            .unwrap();
        let error = client.balance().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert_eq!(client.balance().await.unwrap_err().kind(), ErrorKind::NotSent, "the server is gone");
    }
}

#[tokio::test]
async fn a_sent_request_without_a_complete_readable_response_has_an_unknown_outcome() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 80\r\n\r\n";
    let cases: [(&str, &str); 10] = [
        ("closed without a byte", ""),
        ("cut in the head", "HTTP/1.1 200 OK\r\nConte"),
        ("cut in the body", &format!("{head}{{\"code\":0")),
        ("not HTTP", "SSH-2.0-OpenSSH\r\n\r\n"),
        ("HTML from a proxy", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 13\r\n\r\n<html></html>"),
        ("a redirect", "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"),
        ("an empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("no code", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        ("success without data", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"code\":0}"),
        ("data of another shape", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"code\":0,\"data\":[]}"),
    ];
    for (case, response) in cases {
        let server = Scripted::responding(response).await;
        let client = client_with(&server, RetryPolicy::none());
        let error = client.call(crate::personal::deposit()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{case}: {error:?}");
        assert!(error.is_outcome_unknown() && !error.is_not_sent() && !error.is_no_response(), "{case}");
        assert!(!error.to_string().contains("may have been received"), "said once: {error}");
        assert!(error.source().is_some(), "{case}: the cause is kept");

        let error = client.balance().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoResponse, "{case}, nothing at stake: {error:?}");
        assert!(error.is_no_response() && !error.is_outcome_unknown() && !error.is_not_sent(), "{case}");
        assert!(error.can_repeat_query() && error.to_string().contains("ask again later"), "{case}: {error}");
        assert!(!error.to_string().contains("check its outcome"), "{case}: {error}");
        assert!(error.source().is_some(), "{case}: the cause is kept");
        assert_eq!(server.requests().len(), 2, "{case}: one call is one attempt");
    }
}

#[tokio::test]
async fn a_compressed_response_is_called_compressed() {
    let balance = r#"{"code":0,"data":{"availableAmount":"1","frozenAmount":"0"}}"#.as_bytes();
    let zipped: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00";
    for (encoding, named) in [
        ("gzip", Some("with gzip")),
        ("X-GZIP", Some("with gzip")),
        ("br", Some("with br")),
        ("deflate", Some("with deflate")),
        ("zstd", Some("with zstd")),
        ("s3cret", Some("with an unknown encoding")),
        ("identity", Some("with gzip")),
        ("", Some("with gzip")),
    ] {
        let head = |body: &[u8]| {
            format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            )
        };
        let error = failure_with([head(zipped).as_bytes(), zipped].concat()).await;
        let shown = error.to_string();
        assert_eq!(error.kind(), ErrorKind::NoResponse);
        assert_eq!(
            shown.matches("with gzip").count(),
            1,
            "said once, by the body itself: {encoding}: {shown}"
        );
        assert!(
            shown.contains(named.unwrap_or_default()) && !shown.contains("s3cret"),
            "{encoding}: {shown}"
        );

        // The header alone is wrong.
        let server = Scripted::responding([head(balance).as_bytes(), balance].concat()).await;
        client_with(&server, RetryPolicy::none()).balance().await.unwrap();
    }
}

#[tokio::test]
async fn a_silent_gateway_gives_no_response_when_the_deadline_passes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::builder(some_credentials())
        .base_url(base_url)
        .transport(|transport| transport.response_head_timeout(Duration::from_millis(100)))
        .build()
        .unwrap();
    let error = client.balance().retry(RetryPolicy::none()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoResponse);
    assert!(error.transport_error().unwrap().is_timeout());
}

#[tokio::test]
async fn a_refusal_carries_its_code_and_words_whatever_the_http_status() {
    for status in ["200 OK", "400 Bad Request", "500 Internal Server Error"] {
        for data in ["", r#","data":null"#, r#","data":{}"#, r#","data":[1]"#] {
            let json = format!(r#"{{"code":5003007,"msg":"IP error: 203.0.113.7"{data}}}"#);
            let server = Scripted::with_json(status, &json).await;
            let error = failure(&server.base_url).await;
            assert_eq!(error.kind(), ErrorKind::Rejected, "{status} {data}");
            assert_eq!(error.code(), Some(ErrorCode::IP_ERROR));
            assert_eq!(error.gateway_message(), Some("IP error: 203.0.113.7"));
            assert_eq!(error.status().map(|status| status.to_string()).as_deref(), status.split(' ').next());
            assert_eq!(error.can_repeat_query(), status.starts_with("500"), "{status}");
        }
    }
}

#[tokio::test]
async fn a_refusal_for_trouble_of_the_gateways_own_can_be_repeated() {
    for (code, repeat) in [
        (-1, true),
        (5_003_013, true),
        (500_323, true),
        (500_326, true),
        // Perhaps another process has used the nonce.
        (5_003_008, true),
        (5_003_006, false),
        (77, false),
    ] {
        let server = Scripted::with_json("200 OK", &format!(r#"{{"code":{code}}}"#)).await;
        let error = failure(&server.base_url).await;
        assert_eq!(error.code(), Some(ErrorCode::from_code(code)));
        assert_eq!(error.can_repeat_query(), repeat, "{code}");
        assert_eq!(error.gateway_message(), None);
    }
}

#[tokio::test]
async fn a_hostile_message_cannot_write_lines_into_a_log() {
    let json = r#"{"code":-1,"msg":"a\r\nb\u0085\u2028\u001b[31m"}"#;
    let server = Scripted::with_json("200 OK", json).await;
    let error = failure(&server.base_url).await;
    for shown in [error.to_string(), format!("{error:?}")] {
        assert!(shown.contains("[31m"), "{shown}");
        assert!(!shown.contains(['\r', '\n', '\u{85}', '\u{2028}', '\u{1b}']), "{shown:?}");
    }
    let message = "a\r\nb\u{85}\u{2028}\u{1b}[31m";
    assert_eq!(error.gateway_message(), Some(message), "the text itself is kept");
}

#[tokio::test]
async fn a_long_message_is_cut_where_it_is_shown() {
    let message = "é".repeat(100_000);
    let json = format!(r#"{{"code":-1,"msg":"{message}"}}"#);
    let server = Scripted::with_json("200 OK", &json).await;
    let error = failure(&server.base_url).await;
    let client = client_with(&server, RetryPolicy::none());
    let in_doubt = client.resume_deposit(&crate::personal::deposit()).await.unwrap_err();
    for error in [error, in_doubt] {
        for shown in [error.to_string(), error.report().to_string(), format!("{error:?}")] {
            assert!(shown.contains("ééé") && shown.contains('…'), "{shown}");
            assert!(shown.chars().count() < 2_500, "{shown}");
        }
        assert!(error.gateway_message().unwrap().starts_with("ééé"));
    }
}

#[tokio::test]
async fn an_oversize_response_is_cut_off() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = Client::builder(credentials(&sandbox))
        .base_url(sandbox.base_url())
        .transport(|transport| transport.max_response_bytes(20))
        .build()
        .unwrap();
    let error = client.balance().retry(RetryPolicy::none()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoResponse);
}

#[tokio::test]
async fn a_key_that_is_not_registered_is_rejected_by_code() {
    let sandbox = Sandbox::start().await.unwrap();
    let error = failure(sandbox.base_url()).await;
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(error.code(), Some(ErrorCode::API_KEY_UNKNOWN));
}

#[tokio::test]
async fn a_busy_or_broken_server_is_asked_again_and_when_it_says() {
    let json = r#"{"code":77,"msg":"busy"}"#;
    let balance = Step::json(r#"{"code":0,"data":{"availableAmount":"1","frozenAmount":"0","mchNo":"M1"}}"#);
    for status in ["429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable"] {
        let server = Scripted::playing([Step::json_with(status, json), balance.clone()]).await;
        let client = client_with(&server, RetryPolicy::default().waits(Duration::ZERO, Duration::ZERO));
        client.balance().await.unwrap();
        assert_eq!(server.paths().len(), 2, "{status}");
    }
    for (header, asked_for) in [
        ("2", Some(2)),
        (" 2 ", Some(2)),
        ("86400", Some(60)),
        ("99999999999999999999999", None),
        ("-1", None),
        ("Fri, 27 Nov 2026 12:00:00 GMT", None),
    ] {
        let head = format!("HTTP/1.1 429 Too Many Requests\r\nRetry-After: {header}\r\n");
        let server =
            Scripted::responding(format!("{head}Content-Length: {}\r\n\r\n{json}", json.len())).await;
        let error = failure(&server.base_url).await;
        assert_eq!(error.retry_after(), asked_for.map(Duration::from_secs), "{header}");
    }
    // The time is too short for the wait that the server asks for: no second attempt.
    let head = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 50\r\nContent-Length: 24\r\n\r\n";
    let server = Scripted::responding(format!("{head}{json}")).await;
    let client = client_with(&server, RetryPolicy::default().waits(Duration::ZERO, Duration::ZERO));
    let error = client.balance().deadline(Duration::from_secs(40)).await.unwrap_err();
    assert_eq!((error.status(), server.paths().len()), (Some(429), 1));
}

#[tokio::test]
async fn a_query_whose_nonce_somebody_else_has_used_is_made_again() {
    let balance = Step::json(r#"{"code":0,"data":{"availableAmount":"1","frozenAmount":"0"}}"#);
    let refused = Step::json(r#"{"code":5003008,"msg":"sign error"}"#);
    let server = Scripted::playing([refused.clone(), refused, balance]).await;
    let client = client_with(&server, RetryPolicy::default().waits(Duration::ZERO, Duration::ZERO));
    client.balance().await.unwrap();
    assert_eq!(server.paths().len(), 3);
}

#[tokio::test]
async fn a_response_about_something_else_is_an_error_everywhere() {
    let other = r#"{"code":0,"data":{"payOrderId":"P9","mchOrderNo":"OTHER","state":2}}"#;
    let server = Scripted::playing([Step::json(other)]).await;
    let client = client_with(&server, RetryPolicy::none());
    let results = [
        client.query_deposit("D1".parse().unwrap()).await.map(drop),
        client.query_withdrawal("D1".parse().unwrap()).await.map(drop),
        client.wait_for_deposit("D1".parse().unwrap()).deadline(Duration::from_millis(50)).await.map(drop),
    ];
    for result in results {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoResponse);
        assert!(error.to_string().contains("another order"), "{error}");
    }
    let other = r#"{"code":0,"data":{"availableAmount":"1","frozenAmount":"0","machNo":"M2"}}"#;
    let server = Scripted::playing([Step::json(other)]).await;
    let error = client_with(&server, RetryPolicy::none()).balance().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoResponse);
}

#[tokio::test]
async fn a_retry_budget_is_not_refilled_by_attempts_without_a_response() {
    let server = Scripted::playing([Step::lost()]).await;
    let client = Client::builder(some_credentials())
        .base_url(&server.base_url)
        .retry(RetryPolicy::default().attempts(2).waits(Duration::ZERO, Duration::ZERO))
        .retry_budget(1)
        .build()
        .unwrap();
    for _ in 0..21 {
        client.balance().await.unwrap_err();
    }
    assert_eq!(server.paths().len(), 22, "the first call alone was made twice");
}

#[tokio::test]
async fn no_wait_goes_beyond_the_deadline_of_a_call() {
    let server = Scripted::playing([Step::lost()]).await;
    let hour = Duration::from_secs(3_600);
    let client = client_with(&server, RetryPolicy::default().waits(hour, hour));
    let error = client.balance().deadline(Duration::from_secs(60)).await.unwrap_err();
    assert_eq!((error.kind(), server.paths().len()), (ErrorKind::NoResponse, 1));
}

#[test]
fn an_error_shows_its_causes_in_one_line_and_its_report_one_a_line() {
    let error =
        Client::builder(some_credentials()).base_url("http://payment.tarspay.com").build().unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(error.to_string().ends_with(&format!(": {cause}")), "{error}");
    assert_eq!(error.to_string().lines().count(), 1);
    assert_eq!(error.report().to_string().lines().count(), 2);
    assert!(format!("{error:?}").starts_with("Error { kind: Invalid, reason: "), "{error:?}");
}

#[test]
fn a_call_that_is_polled_outside_a_runtime_is_an_error() {
    fn poll<T>(call: impl IntoFuture<Output = Result<T, Error>>) -> Error {
        let mut call = Box::pin(call.into_future());
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(error)) => error,
            _ => panic!("it cannot be under way"),
        }
    }
    let client = Client::builder(some_credentials()).base_url("http://127.0.0.1:9").build().unwrap();
    let request = crate::personal::deposit();
    for (error, kind) in [
        (poll(client.balance()), ErrorKind::Invalid),
        (poll(client.place_deposit(&request)), ErrorKind::Invalid),
        (poll(client.resume_deposit(&request)), ErrorKind::OutcomeUnknown),
        (poll(client.wait_for_deposit("D1".parse().unwrap())), ErrorKind::Invalid),
    ] {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains("tokio"), "{error}");
    }
}
