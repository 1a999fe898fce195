//! The calls to the gateway: queries, `call PATH`, waits, and what is refused before it is sent.

use crate::balance::responding;
use crate::owner::Owner;
use crate::running::{Running, merchant_of, reserve};
use crate::terminal::{HOSTILE, escaped};
use crate::{Done, Files, TEST_KEY, run, run_with_stdin, tarspay_with_key, text};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

/// A deposit of Kenya that no rule objects to, without its amount and number.
pub(crate) const DEPOSIT: [&str; 10] = [
    "deposit",
    "create",
    "--way-code",
    "EWALLET_MPESA",
    "--currency",
    "KES",
    "--customer-contact",
    "254115555076",
    "--notify-url",
    "https://127.0.0.1/notify",
];

/// A withdrawal of Bangladesh, likewise.
pub(crate) const WITHDRAWAL: [&str; 10] = [
    "withdrawal",
    "create",
    "--way-code",
    "EWALLET_BKASH",
    "--currency",
    "BDT",
    "--wallet-id",
    "01011111111",
    "--notify-url",
    "https://127.0.0.1/notify",
];

pub(crate) fn owner_of(ready: &Value) -> Owner {
    let address: SocketAddr = text(ready, "base_url").strip_prefix("http://").unwrap().parse().unwrap();
    Owner::at(address)
}

/// Creates the deposit D1 over 500.
pub(crate) fn create(ready: &Value) -> Value {
    let args = [&DEPOSIT[..], &["--amount", "500", "--order-no", "D1", "--json"]].concat();
    let done = run(&mut merchant_of(ready, &args));
    assert_eq!(done.code, Some(0), "{done:?}");
    done.json()["data"].clone()
}

#[test]
fn an_order_is_found_by_either_number() {
    let (_running, ready) = Running::start_json();
    let id = text(&create(&ready), "payOrderId").to_owned();
    let by_number = run(&mut merchant_of(&ready, &["deposit", "get", "D1", "--json"])).succeeded().json();
    let by_id = run(&mut merchant_of(&ready, &["deposit", "get", "--pay-order-id", &id, "--json"]));
    assert_eq!(by_number, by_id.succeeded().json());
    assert_eq!((&by_number["data"]["state"], text(&by_number["data"], "orderAmount")), (&json!(0), "500"));
    let shown = run(&mut merchant_of(&ready, &["deposit", "get", "D1"])).succeeded();
    assert!(shown.stdout.contains("state        0 (being created)\n"), "{shown:?}");
    let raw = ["call", "/api/payInInfo", "--set", "mchOrderNo=D1", "--json"];
    assert_eq!(run(&mut merchant_of(&ready, &raw)).succeeded().json(), by_number);
    for (args, code, words) in [
        (&["deposit", "get", "D2"][..], 1, &["5003018", "Check the number", "config show"][..]),
        (&["withdrawal", "get", "D1"], 1, &["/api/payOutInfo"]),
        (&["deposit", "get"], 2, &["ORDER_NO"]),
        (&["deposit", "get", "D1", "--pay-order-id", "P1"], 2, &["cannot be used with"]),
        (&["deposit", "get", ""], 2, &["the order number"]),
        (&["withdrawal", "certificate", "D1"], 1, &["/api/payOutProof", "the gateway refused"]),
    ] {
        run(&mut merchant_of(&ready, args)).failed(code, words);
    }
}

#[test]
fn a_withdrawal_beyond_the_balance_names_both_amounts_alone() {
    let (_running, ready) = Running::start_json();
    let args = [&WITHDRAWAL[..], &["--amount", "50000000", "--force", "--json"]].concat();
    let done = run(&mut merchant_of(&ready, &args)).failed(1, &["balance too low", "50000000 is needed"]);
    assert!(!done.stderr.contains("below zero"), "{done:?}");
}

#[test]
fn the_calls_of_one_country_are_made_by_its_name() {
    let (_running, ready) = Running::start_json();
    create(&ready);
    for (args, path) in [
        (&["brazil", "query-trx-id", "E1"][..], "/api/orderInfo/trxId"),
        (&["bangladesh", "query-trx-id", "B1"], "/api/trxQuery"),
        (&["bangladesh", "reprocess-trx-id", "B1", "D2"], "/api/trxSupplement"),
        (&["bangladesh", "submit-trx-id", "P1", "B1"], "/api/bd/P1/B1"),
        (&["india", "query-utr", "231500000000", "D2"], "/api/utrQuery"),
    ] {
        let done = run(&mut merchant_of(&ready, args));
        // The sandbox knows none of these payments; it may say so by a code or by a status.
        assert!(done.code == Some(0) || done.stderr.contains(path), "{done:?}");
        let done = run(merchant_of(&ready, args).args(["--dry-run", "--json"])).succeeded();
        assert!(text(&done.json(), "curl").contains(&format!("{path}'")), "{done:?}");
    }
    run(&mut merchant_of(&ready, &["bangladesh", "submit-trx-id", "P1/../x", "B1"]))
        .failed(2, &["arguments"]);
}

#[test]
fn any_other_path_is_called_with_members_of_files_and_flags() {
    let (_running, ready) = Running::start_json();
    create(&ready);
    let files = Files::new();
    let body = files.write("body.json", r#"{"mchNo":"M1688443086", "mchOrderNo": "D1"}"#);
    let call = ["call", "/api/payInInfo", "--json"];
    for more in [
        &["--body", &body][..],
        &["--body", &body, "--set", "mchOrderNo=D1"],
        &["--body", &body, "--set", "n:=5"],
    ] {
        let done = run(merchant_of(&ready, &call).args(more)).succeeded();
        assert_eq!(text(&done.json()["data"], "mchOrderNo"), "D1");
    }
    run_with_stdin(merchant_of(&ready, &call).args(["--body", "-"]), br#"{"mchOrderNo":"D1"}"#).succeeded();
    for (more, words) in [
        (&["--body", &body, "--set", "mchOrderNo=D2"][..], &["two values", "body.json", "--set"][..]),
        (&["--set", "mchNo=M9"], &["another `mchNo`", "M1688443086"]),
        (&["--set", "mchOrderNo"], &["member=value"]),
        (&["--set", "n:=five"], &["n=value"]),
        (&["--no-body", "--set", "n=1"], &["cannot be used with"]),
        (&["--body", "missing.json"], &["missing.json"]),
    ] {
        run(merchant_of(&ready, &call).args(more)).failed(2, words);
    }
    run(&mut merchant_of(&ready, &["call", "/api/none"])).failed(1, &["/api/none"]);
}

#[test]
fn what_came_is_shown_escaped_on_one_line_and_with_its_decimals() {
    let hostile = Value::from(HOSTILE);
    let body = format!(
        "{{\"code\":0,\"data\":{{\n {hostile}: {hostile},\n\t\"n\": [1.50,\r\n {{\"b \\\" c\": 2}}]}}}}"
    );
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let url = responding(format!("{head}{body}").into_bytes());
    let call = ["call", "/api/x", "--merchant-id", "M1", "--api-url", &url];
    let done = run(&mut tarspay_with_key(&call)).succeeded();
    escaped(&done);
    assert!(done.stdout.ends_with("  [1.50,{\"b \\\" c\":2}]\n"), "{done:?}");
    let done = run(tarspay_with_key(&call).arg("--json")).succeeded();
    escaped(&done);
    assert_eq!(done.json()["data"][HOSTILE], hostile);
    assert!(done.stdout.ends_with("\"n\":[1.50,{\"b \\\" c\":2}]}}\n"), "{done:?}");
}

#[test]
fn call_creates_no_order() {
    let (_running, ready) = Running::start_json();
    for (path, verb) in [
        ("/api/pay/unifiedOrder", "`tarspay deposit create`"),
        ("/api/payOut/unifiedOrder", "`tarspay withdrawal create`"),
    ] {
        run(&mut merchant_of(&ready, &["call", path, "--allow-money"]))
            .failed(2, &[verb, "nothing was sent"]);
    }
}

/// Runs what a dry run printed, as a user does who pastes it.
fn pasted(done: &Done) -> Value {
    let done = run(Command::new("sh").args(["-c", done.stdout.trim_end()])).succeeded();
    serde_json::from_str(&done.stdout).unwrap()
}

#[test]
fn a_dry_run_prints_a_curl_command_that_the_gateway_takes() {
    let (_running, ready) = Running::start_json();
    create(&ready);
    let odd = "customerName=it's <\u{e9}> \u{200b} \"x\"";
    let deposit = [&DEPOSIT[..], &["--amount", "500", "--order-no", "D2", "--set", odd]].concat();
    for (args, member, value) in [
        (&["balance"][..], "availableAmount", "1000000"),
        (&["deposit", "get", "D1"], "mchOrderNo", "D1"),
        (&["deposit", "wait", "D1"], "mchOrderNo", "D1"),
        (&["call", "/api/payInInfo", "--set", "mchOrderNo=D1"], "mchOrderNo", "D1"),
        (&deposit, "mchOrderNo", "D2"),
    ] {
        let done = run(merchant_of(&ready, args).arg("--dry-run")).succeeded();
        done.keeps_secret(text(&ready, "private_key"));
        let response = pasted(&done);
        assert_eq!((&response["code"], text(&response["data"], member)), (&json!(0), value), "{args:?}");
    }
    // A call without a body is signed as such: its order is missing, its signature is right.
    let done = run(&mut merchant_of(&ready, &["bangladesh", "submit-trx-id", "P1", "B1", "--dry-run"]));
    assert_eq!(pasted(&done)["code"], json!(5_003_018));
}

#[tokio::test(flavor = "multi_thread")]
async fn wait_ends_with_the_state_of_the_order() {
    let (_running, ready) = Running::start_json();
    let owner = owner_of(&ready);
    let id = text(&create(&ready), "payOrderId").to_owned();
    let wait = |more: &[&str]| run(merchant_of(&ready, &["deposit", "wait", "D1"]).args(more));
    let pending = wait(&["--deadline", "2s"]).failed(4, &["has not ended", "tarspay deposit wait D1"]);
    assert!(pending.stdout.contains("being created") && !pending.stderr.contains('\u{1b}'), "{pending:?}");
    owner.change(&format!("orders/{id}/pay"), "").await;
    let done = wait(&["--json"]).succeeded();
    assert_eq!(done.json()["data"]["state"], json!(2));
    owner.change(&format!("orders/{id}/refund"), "").await;
    let refunded = wait(&["--json"]).failed(1, &["did not succeed", "\"state\":5"]);
    assert_eq!(refunded.json()["data"]["state"], json!(5));
    // Where it stands is not known, so it did not fail.
    let mut refused = merchant_of(&ready, &["deposit", "wait", "D1", "--json"]);
    run(refused.env("TARSPAY_PRIVATE_KEY", TEST_KEY)).failed(4, &["outcome_unknown", "5003005"]);
    let (_reserved, address) = reserve();
    let url = format!("http://{address}");
    wait(&["--api-url", &url, "--deadline", "100ms", "--json"]).failed(3, &["not_sent"]);
}

#[test]
fn a_production_gateway_is_not_called_by_accident() {
    // Every connection would be seen here.
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let production = |args: &[&str]| {
        let mut command = tarspay_with_key(args);
        command.args(["--merchant-id", "M1", "--proxy", &url]);
        run(&mut command)
    };
    let deposit = [&DEPOSIT[..], &["--amount", "500"]].concat();
    let withdrawal = [&WITHDRAWAL[..], &["--amount", "500"]].concat();
    let resumed = [&withdrawal[..], &["--resume", "W1"]].concat();
    for (args, words) in [
        (
            &deposit[..],
            &["create the deposit", "of 500 KES by EWALLET_MPESA", "--yes", "nothing was sent"][..],
        ),
        (&withdrawal, &["create the withdrawal", "https://payment.tarspay.com", "--yes"]),
        (&resumed, &["resume the withdrawal W1", "for merchant M1", "--yes"]),
        (&["bangladesh", "reprocess-trx-id", "B1", "D1"], &["change the order D1", "--yes"]),
        (&["bangladesh", "submit-trx-id", "P1", "B1"], &["change the order P1", "--yes"]),
        (&["call", "/api/trxSupplement", "--set", "trxId=B1"], &["may move real money", "--allow-money"]),
        (&["call", "/api/balanceInfo/"], &["--allow-money"]),
        (&["call", "/api/pay/unifiedOrder", "--allow-money"], &["tarspay deposit create"]),
    ] {
        production(args).failed(2, words).keeps_secret(TEST_KEY);
    }
    // Neither does a dry run send anything.
    production(&[&deposit[..], &["--dry-run"]].concat()).succeeded();
    proxy.set_nonblocking(true).unwrap();
    assert_eq!(proxy.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nothing connects");
    // What is allowed does connect.
    proxy.set_nonblocking(false).unwrap();
    let seen = std::thread::spawn(move || proxy.incoming().take(3).for_each(|stream| drop(stream.unwrap())));
    production(&["call", "/api/balanceInfo"]).failed(3, &["not sent"]);
    seen.join().unwrap();
}
