//! Everything that must hold before a change lands, cheapest first.

use crate::shell::{Failure, cargo, output, root, run as run_command, say, skip, take_skipped};
use crate::{dependencies, dist, examples, fuzz, links, pages, promises, release, vectors};
use std::time::{Duration, Instant};

/// The sets of features in which other tests run than with those of the whole workspace together: the package and its flags.
/// That every other set builds is the step after.
const FEATURE_SETS: &[(&str, &[&str])] = &[
    ("tarspay", &["--all-features"]),
    ("tarspay", &["--no-default-features"]),
    ("tarspay", &["--no-default-features", "--features", "client"]),
    ("tarspay-cli", &["--all-features", "--test", "it", "inbox::"]),
    ("tarspay-inbox", &["--all-features"]),
    ("tarspay-transport", &["--all-features"]),
    ("tarspay-transport", &["--no-default-features"]),
];

/// A check and its name.
type Step = (&'static str, fn() -> Result<(), Failure>);

/// The checks in their order. One that cannot run here says so by [`skip`](crate::shell::skip).
const STEPS: &[Step] = &[
    ("formatting", || run_command(cargo(&root(), &["fmt", "--all", "--check"]))),
    ("dependencies", dependencies::run),
    ("pages made from the code", || pages::run(true)),
    ("conformance suite", || vectors::run(true)),
    ("links", links::run),
    ("promises", promises::run),
    ("lints", || clippy(&["clippy", "--locked", "--workspace", "--all-targets", "--all-features"])),
    ("tests", || {
        let mut test = cargo(&root(), &["test", "--locked", "--workspace"]);
        // Ten times as many random comparisons of signatures.
        test.env("TARSPAY_LONG", "1");
        run_command(test)
    }),
    ("tests, other feature sets", || {
        FEATURE_SETS.iter().try_for_each(|(package, flags)| test(package, flags))
    }),
    ("lints, each set of features", each_feature_set),
    ("examples with other frameworks", examples::run),
    ("WebAssembly", examples::wasm),
    ("the archive of a release", dist::check),
    ("fuzz targets, a few runs", fuzz::smoke),
    ("documentation", || {
        let mut doc = cargo(&root(), &["doc", "--locked", "--workspace", "--all-features", "--no-deps"]);
        doc.env("RUSTDOCFLAGS", "-D warnings");
        run_command(doc)
    }),
    ("a rehearsed release", release::rehearse),
];

/// Runs every check, and stops at the first that fails. At the end it tells the time that each took, and what was skipped.
pub(crate) fn run() -> Result<(), Failure> {
    let mut times = Vec::new();
    let result = STEPS.iter().try_for_each(|(name, check)| {
        say(&format!("\n== {name}"));
        let started = Instant::now();
        let result = check();
        times.push((*name, started.elapsed()));
        result.map_err(|failure| Failure::new(format!("{name}: {failure}")))
    });
    say(&summary(&times, &take_skipped()));
    result?;
    say("ci: what was checked holds");
    Ok(())
}

fn summary(times: &[(&str, Duration)], skipped: &[String]) -> String {
    let line = |name: &str, time: &Duration| format!("{:7.1} s  {name}\n", time.as_secs_f64());
    let mut text = "\n== summary\n".to_owned();
    text.extend(times.iter().map(|(name, time)| line(name, time)));
    text += &line("in all", &times.iter().map(|(_, time)| *time).sum());
    if skipped.is_empty() {
        text += "nothing was skipped";
    } else {
        text += &skipped.join("\n");
    }
    text
}

fn test(package: &str, flags: &[&str]) -> Result<(), Failure> {
    run_command(cargo(&root(), &[&["test", "--locked", "--package", package], flags].concat()))
}

fn clippy(words: &[&str]) -> Result<(), Failure> {
    run_command(cargo(&root(), &[words, &["--", "-D", "warnings"]].concat()))
}

/// Every combination of the features of each library builds without a warning.
fn each_feature_set() -> Result<(), Failure> {
    if output(cargo(&root(), &["hack", "--version"])).is_err() {
        skip("every set of features", "cargo hack is not installed: cargo install --locked cargo-hack");
        return Ok(());
    }
    clippy(&[
        "hack",
        "--feature-powerset",
        "--exclude-features",
        "default",
        "--workspace",
        "--exclude",
        "xtask",
        "clippy",
        "--locked",
        "--quiet",
    ])
}

#[cfg(test)]
mod tests {
    use super::summary;
    use std::time::Duration;

    #[test]
    fn the_summary_tells_times_and_what_was_skipped() {
        let times = [("layers", Duration::from_millis(200)), ("lints", Duration::from_secs(61))];
        let text = summary(&times, &["skipped: advisories: no network".to_owned()]);
        assert_eq!(
            text,
            "\n== summary\n    0.2 s  layers\n   61.0 s  lints\n   61.2 s  in all\nskipped: advisories: no network"
        );
        assert!(summary(&times, &[]).ends_with("nothing was skipped"));
    }
}
