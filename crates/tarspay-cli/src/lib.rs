//! The `tarspay` command, as a library for its own program and for the pages that are made from it.
#![forbid(unsafe_code)]
#![allow(clippy::doc_markdown, reason = "doc comments of arguments are help texts: plain text")]

mod callback_log;
mod commands;
mod failure;
mod guard;
mod input;
mod members;
mod output;
mod profile;
mod receiver;
mod server;
mod settings;
mod tls;

use clap::{CommandFactory as _, Parser, Subcommand};
use commands::{
    balance, call, callback, config, country, demo, doctor, keygen, listen, order, proxy, sandbox, sign,
    verify,
};
use failure::Failure;
use std::process::ExitCode;

/// Sign, verify and query for the TarsPay payment gateway, and run a local sandbox gateway.
///
/// Settings come from flags, then from the environment (TARSPAY_PRIVATE_KEY, TARSPAY_MERCHANT_ID,
/// TARSPAY_API_URL), then from a profile: see `tarspay config`. Private keys come from
/// TARSPAY_PRIVATE_KEY or a key file, never from an argument. An empty variable counts as not set.
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
    /// Receive, verify, show, keep and forward callbacks (webhooks) until Ctrl-C
    ///
    /// A callback is answered with OK, after which the gateway does not send it again, only when it
    /// is written to --log or when every --forward has accepted it: with a 2xx status and the text
    /// OK. One that comes again is answered and not forwarded.
    #[command(after_help = listen::EXAMPLES)]
    Listen(listen::Args),
    /// Send signed test callbacks (webhooks), or past ones again
    ///
    /// They are signed with a test key. The private key of the gateway is not known, so no receiver
    /// in production accepts them: let the receiver under test trust the public key that is shown.
    #[command(subcommand)]
    Callback(callback::Callback),
    /// Sign plain JSON of local programs and pass it on, until Ctrl-C
    ///
    /// Send the members of a call as JSON to the path of the call, with the token that is printed at
    /// the start. The merchant number, a nonce and the signature are added. The response comes back
    /// unchanged. Against production only the documented queries pass, unless --allow-money is given.
    /// No call is sent twice.
    #[command(after_help = proxy::EXAMPLES)]
    Proxy(proxy::Proxy),
    /// Check the way to the gateway: settings, names, connections, TLS, clock, key
    ///
    /// It sends one signed balance query. Exit code 1 if a check failed.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::Doctor),
    /// Create a deposit (money in), ask where one stands, wait for its end
    #[command(subcommand)]
    Deposit(order::Deposit),
    /// Create a withdrawal (money out), ask where one stands, wait for its end
    #[command(subcommand)]
    Withdrawal(order::Withdrawal),
    /// Calls that only Brazil has
    #[command(subcommand)]
    Brazil(country::Brazil),
    /// Calls that only Bangladesh has
    #[command(subcommand)]
    Bangladesh(country::Bangladesh),
    /// Calls that only India has
    #[command(subcommand)]
    India(country::India),
    /// Make any other call by its path
    ///
    /// At a production gateway only the documented queries pass, unless --allow-money is given.
    #[command(after_help = "Example:\n  tarspay call /api/payInInfo --set mchOrderNo=D1659318251029")]
    Call(call::Call),
    /// Show settings and where they come from, and write profiles
    #[command(subcommand)]
    Config(config::Config),
    /// Run a local gateway until Ctrl-C, and operate it from another terminal
    ///
    /// When it is ready it prints one line: its base URL, a test merchant's number and keys, and
    /// its own public key, which checks its callbacks. They are the values for TARSPAY_API_URL,
    /// TARSPAY_MERCHANT_ID and TARSPAY_PRIVATE_KEY, which `sandbox env` prints. Each start makes new
    /// keys, unless --data keeps them. The verbs find the newest sandbox that this user runs.
    Sandbox(Box<sandbox::Args>),
}

/// The command line, from which help, manual pages and completions are made.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Runs the command that the program's arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Args::try_parse() {
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

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo => on_runtime(demo::run()),
        Command::Keygen(args) => keygen::run(&args),
        Command::Sign(args) => sign::run(&args),
        Command::Verify(verify) => verify::run(&verify),
        Command::Balance(args) => on_runtime(balance::run(args)),
        Command::Listen(args) => on_runtime(listen::run(args)),
        Command::Callback(callback) => on_runtime(callback::run(callback)),
        Command::Proxy(args) => on_runtime(proxy::run(args)),
        Command::Doctor(args) => on_runtime(doctor::run(args)),
        Command::Deposit(verb) => on_runtime(order::deposit(verb)),
        Command::Withdrawal(verb) => on_runtime(order::withdrawal(verb)),
        Command::Brazil(verb) => on_runtime(country::brazil(verb)),
        Command::Bangladesh(verb) => on_runtime(country::bangladesh(verb)),
        Command::India(verb) => on_runtime(country::india(verb)),
        Command::Call(args) => on_runtime(call::run(args)),
        Command::Config(config) => config::run(&config),
        Command::Sandbox(args) => on_runtime(sandbox::run(*args)),
    }
}

/// One thread is enough for one command.
fn on_runtime(task: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::usage("the runtime cannot start").caused_by(&error))?;
    let outcome = runtime.block_on(task);
    // A look-up of a name that hangs does not hold up Ctrl-C.
    runtime.shutdown_background();
    outcome
}
