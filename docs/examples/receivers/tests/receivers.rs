//! Each program receives the same requests over real sockets, and its rows are looked at.

use rusqlite::Connection;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tarspay::SignedCallback;
use tarspay::sign::{CallbackText, PrivateKey};
use tarspay::types::{Amount, BizType, Callback, Currency, MerchantNo, OrderState};

const PROGRAMS: &[(&str, &str)] = &[
    ("with_axum", env!("CARGO_BIN_EXE_with_axum")),
    ("with_actix", env!("CARGO_BIN_EXE_with_actix")),
    ("with_hyper", env!("CARGO_BIN_EXE_with_hyper")),
    ("with_tiny_http", env!("CARGO_BIN_EXE_with_tiny_http")),
];

/// A program that runs, with its database and the system key that it trusts.
struct Receiver {
    program: Child,
    address: String,
    database: PathBuf,
    key: PrivateKey,
    _folder: tempfile::TempDir,
}

impl Receiver {
    fn start(program: &str) -> Self {
        let (folder, key) = (tempfile::tempdir().unwrap(), PrivateKey::generate().unwrap());
        let database = folder.path().join("orders.db");
        let mut program = Command::new(program)
            .arg("127.0.0.1:0")
            .env("DATABASE", &database)
            .env("TARSPAY_MERCHANT_ID", "M1")
            .env("TARSPAY_SYSTEM_PUBLIC_KEY", key.public_key().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.trim().strip_prefix("http://").and_then(|rest| rest.strip_suffix("/tarspay/notify"));
        let address = address.expect("the program prints its URL").to_owned();
        let receiver = Self { program, address, database, key, _folder: folder };
        receiver.sql("INSERT INTO orders VALUES ('D1', 'deposit', '1500', 'KES', NULL, 1, NULL, 0)");
        receiver
    }

    fn sql(&self, sql: &str) {
        Connection::open(&self.database).unwrap().execute_batch(sql).unwrap();
    }

    /// The order's pay order id, state, amount paid and whether it is to be queried; the cases for a person.
    fn rows(&self) -> String {
        let sql = "SELECT concat_ws(' ', pay_order_id, state, pay_amount, to_query,
                   (SELECT count(*) FROM for_a_person)) FROM orders";
        Connection::open(&self.database).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Sends a request; returns status and text of the response.
    fn send(&self, method: &str, signature: Option<&str>, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let signature = signature.map(|hex| format!("x-resp-signature: {hex}\r\n")).unwrap_or_default();
        let head = format!(
            "{method} /tarspay/notify HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\n{signature}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + body).as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, text) = response.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), text.to_owned())
    }

    fn post(&self, callback: &SignedCallback) -> (u16, String) {
        self.send("POST", Some(callback.signature()), callback.body())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// A callback of the order `D1`, as the gateway sends it.
fn callback(state: OrderState, pay_amount: u32) -> Callback {
    let mut callback = Callback::new("P1".parse().unwrap(), "D1".parse().unwrap(), state);
    callback.biz_type = Some(BizType::DEPOSIT);
    callback.order_amount = Some(Amount::parse("1500.00").unwrap());
    callback.pay_amount = Some(Amount::from(pay_amount));
    callback.currency = Some(Currency::KES);
    callback
}

fn signed(merchant: &str, callback: &Callback, key: &PrivateKey) -> SignedCallback {
    SignedCallback::new(&MerchantNo::new(merchant).unwrap(), callback, key).unwrap()
}

#[test]
fn only_a_verified_callback_gets_ok_and_changes_the_row() {
    for (name, program) in PROGRAMS {
        let receiver = Receiver::start(program);
        let key = &receiver.key;
        let success = callback(OrderState::SUCCESS, 1500);
        let genuine = signed("M1", &success, key);
        let other_merchant = signed("M2", &success, key);
        let other_key = signed("M1", &success, &PrivateKey::generate().unwrap());
        let unreadable =
            CallbackText::from_value(&std::collections::BTreeMap::from([("mchNo", "M1")])).unwrap();
        let unreadable_signature = unreadable.sign(key).to_string();
        let tampered = genuine.body().replace("1500", "9500");

        let refused = [
            ("missing", "POST", None, genuine.body(), 401),
            ("empty", "POST", Some(""), genuine.body(), 401),
            ("malformed", "POST", Some("zz"), genuine.body(), 401),
            ("tampered", "POST", Some(genuine.signature()), &tampered, 401),
            ("other key", "POST", Some(other_key.signature()), other_key.body(), 401),
            ("other merchant", "POST", Some(other_merchant.signature()), other_merchant.body(), 403),
            ("unreadable", "POST", Some(&unreadable_signature), unreadable.as_str(), 422),
            ("not a POST", "GET", Some(genuine.signature()), genuine.body(), 405),
        ];
        for (case, method, signature, body, status) in refused {
            let (got, text) = receiver.send(method, signature, body);
            assert_eq!(got, status, "{name}, {case}: {text}");
            assert_ne!(text, "OK", "{name}, {case}");
            assert_eq!(receiver.rows(), "1 0 0", "{name}, {case}");
        }

        let ok = (200, "OK".to_owned());
        let accepted = [
            ("a part", callback(OrderState::PARTLY_PAID, 400), "P1 9 400 1 0"),
            ("another part", callback(OrderState::PARTLY_PAID, 900), "P1 9 900 1 0"),
            ("the first part again", callback(OrderState::PARTLY_PAID, 400), "P1 9 900 1 0"),
            ("success", success, "P1 2 1500 1 0"),
            ("the same again", callback(OrderState::SUCCESS, 1500), "P1 2 1500 1 0"),
            ("late", callback(OrderState::PROCESSING, 0), "P1 2 1500 1 0"),
            ("a contradiction", callback(OrderState::FAILED, 0), "P1 2 1500 1 1"),
            ("the contradiction again", callback(OrderState::FAILED, 0), "P1 2 1500 1 1"),
        ];
        for (case, callback, rows) in accepted {
            assert_eq!(receiver.post(&signed("M1", &callback, key)), ok, "{name}, {case}");
            assert_eq!(receiver.rows(), rows, "{name}, {case}");
        }
    }
}

#[test]
fn a_callback_of_another_order_is_kept_for_a_person() {
    let (_, program) = PROGRAMS[0];
    let mut other_amount = callback(OrderState::SUCCESS, 9);
    other_amount.order_amount = Some(Amount::from(9_u32));
    let mut other_number = callback(OrderState::SUCCESS, 1500);
    other_number.merchant_order_no = "D2".parse().unwrap();
    let mut no_currency = callback(OrderState::SUCCESS, 1500);
    no_currency.currency = None;
    for other in [other_amount, other_number, no_currency] {
        let receiver = Receiver::start(program);
        assert_eq!(receiver.post(&signed("M1", &other, &receiver.key)), (200, "OK".to_owned()));
        assert_eq!(receiver.rows(), "1 0 1", "{other:?}");
    }
}

#[test]
fn a_body_over_the_limit_is_refused() {
    // The other servers can refuse it before it is read, and then this client may not see the response.
    let (_, program) = PROGRAMS[3];
    let receiver = Receiver::start(program);
    let body = " ".repeat(64 * 1024 + 1);
    let (status, text) = receiver.send("POST", Some(&"0".repeat(140)), &body);
    assert_eq!((status, text.as_str()), (413, "too large"));
}

#[test]
fn what_cannot_be_stored_is_not_acknowledged() {
    for (name, program) in PROGRAMS {
        let receiver = Receiver::start(program);
        let success = signed("M1", &callback(OrderState::SUCCESS, 1500), &receiver.key);
        receiver.sql("ALTER TABLE orders RENAME TO away");
        let (status, text) = receiver.post(&success);
        assert_eq!(status, 500, "{name}: {text}");
        assert_ne!(text, "OK", "{name}");
        receiver.sql("ALTER TABLE away RENAME TO orders");
        assert_eq!(receiver.post(&success), (200, "OK".to_owned()), "{name}, sent again");
        assert_eq!(receiver.rows(), "P1 2 1500 0 0", "{name}");
    }
}
