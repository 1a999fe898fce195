//! For each driver the program of the page, and one that ignores errors.

use crate::{Driver, How};
use diesel::result::Error as DieselError;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{Connection as _, SqliteConnection, sql_query};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use drivers::{EFFECT, entry};
use drivers::{with_diesel, with_diesel_async, with_psycopg, with_rusqlite, with_sqlx, with_tokio_postgres};
use rusqlite::TransactionBehavior;
use sqlx::{Connection as _, PgPool, SqlitePool};
use std::env;
use tarspay_inbox::{Fact, SETTLE};
use tokio::process::Command;

/// It fails. The column is NOT NULL.
const BROKEN: &str = "INSERT INTO payments (number) VALUES (NULL)";

fn text(error: impl ToString) -> String {
    error.to_string()
}

pub struct Rusqlite(pub rusqlite::Connection);

impl Driver for Rusqlite {
    async fn book(&mut self, fact: &Fact) -> Result<(), String> {
        with_rusqlite::book(&mut self.0, fact).map_err(text)
    }

    async fn careless(&mut self, fact: &Fact, how: How) -> bool {
        let mut transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        transaction.execute(EFFECT, entry(fact)).unwrap();
        if how == How::AfterError {
            transaction.execute(BROKEN, []).unwrap_err();
        }
        let ids = (fact.id(), fact.lease());
        let settled = if how == How::InSavepoint {
            let part = transaction.savepoint().unwrap();
            part.execute(SETTLE, ids).and_then(|_| part.commit()).is_ok()
        } else {
            transaction.execute(SETTLE, ids).is_ok()
        };
        if how != How::GiveUp {
            let _ = transaction.commit();
        }
        settled
    }
}

/// sqlx has the same words for both databases, and other types.
macro_rules! sqlx_driver {
    ($name:ident, $pool:ty, $book:path, $begin:literal) => {
        pub struct $name(pub $pool);

        impl Driver for $name {
            async fn book(&mut self, fact: &Fact) -> Result<(), String> {
                $book(&self.0, fact).await.map_err(text)
            }

            async fn careless(&mut self, fact: &Fact, how: How) -> bool {
                let mut connection = self.0.acquire().await.unwrap();
                connection.close_on_drop();
                let mut transaction = connection.begin_with($begin).await.unwrap();
                let (number, paid) = entry(fact);
                sqlx::query(EFFECT).bind(number).bind(paid).execute(&mut *transaction).await.unwrap();
                if how == How::AfterError {
                    sqlx::query(BROKEN).execute(&mut *transaction).await.unwrap_err();
                }
                let settle = sqlx::query(SETTLE).bind(fact.id()).bind(fact.lease());
                let settled = if how == How::InSavepoint {
                    let mut part = transaction.begin().await.unwrap();
                    match settle.execute(&mut *part).await {
                        Ok(_) => part.commit().await.is_ok(),
                        Err(_) => {
                            let _ = part.rollback().await;
                            false
                        }
                    }
                } else {
                    settle.execute(&mut *transaction).await.is_ok()
                };
                if how != How::GiveUp {
                    let _ = transaction.commit().await;
                }
                settled
            }
        }
    };
}

sqlx_driver!(SqlxPostgres, PgPool, with_sqlx::book, "BEGIN");
sqlx_driver!(SqlxSqlite, SqlitePool, with_sqlx::book_in_sqlite, "BEGIN IMMEDIATE");

impl SqlxSqlite {
    pub async fn new(file: &str) -> Self {
        // One connection, so that it would be noticed if it is of no use after a lost lease.
        let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
        Self(options.connect(&format!("sqlite://{file}")).await.unwrap())
    }
}

pub struct Diesel(pub SqliteConnection);

impl Driver for Diesel {
    async fn book(&mut self, fact: &Fact) -> Result<(), String> {
        with_diesel::book(&mut self.0, fact).map_err(text)
    }

    async fn careless(&mut self, fact: &Fact, how: How) -> bool {
        use diesel::RunQueryDsl as _;
        let mut settled = false;
        let _: Result<(), DieselError> = self.0.immediate_transaction(|connection| {
            let (number, paid) = entry(fact);
            let effect = sql_query(EFFECT).bind::<Text, _>(number).bind::<Nullable<Text>, _>(paid);
            effect.execute(connection)?;
            if how == How::AfterError {
                sql_query(BROKEN).execute(connection).unwrap_err();
            }
            let settle = sql_query(SETTLE).bind::<BigInt, _>(fact.id()).bind::<BigInt, _>(fact.lease());
            settled = if how == How::InSavepoint {
                connection.transaction(|connection| settle.execute(connection)).is_ok()
            } else {
                settle.execute(connection).is_ok()
            };
            if how == How::GiveUp { Err(DieselError::RollbackTransaction) } else { Ok(()) }
        });
        settled
    }
}

pub struct DieselAsync(pub String);

impl Driver for DieselAsync {
    async fn book(&mut self, fact: &Fact) -> Result<(), String> {
        let mut connection = AsyncPgConnection::establish(&self.0).await.unwrap();
        with_diesel_async::book(&mut connection, fact).await.map_err(text)
    }

    async fn careless(&mut self, fact: &Fact, how: How) -> bool {
        use diesel_async::RunQueryDsl as _;
        let mut connection = AsyncPgConnection::establish(&self.0).await.unwrap();
        let mut settled = false;
        let _: Result<(), DieselError> = connection
            .transaction(async |connection| {
                let (number, paid) = entry(fact);
                let effect = sql_query(EFFECT).bind::<Text, _>(number).bind::<Nullable<Text>, _>(paid);
                effect.execute(connection).await?;
                if how == How::AfterError {
                    sql_query(BROKEN).execute(connection).await.unwrap_err();
                }
                let settle = sql_query(SETTLE).bind::<BigInt, _>(fact.id()).bind::<BigInt, _>(fact.lease());
                settled = if how == How::InSavepoint {
                    connection.transaction(async |connection| settle.execute(connection).await).await.is_ok()
                } else {
                    settle.execute(connection).await.is_ok()
                };
                if how == How::GiveUp { Err(DieselError::RollbackTransaction) } else { Ok(()) }
            })
            .await;
        settled
    }
}

pub async fn connect(address: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub struct TokioPostgres(pub String);

impl Driver for TokioPostgres {
    async fn book(&mut self, fact: &Fact) -> Result<(), String> {
        with_tokio_postgres::book(&mut connect(&self.0).await, fact).await.map_err(text)
    }

    async fn careless(&mut self, fact: &Fact, how: How) -> bool {
        let mut client = connect(&self.0).await;
        let mut transaction = client.transaction().await.unwrap();
        let (number, paid) = entry(fact);
        transaction.execute(EFFECT, &[&number, &paid]).await.unwrap();
        if how == How::AfterError {
            transaction.execute(BROKEN, &[]).await.unwrap_err();
        }
        let settled = if how == How::InSavepoint {
            let part = transaction.transaction().await.unwrap();
            match part.execute(SETTLE, &[&fact.id(), &fact.lease()]).await {
                Ok(_) => part.commit().await.is_ok(),
                Err(_) => {
                    let _ = part.rollback().await;
                    false
                }
            }
        } else {
            transaction.execute(SETTLE, &[&fact.id(), &fact.lease()]).await.is_ok()
        };
        if how != How::GiveUp {
            let committed = transaction.commit().await;
            // The reason why the settling comes last.
            assert!(how != How::AfterError || committed.is_ok(), "the driver says that it has committed");
        }
        settled
    }
}

pub struct Psycopg {
    python: String,
    address: String,
}

impl Psycopg {
    /// `None` if psycopg is not installed. `PYTHON` names another interpreter than `python3`.
    pub fn find() -> Option<Self> {
        let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut import = std::process::Command::new(&python);
        import.args(["-c", "import psycopg"]).stderr(std::process::Stdio::null());
        if import.status().is_ok_and(|status| status.success()) {
            return Some(Self { python, address: String::new() });
        }
        let said = b"skipped: psycopg: not installed (pip install 'psycopg[binary]')\n";
        std::io::Write::write_all(&mut std::io::stderr(), said).unwrap();
        None
    }

    pub fn at(self, address: String) -> Self {
        Self { address, ..self }
    }

    fn program(&self, file: &str) -> Command {
        let mut program = Command::new(&self.python);
        program.arg(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).arg(&self.address);
        program.env("PYTHONDONTWRITEBYTECODE", "1").stderr(std::process::Stdio::null());
        program
    }
}

impl Driver for Psycopg {
    async fn book(&mut self, fact: &Fact) -> Result<(), String> {
        with_psycopg::book(self.program("src/with_psycopg.py"), fact).await.map_err(text)
    }

    async fn careless(&mut self, fact: &Fact, how: How) -> bool {
        let mut program = self.program("tests/it/careless.py");
        program.arg(format!("{how:?}"));
        with_psycopg::book(program, fact).await.is_ok()
    }
}
