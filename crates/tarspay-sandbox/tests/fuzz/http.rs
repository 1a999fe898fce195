//! Fuzz target: whatever comes in over HTTP, the response is a readable one or a clean close, and the server goes on.

use serde_json::Value;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::LazyLock;
use std::time::Duration;
use tarspay_sandbox::Sandbox;
use tarspay_sign::{NonceSource, Parameters, RequestToSign};
use tokio::runtime::Runtime;

struct Server {
    runtime: Runtime,
    nonces: NonceSource,
}

static SERVER: LazyLock<Server> =
    LazyLock::new(|| Server { runtime: Runtime::new().expect("a runtime"), nonces: NonceSource::new() });

/// Far longer than any response takes; only a server that hangs waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes as they go over the wire. Or a call in few words: `=PATH`, a line end and a body, which the test merchant signs;
/// `@METHOD PATH`, a line end and a body for the control API.
///
/// Each input has a sandbox of its own, so that it alone decides what happens.
pub(crate) fn run(bytes: &[u8]) {
    let server = &*SERVER;
    let sandbox = server.runtime.block_on(Sandbox::start()).expect("a sandbox on loopback");
    match bytes {
        [b'=', call @ ..] => {
            let Some(request) = signed(&sandbox, server, call) else { return };
            response(&sandbox, &request).assert_readable();
        }
        [b'@', call @ ..] => {
            let Some(request) = control(call) else { return };
            response(&sandbox, &request).assert_readable();
        }
        _ => responses(&exchange(&sandbox, bytes, true)).iter().for_each(Response::assert_readable),
    }
    // Only the control API makes faults, and only they may keep a good call from its response.
    sandbox.clear_faults();
    let body = format!(r#"{{"mchNo":"{}"}}"#, sandbox.merchant().merchant_no());
    let good = [b"/api/balanceInfo\n", body.as_bytes()].concat();
    let good = signed(&sandbox, server, &good).expect("a good call");
    let good = response(&sandbox, &good);
    assert_eq!(good.status, 200, "the server is damaged");
    good.assert_readable();
    server.runtime.block_on(sandbox.stop());
}

/// A whole request; `None` if the gateway's rules have no signature for it.
fn signed(sandbox: &Sandbox, server: &Server, call: &[u8]) -> Option<Vec<u8>> {
    let (path, body) = line_and_body(call)?;
    let parameters = if body.is_empty() { Parameters::none() } else { Parameters::from_json(body).ok()? };
    let request = RequestToSign::new(path, server.nonces.next_nonce(), parameters).ok()?;
    let signed = request.sign(sandbox.merchant().private_key());
    let headers = signed.headers().pairs().map(|(name, value)| format!("{name}: {value}\r\n")).concat();
    Some(whole(&format!("POST {path}"), &headers, body))
}

/// A whole request; `None` if the line is not a method and path, or asks to wait.
fn control(call: &[u8]) -> Option<Vec<u8>> {
    let (line, body) = line_and_body(call)?;
    let (method, path) = line.split_once(' ')?;
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
    // HEAD has a response of another form, and who connects is not answered at all.
    let fits = is_word(method) && is_word(path) && !matches!(method, "HEAD" | "CONNECT");
    (fits && !path.contains("wait_millis")).then(|| whole(&format!("{method} /_sandbox/{path}"), "", body))
}

fn line_and_body(call: &[u8]) -> Option<(&str, &[u8])> {
    let at = call.iter().position(|&byte| byte == b'\n').unwrap_or(call.len());
    Some((std::str::from_utf8(&call[..at]).ok()?, call.get(at + 1..).unwrap_or_default()))
}

fn whole(line: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// The one response to a whole request.
fn response(sandbox: &Sandbox, request: &[u8]) -> Response {
    let mut responses = responses(&exchange(sandbox, request, false));
    assert_eq!(responses.len(), 1, "a whole request has one response");
    responses.remove(0)
}

/// Sends, and reads until the server has closed. To end the sending makes it close where it would wait for more; it may
/// then leave out responses.
fn exchange(sandbox: &Sandbox, bytes: &[u8], end: bool) -> Vec<u8> {
    let mut stream = TcpStream::connect(sandbox.address()).expect("the sandbox listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    // The server may refuse and close while bytes are still on their way.
    let _ = stream.write_all(bytes);
    if end {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut response = Vec::new();
    match stream.read_to_end(&mut response) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("the server neither responses nor closes")
        }
        // Closed, be it with bytes left that nobody wanted.
        _ => response,
    }
}

struct Response {
    status: u16,
    kind: Kind,
    body: Vec<u8>,
}

/// What a response says that it is.
enum Kind {
    Json,
    /// What the page for people is made of.
    Text,
    /// Nothing.
    None,
}

impl Response {
    fn assert_readable(&self) {
        assert!((100..600).contains(&self.status), "status {}", self.status);
        assert!(self.status != 500, "the sandbox has a fault: {}", String::from_utf8_lossy(&self.body));
        match self.kind {
            Kind::Json => {}
            Kind::Text => {
                assert!(
                    std::str::from_utf8(&self.body).is_ok_and(|text| !text.is_empty()),
                    "a page is a text"
                );
                return;
            }
            Kind::None => {
                // hyper refuses by itself what is no HTTP: a status without a body. So does the page where it leads elsewhere.
                assert!(self.body.is_empty(), "a body of no declared kind");
                return;
            }
        }
        let json: Value = serde_json::from_slice(&self.body).expect("an response is JSON");
        let is_envelope = json["code"].is_i64() && json["msg"].is_string();
        let is_control = json.is_object() || json.is_array();
        assert!(is_envelope || is_control, "neither an envelope nor an response of the control API");
    }
}

/// Cuts what came into responses; panics if there is anything else.
fn responses(mut bytes: &[u8]) -> Vec<Response> {
    let mut responses = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head has an end") + 4;
        let head = std::str::from_utf8(&bytes[..end]).expect("a head is text").to_ascii_lowercase();
        let status = head.strip_prefix("http/1.1 ").or_else(|| head.strip_prefix("http/1.0 "));
        let status = status.and_then(|rest| rest.get(..3)?.parse().ok()).expect("a status line");
        let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let length = value("content-length").map_or(0, |length| length.parse().expect("a length"));
        let (body, rest) = bytes[end..].split_at_checked(length).expect("a whole body");
        let kind = match value("content-type") {
            Some(kind) if kind.starts_with("application/json") => Kind::Json,
            Some(kind) if kind.starts_with("text/") => Kind::Text,
            _ => Kind::None,
        };
        responses.push(Response { status, kind, body: body.to_vec() });
        bytes = rest;
    }
    responses
}

/// A signed call of each kind, control calls, and HTTP that is odd.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    const CREATE: &str = r#"{"mchNo":"M1688443086","mchOrderNo":"D1","amount":"100.00","currency":"KES","wayCode":"EWALLET_MPESA","customerContact":"254712345678","notifyUrl":"http://127.0.0.1:1/"}"#;
    const ASK: &str = r#"{"mchNo":"M1688443086","mchOrderNo":"D1","trxId":"T1","utr":"123456789012"}"#;
    let calls = [
        ("/api/balanceInfo", ASK),
        ("/api/pay/unifiedOrder", CREATE),
        ("/api/payOut/unifiedOrder", CREATE),
        ("/api/payInInfo", ASK),
        ("/api/payOutInfo", ASK),
        ("/api/payOutProof", ASK),
        ("/api/orderInfo/trxId", ASK),
        ("/api/utrQuery", ASK),
        ("/api/trxQuery", ASK),
        ("/api/trxSupplement", ASK),
        ("/api/bd/P1/T1", ""),
    ];
    let rest = [
        "@GET health\n",
        "@GET orders?state=1\n",
        "@POST merchants/M1688443086/balances\n{\"currency\":\"KES\",\"available\":\"1.50\"}",
        "@POST merchants/M1688443086/status\n{\"status\":\"disabled\"}",
        "@POST merchants/M1/keys\n{\"public_key\":\"02\",\"bound_ip\":\"::1\",\"expires_in_millis\":1}",
        "@POST clock/advance\n{\"millis\":1000}",
        "@POST orders/P1/partial\n{\"amount\":\"1\"}",
        "@POST faults\n{\"kind\":\"drop\",\"path\":\"/api/balanceInfo\"}",
        "@GET events?after=0\n",
        "GET /_sandbox/merchants HTTP/1.1\r\nHost: [::1]\r\n\r\nGET /_sandbox/health HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /api/balanceInfo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "POST /api/balanceInfo HTTP/1.0\r\nX-API-KEY: 02\r\nContent-Length: 9\r\n\r\n{}",
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
    ];
    let calls = calls.iter().map(|(path, body)| format!("={path}\n{body}"));
    calls.chain(rest.map(str::to_owned)).map(String::into_bytes).collect()
}
