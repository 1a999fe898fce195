//! Why a sandbox does not start, or refuses an instruction.

use crate::store::StoreError;
use std::error::Error as StdError;
use std::fmt;

/// Why a sandbox does not start, or refuses an instruction of its owner.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    reason: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The cases of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The address is no IP address and port, or not one of loopback.
    InvalidAddress,
    /// The address cannot be bound, usually because its port is taken.
    Bind,
    /// The operating system gave no random bytes for a key.
    RandomSource,
    /// There is no merchant of this number.
    UnknownMerchant,
    /// The API key is not registered.
    UnknownKey,
    /// There is no order of this number.
    UnknownOrder,
    /// There is no callback of this number.
    UnknownCallback,
    /// No scenario of this name comes with the sandbox, or is played.
    UnknownScenario,
    /// A scenario cannot be read, or says what cannot be.
    InvalidScenario,
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

    /// Which case this is.
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
