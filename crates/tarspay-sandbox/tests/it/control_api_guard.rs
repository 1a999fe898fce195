//! Who may drive the control API, and what it bears.

use crate::Caller;
use crate::http::{self, Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::LazyLock;
use tarspay_sandbox::Sandbox;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

fn freeze(host: &str) -> Request {
    Request::post("/_sandbox/clock/freeze", "").header("Host", host)
}

fn assert_forbidden(response: &Response) {
    assert_eq!(response.status, 403, "{response:?}");
    assert_eq!(response.json()["error"]["kind"], "forbidden");
}

#[tokio::test]
async fn a_name_that_is_not_this_machine_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    for host in [
        "sandbox",
        "evil.example",
        "10.0.0.1",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evillocalhost",
        "localhost..",
        "",
        "0.0.0.0",
        "[::]",
        "[::ffff:10.0.0.1]",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "local host",
    ] {
        for host in [host.to_owned(), format!("{host}:8080")] {
            assert_forbidden(&freeze(&host).send(sandbox.address()).await);
        }
    }
    for bytes in [
        "POST /_sandbox/clock/freeze HTTP/1.0\r\n\r\n",
        "POST http://evil.example/_sandbox/clock/freeze HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "POST /_sandbox/clock/freeze HTTP/1.1\r\nHost: a\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ] {
        let response = http::exchange(sandbox.address(), bytes.as_bytes()).await.unwrap();
        assert!(response.starts_with(b"HTTP/1.1 403") || response.starts_with(b"HTTP/1.0 403"), "{bytes}");
    }
    assert!(!sandbox.clock().is_frozen());
    let absolute =
        "GET http://localhost/_sandbox/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let response = http::exchange(sandbox.address(), absolute.as_bytes()).await.unwrap();
    assert!(response.starts_with(b"HTTP/1.1 200"));
    for host in [
        "127.0.0.1",
        "127.1.2.3",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "shop.localhost",
        "a.Shop.localhost.",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ] {
        for host in [host.to_owned(), format!("{host}:8080")] {
            assert_eq!(freeze(&host).send(sandbox.address()).await.status, 200, "{host}");
        }
    }
    assert!(sandbox.clock().is_frozen());
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let host = sandbox.address().to_string();
    for origin in [
        "http://evil.example",
        "null",
        "",
        "http://localhost:1",
        "http://127.0.0.1:1",
        &format!("https://{host}"),
    ] {
        assert_forbidden(&freeze(&host).header("Origin", origin).send(sandbox.address()).await);
    }
    assert!(!sandbox.clock().is_frozen());
    let own = freeze(&host).header("Origin", &format!("http://{host}"));
    assert_eq!(own.send(sandbox.address()).await.status, 200);
}

#[tokio::test]
async fn a_large_body_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let at_limit = freeze("localhost").body(vec![b' '; 64 * 1024]).send(sandbox.address()).await;
    assert_eq!(at_limit.status, 200);
    let response = freeze("localhost").body(vec![b' '; 64 * 1024 + 1]).send(sandbox.address()).await;
    assert_eq!((response.status, &response.json()["error"]["kind"]), (413, &"body_too_large".into()));
}

/// One server takes all the cases, so that damage done by one would show in the next.
static SERVER: LazyLock<(Runtime, Sandbox, Caller)> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let caller = Caller::of(&sandbox);
    (runtime, sandbox, caller)
});

async fn assert_it_lives() {
    let (_, sandbox, caller) = &*SERVER;
    caller.balance_query().send(sandbox.address()).await.assert_balance("M1688443086", "1000000", "0");
}

const PATHS: &[&str] = &[
    "orders/P1/pay",
    "orders/P1/partial",
    "merchants/M2/keys",
    "merchants/M2/balances",
    "callbacks/1/resend",
    "faults/1/clear",
    "clock/advance",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_kill_it(method in "GET|POST", bytes in vec(any::<u8>(), 0..512)) {
        SERVER.0.block_on(async {
            let mut stream = TcpStream::connect(SERVER.1.address()).await.unwrap();
            let request = [method.as_bytes(), b" /_sandbox/", &bytes[..]].concat();
            // The server may refuse and close while bytes are still on their way.
            let _ = stream.write_all(&request).await;
            let _ = stream.shutdown().await;
            let _ = http::read_to_end(&mut stream).await;
            assert_it_lives().await;
        });
    }

    #[test]
    fn arbitrary_bodies_are_answered(
        path in prop::sample::select(PATHS),
        body in vec(any::<u8>(), 0..200)
            .boxed()
            .prop_union("\\{\"(amount|millis|public_key|available)\":(\"\\PC{0,20}\"|[0-9]{1,24}|\\[\\])\\}".prop_map(String::into_bytes).boxed()),
    ) {
        SERVER.0.block_on(async {
            let request = Request::post(&format!("/_sandbox/{path}"), body).header("Host", "127.0.0.1");
            let response = request.send(SERVER.1.address()).await;
            assert!([200, 400, 404].contains(&response.status), "{response:?}");
            response.json();
        });
    }

    #[test]
    fn arbitrary_paths_and_queries_are_answered(path in "[a-z0-9/%+]{0,30}", query in "[a-z_=&%0-9]{0,30}") {
        SERVER.0.block_on(async {
            let request = Request::post(&format!("/_sandbox/{path}?{query}"), "").header("Host", "127.0.0.1");
            let response = request.method("GET").send(SERVER.1.address()).await;
            response.json();
            assert_it_lives().await;
        });
    }
}
