//! `kill -9` at any moment: no acknowledged order is lost, no money moves twice, no due callback
//! is forgotten.
//!
//! Merchants load a `tarspay sandbox --data FILE` and its owner moves their orders, until it is
//! killed after some response, while others are under way. Then it starts again over the same file
//! and is held against what the merchants know. `TARSPAY_KILLS` is the number of lives,
//! `TARSPAY_SEED` chooses the points at which they end.

mod books;
mod merchant;
mod shop;

use crate::owner::Owner;
use crate::running::{Running, reserve};
use crate::{Files, as_argument, text};
use merchant::Merchant;
use rusqlite::Connection;
use shop::Shop;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tarspay::sign::NonceSource;
use tarspay::types::{Amount, BizType, Currency};
use tarspay::{CallbackVerifier, Client, Credentials, RetryPolicy};
use tarspay_sandbox::{Fee, Sandbox};
use tokio::task::JoinSet;

const MERCHANTS: u32 = 6;

/// The most responses in one life.
const LONGEST_LIFE: u32 = 80;

/// The most looks at a child before it is killed while it starts, at which the longest ones are
/// ready.
const MOST_LOOKS: u32 = 20_000;

/// Numbers that look random, from a seed: `SplitMix64`.
pub(super) struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(most)).unwrap()
    }
}

/// A sandbox from its start until it is killed.
pub(super) struct Life {
    running: Mutex<Option<Running>>,
    killed: AtomicBool,
    responses: AtomicU32,
    /// After so many responses it is killed.
    ends_after: u32,
    client: Client,
    owner: Owner,
}

impl Life {
    /// Counts a response that a merchant has seen; the last one kills.
    fn responded(&self) {
        if self.responses.fetch_add(1, Ordering::SeqCst) + 1 == self.ends_after {
            self.kill();
        }
    }

    fn kill(&self) {
        self.killed.store(true, Ordering::SeqCst);
        self.running.lock().unwrap().take().expect("it lives").kill();
    }

    /// No response came, which is right only from the dead.
    fn assert_killed(&self, what: &dyn std::fmt::Debug) {
        assert!(self.killed.load(Ordering::SeqCst), "no response from a living sandbox: {what:?}");
    }
}

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a whole number"))
}

/// One that has fees and money, so that every step of an order moves odd amounts.
async fn set_up(file: &Path) -> (Credentials, CallbackVerifier) {
    let sandbox = Sandbox::builder().data(file).start().await.unwrap();
    let merchant = sandbox.merchant();
    let money = Amount::from(books::MONEY);
    sandbox.set_balance_in(merchant.merchant_no(), &Currency::KES, money, Amount::ZERO).unwrap();
    for direction in [BizType::DEPOSIT, BizType::WITHDRAWAL] {
        let fee = Fee::new(Amount::from(books::FIXED_FEE), books::FEE_BASIS_POINTS);
        sandbox.set_fee(&Currency::KES, direction, fee).unwrap();
    }
    let credentials = Credentials::new(merchant.merchant_no().clone(), merchant.private_key().clone());
    let verifier = CallbackVerifier::trusting(merchant.merchant_no().clone(), sandbox.system_public_key());
    sandbox.stop().await;
    (credentials, verifier)
}

/// What a power cut or another program would find: the file is whole at every death, before anyone
/// has repaired it.
fn assert_whole(file: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(file, &copy).unwrap();
    let wal = |path: &Path| path.with_extension("db-wal");
    if wal(file).exists() {
        std::fs::copy(wal(file), wal(&copy)).unwrap();
    }
    let connection = Connection::open(&copy).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let mut orphans = connection.prepare("PRAGMA foreign_key_check").unwrap();
    assert!(!orphans.exists([]).unwrap(), "a row refers to one that is gone");
}

async fn live_and_die(kills: u32, seed: u64) {
    println!("TARSPAY_KILLS={kills} TARSPAY_SEED={seed}");
    let mut dice = Dice(seed);
    let files = Files::new();
    let file = files.path("state.db");
    let argument = as_argument(&file);
    let data = ["--json", "--data", argument.as_str()];
    // The first start makes the tables and the keys, and is killed in the middle too.
    for _ in 0..4 {
        Running::killed_while_starting(&data, dice.below(MOST_LOOKS));
        assert_whole(&file_or_new(&file));
    }
    let (credentials, verifier) = set_up(&file).await;
    let shop = Shop::open(verifier).await;
    let nonces = Arc::new(NonceSource::default());
    let mut merchants: Vec<_> = (0..MERCHANTS)
        .map(|name| Merchant::new(name, Dice(seed ^ u64::from(name + 1)), shop.url()))
        .collect();
    let mut responses = 0;
    for life in 0..=kills {
        if life % 3 == 1 {
            Running::killed_while_starting(&data, dice.below(MOST_LOOKS));
            assert_whole(&file);
        }
        // Held until everybody has noticed the death: no other sandbox of this machine responds in
        // its place.
        let (_reserved, address) = reserve();
        let listen = address.to_string();
        let running = Running::start(&[&data[..], &["--listen", listen.as_str()]].concat());
        let ready: serde_json::Value = serde_json::from_str(&running.ready).unwrap();
        let client = Client::builder(credentials.clone())
            .base_url(text(&ready, "base_url"))
            .nonces(Arc::clone(&nonces))
            // A killed process lets nothing arrive later.
            .quiet_time(Duration::from_millis(1))
            .retry(
                RetryPolicy::default().attempts(3).waits(Duration::from_millis(1), Duration::from_millis(2)),
            )
            .build()
            .unwrap();
        let life = Arc::new(Life {
            running: Mutex::new(Some(running)),
            killed: AtomicBool::new(false),
            responses: AtomicU32::new(0),
            ends_after: if life < kills { 1 + dice.below(LONGEST_LIFE) } else { u32::MAX },
            client,
            owner: Owner::at(address),
        });
        books::compare(&life.owner, &life.client, &merchants).await;
        if life.ends_after == u32::MAX {
            for merchant in &mut merchants {
                merchant.resolve_all(&life).await;
            }
            books::compare(&life.owner, &life.client, &merchants).await;
            books::compare_histories(&life.owner, &merchants).await;
            books::compare_callbacks(&life.owner, &shop).await;
            life.kill();
            assert_whole(&file);
            break;
        }
        let mut at_work = JoinSet::new();
        for merchant in merchants.drain(..) {
            at_work.spawn(merchant.work(Arc::clone(&life)));
        }
        while let Some(merchant) = at_work.join_next().await {
            merchants.push(merchant.unwrap());
        }
        responses += life.responses.load(Ordering::SeqCst);
        assert_whole(&file);
    }
    let orders: usize = merchants.iter().map(|merchant| merchant.orders.len()).sum();
    let doubts: u32 = merchants.iter().map(|merchant| merchant.doubts).sum();
    println!("{kills} kills, {responses} responses, {orders} orders, {doubts} responses lost");
    assert!(doubts > 0, "no kill took a response away: too few kills to test anything");
}

/// A child that was killed before it made its file has left nothing to look at.
fn file_or_new(file: &Path) -> std::path::PathBuf {
    if !file.exists() {
        std::fs::write(file, "").unwrap();
    }
    file.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_at_any_moment_loses_nothing_acknowledged() {
    let kills = number_from_environment("TARSPAY_KILLS").unwrap_or(8);
    let seed = number_from_environment("TARSPAY_SEED").unwrap_or(20_261_124);
    live_and_die(u32::try_from(kills).unwrap(), seed).await;
}
