//! Runs the examples of `docs/sandbox.md`, for the shell and in Python, against a sandbox.

use crate::shell::{root, say};
use crate::vectors::outside::interpreter;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use tarspay::types::{Amount, DepositRequest, NotifyUrl, OrderState, market::kenya};
use tarspay::{Client, Credentials};
use tarspay_sandbox::{Sandbox, Scenario};

/// The blocks of a page that are for the shell.
fn examples(page: &str) -> Vec<&str> {
    let starts = page.split("```sh\n").skip(1);
    starts.map(|rest| rest.split_once("```").expect("a block has an end").0).collect()
}

fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_for_the_shell_works() {
    if !exists("curl") || cfg!(windows) {
        say("SKIPPED: the examples of docs/sandbox.md need curl and sh");
        return;
    }
    let sandbox = Sandbox::start().await.unwrap();
    let merchant = sandbox.merchant();
    let credentials = Credentials::new(merchant.merchant_no().clone(), merchant.private_key().clone());
    let client = Client::builder(credentials).base_url(sandbox.base_url()).build().unwrap();
    let request = DepositRequest::new(
        "D1659318251029".parse().unwrap(),
        kenya::way::CASHIER,
        kenya::CURRENCY,
        Amount::parse("1500").unwrap(),
        NotifyUrl::new("http://127.0.0.1:9/notify").unwrap(),
    );
    client.place_deposit(&request).await.unwrap();
    let order = sandbox.orders().unwrap().remove(0).pay_order_id;

    let page = fs::read_to_string(root().join("docs/sandbox.md")).unwrap();
    let examples = examples(&page);
    assert!(examples.len() >= 8, "{} examples", examples.len());
    for example in examples {
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", example]).env("SANDBOX", sandbox.base_url()).env("ORDER", order.as_str());
        // Whatever the machine has set up for its own network is not for loopback.
        shell.env("NO_PROXY", "*").env("no_proxy", "*");
        let output = tokio::task::spawn_blocking(move || shell.output().unwrap()).await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{example}\n{text}");
        assert_eq!(text.lines().count(), example.matches("curl ").count(), "{example}\n{text}");
        for line in text.lines() {
            let json: serde_json::Value = serde_json::from_str(line).expect(line);
            assert!(json.get("error").is_none(), "{example}\n{line}");
        }
    }
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_in_python_signs_creates_receives_and_verifies() {
    let page = fs::read_to_string(root().join("docs/sandbox.md")).unwrap();
    let program = page.split_once("```python\n").unwrap().1.split_once("```").unwrap().0.to_owned();
    let sandbox = Sandbox::start().await.unwrap();
    let merchant = sandbox.merchant();
    let started = serde_json::json!({
        "base_url": sandbox.base_url(),
        "merchant_no": merchant.merchant_no(),
        "private_key": &*merchant.private_key().expose_hex(),
        "public_key": merchant.private_key().public_key().to_string(),
        "system_public_key": sandbox.system_public_key().to_string(),
    });
    let mut python = Command::new(interpreter("python3").unwrap());
    python.args(["-c", &program]).env("NO_PROXY", "*").env("no_proxy", "*");
    python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || {
        let mut child = python.spawn().ok()?;
        writeln!(child.stdin.take()?, "{started}").ok()?;
        child.wait_with_output().ok()
    });
    let Some(output) = output.await.unwrap() else {
        say("SKIPPED: the program of docs/sandbox.md needs python3");
        return;
    };
    let (text, report) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    if report.contains("ModuleNotFoundError") {
        say("SKIPPED: the program of docs/sandbox.md needs the package ecdsa");
        return;
    }
    assert!(output.status.success() && text.ends_with(" is paid: 1500\n"), "{text}\n{report}");
    assert_eq!(sandbox.orders().unwrap()[0].state, OrderState::SUCCESS);
    sandbox.stop().await;
}

#[test]
fn the_page_lists_the_scenarios_that_are_shipped_and_its_own_one_can_be_played() {
    let page = fs::read_to_string(root().join("docs/sandbox.md")).unwrap();
    let listed: Vec<_> = page.split_once("| name | what happens |\n|---|---|\n").unwrap().1.lines().collect();
    let shipped: Vec<_> = Scenario::shipped_ones()
        .map(|scenario| format!("| `{}` | {} |", scenario.name(), scenario.description()))
        .collect();
    assert_eq!(listed[..shipped.len()], shipped);
    assert_eq!(listed[shipped.len()], "", "the page lists one that is not shipped");
    let example = page.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    assert_eq!(Scenario::parse(example).unwrap().name(), "late-and-lost");
}
