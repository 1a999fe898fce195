//! `cargo xtask fuzz`: libFuzzer on the fuzz targets of the crates, with stable Rust and a C++ compiler.
//!
//! A target is a function of bytes that panics when a property is broken. It is in the `tests/fuzz/` of the crate that it is
//! about, whose tests replay its seeds and the inputs in `tests/fuzz/found/`. The program that libFuzzer runs is
//! `xtask/libfuzzer`. It is not a member of the workspace, so that nothing else needs libFuzzer. (`cargo fuzz` needs a
//! nightly, for sanitizers that code without `unsafe` has no use for.)

use crate::shell::{Failure, cargo, output, root, run as run_command, say, skip, target_folder};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What rustc's own LLVM puts into the code: a counter for each edge, and a call for each comparison.
const COUNTERS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

/// What to fuzz and for how long.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The target; every one in turn if none is given
    target: Option<String>,
    /// Only list the targets
    #[arg(long)]
    list: bool,
    /// How long each target runs
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// Run one input, to reproduce what was found
    #[arg(long, value_name = "FILE", requires = "target")]
    input: Option<PathBuf>,
}

/// Builds the program and runs what the options say.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let program = build()?;
    let targets = targets(&program)?;
    let names = targets.iter().map(|target| target.name.as_str()).collect::<Vec<_>>().join(", ");
    if options.list {
        say(&format!("fuzz targets: {names}"));
        return Ok(());
    }
    let is_chosen = |target: &&Target| options.target.as_deref().is_none_or(|name| name == target.name);
    let chosen: Vec<_> = targets.iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        return Err(Failure::new(format!("unknown target; the fuzz targets are: {names}")));
    }
    let corpora = target_folder(&root())?.join("fuzz-corpus");
    for target in chosen {
        let corpus = corpora.join(&target.name);
        if let Some(input) = &options.input {
            target.campaign(&program, &corpus, &[], input)?;
        } else {
            let time = format!("-max_total_time={}", options.seconds);
            target.campaign(&program, &corpus, &[&time], &corpus)?;
        }
    }
    Ok(())
}

/// The short run of `cargo xtask ci`: each target for a fixed number of inputs, from its seeds and one random seed.
pub(crate) fn smoke() -> Result<(), Failure> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let mut version = Command::new(&compiler);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    if !cfg!(unix) || !version.status().is_ok_and(|status| status.success()) {
        skip("fuzzing", &format!("libFuzzer needs Unix and a C++ compiler ({compiler})"));
        return Ok(());
    }
    let program = build()?;
    let corpora = tempfile::tempdir().map_err(|error| Failure::to("make a temporary folder", error))?;
    for target in targets(&program)? {
        let corpus = corpora.path().join(&target.name);
        let runs = format!("-runs={}", target.smoke_runs);
        target.campaign(&program, &corpus, &["-seed=1", &runs, "-verbosity=0"], &corpus)?;
    }
    Ok(())
}

/// A line of the list that the program prints.
struct Target {
    name: String,
    package: String,
    smoke_runs: String,
}

fn targets(program: &Path) -> Result<Vec<Target>, Failure> {
    let list = output(Command::new(program))?;
    let target = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        Some(Target { name: words.next()?, package: words.next()?, smoke_runs: words.next()? })
    };
    Ok(list.lines().filter_map(target).collect())
}

impl Target {
    /// Runs libFuzzer on a folder of inputs or on one input. The program adds the seeds to the corpus.
    fn campaign(&self, program: &Path, corpus: &Path, flags: &[&str], inputs: &Path) -> Result<(), Failure> {
        let found = Path::new("crates").join(&self.package).join("tests/fuzz/found").join(&self.name);
        for folder in [&root().join(&found), corpus] {
            fs::create_dir_all(folder)
                .map_err(|error| Failure::to(&format!("make {}", folder.display()), error))?;
        }
        // The program starts in the folder of the workspace, whichever the caller is in.
        let inputs = std::path::absolute(inputs).map_err(|error| Failure::to("find the input", error))?;
        let mut command = Command::new(program);
        command.current_dir(root()).args(flags).arg(inputs);
        command.env("TARSPAY_FUZZ_TARGET", &self.name).env("TARSPAY_FUZZ_CORPUS", corpus);
        command.arg(format!("-artifact_prefix={}/", found.display()));
        // A slow input is not a fault; one that hangs is.
        command.args(["-report_slow_units=60", "-timeout=120"]);
        let result = run_command(command);
        // Stays only with something in it.
        let _ = fs::remove_dir(root().join(&found));
        result.map_err(|failure| {
            Failure::new(format!(
                "{name} breaks: {failure}\nThe input is the newest file in {found}, and fails the tests of {package} \
                 until it is fixed.\nTo reproduce: cargo xtask fuzz {name} --input {found}/FILE",
                name = self.name,
                package = self.package,
                found = found.display()
            ))
        })
    }
}

/// Builds the program with the versions that the workspace is tested with, in a folder beside the workspace's own builds.
fn build() -> Result<PathBuf, Failure> {
    let package = root().join("xtask/libfuzzer");
    fs::copy(root().join("Cargo.lock"), package.join("Cargo.lock"))
        .map_err(|error| Failure::to("copy Cargo.lock", error))?;
    let mut host = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    host.args(["--print", "host-tuple"]);
    let host = output(host)?.trim().to_owned();
    let folder = target_folder(&root())?.join("libfuzzer");
    // With a target named, build scripts and macros stay without counters.
    let mut build = cargo(&package, &["build", "--quiet", "--release", "--target", &host, "--target-dir"]);
    build.arg(&folder).env("RUSTFLAGS", COUNTERS);
    run_command(build)?;
    Ok(folder.join(host).join("release/tarspay-libfuzzer"))
}
