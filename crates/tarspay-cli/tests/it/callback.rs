//! `tarspay callback send` and `tarspay callback replay`.

use crate::fake::{Fake, response, send as send_raw};
use crate::running::{Running, reserve};
use crate::{Files, TEST_KEY, as_argument, run, tarspay, text};
use serde_json::{Value, json};
use std::process::Command;
use tarspay::CallbackVerifier;
use tarspay::sign::{PrivateKey, PublicKey};

fn receiver() -> Fake {
    Fake::start(|_| response(200, "", "OK"))
}

/// `tarspay callback send` for merchant M1 with a test key.
fn send(files: &Files, args: &[&str]) -> Command {
    let key = files.write("test.key", TEST_KEY);
    let mut command = tarspay(&["callback", "send", "--json", "--merchant-id", "M1", "--key-file", &key]);
    command.args(args);
    command
}

#[test]
fn a_test_callback_is_signed_with_the_key_that_is_shown() {
    let (files, receiver) = (Files::new(), receiver());
    let url = format!("{}/notify", receiver.url());
    let more = [
        "--order-no",
        "D7",
        "--pay-order-no",
        "P7",
        "--amount",
        "500",
        "--set",
        "currency=BRA",
        "--set",
        "failReason=a b",
    ];
    let done = run(send(&files, &["--state", "success", "--to", &url]).args(more)).succeeded();
    done.keeps_secret(TEST_KEY);
    let result = done.json();
    let key: PublicKey = text(&result, "system_public_key").parse().unwrap();
    assert_eq!(key, PrivateKey::from_hex(TEST_KEY).unwrap().public_key());
    assert_eq!(
        (&result["ok"], &result["http_status"], &result["reply"]),
        (&json!(true), &json!(200), &json!("OK"))
    );
    let came = receiver.request();
    assert_eq!((came.path(), came.text()), ("/notify", text(&result, "body")));
    let signature = came.header("x-resp-signature");
    let verifier = CallbackVerifier::trusting("M1".parse().unwrap(), key);
    verifier.verify(signature, &came.body).unwrap();
    assert!(CallbackVerifier::production("M1".parse().unwrap()).verify(signature, &came.body).is_err());
    let expected = json!({
        "bizType": 1, "currency": "BRA", "failReason": "a b", "fee": "0", "mchNo": "M1", "mchOrderNo": "D7",
        "orderAmount": "500", "payAmount": "500", "payOrderId": "P7", "state": 2,
    });
    assert_eq!(came.json(), expected);
}

#[test]
fn every_state_and_member_can_be_set() {
    let (files, receiver) = (Files::new(), receiver());
    for (state, code) in [
        ("success", 2),
        ("failed", 3),
        ("partly-paid", 9),
        ("refunded", 5),
        ("timed-out", 6),
        ("rejected", 8),
        ("processing", 1),
        ("7", 7),
    ] {
        run(&mut send(&files, &["--state", state, "--to", &receiver.url()])).succeeded();
        assert_eq!(receiver.request().json()["state"], json!(code), "{state}");
    }
    let set = [
        "--set",
        "wayCode=PIX",
        "--set",
        "mchNo=M2",
        "--set",
        "state=3",
        "--set",
        "fee:=null",
        "--set",
        "a=1=2",
    ];
    let args = ["--state", "9", "--direction", "withdrawal", "--paid", "40", "--to", &receiver.url()];
    run(send(&files, &args).args(set)).succeeded();
    let body = receiver.request().json();
    assert_eq!((&body["state"], &body["bizType"], &body["payAmount"]), (&json!(3), &json!(2), &json!("40")));
    assert_eq!((&body["mchNo"], &body["wayCode"], &body["fee"]), (&json!("M2"), &json!("PIX"), &Value::Null));
    assert_eq!(body["a"], "1=2");
}

#[test]
fn the_verdict_is_the_exit_code() {
    let files = Files::new();
    for (reply, phase) in [
        (response(200, "", "ok"), "response body"),
        (response(200, "", "\"OK\""), "response body"),
        (response(500, "", "OK"), "response status"),
        (Vec::new(), "response status"),
    ] {
        let receiver = Fake::start(move |_| reply.clone());
        let done = run(&mut send(&files, &["--state", "2", "--to", &receiver.url()]));
        let done = done.failed(1, &["not accepted", "bare text OK"]);
        assert_eq!((text(&done.json(), "failed_phase"), &done.json()["ok"]), (phase, &json!(false)));
        receiver.request();
        assert_eq!(receiver.rest(), 0, "sent once");
    }
    let (_reserved, nobody) = reserve();
    let url = format!("http://{nobody}/");
    let done = run(&mut send(&files, &["--state", "2", "--to", &url])).failed(3, &["not sent", "--to"]);
    assert_eq!(done.json()["failed_phase"], "connect");
}

#[test]
fn the_text_shows_the_key_to_trust_and_the_reply() {
    let (files, receiver) = (Files::new(), Fake::start(|_| response(201, "", "OK")));
    let key = files.write("test.key", TEST_KEY);
    let mut command = tarspay(&["callback", "send", "--merchant-id", "M1", "--key-file", &key]);
    let shown = run(command.args(["--state", "2", "--to", &receiver.url()])).succeeded().stdout;
    let public_key = PrivateKey::from_hex(TEST_KEY).unwrap().public_key();
    for words in
        [&format!("TARSPAY_SYSTEM_PUBLIC_KEY={public_key}"), "HTTP 201 \"OK\"", "accepted", "mchOrderNo"]
    {
        assert!(shown.contains(words), "{shown}");
    }
}

/// A file as `tarspay listen` keeps it.
fn log(files: &Files) -> String {
    let body = r#"{"mchNo":"M1","mchOrderNo":"D1","payOrderId":"P1","state":2}"#;
    let odd = b"{\"mchOrderNo\":\"D1\",\"payOrderId\":\"P1\",\"state\":3,\"failReason\":\"\xff\"}".to_vec();
    let lines = [
        json!({ "id": 4, "at": 1, "signature": "aa", "body": body }),
        json!({ "id": 5, "at": 2, "signature": "bb", "body": odd }),
    ];
    files.write("log", format!("{}\n{}\n{{\"id\":6", lines[0], lines[1]))
}

#[test]
fn a_past_callback_of_a_log_is_sent_as_it_was() {
    let (files, receiver) = (Files::new(), receiver());
    let log = log(&files);
    for (id, signature, last) in [("4", "aa", &b"\"state\":2}"[..]), ("5", "bb", b"\"failReason\":\"\xff\"}")]
    {
        let args = ["callback", "replay", id, "--log", &log, "--to", &receiver.url(), "--json"];
        let result = run(&mut tarspay(&args)).succeeded().json();
        assert_eq!((&result["system_public_key"], text(&result, "signature")), (&Value::Null, signature));
        let came = receiver.request();
        assert_eq!(came.header("x-resp-signature"), Some(signature));
        assert!(came.body.ends_with(last), "{came:?}");
    }
}

#[test]
fn an_edited_one_is_signed_with_a_test_key_only() {
    let (files, receiver) = (Files::new(), receiver());
    let (log, key) = (log(&files), files.write("test.key", TEST_KEY));
    let edit =
        ["callback", "replay", "4", "--log", &log, "--to", &receiver.url(), "--set", "state=3", "--json"];
    // The merchant's own key is not one for callbacks.
    run(alone(&files, &edit).env("TARSPAY_PRIVATE_KEY", TEST_KEY))
        .failed(2, &["no test key", "no sandbox runs", "--key-file", "keygen"]);
    assert_eq!(receiver.rest(), 0);
    let result = run(tarspay(&edit).args(["--key-file", &key])).succeeded().json();
    let key: PublicKey = text(&result, "system_public_key").parse().unwrap();
    let came = receiver.request();
    let verifier = CallbackVerifier::trusting("M1".parse().unwrap(), key);
    let callback = verifier.verify(came.header("x-resp-signature"), &came.body).unwrap();
    assert_eq!(callback.get().state.code(), 3);
}

#[test]
fn a_sandbox_signs_and_has_past_callbacks() {
    let (sandbox, ready) = Running::start_json();
    let (receiver, base_url) = (receiver(), text(&ready, "base_url").to_owned());
    let key = text(&ready, "system_public_key");
    let verifier =
        CallbackVerifier::trusting(text(&ready, "merchant_no").parse().unwrap(), key.parse().unwrap());
    let arrived = || {
        let came = receiver.request();
        verifier.verify(came.header("x-resp-signature"), &came.body).unwrap().into_inner()
    };
    let merchant_no = text(&ready, "merchant_no");
    let args =
        ["callback", "send", "--state", "failed", "--sandbox", &base_url, "--to", &receiver.url(), "--json"];
    let result = run(tarspay(&args).args(["--merchant-id", merchant_no])).succeeded().json();
    assert_eq!(text(&result, "system_public_key"), key);
    assert_eq!(arrived().state.code(), 3);

    // A deposit whose callback goes to the receiver.
    let address = base_url.strip_prefix("http://").unwrap();
    let order = order(&ready, &format!("{}/hook", receiver.url()));
    let pay = format!("/_sandbox/orders/{order}/pay");
    send_raw(address, crate::fake::post(address, &pay, "", ""));
    assert_eq!(arrived().pay_order_id.to_string(), order);
    for (more, state) in [(&[][..], 2), (&["--set", "state=9"][..], 9)] {
        let args = ["callback", "replay", "1", "--sandbox", &base_url, "--json"];
        let result = run(tarspay(&args).args(more)).succeeded().json();
        assert!(text(&result, "url").ends_with("/hook"), "{result}");
        assert_eq!(arrived().state.code(), state);
    }
    run(&mut tarspay(&["callback", "replay", "99", "--sandbox", &base_url])).failed(1, &["no callback 99"]);
    drop(sandbox);
}

/// The program of a user with folders of their own, in which it finds no other sandbox.
fn alone(files: &Files, args: &[&str]) -> Command {
    let mut command = tarspay(args);
    command.env("XDG_RUNTIME_DIR", files.path("run")).env("XDG_STATE_HOME", files.path("state"));
    command
}

#[test]
fn a_running_sandbox_is_found_without_a_flag() {
    let (files, receiver) = (Files::new(), receiver());
    let to = receiver.url();
    let send = ["callback", "send", "--state", "2", "--to", &to, "--json"];
    let replay = ["callback", "replay", "1", "--json"];
    run(&mut alone(&files, &send)).failed(2, &["no test key", "no sandbox runs", "--key-file"]);
    run(&mut alone(&files, &replay)).failed(3, &["no sandbox runs", "tarspay sandbox", "--log FILE"]);
    let sandbox = Running::start_command(&mut alone(&files, &["sandbox", "--json"]));
    let ready: Value = serde_json::from_str(&sandbox.ready).unwrap();
    let (merchant_no, key) = (text(&ready, "merchant_no"), text(&ready, "system_public_key"));
    let result = run(&mut alone(&files, &send)).succeeded().json();
    assert_eq!(text(&result, "system_public_key"), key);
    let came = receiver.request();
    let verifier = CallbackVerifier::trusting(merchant_no.parse().unwrap(), key.parse().unwrap());
    verifier.verify(came.header("x-resp-signature"), &came.body).unwrap();
    // A key of one's own still signs, for a merchant that must be named.
    let file = files.write("test.key", TEST_KEY);
    run(alone(&files, &send).args(["--key-file", &file])).failed(2, &["TARSPAY_MERCHANT_ID"]);
    run(alone(&files, &send).args(["--key-file", &file, "--merchant-id", "M7"])).succeeded();
    assert_eq!(receiver.request().json()["mchNo"], "M7");

    run(&mut alone(&files, &replay)).failed(1, &["no callback 1", "`tarspay sandbox callbacks`"]);
    let order = order(&ready, &format!("{to}/hook"));
    run(&mut alone(&files, &["sandbox", "pay", &order])).succeeded();
    receiver.request();
    let result = run(&mut alone(&files, &replay)).succeeded().json();
    assert!(text(&result, "url").ends_with("/hook"), "{result}");
    assert_eq!(text(&receiver.request().json(), "payOrderId"), order);
}

/// Places a deposit at a sandbox, and gives the gateway's number of it.
fn order(ready: &Value, notify_url: &str) -> String {
    use tarspay::types::DepositRequest;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let credentials = tarspay::Credentials::new(
        text(ready, "merchant_no").parse().unwrap(),
        text(ready, "private_key").parse().unwrap(),
    );
    let client = tarspay::Client::builder(credentials).base_url(text(ready, "base_url")).build().unwrap();
    let request = json!({
        "mchOrderNo": "D1", "wayCode": "EWALLET_MPESA", "currency": "KES", "amount": "100",
        "notifyUrl": notify_url, "customerContact": "254700000000",
    });
    let request: DepositRequest = serde_json::from_value(request).unwrap();
    let placed = runtime.block_on(async { client.place_deposit(&request).await }).unwrap();
    placed.pay_order_id().unwrap().to_string()
}

#[test]
fn wrong_usage_is_named() {
    let files = Files::new();
    let (log, to) = (log(&files), "http://127.0.0.1:9/");
    let (_reserved, nobody) = reserve();
    let nobody = format!("http://{nobody}");
    for (args, words) in [
        (&["--state", "paid", "--to", to][..], &["--state", "partly-paid"][..]),
        (&["--state", "2"], &["--to"]),
        (&["--state", "2", "--to", "http://192.0.2.7/"], &["this machine", "--to-network"]),
        (&["--state", "2", "--to", "https://shop.example/"], &["--to-network"]),
        (&["--state", "2", "--to", to, "--set", "a"], &["--set", "member=value"]),
        (&["--state", "2", "--to", to, "--set", "=a"], &["--set"]),
        (&["--state", "2", "--to", to, "--set", "a:=b"], &["--set", ":=JSON"]),
        (&["--state", "2", "--to", to, "--sandbox", &nobody], &["cannot be used with"]),
        (&["--state", "2", "--to", to, "--direction", "in"], &["--direction"]),
    ] {
        run(&mut send(&files, args)).failed(2, words);
    }
    let malformed = files.write("malformed", &TEST_KEY[1..]);
    let args =
        ["callback", "send", "--merchant-id", "M1", "--state", "2", "--to", to, "--key-file", &malformed];
    run(&mut tarspay(&args)).failed(2, &["--key-file"]).keeps_secret(TEST_KEY);
    let replay = |args: &[&str]| {
        let mut command = tarspay(&["callback", "replay"]);
        command.args(args);
        command
    };
    run(&mut alone(&files, &["callback", "replay", "4", "--to", to])).failed(3, &["--log"]);
    run(&mut replay(&["4", "--log", &log])).failed(2, &["--to"]);
    run(&mut replay(&["4", "--sandbox", &nobody])).failed(3, &["no sandbox runs"]);
    run(&mut replay(&["6", "--log", &log, "--to", to])).failed(1, &["no callback 6", "4 to 5"]);
    for unused in [["--sandbox", &nobody], ["--key-file", "test.key"]] {
        let args = [&["4", "--log", &log, "--to", to][..], &unused].concat();
        run(&mut replay(&args)).failed(2, &["keeps its signature", "--set", unused[0]]);
    }
    run(&mut replay(&["x", "--log", &log, "--to", to])).failed(2, &["<ID>"]);
    let missing = as_argument(&files.path("missing"));
    run(&mut replay(&["4", "--log", &missing, "--to", to])).failed(2, &["cannot use the log"]);
    let key = files.write("test.key", TEST_KEY);
    let args = ["callback", "send", "--state", "2", "--to", to, "--key-file", &key];
    run(&mut tarspay(&args)).failed(2, &["TARSPAY_MERCHANT_ID"]);
}
