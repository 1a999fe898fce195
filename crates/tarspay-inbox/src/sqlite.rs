//! SQLite: one connection, which one caller at a time has.

use crate::Error;
use crate::engine::Parameters;
use crate::value::{Data, Row, Value};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, params_from_iter};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

/// How long to wait for the connection, and for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(crate) struct Sqlite {
    connection: Arc<Mutex<Connection>>,
    /// Runs statements in the thread of the caller.
    inline: bool,
}

impl Sqlite {
    pub(crate) async fn open(path: PathBuf, inline: bool) -> Result<Self, Error> {
        let connection = Connection::open(path).map_err(cannot)?;
        let sqlite = Self { connection: Arc::new(Mutex::new(connection)), inline };
        let prepare = |connection: &Connection| {
            connection.busy_timeout(PATIENCE)?;
            // Callbacks must be on the disk before `OK`: with WAL only FULL waits for it.
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")
        };
        sqlite.session(false).await?.with(move |connection| prepare(connection).map_err(cannot)).await?;
        Ok(sqlite)
    }

    pub(crate) async fn session(&self, for_handler: bool) -> Result<Session, Error> {
        let patience = if for_handler { 6 * PATIENCE } else { PATIENCE };
        let held = timeout(patience, Arc::clone(&self.connection).lock_owned()).await;
        let held = held.map_err(|_| {
            Error::unavailable("another transaction of this inbox is open for too long; end it first")
        })?;
        Ok(Session { held: Some(Held(held)), inline: self.inline })
    }
}

/// The connection, while it is held. A transaction that was not committed is rolled back.
struct Held(OwnedMutexGuard<Connection>);

impl Drop for Held {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // If it fails, so does the next BEGIN.
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

pub(crate) struct Session {
    /// `None` after a statement whose caller has gone.
    held: Option<Held>,
    inline: bool,
}

impl Session {
    /// The one place where SQLite gets a thread: it waits for the disk.
    pub(crate) async fn with<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let held = self.held.take().ok_or_else(|| Error::unavailable("the transaction was given up"))?;
        if self.inline {
            return job(&self.held.insert(held).0);
        }
        let run = tokio::task::spawn_blocking(move || (job(&held.0), held));
        let (result, held) = run.await.map_err(Error::damaged)?;
        self.held = Some(held);
        result
    }

    /// Runs the statement once for each set of parameters. Returns all rows.
    pub(crate) async fn query(&mut self, sql: &str, parameters: Parameters) -> Result<Vec<Row>, Error> {
        let sql = sql.to_owned();
        self.with(move |connection| {
            let mut statement = connection.prepare(&sql).map_err(cannot)?;
            let mut rows = Vec::new();
            sets(parameters).into_iter().try_for_each(|set| read(&mut statement, set, &mut rows))?;
            Ok(rows)
        })
        .await
    }

    /// Runs the statement once for each set of parameters. Returns how many rows were changed.
    pub(crate) async fn execute(&mut self, sql: &str, parameters: Parameters) -> Result<u64, Error> {
        let sql = sql.to_owned();
        self.with(move |connection| run(connection, &sql, parameters)).await
    }

    pub(crate) async fn execute_in_transaction(
        &mut self,
        sql: &str,
        sets: Vec<Vec<Value>>,
    ) -> Result<(), Error> {
        let sql = sql.to_owned();
        self.with(move |connection| {
            connection.execute_batch("BEGIN IMMEDIATE").map_err(cannot)?;
            run(connection, &sql, Parameters::Many(sets))?;
            connection.execute_batch("COMMIT").map_err(cannot)
        })
        .await
    }

    /// It is not bound to its caller.
    pub(crate) fn reuse(self) {
        drop(self);
    }

    /// Refuses a transaction that a statement has ended, as `INSERT OR ROLLBACK` does.
    pub(crate) async fn check_open(&mut self) -> Result<(), Error> {
        let is_ended = self.with(|connection| Ok(connection.is_autocommit())).await?;
        if is_ended { Err(Error::unavailable("a statement has rolled the transaction back")) } else { Ok(()) }
    }

    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        let sql = sql.to_owned();
        self.with(move |connection| connection.execute_batch(&sql).map_err(cannot)).await
    }
}

fn sets(parameters: Parameters) -> Vec<Vec<Value>> {
    match parameters {
        Parameters::One(set) => vec![set],
        Parameters::Many(sets) => sets,
    }
}

fn run(connection: &Connection, sql: &str, parameters: Parameters) -> Result<u64, Error> {
    let mut statement = connection.prepare(sql).map_err(cannot)?;
    sets(parameters).into_iter().try_fold(0, |sum, set| {
        let changed = statement.execute(params_from_iter(set)).map_err(cannot)?;
        Ok(sum + u64::try_from(changed).unwrap_or(0))
    })
}

fn read(statement: &mut Statement<'_>, parameters: Vec<Value>, into: &mut Vec<Row>) -> Result<(), Error> {
    let name = |at| statement.column_name(at).map(str::to_owned).map_err(cannot);
    let names: Arc<[String]> = (0..statement.column_count()).map(name).collect::<Result<_, Error>>()?;
    let mut rows = statement.query(params_from_iter(parameters)).map_err(cannot)?;
    while let Some(row) = rows.next().map_err(cannot)? {
        let value = |at| {
            Ok(Value(match row.get_ref(at).map_err(cannot)? {
                ValueRef::Null => Data::Text(None),
                ValueRef::Integer(number) => Data::Int(Some(number)),
                ValueRef::Text(text) => Data::Text(Some(String::from_utf8_lossy(text).into_owned())),
                ValueRef::Blob(bytes) => Data::Bytes(Some(bytes.to_vec())),
                ValueRef::Real(_) => return Err(Error::column(names.get(at).map_or("", String::as_str))),
            }))
        };
        let values = (0..names.len()).map(value).collect::<Result<_, Error>>()?;
        into.push(Row { names: Arc::clone(&names), values });
    }
    Ok(())
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match &self.0 {
            Data::Int(Some(number)) => ValueRef::Integer(*number),
            Data::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Data::Bytes(Some(bytes)) => ValueRef::Blob(bytes),
            Data::Int(None) | Data::Text(None) | Data::Bytes(None) => ValueRef::Null,
        }))
    }
}

fn cannot(error: rusqlite::Error) -> Error {
    let text = error.to_string();
    Error::database(&text, error)
}
