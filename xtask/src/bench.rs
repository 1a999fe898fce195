//! `cargo xtask bench`: what this project costs beside its rivals, in one run on one machine.
//!
//! The measuring is a release build of this program with the feature `bench`. The rivals are a program of their own,
//! `xtask/rivals`, so that they have the features of their own users. Subject and rival take turns, so that both see the same noise, and the verdict is on their ratio. A slow machine is not a failure; a build
//! that breaks is.

#[cfg(feature = "bench")]
mod builds;
#[cfg(feature = "bench")]
mod callback;
#[cfg(feature = "bench")]
mod child;
#[cfg(feature = "bench")]
mod curve;
#[cfg(feature = "bench")]
pub(crate) mod http;
#[cfg(feature = "bench")]
mod inbox;
#[cfg(feature = "bench")]
mod machine;
#[cfg(feature = "bench")]
pub(crate) mod measure;
#[cfg(feature = "bench")]
mod page;
#[cfg(feature = "bench")]
mod profile;
#[cfg(feature = "bench")]
mod sample;
#[cfg(feature = "bench")]
mod sandbox;
#[cfg(feature = "bench")]
mod stopwatch;

use crate::shell::{Failure, cargo, root, run as run_command};

/// Builds the release program and lets it measure.
///
/// # Errors
///
/// If something does not build or run.
pub(crate) fn run(inbox: bool) -> Result<(), Failure> {
    let mut words = vec![
        "run",
        "--release",
        "--locked",
        "--package",
        "xtask",
        "--features",
        "bench",
        "--",
        "bench",
        "--now",
    ];
    words.extend(inbox.then_some("--inbox"));
    run_command(cargo(&root(), &words))
}
