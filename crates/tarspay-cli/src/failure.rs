//! How a command ends when it does not succeed: a reason on stderr and an exit code.

use crate::output;
use std::error::Error as StdError;
use std::process::ExitCode;

/// Words of the libraries for programs, and what a user of the command does instead.
const IN_WORDS_OF_THE_COMMAND: &[(&str, &str)] = &[
    ("use `Parameters::none()`", "give --no-body"),
    (", or read its bytes with `PublicKey::from_sec1_bytes`", ""),
    ("read them with `Signature::from_rs`", "give them as DER"),
    ("it wants a user name and a password: http://user:password@host:port", ASKS_FOR_A_PASSWORD),
    ("or state that the network is trusted", "or give --listen-on-network"),
    ("a host that is allowed by its name", "the host of --plain-http-host"),
];

const ASKS_FOR_A_PASSWORD: &str = "set TARSPAY_PROXY to http://user:password@host:port";

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    reason: String,
    details: Vec<String>,
}

impl Failure {
    /// A signature that is not valid, or a call that failed: exit code 1.
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self { code: 1, reason: reason.into(), details: Vec::new() }
    }

    /// Wrong usage, or input that cannot be read: exit code 2.
    pub(crate) fn unreadable(reason: impl Into<String>) -> Self {
        Self { code: 2, reason: reason.into(), details: Vec::new() }
    }

    /// Adds the causes, one after the other, to the reason.
    pub(crate) fn caused_by(mut self, error: &dyn StdError) -> Self {
        self.reason.push_str(": ");
        self.reason.push_str(&with_causes(error));
        self
    }

    /// Adds a line below the reason.
    pub(crate) fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    pub(crate) fn report(&self) -> ExitCode {
        output::message(&format!("tarspay: {}", self.reason));
        self.details.iter().for_each(|line| output::message(line));
        ExitCode::from(self.code)
    }
}

/// An error and its causes in one line, in words of the command.
pub(crate) fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let reason = cause.to_string();
        // Some errors have their causes in their text.
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        next = cause.source();
    }
    for (theirs, ours) in IN_WORDS_OF_THE_COMMAND {
        text = text.replace(theirs, ours);
    }
    text
}
