//! What one driver writes, every driver of the database reads, and no text changes.

mod postgres;

use columns::{
    Order, as_received, with_diesel, with_diesel_async, with_rusqlite, with_sqlx, with_tokio_postgres,
};
use diesel::Connection as _;
use diesel_async::AsyncConnection as _;
use postgres::Postgres;
use sqlx::sqlite::SqlitePool;
use tarspay::sign::PrivateKey;
use tarspay::types::{
    Amount, Callback, Currency, Direction, MerchantOrderNo, OrderState, PayOrderId, WayCode,
};
use tarspay::{CallbackVerifier, SignedCallback};

/// Amounts as they are written, up to the most digits.
const AMOUNTS: &[&str] = &[
    "0",
    "0.00",
    "1",
    "100",
    "100.00",
    "0.10",
    "0.1",
    "1500.5",
    "10000",
    "12345678.9000",
    "9999999999999999999999999999",
    "99999999999999999999999999.99",
    "0.000000000000000000000000001",
];

/// An order for each amount; numbers, words and states as they can come.
fn orders(driver: &str) -> Vec<Order> {
    let order = |(at, amount): (usize, &&str)| {
        let is_paid = at % 2 == 0;
        // Longer than what we send, and with a blank at its end.
        let long = format!("P-{driver}-{at}-{} ", "ñ".repeat(100));
        Order {
            number: format!("{driver}-{at}-É'\"%").parse().unwrap(),
            pay_order_id: is_paid.then(|| as_received(&long).unwrap()),
            direction: if is_paid { Direction::Deposit } else { Direction::Withdrawal },
            way_code: WayCode::new(["EWALLET_MPESA", "new way", "ñ"][at % 3]).unwrap(),
            currency: Currency::new(["KES", "BRA", "brl"][at % 3]).unwrap(),
            amount: Amount::parse(amount).unwrap(),
            state: OrderState::from_code([2, 7, -1, i64::MAX][at % 4]),
            pay_amount: is_paid.then(|| Amount::parse(amount).unwrap()),
        }
    };
    AMOUNTS.iter().enumerate().map(order).collect()
}

/// Equal, and amounts with the same text: `100` equals `100.00`. A zero in NUMERIC loses its decimals on the way there.
#[track_caller]
fn assert_same(read: &Order, written: &Order, zero_keeps_decimals: bool) {
    assert_eq!(read, written);
    let text = |amount: Amount| amount.to_string();
    let expected = |amount: Amount| {
        if amount.is_zero() && !zero_keeps_decimals { "0".to_owned() } else { text(amount) }
    };
    assert_eq!(text(read.amount), expected(written.amount), "{}", read.number);
    assert_eq!(read.pay_amount.map(text), written.pay_amount.map(expected), "{}", read.number);
}

#[tokio::test]
async fn sqlite_keeps_every_text() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.db").to_str().unwrap().to_owned();
    let rusqlite = rusqlite::Connection::open(&file).unwrap();
    rusqlite.execute_batch(with_rusqlite::TABLE).unwrap();
    let sqlx = SqlitePool::connect(&format!("sqlite://{file}")).await.unwrap();
    let mut diesel = diesel::SqliteConnection::establish(&file).unwrap();

    for driver in ["rusqlite", "sqlx", "diesel"] {
        for order in orders(driver) {
            match driver {
                "rusqlite" => with_rusqlite::insert(&rusqlite, order.clone()).unwrap(),
                "sqlx" => with_sqlx::insert_in_sqlite(&sqlx, order.clone()).await.unwrap(),
                _ => with_diesel::insert(&mut diesel, order.clone()).unwrap(),
            }
            assert_same(&with_rusqlite::find(&rusqlite, &order.number).unwrap(), &order, true);
            assert_same(&with_sqlx::find_in_sqlite(&sqlx, &order.number).await.unwrap(), &order, true);
            assert_same(&with_diesel::find(&mut diesel, &order.number).unwrap(), &order, true);
        }
    }
}

#[tokio::test]
async fn postgresql_keeps_every_text() {
    let Some(postgres) = Postgres::start() else { return };
    let (client, connection) =
        tokio_postgres::connect(&postgres.address(), tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(with_tokio_postgres::TABLE).await.unwrap();
    let socket = sqlx::postgres::PgConnectOptions::new()
        .socket(postgres.folder())
        .username("shop")
        .database("postgres");
    let sqlx = sqlx::PgPool::connect_with(socket).await.unwrap();
    let mut diesel = diesel_async::AsyncPgConnection::establish(&postgres.address()).await.unwrap();

    for driver in ["tokio-postgres", "sqlx", "diesel"] {
        for order in orders(driver) {
            match driver {
                "tokio-postgres" => with_tokio_postgres::insert(&client, order.clone()).await.unwrap(),
                "sqlx" => with_sqlx::insert(&sqlx, order.clone()).await.unwrap(),
                _ => with_diesel_async::insert(&mut diesel, order.clone()).await.unwrap(),
            }
            assert_same(&with_tokio_postgres::find(&client, &order.number).await.unwrap(), &order, false);
            assert_same(&with_sqlx::find(&sqlx, &order.number).await.unwrap(), &order, false);
            assert_same(&with_diesel_async::find(&mut diesel, &order.number).await.unwrap(), &order, false);
        }
    }

    // What the page says about other columns.
    let text = |sql: &'static str| {
        let row = client.query_one(sql, &[]);
        async { row.await.unwrap().get::<_, String>(0) }
    };
    assert_eq!(text("SELECT 100::numeric(18,2)::text").await, "100.00");
    assert_eq!(text("SELECT 0.005::numeric(18,2)::text").await, "0.01", "rounded without an error");
    let limited =
        "CREATE TEMP TABLE limited (amount NUMERIC CHECK (scale(amount) <= 2)); INSERT INTO limited VALUES";
    client.batch_execute(&format!("{limited} (0.05)")).await.unwrap();
    assert!(client.batch_execute("INSERT INTO limited VALUES (0.005)").await.is_err());

    let (key, merchant) = (PrivateKey::generate().unwrap(), "M1".parse().unwrap());
    let callback = Callback::new("P1".parse().unwrap(), "D1".parse().unwrap(), OrderState::SUCCESS);
    let signed = SignedCallback::new(&merchant, &callback, &key).unwrap();
    let verifier = CallbackVerifier::trusting(merchant, key.public_key());
    let key = callback.deduplication_key().to_string();
    client
        .batch_execute(
            "CREATE TABLE callbacks (key TEXT UNIQUE, raw_body BYTEA NOT NULL, signature TEXT NOT NULL)",
        )
        .await
        .unwrap();
    let insert = "INSERT INTO callbacks VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let (body, signature) = (signed.body().as_bytes(), signed.signature());
    assert_eq!(client.execute(insert, &[&key, &body, &signature]).await.unwrap(), 1);
    assert_eq!(client.execute(insert, &[&key, &body, &signature]).await.unwrap(), 0, "it came before");
    let row = client.query_one("SELECT raw_body, signature FROM callbacks", &[]).await.unwrap();
    verifier.verify(Some(row.get("signature")), row.get("raw_body")).unwrap();

    sqlx.close().await;
    drop((client, diesel));
    connection.await.unwrap().unwrap();
}

#[test]
fn sqlite_has_no_decimal_type() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let stored = |column: &str, text: &str| {
        let sql = format!("CREATE TABLE t (amount {column}); INSERT INTO t VALUES ('{text}')");
        connection
            .execute_batch("DROP TABLE IF EXISTS t")
            .and_then(|()| connection.execute_batch(&sql))
            .unwrap();
        let sql = "SELECT typeof(amount) || ' ' || amount FROM t";
        connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
    };
    assert_eq!(stored("TEXT", "100.00"), "text 100.00");
    assert_eq!(stored("NUMERIC", "100.00"), "integer 100");
    assert_eq!(stored("DECIMAL(20,2)", "0.10"), "real 0.1");
    assert_ne!(stored("NUMERIC", "12345678901234567.89"), "text 12345678901234567.89");
}

#[test]
fn a_text_of_the_gateway_reads_where_parse_refuses_it() {
    let long = format!("{} ", "P".repeat(200));
    assert!(long.parse::<PayOrderId>().is_err(), "it could not be sent");
    assert_eq!(as_received::<PayOrderId>(&long).unwrap().as_str(), long);
    assert!(as_received::<PayOrderId>("").is_err());
    assert_eq!(as_received::<MerchantOrderNo>("D1").unwrap(), "D1".parse().unwrap());
}
