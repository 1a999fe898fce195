//! Orders end right in the merchant's ledger although callbacks come twice, late, in another order, forged or never,
//! responses are lost, handlers fail, and receivers, workers, the placing process and the database's server are killed
//! by `kill -9`.
//!
//! This process is the gateway (a sandbox) and starts itself as the others. A run has two parts: the faults, until
//! every order is placed, and then a day without faults, after which the ledger must be equal to the sandbox's books.
//! `TARSPAY_ORDERS` is the number of orders, `TARSPAY_SEED` chooses orders, faults and kills, `TARSPAY_ENGINE` is
//! `sqlite` or `postgres`, both by default. docs/inbox-proof.md has the claim and the runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, also in its helpers, and reports to its terminal"
)]

mod books;
#[allow(dead_code, reason = "the other test binary uses all of it")]
#[path = "../it/postgres.rs"]
mod postgres;
mod shop;

use books::Database;
use postgres::Postgres;
use std::env;
use std::fs::read_to_string;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tarspay::types::{Amount, Currency};
use tarspay_inbox::{Builder, Inbox};
use tarspay_sandbox::{EventKind, Fault, Sandbox, Scenario};
use tokio::time::sleep;

/// The merchant's first balance.
const MONEY: u32 = 2_000_000_000;

/// Numbers that look random, from a seed: `SplitMix64`.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(most)).unwrap()
    }
}

pub(crate) fn from_environment<T: FromStr>(name: &str) -> Option<T> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} cannot be used")))
}

/// The address of a PostgreSQL or the path of a file.
pub(crate) fn builder(address: &str) -> Builder {
    if address.starts_with("host=") { Inbox::postgres(address) } else { Inbox::sqlite(address) }
}

/// A process of the merchant's, which dies with this value.
struct Process {
    role: &'static str,
    child: Child,
}

impl Process {
    fn kill(&mut self) {
        // SIGKILL.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the processes of a run have in common.
struct Run {
    seed: u64,
    orders: u32,
    sandbox: Sandbox,
    /// The receivers accept at it, and it outlives each of them.
    listener: TcpListener,
    address: String,
    placed: Arc<AtomicU32>,
}

impl Run {
    fn start(&self, role: &'static str, dice: &mut Dice) -> Process {
        let merchant = self.sandbox.merchant();
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .env("TARSPAY_PROOF_ROLE", role)
            .env("TARSPAY_PROOF_DATABASE", &self.address)
            .env("TARSPAY_PROOF_NOTIFY_URL", format!("http://{}/notify", self.listener.local_addr().unwrap()))
            .env("TARSPAY_PROOF_FROM", self.placed.load(Ordering::SeqCst).to_string())
            .env("TARSPAY_PROOF_ORDERS", self.orders.to_string())
            .env("TARSPAY_API_URL", self.sandbox.base_url())
            .env("TARSPAY_MERCHANT_ID", merchant.merchant_no().as_str())
            .env("TARSPAY_PRIVATE_KEY", merchant.private_key().expose_hex().as_str())
            .env("TARSPAY_SYSTEM_PUBLIC_KEY", self.sandbox.system_public_key().to_string());
        // The placer's seed is that of the orders; the others have one of their own in each life.
        let seed = if role == "placer" { self.seed } else { u64::from(dice.below(u32::MAX)) };
        command.env("TARSPAY_PROOF_SEED", seed.to_string()).stdin(Stdio::null());
        if role == "receiver" {
            command.stdin(OwnedFd::from(self.listener.try_clone().unwrap()));
        }
        if role == "placer" {
            command.stdout(Stdio::piped());
        }
        let mut child = command.spawn().unwrap();
        if let Some(lines) = child.stdout.take() {
            let placed = Arc::clone(&self.placed);
            std::thread::spawn(move || {
                for line in BufReader::new(lines).lines().map_while(Result::ok) {
                    // The last line of a killed process may have no end.
                    placed.fetch_max(line.parse().unwrap_or(0), Ordering::SeqCst);
                }
            });
        }
        Process { role, child }
    }

    /// What goes wrong between the gateway and the merchant.
    fn inject_faults(&self, dice: &mut Dice) {
        let creations = ["/api/pay/unifiedOrder", "/api/payOut/unifiedOrder"];
        let queries = ["/api/payInInfo", "/api/payOutInfo"];
        let mut inject = |percent: u8, fault: Fault| {
            self.sandbox.inject(fault.with_chance(percent, u64::from(dice.below(u32::MAX))));
        };
        inject(10, Fault::lose_callback());
        inject(10, Fault::duplicate_callback(2).unwrap());
        inject(10, Fault::reorder_callbacks());
        inject(10, Fault::delay_callback(Duration::from_secs(3)));
        inject(3, Fault::wrong_callback_signature());
        inject(20, Fault::high_s_callback_signature());
        inject(5, Fault::forge_callback());
        for path in creations {
            inject(3, Fault::drop_connection().on_path(path));
            inject(3, Fault::drop_connection().after_commit().on_path(path));
            inject(2, Fault::http_status(502).unwrap().after_commit().on_path(path));
            inject(2, Fault::truncate(20).on_path(path));
        }
        for path in queries {
            inject(5, Fault::drop_connection().on_path(path));
            inject(3, Fault::http_status(500).unwrap().on_path(path));
            inject(3, Fault::unknown_state(77.into()).on_path(path));
        }
    }

    /// Faults and kills until every order is placed, and a little longer. Returns how many processes were killed.
    async fn endure(&self, server: Option<&Postgres>, dice: &mut Dice) -> Kills {
        self.inject_faults(dice);
        let roles = ["receiver", "receiver", "worker", "worker", "placer"];
        let mut processes: Vec<_> = roles.map(|role| self.start(role, dice)).into();
        let (mut kills, mut rounds_left) = (Kills::default(), 10);
        while rounds_left > 0 {
            sleep(Duration::from_millis(50 + u64::from(dice.below(1500)))).await;
            let is_placed = self.placed.load(Ordering::SeqCst) == self.orders;
            if is_placed {
                processes.retain(|process| process.role != "placer");
                rounds_left -= 1;
            }
            for process in &mut processes {
                // The placer may have ended after the look at what is placed.
                let ended = process.child.try_wait().unwrap().filter(|status| !status.success());
                assert!(ended.is_none(), "a {} ended by itself: {ended:?}", process.role);
            }
            match server {
                Some(server) if dice.below(8) == 0 => {
                    kill_server(server);
                    kills.server += 1;
                }
                _ => {
                    let victim = dice.below(processes.len().try_into().unwrap()) as usize;
                    processes[victim].kill();
                    kills.count(processes[victim].role);
                    processes[victim] = self.start(processes[victim].role, dice);
                }
            }
        }
        kills
    }

    /// A day without faults: what is due at the gateway is sent, and the merchant's processes do what is left.
    async fn recover(&self, dice: &mut Dice) -> Database {
        self.sandbox.clear_faults();
        let database = Database::open(&self.address).await;
        let _processes = ["receiver", "worker", "worker"].map(|role| self.start(role, dice));
        self.sandbox.clock().advance(Duration::from_secs(3 * 24 * 3600));
        self.sandbox.settle().await;
        settled(&database).await;
        // No callback tells of a refund. Its order is asked for within a day.
        database.next_day().await;
        settled(&database).await;
        database
    }
}

#[derive(Default, Debug)]
struct Kills {
    receivers: u32,
    workers: u32,
    placers: u32,
    server: u32,
}

impl Kills {
    fn count(&mut self, role: &str) {
        match role {
            "receiver" => self.receivers += 1,
            "worker" => self.workers += 1,
            _ => self.placers += 1,
        }
    }
}

/// Kills the server and starts it again. Its other processes end when they notice.
fn kill_server(server: &Postgres) {
    let file = read_to_string(server.folder().join("data/postmaster.pid")).unwrap();
    let killed = Command::new("kill").args(["-9", file.lines().next().unwrap()]).status().unwrap();
    assert!(killed.success());
    let mut tries = (0..600).map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        server.launch()
    });
    assert!(tries.any(|started| started.is_ok()), "PostgreSQL does not start again: {:?}", server.launch());
}

/// Waits until the merchant has nothing to do, and no order waits for a person. While a query is under way its order is
/// due a little later; an order that has ended is due in a day.
async fn settled(database: &Database) {
    let (mut before, mut since) = (0, Instant::now());
    loop {
        let events = database.count("tarspay_events WHERE verdict IS NULL").await;
        let orders = database
            .count(
                "tarspay_orders WHERE apply_at IS NOT NULL OR request IS NOT NULL OR ended_at IS NULL OR doubt > 0
                    OR ask_at <= (SELECT ms + 3600000 FROM tarspay_now)",
            )
            .await;
        if events + orders == 0 {
            break;
        }
        if events + orders != before {
            (before, since) = (events + orders, Instant::now());
        }
        if since.elapsed() > Duration::from_secs(180) {
            let open = "SELECT number, state, doubt, coalesce(parked, '-'), coalesce(last_error, '-') FROM tarspay_orders
                WHERE apply_at IS NOT NULL OR ended_at IS NULL OR doubt > 0 LIMIT 20";
            panic!("{events} events and {orders} orders are left: {:?}", database.rows::<5>(open).await);
        }
        sleep(Duration::from_millis(200)).await;
    }
    let parked =
        database.rows::<2>("SELECT number, parked FROM tarspay_orders WHERE parked IS NOT NULL").await;
    assert!(parked.is_empty(), "{} orders wait for a person: {:?}", parked.len(), parked.first_chunk::<1>());
}

/// The scenario of a kind of orders.
fn scenario((prefix, direction, steps): (&str, &str, &str)) -> Scenario {
    let head = format!(
        "name = \"{prefix}\"\ndescription = \"{steps}\"\n\
         [orders]\ndirection = \"{direction}\"\nmerchant_order_no_prefix = \"{prefix}\"\n"
    );
    let toml = steps.split(", ").fold(head, |toml, step| {
        let words: Vec<_> = step.split(' ').collect();
        let more = match words.get(2) {
            Some(&"never") => "[[faults]]\nkind = \"lose_callback\"\nalways = true\n".to_owned(),
            Some(percent) => format!("percent = {percent}\n"),
            None => String::new(),
        };
        format!("{toml}[[steps]]\ndo = \"{}\"\nafter = \"{}\"\n{more}", words[0], words[1])
    });
    Scenario::parse(&toml).unwrap()
}

async fn prove(engine: &str, orders: u32, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let server = match engine {
        "sqlite" => None,
        "postgres" => match Postgres::start_in(tempfile::tempdir().unwrap(), "fsync = on") {
            None => return,
            server => server,
        },
        other => panic!("TARSPAY_ENGINE is {other}, not sqlite or postgres"),
    };
    let address = server.as_ref().map_or_else(
        || folder.path().join("shop.db").to_str().unwrap().to_owned(),
        |server| format!("host={} user=shop dbname=postgres", server.folder().display()),
    );
    builder(&address).open().await.unwrap().migrate().await.unwrap();
    let id = if server.is_some() { "BIGINT GENERATED ALWAYS AS IDENTITY" } else { "INTEGER PRIMARY KEY" };
    // No constraint that would hide an effect which comes twice.
    let ledger = format!(
        "CREATE TABLE ledger (id {id}, number TEXT NOT NULL, state BIGINT NOT NULL, moved BIGINT NOT NULL, effect TEXT NOT NULL)"
    );
    Database::open(&address).await.run(&ledger).await;

    let sandbox = Sandbox::builder().data(folder.path().join("gateway.db")).start().await.unwrap();
    let merchant_no = sandbox.merchant().merchant_no().clone();
    sandbox.set_balance_in(&merchant_no, &Currency::KES, MONEY.into(), Amount::ZERO).unwrap();
    for kind in shop::KINDS {
        sandbox.play(scenario(kind)).unwrap();
    }
    let mut events = sandbox.tail();
    let counted = tokio::spawn(async move {
        let (mut faults, mut forgeries) = (0_u32, 0_u32);
        while let Some(event) = events.next().await {
            match event.kind {
                EventKind::FaultApplied { .. } => faults += 1,
                EventKind::ForgerySent { believed, .. } => {
                    assert!(!believed, "a forged callback was accepted");
                    forgeries += 1;
                }
                _ => {}
            }
        }
        (faults, forgeries)
    });

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let run = Run { seed, orders, sandbox, listener, address, placed: Arc::default() };
    let mut dice = Dice(seed);
    let started = Instant::now();
    let kills = run.endure(server.as_ref(), &mut dice).await;
    let endured = started.elapsed();
    let database = run.recover(&mut dice).await;
    let sum = books::compare(&run.sandbox, &database, seed, orders, i64::from(MONEY) * 100).await;
    let callbacks = books::compare_callbacks(&run.sandbox, &database).await;
    let effects = database.count("ledger").await;
    run.sandbox.stop().await;
    let (faults, forgeries) = counted.await.unwrap();
    println!(
        "{engine}: {orders} orders, seed {seed}: {effects} effects, {callbacks} different callbacks, {faults} faults, \
         {forgeries} of them forgeries; {kills:?}; {} s with faults, {} s in all; the ledger is the sandbox's books: {}.{:02}",
        endured.as_secs(),
        started.elapsed().as_secs(),
        sum / 100,
        sum % 100,
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    if let Some(role) = from_environment::<String>("TARSPAY_PROOF_ROLE") {
        match shop::run(&role).await {}
    }
    let orders = from_environment("TARSPAY_ORDERS").unwrap_or(150);
    let seed = from_environment("TARSPAY_SEED").unwrap_or(20_261_128);
    let engine: Option<String> = from_environment("TARSPAY_ENGINE");
    for engine in engine.as_deref().map_or(vec!["sqlite", "postgres"], |engine| vec![engine]) {
        prove(engine, orders, seed).await;
    }
}
