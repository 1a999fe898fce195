//! The inbox: callbacks accepted in a second, the memory that they leave behind, and what a claim costs in a large table.

#[allow(dead_code, clippy::unwrap_used, reason = "it is a module of the inbox's tests")]
#[path = "../../../crates/tarspay-inbox/tests/it/postgres.rs"]
mod postgres;

use super::http::calls::KEY;
use super::page::{Aim, Row, Unit};
use super::sample::{MERCHANT_NO, Signed, callbacks};
use super::sandbox::resident_kib;
use super::stopwatch::{as_f64, median};
use crate::shell::{Failure, skip};
use postgres::Postgres;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;
use tarspay::CallbackVerifier;
use tarspay::sign::{PreparedKey, PrivateKey, SignaturePolicy};
use tarspay_inbox::Inbox;
use tokio::task::JoinSet;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls};

/// Accepted in so many turns; the first ones fill the caches, and do not count.
const TURNS: usize = 40;
const TURNS_THAT_FILL: usize = 4;
const CALLBACKS_IN_A_TURN: usize = 5_000;

/// The turns in which rivals and other arrangements are measured too, after those that fill.
const COMPARED: usize = 9;

/// How many callbacks come at once: what a receiver takes by default.
const AT_ONCE: usize = 512;

/// How many the rival writes in one transaction, as the inbox does at most.
const BATCH: usize = 256;

/// Below so many cores a second inbox only takes them from the server.
const CORES_FOR_TWO: usize = 4;

/// How many orders are due in the tables of the claims, and how many of them are claimed.
const DUE: usize = 1_000;
const CLAIMED: i64 = 8;
const CLAIMS: usize = 101;

type Anything = Box<dyn std::error::Error + Send + Sync>;

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::to("start a runtime", error))?;
    runtime.block_on(measure()).map_err(|error| Failure::to("measure the inbox", error))
}

async fn measure() -> Result<Vec<Row>, Anything> {
    let this = std::env::current_exe()?;
    // Beside the program and not in /tmp, which can be memory.
    let folder = tempfile::tempdir_in(this.parent().unwrap_or(Path::new(".")))?;
    let mut rows = sqlite(folder.path()).await?;
    rows.push(claims_of_sqlite(folder.path())?);
    match Postgres::start_in(tempfile::tempdir()?, "fsync = on\nmax_wal_size = 4GB") {
        None => skip("the inbox in PostgreSQL", "it is not installed"),
        Some(server) => {
            let address = format!("host={} user=shop dbname=postgres", server.folder().display());
            rows.extend(postgres(&address).await?);
            rows.push(claims_of_postgres(&address).await?);
        }
    }
    Ok(rows)
}

/// The gateway's callbacks, and what verifies them.
struct Gateway {
    key: PrivateKey,
    bare: PreparedKey,
    verifier: CallbackVerifier,
}

impl Gateway {
    fn new() -> Result<Self, Anything> {
        let key: PrivateKey = KEY.parse()?;
        let verifier = CallbackVerifier::trusting(MERCHANT_NO.parse()?, key.public_key()).prepared();
        Ok(Self { bare: key.public_key().prepare(), key, verifier })
    }

    fn callbacks(&self, turn: usize) -> Result<Arc<[Signed]>, Anything> {
        let first = turn * CALLBACKS_IN_A_TURN;
        Ok(callbacks(&self.key, first..first + CALLBACKS_IN_A_TURN)?.into())
    }

    /// Without reading the callback and without its digest.
    fn verify(&self, signed: &Signed) {
        assert!(self.bare.verify(&signed.digest, &signed.signature, SignaturePolicy::AcceptHighS).is_ok());
    }
}

/// Callbacks in a second, from raw bytes until each is on the disk, with one inbox or shared by several.
async fn accept(
    inboxes: &[Inbox],
    verifier: &CallbackVerifier,
    signed: &Arc<[Signed]>,
) -> Result<f64, Anything> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for first in 0..AT_ONCE {
        let inbox = inboxes[first % inboxes.len()].clone();
        let (verifier, signed) = (verifier.clone(), Arc::clone(signed));
        tasks.spawn(async move {
            for signed in signed.iter().skip(first).step_by(AT_ONCE) {
                let callback = verifier.verify(Some(&signed.header), signed.body.as_bytes())?;
                inbox.accept(&callback).await?;
            }
            Ok::<_, Anything>(())
        });
    }
    for result in tasks.join_all().await {
        result?;
    }
    Ok(as_f64(signed.len()) / start.elapsed().as_secs_f64())
}

const TABLE: &str =
    "CREATE TABLE bare (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, body BLOB NOT NULL)";
const TABLE_OF_POSTGRES: &str = "CREATE TABLE bare (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
                                 digest BYTEA NOT NULL UNIQUE, body BYTEA NOT NULL)";

async fn sqlite(folder: &Path) -> Result<Vec<Row>, Anything> {
    let gateway = Gateway::new()?;
    let inbox = Inbox::sqlite(folder.join("inbox.db")).open().await?;
    inbox.migrate().await?;
    let mut bare = Connection::open(folder.join("bare.db"))?;
    bare.pragma_update(None, "journal_mode", "WAL")?;
    bare.pragma_update(None, "synchronous", "FULL")?;
    bare.execute_batch(TABLE)?;
    let (mut ours, mut theirs, mut filled) = (Vec::new(), Vec::new(), f64::NAN);
    for turn in 0..TURNS {
        let signed = gateway.callbacks(turn)?;
        let rate = accept(std::slice::from_ref(&inbox), &gateway.verifier, &signed).await?;
        if !(TURNS_THAT_FILL..TURNS_THAT_FILL + COMPARED).contains(&turn) {
            continue;
        }
        if ours.is_empty() {
            filled = resident_kib(std::process::id())?;
        }
        ours.push(rate);
        let start = Instant::now();
        for batch in signed.chunks(BATCH) {
            let tx = bare.transaction()?;
            let mut insert = tx.prepare("INSERT INTO bare (digest, body) VALUES (?1, ?2)")?;
            for signed in batch {
                gateway.verify(signed);
                insert.execute((signed.digest.as_bytes(), signed.body.as_bytes()))?;
            }
            drop(insert);
            tx.commit()?;
        }
        theirs.push(as_f64(signed.len()) / start.elapsed().as_secs_f64());
    }
    let last = resident_kib(std::process::id())?;
    Ok(vec![
        rate("inbox in SQLite: callbacks accepted in a second", &ours, BARE, &theirs, 0.7),
        Row {
            what: "inbox: memory after 200,000 callbacks",
            subject: last,
            rival: "after 25,000",
            rival_took: filled,
            unit: Unit::Kibibytes,
            ratio: last / filled,
            aim: Aim::AtMost(1.25),
        },
    ])
}

const BARE: &str = "bare verification, and bare inserts in batches of 256";

fn rate(what: &'static str, ours: &[f64], rival: &'static str, theirs: &[f64], aim: f64) -> Row {
    Row {
        what,
        subject: median(ours.to_vec()),
        rival,
        rival_took: median(theirs.to_vec()),
        unit: Unit::PerSecond,
        ratio: median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect()),
        aim: Aim::AtLeast(aim),
    }
}

async fn connect(address: &str) -> Result<Client, Anything> {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn postgres(address: &str) -> Result<Vec<Row>, Anything> {
    let gateway = Gateway::new()?;
    let inboxes = [Inbox::postgres(address).open().await?, Inbox::postgres(address).open().await?];
    inboxes[0].migrate().await?;
    let bare = connect(address).await?;
    bare.batch_execute(TABLE_OF_POSTGRES).await?;
    let sql = "INSERT INTO bare (digest, body) SELECT * FROM unnest($1::bytea[], $2::bytea[])";
    let insert = bare.prepare(sql).await?;
    let (mut one, mut two, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..TURNS_THAT_FILL + COMPARED {
        let signed = gateway.callbacks(2 * turn)?;
        one.push(accept(&inboxes[..1], &gateway.verifier, &signed).await?);
        let start = Instant::now();
        for batch in signed.chunks(BATCH) {
            for signed in batch {
                gateway.verify(signed);
            }
            let digests: Vec<_> = batch.iter().map(|signed| signed.digest.as_bytes().as_slice()).collect();
            let bodies: Vec<_> = batch.iter().map(|signed| signed.body.as_bytes()).collect();
            bare.execute(&insert, &[&digests, &bodies]).await?;
        }
        theirs.push(as_f64(signed.len()) / start.elapsed().as_secs_f64());
        let signed = gateway.callbacks(2 * turn + 1)?;
        two.push(accept(&inboxes, &gateway.verifier, &signed).await?);
    }
    let counted = TURNS_THAT_FILL..;
    let (one, two, theirs) = (&one[counted.clone()], &two[counted.clone()], &theirs[counted]);
    let mut rows = vec![rate("inbox in PostgreSQL: callbacks accepted in a second", one, BARE, theirs, 0.7)];
    if thread::available_parallelism().map_or(1, usize::from) < CORES_FOR_TWO {
        skip("two inboxes in one PostgreSQL", "one inbox and the server have all the cores already");
    } else {
        let what = "two inboxes in one PostgreSQL: callbacks accepted in a second";
        rows.push(rate(what, two, "one inbox", one, 1.6));
    }
    Ok(rows)
}

/// Settled orders, of which the newest are due.
fn fill(numbers: &str, bigint: &str) -> String {
    format!(
        "INSERT INTO tarspay_orders (merchant_no, number, direction, amount, currency, request_check, state, paid, \
         applied_state, applied_paid, apply_at, ask_at, placed_at, ended_at, changed_at) \
         SELECT 'M1', 'D' || n, 'deposit', '1500', 'KES', 1, 2, '1500', 2, '1500', \
         CASE WHEN n > (SELECT max(n) - {DUE} FROM {numbers}) THEN n END, \
         CAST(4102444800000 AS {bigint}) + n, n, n, n FROM {numbers}"
    )
}

/// The statement of this name.
fn statement(file: &'static str, name: &str) -> &'static str {
    let from = file.split_once(&format!("-- name: {name}\n")).map_or("", |(_, from)| from);
    from.split("\n-- name:").next().unwrap_or_default()
}

fn claims_of_sqlite(folder: &Path) -> Result<Row, Anything> {
    let sql = statement(include_str!("../../../crates/tarspay-inbox/src/sql/sqlite.sql"), "claim");
    let tables = statement(include_str!("../../../crates/tarspay-inbox/src/sql/sqlite.sql"), "migration 1");
    let of = |orders: usize| -> Result<f64, Anything> {
        let mut connection = Connection::open(folder.join(format!("{orders}.db")))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.execute_batch("CREATE TABLE tarspay_schema (version INTEGER NOT NULL) STRICT")?;
        connection.execute_batch(tables)?;
        connection.execute_batch(&format!(
            "CREATE TEMP TABLE numbers AS WITH RECURSIVE all_of (n) AS \
             (SELECT 1 UNION ALL SELECT n + 1 FROM all_of WHERE n < {orders}) SELECT n FROM all_of"
        ))?;
        connection.execute_batch(&fill("numbers", "INTEGER"))?;
        let mut times = Vec::new();
        for _ in 0..CLAIMS {
            let tx = connection.transaction()?;
            let start = Instant::now();
            let mut claim = tx.prepare(sql)?;
            let claimed = claim.query_map((CLAIMED, 8, 60_000), |row| row.get::<_, i64>("id"))?.count();
            times.push(start.elapsed().as_secs_f64() * 1e9);
            assert_eq!(i64::try_from(claimed), Ok(CLAIMED));
            drop(claim);
            tx.rollback()?;
        }
        Ok(median(times))
    };
    Ok(claim("claim 8 of 1,000,000 orders in SQLite", of(1_000_000)?, of(10_000)?))
}

async fn claims_of_postgres(address: &str) -> Result<Row, Anything> {
    let sql = statement(include_str!("../../../crates/tarspay-inbox/src/sql/postgres.sql"), "claim");
    let client = connect(address).await?;
    let mut medians = Vec::new();
    for orders in [1_000_000, 10_000] {
        client.batch_execute("TRUNCATE tarspay_orders").await?;
        let numbers = format!("(SELECT n FROM generate_series(1, {orders}) AS n) AS numbers");
        client.batch_execute(&fill(&numbers, "BIGINT")).await?;
        client.batch_execute("VACUUM ANALYZE tarspay_orders").await?;
        let mut times = Vec::new();
        for _ in 0..CLAIMS {
            client.batch_execute("BEGIN").await?;
            let start = Instant::now();
            let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
                [(&CLAIMED, Type::INT8), (&8_i64, Type::INT8), (&60_000_i64, Type::INT8)];
            let claimed = client.query_typed(sql, &parameters).await?.len();
            times.push(start.elapsed().as_secs_f64() * 1e9);
            assert_eq!(i64::try_from(claimed), Ok(CLAIMED));
            client.batch_execute("ROLLBACK").await?;
        }
        medians.push(median(times));
    }
    Ok(claim("claim 8 of 1,000,000 orders in PostgreSQL", medians[0], medians[1]))
}

fn claim(what: &'static str, many: f64, few: f64) -> Row {
    Row {
        what,
        subject: many,
        rival: "of 10,000",
        rival_took: few,
        unit: Unit::Nanoseconds,
        ratio: many / few,
        aim: Aim::AtMost(1.25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_turns_are_those_that_the_table_names() {
        assert_eq!(TURNS * CALLBACKS_IN_A_TURN, 200_000);
        assert_eq!((TURNS_THAT_FILL + 1) * CALLBACKS_IN_A_TURN, 25_000);
    }
}
