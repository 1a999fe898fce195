//! Everything that must hold before a change lands, cheapest first.

use crate::shell::{Failure, cargo, root, run as run_command, say, take_skipped};
use crate::{
    api, browser, features, fuzz, layers, links, minimal, pages, promises, release, supply, tree, vectors,
};
use std::time::{Duration, Instant};

/// The sets of features, beside all and the default, in which the tests run: the package and its flags. That every other
/// set builds is `cargo xtask features`.
const FEATURE_SETS: &[(&str, &[&str])] = &[
    ("tarspay", &["--no-default-features"]),
    ("tarspay", &["--no-default-features", "--features", "axum"]),
    ("tarspay", &["--no-default-features", "--features", "tower"]),
    ("tarspay", &["--no-default-features", "--features", "tracing"]),
    ("tarspay", &["--no-default-features", "--features", "client"]),
    ("tarspay-transport", &["--no-default-features"]),
    ("tarspay-transport", &["--no-default-features", "--features", "platform-verifier"]),
];

/// A check and its name.
type Step = (&'static str, fn() -> Result<(), Failure>);

/// The checks in their order. One that cannot run here says so by [`skip`](crate::shell::skip).
const STEPS: &[Step] = &[
    ("formatting", || run_command(cargo(&root(), &["fmt", "--all", "--check"]))),
    ("layers", layers::run),
    ("dependency tree", tree::run),
    ("supply chain", supply::run),
    ("pages made from the code", || pages::run(true)),
    ("conformance suite", || vectors::run(true)),
    ("public API", || api::run(&root(), true)),
    ("links", links::run),
    ("promises", promises::run),
    ("lints", lints),
    ("tests, every feature", || {
        run_command(cargo(&root(), &["test", "--locked", "--workspace", "--all-features"]))
    }),
    ("tests, other feature sets", || {
        FEATURE_SETS.iter().try_for_each(|(package, flags)| {
            run_command(with_flags(&["test", "--locked", "--package", package], flags))
        })
    }),
    ("lints, each set of features", features::run),
    ("fuzz targets, a few runs", fuzz::smoke),
    ("the page in a browser", browser::run),
    ("documentation", || {
        let mut doc = cargo(&root(), &["doc", "--locked", "--workspace", "--all-features", "--no-deps"]);
        doc.env("RUSTDOCFLAGS", "-D warnings");
        run_command(doc)
    }),
    ("minimal versions", minimal::run),
    ("a rehearsed release", || release::rehearse::run(&root())),
];

/// Runs every check, and stops at the first that fails. At the end it tells the time that each took, and what was skipped.
///
/// # Errors
///
/// Names the check that failed.
pub fn run() -> Result<(), Failure> {
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

fn lints() -> Result<(), Failure> {
    const DENY: &[&str] = &["--", "-D", "warnings"];
    run_command(with_flags(&["clippy", "--locked", "--workspace", "--all-targets", "--all-features"], DENY))?;
    FEATURE_SETS.iter().try_for_each(|(package, flags)| {
        let flags = [*flags, DENY].concat();
        run_command(with_flags(&["clippy", "--locked", "--all-targets", "--package", package], &flags))
    })
}

fn with_flags(words: &[&str], flags: &[&str]) -> std::process::Command {
    cargo(&root(), &[words, flags].concat())
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
