//! What goes out: exactly what was given, and nothing that should not.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tarspay_transport::{Delivery, Error, ErrorKind, Phase, Response};

use crate::server::Server;
use crate::{BODY, assert_failed, patient};

#[tokio::test]
async fn path_headers_and_body_arrive_as_given() {
    let server = Server::plain(|peer| peer.response_all(200, "ok")).await;
    let transport = patient(&server.url()).build().unwrap();
    let body = [0xff, 0x00, b'\r', b'\n'].repeat(50_000);
    let headers = [("X-API-KEY", "02ab"), ("x-twice", "1"), ("X-Twice", "2"), ("x-empty", "")];
    // Neither dots, nor doubled slashes, nor escapes are "normalised": the path is signed.
    let path = "/api//bd/../%7E~a+b;c=d,e&f|g@h:i/$!'()*";
    transport.post(path, &headers, body.clone()).await.unwrap();

    let requests = server.seen.requests();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert!(request.head.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{}", request.head);
    assert_eq!(request.body, body);
    assert_eq!(request.header("x-api-key"), ["02ab"]);
    assert_eq!(request.header("x-twice"), ["1", "2"]);
    assert_eq!(request.header("x-empty"), [""]);
    assert_eq!(request.header("host"), [server.address.to_string()]);
    assert_eq!(request.header("content-length"), ["200000"]);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(request.header("user-agent"), [format!("tarspay-transport/{version}")]);
    assert_eq!(request.head.lines().filter(|line| line.contains(": ")).count(), 7, "{}", request.head);
}

#[tokio::test]
async fn the_user_agent_can_be_set_for_all_calls_or_for_one() {
    let server = Server::plain(|peer| peer.response_all(200, "ok")).await;
    let transport = patient(&server.url()).user_agent("shop/2").build().unwrap();
    transport.post("/x", &[], BODY).await.unwrap();
    transport.post("/x", &[("user-agent", "batch/1")], BODY).await.unwrap();
    let requests = server.seen.requests();
    assert_eq!(requests[0].header("user-agent"), ["shop/2"]);
    assert_eq!(requests[1].header("user-agent"), ["batch/1"]);
}

#[track_caller]
fn assert_refused(result: Result<Response, Error>, hint: &str) {
    let error = result.expect_err(hint);
    assert_eq!((error.kind(), error.phase()), (ErrorKind::InvalidRequest, None), "{error:?}");
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.is_invalid());
    assert!(error.to_string().contains(hint), "{hint}: {error}");
}

#[tokio::test]
async fn a_bad_path_is_refused() {
    let server = Server::plain(|peer| peer.response_all(200, "ok")).await;
    let transport = patient(&server.url()).build().unwrap();
    let long = format!("/{}", "x".repeat(4096));
    for (path, hint) in [
        ("", "begin with /"),
        ("api", "begin with /"),
        ("*", "begin with /"),
        ("http://elsewhere/x", "begin with /"),
        ("@elsewhere/x", "begin with /"),
        ("/a b", "ASCII"),
        ("/a\tb", "ASCII"),
        ("/a\r\nx-smuggled: 1", "ASCII"),
        ("/a\0", "ASCII"),
        ("/a\x7f", "ASCII"),
        ("/caf\u{e9}", "ASCII"),
        ("/a?b=c", "query"),
        ("/a#b", "query"),
        (&long, "4096"),
    ] {
        assert_refused(transport.post(path, &[], BODY).await, hint);
    }
    assert_eq!(server.seen.connections(), 0);
}

#[tokio::test]
async fn a_bad_header_is_refused_without_showing_its_value() {
    let server = Server::plain(|peer| peer.response_all(200, "ok")).await;
    let transport = patient(&server.url()).build().unwrap();
    for (name, value, hint) in [
        ("", "hidden", "header number 1 has an invalid name"),
        ("a b", "hidden", "header number 1 has an invalid name"),
        ("a:", "hidden", "header number 1 has an invalid name"),
        ("n\u{e4}me", "hidden", "header number 1 has an invalid name"),
        ("a\r\nb", "hidden", "header number 1 has an invalid name"),
        ("x-api-key", "hidden\r\nx-smuggled: 1", "x-api-key has an invalid value"),
        ("x-api-key", "hidden\n", "x-api-key has an invalid value"),
        ("x-api-key", "hidden\0", "x-api-key has an invalid value"),
        ("Host", "hidden", "host is set by the transport alone"),
        ("Content-Length", "hidden", "content-length is set by the transport alone"),
        ("Transfer-Encoding", "hidden", "transfer-encoding is set by the transport alone"),
        ("Connection", "hidden", "connection is set by the transport alone"),
        ("Keep-Alive", "hidden", "keep-alive is set by the transport alone"),
        ("Upgrade", "hidden", "upgrade is set by the transport alone"),
        ("TE", "hidden", "te is set by the transport alone"),
        ("Trailer", "hidden", "trailer is set by the transport alone"),
        ("Expect", "hidden", "expect is set by the transport alone"),
        ("Proxy-Authorization", "hidden", "proxy-authorization is set by the transport alone"),
        ("Proxy-Connection", "hidden", "proxy-connection is set by the transport alone"),
    ] {
        let result = transport.post("/x", &[(name, value)], BODY).await;
        let error = result.as_ref().unwrap_err();
        assert!(!format!("{error} {error:?} {:?}", crate::chain(error)).contains("hidden"), "{error:?}");
        assert_refused(result, hint);
    }
    let much = "x".repeat(4096);
    assert_refused(transport.post("/x", &[("a", &much)], BODY).await, "4096");
    assert_eq!(server.seen.connections(), 0);
}

#[tokio::test]
async fn an_empty_body_is_sent_as_none() {
    let server = Server::plain(|mut peer| async move {
        let head = peer.head().await.unwrap();
        let head = head.to_ascii_lowercase();
        assert!(head.contains("\r\ncontent-length: 0\r\n") && !head.contains("transfer-encoding"), "{head}");
        peer.response(200, "{}").await;
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    assert_eq!(transport.post("/x", &[], "").await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_empty_body_was_not_sent_only_if_there_was_no_connection() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let refusing = patient(&format!("http://{}", socket.local_addr().unwrap())).build().unwrap();
    assert_failed(
        refusing.post("/x", &[], "").await,
        ErrorKind::Connection,
        Phase::Connect,
        Delivery::NotSent,
    );

    let server = Server::plain(|mut peer| async move {
        peer.head().await.unwrap();
        peer.close().await;
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    assert_failed(
        transport.post("/x", &[], "").await,
        ErrorKind::Connection,
        Phase::ResponseHead,
        Delivery::MaybeReceived,
    );
}

#[tokio::test]
async fn a_deadline_that_leaves_no_time_is_refused() {
    let transport = patient("http://127.0.0.1:1").build().unwrap();
    for deadline in [Duration::ZERO, Duration::from_micros(999)] {
        assert_refused(transport.post_within(deadline, "/x", &[], BODY).await, "at least 1ms");
    }
}

#[test]
fn a_call_that_is_polled_outside_a_runtime_is_an_error() {
    let transport = patient("http://127.0.0.1:1").build().unwrap();
    let mut call = pin!(transport.post("/x", &[], BODY));
    let Poll::Ready(Err(error)) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the call should fail at once");
    };
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::InvalidConfiguration, Delivery::NotSent));
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}
