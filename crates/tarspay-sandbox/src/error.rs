//! Errors of the sandbox and of its store, and locks that survive a panic.

use serde::Serialize;
use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why a sandbox does not start, or refuses an operation.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    reason: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The cases of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The address is not an IP address with a port, or not loopback; or a host is not one.
    InvalidAddress,
    /// The address cannot be bound, usually because its port is taken.
    Bind,
    /// The operating system gave no random bytes for a key.
    RandomSource,
    /// No merchant has this number.
    UnknownMerchant,
    /// The API key is not registered.
    UnknownKey,
    /// No order has this number.
    UnknownOrder,
    /// No callback has this number.
    UnknownCallback,
    /// No scenario of this name comes with the sandbox, or is played.
    UnknownScenario,
    /// A scenario cannot be read, or says what cannot be.
    InvalidScenario,
    /// A number of a fault is out of range.
    InvalidFault,
    /// The order cannot go from its state to the one asked for, or never in its direction.
    InvalidTransition,
    /// The amount does not fit: zero, not below what is asked for where it must be, or of more than 28 digits.
    InvalidAmount,
    /// The merchant has less than is to be taken from it.
    BalanceTooLow,
    /// The file of the state is in use by another sandbox, of another version, damaged, or cannot be written.
    Store,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), source: None }
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The kind of error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl From<StoreError> for Error {
    fn from(source: StoreError) -> Self {
        Self::new(ErrorKind::Store, "the state of the sandbox cannot be read or written").with_source(source)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn StdError + 'static))
    }
}

/// The store cannot be read or written. Cloned to every job of a transaction that fails.
#[derive(Clone, Debug)]
pub(crate) struct StoreError(Arc<dyn StdError + Send + Sync>);

impl StoreError {
    pub(crate) fn stopped() -> Self {
        Self(Arc::from(Box::<dyn StdError + Send + Sync>::from("the sandbox has stopped")))
    }

    /// A text in the store that its own type refuses.
    pub(crate) fn damaged(error: impl StdError + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store failed: {}", self.0)
    }
}

impl StdError for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(Arc::new(error))
    }
}

/// Locks a value. Each change is complete, so a thread that has panicked leaves nothing half done.
pub(crate) fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error and its causes in one line.
pub(crate) fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
