//! The `tarspay` command: sign, verify, query, and run the local sandbox gateway.
//!
//! Exit codes: 0 done, or valid; 1 not valid, or refused; 2 wrong usage or unreadable input.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod failure;
mod input;
mod output;

use args::{Args, Command, Verify};
use clap::builder::Resettable;
use clap::{CommandFactory as _, FromArgMatches as _};
use failure::Failure;
use std::ffi::OsStr;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = without_empty_variables(Args::command())
        .try_get_matches()
        .and_then(|matches| Args::from_arg_matches(&matches));
    let outcome = match args {
        Ok(args) => run(args.command),
        Err(error) if error.use_stderr() => {
            // clap repeats arguments as they are.
            error.render().to_string().lines().for_each(output::message);
            return ExitCode::from(2);
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
        Command::Demo(args) => on_runtime(commands::demo::run(args)),
        Command::Keygen(args) => commands::keygen::run(&args),
        Command::Sign(args) => commands::sign::run(&args),
        Command::Verify(Verify::Request(args)) => commands::verify::request(&args),
        Command::Verify(Verify::Callback(args)) => commands::verify::callback(&args),
        Command::Balance(args) => on_runtime(commands::balance::run(args)),
        Command::Sandbox(args) => on_runtime(commands::sandbox::run(args)),
    }
}

/// One thread is enough for one command.
fn on_runtime(task: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unreadable("the runtime cannot start").caused_by(&error))?
        .block_on(task)
}
