//! How a command ends when it does not succeed: a reason on stderr and an exit code.

use crate::{output, profile};
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
    /// A failure with its exit code, and its kind for programs.
    pub(crate) fn new(code: u8, kind: &str, reason: impl Into<String>) -> Self {
        let facts = Map::from_iter([("kind".to_owned(), kind.into())]);
        Self { code, reason: reason.into(), details: Vec::new(), facts }
    }

    /// What went wrong, for programs.
    pub(crate) fn kind(&self) -> &str {
        self.facts["kind"].as_str().unwrap_or_default()
    }

    /// A signature that is not valid, or a request that is refused: exit code 1.
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self::new(1, "refused", reason)
    }

    /// Wrong usage, or input that cannot be read: exit code 2.
    pub(crate) fn usage(reason: impl Into<String>) -> Self {
        Self::new(2, "usage", reason)
    }

    /// An order that may exist, or may still change: exit code 4.
    pub(crate) fn in_doubt(reason: impl Into<String>) -> Self {
        Self::new(4, "outcome_unknown", reason.into())
    }

    /// The same of a call that has changed something: wrong usage would mean that nothing was done.
    pub(crate) fn after_the_call(self) -> Self {
        Self::in_doubt(format!("the call was made, but its result is lost: {}", self.reason))
    }

    /// Ctrl-C: exit code 130.
    pub(crate) fn interrupted(reason: impl Into<String>) -> Self {
        Self::new(130, "interrupted", reason.into())
    }

    /// A database that did not do it, or cannot be reached: exit code 3.
    pub(crate) fn of_database(reason: impl Into<String>) -> Self {
        Self::new(3, "database", reason.into())
    }

    /// What clap has found.
    pub(crate) fn of_usage(error: &clap::Error) -> Self {
        // It repeats arguments.
        let text = profile::without_keys(&error.render().to_string());
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
        Self::new(code, kind, what.to_owned())
            .caused_by(error)
            .fact("code", error.code().map(ErrorCode::code))
            .fact("can_repeat_query", error.can_repeat_query())
    }

    /// A callback that was not sent: exit code 3.
    pub(crate) fn not_sent(reason: impl Into<String>) -> Self {
        Self::new(3, "not_sent", reason.into())
    }

    /// The reason, and the lines below it.
    pub(crate) fn parts(&self) -> (&str, String) {
        (&self.reason, self.details.join(" "))
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

    /// Says first where this happened.
    pub(crate) fn within(mut self, place: &str) -> Self {
        self.reason = format!("{place}: {}", self.reason);
        self
    }

    /// Adds what a program can act upon.
    pub(crate) fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) fn report(mut self) -> ExitCode {
        if output::is_json() {
            self.facts.insert("message".to_owned(), self.reason.into());
            self.facts.insert("details".to_owned(), self.details.into());
            output::message(&output::printable_json(&json!({ "error": self.facts }).to_string()));
        } else {
            output::failure(&self.reason);
            self.details.iter().for_each(|line| output::message(line));
        }
        ExitCode::from(self.code)
    }
}

/// The most names that are listed if none is near.
const FEW: usize = 10;

/// A name that is not among those there are, with the nearest of them if one is near.
pub(crate) fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Failure {
    // Whatever is that long is no name, and may be a secret.
    let shown = if name.chars().count() > 40 { "a name of more than 40 characters" } else { name };
    let plain = |text: &str| text.to_lowercase().replace(['_', '-'], "");
    let known: Vec<_> = known.into_iter().collect();
    let nearest = known.iter().map(|one| (distance(&plain(one), &plain(name)), *one)).min();
    Failure::usage(match nearest {
        // Of a short name, one letter in three.
        Some((distance, one)) if distance <= one.chars().count() / 3 => {
            format!("unknown {what} `{shown}`; did you mean `{one}`?")
        }
        _ if known.len() <= FEW => format!("unknown {what} `{shown}`; known: {}", known.join(", ")),
        _ => format!("unknown {what} `{shown}`"),
    })
}

/// How many characters to insert, delete or replace to make one text the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, character) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (at, same) in other.iter().map(|other| *other == character).enumerate() {
            let replaced = diagonal + usize::from(!same);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
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
