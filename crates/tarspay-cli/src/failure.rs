//! How a command ends when it does not succeed: a reason on stderr and an exit code.

use crate::output;
use serde_json::{Map, Value, json};
use std::error::Error as StdError;
use std::process::ExitCode;
use tarspay::ErrorKind;
use tarspay::types::ErrorCode;

/// Words of the libraries for programs, and what a user of the command does instead.
const IN_WORDS_OF_THE_COMMAND: &[(&str, &str)] = &[
    ("use `Parameters::none()`", "give --no-body"),
    (", or read its bytes with `PublicKey::from_sec1_bytes`", ""),
    ("read them with `Signature::from_rs`", "give them as DER"),
    ("it wants a user name and a password: http://user:password@host:port", ASKS_FOR_A_PASSWORD),
    ("or state that the network is trusted", "or give --listen-on-network"),
    ("a host that is allowed by its name", "the host of --plain-http-host"),
    ("make the tables with `Inbox::migrate` first", "run `tarspay inbox migrate` first"),
];

const ASKS_FOR_A_PASSWORD: &str = "set TARSPAY_PROXY to http://user:password@host:port";

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    reason: String,
    details: Vec<String>,
    /// What a program can act upon.
    facts: Map<String, Value>,
}

impl Failure {
    fn new(code: u8, kind: &str, reason: String) -> Self {
        let facts = Map::from_iter([("kind".to_owned(), kind.into())]);
        Self { code, reason, details: Vec::new(), facts }
    }

    /// A signature that is not valid, or a request that is refused: exit code 1.
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self::new(1, "refused", reason.into())
    }

    /// Wrong usage, or input that cannot be read: exit code 2.
    pub(crate) fn usage(reason: impl Into<String>) -> Self {
        Self::new(2, "usage", reason.into())
    }

    /// A database that did not do it, or cannot be reached: exit code 3.
    pub(crate) fn of_database(reason: impl Into<String>) -> Self {
        Self::new(3, "database", reason.into())
    }

    /// What clap has found.
    pub(crate) fn of_usage(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let mut lines = text.lines();
        let failure = Self::usage(lines.next().unwrap_or_default().trim_start_matches("error: "));
        lines.fold(failure, Self::detail)
    }

    /// A call that failed. Exit code 1: it was refused. 3: no order was made, and it can be repeated;
    /// 4: an order may exist.
    pub(crate) fn of_call(what: &str, error: &tarspay::Error) -> Self {
        let (code, kind) = match error.kind() {
            ErrorKind::NotSent => (3, "not_sent"),
            ErrorKind::NoResponse => (3, "no_response"),
            ErrorKind::OutcomeUnknown => (4, "outcome_unknown"),
            ErrorKind::Invalid => (1, "invalid"),
            ErrorKind::Rejected => (1, "rejected"),
            _ => (1, "other"),
        };
        let mut failure = Self::new(code, kind, what.to_owned()).caused_by(error);
        failure.facts.insert("code".to_owned(), error.code().map(ErrorCode::code).into());
        failure.facts.insert("can_repeat_query".to_owned(), error.can_repeat_query().into());
        failure
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

    pub(crate) fn report(mut self) -> ExitCode {
        if output::is_json() {
            self.facts.insert("message".to_owned(), self.reason.into());
            self.facts.insert("details".to_owned(), self.details.into());
            output::message(&output::printable_json(&json!({ "error": self.facts }).to_string()));
        } else {
            output::message(&format!("tarspay: {}", self.reason));
            self.details.iter().for_each(|line| output::message(line));
        }
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
