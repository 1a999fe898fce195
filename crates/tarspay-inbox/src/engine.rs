//! The two engines behind one set of functions: a session, its statements, and a transaction.

use crate::Error;
#[cfg(feature = "postgres")]
use crate::postgres;
#[cfg(feature = "sqlite")]
use crate::sqlite;
use crate::value::{Row, Value};

/// Where the rows are.
#[derive(Clone)]
pub(crate) enum Engine {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Postgres),
}

impl Engine {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => "SQLite",
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// The statement of this name, from the file of the engine.
    pub(crate) fn sql(&self, name: &str) -> &'static str {
        section(
            match self {
                #[cfg(feature = "sqlite")]
                Self::Sqlite(_) => include_str!("sql/sqlite.sql"),
                #[cfg(feature = "postgres")]
                Self::Postgres(_) => include_str!("sql/postgres.sql"),
            },
            name,
        )
    }

    pub(crate) async fn session(&self) -> Result<Session, Error> {
        Ok(match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(sqlite) => Session::Sqlite(sqlite.session(sqlite::PATIENCE).await?),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => Session::Postgres(postgres.session().await?),
        })
    }

    /// A transaction for a handler. It waits for longer than the inbox itself, which gets a
    /// connection first.
    pub(crate) async fn begin_for_handler(&self) -> Result<Session, Error> {
        let mut session = match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(sqlite) => Session::Sqlite(sqlite.session(6 * sqlite::PATIENCE).await?),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => Session::Postgres(postgres.session_for_handler().await?),
        };
        session.batch(self.sql("begin")).await?;
        Ok(session)
    }

    /// A session in a transaction. Dropped, it is rolled back.
    pub(crate) async fn begin(&self) -> Result<Session, Error> {
        let mut session = self.session().await?;
        session.batch(self.sql("begin")).await?;
        Ok(session)
    }

    /// Runs one statement, which is its own transaction, and returns its rows.
    pub(crate) async fn query(&self, name: &str, parameters: Vec<Value>) -> Result<Vec<Row>, Error> {
        let mut session = self.session().await?;
        let rows = session.query(self.sql(name), parameters).await?;
        session.reuse();
        Ok(rows)
    }

    /// Runs a statement for each set of parameters in one transaction.
    pub(crate) async fn execute_many(&self, name: &str, sets: Vec<Vec<Value>>) -> Result<(), Error> {
        let sql = self.sql(name);
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => {
                let mut session = self.begin().await?;
                session.execute_many(sql, sets).await?;
                session.commit().await
            }
            // It is one statement there.
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {
                let mut session = self.session().await?;
                session.execute_many(sql, sets).await?;
                session.reuse();
                Ok(())
            }
        }
    }

    /// As [`query`](Self::query), for how many rows were changed.
    pub(crate) async fn execute(&self, name: &str, parameters: Vec<Value>) -> Result<u64, Error> {
        let mut session = self.session().await?;
        let changed = session.execute(self.sql(name), parameters).await?;
        session.reuse();
        Ok(changed)
    }
}

/// A connection that one caller has.
pub(crate) enum Session {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Session),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Session),
}

impl Session {
    /// Runs a statement and returns its rows.
    pub(crate) async fn query(&mut self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(session) => session.query(sql, vec![parameters]).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.query(sql, postgres::single(parameters)).await,
        }
    }

    /// Runs a statement and returns how many rows were changed.
    pub(crate) async fn execute(&mut self, sql: &str, parameters: Vec<Value>) -> Result<u64, Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(session) => session.execute(sql, vec![parameters]).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.execute(sql, postgres::single(parameters)).await,
        }
    }

    /// Runs a statement for each set of parameters, and returns the rows of all. PostgreSQL runs it
    /// once, with an array for each parameter.
    pub(crate) async fn query_many(&mut self, sql: &str, sets: Vec<Vec<Value>>) -> Result<Vec<Row>, Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(session) => session.query(sql, sets).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.query(sql, postgres::columns(sets)).await,
        }
    }

    /// As [`query_many`](Self::query_many), for a statement without rows.
    pub(crate) async fn execute_many(&mut self, sql: &str, sets: Vec<Vec<Value>>) -> Result<u64, Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(session) => session.execute(sql, sets).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.execute(sql, postgres::columns(sets)).await,
        }
    }

    /// Runs statements without parameters.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(session) => session.batch(sql).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.batch(sql).await,
        }
    }

    /// Refuses a transaction that a statement has ended, as `INSERT OR ROLLBACK` does. PostgreSQL
    /// has no such statement.
    pub(crate) async fn check_open(&mut self) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(session) => session.check_open().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok(()),
        }
    }

    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        self.batch("COMMIT").await?;
        self.reuse();
        Ok(())
    }

    /// Gives the connection back. A connection that is dropped without it is closed, as after an
    /// error.
    fn reuse(self) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(session) => drop(session),
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.reuse(),
        }
    }
}

#[cfg(all(test, feature = "sqlite", feature = "postgres"))]
#[test]
fn both_engines_have_the_same_statements() {
    let names = |file: &'static str| -> Vec<_> {
        file.lines().filter_map(|line| line.strip_prefix("-- name: ")).collect()
    };
    let (sqlite, postgres) = (include_str!("sql/sqlite.sql"), include_str!("sql/postgres.sql"));
    assert_eq!(names(sqlite), names(postgres));
    for name in names(sqlite) {
        assert!(!section(sqlite, name).is_empty() && !section(postgres, name).is_empty(), "{name}");
    }
    assert_eq!(section(sqlite, "no such statement"), "");
}

/// The text between the line `-- name: NAME` and the next such line.
fn section(file: &'static str, name: &str) -> &'static str {
    let mut sections = file.split("\n-- name: ").skip(1).filter_map(|section| section.split_once('\n'));
    sections.find(|(known, _)| *known == name).map_or("", |(_, sql)| sql.trim())
}
