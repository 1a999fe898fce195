//! The `tarspay` command, as a library for its own program and for the pages that are made from it.
#![forbid(unsafe_code)]
#![allow(clippy::doc_markdown, reason = "doc comments of arguments are help texts: plain text")]

mod codes;
mod commands;
mod failure;
mod input;
mod output;
mod pasted;
mod settings;
mod verdict;

use clap::builder::Resettable;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use clap_complete::CompleteEnv;
use commands::{balance, completions, demo, explain, keygen, markets, sandbox, sign, verify};
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
#[command(
    name = "tarspay",
    version,
    after_help = "Examples:\n  tarspay demo\n  tarspay explain request pasted.txt\n  \
                                               tarspay sandbox --listen 127.0.0.1:8787"
)]
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
    #[command(after_help = "Examples:\n  tarspay demo\n  tarspay demo --json")]
    Demo,
    /// Make a new key pair
    ///
    /// The private key is a number below 2^255: the vendor's Java class reads a private key as a
    /// signed number, and fails with others.
    #[command(after_help = "Examples:\n  tarspay keygen --out merchant.key")]
    Keygen(keygen::Keygen),
    /// Sign a request: show every stage, the headers and the body to send
    #[command(after_help = "Examples:\n  \
                            tarspay sign --key-file merchant.key --path /api/balanceInfo --body body.json\n  \
                            echo '{}' | tarspay sign --key-file merchant.key --path /api/balanceInfo --body - --json")]
    Sign(sign::Sign),
    /// Verify a signature
    #[command(
        subcommand,
        after_help = "Examples:\n  tarspay verify request --help\n  \
                                        tarspay verify callback --signature HEX --body callback.json"
    )]
    Verify(verify::Verify),
    /// Say why a signature fails, and what to change
    #[command(
        subcommand,
        after_help = "Examples:\n  tarspay explain request pasted.txt\n  \
                                        tarspay explain callback pasted.txt"
    )]
    Explain(explain::Explain),
    /// Look up markets, ways, limits and bank codes, and check a request
    #[command(after_help = "Examples:\n  tarspay markets\n  tarspay markets show kenya\n  \
                            tarspay markets check --body deposit.json")]
    Markets(markets::Markets),
    /// Ask the gateway for the merchant's balance
    #[command(after_help = "Examples:\n  tarspay balance --key-file merchant.key --merchant-id M1688443086")]
    Balance(balance::Balance),
    /// Run a local gateway until Ctrl-C
    ///
    /// When it is ready it prints one line: its base URL, a test merchant's number and keys, and
    /// its own public key, which checks its callbacks. They are the values for TARSPAY_API_URL,
    /// TARSPAY_MERCHANT_ID and TARSPAY_PRIVATE_KEY. Each start makes new keys, unless --data keeps
    /// them.
    #[command(after_help = "Examples:\n  tarspay sandbox --listen 127.0.0.1:8787\n  \
                            tarspay sandbox --scenario partial-then-refund --data sandbox.db")]
    Sandbox(sandbox::Args),
    /// Print a script that completes commands, flags and values in a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(completions::Completions),
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(tarspay completions bash)                                  in ~/.bashrc, and likewise in ~/.zshrc
  tarspay completions fish > ~/.config/fish/completions/tarspay.fish
  tarspay completions powershell | Out-String | Invoke-Expression     in $PROFILE";

/// The command line, from which help, manual pages and completions are made.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Runs the command that the program's arguments name.
#[must_use]
pub fn main() -> ExitCode {
    // Ends the program if a shell asks for completions.
    CompleteEnv::with_factory(command).var(completions::VARIABLE).complete();
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
        Command::Explain(explain) => explain::run(explain),
        Command::Balance(args) => on_runtime(balance::run(args)),
        Command::Completions(args) => completions::run(&args),
        Command::Markets(args) => markets::run(args),
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

    /// The commands, each with those above it.
    fn verbs(command: &Command, above: &str) -> Vec<(String, Command)> {
        let name = format!("{above}{}", command.get_name());
        let below = command.get_subcommands().flat_map(|one| verbs(one, &format!("{name} ")));
        std::iter::once((name.clone(), command.clone())).chain(below).collect()
    }

    #[test]
    fn every_verb_shows_examples_that_it_can_read() {
        for (name, verb) in verbs(&super::command(), "") {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.starts_with("Examples:\n  "), "{name} has no examples: {help}");
            assert!(help.contains(&name), "the examples of {name} do not show it: {help}");
        }
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
