//! Creating orders: one for one intent, and a number that cannot be lost.

use crate::calls::{DEPOSIT, WITHDRAWAL, owner_of};
use crate::running::{Running, merchant_of, reserve};
use crate::{Done, Files, as_argument, run, text};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

fn deposit(ready: &Value, more: &[&str]) -> Command {
    merchant_of(ready, &[&DEPOSIT[..], &["--amount", "500"], more].concat())
}

/// The orders of a sandbox, by the merchant's numbers.
async fn numbers(ready: &Value) -> Vec<String> {
    let orders = owner_of(ready).look("orders").await["orders"].clone();
    orders.as_array().unwrap().iter().map(|order| text(order, "merchant_order_no").to_owned()).collect()
}

/// Exit code 0, and the number on stderr, with a warning where the order may be another one.
#[track_caller]
fn placed(done: &Done, outcome: &str) -> String {
    assert_eq!(done.code, Some(0), "{done:?}");
    let (number, rest) = done.stderr.split_once('\n').unwrap();
    let is_warned = rest.contains("cannot say for whom");
    assert!(if outcome == "already_existed" { is_warned } else { is_warned || rest.is_empty() }, "{done:?}");
    let number: Value = serde_json::from_str(number).unwrap();
    let placed = done.json();
    assert_eq!((text(&placed, "outcome"), &placed["order_no"]), (outcome, &number["order_no"]), "{done:?}");
    text(&number, "order_no").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_has_the_number_that_was_given_or_a_new_one() {
    let (_running, ready) = Running::start_json();
    let given = placed(&run(&mut deposit(&ready, &["--order-no", "D1", "--json"])), "created");
    let new = placed(&run(&mut deposit(&ready, &["--json"])), "created");
    let withdrawal = [&WITHDRAWAL[..], &["--amount", "500", "--json"]].concat();
    let out = placed(&run(&mut merchant_of(&ready, &withdrawal)), "created");
    assert!(new.starts_with('D') && out.starts_with('W') && new.len() == 24, "{new} {out}");
    assert_eq!(given, "D1");
    let mut known = numbers(&ready).await;
    known.sort();
    let mut all = [given, new, out];
    all.sort();
    assert_eq!(known, all);
    let shown = run(&mut deposit(&ready, &["--order-no", "D2"]));
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), "tarspay: deposit D2\n"));
    assert!(shown.stdout.contains("payUrl "), "{shown:?}");
    // The same number again is the same order, and another amount is another one.
    placed(&run(&mut deposit(&ready, &["--order-no", "D1", "--json"])), "already_existed");
    let other = [&DEPOSIT[..], &["--amount", "600", "--order-no", "D1", "--json"]].concat();
    let done = run(&mut merchant_of(&ready, &other)).failed(4, &["another amount", "outcome_unknown"]);
    assert_eq!(text(&done.json(), "matches"), "no");
    assert_eq!(numbers(&ready).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_from_files_and_flags_and_never_twice() {
    let (_running, ready) = Running::start_json();
    let files = Files::new();
    let body = files.write(
        "deposit.json",
        r#"{"mchNo":"M1688443086","mchOrderNo":"D1","wayCode":"EWALLET_MPESA","currency":"KES",
            "customerContact":"254115555076","notifyUrl":"https://127.0.0.1/notify"}"#,
    );
    let create = |more: &[&str]| run(merchant_of(&ready, &["deposit", "create", "--body", &body]).args(more));
    placed(&create(&["--set", "amount=500", "--wayCode", "EWALLET_MPESA", "--json"]), "created");
    for (more, words) in [
        (
            &["--amount", "500", "--set", "amount=600"][..],
            &["`amount` has two values", "--amount", "--set"][..],
        ),
        (&["--amount", "500", "--currency", "BDT"], &["`currency`", "deposit.json", "--currency"]),
        (&["--amount", "500", "--order-no", "D2"], &["`mchOrderNo`", "--order-no"]),
        (&["--amount", "500", "--set", "custmerContact=2"], &["`customerContact`", "--allow-unknown"]),
        (&["--amount", "500", "--set", "ifsc=2"], &["`ifsc`", "for a deposit"]),
        (&["--amount", "500", "--set", "mchNo=M9"], &["`mchNo`", "two values"]),
        (&["--amount", "500", "--merchant-id", "M9"], &["another `mchNo`"]),
        (&["--amount", "500", "--amount", "500"], &["cannot be used multiple times"]),
        (&["--order-no", "D1", "--resume", "D1"], &["cannot be used with"]),
        (&["--order-file", "x", "--resume", "D1"], &["cannot be used with"]),
        (&["--customer-contcat", "2"], &["--customer-contact"]),
    ] {
        create(more).failed(2, words);
    }
    let number = ["--amount", "500", "--set", "note=x", "--allow-unknown", "--json"];
    placed(&create(&number), "already_existed");
    assert_eq!(numbers(&ready).await, ["D1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_rules_that_a_request_breaks_are_shown_and_warnings_need_force() {
    let (_running, ready) = Running::start_json();
    let create = |more: &[&str]| {
        run(merchant_of(&ready, &["deposit", "create", "--currency", "KES", "--way-code", "EWALLET_MPESA"])
            .args(more))
    };
    let all = ["--amount", "20", "--order-no", "D1"];
    let done =
        create(&all).failed(1, &["nothing was sent", "refused: `notifyUrl`", "refused: `customerContact`"]);
    assert!(done.stderr.contains("warning: `amount` is below"), "{done:?}");
    let done = create(&[&all[..], &["--force", "--json"]].concat()).failed(1, &["violations"]);
    let members: Vec<_> =
        done.error()["violations"].as_array().unwrap().iter().map(|one| one["member"].clone()).collect();
    assert_eq!(members, [json!("notifyUrl"), json!("customerContact"), json!("amount")]);
    let few = &DEPOSIT[6..];
    create(&[&all[..], few].concat()).failed(1, &["warning: `amount`", "--force"]);
    assert_eq!(numbers(&ready).await, [""; 0]);
    let done = create(&[&all[..], few, &["--force"]].concat());
    assert!(done.code == Some(0) && done.stderr.contains("warning: `amount`"), "{done:?}");
    // The dry run is held to the same rules.
    create(&["--dry-run"]).failed(1, &["`amount` is missing"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_response_is_resolved() {
    let (_running, ready) = Running::start_json();
    let withdrawal = [&WITHDRAWAL[..], &["--amount", "500", "--order-no", "W1", "--json"]].concat();
    let lost = json!({ "kind": "drop_connection", "after_commit": true, "path": "/api/payOut/unifiedOrder" });
    owner_of(&ready).change("faults", &lost.to_string()).await;
    placed(&run(&mut merchant_of(&ready, &withdrawal)), "recovered");
    for (number, fault) in [
        ("D1", json!({ "kind": "drop_connection", "after_commit": true, "path": "/api/pay/unifiedOrder" })),
        (
            "D2",
            json!({ "kind": "http_status", "status": 502, "after_commit": true, "path": "/api/pay/unifiedOrder" }),
        ),
        ("D3", json!({ "kind": "drop_connection", "path": "/api/pay/unifiedOrder" })),
    ] {
        owner_of(&ready).change("faults", &fault.to_string()).await;
        let outcome = if number == "D3" { "created" } else { "recovered" };
        placed(&run(&mut deposit(&ready, &["--order-no", number, "--json"])), outcome);
    }
    assert_eq!(numbers(&ready).await.len(), 4);
}

/// The disk is full.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_result_cannot_be_written_is_not_wrong_usage() {
    let (_running, ready) = Running::start_json();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = deposit(&ready, &["--order-no", "D1"]);
    let output = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).output().unwrap();
    Done::from(output).failed(4, &["the call was made", "cannot write the result", "--resume D1"]);
    assert_eq!(numbers(&ready).await, ["D1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_is_named_and_resumed() {
    let (_running, ready) = Running::start_json();
    let owner = owner_of(&ready);
    for path in ["/api/pay/unifiedOrder", "/api/payInInfo"] {
        let fault = json!({ "kind": "drop_connection", "after_commit": true, "path": path, "always": true });
        owner.change("faults", &fault.to_string()).await;
    }
    let done = run(&mut deposit(&ready, &[]));
    let done = done.failed(4, &["may exist", "Do not create it a second time", "--resume D"]);
    let number = done.stderr.split("--resume ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    assert_eq!(numbers(&ready).await, [number.as_str()]);
    let done = run(&mut deposit(&ready, &["--resume", &number, "--json"])).failed(4, &["may exist"]);
    let error: Value = serde_json::from_str(done.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(
        (text(&error["error"], "kind"), text(&error["error"], "order_no")),
        ("outcome_unknown", &*number)
    );
    owner.change("faults/clear", "").await;
    assert_eq!(placed(&run(&mut deposit(&ready, &["--resume", &number, "--json"])), "recovered"), number);
    assert_eq!(numbers(&ready).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_the_gateway_does_not_know_is_resumed_only_if_that_is_asked_for() {
    let (_running, ready) = Running::start_json();
    placed(&run(&mut deposit(&ready, &["--order-no", "WD100", "--json"])), "created");
    // A typed number, asked again after the quiet time.
    let done = run(&mut deposit(&ready, &["--resume", "WD1OO", "--json"]));
    let done = done.failed(1, &["nothing was sent", "--or-create", "not_found", "second order"]);
    assert_eq!(done.stdout, "");
    let done = run(&mut deposit(&ready, &["--resume", "WD1OO", "--deadline", "1s"]));
    done.failed(4, &["does not know it yet", "may exist", "--resume WD1OO"]);
    assert_eq!(numbers(&ready).await, ["WD100"]);
    // An order that is not visible yet is not lost.
    let hidden = json!({ "kind": "refuse", "code": 5_003_018, "times": 4, "path": "/api/payInInfo" });
    owner_of(&ready).change("faults", &hidden.to_string()).await;
    placed(&run(&mut deposit(&ready, &["--resume", "WD100", "--json"])), "recovered");
    // What was never sent is created under its number.
    let create = ["--resume", "D9", "--or-create", "--json"];
    assert_eq!(placed(&run(&mut deposit(&ready, &create)), "created"), "D9");
    run(&mut deposit(&ready, &["--order-no", "D8", "--or-create"])).failed(2, &["cannot be used with"]);
    run(&mut deposit(&ready, &["--or-create"])).failed(2, &["--resume"]);
    assert_eq!(numbers(&ready).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_existed_is_a_success_only_if_it_can_be_one_and_its_payee_is_left_to_a_person() {
    let (_running, ready) = Running::start_json();
    let to = |wallet: &str, more: &[&str]| {
        let mut args = [&WITHDRAWAL[..], &["--amount", "500", "--order-no", "W1"], more].concat();
        args[7] = wallet;
        run(&mut merchant_of(&ready, &args))
    };
    assert_eq!(WITHDRAWAL[6], "--wallet-id");
    placed(&to("01011111111", &["--json"]), "created");
    let done = to("01022222222", &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stderr.contains("warning: the gateway cannot say for whom the withdrawal W1 is"),
        "{done:?}"
    );
    assert!(done.stdout.contains("compared") && done.stdout.contains("amount and currency"), "{done:?}");
    owner_of(&ready).change("orders/W1/fail", "{}").await;
    for more in [&[][..], &["--json"]] {
        to("01011111111", more)
            .failed(1, &["the withdrawal W1 exists", "did not succeed", "state", "for whom"]);
    }
    let resumed = [&WITHDRAWAL[..], &["--amount", "500", "--resume", "W1"]].concat();
    run(&mut merchant_of(&ready, &resumed)).failed(1, &["did not succeed", "for whom"]);
    assert_eq!(numbers(&ready).await, ["W1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_or_not_sent_is_no_order() {
    let (_running, ready) = Running::start_json_with(&["--enforce-limits"]);
    let small = [&DEPOSIT[..], &["--amount", "20", "--force", "--json"]].concat();
    let done = run(&mut merchant_of(&ready, &small)).failed(1, &["no deposit D", "rejected"]);
    done.keeps_secret(text(&ready, "private_key"));
    let (_reserved, address) = reserve();
    let url = format!("http://{address}");
    let done = run(&mut deposit(&ready, &["--api-url", &url, "--order-no", "D1"]));
    done.failed(3, &["tarspay: deposit D1\n", "no deposit D1", "was not sent"]);
    assert_eq!(numbers(&ready).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_is_in_its_file_before_anything_is_sent_and_never_replaces_one() {
    let files = Files::new();
    let file = as_argument(&files.path("order.txt"));
    // A gateway that looks at the file when it is called.
    let gateway = TcpListener::bind("127.0.0.1:0").unwrap();
    let ready = json!({ "base_url": format!("http://{}", gateway.local_addr().unwrap()),
                        "merchant_no": "M1", "private_key": crate::TEST_KEY });
    let path = files.path("order.txt");
    let seen = std::thread::spawn(move || {
        let (mut stream, _) = gateway.accept().unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        std::fs::read_to_string(path).unwrap()
    });
    let done = run(&mut deposit(&ready, &["--order-file", &file])).failed(4, &["may exist"]);
    let number = seen.join().unwrap();
    assert!(done.stderr.contains(&format!("--resume {}", number.trim_end())), "{number} {done:?}");
    assert_eq!(number, std::fs::read_to_string(&file).unwrap());
    // It is still there, so nothing is sent; nor where there can be no file.
    let (_running, ready) = Running::start_json();
    let missing = as_argument(&files.path("no-folder/order.txt"));
    for (file, hint) in [(&file, "--resume"), (&missing, "No such file")] {
        let done = run(&mut deposit(&ready, &["--order-file", file]));
        done.failed(2, &["cannot write", "nothing was sent", hint]);
    }
    assert_eq!(number, std::fs::read_to_string(&file).unwrap());
    assert_eq!(numbers(&ready).await, [""; 0]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_nobody_can_read_is_not_used() {
    let (_running, ready) = Running::start_json();
    let silent =
        |more: &[&str]| deposit(&ready, more).stderr(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert_eq!(silent(&[]).code(), Some(2));
    assert_eq!(numbers(&ready).await, [""; 0]);
    assert_eq!(silent(&["--order-no", "D1"]).code(), Some(0));
    let files = Files::new();
    assert_eq!(silent(&["--order-file", &as_argument(&files.path("order"))]).code(), Some(0));
    assert_eq!(numbers(&ready).await.len(), 2);
}

#[cfg(unix)]
#[test]
fn an_interrupted_creation_says_how_to_resume() {
    // A gateway that never responds.
    let gateway = TcpListener::bind("127.0.0.1:0").unwrap();
    let ready = json!({ "base_url": format!("http://{}", gateway.local_addr().unwrap()),
                        "merchant_no": "M1", "private_key": crate::TEST_KEY });
    let mut command = deposit(&ready, &["--order-no", "D1"]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert_eq!(line, "tarspay: deposit D1\n");
    let _stream = gateway.accept().unwrap();
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("the deposit D1 may exist") && rest.contains("--resume D1"), "{rest}");
}
