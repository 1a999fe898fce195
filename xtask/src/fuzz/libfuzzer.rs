//! libFuzzer as the driver: builds `xtask/libfuzzer` with the counters that it is guided by, and runs it.

use super::Options;
use crate::shell::{Failure, cargo, output, root, run as run_command, say, target_folder};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What rustc's own LLVM puts into the code: a counter for each edge, and a call for each comparison. No sanitizer, which
/// would need a nightly; there is no unsafe code here for one to watch.
const COUNTERS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

/// Why it cannot be built here, if so.
pub(super) fn missing() -> Option<String> {
    if !cfg!(unix) {
        return Some("libFuzzer is built on Unix only".to_owned());
    }
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let found = Command::new(&compiler).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match found {
        Ok(status) if status.success() => None,
        _ => Some(format!("there is no C++ compiler ({compiler}) to build libFuzzer with")),
    }
}

/// Runs the target, or each in turn.
pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let program = build()?;
    let folder = target_folder(&root())?.join("fuzz-corpus");
    let targets = output(driver(&program, "", &folder))?;
    // What `xtask/libfuzzer/src/main.rs` prints when it is given no target: a name and a folder in each line.
    let targets: Vec<_> = targets.lines().filter_map(|line| line.split_once(' ')).collect();
    let chosen: Vec<_> = targets
        .iter()
        .filter(|(name, _)| options.target.as_deref().is_none_or(|only| only == *name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<_> = targets.iter().map(|(name, _)| *name).collect();
        return Err(Failure::new(format!("no such fuzz target; there are: {}", names.join(", "))));
    }
    for (name, found) in chosen {
        campaign(&program, name, Path::new(found), &folder.join(name), options.seconds)?;
    }
    Ok(())
}

fn campaign(program: &Path, name: &str, found: &Path, corpus: &Path, seconds: u64) -> Result<(), Failure> {
    for folder in [found, corpus] {
        fs::create_dir_all(folder)
            .map_err(|error| Failure::to(&format!("make {}", folder.display()), error))?;
    }
    let mut command = driver(program, name, corpus);
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", found.display()))
        // A slow input is no fault; one that hangs is.
        .args(["-report_slow_units=60", "-timeout=120", "-print_final_stats=1"])
        .arg(corpus);
    let result = run_command(command);
    // Stays only with something in it.
    let _ = fs::remove_dir(found);
    result.map_err(|failure| {
        let found = found.strip_prefix(root()).unwrap_or(found).display();
        Failure::new(format!(
            "{name} breaks: {failure}\nThe input is the newest file in {found}; the tests replay it until it is \
             mended.\nTo reproduce: cargo xtask fuzz {name} --input {found}/FILE"
        ))
    })?;
    say(&format!("fuzz: {name} holds for {seconds} s; its corpus is in {}", corpus.display()));
    Ok(())
}

fn driver(program: &Path, target: &str, corpus: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).env("TARSPAY_FUZZ_TARGET", target).env("TARSPAY_FUZZ_CORPUS", corpus);
    command
}

/// Builds it with the versions that the workspace is tested with, in a folder beside the workspace's own builds.
fn build() -> Result<PathBuf, Failure> {
    let package = root().join("xtask/libfuzzer");
    fs::copy(root().join("Cargo.lock"), package.join("Cargo.lock"))
        .map_err(|error| Failure::to("copy Cargo.lock", error))?;
    let mut host = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    host.args(["--print", "host-tuple"]);
    let host = output(host)?.trim().to_owned();
    let folder = target_folder(&root())?.join("libfuzzer");
    // With a target named, build scripts and macros stay without counters.
    let mut build = cargo(&package, &["build", "--release", "--target", &host, "--target-dir"]);
    build.arg(&folder).env("RUSTFLAGS", COUNTERS);
    run_command(build)?;
    Ok(folder.join(host).join("release/tarspay-libfuzzer"))
}
