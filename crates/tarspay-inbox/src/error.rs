//! What can go wrong, and what to do about it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use tarspay::types::MerchantOrderNo;

/// Why the inbox could not do what it was asked for.
///
/// `Display` is one line with its cause, and `source()` leads to the error of the gateway's client
/// or of the driver.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    text: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What an [`Error`] asks of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request or a setting cannot be used; nothing was stored or sent. Correct it.
    Invalid,
    /// The number was used for another request. Never use a number twice; nothing was sent.
    OtherRequest,
    /// The gateway has refused the order, and there will be none. The handler gets it as failed,
    /// too.
    Rejected,
    /// The order waits for a person; see [`Inbox::parked`](crate::Inbox::parked).
    Parked,
    /// The database did not do it, or nobody knows. Try again; the same request is taken up.
    Database,
    /// The fact was taken by another worker, parked or discarded: the whole transaction is rolled
    /// back. The worker tries again if there is still something to apply.
    LeaseLost,
    /// More callbacks wait to be stored than fit. The gateway sends them again.
    Busy,
}

impl Error {
    /// What to do about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The error of the gateway's client, if it comes from there.
    pub fn gateway_error(&self) -> Option<&tarspay::Error> {
        self.source.as_deref().and_then(|source| source.downcast_ref())
    }

    fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), source: None }
    }

    fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, text)
    }

    pub(crate) fn refused_here(error: tarspay::Error) -> Self {
        Self::invalid(error.to_string()).caused_by(error)
    }

    /// By the text in the order's row, with the error if it was just received.
    pub(crate) fn rejected(refusal: &str, error: Option<tarspay::Error>) -> Self {
        let rejected = Self::new(ErrorKind::Rejected, refusal);
        match error {
            Some(error) => rejected.caused_by(error),
            None => rejected,
        }
    }

    pub(crate) fn other_request(number: &MerchantOrderNo) -> Self {
        let text = format!("order number {number} was used for another request; take a new number");
        Self::new(ErrorKind::OtherRequest, text)
    }

    pub(crate) fn parked(number: &MerchantOrderNo, reason: &str) -> Self {
        Self::new(ErrorKind::Parked, format!("order {number} waits for a person: {reason}"))
    }

    pub(crate) fn busy() -> Self {
        Self::new(ErrorKind::Busy, "too many callbacks wait to be stored; the gateway sends this one again")
    }

    pub(crate) fn column(name: &str) -> Self {
        let text = format!("column {name} is missing or has another type; select decimals as text");
        Self::new(ErrorKind::Database, text)
    }

    pub(crate) fn damaged(error: impl StdError + Send + Sync + 'static) -> Self {
        Self::new(ErrorKind::Database, format!("a row of the inbox cannot be read: {error}")).caused_by(error)
    }

    pub(crate) fn unavailable(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Database, text)
    }

    /// An error of a driver. `text` is what the database said.
    pub(crate) fn database(text: &str, error: impl StdError + Send + Sync + 'static) -> Self {
        let kind =
            if text.contains("tarspay: the lease") { ErrorKind::LeaseLost } else { ErrorKind::Database };
        // The tables of this crate are named in the message of a database that has none of them.
        let is_missing =
            text.contains("tarspay_") && (text.contains("no such") || text.contains("not exist"));
        let hint = if is_missing { "; make the tables with `Inbox::migrate` first" } else { "" };
        Self::new(kind, format!("the database: {text}{hint}")).caused_by(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
