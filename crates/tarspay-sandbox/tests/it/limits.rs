//! What a client can hold up: a head, a body or the next request that does not come, and a head that is too long.

use crate::Caller;
use crate::http::{Request, Response, exchange, in_time, read_one, read_to_end};
use crate::time::{HeldTime, another_call};
use std::time::Duration;
use tarspay_sandbox::Sandbox;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

const CLIENT_TIMEOUT: Duration = Duration::from_secs(30);

async fn connected(sandbox: &Sandbox, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_connection_whose_head_or_next_request_does_not_come_is_closed() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let request = caller.balance_query().head("keep-alive") + &caller.body();
    for (sent, responses) in [("", 0), ("POST /api/bal", 0), (&*request, 1)] {
        let time = HeldTime::new();
        let mut stream = connected(&sandbox, sent).await;
        for _ in 0..responses {
            assert_eq!(read_one(&mut stream).await.code(), 0);
        }
        let closed = time.passes(CLIENT_TIMEOUT, &sandbox, read_to_end(&mut stream)).await;
        assert_eq!(closed.unwrap(), b"", "{sent}");
        time.go_on();
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    for (path, refused) in [
        ("/api/balanceInfo", "\"code\":-1"),
        ("/_sandbox/clock/freeze", "\"body_too_slow\""),
        ("/pay/P1/pay", "send it at once"),
    ] {
        let time = HeldTime::new();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n{{"
        );
        let mut stream = connected(&sandbox, &head).await;
        let ended = time.passes(CLIENT_TIMEOUT, &sandbox, read_to_end(&mut stream)).await;
        let response = Response::read(&ended.unwrap());
        assert_eq!(response.status, 408, "{response:?}");
        assert!(response.body.contains(refused) && response.body.contains("30s"), "{response:?}");
        time.go_on();
    }
    assert!(!sandbox.clock().is_frozen());
}

#[tokio::test]
async fn a_declared_length_above_the_limit_is_refused_before_the_body_comes() {
    let sandbox = Sandbox::start().await.unwrap();
    let head = "POST /api/balanceInfo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\n";
    let mut stream = connected(&sandbox, head).await;
    read_one(&mut stream).await.assert_refused(413, -1);
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let health = |bytes: usize| {
        let request = Request::post("/_sandbox/health", "").method("GET").header("Host", "localhost");
        request.header("X-Long", &"x".repeat(bytes))
    };
    assert_eq!(health(30 * 1024).send(sandbox.address()).await.status, 200);
    let many = |count| (0..count).fold(health(1), |request, at| request.header(&format!("X-{at}"), "x"));
    assert_eq!(many(90).send(sandbox.address()).await.status, 200);
    assert_eq!(many(101).send(sandbox.address()).await.status, 431);
    let bytes = health(33 * 1024).to_bytes();
    // The server may close while the rest is on its way.
    if let Ok(response) = exchange(sandbox.address(), &bytes).await {
        assert_eq!(Response::read(&response).status, 431);
    }
    in_time(another_call(&sandbox)).await;
}
