//! `cargo xtask fuzz`: throws bytes at the targets of the crates, guided by libFuzzer where it can be built.
//!
//! A target is a function of bytes that panics when a property is broken. It lives in the `tests/fuzz/` of the crate that
//! it is about, whose tests replay its seeds and the inputs in `tests/fuzz/found/`; two drivers run it:
//!
//! - **libFuzzer** looks for inputs that reach new code. It needs a C++ compiler beside stable Rust: the counters come
//!   from rustc's own LLVM. Its package, `xtask/libfuzzer`, is no member of the workspace.
//! - **our own** mutates the seeds at random, the same way for the same seed. It needs nothing.

#[cfg(feature = "fuzz")]
mod crates;
#[cfg(feature = "fuzz")]
pub mod driver;
mod libfuzzer;
#[cfg(feature = "fuzz")]
mod mutate;
#[cfg(feature = "fuzz")]
pub mod targets;

use crate::shell::{Failure, cargo, root, run as run_command, say};
use std::ffi::OsString;
use std::path::PathBuf;

/// What to fuzz, how and for how long.
#[derive(Clone, Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[non_exhaustive]
pub struct Options {
    /// The target; every one in turn if none is given
    pub target: Option<String>,
    /// Only list the targets
    #[arg(long)]
    pub list: bool,
    /// How long each target runs
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub seconds: u64,
    /// Run the short, deterministic smoke test in place of a campaign
    #[arg(long, conflicts_with_all = ["seconds", "input"])]
    pub smoke: bool,
    /// Run one input, to reproduce what was found
    #[arg(long, value_name = "FILE", requires = "target")]
    pub input: Option<PathBuf>,
    /// Use our own driver, even where libFuzzer can be built
    #[arg(long)]
    pub own: bool,
    /// The seed of our own driver
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Run in this very process, built with the feature `fuzz`
    #[cfg(feature = "fuzz")]
    #[arg(long, hide = true)]
    pub now: bool,
}

/// Fuzzes with the driver that fits.
///
/// # Errors
///
/// If a target is unknown, does not build, or breaks; then it says how to reproduce that.
pub fn run(options: &Options) -> Result<(), Failure> {
    #[cfg(feature = "fuzz")]
    if options.now {
        return driver::run(options);
    }
    if options.list || options.smoke || options.input.is_some() {
        return own(options);
    }
    if options.own {
        say("fuzz: with our own driver, as asked for");
        return own(options);
    }
    match libfuzzer::missing() {
        None => {
            say("fuzz: with libFuzzer");
            libfuzzer::run(options)
        }
        Some(reason) => {
            say(&format!("fuzz: with our own driver, since {reason}"));
            own(options)
        }
    }
}

/// The short, deterministic run of `cargo xtask ci`: each target some hundred times.
///
/// # Errors
///
/// As [`run`].
pub fn smoke() -> Result<(), Failure> {
    run_words(&["--smoke".into()])
}

/// Our own driver, with the words of the options.
fn own(options: &Options) -> Result<(), Failure> {
    let mut words: Vec<OsString> = options.target.iter().map(OsString::from).collect();
    if options.list {
        words.push("--list".into());
    }
    if options.smoke {
        words.push("--smoke".into());
    } else if let Some(input) = &options.input {
        // The program is started in the folder of the workspace, whichever the caller is in.
        let input = std::path::absolute(input).map_err(|error| Failure::to("find the input", error))?;
        words.extend(["--input".into(), input.into()]);
    } else {
        words.push(format!("--seconds={}", options.seconds).into());
    }
    words.push(format!("--seed={}", options.seed).into());
    run_words(&words)
}

fn run_words(words: &[OsString]) -> Result<(), Failure> {
    let build = ["run", "--quiet", "--locked", "--package", "xtask", "--features", "fuzz"];
    let mut command = cargo(&root(), &build);
    command.args(["--", "fuzz", "--now"]).args(words);
    run_command(command)
}
