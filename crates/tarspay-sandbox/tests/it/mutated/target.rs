//! A server that bytes are thrown at, and what must hold of its responses, its threads and its money.

use crate::Caller;
use crate::http;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::Value;
use std::sync::{Mutex, Once};
use tarspay_sandbox::{Order, Sandbox};
use tarspay_types::{Amount, BizType};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// The largest body that the sandbox reads.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// The threads of the servers here; the name of the store's threads stands in the sandbox.
pub(super) const SERVER_THREAD: &str = "server of hostile tests";
pub(super) const STORE_THREAD: &str = "tarspay-sandbox store";

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A server of its own, with all its tasks on threads that are known by name.
pub(super) struct Target {
    pub(super) runtime: Runtime,
    pub(super) sandbox: Sandbox,
    pub(super) caller: Caller,
}

impl Target {
    pub(super) fn start() -> Self {
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
    pub(super) fn throw(&self, bytes: &[u8]) -> Vec<u8> {
        self.send(bytes, false)
    }

    /// Sends bytes and ends the sending: what is not a complete request need not be answered then.
    pub(super) fn throw_and_leave(&self, bytes: &[u8]) -> Vec<u8> {
        self.send(bytes, true)
    }

    pub(super) fn send(&self, bytes: &[u8], leaves: bool) -> Vec<u8> {
        self.runtime.block_on(async {
            let mut stream = TcpStream::connect(self.sandbox.address()).await.unwrap();
            // The server may refuse, and close while bytes are still on their way: then the response may be lost too.
            let _ = stream.write_all(bytes).await;
            if leaves {
                let _ = stream.shutdown().await;
            }
            http::read_to_end(&mut stream).await.unwrap_or_default()
        })
    }

    pub(super) fn assert_well(&self) {
        let response = self.throw(&self.caller.balance_query().to_bytes());
        assert_eq!(http::Response::read(&response).code(), 0, "it lives");
        assert_eq!(*PANICS.lock().unwrap(), [""; 0], "nothing in the server panics");
    }

    /// Whatever was done to the orders: what the test merchant has is what it had and what they have moved.
    pub(super) fn assert_money_adds_up(&self) {
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
                (order.direction == BizType::WITHDRAWAL && order.state.code() == 1).then_some(order.amount)
            });
            let gone = sum(Amount::ZERO, |order| {
                (order.direction == BizType::WITHDRAWAL && order.state.code() == 2).then_some(order.amount)
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
pub(super) fn cases<S: Strategy>(count: u32, strategy: &S, mut test: impl FnMut(S::Value)) {
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

/// Every response is whole and readable, and no one is an excuse. How many there are.
pub(super) fn assert_readable(mut bytes: &[u8]) -> usize {
    let mut responses = 0;
    while !bytes.is_empty() {
        let shown = || String::from_utf8_lossy(bytes).chars().take(600).collect::<String>();
        let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let head_end = head_end.unwrap_or_else(|| panic!("no whole head: {}", shown())) + 4;
        let head = http::Response::read(&bytes[..head_end]);
        let length: usize = head.header("content-length").unwrap_or("0").parse().unwrap();
        let body = bytes.get(head_end..head_end + length).unwrap_or_else(|| panic!("cut short: {}", shown()));
        assert_ne!(head.status, 500, "{}", shown());
        if body.is_empty() {
            // What is no HTTP never gets to the gateway.
            assert!(matches!(head.status, 400 | 414 | 431), "{}", shown());
        } else {
            let json: Value = serde_json::from_slice(body).unwrap_or_else(|_| panic!("no JSON: {}", shown()));
            let found = json["msg"].as_str().or(json["error"]["message"].as_str()).unwrap_or_default();
            for excuse in ["the store failed", "has a fault", "internal", "panicked"] {
                assert!(!found.contains(excuse), "{}", shown());
            }
            let is_envelope = json["code"].is_i64() && json["msg"].is_string();
            let is_refusal = json["error"]["kind"].is_string() && !found.is_empty();
            let is_shown = head.status == 200 && json.is_object();
            assert!(is_envelope || is_refusal || is_shown, "{}", shown());
        }
        bytes = &bytes[head_end + length..];
        responses += 1;
    }
    responses
}
