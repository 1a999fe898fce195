//! Everything that must hold before a change lands, cheapest first.

use crate::shell::{Failure, cargo, root, run as run_command, say};
use crate::{alone, browser, layers, links, pages, promises, tree, vectors};

/// Each set of features that a user can choose, beside the default: the package and its flags.
const FEATURE_SETS: &[(&str, &[&str])] = &[
    ("tarspay", &["--no-default-features"]),
    ("tarspay", &["--no-default-features", "--features", "axum"]),
    ("tarspay", &["--no-default-features", "--features", "tower"]),
    ("tarspay", &["--no-default-features", "--features", "tracing"]),
    ("tarspay", &["--no-default-features", "--features", "client"]),
    ("tarspay-sign", &[]),
    ("tarspay-transport", &["--no-default-features"]),
    ("tarspay-transport", &["--no-default-features", "--features", "platform-verifier"]),
];

/// Runs every check, and stops at the first that fails.
///
/// # Errors
///
/// Names the check that failed.
pub fn run() -> Result<(), Failure> {
    step("formatting", || run_command(cargo(&root(), &["fmt", "--all", "--check"])))?;
    step("layers", layers::run)?;
    step("dependency tree", tree::run)?;
    step("pages made from the code", || pages::run(true))?;
    step("conformance suite", || vectors::run(true))?;
    step("links", links::run)?;
    step("promises", promises::run)?;
    step("lints", lints)?;
    step("the page in a browser", browser::run)?;
    step("tests, every feature", || {
        run_command(cargo(&root(), &["test", "--locked", "--workspace", "--all-features"]))
    })?;
    step("tests, other feature sets", || {
        FEATURE_SETS.iter().try_for_each(|(package, flags)| {
            run_command(with_flags(&["test", "--locked", "--package", package], flags))
        })
    })?;
    step("documentation", || {
        let mut doc = cargo(&root(), &["doc", "--locked", "--workspace", "--all-features", "--no-deps"]);
        doc.env("RUSTDOCFLAGS", "-D warnings");
        run_command(doc)
    })?;
    step("tarspay-sign alone", alone::run)?;
    say("ci: everything holds");
    Ok(())
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

fn step(name: &str, check: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    say(&format!("\n== {name}"));
    check().map_err(|failure| Failure::new(format!("{name}: {failure}")))
}
