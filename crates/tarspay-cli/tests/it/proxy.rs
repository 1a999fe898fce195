//! `tarspay proxy`.

use crate::fake::{Fake, Message, post, response, send};
use crate::running::{Running, reserve};
use crate::{TEST_KEY, run, tarspay, tarspay_with_key, text};
use serde_json::{Value, json};
use std::process::Command;
use tarspay::sign::{Parameters, PrivateKey, PublicKey, RequestToSign, SignaturePolicy};

const JSON: &str = "Content-Type: application/json\r\n";
const CREATE: &str = "/api/pay/unifiedOrder";
const QUERY: &str = "/api/payInInfo";

struct Proxy {
    running: Running,
    ready: Value,
}

fn command(args: &[&str]) -> Command {
    let mut command = tarspay_with_key(&["proxy", "--listen", "127.0.0.1:0", "--json"]);
    command.env("TARSPAY_MERCHANT_ID", "M1").args(args);
    command
}

impl Proxy {
    fn start(args: &[&str]) -> Self {
        let running = Running::start_command(&mut command(args));
        let ready = serde_json::from_str(&running.ready).unwrap();
        Self { running, ready }
    }

    fn address(&self) -> &str {
        text(&self.ready, "base_url").strip_prefix("http://").unwrap()
    }

    fn token(&self) -> &str {
        text(&self.ready, "token")
    }

    fn send(&self, path: &str, headers: &str, body: &str) -> Message {
        send(self.address(), post(self.address(), path, headers, body))
    }

    /// A request that has the token and says that it is JSON.
    fn call(&self, path: &str, body: &str) -> Message {
        self.send(path, &format!("{JSON}X-Tarspay-Proxy-Token: {}\r\n", self.token()), body)
    }

    /// The next line of the log.
    fn logged(&self) -> Value {
        serde_json::from_str::<Value>(&self.running.error_line()).unwrap()["call"].clone()
    }
}

fn kind(response: &Message) -> String {
    text(&response.json()["error"], "kind").to_owned()
}

#[test]
fn a_sandbox_accepts_what_it_signs() {
    let (_sandbox, gateway) = Running::start_json();
    let mut command = tarspay(&["proxy", "--listen", "127.0.0.1:0", "--json"]);
    command
        .args(["--to", text(&gateway, "base_url"), "--merchant-id", text(&gateway, "merchant_no")])
        .env("TARSPAY_PRIVATE_KEY", text(&gateway, "private_key"));
    let running = Running::start_command(&mut command);
    let ready: Value = serde_json::from_str(&running.ready).unwrap();
    assert_eq!((&ready["to"], &ready["queries_only"]), (&gateway["base_url"], &json!(false)));
    let proxy = Proxy { running, ready };
    let order = json!({
        "mchOrderNo": "D1", "wayCode": "EWALLET_MPESA", "currency": "KES", "amount": "100",
        "notifyUrl": "http://127.0.0.1:9/", "customerContact": "254700000000",
    });
    let created = proxy.call(CREATE, &order.to_string());
    assert_eq!((created.status(), &created.json()["code"]), (200, &json!(0)), "{created:?}");
    // The token as the first segment of the URL, and a merchant number that is the proxy's.
    let body = json!({ "mchNo": gateway["merchant_no"], "mchOrderNo": "D1" }).to_string();
    let queried = proxy.send(&format!("/{}{QUERY}", proxy.token()), JSON, &body);
    assert_eq!(queried.json()["data"]["payOrderId"], created.json()["data"]["payOrderId"]);
    let refused = proxy.call(QUERY, r#"{"mchOrderNo":"D2"}"#);
    assert_ne!(refused.json()["code"], json!(0));
    for (path, code) in [(CREATE, json!(0)), (QUERY, json!(0)), (QUERY, refused.json()["code"].clone())] {
        let logged = proxy.logged();
        assert_eq!((text(&logged, "path"), &logged["code"]), (path, &code), "{logged}");
    }
}

#[test]
fn a_request_is_signed_and_its_response_comes_back_as_it_is() {
    let bytes = b"<html>\xff not JSON</html>";
    let headers = "Content-Type: text/html;charset=x\r\nRetry-After: 7\r\nServer: gateway\r\n";
    let gateway = Fake::start(move |_| response(503, headers, bytes));
    let proxy = Proxy::start(&["--to", &gateway.url()]);
    let came = proxy.call(QUERY, "{ \"step\": 0, \"a\": \"private-value\", \"none\": null }");
    assert_eq!((came.status(), &came.body[..]), (503, &bytes[..]));
    assert_eq!(came.header("content-type"), Some("text/html;charset=x"));
    assert_eq!(came.header("retry-after"), Some("7"));

    let sent = gateway.request();
    assert_eq!((sent.path(), sent.text()), (QUERY, r#"{"a":"private-value","mchNo":"M1","step":0}"#));
    let key: PublicKey = sent.header("x-api-key").unwrap().parse().unwrap();
    assert_eq!(key, PrivateKey::from_hex(TEST_KEY).unwrap().public_key());
    let nonce = sent.header("x-api-nonce").unwrap().parse().unwrap();
    let request = RequestToSign::new(QUERY, nonce, Parameters::from_json(&sent.body).unwrap()).unwrap();
    let signature = sent.header("x-api-signature").unwrap().parse().unwrap();
    request.verify(&key, &signature, SignaturePolicy::RequireLowS).unwrap();

    let line = proxy.running.error_line();
    assert!(line.contains(QUERY) && line.contains("503"), "{line}");
    for hidden in ["private-value", proxy.token(), TEST_KEY] {
        assert!(!line.contains(hidden), "{line}");
    }
    // A call without a body is signed without one.
    proxy.send("/api/bd/P1/T1", &format!("X-Tarspay-Proxy-Token: {}\r\n", proxy.token()), "");
    let sent = gateway.request();
    assert_eq!((sent.text(), sent.header("content-type")), ("", None));
}

#[test]
fn what_cannot_be_passed_on_is_refused_and_never_sent() {
    let gateway = Fake::start(|_| response(200, "", r#"{"code":0}"#));
    let proxy = Proxy::start(&["--to", &gateway.url()]);
    let address = proxy.address();
    let token = format!("X-Tarspay-Proxy-Token: {}\r\n", proxy.token());
    let good = format!("{JSON}{token}");
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(64 * 1024));
    let short = &proxy.token()[1..];
    let cases: &[(&str, &str, &str, u16, &str)] = &[
        // Who asks.
        (QUERY, JSON, "{}", 401, "no_token"),
        (QUERY, &format!("{JSON}X-Tarspay-Proxy-Token: {short}\r\n"), "{}", 401, "no_token"),
        (&format!("/{short}{QUERY}"), JSON, "{}", 401, "no_token"),
        (&format!("/{}", proxy.token()), JSON, "{}", 401, "no_token"),
        (QUERY, &format!("{good}Origin: https://evil.example\r\n"), "{}", 403, "forbidden"),
        (QUERY, &format!("{good}Origin: null\r\n"), "{}", 403, "forbidden"),
        (QUERY, &format!("{good}Host: other\r\n"), "{}", 403, "forbidden"),
        // What is asked.
        (&format!("{QUERY}?a=b"), &good, "{}", 400, "invalid_request"),
        (QUERY, &token, "{}", 415, "not_json"),
        (QUERY, &format!("Content-Type: text/plain\r\n{token}"), "{}", 415, "not_json"),
        (QUERY, &format!("Content-Encoding: gzip\r\n{good}"), "{}", 415, "not_json"),
        (QUERY, &good, "", 400, "invalid_request"),
        (QUERY, &good, "a=b", 400, "invalid_request"),
        (QUERY, &good, "[]", 400, "invalid_request"),
        (QUERY, &good, r#"{"a":{"b":"c"}}"#, 400, "invalid_request"),
        (QUERY, &good, r#"{"a":["b"]}"#, 400, "invalid_request"),
        (QUERY, &good, r#"{"amount":1.5}"#, 400, "invalid_request"),
        (QUERY, &good, r#"{"a":"1","a":"2"}"#, 400, "invalid_request"),
        (QUERY, &good, r#"{"mchNo":"M2"}"#, 400, "invalid_request"),
        (QUERY, &good, r#"{"mchNo":1}"#, 400, "invalid_request"),
        ("/api/a|b", &good, "{}", 400, "invalid_request"),
        (QUERY, &good, &large, 413, "body_too_large"),
    ];
    for (path, headers, body, status, expected) in cases {
        let refused = proxy.send(path, headers, body);
        let shown = format!("{path} {headers} {}", &body[..body.len().min(40)]);
        assert_eq!((refused.status(), kind(&refused).as_str()), (*status, *expected), "{shown} {refused:?}");
        assert_eq!(proxy.logged()["code"], json!(expected), "{shown}");
    }
    let head = format!("GET {QUERY} HTTP/1.1\r\n{good}Host: ");
    let refused = send(address, format!("{head}{address}\r\n\r\n"));
    assert_eq!((refused.status(), refused.header("allow")), (405, Some("POST")));
    // A name that was pointed at this machine.
    for host in ["evil.example", "192.0.2.7", ""] {
        let refused = send(address, format!("{head}{host}\r\n\r\n"));
        assert_eq!((refused.status(), kind(&refused).as_str()), (403, "forbidden"), "{host}");
    }
    assert_eq!(gateway.rest(), 0);
    assert_eq!(proxy.call(QUERY, "{}").status(), 200);
}

#[test]
fn against_production_only_documented_queries_pass_unless_money_is_allowed() {
    // Nobody listens there, so nothing leaves this machine.
    let (_reserved, address) = reserve();
    let nowhere = format!("http://{address}");
    let others = [
        CREATE,
        "/api/payOut/unifiedOrder",
        "/api/trxSupplement",
        "/api/bd/P1/T1",
        "/api/tomorrow",
        "/api/balanceInfo/",
        "//api/balanceInfo",
        "/api/%62alanceInfo",
        "/api/balanceInfo/../pay/unifiedOrder",
        "/",
    ];
    let proxy = Proxy::start(&["--proxy", &nowhere]);
    assert_eq!(
        (text(&proxy.ready, "to"), &proxy.ready["queries_only"]),
        (tarspay::PRODUCTION_URL, &json!(true))
    );
    for path in others {
        let refused = proxy.call(path, "{}");
        assert_eq!((refused.status(), kind(&refused).as_str()), (403, "money_not_allowed"), "{path}");
        assert!(refused.text().contains("--allow-money"), "{refused:?}");
    }
    let queries =
        ["balanceInfo", "orderInfo/trxId", "payInInfo", "payOutInfo", "payOutProof", "trxQuery", "utrQuery"];
    for query in queries {
        let passed = proxy.call(&format!("/api/{query}"), "{}");
        assert_eq!((passed.status(), kind(&passed).as_str()), (502, "not_sent"), "{query}");
        assert!(passed.text().contains("no order was made"), "{passed:?}");
    }
    let proxy = Proxy::start(&["--proxy", &nowhere, "--allow-money"]);
    assert_eq!(proxy.ready["queries_only"], json!(false));
    for path in others {
        assert_eq!(kind(&proxy.call(path, "{}")), "not_sent", "{path}");
    }
}

#[test]
fn a_lost_response_is_not_a_failure_and_nothing_is_sent_again() {
    let gateway = Fake::start(|request| match request.path() {
        "/api/payOut/unifiedOrder" => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"code\":".to_vec(),
        _ => Vec::new(),
    });
    let proxy = Proxy::start(&["--to", &gateway.url()]);
    for (path, expected, advice) in [
        (CREATE, "outcome_unknown", "query it by its mchOrderNo"),
        ("/api/payOut/unifiedOrder", "outcome_unknown", "the order may exist"),
        ("/api/trxSupplement", "outcome_unknown", "may exist"),
        (QUERY, "no_response", "ask again"),
    ] {
        let lost = proxy.call(path, r#"{"mchOrderNo":"D1"}"#);
        assert_eq!((lost.status(), kind(&lost).as_str()), (504, expected), "{path}");
        assert!(lost.text().contains(advice) && !lost.text().contains("failed"), "{lost:?}");
        assert_eq!(proxy.logged()["code"], json!(expected));
        gateway.request();
        assert_eq!(gateway.rest(), 0, "sent once");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_waits_for_the_call_in_flight_also_if_its_client_has_gone() {
    use std::io::Write as _;
    for client_stays in [true, false] {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let gateway = Fake::start(move |_| {
            let _ = wait.recv();
            response(200, "", r#"{"code":0,"msg":"SUCCESS"}"#)
        });
        let proxy = Proxy::start(&["--to", &gateway.url()]);
        let headers = format!("{JSON}X-Tarspay-Proxy-Token: {}\r\n", proxy.token());
        let (address, body) = (proxy.address().to_owned(), r#"{"mchOrderNo":"D1"}"#);
        let request = post(&address, CREATE, &headers, body);
        let client = client_stays.then(|| {
            let (address, request) = (address.clone(), request.clone());
            std::thread::spawn(move || send(&address, request))
        });
        if client_stays {
            gateway.request();
        } else {
            let mut stream = std::net::TcpStream::connect(&address).unwrap();
            stream.write_all(&request).unwrap();
            gateway.request();
            drop(stream);
        }
        proxy.running.signal("-INT");
        release.send(()).unwrap();
        if let Some(client) = client {
            assert_eq!(client.join().unwrap().json()["code"], json!(0));
        }
        let (code, stderr) = proxy.running.ended();
        assert_eq!(code, Some(0));
        assert!(stderr.contains(r#""code":0"#) && stderr.contains(CREATE), "{client_stays}: {stderr}");
    }
}

#[test]
fn the_line_in_text_holds_the_same() {
    let gateway = Fake::start(|_| response(200, "", r#"{"code":5003008,"msg":"no"}"#));
    let mut command = tarspay_with_key(&["proxy", "--listen", "127.0.0.1:0", "--merchant-id", "M1"]);
    let running = Running::start_command(command.args(["--to", &gateway.url()]));
    let words: Vec<_> = running.ready.split(' ').collect();
    let [_, _, base_url, _, token, _, to, _, merchant, _, queries_only] = words[..] else {
        panic!("{}", running.ready)
    };
    assert_eq!((to, merchant, queries_only), (gateway.url().as_str(), "M1", "false"));
    let address = base_url.strip_prefix("http://").unwrap();
    send(address, post(address, &format!("/{token}{QUERY}"), JSON, "{}"));
    let line = running.error_line();
    assert!(line.starts_with(&format!("{QUERY} 200 code 5003008 ")) && line.ends_with(" ms"), "{line}");
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (args, words) in [
        (&["--listen", "0.0.0.0:0"][..], &["loopback"][..]),
        (&["--listen", "8790"], &["127.0.0.1:8790"]),
        (&["--listen", &taken], &["cannot listen", &taken]),
        (&["--to", "http://payment.tarspay.com"], &["https://"]),
        (&["--to", "nonsense"], &["base URL"]),
        (&["--to", "http://127.0.0.1:1", "--api-url", "http://127.0.0.1:2"], &["cannot be used with"]),
        (&["--merchant-id", ""], &["--merchant-id"]),
    ] {
        let mut command = tarspay_with_key(&["proxy", "--merchant-id", "M1"]);
        let done = run(command.args(args)).failed(2, words);
        assert_eq!(done.stdout, "");
    }
    run(&mut tarspay(&["proxy", "--merchant-id", "M1"])).failed(2, &["no private key"]);
    run(&mut tarspay_with_key(&["proxy"])).failed(2, &["TARSPAY_MERCHANT_ID"]);
}

#[test]
fn a_call_too_many_is_refused_and_not_sent() {
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let gateway = Fake::start(move |_| {
        // An error once the test has let go.
        let _ = wait.recv();
        response(200, "", r#"{"code":0}"#)
    });
    let proxy = Proxy::start(&["--to", &gateway.url()]);
    let (sender, responses) = std::sync::mpsc::channel();
    for _ in 0..65 {
        let (sender, address) = (sender.clone(), proxy.address().to_owned());
        let headers = format!("{JSON}X-Tarspay-Proxy-Token: {}\r\n", proxy.token());
        std::thread::spawn(move || sender.send(send(&address, post(&address, CREATE, &headers, "{}"))));
    }
    let refused = responses.recv().unwrap();
    assert_eq!((refused.status(), kind(&refused).as_str()), (503, "too_many_calls"));
    drop(release);
    for _ in 0..64 {
        assert_eq!(responses.recv().unwrap().status(), 200);
    }
    assert_eq!(std::iter::repeat_with(|| gateway.request()).take(64).count() + gateway.rest(), 64);
}
