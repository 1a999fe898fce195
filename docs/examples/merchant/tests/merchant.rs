//! The merchant against a sandbox, over real sockets, with lost responses, crashes, and callbacks that come twice, late
//! or never. Every test ends with the same books on both sides.

use merchant::{Asked, Merchant, Shown, book, router};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tarspay::sign::{CallbackText, PrivateKey};
use tarspay::types::{Amount, BizType, Currency, ErrorCode, MerchantNo, NotifyUrl, OrderState};
use tarspay::{CallbackVerifier, Client, Credentials, RetryPolicy, SignedCallback};
use tarspay_inbox::{Error, ErrorKind};
use tarspay_sandbox::{EventKind, Fault, Order, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const DEPOSIT: &str = "/api/pay/unifiedOrder";
const WITHDRAWAL: &str = "/api/payOut/unifiedOrder";
const QUERY: &str = "/api/payInInfo";
const HOUR: Duration = Duration::from_secs(60 * 60);

struct World {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    /// Where the merchant's server listens.
    address: String,
    merchant: Merchant,
}

fn asked(reference: &str, amount: &str) -> Asked {
    Asked {
        reference: reference.parse().unwrap(),
        amount: Amount::parse(amount).unwrap(),
        phone: "254115555076".parse().unwrap(),
    }
}

impl World {
    async fn start() -> Self {
        let (sandbox, folder) = (Sandbox::start().await.unwrap(), tempfile::tempdir().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let merchant = run(&sandbox, sandbox.base_url(), &folder, &address).await;
        let number = sandbox.merchant().merchant_no().clone();
        let verifier = CallbackVerifier::trusting(number, sandbox.system_public_key());
        let routes = router(verifier, merchant.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let world = Self { sandbox, folder, address, merchant };
        // The clock of the inbox stands still.
        world.run(
            "CREATE TABLE test_clock AS SELECT ms FROM tarspay_now; DROP VIEW tarspay_now;
             CREATE VIEW tarspay_now AS SELECT ms FROM test_clock",
        );
        world
    }

    /// The program again, from the same database.
    async fn restart(&self, base_url: &str) -> Merchant {
        run(&self.sandbox, base_url, &self.folder, &self.address).await
    }

    fn database(&self) -> Connection {
        let database = Connection::open(self.folder.path().join("orders.db")).unwrap();
        database.busy_timeout(HOUR).unwrap();
        database
    }

    fn run(&self, sql: &str) {
        self.database().execute_batch(sql).unwrap();
    }

    /// What a query of one text returns, a row a line.
    fn rows(&self, sql: &str) -> Vec<String> {
        let database = self.database();
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn ledger(&self) -> Vec<String> {
        self.rows("SELECT flow || ' ' || amount FROM ledger ORDER BY id")
    }

    /// The only order at the gateway.
    fn order(&self) -> Order {
        let orders = self.sandbox.orders().unwrap();
        assert_eq!(orders.len(), 1, "{orders:?}");
        orders[0].clone()
    }

    /// Has the callbacks come that are due, and books them.
    async fn settle(&self) {
        self.sandbox.settle().await;
        self.merchant.worker().max_in_flight(0).drain(book).await;
    }

    /// After this time, what no callback has reported is asked for.
    async fn reconcile(&self, merchant: &Merchant, after: Duration) {
        self.run(&format!("UPDATE test_clock SET ms = ms + {}", after.as_millis()));
        merchant.worker().drain(book).await;
    }

    /// Sends a request to the merchant's server; returns status and body of the response.
    async fn post(&self, path: &str, signature: Option<&str>, body: &str) -> (u16, String) {
        send(&self.address, path, signature, body).await.unwrap()
    }

    /// Order by order, and in sum.
    fn assert_same_books(&self) {
        let (mut ours, mut theirs) = (BTreeMap::new(), BTreeMap::new());
        let (mut sum_in, mut sum_out) = (Amount::from(1_000_000_u32), Amount::ZERO);
        for line in self.rows("SELECT number || ' ' || flow || ' ' || amount FROM ledger ORDER BY id") {
            // A number can have blanks.
            let parts: Vec<_> = line.rsplitn(3, ' ').collect();
            let amount = Amount::parse(parts[0]).unwrap();
            let entry = ours.entry(parts[2].to_owned()).or_insert((Amount::ZERO, Amount::ZERO));
            let (side, sum) =
                if parts[1] == "in" { (&mut entry.0, &mut sum_in) } else { (&mut entry.1, &mut sum_out) };
            *side = side.checked_add(amount).unwrap();
            *sum = sum.checked_add(amount).unwrap();
        }
        ours.retain(|_, (in_, out)| in_ != out);
        for order in self.sandbox.orders().unwrap() {
            let is_over = order.state.counts_as_failure() || order.state == OrderState::REFUNDED;
            let moved = match order.direction {
                BizType::DEPOSIT if order.state.counts_paid_amount() => (order.pay_amount, Amount::ZERO),
                BizType::WITHDRAWAL if !is_over => (Amount::ZERO, order.amount),
                _ => continue,
            };
            theirs.insert(order.merchant_order_no.to_string(), moved);
        }
        assert_eq!(ours, theirs);
        let balances = self.sandbox.balances(self.sandbox.merchant().merchant_no()).unwrap();
        let kes = balances.iter().find(|balance| balance.currency == Some(Currency::KES)).unwrap();
        assert_eq!(kes.available, sum_in.checked_sub(sum_out).unwrap());
    }
}

async fn send(
    address: &str,
    path: &str,
    signature: Option<&str>,
    body: &str,
) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let signature = signature.map(|hex| format!("X-RESP-SIGNATURE: {hex}\r\n")).unwrap_or_default();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\n{signature}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let (head, text) = response.split_once("\r\n\r\n").unwrap_or_default();
    Ok((head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default(), text.to_owned()))
}

/// The program itself, and where it listens. It is killed when this is dropped.
struct Program(Child, String);

impl Program {
    fn start(world: &World) -> Self {
        let own = world.sandbox.merchant();
        let mut program = Command::new(env!("CARGO_BIN_EXE_merchant"))
            .arg("127.0.0.1:0")
            .env("DATABASE", world.folder.path().join("orders.db"))
            .env("NOTIFY_URL", format!("http://{}/tarspay/notify", world.address))
            .env("TARSPAY_API_URL", world.sandbox.base_url())
            .env("TARSPAY_MERCHANT_ID", own.merchant_no().as_str())
            .env("TARSPAY_PRIVATE_KEY", own.private_key().expose_hex().as_str())
            .env("TARSPAY_SYSTEM_PUBLIC_KEY", world.sandbox.system_public_key().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self(program, line.trim().trim_start_matches("http://").to_owned())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn run(sandbox: &Sandbox, base_url: &str, folder: &tempfile::TempDir, address: &str) -> Merchant {
    let own = sandbox.merchant();
    let credentials = Credentials::new(own.merchant_no().clone(), own.private_key().clone());
    let client = Client::builder(credentials)
        .base_url(base_url)
        .quiet_time(Duration::from_millis(20))
        .retry(RetryPolicy::default().waits(Duration::from_millis(1), Duration::from_millis(5)))
        .build()
        .unwrap();
    let notify_url = NotifyUrl::new(format!("http://{address}/tarspay/notify")).unwrap();
    Merchant::open(folder.path().join("orders.db"), client, notify_url).await.unwrap()
}

/// Drops `placing` when `event` has happened, as a crash would.
async fn crash_at<T>(placing: impl Future<Output = T>, event: impl Future<Output = ()>) {
    tokio::select! {
        _ = placing => panic!("it ended before the crash"),
        () = event => {}
    }
}

#[tokio::test]
async fn a_checkout_is_booked_once_however_its_callbacks_come() {
    let world = World::start().await;
    let body = r#"{"reference":"cart 1","amount":"1500.00","phone":"254115555076"}"#;
    let (status, text) = world.post("/checkout", None, body).await;
    assert_eq!(status, 200, "{text}");
    let order = world.order();
    let start = format!(r#"{{"number":"{}","state":"#, order.merchant_order_no);
    assert!(text.starts_with(&start) && text.contains(r#""pay_url":"http"#), "{text}");
    assert_eq!(world.post("/checkout", None, body).await, (200, text), "the same cart, the same page");
    assert_eq!(world.ledger(), [""; 0]);

    world.sandbox.inject(Fault::duplicate_callback(3).unwrap().always());
    world.sandbox.inject(Fault::reorder_callbacks());
    world.sandbox.pay_partially(&order.pay_order_id, Amount::from(400_u32)).unwrap();
    world.sandbox.pay(&order.pay_order_id).unwrap();
    world.settle().await;
    for callback in world.sandbox.callbacks().unwrap() {
        world.sandbox.resend(callback.id).unwrap();
    }
    world.settle().await;
    world.reconcile(&world.merchant, HOUR).await;
    assert_eq!(world.order().state, OrderState::SUCCESS);
    let booked = world
        .rows("SELECT amount FROM ledger")
        .iter()
        .map(|text| Amount::parse(text).unwrap())
        .collect::<Vec<_>>();
    assert_eq!(Amount::checked_sum(booked).unwrap(), Amount::from(1500_u32));
    world.assert_same_books();
}

#[tokio::test]
async fn a_lost_response_makes_no_second_order() {
    let world = World::start().await;
    for path in [DEPOSIT, WITHDRAWAL] {
        world.sandbox.inject(Fault::drop_connection().after_commit().on_path(path));
    }
    let deposit = world.merchant.checkout(asked("cart", "1500")).await.unwrap();
    assert_eq!(deposit.pay_url, None, "only the lost response named it");
    let withdrawal = world.merchant.payout(asked("payout", "700")).await.unwrap();
    let numbers: Vec<_> =
        world.sandbox.orders().unwrap().iter().map(|order| order.merchant_order_no.to_string()).collect();
    assert_eq!(numbers, [deposit.number, withdrawal.number]);
    assert_eq!(world.ledger(), ["out 700"]);
    world.assert_same_books();
}

#[tokio::test]
async fn after_a_crash_the_order_is_resumed_under_its_number() {
    for (name, path) in [("deposit", DEPOSIT), ("withdrawal", WITHDRAWAL)] {
        for is_sent in [false, true] {
            let world = World::start().await;
            // Accepts and never responds.
            let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let nowhere = format!("http://{}", silent.local_addr().unwrap());
            let first = world.restart(if is_sent { world.sandbox.base_url() } else { &nowhere }).await;
            let mut tail = world.sandbox.tail();
            if is_sent {
                let slow = Fault::slow_response(Duration::from_secs(3600));
                world.sandbox.inject(slow.on_path(path));
            }
            let crash = async {
                if is_sent {
                    while !matches!(tail.next().await.unwrap().kind, EventKind::StateChanged { .. }) {}
                } else {
                    drop(silent.accept().await.unwrap());
                }
            };
            match name {
                "deposit" => crash_at(first.checkout(asked("a", "250")), crash).await,
                _ => crash_at(first.payout(asked("a", "250")), crash).await,
            }
            drop(first);
            let number = world.rows("SELECT number FROM tarspay_orders");
            assert_eq!(world.sandbox.orders().unwrap().len(), usize::from(is_sent), "{name}");
            assert_eq!(world.rows("SELECT number FROM tarspay_orders WHERE pay_order_id IS NULL"), number);

            let second = world.restart(world.sandbox.base_url()).await;
            world.reconcile(&second, HOUR).await;
            let order = world.order();
            assert_eq!([order.merchant_order_no.to_string()], *number, "{name}, sent: {is_sent}");
            world.sandbox.pay(&order.pay_order_id).unwrap();
            world.settle().await;
            assert_eq!(world.ledger(), [if name == "deposit" { "in 250" } else { "out 250" }]);
            world.assert_same_books();
        }
    }
}

#[tokio::test]
async fn the_program_resumes_at_its_start_what_it_was_killed_in() {
    let world = World::start().await;
    world.sandbox.inject(Fault::slow_response(Duration::from_secs(3600)).on_path(DEPOSIT));
    let mut tail = world.sandbox.tail();
    let killed = Program::start(&world);
    let body = r#"{"reference":"cart","amount":"250","phone":"254115555076"}"#;
    let created =
        async { while !matches!(tail.next().await.unwrap().kind, EventKind::StateChanged { .. }) {} };
    crash_at(send(&killed.1, "/checkout", None, body), created).await;
    drop(killed);
    let number = world.rows("SELECT number FROM tarspay_orders WHERE pay_order_id IS NULL");
    assert_eq!(number, [world.order().merchant_order_no.to_string()]);

    // Later than a placing takes.
    world.run(&format!("UPDATE test_clock SET ms = ms + {}", HOUR.as_millis()));
    let again = Program::start(&world);
    let is_query =
        |kind| matches!(kind, EventKind::Called { path, code, .. } if path == QUERY && code.is_success());
    let asked_for = async { while !is_query(tail.next().await.unwrap().kind) {} };
    tokio::time::timeout(Duration::from_secs(60), asked_for)
        .await
        .expect("the order is looked up at the start");
    let (status, text) = send(&again.1, "/checkout", None, body).await.unwrap();
    assert!(status == 200 && text.contains(&number[0]), "{text}");
    world.sandbox.pay(&world.order().pay_order_id).unwrap();
    world.sandbox.settle().await;
    let booked = async {
        while world.ledger().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), booked).await.expect("the program books it");
    assert_eq!(world.ledger(), ["in 250"]);
    world.assert_same_books();
}

#[tokio::test]
async fn what_no_callback_has_reported_is_asked_for() {
    let world = World::start().await;
    world.sandbox.inject(Fault::lose_callback().always());
    world.merchant.checkout(asked("cart", "1500")).await.unwrap();
    let id = world.order().pay_order_id;
    world.sandbox.pay(&id).unwrap();
    world.settle().await;
    assert_eq!(world.ledger(), [""; 0]);

    // A query that fails leaves the order for the next time.
    world.sandbox.inject(Fault::refuse(ErrorCode::SYSTEM_ERROR).on_path(QUERY).always());
    world.reconcile(&world.merchant, HOUR).await;
    assert_eq!(world.ledger(), [""; 0]);
    world.sandbox.clear_faults();
    for _ in 0..2 {
        world.reconcile(&world.merchant, HOUR).await;
        assert_eq!(world.ledger(), ["in 1500"]);
    }
    world.assert_same_books();

    // No callback reports a refund.
    world.sandbox.refund(&id).unwrap();
    world.reconcile(&world.merchant, 24 * HOUR).await;
    assert_eq!(world.ledger(), ["in 1500", "out 1500"]);
    world.assert_same_books();
}

#[tokio::test]
async fn the_money_of_a_payout_that_failed_is_back() {
    let world = World::start().await;
    let shown = |shown: Shown| (shown.state, shown.number);
    let (_, rejected) = shown(world.merchant.payout(asked("rejected", "700")).await.unwrap());
    let (_, failed) = shown(world.merchant.payout(asked("failed", "300")).await.unwrap());
    let (_, kept) = shown(world.merchant.payout(asked("kept", "200")).await.unwrap());
    for order in world.sandbox.orders().unwrap() {
        match order.amount.to_string().as_str() {
            "700" => world.sandbox.reject(&order.pay_order_id, "no such account").unwrap(),
            "300" => world.sandbox.fail(&order.pay_order_id, "no such account").unwrap(),
            _ => world.sandbox.pay(&order.pay_order_id).unwrap(),
        };
    }
    world.settle().await;
    world.reconcile(&world.merchant, HOUR).await; // no callback reports a rejection
    let states = format!(
        "SELECT state || '' FROM tarspay_orders WHERE number IN ('{rejected}', '{failed}', '{kept}') ORDER BY rowid"
    );
    assert_eq!(world.rows(&states), ["8", "3", "2"]);

    // The gateway refuses this one at once, so it has no order.
    let (state, _) = shown(world.merchant.payout(asked("too much", "99999999")).await.unwrap());
    assert_eq!(OrderState::from_code(state), OrderState::FAILED);
    world.settle().await;
    assert_eq!(world.ledger()[3..], ["in 300", "in 700", "out 99999999", "in 99999999"]);
    world.assert_same_books();
}

#[tokio::test]
async fn forgeries_and_callbacks_of_others_change_nothing() {
    let world = World::start().await;
    world.merchant.checkout(asked("cart", "1500")).await.unwrap();
    let order = world.order();
    let mut callback = tarspay::types::Callback::new(
        order.pay_order_id.clone(),
        order.merchant_order_no.clone(),
        OrderState::SUCCESS,
    );
    callback.biz_type = Some(BizType::DEPOSIT);
    callback.order_amount = Some(order.amount);
    callback.pay_amount = Some(order.amount);
    callback.currency = Some(order.currency.clone());
    let (own, other) = (world.sandbox.merchant().merchant_no(), MerchantNo::new("M2").unwrap());
    let key = PrivateKey::generate().unwrap();
    let others = SignedCallback::new(&other, &callback, &key).unwrap();
    let genuine = CallbackText::from_json(others.body().as_bytes()).unwrap();
    let genuine = world.sandbox.sign_callback(&genuine).to_string();
    let forged = SignedCallback::new(own, &callback, &key).unwrap();
    for (case, signature, body, status) in [
        ("another merchant's", Some(genuine.as_str()), others.body(), 403),
        ("another key", Some(forged.signature()), forged.body(), 401),
        ("no signature", None, forged.body(), 401),
    ] {
        assert_eq!(world.post("/tarspay/notify", signature, body).await.0, status, "{case}");
    }
    assert_eq!(world.ledger(), [""; 0]);
    world.assert_same_books();
}

#[tokio::test]
async fn no_number_is_used_twice_and_no_reference_has_two_orders() {
    let world = World::start().await;
    for cart in 0..20 {
        world.merchant.checkout(asked(&format!("cart {cart}"), "100")).await.unwrap();
    }
    let again = world.restart(world.sandbox.base_url()).await;
    let (one, two) = tokio::join!(again.payout(asked("p", "100")), world.merchant.payout(asked("p", "100")));
    assert_eq!(one.unwrap().number, two.unwrap().number);
    assert_eq!(world.sandbox.orders().unwrap().len(), 21);
    assert_eq!(world.rows("SELECT count(DISTINCT number) || '' FROM tarspay_orders"), ["21"]);
    for refused in [asked("p", "200"), asked("cart 1", "100")] {
        let error = again.payout(refused).await.err().unwrap();
        assert_eq!(error.downcast_ref::<Error>().unwrap().kind(), ErrorKind::OtherRequest);
    }
    // What the market does not take is refused before it has a row.
    let body = r#"{"reference":"bad","amount":"100.5","phone":"254115555076"}"#;
    assert_eq!(world.post("/payout", None, body).await.0, 422);
    assert_eq!(world.rows("SELECT count(*) || '' FROM tarspay_orders"), ["21"]);
    assert_eq!(world.ledger(), ["out 100"]);
    world.assert_same_books();
}
