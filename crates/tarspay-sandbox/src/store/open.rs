//! Opening the database, in memory or in a file; its schema; what a sandbox keeps about itself; and its reset.

use super::{StoreError, Tx, Uint};
use crate::error::{Error, ErrorKind};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

const SCHEMA: &str = include_str!("schema.sql");

/// Raised with every change of the schema.
const VERSION: i64 = 3;

/// How long to wait for another sandbox to let go of the file: long enough for one that is being stopped.
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens the file, or a database in memory, and makes the tables of a new one.
pub(crate) fn open(path: Option<&Path>) -> Result<Connection, Error> {
    let place = path.map_or_else(|| "the memory".to_owned(), |path| path.display().to_string());
    let cannot = |error: rusqlite::Error| {
        let reason = match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                "another sandbox uses it"
            }
            Some(rusqlite::ErrorCode::NotADatabase) => "it is not a file of a sandbox; choose another one",
            _ => "it cannot be opened",
        };
        let refused = Error::new(ErrorKind::Store, format!("cannot keep the state in {place}: {reason}"));
        match error.sqlite_error_code() {
            // Its words say the same twice.
            Some(rusqlite::ErrorCode::NotADatabase) => refused,
            _ => refused.with_source(error),
        }
    };
    let connection = match path {
        None => Connection::open_in_memory().map_err(cannot)?,
        Some(path) => {
            let path = private_file(path).map_err(|error| {
                let reason = format!("cannot keep the state in {place}: choose a plain file that you alone can read (chmod 600)");
                Error::new(ErrorKind::Store, reason).with_source(error)
            })?;
            // A plain file: no URI, which the default flags would allow.
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(path, flags).map_err(cannot)?
        }
    };
    prepare(&connection, path.is_some()).map_err(cannot)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(cannot)?;
    match version {
        0 => connection
            .execute_batch(&format!("BEGIN;\n{SCHEMA}\nPRAGMA user_version = {VERSION};\nCOMMIT;"))
            .map_err(cannot)?,
        VERSION => {}
        other => {
            return Err(Error::new(
                ErrorKind::Store,
                format!(
                    "{place} has version {other}, this sandbox reads version {VERSION}; choose a new file"
                ),
            ));
        }
    }
    Ok(connection)
}

fn prepare(connection: &Connection, in_file: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "foreign_keys", true)?;
    if in_file {
        connection.busy_timeout(PATIENCE)?;
        // Two sandboxes on one file would both deliver its callbacks.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // Takes the lock now, so that a file in use shows at the start.
        connection.execute_batch("BEGIN IMMEDIATE; COMMIT;")?;
    }
    Ok(())
}

/// Makes the file, if it is new, and has only its owner read it and the files that `SQLite` puts beside it: they hold the keys
/// of the sandbox. Returns its absolute path, which has no special meaning for `SQLite`, as `:memory:` and `file:…` have.
fn private_file(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    if path.exists() && !path.is_file() {
        return Err(std::io::Error::other("it is not a plain file"));
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path)?;
    #[cfg(unix)]
    for suffix in ["", "-wal", "-shm", "-journal"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mut file = path.clone().into_os_string();
        file.push(suffix);
        match std::fs::metadata(&file) {
            Ok(known) if known.permissions().mode() & 0o077 != 0 => {
                std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
            }
            _ => {}
        }
    }
    Ok(path)
}

/// A setting, made and kept when it is asked for the first time.
pub(crate) fn setting(
    tx: &Tx<'_>,
    name: &str,
    make: impl FnOnce() -> Result<String, Error>,
) -> Result<String, Error> {
    let known = tx.one("SELECT value FROM settings WHERE name = ?1", [name], |row| Ok(row.get(0)?))?;
    if let Some(value) = known {
        return Ok(value);
    }
    let value = make()?;
    tx.execute("INSERT INTO settings (name, value) VALUES (?1, ?2)", [name, &value])?;
    Ok(value)
}

/// The latest time in the state, in Unix milliseconds: the clock of a sandbox never goes back before it.
pub(crate) fn latest_time(connection: &Connection) -> Result<u64, StoreError> {
    let Uint(latest) = connection.query_row(
        "SELECT max(
             (SELECT coalesce(max(at), 0) FROM order_events),
             (SELECT coalesce(max(at), 0) FROM callback_attempts)
         )",
        [],
        |row| row.get(0),
    )?;
    Ok(latest)
}

/// A table that refers to another comes before it.
const TABLES: [&str; 12] = [
    "callback_attempts",
    "callbacks",
    "planned_steps",
    "planned_faults",
    "scenarios",
    "transfers",
    "order_events",
    "orders",
    "fees",
    "balances",
    "api_keys",
    "merchants",
];

/// Deletes everything but what a sandbox keeps about itself.
pub(crate) fn reset(tx: &Tx<'_>) -> Result<(), StoreError> {
    for table in TABLES {
        tx.execute(&format!("DELETE FROM {table}"), [])?;
    }
    tx.unschedule();
    Ok(())
}
