//! `tarspay inbox`, over both engines. A machine without PostgreSQL skips its part, and says so.

#[cfg(feature = "postgres")]
#[allow(dead_code, reason = "the tests of the inbox use all of it")]
#[path = "../../../tarspay-inbox/tests/it/postgres.rs"]
mod postgres;

use crate::{Files, as_argument, run, tarspay};
use serde_json::json;
use std::fs;
use std::process::Command;

#[cfg(feature = "postgres")]
const PASSWORD: &str = r"it's: 100% \secret";

/// An order whose handler has failed, and one with a contradiction.
const PARKED: &str = "INSERT INTO tarspay_orders (merchant_no, number, direction, amount, currency, request_check, \
    pay_url, state, paid, ended_at, doubt, parked, placed_at, changed_at) VALUES \
    ('M1', 'D1', 'deposit', '1500', 'KES', 1, 'https://pay.example/token', 2, '1500', 1, 0, 'no\u{1b}column', 1, 1), \
    ('M1', 'W1', 'withdrawal', '20', 'KES', 1, NULL, 5, NULL, 1, 1, 'two ends', 2, 2)";

fn inbox(words: &[&str]) -> Command {
    let mut command = tarspay(&["inbox"]);
    command.args(words).env_remove("PGPASSWORD").env("PGPASSFILE", "/nonexistent");
    command
}

/// All verbs over a database that exists and has no tables. `named` names it in the environment or by an argument.
fn the_verbs_work(named: impl Fn(Command) -> Command, execute: impl Fn(&str)) {
    let done = |words: &[&str]| {
        let mut command = named(inbox(words));
        run(&mut command)
    };
    done(&["status"]).failed(3, &["run `tarspay inbox migrate` first"]);
    for _ in 0..2 {
        assert_eq!(done(&["migrate"]).succeeded().stdout, "the tables are those of this version\n");
    }
    let nothing = json!({ "count": 0, "oldest_seconds": null });
    let status = done(&["status", "--json"]).succeeded().json();
    assert_eq!((&status["accepted"], &status["in_doubt"], &status["parked"]), (&nothing, &nothing, &nothing));
    assert_eq!(done(&["parked"]).succeeded().stdout, "");

    execute(PARKED);
    let text = done(&["status"]).succeeded().stdout;
    assert!(
        text.contains("orders parked       2, the oldest for ") && text.contains("orders to apply     0\n"),
        "{text}"
    );
    let text = done(&["parked"]).succeeded().stdout;
    assert!(
        text.starts_with("1  D1  1500 KES  2 (success)  for ") && text.contains(r"  no\u{1b}column"),
        "{text}"
    );
    assert!(!text.contains("pay.example"), "{text}");
    let json = done(&["parked", "--json"]).succeeded();
    assert!(!json.stdout.contains("pay.example"), "{json:?}");
    let json = &json.json()["orders"];
    assert_eq!(json.as_array().unwrap().len(), 2);
    assert_eq!((&json[0]["id"], &json[0]["paid"], &json[1]["state"]), (&json!(1), &json!("1500"), &json!(5)));

    assert_eq!(done(&["replay", "1"]).succeeded().stdout, "order 1 is taken up again\n");
    let again = done(&["replay", "1", "--json"]).failed(1, &["no parked order has the number 1"]).error();
    assert_eq!(again["kind"], "refused");
    assert_eq!(
        done(&["discard", "2", "--reason", "by hand", "--json"]).succeeded().json(),
        json!({ "discarded": 2 })
    );
    done(&["discard", "2", "--reason", "by hand"]).failed(1, &["tarspay inbox parked"]);
    let status = done(&["status", "--json"]).succeeded().json();
    assert_eq!((&status["to_apply"]["count"], &status["parked"]), (&json!(1), &nothing));

    done(&["prune", "--unchanged-for", "13d"]).failed(2, &["at least 14 days"]);
    execute("UPDATE tarspay_orders SET changed_at = 2");
    assert_eq!(done(&["prune"]).succeeded().stdout, "rows deleted: 1\n");
    assert_eq!(done(&["prune", "--json"]).succeeded().json(), json!({ "deleted_rows": 0 }));
}

#[test]
fn an_operator_sees_and_moves_what_waits_in_sqlite() {
    let files = Files::new();
    let file = as_argument(&files.path("shop.db"));
    run(&mut inbox(&["status", "--database", &file])).failed(2, &["no file", "tarspay inbox migrate"]);
    assert!(!files.path("shop.db").exists(), "a look makes no file");
    fs::write(&file, "").unwrap();
    let execute = |sql: &str| rusqlite::Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    the_verbs_work(
        |mut command| {
            command.args(["--database", &file]);
            command
        },
        execute,
    );
    run(inbox(&["parked"]).env("TARSPAY_DATABASE_URL", &file)).succeeded();
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_and_moves_what_waits_in_postgresql() {
    use postgres::Postgres;
    use std::os::unix::fs::PermissionsExt as _;
    let Some(server) = Postgres::start() else { return };
    let folder = server.folder().to_str().unwrap();
    let open = format!("host={folder} user=shop dbname=postgres");
    let (client, connection) = tokio_postgres::connect(&open, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // From now on it asks for a password.
    let set = format!("ALTER USER shop PASSWORD '{}'", PASSWORD.replace('\'', "''"));
    client.batch_execute(&set).await.unwrap();
    fs::write(server.folder().join("data/pg_hba.conf"), "local all all scram-sha-256\n").unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();

    let files = Files::new();
    let file = files.write(
        "pgpass",
        format!(
            "#\n*:*:*:other:no\n{folder}:5432:*:shop:{}\n",
            PASSWORD.replace('\\', r"\\").replace(':', r"\:")
        ),
    );
    let encode = |text: &str| text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
    let url = format!("postgres://shop@{}/postgres", encode(folder));
    let whole = format!("postgres://shop:{}@{}/postgres", encode(PASSWORD), encode(folder));
    run(&mut inbox(&["migrate", "--database", &url])).failed(3, &["password"]);
    tokio::task::block_in_place(|| {
        let execute = |sql: &str| {
            let runtime = tokio::runtime::Handle::current();
            runtime.block_on(client.batch_execute(sql)).unwrap();
        };
        the_verbs_work(
            |mut command| {
                command.env("TARSPAY_DATABASE_URL", &whole);
                command
            },
            execute,
        );
    });
    for address in [&url, &open] {
        let status = || inbox(&["status", "--database", address]);
        run(status().env("PGPASSWORD", PASSWORD)).succeeded().keeps_secret(PASSWORD);
        run(status().env("PGPASSFILE", &file)).succeeded().keeps_secret(PASSWORD);
        run(status().env("PGPASSWORD", "wrong")).failed(3, &["password"]).keeps_secret(PASSWORD);
    }
    run(&mut inbox(&["status", "--database", &whole])).failed(2, &["PGPASSWORD"]).keeps_secret(PASSWORD);
    let mode = fs::Permissions::from_mode(0o640);
    fs::set_permissions(&file, mode).unwrap();
    run(inbox(&["status", "--database", &url]).env("PGPASSFILE", &file))
        .failed(2, &["chmod 0600"])
        .keeps_secret(PASSWORD);
}

#[test]
fn wrong_usage_says_what_to_do() {
    let files = Files::new();
    for (words, said) in [
        (&["status"] as &[&str], "TARSPAY_DATABASE_URL"),
        (&["discard", "1", "--database", "x"], "--reason"),
        (&["discard", "1", "--reason", "", "--database", "x"], "--reason"),
        (&["replay", "x", "--database", "x"], "<ID>"),
    ] {
        run(&mut inbox(words)).failed(2, &[said]);
    }
    let folder = as_argument(&files.path(""));
    let done = run(&mut inbox(&["status", "--json", "--database", &folder])).failed(3, &["the inbox: "]);
    assert_eq!(done.error()["kind"], "database");
}

const NOBODY: &str = "postgres://shop:hidden-word@127.0.0.1:1/shop";

#[cfg(not(feature = "postgres"))]
#[test]
fn a_program_without_postgresql_says_how_to_get_it() {
    let done = run(inbox(&["status"]).env("TARSPAY_DATABASE_URL", NOBODY));
    done.failed(2, &["--features postgres"]).keeps_secret("hidden-word");
}

#[cfg(feature = "postgres")]
#[test]
fn no_error_about_postgresql_shows_a_password() {
    for (database, said) in [
        (NOBODY, "TARSPAY_DATABASE_URL"),
        ("host=x password=hidden-word", "PGPASSWORD"),
        ("postgres://x:y:hidden-word", "the address of PostgreSQL"),
    ] {
        run(&mut inbox(&["status", "--database", database])).failed(2, &[said]).keeps_secret("hidden-word");
    }
    let missing = ["status", "--database", "postgres://x/y", "--root-certificates", "/no/file"];
    run(&mut inbox(&missing)).failed(2, &["/no/file"]);
    let done = run(inbox(&["status"]).env("TARSPAY_DATABASE_URL", NOBODY));
    done.failed(3, &["the database"]).keeps_secret("hidden-word");
}
