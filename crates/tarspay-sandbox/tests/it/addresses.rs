//! Where a sandbox listens, and where it refuses to.

use crate::Caller;
use crate::http::{Request, reserve};
use crate::support::{DEPOSIT, kenya};
use serde_json::json;
use std::error::Error as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use tarspay_sandbox::{ErrorKind, Sandbox};

#[tokio::test]
async fn it_listens_on_a_free_port_of_loopback_at_first() {
    let sandbox = Sandbox::start().await.unwrap();
    assert_eq!(sandbox.address().ip(), IpAddr::V4(Ipv4Addr::LOCALHOST));
    assert_ne!(sandbox.address().port(), 0);
    assert_eq!(sandbox.base_url(), format!("http://{}", sandbox.address()));
}

#[tokio::test]
async fn it_listens_where_it_is_told() {
    let (_reserved, address) = reserve();
    let sandbox = Sandbox::builder().listen(address.to_string()).start().await.unwrap();
    assert_eq!(sandbox.address(), address);
}

#[tokio::test]
async fn it_listens_on_loopback_of_ipv6() {
    if let Err(error) = TcpListener::bind("[::1]:0") {
        eprintln!("SKIPPED: this machine has no loopback of IPv6: {error}");
        return;
    }
    let sandbox = Sandbox::builder().listen("[::1]:0").start().await.unwrap();
    assert_eq!(sandbox.base_url(), format!("http://[::1]:{}", sandbox.address().port()));
    let response = Caller::of(&sandbox).balance_query().send(sandbox.address()).await;
    response.assert_balance("M1688443086", "1000000", "0");
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080", "[2001:db8::1]:8080", "128.0.0.1:0"] {
        let error = Sandbox::builder().listen(address).start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAddress, "{address}");
        assert!(error.to_string().contains("loopback"), "{error}");
    }
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_taken_if_the_network_is_trusted() {
    let sandbox =
        Sandbox::builder().listen("0.0.0.0:0").listen_on_network_and_trust_it().start().await.unwrap();
    let port = sandbox.address().port();
    assert!(sandbox.address().ip().is_unspecified());
    assert_eq!(sandbox.base_url(), format!("http://127.0.0.1:{port}"));
    let address = ([127, 0, 0, 1], port).into();
    let caller = Caller::of(&sandbox);
    caller.balance_query().send(address).await.assert_balance("M1688443086", "1000000", "0");
    // Who comes by a name may be a web page, from whose browser this machine can be reached.
    for (host, status) in [("127.0.0.1", 200), ("localhost", 200), ("0.0.0.0", 403), ("evil.example", 403)] {
        let request = Request::post("/_sandbox/clock/freeze", "").header("Host", &format!("{host}:{port}"));
        assert_eq!(request.send(address).await.status, status, "{host}");
    }
    let error =
        Sandbox::builder().listen("everywhere").listen_on_network_and_trust_it().start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidAddress);
}

#[tokio::test]
async fn a_public_name_is_in_its_urls_and_reaches_it() {
    for (name, host, port) in [("sandbox", "Sandbox", None), ("gateway.test:80", "gateway.test", Some(80))] {
        let sandbox = Sandbox::builder().public_name(name).start().await.unwrap();
        let (address, caller) = (sandbox.address(), Caller::of(&sandbox));
        let expected = format!("http://{}:{}", host.to_lowercase(), port.unwrap_or(address.port()));
        assert_eq!(sandbox.base_url(), expected);
        let data = caller.data(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
        let pay_url = data["payUrl"].as_str().unwrap();
        assert!(pay_url.starts_with(&format!("{expected}/pay/")), "{pay_url}");
        let path = pay_url.strip_prefix(&expected).unwrap();
        for (host, status) in [
            (host, 200),
            ("127.0.0.1", 200),
            ("x.sandbox", 403),
            ("sandbox.evil.example", 403),
            ("evil.example", 403),
        ] {
            let host = format!("{host}:{}", address.port());
            let health = Request::post("/_sandbox/health", "").method("GET").header("Host", &host);
            let response = health.send(address).await;
            assert_eq!(response.status, status, "{host}");
            if status == 200 {
                assert_eq!(response.json()["base_url"], expected);
            }
            let page = Request::post(path, "").method("GET").header("Host", &host);
            assert_eq!(page.send(address).await.status, status, "{host}");
        }
    }
    for name in ["", "http://sandbox", "a b", "user@sandbox", "sandbox:", "sandbox:99999", "a/b", "\u{7}"] {
        let error = Sandbox::builder().public_name(name).start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAddress, "{name:?}");
        assert!(error.to_string().contains("such as sandbox"), "{error}");
    }
}

#[tokio::test]
async fn what_is_not_a_host_is_not_the_host_of_a_receiver() {
    for host in [
        "",
        ".",
        "a\u{1b}[2J",
        "a b",
        "http://shop",
        "shop:80",
        "[::1]",
        "user@shop",
        "a/b",
        "a..b",
        "sh\u{f6}p",
    ] {
        let error = Sandbox::builder().allow_receiver("shop").allow_receiver(host).start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAddress, "{host:?}");
        assert!(error.to_string().contains("such as shop"), "{error}");
        assert!(!error.to_string().contains(char::is_control), "{error:?}");
    }
    let builder = ["shop", "Shop.example.", "my_shop-2", "192.0.2.1", "2001:db8::1"]
        .into_iter()
        .fold(Sandbox::builder(), tarspay_sandbox::Builder::allow_receiver);
    builder.start().await.unwrap();
}

#[tokio::test]
async fn what_is_no_ip_address_and_port_is_refused() {
    for address in
        ["", "8080", ":8080", "127.0.0.1", "127.0.0.1:65536", "localhost:0", "http://127.0.0.1:0", "\u{7}"]
    {
        let error = Sandbox::builder().listen(address).start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAddress, "{address}");
        assert!(error.to_string().contains("127.0.0.1:8080"), "{error}");
    }
}

#[tokio::test]
async fn a_taken_port_is_an_error_with_its_cause() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = Sandbox::builder().listen(address.to_string()).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bind);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    let cause: &io::Error = error.source().unwrap().downcast_ref().unwrap();
    assert_eq!(cause.kind(), io::ErrorKind::AddrInUse);
}
