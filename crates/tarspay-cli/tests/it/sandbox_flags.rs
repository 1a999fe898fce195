//! What each flag of `tarspay sandbox` changes: the same steps with it and without it.

use crate::owner::{self, Owner};
use crate::running::Running;
use crate::{Files, as_argument, text};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tarspay::sign::PrivateKey;
use tarspay::types::{Amount, DepositRequest, NotifyUrl, market::kenya};
use tarspay::{Client, Credentials, RetryPolicy};

/// Nobody listens there, and nobody is asked: it is `https`.
const NOWHERE: &str = "https://127.0.0.1/notify";

/// A sandbox that was started with some flags, as its owner and its merchant have it.
struct Started {
    _running: Running,
    ready: Value,
    owner: Owner,
    client: Client,
}

impl Started {
    fn with(flags: &[&str]) -> Self {
        let (running, ready) = Running::start_json_with(flags);
        let key = PrivateKey::from_hex(text(&ready, "private_key")).unwrap();
        let credentials = Credentials::new(text(&ready, "merchant_no").parse().unwrap(), key);
        let client = Client::builder(credentials)
            .base_url(text(&ready, "base_url"))
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        Self { owner: Owner::at(address(&ready)), _running: running, ready, client }
    }

    /// Creates a deposit of 100, and gives the gateway's number of it.
    async fn deposit(&self, notify_url: &str) -> String {
        self.client.call(request("100", notify_url)).await.unwrap();
        text(&self.owner.look("orders").await["orders"][0], "pay_order_id").to_owned()
    }

    async fn state(&self, id: &str) -> Value {
        self.owner.look(&format!("orders/{id}")).await["state"].clone()
    }
}

fn address(ready: &Value) -> SocketAddr {
    text(ready, "base_url").strip_prefix("http://").unwrap().parse().unwrap()
}

fn request(amount: &str, notify_url: &str) -> DepositRequest {
    DepositRequest::new(
        "D1".parse().unwrap(),
        kenya::way::CASHIER,
        kenya::CURRENCY,
        Amount::parse(amount).unwrap(),
        NotifyUrl::new(notify_url).unwrap(),
    )
}

#[tokio::test]
async fn data_keeps_orders_and_keys_for_the_next_start() {
    let files = Files::new();
    let file = as_argument(&files.path("state.db"));
    for (flags, kept) in [(vec!["--data", &file], true), (vec![], false)] {
        let first = Started::with(&flags);
        let (ready, id) = (first.ready.clone(), first.deposit(NOWHERE).await);
        drop(first);
        let second = Started::with(&flags);
        for key in ["private_key", "system_public_key"] {
            assert_eq!(ready[key] == second.ready[key], kept, "{key} with {flags:?}");
        }
        let orders = second.owner.look("orders").await["orders"].clone();
        let ids: Vec<_> = orders.as_array().unwrap().iter().map(|order| &order["pay_order_id"]).collect();
        assert_eq!(ids, if kept { vec![id.as_str()] } else { vec![] });
    }
}

#[cfg(target_os = "linux")]
#[test]
fn paths_that_are_not_utf_8_are_taken_as_they_are() {
    use crate::{run, tarspay, usage::run_into_closed_pipe};
    use std::os::unix::ffi::OsStrExt as _;
    let files = Files::new();
    let path = |name: &[u8]| files.path("").join(std::ffi::OsStr::from_bytes(name));
    let (data, scenario, body) = (path(b"\xffstate.db"), path(b"mine\xff.toml"), path(b"body\xff"));
    std::fs::write(
        &scenario,
        "name = \"mine\"\ndescription = \"M\"\n[[steps]]\nafter = \"1h\"\ndo = \"pay\"\n",
    )
    .unwrap();
    std::fs::write(&body, "{}").unwrap();
    let mut sandbox = tarspay(&["sandbox", "--data"]);
    sandbox.arg(&data).arg("--scenario").arg(&scenario);
    let done = run_into_closed_pipe(sandbox);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    assert!(data.exists());
    run(tarspay(&["keygen", "--out"]).arg(path(b"key\xff"))).succeeded();
    let mut sign = tarspay(&["sign", "--path", "/x", "--key-file"]);
    run(sign.arg(path(b"key\xff")).arg("--body").arg(&body)).succeeded();
}

#[tokio::test]
async fn scenario_plays_one_that_is_shipped_and_one_of_a_file() {
    let files = Files::new();
    let mine = "name = \"mine\"\ndescription = \"M\"\n[[steps]]\nafter = \"1h\"\ndo = \"pay\"\n";
    let mine = files.write("mine.toml", mine);
    for (flags, played) in [
        (vec!["--scenario", "paid-at-once", "--scenario", &mine], vec!["paid-at-once", "mine"]),
        (vec![], vec![]),
    ] {
        let scenarios = Started::with(&flags).owner.look("scenarios").await["scenarios"].clone();
        let names: Vec<_> = scenarios.as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(names, played);
    }
}

#[tokio::test]
async fn deposit_lifetime_is_the_time_in_which_a_deposit_must_be_paid() {
    for (flags, lifetime) in [(&["--deposit-lifetime", "1m 30s"][..], 90_000), (&[], 30 * 60_000)] {
        let sandbox = Started::with(flags);
        sandbox.owner.change("clock/freeze", "").await;
        let id = sandbox.deposit(NOWHERE).await;
        for (millis, state) in [(lifetime - 1, 0), (1, 6)] {
            sandbox.owner.change("clock/advance", &json!({ "millis": millis }).to_string()).await;
            assert_eq!(sandbox.state(&id).await, state, "{flags:?}");
        }
    }
}

#[tokio::test]
async fn enforce_limits_refuses_an_amount_that_is_taken_without_it() {
    let below = request("20", NOWHERE);
    Started::with(&[]).client.call(below.clone()).await.unwrap();
    let error = Started::with(&["--enforce-limits"]).client.call(below).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), 500_321, "{error}");
}

#[tokio::test]
async fn notify_all_ends_sends_a_callback_for_a_timeout_too() {
    for (flags, states) in [(&["--notify-all-ends"][..], vec![6]), (&[], vec![])] {
        let sandbox = Started::with(flags);
        let id = sandbox.deposit(NOWHERE).await;
        sandbox.owner.change(&format!("orders/{id}/expire"), "").await;
        let callbacks = sandbox.owner.look("callbacks").await["callbacks"].clone();
        let sent: Vec<_> = callbacks.as_array().unwrap().iter().map(|one| &one["state"]).collect();
        assert_eq!(sent, states);
    }
}

#[tokio::test]
async fn allow_receiver_lets_callbacks_go_to_that_host_too() {
    // No address of loopback, and yet it never leaves the machine. The port is reserved, and nobody
    // listens.
    let (_reserved, address) = crate::running::reserve();
    let url = format!("http://0.0.0.0:{}/notify", address.port());
    let hosts = ["--allow-receiver", "shop.example", "--allow-receiver", "0.0.0.0"];
    for (flags, status, attempts) in [(&hosts[..], "due", 1), (&hosts[..2], "undeliverable", 0)] {
        let sandbox = Started::with(flags);
        let id = sandbox.deposit(&url).await;
        sandbox.owner.change(&format!("orders/{id}/pay"), "").await;
        let callback = sandbox.owner.change("callbacks/settle", "").await["callbacks"][0].clone();
        assert_eq!(callback["status"], status, "{callback}");
        assert_eq!(callback["attempts"].as_array().unwrap().len(), attempts, "{callback}");
    }
}

#[tokio::test]
async fn no_explain_leaves_the_mistake_behind_a_wrong_signature_unnamed() {
    for (flags, named) in [(&["--no-explain"][..], false), (&[], true)] {
        let sandbox = Started::with(flags);
        let key = text(&sandbox.ready, "public_key");
        let lines = format!("X-API-KEY: {key}\r\nX-API-NONCE: 1\r\nX-API-SIGNATURE: zz\r\n");
        let body = format!(r#"{{"mchNo":"{}"}}"#, text(&sandbox.ready, "merchant_no"));
        let response = owner::send(address(&sandbox.ready), "POST", "/api/balanceInfo", &lines, &body).await;
        let response = response.unwrap().to_lowercase();
        assert!(response.contains(r#""code":5003008"#), "{response}");
        assert_eq!(response.contains("x-sandbox-explain: unexplained"), named, "{response}");
        assert_eq!(response.contains("most likely"), named, "{response}");
    }
}
