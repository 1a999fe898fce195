//! Valid requests of every call and of every control route, spoilt in every way we could think of: each is answered in a
//! readable form, nothing in the server panics, and the money adds up.

use crate::http::{self, Request};
use crate::support::{DEPOSIT, QUERY_DEPOSIT, QUERY_WITHDRAW, WITHDRAW, kenya, payout, valid};
use crate::{BALANCE, Caller};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};
use std::sync::{Mutex, Once};
use tarspay_sandbox::{Order, Sandbox};
use tarspay_sign::Parameters;
use tarspay_types::{Amount, BizType, market};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// The largest body that the sandbox reads.
const MAX_BODY: usize = 64 * 1024;

/// The threads of the servers here; the name of the store's threads stands in the sandbox.
const SERVER_THREAD: &str = "server of hostile tests";
const STORE_THREAD: &str = "tarspay-sandbox store";

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A server of its own, with all its tasks on threads that are known by name.
struct Target {
    runtime: Runtime,
    sandbox: Sandbox,
    caller: Caller,
}

impl Target {
    fn start() -> Self {
        static RECORDING: Once = Once::new();
        RECORDING.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                if let Some(SERVER_THREAD | STORE_THREAD) = std::thread::current().name() {
                    PANICS.lock().unwrap().push(panic.to_string());
                }
                before(panic);
            }));
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(SERVER_THREAD)
            .enable_all()
            .build()
            .unwrap();
        // Explaining is slow where nothing is optimised; `explained` and `hostile` are about it.
        let sandbox = Sandbox::builder().explain(false);
        // On a thread of the runtime, so that everything it starts is there too.
        let sandbox = runtime.block_on(async { tokio::spawn(sandbox.start()).await.unwrap().unwrap() });
        let caller = Caller::of(&sandbox);
        Self { runtime, sandbox, caller }
    }

    /// Sends a whole request, and gives what came until the server closed.
    fn throw(&self, bytes: &[u8]) -> Vec<u8> {
        self.send(bytes, false)
    }

    /// Sends bytes and ends the sending: what is no whole request need not be answered then.
    fn throw_and_leave(&self, bytes: &[u8]) -> Vec<u8> {
        self.send(bytes, true)
    }

    fn send(&self, bytes: &[u8], leaves: bool) -> Vec<u8> {
        self.runtime.block_on(async {
            let mut stream = TcpStream::connect(self.sandbox.address()).await.unwrap();
            // The server may refuse, and close while bytes are still on their way: then the answer may be lost too.
            let _ = stream.write_all(bytes).await;
            if leaves {
                let _ = stream.shutdown().await;
            }
            http::read_to_end(&mut stream).await.unwrap_or_default()
        })
    }

    fn assert_well(&self) {
        let answer = self.throw(&self.caller.balance_query().to_bytes());
        assert_eq!(http::Answer::read(&answer).code(), 0, "it lives");
        assert_eq!(*PANICS.lock().unwrap(), [""; 0], "nothing in the server panics");
    }

    /// Whatever was done to the orders: what the test merchant has is what it had and what they have moved.
    fn assert_money_adds_up(&self) {
        let merchant = &self.caller.merchant_no;
        let orders: Vec<_> =
            self.sandbox.orders().unwrap().into_iter().filter(|it| it.merchant_no == *merchant).collect();
        assert!(!orders.is_empty(), "some are accepted, or the test is too wild");
        for balance in self.sandbox.balances(merchant).unwrap() {
            let ours = || orders.iter().filter(|order| Some(&order.currency) == balance.currency.as_ref());
            let sum = |start: Amount, part: fn(&Order) -> Option<Amount>| {
                ours().filter_map(part).fold(start, |sum, amount| sum.checked_add(amount).unwrap())
            };
            let frozen = sum(Amount::ZERO, |order| {
                (order.direction == BizType::WITHDRAW && order.state.code() == 1).then_some(order.amount)
            });
            let gone = sum(Amount::ZERO, |order| {
                (order.direction == BizType::WITHDRAW && order.state.code() == 2).then_some(order.amount)
            });
            let come = sum(Amount::from(1_000_000_u32), |order| {
                let is_paid = order.direction == BizType::DEPOSIT && matches!(order.state.code(), 2 | 9);
                is_paid.then_some(order.pay_amount)
            });
            let there = balance.available.checked_add(balance.frozen).and_then(|sum| sum.checked_add(gone));
            assert_eq!(there.unwrap(), come, "{balance:?}");
            assert_eq!(balance.frozen, frozen, "{balance:?}");
        }
    }
}

/// Runs the same cases every time.
fn cases<S: Strategy>(count: u32, strategy: &S, mut test: impl FnMut(S::Value)) {
    let config =
        Config { cases: count, failure_persistence: None, max_shrink_iters: 64, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let test = std::cell::RefCell::new(&mut test);
    TestRunner::new_with_rng(config, rng)
        .run(strategy, |case| {
            (test.borrow_mut())(case);
            Ok::<_, TestCaseError>(())
        })
        .unwrap();
}

/// Every answer is whole and readable, and no one is an excuse. How many there are.
fn assert_readable(mut bytes: &[u8]) -> usize {
    let mut answers = 0;
    while !bytes.is_empty() {
        let shown = || String::from_utf8_lossy(bytes).chars().take(600).collect::<String>();
        let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let head_end = head_end.unwrap_or_else(|| panic!("no whole head: {}", shown())) + 4;
        let head = http::Answer::read(&bytes[..head_end]);
        let length: usize = head.header("content-length").unwrap_or("0").parse().unwrap();
        let body = bytes.get(head_end..head_end + length).unwrap_or_else(|| panic!("cut short: {}", shown()));
        assert_ne!(head.status, 500, "{}", shown());
        if body.is_empty() {
            // What is no HTTP never gets to the gateway.
            assert!(matches!(head.status, 400 | 414 | 431), "{}", shown());
        } else {
            let json: Value = serde_json::from_slice(body).unwrap_or_else(|_| panic!("no JSON: {}", shown()));
            let told = json["msg"].as_str().or(json["error"]["message"].as_str()).unwrap_or_default();
            for excuse in ["the store failed", "has a fault", "internal", "panicked"] {
                assert!(!told.contains(excuse), "{}", shown());
            }
            let is_envelope = json["code"].is_i64() && json["msg"].is_string();
            let is_refusal = json["error"]["kind"].is_string() && !told.is_empty();
            let is_shown = head.status == 200 && json.is_object();
            assert!(is_envelope || is_refusal || is_shown, "{}", shown());
        }
        bytes = &bytes[head_end + length..];
        answers += 1;
    }
    answers
}

/// JSON in place of a member: all types, and what is at their limits.
fn values() -> impl Strategy<Value = String> {
    let fixed = select(vec![
        "null",
        "true",
        "false",
        "0",
        "-1",
        "-0.0",
        "1e400",
        "1E-400",
        "12345678901234567890123456789012345",
        "0.1",
        "9223372036854775808",
        "-9223372036854775809",
        "[]",
        "{}",
        "[1,[2,{\"a\":null}]]",
        "{\"\":{\"\":\"\"}}",
        "\"\"",
        "\" \"",
        "\"0\"",
        "\"-1\"",
        "\"1e5\"",
        "\"0.00000000000000000000000001\"",
        "\"٣\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "\"a\\r\\nX-Api-Key: b\"",
        "\"'; DROP TABLE orders; --\"",
        "\"%00\"",
        "\"9999999999999999999999999999\"",
        "\"http://[::1]:0/\"",
        "\"http://127.0.0.1:99999/\"",
        "\"http://\\u0000/\"",
        "01",
        "+1",
        "NaN",
        "'a'",
        "\"\u{7f}\"",
        "\"\\x\"",
    ]);
    prop_oneof![
        6 => fixed.prop_map(str::to_owned),
        1 => (1_usize..3000).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
        1 => (1_usize..3000).prop_map(|depth| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth)),
        1 => (1_usize..5000).prop_map(|length| format!("\"{}\"", "x".repeat(length))),
        1 => (1_usize..500).prop_map(|length| "9".repeat(length)),
        1 => "\\PC{0,20}".prop_map(|text| json!(text).to_string()),
    ]
}

/// What is done to a JSON object.
#[derive(Clone, Debug)]
enum Spoil {
    Nothing,
    Replace(Index, String),
    Remove(Index),
    /// The same name twice, with different values.
    Double(Index, String),
    Rename(Index, String),
    Truncate(Index),
    Byte(Index, u8),
    /// Something else instead.
    Whole(String),
    /// Spaces after it, to just below, at and above the limit of a body.
    Pad(isize),
}

fn spoils() -> impl Strategy<Value = Spoil> {
    let at = any::<Index>;
    prop_oneof![
        1 => Just(Spoil::Nothing),
        8 => (at(), values()).prop_map(|(at, value)| Spoil::Replace(at, value)),
        2 => at().prop_map(Spoil::Remove),
        2 => (at(), values()).prop_map(|(at, value)| Spoil::Double(at, value)),
        1 => (at(), "\\PC{0,40}").prop_map(|(at, name)| Spoil::Rename(at, name)),
        1 => at().prop_map(Spoil::Truncate),
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Spoil::Byte(at, byte)),
        1 => values().prop_map(Spoil::Whole),
        1 => (-1_isize..=1).prop_map(Spoil::Pad),
    ]
}

fn spoilt(body: &Value, spoil: &Spoil) -> Vec<u8> {
    let members = body.as_object().unwrap();
    let mut texts: Vec<_> =
        members.iter().map(|(name, value)| (json!(name).to_string(), value.to_string())).collect();
    let count = texts.len().max(1);
    match spoil {
        Spoil::Replace(at, value) => {
            if let Some(member) = texts.get_mut(at.index(count)) {
                member.1.clone_from(value);
            }
        }
        Spoil::Remove(at) => drop(texts.drain(at.index(count)..).next()),
        Spoil::Double(at, value) => {
            if let Some((name, _)) = texts.get(at.index(count)).cloned() {
                texts.push((name, value.clone()));
            }
        }
        Spoil::Rename(at, name) => {
            if let Some(member) = texts.get_mut(at.index(count)) {
                member.0 = json!(name).to_string();
            }
        }
        _ => {}
    }
    let texts: Vec<_> = texts.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    let mut bytes = format!("{{{}}}", texts.join(",")).into_bytes();
    match spoil {
        Spoil::Truncate(at) => bytes.truncate(at.index(bytes.len())),
        Spoil::Byte(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Spoil::Whole(text) => bytes = text.clone().into_bytes(),
        Spoil::Pad(more) => bytes.resize(MAX_BODY.saturating_add_signed(*more), b' '),
        _ => {}
    }
    bytes
}

/// Every call with a body that is accepted, but for the numbers of orders that are not there; and each market's creation.
fn calls() -> Vec<(&'static str, Value)> {
    let mut calls = vec![
        (BALANCE, json!({})),
        (DEPOSIT, kenya("D", &json!({ "returnUrl": "https://shop.example/", "extra": "x" }))),
        (WITHDRAW, payout("W", &json!({}))),
        (QUERY_DEPOSIT, json!({ "mchOrderNo": "D" })),
        (QUERY_WITHDRAW, json!({ "mchOrderNo": "W" })),
        ("/api/payOutProof", json!({ "mchOrderNo": "W" })),
        ("/api/orderInfo/trxId", json!({ "trxId": "E00000000000000000000000000000001" })),
        ("/api/utrQuery", json!({ "utr": "412345678901", "mchOrderNo": "D" })),
        ("/api/trxQuery", json!({ "trxId": "SBX0000001" })),
        ("/api/trxSupplement", json!({ "trxId": "SBX0000001", "mchOrderNo": "D", "payOrderId": "P1" })),
        ("/api/bd/P1/T1", json!({})),
    ];
    for market in market::ALL.iter().filter(|market| market.currency().is_some()) {
        for (path, offer) in [(DEPOSIT, market.deposit()), (WITHDRAW, market.withdraw())] {
            if let Some(way) = offer.ways().first() {
                calls.push((path, valid(market, offer, way.code(), "N")));
            }
        }
    }
    calls
}

/// Signs what can be signed; what cannot carries the signature of something else.
fn sign(caller: &Caller, path: &str, body: &[u8]) -> Request {
    match std::str::from_utf8(body) {
        Ok(text) if Parameters::from_json(body).is_ok() => caller.signed(path, caller.next_nonce(), text),
        _ => caller.signed(path, caller.next_nonce(), "{}").body(body),
    }
}

#[test]
fn signed_bodies_spoilt_in_every_way_are_answered_and_move_no_money() {
    let target = Target::start();
    let mut number = 0;
    let mut accepted = 0;
    cases(1_500, &(select(calls()), spoils(), any::<bool>()), |((path, mut body), spoil, pay)| {
        number += 1;
        body["mchNo"] = target.caller.merchant_no.as_str().into();
        if path.ends_with("unifiedOrder") {
            body["mchOrderNo"] = format!("N{number}").into();
        }
        let bytes = spoilt(&body, &spoil);
        let answer = target.throw(&sign(&target.caller, path, &bytes).to_bytes());
        // A body above the limit may be cut off by the refusal.
        assert!(assert_readable(&answer) == 1 || bytes.len() > MAX_BODY, "no answer to {spoil:?}");
        let json: Value = answer
            .split(|byte| *byte == b'\n')
            .next_back()
            .and_then(|body| serde_json::from_slice(body).ok())
            .unwrap_or_default();
        if let Some(id) = json["data"]["payOrderId"].as_str().filter(|_| path.ends_with("unifiedOrder")) {
            accepted += 1;
            if pay {
                // A balance that gets too long is refused.
                let _ = target.sandbox.pay(&id.parse().unwrap());
            }
        }
        if number % 50 == 0 {
            target.assert_well();
        }
    });
    assert!(accepted > 50, "only {accepted} orders were accepted");
    target.assert_well();
    target.assert_money_adds_up();
}

/// What is done to the bytes of a valid request.
#[derive(Clone, Debug)]
enum Framing {
    DropHeader(&'static str),
    DoubleHeader(&'static str),
    GarbleHeader(&'static str, Vec<u8>),
    Path(String),
    Method(String),
    Length(String),
    /// In chunks, of which some may be wrong.
    Chunked(Vec<usize>, bool),
    Pipelined(usize),
    CutAfter(Index),
    Insert(Index, Vec<u8>),
    ManyHeaders(usize),
}

fn framings() -> impl Strategy<Value = Framing> {
    let headers = || {
        select(vec!["X-API-KEY", "X-API-NONCE", "X-API-SIGNATURE", "Host", "Content-Length", "Connection"])
    };
    prop_oneof![
        headers().prop_map(Framing::DropHeader),
        headers().prop_map(Framing::DoubleHeader),
        (headers(), prop::collection::vec(any::<u8>(), 0..200))
            .prop_map(|(name, value)| Framing::GarbleHeader(name, value)),
        "[!-~]{0,3000}".prop_map(Framing::Path),
        "[A-Za-z]{0,12}".prop_map(Framing::Method),
        "-?[0-9]{0,25}|0x10|1,1|1e3".prop_map(Framing::Length),
        (prop::collection::vec(1_usize..60, 0..6), any::<bool>())
            .prop_map(|(sizes, ends)| Framing::Chunked(sizes, ends)),
        (2_usize..6).prop_map(Framing::Pipelined),
        any::<Index>().prop_map(Framing::CutAfter),
        (any::<Index>(), prop::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(at, bytes)| Framing::Insert(at, bytes)),
        (1_usize..300).prop_map(Framing::ManyHeaders),
    ]
}

fn framed(caller: &Caller, framing: &Framing) -> Vec<u8> {
    let request = caller.balance_query();
    let bytes = request.to_bytes();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let with_line = |name: &str, change: &dyn Fn(&str) -> Vec<Vec<u8>>| {
        let prefix = format!("{name}:").to_ascii_lowercase();
        let lines = head.lines().flat_map(|line| {
            if line.to_ascii_lowercase().starts_with(&prefix) {
                change(line)
            } else {
                vec![line.as_bytes().to_vec()]
            }
        });
        let mut changed: Vec<u8> = lines.flat_map(|line| [line, b"\r\n".to_vec()].concat()).collect();
        changed.extend_from_slice(format!("\r\n{body}").as_bytes());
        changed
    };
    match framing {
        Framing::DropHeader(name) => with_line(name, &|_| vec![]),
        Framing::DoubleHeader(name) => with_line(name, &|line| vec![line.into(), line.into()]),
        Framing::GarbleHeader(name, value) => {
            with_line(name, &|_| vec![[format!("{name}: ").as_bytes(), value].concat()])
        }
        Framing::Path(path) => request.path(&format!("/{path}")).to_bytes(),
        Framing::Method(method) => request.method(method).to_bytes(),
        Framing::Length(length) => {
            with_line("Content-Length", &|_| vec![format!("Content-Length: {length}").into_bytes()])
        }
        Framing::Chunked(sizes, ends) => {
            let mut bytes = with_line("Content-Length", &|_| vec![b"Transfer-Encoding: chunked".to_vec()]);
            bytes.truncate(bytes.len() - body.len());
            let mut rest = body.as_bytes();
            for size in sizes {
                let (chunk, after) = rest.split_at((*size).min(rest.len()));
                bytes.extend([format!("{size:x}\r\n").as_bytes(), chunk, b"\r\n"].concat());
                rest = after;
            }
            if *ends {
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
            bytes
        }
        Framing::Pipelined(count) => {
            let one = |index: usize| {
                let connection = if index + 1 == *count { "close" } else { "keep-alive" };
                caller.balance_query().head(connection) + &caller.body()
            };
            (0..*count).map(one).collect::<String>().into_bytes()
        }
        Framing::CutAfter(at) => bytes[..at.index(bytes.len())].to_vec(),
        Framing::Insert(at, more) => {
            let mut bytes = bytes.clone();
            let at = at.index(bytes.len());
            bytes.splice(at..at, more.iter().copied());
            bytes
        }
        Framing::ManyHeaders(count) => {
            let more = (0..*count).fold(String::new(), |text, index| text + &format!("X-{index}: y\r\n"));
            format!("{head}\r\n{more}\r\n{body}").into_bytes()
        }
    }
}

#[test]
fn requests_with_spoilt_frames_are_answered_or_closed() {
    let target = Target::start();
    let mut number = 0;
    cases(700, &framings(), |framing| {
        number += 1;
        let bytes = framed(&target.caller, &framing);
        let whole = match framing {
            Framing::Pipelined(count) => Some(count),
            Framing::DropHeader(name) | Framing::DoubleHeader(name) if name.starts_with("X-API-") => Some(1),
            Framing::Path(_) => Some(1),
            _ => None,
        };
        if let Some(count) = whole {
            assert_eq!(assert_readable(&target.throw(&bytes)), count, "each of them is answered");
        } else {
            assert_readable(&target.throw_and_leave(&bytes));
        }
        if number % 50 == 0 {
            target.assert_well();
        }
    });
    target.assert_well();
}

/// Every route of the control API, with members that are accepted.
fn routes(deposit: &str, withdraw: &str) -> Vec<(&'static str, String, Value)> {
    let mut routes = vec![
        (
            "POST",
            "merchants/M2/keys".to_owned(),
            json!({
                "public_key": "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
                "bound_ip": "127.0.0.1", "expires_in_millis": 1000, "disabled": false,
            }),
        ),
        ("POST", "merchants/M2/status".to_owned(), json!({ "status": "active" })),
        (
            "POST",
            "merchants/M2/balances".to_owned(),
            json!({ "currency": "KES", "available": "1", "frozen": "2" }),
        ),
        (
            "POST",
            "faults".to_owned(),
            json!({
                "kind": "delay", "millis": 1, "path": "/api/none", "merchant_order_no": "NONE", "times": 1,
            }),
        ),
        (
            "POST",
            "faults".to_owned(),
            json!({
                "kind": "refuse", "code": 5_003_008, "merchant_order_no": "NONE", "chance_percent": 50, "seed": 1,
                "always": true, "after_commit": true,
            }),
        ),
        ("POST", "faults".to_owned(), json!({ "kind": "truncate", "bytes": 3, "merchant_order_no": "NONE" })),
        ("POST", "faults/1/clear".to_owned(), json!({})),
        ("POST", "faults/clear".to_owned(), json!({})),
        ("POST", "clock/advance".to_owned(), json!({ "millis": 1000 })),
        ("POST", "clock/freeze".to_owned(), json!({})),
        ("POST", "clock/resume".to_owned(), json!({})),
        ("POST", "callbacks/settle".to_owned(), json!({})),
        ("POST", "callbacks/1/resend".to_owned(), json!({})),
    ];
    for path in [
        "",
        "health",
        "merchants",
        "merchants/M2",
        "merchants/M2/balances",
        "orders",
        "orders?state=1",
        "faults",
        "clock",
        "callbacks",
        "callbacks/1",
        "callbacks?pay_order_id=P1",
        "events?after=0&wait_millis=0",
        "orders?merchant_no=M2&merchant_order_no=%ff",
        "merchants/%00",
        "orders/%F0%9F",
        "events?after=x",
    ] {
        routes.push(("GET", path.to_owned(), json!({})));
    }
    for id in [deposit, withdraw] {
        for (verb, body) in [
            ("open", json!({})),
            ("pay", json!({})),
            ("partial", json!({ "amount": "5.5" })),
            ("fail", json!({ "reason": "no money" })),
            ("reject", json!({ "reason": "no" })),
            ("refund", json!({})),
            ("expire", json!({})),
        ] {
            routes.push(("POST", format!("orders/{id}/{verb}"), body));
        }
    }
    routes
}

#[test]
fn spoilt_control_requests_are_answered_and_the_money_adds_up() {
    let target = Target::start();
    let (caller, sandbox) = (&target.caller, &target.sandbox);
    let create = |number: usize| {
        target.runtime.block_on(async {
            let deposit = caller.create(sandbox, DEPOSIT, &kenya(&format!("D{number}"), &json!({}))).await;
            let withdraw = caller.create(sandbox, WITHDRAW, &payout(&format!("W{number}"), &json!({}))).await;
            (deposit.to_string(), withdraw.to_string())
        })
    };
    let mut number = 0;
    let mut orders = create(number);
    cases(1_500, &(any::<Index>(), spoils()), |(route, spoil)| {
        number += 1;
        if number % 20 == 0 {
            // The others have come to their end; faults that take effect would be in the way.
            sandbox.clear_faults();
            orders = create(number);
        }
        let routes = routes(&orders.0, &orders.1);
        let (method, path, body) = route.get(&routes);
        let body = if *method == "GET" { Vec::new() } else { spoilt(body, &spoil) };
        let too_long = body.len() > MAX_BODY;
        let request =
            Request::post(&format!("/_sandbox/{path}"), body).method(method).header("Host", "localhost");
        let answers = assert_readable(&target.throw(&request.to_bytes()));
        assert!(answers == 1 || too_long, "no answer to {method} {path} {spoil:?}");
        if number % 50 == 0 {
            sandbox.clear_faults();
            target.assert_well();
        }
    });
    sandbox.clear_faults();
    target.assert_well();
    target.assert_money_adds_up();
}
