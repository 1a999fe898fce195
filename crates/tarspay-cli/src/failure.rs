//! How a command ends when it does not succeed: a reason on stderr and an exit code.

use std::error::Error as StdError;
use std::io::Write as _;
use std::process::ExitCode;

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    reason: String,
}

impl Failure {
    /// A signature that is not valid, or a call that failed: exit code 1.
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self { code: 1, reason: reason.into() }
    }

    /// Wrong usage, or input that cannot be read: exit code 2.
    pub(crate) fn unreadable(reason: impl Into<String>) -> Self {
        Self { code: 2, reason: reason.into() }
    }

    /// Adds the causes, one after the other, to the reason.
    pub(crate) fn caused_by(mut self, error: &dyn StdError) -> Self {
        self.reason.push_str(": ");
        self.reason.push_str(&with_causes(error));
        self
    }

    pub(crate) fn report(&self) -> ExitCode {
        // If stderr is closed, the message is lost.
        let _ = writeln!(std::io::stderr(), "tarspay: {}", self.reason);
        ExitCode::from(self.code)
    }
}

/// An error and its causes, one after the other.
pub(crate) fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
