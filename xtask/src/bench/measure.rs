//! All measurements, one after the other: the machine is left to each alone.

use super::child::Child;
use super::{builds, callback, curve, http, inbox, page, profile, sandbox};
use crate::shell::{Failure, cargo, root, run as run_command, say, target_folder};
use std::process::Command;

/// Measures everything, prints the table and writes it to `docs/performance.md`; or measures the inbox alone and prints
/// its rows.
///
/// # Errors
///
/// If something does not build or run. A missed aim is not an error.
pub(crate) fn run(inbox_alone: bool) -> Result<(), Failure> {
    if inbox_alone {
        say(&page::table(&inbox::rows()?));
        return Ok(());
    }
    let folder = target_folder(&root())?.join("rivals");
    let mut build = cargo(&root().join("xtask/rivals"), &["build", "--release", "--locked"]);
    build.env("CARGO_TARGET_DIR", &folder);
    run_command(build)?;
    let program = folder.join("release/tarspay-rivals");
    let rivals = Child::start(Command::new(&program))?;

    let mut rows = Vec::new();
    for (name, measure) in [
        ("signing and verifying", &(|| curve::rows(&rivals)) as &dyn Fn() -> Result<Vec<page::Row>, Failure>),
        ("callbacks", &callback::rows),
        ("calls", &|| http::rows(&program)),
        ("the sandbox", &|| sandbox::rows(&rivals)),
        ("the inbox", &inbox::rows),
    ] {
        say(&format!("bench: {name}"));
        rows.extend(measure()?);
    }
    say("bench: where the time goes");
    let parts = profile::parts()?;
    say("bench: clean builds");
    page::publish(&rows, &parts, &builds::weights()?)
}
