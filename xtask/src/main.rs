//! `cargo xtask`: the maintainers' commands.
#![forbid(unsafe_code)]

mod bench;
mod ci;
mod dependencies;
mod dist;
mod examples;
mod fuzz;
mod links;
mod pages;
mod promises;
mod release;
#[cfg(test)]
mod sandbox_page;
mod shell;
mod vectors;

use clap::{Parser, Subcommand};
use shell::Failure;
use std::process::ExitCode;

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
    /// Check what the crates depend on: layers, number of crates, compilers, licences, sources, advisories
    Dependencies,
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
    /// What to check before a release: docs/releasing.md
    #[command(subcommand)]
    Release(release::Step),
    /// Build the archive of a release, and run its command in an empty root: docs/install.md
    Dist,
    /// Build and run docs/examples: receivers and columns with the frameworks and databases of others
    Examples,
    /// Check that no link between Markdown files leads nowhere
    Links,
    /// Check that each promise of docs/threat-model.md has its test
    Promises,
    /// Run libFuzzer on the fuzz targets of the crates
    Fuzz(fuzz::Options),
    /// Measure beside rivals, and write docs/performance.md
    Bench {
        /// Measure the inbox alone, and print its rows only
        #[arg(long)]
        inbox: bool,
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
        Command::Ci => ci::run(),
        Command::Dependencies => dependencies::run(),
        Command::Pages { check } => pages::run(check),
        Command::Vectors { check } => vectors::run(check),
        Command::Release(step) => release::run(step),
        Command::Dist => dist::run(),
        Command::Examples => examples::run(),
        Command::Links => links::run(),
        Command::Promises => promises::run(),
        Command::Fuzz(options) => fuzz::run(&options),
        #[cfg(feature = "bench")]
        Command::Bench { now: true, inbox } => bench::measure::run(inbox),
        Command::Bench { inbox, .. } => bench::run(inbox),
        #[cfg(feature = "bench")]
        Command::BenchServer => bench::http::server::run(),
        #[cfg(feature = "bench")]
        Command::BenchClient { name, address } => bench::http::client::run(&name, &address),
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
