//! How the engines find rows: by an index, however many orders and events are settled.

use crate::world::worlds;

/// Orders and events that are settled, and a few orders that are due.
const FILL: &str = "
    INSERT INTO tarspay_orders (merchant_no, number, direction, request_check, state, applied_state, apply_at, ask_at,
        placed_at, ended_at, changed_at)
    SELECT 'M1', 'D' || n, 'deposit', 1, 2, 2, CASE WHEN n % 100 = 0 THEN n END,
        CASE WHEN n % 100 = 1 THEN n ELSE 4102444800000 + n END, n, n, n FROM numbers;
    INSERT INTO tarspay_events (digest, source, merchant_no, number, state, body, received_at, verdict)
    SELECT CAST('' || n AS @), 'callback', 'M1', 'D' || n, 2, CAST('' AS @), n, 'news' FROM numbers;";

/// The statements that run often, or while everything runs, with values for their parameters. `prune events` reads the
/// first rows by number and stops.
const STATEMENTS: [(&str, &[&str]); 12] = [
    ("find", &["'M1'", "'D7'"]),
    ("lock", &["7"]),
    ("begin placing", &["7", "120000"]),
    ("any new", &[]),
    ("new events", &["256"]),
    ("claim", &["8", "8", "60000"]),
    ("claim to ask", &["'M1'", "4", "60000"]),
    ("failed", &["7", "1", "'x'", "8", "1000"]),
    ("parked", &["1000"]),
    ("replay", &["7"]),
    ("prune orders", &["1209600000", "256"]),
    ("status", &[]),
];

#[tokio::test]
async fn no_statement_of_a_running_inbox_reads_a_whole_table() {
    for world in worlds().await {
        let base = &world.base;
        let (file, numbers, bytes, mark, explain, scan) = if base.is_sqlite() {
            let numbers = "CREATE TABLE numbers AS WITH RECURSIVE some (n) AS
                (SELECT 1 UNION ALL SELECT n + 1 FROM some WHERE n < 20000) SELECT n FROM some";
            let file = include_str!("../../src/sql/sqlite.sql");
            (file, numbers, "BLOB", "?", "EXPLAIN QUERY PLAN", "SCAN ")
        } else {
            let numbers = "CREATE TABLE numbers AS SELECT n::bigint FROM generate_series(1, 20000) AS n";
            (include_str!("../../src/sql/postgres.sql"), numbers, "BYTEA", "$", "EXPLAIN", "Seq Scan on ")
        };
        base.run(numbers).await;
        base.run(&FILL.replace('@', bytes)).await;
        base.run("ANALYZE").await;
        for (name, values) in STATEMENTS {
            let (_, from) = file.split_once(&format!("-- name: {name}\n")).unwrap();
            let mut sql = from.split("\n-- name:").next().unwrap().to_owned();
            for (number, value) in (1..).zip(values) {
                sql = sql.replace(&format!("{mark}{number}"), value);
            }
            let plan = base.plan(&format!("{explain} {sql}")).await;
            let whole = |line: &&String| {
                let table = line.split_once(scan).map_or("", |(_, table)| table);
                let is_ours =
                    ["o", "tarspay_orders", "tarspay_events"].contains(&table.split(' ').next().unwrap());
                is_ours && !table.contains("USING")
            };
            assert_eq!(plan.iter().find(whole), None, "{name}: {plan:#?}");
        }
    }
}
