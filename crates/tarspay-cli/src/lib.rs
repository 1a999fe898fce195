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
mod pasted;
mod profile;
mod receiver;
mod server;
mod settings;
mod tls;
mod verdict;

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::CompleteEnv;
use commands::{
    balance, call, callback, completions, config, country, demo, doctor, explain, inbox, keygen, listen,
    markets, order, proxy, sandbox, sign, verify,
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
    /// Receive, verify, show, keep and forward callbacks (webhooks) until Ctrl-C
    ///
    /// A callback is answered with OK, after which the gateway does not send it again, only when it
    /// is written to --log or when every --forward has accepted it: with a 2xx status and the text
    /// OK. One that comes again is answered, and forwarded only with --forward-repeated.
    #[command(after_help = listen::EXAMPLES)]
    Listen(listen::Args),
    /// Send signed test callbacks (webhooks), or past ones again
    ///
    /// They are signed with a test key. The private key of the gateway is not known, so no receiver
    /// in production accepts them: let the receiver under test trust the public key that is shown.
    #[command(
        subcommand,
        after_help = "Examples:\n  tarspay callback send --help\n  tarspay callback replay --help"
    )]
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
    /// Create a deposit (money in), get its state, wait for its end
    #[command(
        subcommand,
        after_help = "Examples:\n  tarspay deposit create --help\n  tarspay deposit wait D1659318251029"
    )]
    Deposit(order::Deposit),
    /// Create a withdrawal (money out), get its state, wait for its end
    #[command(
        subcommand,
        after_help = "Examples:\n  tarspay withdrawal create --help\n  tarspay withdrawal get W1659318251029"
    )]
    Withdrawal(order::Withdrawal),
    /// Calls that only Brazil has
    #[command(subcommand, after_help = "Examples:\n  tarspay brazil query-trx-id --help")]
    Brazil(country::Brazil),
    /// Calls that only Bangladesh has
    #[command(subcommand, after_help = "Examples:\n  tarspay bangladesh query-trx-id --help")]
    Bangladesh(country::Bangladesh),
    /// Calls that only India has
    #[command(subcommand, after_help = "Examples:\n  tarspay india query-utr --help")]
    India(country::India),
    /// Make any other call by its path
    ///
    /// At a production gateway only the documented queries pass, unless --allow-money is given. It never
    /// creates an order, at any gateway: use `deposit create`, `withdrawal create` or `proxy`.
    #[command(after_help = "Examples:\n  tarspay call /api/payInInfo --set mchOrderNo=D1659318251029")]
    Call(call::Call),
    /// Show settings and where they come from, and write profiles
    #[command(
        subcommand,
        after_help = "Examples:\n  tarspay config show\n  tarspay config set merchant_id M1688443086"
    )]
    Config(config::Config),
    /// Operate a merchant's inbox: what waits in its database, and for how long
    Inbox(inbox::Operate),
    /// Run a local gateway until Ctrl-C, and operate it from another terminal
    ///
    /// When it is ready it prints one line: its base URL, a test merchant's number and keys, and
    /// its own public key, which checks its callbacks. They are the values for TARSPAY_API_URL,
    /// TARSPAY_MERCHANT_ID and TARSPAY_PRIVATE_KEY, which `sandbox env` prints. Each start makes new
    /// keys, unless --data keeps them. The verbs find the newest sandbox that this user runs.
    Sandbox(Box<sandbox::Args>),
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
    completions::quote_for(std::env::var_os(completions::VARIABLE));
    // Ends the program if a shell asks for completions.
    CompleteEnv::with_factory(command).var(completions::VARIABLE).complete();
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
        Err(failure) => {
            if let Some(line) = sandbox::stop_of_eval(std::env::args_os()).filter(|_| !output::is_json()) {
                // If it cannot be written, nothing is evaluated either.
                let _ = output::line(line);
            }
            failure.report()
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo => on_runtime(demo::run()),
        Command::Keygen(args) => keygen::run(&args),
        Command::Sign(args) => sign::run(&args),
        Command::Verify(verify) => verify::run(&verify),
        Command::Explain(explain) => explain::run(explain),
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
        Command::Inbox(args) => on_runtime(inbox::run(args)),
        Command::Sandbox(args) => on_runtime(sandbox::run(*args)),
        Command::Completions(args) => completions::run(&args),
        Command::Markets(args) => markets::run(args),
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

#[cfg(test)]
mod tests {
    use clap::Command;

    /// The commands, each with those above it.
    fn verbs(command: &Command, above: &str) -> Vec<(String, Command)> {
        let name = format!("{above}{}", command.get_name());
        let below = command.get_subcommands().flat_map(|one| verbs(one, &format!("{name} ")));
        std::iter::once((name.clone(), command.clone())).chain(below).collect()
    }

    #[test]
    fn every_verb_shows_examples_that_it_can_read() {
        let has_none = |(name, verb): &(String, Command)| {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            !help.starts_with("Examples:\n  ") || !help.contains(name)
        };
        let without: Vec<_> = verbs(&super::command(), "").into_iter().filter(has_none).collect();
        let names: Vec<_> = without.iter().map(|(name, _)| name).collect();
        assert!(names.is_empty(), "without an example of their own: {names:?}");
    }
}
