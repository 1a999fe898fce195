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
use clap::Parser as _;
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(args.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
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
