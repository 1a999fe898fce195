//! The command line.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts: plain text, no Markdown")]

use clap::builder::BoolishValueParser;
use clap::{ArgGroup, Args as ClapArgs, Parser, Subcommand};
use std::convert::Infallible;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Sign, verify and query for the TarsPay payment gateway, and run a local sandbox gateway.
///
/// Private keys come from the environment variable TARSPAY_PRIVATE_KEY or --key-file, never from an
/// argument. TARSPAY_MERCHANT_ID and TARSPAY_API_URL replace --merchant-id and --api-url. An empty
/// variable counts as not set.
///
/// Exit codes: 0 done or valid, 1 not valid or refused, 2 wrong usage or unreadable input.
#[derive(Debug, Parser)]
#[command(name = "tarspay", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show each step of a request against an embedded sandbox gateway
    Demo(JsonOnly),
    /// Make a new key pair
    ///
    /// The private key is a number below 2^255: the vendor's Java class reads a private key as a
    /// signed number, and fails with others.
    Keygen(Keygen),
    /// Sign a request: show every stage, the headers and the body to send
    Sign(Sign),
    /// Verify a signature
    #[command(subcommand)]
    Verify(Verify),
    /// Ask the gateway for the merchant's balance
    Balance(Balance),
    /// Run a local gateway until Ctrl-C
    ///
    /// When it is ready it prints one line: its base URL, a test merchant's number and keys, and
    /// its own public key, which checks its callbacks. They are the values for TARSPAY_API_URL,
    /// TARSPAY_MERCHANT_ID and TARSPAY_PRIVATE_KEY. Each start makes new keys, unless --data keeps
    /// them.
    Sandbox(Sandbox),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verify {
    /// Verify the signature of a request
    Request(VerifyRequest),
    /// Verify the signature of a callback
    ///
    /// One system key signs for all merchants, so a valid signature does not say whose order it is:
    /// compare mchNo in the body with your own merchant number.
    Callback(VerifyCallback),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct JsonOnly {
    /// Write one JSON object for machines
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Keygen {
    /// Write the private key to this new file, readable by its owner only, and not to the terminal
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: JsonOnly,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct PrivateKeySource {
    /// File that holds the private key, 64 hex digits, - for standard input [default: the
    /// environment variable TARSPAY_PRIVATE_KEY]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Allow a --key-file that other users can read, such as a mounted secret
    #[arg(long, env = "TARSPAY_ALLOW_READABLE_KEY_FILE", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub(crate) allow_readable_key_file: bool,
}

#[derive(Debug, ClapArgs)]
#[command(group(ArgGroup::new("what_is_sent").required(true).args(["body", "no_body"])))]
pub(crate) struct Sign {
    #[command(flatten)]
    pub(crate) key: PrivateKeySource,
    /// Path of the call, such as /api/balanceInfo
    #[arg(long)]
    pub(crate) path: String,
    /// Unix time in milliseconds [default: now]
    #[arg(long)]
    pub(crate) nonce: Option<String>,
    /// File with the JSON body, - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,
    /// The request has no body
    #[arg(long)]
    pub(crate) no_body: bool,
    #[command(flatten)]
    pub(crate) output: JsonOnly,
}

#[derive(Debug, ClapArgs)]
#[command(group(ArgGroup::new("what_was_sent").required(true).args(["body", "no_body", "string_to_sign"])))]
pub(crate) struct VerifyRequest {
    /// Public key of the signer, 66 hex digits
    #[arg(long, value_name = "HEX")]
    pub(crate) public_key: String,
    /// Value of X-API-SIGNATURE
    #[arg(long, value_name = "HEX")]
    pub(crate) signature: String,
    /// Path of the call
    #[arg(long, required_unless_present = "string_to_sign")]
    pub(crate) path: Option<String>,
    /// Value of X-API-NONCE
    #[arg(long, required_unless_present = "string_to_sign")]
    pub(crate) nonce: Option<String>,
    /// File with the JSON body, - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,
    /// The request had no body
    #[arg(long)]
    pub(crate) no_body: bool,
    /// The signed text itself, in place of path, nonce and body
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["path", "nonce"])]
    pub(crate) string_to_sign: Option<String>,
    /// Refuse a signature with a high s
    #[arg(long)]
    pub(crate) low_s: bool,
    /// Do not look for the mistake behind a signature that is not valid
    #[arg(long)]
    pub(crate) no_explain: bool,
    #[command(flatten)]
    pub(crate) output: JsonOnly,
}

#[derive(Debug, ClapArgs)]
#[command(group(ArgGroup::new("what_was_sent").required(true).args(["body", "string_to_sign"])))]
pub(crate) struct VerifyCallback {
    /// Public key of the sender [default: the gateway's system key]
    #[arg(long, value_name = "HEX")]
    pub(crate) public_key: Option<String>,
    /// Value of X-RESP-SIGNATURE
    #[arg(long, value_name = "HEX")]
    pub(crate) signature: String,
    /// File with the body as it was received, - for standard input; a byte order mark or a line end
    /// that was not signed is left out
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,
    /// The signed text itself, in place of the body
    #[arg(long, value_name = "TEXT")]
    pub(crate) string_to_sign: Option<String>,
    /// Do not look for the mistake behind a signature that is not valid
    #[arg(long)]
    pub(crate) no_explain: bool,
    #[command(flatten)]
    pub(crate) output: JsonOnly,
}

/// A variable that was read from a file ends in a line feed.
#[expect(clippy::unnecessary_wraps, reason = "clap wants a result")]
fn trimmed(text: &str) -> Result<String, Infallible> {
    Ok(text.trim().to_owned())
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Balance {
    #[command(flatten)]
    pub(crate) key: PrivateKeySource,
    /// Merchant number
    #[arg(long, env = "TARSPAY_MERCHANT_ID", hide_env_values = true, value_name = "NUMBER", value_parser = trimmed)]
    pub(crate) merchant_id: Option<String>,
    /// Base URL of the gateway
    #[arg(
        long,
        env = "TARSPAY_API_URL",
        hide_env_values = true,
        value_name = "URL",
        value_parser = trimmed,
        default_value = tarspay::PRODUCTION_URL
    )]
    pub(crate) api_url: String,
    /// Go through the HTTP proxy at this address, with CONNECT
    ///
    /// [default: the environment variable TARSPAY_PROXY, which may hold a user and a password:
    /// http://user:password@host:port]
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// Trust the certificates that the operating system trusts, not the built-in ones
    #[arg(long)]
    pub(crate) platform_roots: bool,
    /// Allow plain HTTP to this host of a closed network, such as a sandbox in another container:
    /// anyone on the network path can read and change it
    #[arg(long, env = "TARSPAY_PLAIN_HTTP_HOST", hide_env_values = true, value_name = "HOST", value_parser = trimmed)]
    pub(crate) plain_http_host: Option<String>,
    #[command(flatten)]
    pub(crate) output: JsonOnly,
}

#[derive(Debug, ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Sandbox {
    /// IP address of loopback and port; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: String,
    /// Keep the state in this file across restarts [default: in memory]
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Allow --listen with an address that other machines can reach: whoever reaches the sandbox
    /// controls it
    #[arg(long, requires = "listen")]
    pub(crate) listen_on_network: bool,
    /// Host name in the sandbox's URLs, accepted by its pages and control API; with a port, if it
    /// differs [default: none]
    #[arg(long, value_name = "NAME")]
    pub(crate) public_name: Option<String>,
    /// Play an included scenario, or your own in a TOML file; repeatable
    #[arg(long = "scenario", value_name = "NAME|FILE")]
    pub(crate) scenarios: Vec<OsString>,
    /// List the included scenarios and exit
    #[arg(long)]
    pub(crate) list_scenarios: bool,
    /// Time in which a deposit must be paid, such as 90s or "1h 30m" [default: 30m]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) deposit_lifetime: Option<Duration>,
    /// Refuse amounts beyond the published limits
    #[arg(long)]
    pub(crate) enforce_limits: bool,
    /// Send callbacks also for refunds, timeouts and rejections
    #[arg(long)]
    pub(crate) notify_all_ends: bool,
    /// Also allow callbacks to this host, by its full name; repeatable [default: loopback only]
    #[arg(long = "allow-receiver", value_name = "HOST")]
    pub(crate) allowed_receivers: Vec<String>,
    /// Do not look for the mistake behind a refused signature
    #[arg(long)]
    pub(crate) no_explain: bool,
    #[command(flatten)]
    pub(crate) output: JsonOnly,
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::{Command, CommandFactory as _};

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    fn names(command: &Command) -> Vec<String> {
        let own = command.get_arguments().map(|argument| argument.get_id().to_string());
        own.chain(command.get_subcommands().flat_map(names)).collect()
    }

    #[test]
    fn no_argument_is_a_private_key() {
        let mut names = names(&Args::command());
        names.retain(|name| ["key", "private", "secret"].iter().any(|word| name.contains(word)));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names, ["allow_readable_key_file", "key_file", "public_key"]);
    }
}
