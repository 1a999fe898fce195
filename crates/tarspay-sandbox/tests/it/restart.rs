//! A sandbox with a file knows after a restart what it has acknowledged.

use crate::http::in_time;
use crate::support::{DEPOSIT, QUERY_DEPOSIT, Receiver, Reply, WITHDRAWAL, amount, kenya, payout};
use crate::{BALANCE, Caller, merchant_no};
use serde_json::json;
use std::error::Error as _;
use std::path::Path;
use std::time::Duration;
use tarspay_sandbox::{CallbackStatus, ErrorKind, KeySettings, MerchantStatus, Sandbox};
use tarspay_sign::PrivateKey;
use tarspay_types::{Currency, OrderState};

async fn open(file: &Path) -> Sandbox {
    Sandbox::builder().data(file).start().await.unwrap()
}

#[tokio::test]
async fn merchants_keys_orders_and_balances_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let sandbox = open(&file).await;
    let caller = Caller::of(&sandbox);
    let other = Caller::new(PrivateKey::generate().unwrap(), &merchant_no("M2"));
    sandbox.register(other.merchant_no.clone(), other.key.public_key());
    sandbox.set_balance_in(&other.merchant_no, &Currency::KES, amount("500.50"), amount("0")).unwrap();
    let deposit = other.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    other.create(&sandbox, WITHDRAWAL, &payout("W1", &json!({}))).await;
    sandbox.pay(&deposit).unwrap();
    sandbox.set_merchant_status(&caller.merchant_no, MerchantStatus::Disabled).unwrap();
    let (orders, history) = (sandbox.orders().unwrap(), sandbox.history(&deposit).unwrap());
    let system_key = sandbox.system_public_key();
    in_time(sandbox.stop()).await;

    let sandbox = open(&file).await;
    assert_eq!(sandbox.system_public_key(), system_key);
    assert_eq!(
        sandbox.merchant().private_key().public_key(),
        caller.key.public_key(),
        "clients keep their settings"
    );
    assert_eq!(sandbox.orders().unwrap(), orders);
    assert_eq!(sandbox.history(&deposit).unwrap(), history);
    other.call(&sandbox, BALANCE, &json!({})).await.assert_balance("M2", "500.50", "100");
    caller.call(&sandbox, BALANCE, &json!({})).await.assert_refused(200, 5_003_003);
    let info = other.data(&sandbox, QUERY_DEPOSIT, &json!({ "mchOrderNo": "D1" })).await;
    assert_eq!(info["state"], 2);
    other.call(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await.assert_refused(200, 5_003_011);
    // Numbers go on where they were.
    let next = other.create(&sandbox, DEPOSIT, &kenya("D2", &json!({}))).await;
    assert!(orders.iter().all(|order| order.pay_order_id != next));
}

#[tokio::test]
async fn the_limits_of_a_key_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let sandbox = open(&file).await;
    let caller = Caller::of(&sandbox);
    let bound = KeySettings::new().bound_to([192, 0, 2, 1].into());
    sandbox.configure_key(&caller.key.public_key(), bound).unwrap();
    in_time(sandbox.stop()).await;
    let sandbox = open(&file).await;
    caller.call(&sandbox, BALANCE, &json!({})).await.assert_refused(200, 5_003_007);
}

#[tokio::test]
async fn due_callbacks_are_sent_after_a_restart_and_delivered_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let receiver = Receiver::scripted([Reply::With(200, "OK"), Reply::With(500, "")]).await;
    let sandbox = open(&file).await;
    let caller = Caller::of(&sandbox);
    for number in ["D1", "D2"] {
        let id = caller.deposit_to(&sandbox, number, &receiver.url()).await;
        sandbox.pay(&id).unwrap();
        in_time(sandbox.settle()).await;
    }
    in_time(sandbox.stop()).await;
    assert_eq!(receiver.received().len(), 2);

    let sandbox = open(&file).await;
    sandbox.clock().advance(Duration::from_secs(60));
    in_time(sandbox.settle()).await;
    let numbers: Vec<_> = receiver.received().iter().map(|it| it.json()["mchOrderNo"].clone()).collect();
    assert_eq!(numbers, ["D1", "D2", "D2"]);
    let all = sandbox.callbacks().unwrap();
    assert!(all.iter().all(|it| it.status == CallbackStatus::Delivered));
    assert_eq!(all[1].attempts.len(), 2);
}

#[tokio::test]
async fn a_callback_under_way_when_the_sandbox_stops_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let receiver = Receiver::scripted([Reply::Silence]).await;
    let sandbox = open(&file).await;
    let id = Caller::of(&sandbox).deposit_to(&sandbox, "D1", &receiver.url()).await;
    sandbox.pay(&id).unwrap();
    receiver.until(1).await;
    in_time(sandbox.stop()).await;
    let sandbox = open(&file).await;
    in_time(sandbox.settle()).await;
    assert_eq!(receiver.received().len(), 2);
    assert_eq!(sandbox.callbacks().unwrap()[0].status, CallbackStatus::Delivered);
}

#[tokio::test]
async fn deposits_time_out_that_came_due_while_the_sandbox_was_away_and_time_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let sandbox = open(&file).await;
    let id = Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    in_time(sandbox.stop()).await;
    let in_an_hour = {
        use tarspay_sign::Clock as _;
        tarspay_sign::SystemClock.unix_millis() + 3_600_000
    };
    let sandbox = Sandbox::builder().data(&file).clock(move || in_an_hour).start().await.unwrap();
    assert_eq!(sandbox.order(&id).unwrap().state, OrderState::TIMED_OUT);
    let late = sandbox.clock().now();
    in_time(sandbox.stop()).await;
    // The system's clock is an hour behind the state now; the sandbox's is not.
    let sandbox = open(&file).await;
    assert!(sandbox.clock().now() >= late);
}

#[tokio::test]
async fn a_dropped_sandbox_lets_go_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    for _ in 0..3 {
        let sandbox = open(&file).await;
        Caller::of(&sandbox).call(&sandbox, BALANCE, &json!({})).await;
        drop(sandbox);
    }
}

#[tokio::test]
async fn a_file_serves_one_sandbox_and_no_other_program() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let sandbox = open(&file).await;
    let error = Sandbox::builder().data(&file).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("another sandbox"), "{error}");
    in_time(sandbox.stop()).await;

    let other = folder.path().join("letter.txt");
    std::fs::write(
        &other,
        "Dear SQLite, this is not a database but a letter of more than a hundred bytes. ".repeat(9),
    )
    .unwrap();
    let error = Sandbox::builder().data(&other).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    let error = Sandbox::builder().data(folder.path().join("no/such/folder")).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let sandbox = open(&folder.path().join("state.db")).await;
    Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{file:?}");
    }
}

#[cfg(unix)]
fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_could_read_is_the_owners_alone_with_all_that_stands_beside_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    in_time(open(&file).await.stop()).await;
    assert_eq!(mode(&file), 0o600);
    let all = ["state.db", "state.db-wal", "state.db-shm"].map(|name| folder.path().join(name));
    for file in &all {
        std::fs::OpenOptions::new().append(true).create(true).open(file).unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let sandbox = open(&file).await;
    for file in all.iter().filter(|file| file.exists()) {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    in_time(sandbox.stop()).await;
}

#[tokio::test]
async fn what_is_not_a_database_is_refused_in_words_that_are_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    std::fs::write(&file, "not a database, and long enough to have a header of one: ".repeat(100)).unwrap();
    let error = Sandbox::builder().data(&file).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("not a file of a sandbox"), "{error}");
    assert!(error.source().is_none());
}

#[tokio::test]
async fn what_is_not_a_plain_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["", "/dev/null", folder.path().to_str().unwrap()] {
        let error = Sandbox::builder().data(path).start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store, "{path}");
    }
}

const FOLDER: &str = "TARSPAY_TEST_FOLDER";

/// Names that mean something else to `SQLite` are names of files here. They are relative, and a process has one folder.
#[test]
fn every_name_is_that_of_a_plain_file() {
    let folder = tempfile::tempdir().unwrap();
    let test = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "restart::in_a_folder_of_its_own", "--ignored"])
        .current_dir(folder.path())
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    assert!(test.status.success(), "{}", String::from_utf8_lossy(&test.stdout));
    assert!(String::from_utf8_lossy(&test.stdout).contains("1 passed"));
}

#[tokio::test]
#[ignore = "the test before runs it, in a folder of its own"]
async fn in_a_folder_of_its_own() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    for name in
        [":memory:", "file:x?mode=memory", "file:y", "file::memory:?cache=shared", "-z", "a b%20\u{e9}"]
    {
        let sandbox = open(Path::new(name)).await;
        let key = sandbox.system_public_key();
        in_time(sandbox.stop()).await;
        assert!(std::fs::metadata(Path::new(&folder).join(name)).unwrap().len() > 0, "{name}");
        #[cfg(unix)]
        assert_eq!(mode(Path::new(name)), 0o600, "{name}");
        let again = open(Path::new(name)).await;
        assert_eq!(again.system_public_key(), key, "{name}");
        in_time(again.stop()).await;
    }
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 6, "nothing else was made");
}
