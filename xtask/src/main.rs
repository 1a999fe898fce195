//! `cargo xtask`: the maintainers' commands.
#![forbid(unsafe_code)]

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use xtask::shell::Failure;

/// The maintainers' commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that must hold before a change lands
    Ci,
    /// Check which crate may depend on which
    Layers,
    /// Check how many crates a user's build pulls in, and that none comes uninvited
    Tree,
    /// Write the pages of docs/ that are made from the code
    Pages {
        /// Only check that they are current
        #[arg(long)]
        check: bool,
    },
    /// Write the conformance suite, and have it checked by other languages
    Vectors {
        /// Only check that it is current
        #[arg(long)]
        check: bool,
    },
    /// Write the public API of every library to xtask/public-api/, and check the foreign types in it
    Api {
        /// Only check that it is current
        #[arg(long)]
        check: bool,
    },
    /// The steps of a release: docs/releasing.md
    #[command(subcommand)]
    Release(xtask::release::Step),
    /// Check that no link between Markdown files leads nowhere
    Links,
    /// Check that each promise of docs/threat-model.md has its test
    Promises,
    /// Try the sandbox's page in a real browser, which is installed where that can be done
    Browser,
    /// Build every choice of features of each library
    Features,
    /// Build with the lowest versions of the dependencies that the manifests allow
    Minimal,
    /// Check what the dependencies may be: licences, sources, duplicates, advisories, compilers
    Supply,
    /// Throw bytes at the fuzz targets of the crates
    Fuzz(xtask::fuzz::Options),
    /// Measure beside rivals, and write docs/performance.md
    Bench {
        /// Measure in this very process: a release build with the feature `bench`
        #[cfg(feature = "bench")]
        #[arg(long, hide = true)]
        now: bool,
    },
    /// The server of the benchmark
    #[cfg(feature = "bench")]
    #[command(hide = true)]
    BenchServer,
    /// A client of the benchmark
    #[cfg(feature = "bench")]
    #[command(hide = true)]
    BenchClient { name: String, address: String },
}

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Ci => xtask::ci::run(),
        Command::Layers => xtask::layers::run(),
        Command::Tree => xtask::tree::run(),
        Command::Pages { check } => xtask::pages::run(check),
        Command::Vectors { check } => xtask::vectors::run(check),
        Command::Api { check } => xtask::api::run(&xtask::shell::root(), check),
        Command::Release(step) => xtask::release::run(&step),
        Command::Links => xtask::links::run(),
        Command::Promises => xtask::promises::run(),
        Command::Browser => xtask::browser::run(),
        Command::Features => xtask::features::run(),
        Command::Minimal => xtask::minimal::run(),
        Command::Supply => xtask::supply::run(),
        Command::Fuzz(options) => xtask::fuzz::run(&options),
        #[cfg(feature = "bench")]
        Command::Bench { now: true } => xtask::bench::measure::run(),
        Command::Bench { .. } => xtask::bench::run(),
        #[cfg(feature = "bench")]
        Command::BenchServer => xtask::bench::http::server::run(),
        #[cfg(feature = "bench")]
        Command::BenchClient { name, address } => xtask::bench::http::client::run(&name, &address),
    };
    report(result)
}

#[expect(clippy::print_stderr, reason = "the reason of a failure belongs on stderr")]
fn report(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
