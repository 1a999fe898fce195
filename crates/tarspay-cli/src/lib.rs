//! The `tarspay` command, as a library for its own program and for the pages that are made from it.
#![forbid(unsafe_code)]
#![allow(clippy::doc_markdown, reason = "doc comments of arguments are help texts: plain text")]

mod commands;
mod failure;
mod input;
mod output;
mod settings;

use clap::builder::Resettable;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use commands::{balance, demo, inbox, keygen, sandbox, sign, verify};
use failure::Failure;
use std::ffi::OsStr;
use std::process::ExitCode;

/// Sign, verify and query for the TarsPay payment gateway, and run a local sandbox gateway.
///
/// Private keys come from the environment variable TARSPAY_PRIVATE_KEY or --key-file, never from an
/// argument. TARSPAY_MERCHANT_ID and TARSPAY_API_URL replace --merchant-id and --api-url. An empty
/// variable counts as not set.
///
/// Exit codes: 0 done or valid, 1 refused or not valid, 2 wrong usage or unreadable input, 3 not
/// sent, 4 outcome unknown, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "tarspay", version)]
struct Args {
    /// Write JSON for machines: results on stdout, errors on stderr
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show each step of a request against an embedded sandbox gateway
    Demo,
    /// Make a new key pair
    ///
    /// The private key is a number below 2^255: the vendor's Java class reads a private key as a
    /// signed number, and fails with others.
    Keygen(keygen::Keygen),
    /// Sign a request: show every stage, the headers and the body to send
    Sign(sign::Sign),
    /// Verify a signature
    #[command(subcommand)]
    Verify(verify::Verify),
    /// Ask the gateway for the merchant's balance
    Balance(balance::Balance),
    /// Look after a merchant's inbox: what waits in its database, and for how long
    Inbox(inbox::Operate),
    /// Run a local gateway until Ctrl-C
    ///
    /// When it is ready it prints one line: its base URL, a test merchant's number and keys, and
    /// its own public key, which checks its callbacks. They are the values for TARSPAY_API_URL,
    /// TARSPAY_MERCHANT_ID and TARSPAY_PRIVATE_KEY. Each start makes new keys, unless --data keeps
    /// them.
    Sandbox(sandbox::Args),
}

/// The command line, from which help, manual pages and completions are made.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Runs the command that the program's arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let args = without_empty_variables(command())
        .try_get_matches()
        .and_then(|matches| Args::from_arg_matches(&matches));
    let outcome = match args {
        Ok(args) => {
            output::set_json(args.json);
            run(args.command)
        }
        Err(error) if error.use_stderr() => {
            output::set_json(std::env::args_os().any(|argument| argument == "--json"));
            Err(Failure::of_usage(&error))
        }
        // Help and version, which go to stdout.
        Err(error) => error.exit(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// clap takes an empty variable for a value; a deployment often sets all of them.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &OsStr| std::env::var(name).is_ok_and(|value| value.trim().is_empty());
    command
        .mut_args(|argument| match argument.get_env() {
            Some(name) if is_empty(name) => argument.env(Resettable::Reset),
            _ => argument,
        })
        .mut_subcommands(without_empty_variables)
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo => on_runtime(demo::run()),
        Command::Keygen(args) => keygen::run(&args),
        Command::Sign(args) => sign::run(&args),
        Command::Verify(verify) => verify::run(&verify),
        Command::Balance(args) => on_runtime(balance::run(args)),
        Command::Inbox(args) => on_runtime(inbox::run(args)),
        Command::Sandbox(args) => on_runtime(sandbox::run(args)),
    }
}

/// One thread is enough for one command.
fn on_runtime(task: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::usage("the runtime cannot start").caused_by(&error))?
        .block_on(task)
}

#[cfg(test)]
mod tests {
    use clap::Command;

    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }

    fn names(command: &Command) -> Vec<String> {
        let own = command.get_arguments().map(|argument| argument.get_id().to_string());
        own.chain(command.get_subcommands().flat_map(names)).collect()
    }

    #[test]
    fn no_argument_is_a_private_key() {
        let mut names = names(&super::command());
        names.retain(|name| ["key", "private", "secret"].iter().any(|word| name.contains(word)));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names, ["allow_readable_key_file", "key_file", "public_key"]);
    }
}
