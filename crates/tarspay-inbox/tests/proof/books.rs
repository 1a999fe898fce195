//! The merchant's database, looked at from outside, and its ledger against the sandbox's books.

use crate::shop::{hundredths, number};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tarspay::types::{BizType, Currency, OrderState};
use tarspay_sandbox::{CallbackStatus, Sandbox};

/// A connection that is not the inbox's.
pub(crate) enum Database {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client),
}

impl Database {
    pub(crate) async fn open(address: &str) -> Self {
        if address.starts_with("host=") {
            let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            return Self::Postgres(client);
        }
        let connection = rusqlite::Connection::open(address).unwrap();
        connection.busy_timeout(Duration::from_secs(60)).unwrap();
        Self::Sqlite(connection)
    }

    pub(crate) async fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql).unwrap(),
            Self::Postgres(client) => client.batch_execute(sql).await.unwrap(),
        }
    }

    /// Rows of texts.
    pub(crate) async fn rows<const N: usize>(&self, sql: &str) -> Vec<[String; N]> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare(sql).unwrap();
                let read = |row: &rusqlite::Row<'_>| {
                    let text = |at| match row.get_ref(at).unwrap() {
                        rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                        other => other.as_str().unwrap().to_owned(),
                    };
                    Ok(std::array::from_fn(text))
                };
                statement.query_map([], read).unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres(client) => {
                let messages = client.simple_query(sql).await.unwrap();
                let rows = messages.iter().filter_map(|message| match message {
                    tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
                    _ => None,
                });
                rows.map(|row| std::array::from_fn(|at| row.get(at).unwrap().to_owned())).collect()
            }
        }
    }

    pub(crate) async fn count(&self, sql: &str) -> u64 {
        self.rows::<1>(&format!("SELECT count(*) FROM {sql}")).await[0][0].parse().unwrap()
    }

    /// The texts of the callbacks that were accepted.
    async fn accepted(&self) -> HashSet<String> {
        let text = match self {
            Self::Sqlite(_) => "CAST(body AS TEXT)",
            Self::Postgres(_) => "convert_from(body, 'UTF8')",
        };
        let sql = format!("SELECT {text} FROM tarspay_events WHERE source = 'callback'");
        self.rows::<1>(&sql).await.into_iter().flatten().collect()
    }

    /// Lets the clock of the inbox go on by a day and an hour at once.
    pub(crate) async fn next_day(&self) {
        let (replace, now) = match self {
            Self::Sqlite(_) => (
                "DROP VIEW tarspay_now; CREATE VIEW",
                "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)",
            ),
            Self::Postgres(_) => {
                ("CREATE OR REPLACE VIEW", "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint")
            }
        };
        self.run(&format!("{replace} tarspay_now AS SELECT {now} + 90000000 AS ms")).await;
    }
}

/// Every callback for which the gateway has an `OK` is in the database, and nothing is that it has not sent. Returns how
/// many there are.
pub(crate) async fn compare_callbacks(sandbox: &Sandbox, database: &Database) -> usize {
    let accepted = database.accepted().await;
    let mut unknown: HashSet<_> = accepted.iter().map(String::as_str).collect();
    let sent = sandbox.callbacks().unwrap();
    for callback in &sent {
        let text = callback.body.as_str();
        unknown.remove(text);
        let is_delivered = callback.status == CallbackStatus::Delivered;
        assert!(!is_delivered || accepted.contains(text), "`OK` was responded, and it is lost: {callback:?}");
    }
    assert!(unknown.is_empty(), "accepted, and never sent: {unknown:?}");
    accepted.len()
}

/// Every order of the run is at the gateway once, and has moved in the ledger what it has moved there, in effects of
/// which each was booked once. Returns the money that was moved, in hundredths.
pub(crate) async fn compare(
    sandbox: &Sandbox,
    database: &Database,
    seed: u64,
    orders: u32,
    money: i64,
) -> i64 {
    let sql = "SELECT number, state, moved, effect FROM ledger ORDER BY id";
    let mut ledger: HashMap<_, Vec<_>> = HashMap::new();
    for [number, state, moved, effect] in database.rows(sql).await {
        let line: (i64, i64, String) = (state.parse().unwrap(), moved.parse().unwrap(), effect);
        ledger.entry(number).or_default().push(line);
    }
    let mut known: HashMap<_, _> = HashMap::new();
    for order in sandbox.orders().unwrap() {
        let twice = known.insert(order.merchant_order_no.as_str().to_owned(), order);
        assert!(twice.is_none(), "an order is twice at the gateway: {twice:?}");
    }
    let mut sum = 0;
    for n in 0..orders {
        let number = number(seed, n);
        let order = known.remove(&number).unwrap_or_else(|| panic!("{number} is missing at the gateway"));
        let lines = ledger.remove(&number).unwrap_or_else(|| panic!("{number} is missing in the ledger"));
        let paid = match order.state {
            OrderState::SUCCESS | OrderState::PARTLY_PAID => hundredths(order.pay_amount),
            _ => 0,
        };
        let paid = if order.direction == BizType::WITHDRAWAL { -paid } else { paid };
        let moved: i64 = lines.iter().map(|(_, moved, _)| moved).sum();
        assert_eq!(moved, paid, "{number} is {order:?}, and was booked as {lines:?}");
        assert_eq!(lines.last().map(|line| line.0), Some(order.state.code()), "{number}: {lines:?}");
        for (nth, (_, _, effect)) in (1..).zip(&lines) {
            assert!(
                effect.starts_with(&format!("{nth}/")),
                "an effect is there twice, or missing: {lines:?}"
            );
        }
        sum += moved;
    }
    assert!(known.is_empty(), "orders that nobody has placed: {:?}", known.keys());
    assert!(ledger.is_empty(), "booked, and never placed: {ledger:?}");
    let balances = sandbox.balances(sandbox.merchant().merchant_no()).unwrap();
    let balance = balances.iter().find(|balance| balance.currency == Some(Currency::KES)).unwrap();
    assert!(balance.frozen.is_zero(), "{balance:?}");
    assert_eq!(hundredths(balance.available) - money, sum, "the ledger is not what the balance has moved by");
    sum
}
