//! `tarspay balance`.

use crate::running::{Running, balance_of, reserve};
use crate::terminal::{HOSTILE, escaped};
use crate::{Done, Files, TEST_KEY, run, tarspay, tarspay_with_key, text};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// What is said of a call that failed, for machines.
#[track_caller]
fn error_of(done: &Done, kind: &str) -> Value {
    let error = done.error();
    assert_eq!(text(&error, "kind"), kind, "{done:?}");
    error
}

#[test]
fn the_balance_is_shown_as_text_and_as_json() {
    let (_running, ready) = Running::start_json();
    let done = run(&mut balance_of(&ready)).succeeded();
    assert_eq!(done.stdout, "merchant   M1688443086\navailable  1000000\nfrozen     0\n");
    let done = run(balance_of(&ready).arg("--json")).succeeded();
    let expected =
        json!({ "merchant_no": "M1688443086", "available_amount": "1000000", "frozen_amount": "0" });
    assert_eq!(done.json(), expected);
}

#[test]
fn arguments_go_before_the_environment() {
    let (_running, ready) = Running::start_json();
    let files = Files::new();
    let mut command = tarspay_with_key(&["balance"]);
    command.env("TARSPAY_API_URL", "http://127.0.0.1:9").env("TARSPAY_MERCHANT_ID", "M2");
    command.args(["--api-url", text(&ready, "base_url"), "--merchant-id", text(&ready, "merchant_no")]);
    command.args(["--key-file", &files.write("key", text(&ready, "private_key"))]);
    run(&mut command).succeeded();
}

#[test]
fn a_key_that_is_not_registered_is_rejected_with_its_code() {
    let (_running, ready) = Running::start_json();
    let wrong_key = || {
        let mut command = balance_of(&ready);
        command.env("TARSPAY_PRIVATE_KEY", TEST_KEY);
        command
    };
    let done = run(wrong_key().arg("--json")).failed(1, &["no balance", "5003005"]);
    let error = error_of(&done, "rejected");
    assert_eq!((&error["code"], &error["can_repeat_query"]), (&json!(5_003_005), &json!(false)));
    done.keeps_secret(TEST_KEY);
    let done = run(&mut wrong_key()).failed(1, &["no balance", "5003005"]);
    assert_eq!(done.stdout, "");
}

#[test]
fn the_number_of_another_merchant_is_rejected_with_its_code() {
    let (_running, ready) = Running::start_json();
    let done = run(balance_of(&ready).args(["--merchant-id", "M2", "--json"])).failed(1, &["5003002"]);
    assert_eq!(error_of(&done, "rejected")["code"], json!(5_003_002));
}

#[test]
fn an_unreachable_gateway_was_not_sent_anything() {
    // Nobody listens there.
    let (_reserved, address) = reserve();
    let url = format!("http://{address}");
    let args = ["balance", "--merchant-id", "M1", "--api-url", &url, "--json"];
    let done = run(&mut tarspay_with_key(&args)).failed(3, &["no balance", "not sent", "refused"]);
    let error = error_of(&done, "not_sent");
    assert_eq!((&error["code"], &error["can_repeat_query"]), (&Value::Null, &json!(true)));
    assert!(text(&error, "message").contains("refused"), "the cause too: {error}");
    done.keeps_secret(TEST_KEY);
}

/// `0.0.0.0` is not a loopback address, and yet leads to this machine.
#[cfg(unix)]
#[test]
fn plain_http_to_another_host_is_an_explicit_choice() {
    let (_running, ready) = Running::start_json();
    let url = text(&ready, "base_url").replace("127.0.0.1", "0.0.0.0");
    let balance = || {
        let mut command = balance_of(&ready);
        command.args(["--api-url", &url]);
        command
    };
    run(&mut balance()).failed(2, &["must begin with https://", "the host of --plain-http-host"]);
    run(balance().env("TARSPAY_PLAIN_HTTP_HOST", "")).failed(2, &["must begin with https://"]);
    run(balance().env("TARSPAY_PLAIN_HTTP_HOST", "0.0.0.0")).succeeded();
    run(balance().args(["--plain-http-host", "0.0.0.0"])).succeeded();
}

#[test]
fn an_unreachable_proxy_was_not_sent_anything() {
    let (_reserved, address) = reserve();
    let url = format!("http://{address}");
    let args = ["balance", "--merchant-id", "M1", "--proxy", &url, "--json"];
    error_of(&run(&mut tarspay_with_key(&args)).failed(3, &["not sent"]), "not_sent");
}

/// A gateway that responds to every call with these bytes, until the tests end. A query is repeated
/// when that is safe, so one response would not do.
fn responding(response: Vec<u8>) -> String {
    serving(response, br#"{"mchNo":"M1"}"#)
}

/// The same, for requests that end so.
fn serving(response: Vec<u8>, end: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(end) {
                let mut buffer = [0; 1024];
                let count = stream.read(&mut buffer).unwrap();
                assert_ne!(count, 0, "the request ends early");
                request.extend_from_slice(&buffer[..count]);
            }
            stream.write_all(&response).unwrap();
        }
    });
    url
}

#[test]
fn a_response_that_cannot_be_read_is_no_response() {
    let responses: [&[u8]; 3] = [
        b"",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>no</html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"code\":0",
    ];
    for response in responses {
        let url = responding(response.to_vec());
        let args = ["balance", "--merchant-id", "M1", "--api-url", &url, "--json"];
        let done = run(&mut tarspay_with_key(&args)).failed(3, &["no balance"]);
        assert_eq!(error_of(&done, "no_response")["can_repeat_query"], json!(true));
    }
}

#[test]
fn the_gateways_own_words_do_not_reach_the_terminal_unescaped() {
    // A code for which a query is not repeated.
    let body = json!({ "code": 5_003_005, "msg": HOSTILE }).to_string();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let url = responding(format!("{head}{body}").into_bytes());
    for more in [None, Some("--json")] {
        let mut command = tarspay_with_key(&["balance", "--merchant-id", "M1", "--api-url", &url]);
        escaped(&run(command.args(more)).failed(1, &["no balance", "5003005", "gone"]));
    }
}

#[test]
fn a_proxy_with_a_password_comes_from_the_environment_and_is_never_shown() {
    const PASSWORD: &str = "open-sesame-7";
    let url = format!("http://user:{PASSWORD}@127.0.0.1:0");
    let balance = || tarspay_with_key(&["balance", "--merchant-id", "M1"]);
    let done = run(balance().args(["--proxy", &url])).failed(2, &["--proxy", "TARSPAY_PROXY"]);
    done.keeps_secret(PASSWORD);
    // The port cannot be used, so nothing is sent.
    run(balance().env("TARSPAY_PROXY", &url)).failed(2, &["the proxy's URL"]).keeps_secret(PASSWORD);

    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = url.replace("127.0.0.1:0", &proxy.local_addr().unwrap().to_string());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = proxy.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        String::from_utf8(head).unwrap()
    });
    run(balance().env("TARSPAY_PROXY", url)).failed(3, &["not sent"]).keeps_secret(PASSWORD);
    // RFC 7617: base64 of user:password.
    let head = asked.join().unwrap();
    assert!(head.to_lowercase().contains("proxy-authorization: basic "), "{head}");
    assert!(head.contains("dXNlcjpvcGVuLXNlc2FtZS03"), "{head}");
}

#[test]
fn a_proxy_that_wants_a_password_is_explained_in_words_of_the_command() {
    let url = serving(
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"\r\n\r\n",
    );
    let mut command = tarspay_with_key(&["balance", "--merchant-id", "M1", "--json"]);
    let done =
        run(command.env("TARSPAY_PROXY", url)).failed(3, &["407", "set TARSPAY_PROXY to http://user:"]);
    error_of(&done, "not_sent");
    assert!(!format!("{done:?}").contains("::"), "words of the library: {done:?}");
}

#[test]
fn settings_that_cannot_be_used_are_named_before_anything_is_sent() {
    run(&mut tarspay_with_key(&["balance"])).failed(2, &["TARSPAY_MERCHANT_ID", "--merchant-id"]);
    run(&mut tarspay_with_key(&["balance", "--merchant-id", ""])).failed(2, &["--merchant-id", "empty"]);
    for url in ["", "payment.tarspay.com", "ftp://127.0.0.1", "http://payment.tarspay.com", "https://"] {
        let args = ["balance", "--merchant-id", "M1", "--api-url", url];
        run(&mut tarspay_with_key(&args)).failed(2, &["cannot call this gateway", "base URL"]);
    }
    run(&mut tarspay(&["balance", "--merchant-id", "M1"])).failed(2, &["no private key"]);
}
