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

/// Does the same with the value of either engine.
macro_rules! on {
    ($self:expr, $value:ident => $does:expr) => {
        match $self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite($value) => $does,
            #[cfg(feature = "postgres")]
            Self::Postgres($value) => $does,
        }
    };
}

impl Engine {
    /// The statement of this name, from the file of the engine.
    pub(crate) fn sql(&self, name: &str) -> &'static str {
        let file = match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => include_str!("sql/sqlite.sql"),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => include_str!("sql/postgres.sql"),
        };
        // The text between the line `-- name: NAME` and the next such line.
        let mut sections = file.split("\n-- name: ").filter_map(|section| section.split_once('\n'));
        sections.find(|(known, _)| *known == name).map_or("", |(_, sql)| sql.trim())
    }

    /// A handler waits for longer than the inbox itself, which gets a connection first.
    async fn session(&self, for_handler: bool) -> Result<Session, Error> {
        Ok(match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(sqlite) => Session::Sqlite(sqlite.session(for_handler).await?),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => Session::Postgres(postgres.session(for_handler).await?),
        })
    }

    /// A session in a transaction. Dropped, it is rolled back.
    pub(crate) async fn begin(&self, for_handler: bool) -> Result<Session, Error> {
        let mut session = self.session(for_handler).await?;
        session.batch(self.sql("begin")).await?;
        Ok(session)
    }

    /// Runs one statement, which is its own transaction, and returns its rows.
    pub(crate) async fn query(&self, name: &str, parameters: Vec<Value>) -> Result<Vec<Row>, Error> {
        let mut session = self.session(false).await?;
        let rows = session.query(self.sql(name), parameters).await?;
        session.reuse();
        Ok(rows)
    }

    /// Runs a statement for each set of parameters in one transaction.
    pub(crate) async fn execute_many(&self, name: &str, sets: Vec<Vec<Value>>) -> Result<(), Error> {
        let mut session = self.session(false).await?;
        session.execute_in_transaction(self.sql(name), sets).await?;
        session.reuse();
        Ok(())
    }

    /// As [`query`](Self::query), for how many rows were changed.
    pub(crate) async fn execute(&self, name: &str, parameters: Vec<Value>) -> Result<u64, Error> {
        let mut session = self.session(false).await?;
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
        on!(self, session => session.query(sql, Parameters::One(parameters)).await)
    }

    /// Runs a statement and returns how many rows were changed.
    pub(crate) async fn execute(&mut self, sql: &str, parameters: Vec<Value>) -> Result<u64, Error> {
        on!(self, session => session.execute(sql, Parameters::One(parameters)).await)
    }

    /// Runs a statement for each set of parameters, and returns the rows of all. PostgreSQL runs it
    /// once, with an array for each parameter.
    pub(crate) async fn query_many(&mut self, sql: &str, sets: Vec<Vec<Value>>) -> Result<Vec<Row>, Error> {
        on!(self, session => session.query(sql, Parameters::Many(sets)).await)
    }

    /// As [`query_many`](Self::query_many), for a statement without rows.
    pub(crate) async fn execute_many(&mut self, sql: &str, sets: Vec<Vec<Value>>) -> Result<u64, Error> {
        on!(self, session => session.execute(sql, Parameters::Many(sets)).await)
    }

    /// As [`execute_many`](Self::execute_many), in a transaction of its own.
    async fn execute_in_transaction(&mut self, sql: &str, sets: Vec<Vec<Value>>) -> Result<(), Error> {
        on!(self, session => session.execute_in_transaction(sql, sets).await)
    }

    /// Runs statements without parameters.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        on!(self, session => session.batch(sql).await)
    }

    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let sql = match &self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => "COMMIT",
            // After a statement that has failed, COMMIT rolls back without an error.
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "SAVEPOINT tarspay_end; COMMIT",
        };
        self.batch(sql).await?;
        self.reuse();
        Ok(())
    }

    /// Gives the connection back. A connection that is dropped without it is closed, as after an
    /// error.
    fn reuse(self) {
        on!(self, session => session.reuse());
    }
}

/// The parameters of a statement, or those of each of its runs.
pub(crate) enum Parameters {
    One(Vec<Value>),
    Many(Vec<Vec<Value>>),
}
