//! The client for programs without async code, against the sandbox in a runtime of its own.

use crate::calls::credentials;
use crate::scripted::{Scripted, Step};
use crate::{example_balance, example_withdrawals};
use std::time::Duration;
use std::{fs, thread};
use tarspay::blocking::Client;
use tarspay::sign::PrivateKey;
use tarspay::types::market::kenya;
use tarspay::types::{Amount, BalanceQuery, DepositRequest, Direction, NotifyUrl, OrderState};
use tarspay::{Credentials, ErrorKind, Placed, RetryPolicy};
use tarspay_sandbox::Sandbox;
use tokio::runtime::Runtime;

fn deposit(number: &str) -> DepositRequest {
    DepositRequest::new(
        number.parse().unwrap(),
        kenya::way::EWALLET_MPESA,
        kenya::CURRENCY,
        Amount::from(1500_u32),
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    )
    .customer_contact("254115555076")
}

fn client(sandbox: &Sandbox) -> Client {
    tarspay::Client::builder(credentials(sandbox)).base_url(sandbox.base_url()).build_blocking().unwrap()
}

/// A client of a server that does as it is told, with quick retries.
fn scripted(server: &Scripted) -> Client {
    let credentials = Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap());
    let quick = RetryPolicy::default().waits(Duration::from_millis(1), Duration::from_millis(1));
    tarspay::Client::builder(credentials).base_url(&server.base_url).retry(quick).build_blocking().unwrap()
}

#[test]
fn an_order_is_placed_waited_for_and_resumed() {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let client = client(&sandbox);
    assert_eq!(client.merchant_no(), sandbox.merchant().merchant_no());
    assert_eq!(client.base_url(), sandbox.base_url());
    assert_eq!(client.call(BalanceQuery::new()).unwrap(), client.balance().unwrap());

    let request = deposit("D1");
    let placed = client.place_deposit(&request).unwrap();
    assert!(matches!(placed, Placed::Created { .. }), "{placed:?}");
    let number = || "D1".parse().unwrap();
    assert!(!client.query_deposit(number()).unwrap().state.is_ended());
    sandbox.pay(placed.pay_order_id().unwrap()).unwrap();
    assert_eq!(client.wait_for_deposit(number()).unwrap().order.state, OrderState::SUCCESS);
    assert_eq!(client.query_order(Direction::Deposit, number()).unwrap().state, OrderState::SUCCESS);
    assert_eq!(client.resume_deposit(&request).unwrap().state(), Some(OrderState::SUCCESS));

    let invalid = client.place_deposit(&deposit("D2").customer_contact("x")).unwrap_err();
    assert_eq!(invalid.kind(), ErrorKind::Invalid, "{invalid:?}");
    let missing = client.query_withdrawal(number()).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Rejected, "{missing:?}");
}

#[test]
fn several_threads_use_one_client_and_its_clones_at_once() {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let client = client(&sandbox);
    thread::scope(|scope| {
        for thread in 0..6 {
            let client = client.clone();
            scope.spawn(move || {
                for order in 0..3 {
                    let placed = client.place_deposit(&deposit(&format!("D{thread}-{order}"))).unwrap();
                    assert!(matches!(placed, Placed::Created { .. }), "{placed:?}");
                }
            });
        }
    });
    assert_eq!(sandbox.orders().unwrap().len(), 18);
}

#[test]
fn retries_and_deadlines_work_without_a_runtime_of_the_caller() {
    let runtime = Runtime::new().unwrap();
    let balance = Step::json(r#"{"code":0,"data":{"availableAmount":"7","frozenAmount":"0"}}"#);
    let server = runtime.block_on(Scripted::playing([Step::lost(), Step::lost(), balance, Step::Silence]));
    let client = scripted(&server);
    assert_eq!(client.balance().unwrap().available_amount, Amount::from(7_u32));
    let deadline = Duration::from_millis(20);
    let error = client.run(|client| client.balance().deadline(deadline)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoResponse, "{error:?}");
}

#[test]
fn inside_an_async_runtime_every_call_is_a_clear_error_and_the_client_can_be_made_and_dropped() {
    let current = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for runtime in [Runtime::new().unwrap(), current] {
        let calls = || {
            let credentials = Credentials::new("M1".parse().unwrap(), PrivateKey::generate().unwrap());
            let builder = tarspay::Client::builder(credentials).base_url("http://127.0.0.1:9");
            let client = builder.build_blocking().unwrap();
            for error in [
                client.balance().unwrap_err(),
                client.place_deposit(&deposit("D1")).unwrap_err(),
                client.wait_for_deposit("D1".parse().unwrap()).unwrap_err(),
                client.call_raw("/api/tomorrow", ()).unwrap_err(),
            ] {
                assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
                assert!(error.to_string().contains("use `tarspay::Client` there"), "{error}");
            }
        };
        runtime.block_on(async { calls() });
        runtime.block_on(async { tokio::spawn(async move { calls() }).await }).unwrap();
        runtime.block_on(async { tokio::task::spawn_blocking(calls).await }).unwrap();
    }
}

#[test]
fn the_script_shows_the_balance() {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    assert_eq!(example_balance::balance(&client(&sandbox)).unwrap(), "1000000 available, 0 frozen");
}

#[test]
fn the_batch_pays_each_row_once_however_often_it_is_run() {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let builder = tarspay::Client::builder(credentials(&sandbox)).base_url(sandbox.base_url());
    let client = builder.quiet_time(Duration::from_millis(1)).build_blocking().unwrap();
    let folder = std::env::temp_dir().join(format!("tarspay-withdrawals-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("rows.csv");

    // As a run leaves it that was killed when it had stored the second number.
    fs::write(&file, "W1,01011111111,500\nW2,01022222222,700\n").unwrap();
    fs::write(folder.join("rows.begun"), "W2\n").unwrap();
    let expected = ["W1: accepted", "W2: accepted"];
    assert_eq!(example_withdrawals::pay(&client, &file).unwrap(), expected);
    assert_eq!(example_withdrawals::pay(&client, &file).unwrap(), expected, "a second run");
    assert_eq!(sandbox.orders().unwrap().len(), 2);

    fs::write(&file, "W1,01011111111,501\n").unwrap();
    let changed = example_withdrawals::pay(&client, &file).unwrap();
    assert_eq!(changed, ["W1: not paid, another order has this number"]);

    // Nothing of a file is sent that cannot be read to its end.
    for (rows, expected) in [
        ("W3,01011111111,500\nW3,01022222222,700\n", "in two rows"),
        ("W3,01011111111,500\nW4,01022222222\n", "a row is"),
        ("W3,01011111111,500\nW4,01022222222,much\n", "amount"),
    ] {
        fs::write(&file, rows).unwrap();
        let error = example_withdrawals::pay(&client, &file).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(sandbox.orders().unwrap().len(), 2);
    fs::remove_dir_all(folder).unwrap();
}
