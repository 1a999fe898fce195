//! Every scenario that comes with the sandbox, played over HTTP: each state and each callback that it promises.

use crate::Caller;
use crate::http::{Request, Response, in_time};
use crate::support::{
    DEPOSIT, QUERY_DEPOSIT, QUERY_WITHDRAWAL, Received, Receiver, Reply, WITHDRAWAL, kenya, payout, short,
    until,
};
use crate::time::HeldTime;
use serde_json::{Value, json};
use std::time::Duration;
use tarspay_sandbox::{CallbackStatus, EventKind, Order, Sandbox, Scenario};
use tarspay_sign::{CallbackVerifier, SignaturePolicy};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// A sandbox whose clock stands still, with a merchant and its server.
struct Stage {
    sandbox: Sandbox,
    caller: Caller,
    receiver: Receiver,
    begun: std::time::SystemTime,
}

impl Stage {
    async fn of(name: &str, path: &str) -> Self {
        Self::with(name, path, Receiver::ok().await).await
    }

    /// Plays a scenario to one order of 100, whatever becomes of the response to its creation.
    async fn with(name: &str, path: &str, receiver: Receiver) -> Self {
        let stage = Self::before(name, receiver).await;
        let request = stage.creation(path).to_bytes();
        let answered = crate::http::exchange(stage.sandbox.address(), &request).await.unwrap();
        let lost = ["response-lost", "gateway-error-page"].contains(&name);
        assert_eq!(String::from_utf8_lossy(&answered).contains(r#""code":0"#), !lost, "{name}");
        stage.assert_taken(name);
        stage
    }

    /// Before there is an order that the scenario could take.
    async fn before(name: &str, receiver: Receiver) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        sandbox.clock().freeze();
        let begun = sandbox.clock().now();
        sandbox.play(Scenario::shipped(name).unwrap()).unwrap();
        let caller = Caller::of(&sandbox);
        Self { sandbox, caller, receiver, begun }
    }

    fn creation(&self, path: &str) -> Request {
        let changes = json!({ "notifyUrl": self.receiver.url() });
        let mut body = if path == DEPOSIT { kenya("N1", &changes) } else { payout("N1", &changes) };
        body["mchNo"] = json!(self.caller.merchant_no);
        self.caller.signed(path, self.caller.next_nonce(), &body.to_string())
    }

    fn assert_taken(&self, name: &str) {
        let took = |kind| matches!(kind, EventKind::ScenarioTook { scenario, .. } if scenario == name);
        assert!(self.sandbox.events().into_iter().any(|event| took(event.kind)), "{name} took the order");
    }

    /// Goes to so many seconds after the creation, and waits for what is due then.
    async fn at(&self, seconds: u64) -> i64 {
        let passed = self.sandbox.clock().now().duration_since(self.begun).unwrap();
        self.sandbox.clock().advance(Duration::from_secs(seconds).checked_sub(passed).unwrap());
        in_time(self.sandbox.settle()).await;
        self.order().state.code()
    }

    fn order(&self) -> Order {
        self.sandbox.orders().unwrap().remove(0)
    }

    /// What the merchant is told when it asks.
    async fn query(&self) -> Value {
        let path = if self.order().direction.code() == 1 { QUERY_DEPOSIT } else { QUERY_WITHDRAWAL };
        self.caller.data(&self.sandbox, path, &json!({ "mchOrderNo": "N1" })).await
    }

    /// The states that the merchant's server was told of, all of them verified.
    fn told(&self) -> Vec<i64> {
        self.receiver.received().iter().map(|received| self.verified(received)).collect()
    }

    fn verified(&self, received: &Received) -> i64 {
        assert!(self.verifies(received, SignaturePolicy::AcceptHighS), "{}", received.body);
        assert_eq!(received.json()["payOrderId"], self.order().pay_order_id.as_str());
        received.json()["state"].as_i64().unwrap()
    }

    fn verifies(&self, received: &Received, policy: SignaturePolicy) -> bool {
        CallbackVerifier::trusting(self.sandbox.system_public_key())
            .signature_policy(policy)
            .verify(received.signature(), received.body.as_bytes())
            .is_ok()
    }

    async fn balance(&self) -> String {
        let body = self.caller.data(&self.sandbox, crate::BALANCE, &json!({})).await;
        format!("{} {}", body["availableAmount"], body["frozenAmount"]).replace('"', "")
    }
}

#[tokio::test]
async fn paid_at_once() {
    let stage = Stage::of("paid-at-once", DEPOSIT).await;
    assert_eq!(stage.at(0).await, 2);
    assert_eq!(stage.told(), [2]);
    assert_eq!(stage.query().await["state"], 2);
}

#[tokio::test]
async fn paid_later() {
    let stage = Stage::of("paid-later", DEPOSIT).await;
    for (seconds, state) in [(0, 0), (19, 0), (20, 1), (179, 1), (180, 2)] {
        assert_eq!(stage.at(seconds).await, state, "{seconds}");
        assert_eq!(stage.told(), if state == 2 { vec![2] } else { vec![] });
    }
}

#[tokio::test]
async fn nobody_pays() {
    let stage = Stage::of("nobody-pays", DEPOSIT).await;
    for (seconds, state) in [(10, 1), (30 * MINUTE - 1, 1), (30 * MINUTE, 6), (24 * HOUR, 6)] {
        assert_eq!(stage.at(seconds).await, state, "{seconds}");
    }
    assert!(stage.told().is_empty(), "a timeout is told by a query alone");
    assert_eq!(stage.query().await["state"], 6);
}

#[tokio::test]
async fn paid_after_expiry() {
    let stage = Stage::of("paid-after-expiry", DEPOSIT).await;
    for (seconds, state) in [(15 * MINUTE - 1, 0), (15 * MINUTE, 6), (20 * MINUTE - 1, 6), (20 * MINUTE, 2)] {
        assert_eq!(stage.at(seconds).await, state, "{seconds}");
    }
    assert_eq!(stage.told(), [2]);
    assert_eq!(stage.balance().await, "1000100 0");
}

#[tokio::test]
async fn partial_then_paid() {
    let stage = Stage::of("partial-then-paid", DEPOSIT).await;
    assert_eq!(stage.at(MINUTE).await, 9);
    assert_eq!(short(&stage.order()), (9, "40".to_owned(), "0".to_owned()));
    assert_eq!(stage.at(3 * MINUTE).await, 2);
    assert_eq!(short(&stage.order()), (2, "100".to_owned(), "0".to_owned()));
    assert_eq!(stage.told(), [9, 2]);
    assert_eq!(stage.balance().await, "1000100 0");
}

#[tokio::test]
async fn partial_twice_then_paid() {
    let stage = Stage::of("partial-twice-then-paid", DEPOSIT).await;
    for (seconds, state, paid) in [(MINUTE, 9, "40"), (2 * MINUTE, 9, "90"), (3 * MINUTE, 2, "100")] {
        assert_eq!(stage.at(seconds).await, state);
        assert_eq!(stage.query().await["payAmount"], paid);
        assert_eq!(stage.receiver.received().last().unwrap().json()["payAmount"], paid);
    }
    assert_eq!(stage.told(), [9, 9, 2]);
    assert_eq!(stage.balance().await, "1000100 0");
}

#[tokio::test]
async fn partial_then_refund() {
    let stage = Stage::of("partial-then-refund", DEPOSIT).await;
    assert_eq!(stage.at(MINUTE).await, 9);
    assert_eq!(stage.balance().await, "1000040 0");
    assert_eq!(stage.at(HOUR - 1).await, 9);
    assert_eq!(stage.at(HOUR).await, 5);
    assert_eq!(stage.balance().await, "1000000 0");
    assert_eq!(stage.told(), [9]);
    assert_eq!(stage.query().await["state"], 5);
}

#[tokio::test]
async fn payment_fails() {
    let stage = Stage::of("payment-fails", DEPOSIT).await;
    assert_eq!(stage.at(29).await, 0);
    assert_eq!(stage.at(30).await, 3);
    assert_eq!(stage.told(), [3]);
    assert_eq!(stage.receiver.received()[0].json()["failReason"], "payment failed");
}

#[tokio::test]
async fn response_lost() {
    let stage = Stage::of("response-lost", DEPOSIT).await;
    // The merchant sends it again, and learns that it exists.
    stage.caller.call(&stage.sandbox, DEPOSIT, &kenya("N1", &json!({}))).await.assert_refused(200, 5_003_011);
    assert_eq!(stage.query().await["state"], 0);
    assert_eq!(stage.at(MINUTE).await, 2);
    assert_eq!(stage.told(), [2]);
    assert_eq!(stage.sandbox.orders().unwrap().len(), 1);
}

#[tokio::test]
async fn gateway_error_page() {
    let stage = Stage::of("gateway-error-page", DEPOSIT).await;
    stage.caller.call(&stage.sandbox, DEPOSIT, &kenya("N1", &json!({}))).await.assert_refused(200, 5_003_011);
    assert_eq!(stage.at(MINUTE).await, 2);
    assert_eq!(stage.told(), [2]);
}

#[tokio::test]
async fn gateway_slow() {
    let stage = Stage::before("gateway-slow", Receiver::ok().await).await;
    let time = HeldTime::new();
    assert_eq!(two_seconds_late(&time, &stage, stage.creation(DEPOSIT)).await.code(), 0);
    stage.assert_taken("gateway-slow");
    let body = json!({ "mchNo": stage.caller.merchant_no, "mchOrderNo": "N1" }).to_string();
    let query = stage.caller.signed(QUERY_DEPOSIT, stage.caller.next_nonce(), &body);
    assert_eq!(two_seconds_late(&time, &stage, query).await.json()["data"]["state"], 0);
    // The second query is as fast as any: time stands still.
    assert_eq!(stage.query().await["state"], 0);
    time.go_on();
    let applied = |kind| match kind {
        EventKind::ScenarioFaultApplied { what, .. } => Some(what),
        _ => None,
    };
    let applied: Vec<_> =
        stage.sandbox.events().into_iter().filter_map(|event| applied(event.kind)).collect();
    assert_eq!(applied, ["delay by 2s", "take 2s for the response"]);
    assert_eq!(stage.at(MINUTE).await, 2);
    assert_eq!(stage.told(), [2]);
}

/// Sends a call, and sees that its response is whole two seconds after the call has had its effect, and not before.
async fn two_seconds_late(time: &HeldTime, stage: &Stage, request: Request) -> Response {
    let (mut tail, address) = (stage.sandbox.tail(), stage.sandbox.address());
    let call = tokio::spawn(async move { request.send(address).await });
    until(&mut tail, |kind| matches!(kind, EventKind::Called { .. })).await;
    time.passes(Duration::from_secs(2), &stage.sandbox, call).await.unwrap()
}

#[tokio::test]
async fn state_unknown() {
    let stage = Stage::of("state-unknown", DEPOSIT).await;
    assert_eq!(stage.query().await["state"], 77);
    assert_eq!(stage.query().await["state"], 77);
    assert_eq!(stage.query().await["state"], 0);
    assert_eq!(stage.at(MINUTE).await, 2);
    assert_eq!(stage.query().await["state"], 2);
    assert_eq!(stage.told(), [2]);
}

#[tokio::test]
async fn callback_lost_twice() {
    let stage = Stage::of("callback-lost-twice", DEPOSIT).await;
    for (seconds, callbacks) in [(10, 0), (20, 0), (49, 0), (50, 1)] {
        assert_eq!(stage.at(seconds).await, 2);
        assert_eq!(stage.told().len(), callbacks, "{seconds}");
    }
    assert_eq!(stage.told(), [2]);
    let callback = &stage.sandbox.callbacks().unwrap()[0];
    assert_eq!((callback.status, callback.attempts.len()), (CallbackStatus::Delivered, 3));
    assert_eq!(callback.attempts[0].error.as_deref(), Some("a fault lost it on the way"));
}

#[tokio::test]
async fn callback_duplicated() {
    let stage = Stage::of("callback-duplicated", DEPOSIT).await;
    stage.at(10).await;
    assert_eq!(stage.told(), [2, 2, 2]);
    let received = stage.receiver.received();
    assert!(received.iter().all(|one| one.body == received[0].body));
    assert_eq!(stage.balance().await, "1000100 0");
}

#[tokio::test]
async fn callbacks_reordered() {
    let stage = Stage::of("callbacks-reordered", DEPOSIT).await;
    assert_eq!(stage.at(10).await, 9);
    assert!(stage.told().is_empty());
    assert_eq!(stage.at(20).await, 2);
    assert_eq!(stage.told(), [2]);
    stage.at(69).await;
    assert_eq!(stage.told(), [2]);
    stage.at(70).await;
    assert_eq!(stage.told(), [2, 9]);
    assert_eq!(stage.query().await["state"], 2);
}

#[tokio::test]
async fn callback_forged() {
    let careful = Receiver::scripted([Reply::With(401, "")]).await;
    let stage = Stage::with("callback-forged", DEPOSIT, careful).await;
    assert_eq!(stage.at(10).await, 3);
    let [forged, true_one] = &stage.receiver.received()[..] else { panic!("two callbacks") };
    assert_eq!((&forged.json()["state"], &forged.json()["payAmount"]), (&json!(2), &json!("100")));
    assert!(!stage.verifies(forged, SignaturePolicy::AcceptHighS));
    assert_eq!(stage.verified(true_one), 3);
    assert_eq!(beliefs(&stage.sandbox), [false]);
    assert_eq!(stage.sandbox.callbacks().unwrap()[0].attempts.len(), 1, "a forgery is no attempt of ours");

    let careless = Stage::of("callback-forged", DEPOSIT).await;
    careless.at(10).await;
    assert_eq!(beliefs(&careless.sandbox), [true]);
}

fn beliefs(sandbox: &Sandbox) -> Vec<bool> {
    let belief = |kind| match kind {
        EventKind::ForgerySent { believed, .. } => Some(believed),
        _ => None,
    };
    sandbox.events().into_iter().filter_map(|event| belief(event.kind)).collect()
}

#[tokio::test]
async fn callback_high_s() {
    let stage = Stage::of("callback-high-s", DEPOSIT).await;
    stage.at(10).await;
    assert_eq!(stage.told(), [2]);
    assert!(!stage.verifies(&stage.receiver.received()[0], SignaturePolicy::RequireLowS));
}

#[tokio::test]
async fn withdrawal_paid() {
    let stage = Stage::of("withdrawal-paid", WITHDRAWAL).await;
    assert_eq!(stage.at(MINUTE - 1).await, 1);
    assert_eq!(stage.balance().await, "999900 100");
    assert_eq!(stage.at(MINUTE).await, 2);
    assert_eq!(stage.balance().await, "999900 0");
    assert_eq!(stage.told(), [2]);
}

#[tokio::test]
async fn withdrawal_fails() {
    let stage = Stage::of("withdrawal-fails", WITHDRAWAL).await;
    assert_eq!(stage.at(MINUTE).await, 3);
    assert_eq!(stage.balance().await, "1000000 0");
    assert_eq!(stage.told(), [3]);
    let told = stage.receiver.received()[0].json();
    assert_eq!((&told["payAmount"], &told["failReason"]), (&json!("100"), &json!("account does not exist")));
}

#[tokio::test]
async fn withdrawal_rejected() {
    let stage = Stage::of("withdrawal-rejected", WITHDRAWAL).await;
    assert_eq!(stage.at(3 * MINUTE - 1).await, 1);
    assert_eq!(stage.at(3 * MINUTE).await, 8);
    assert_eq!(stage.balance().await, "1000000 0");
    assert!(stage.told().is_empty());
    assert_eq!(stage.query().await["state"], 8);
}

#[tokio::test]
async fn withdrawal_returned() {
    let stage = Stage::of("withdrawal-returned", WITHDRAWAL).await;
    assert_eq!(stage.at(MINUTE).await, 2);
    assert_eq!(stage.at(24 * HOUR - 1).await, 2);
    assert_eq!(stage.balance().await, "999900 0");
    assert_eq!(stage.at(24 * HOUR).await, 5);
    assert_eq!(stage.balance().await, "1000000 0");
    assert_eq!(stage.told(), [2]);
}

#[test]
fn every_scenario_has_its_test() {
    let tests = include_str!("scenarios.rs");
    for scenario in Scenario::shipped_ones() {
        let test = format!("async fn {}() {{", scenario.name().replace('-', "_"));
        assert!(tests.contains(&test), "no test {test}");
    }
    assert!(Scenario::shipped_ones().count() >= 10);
}
