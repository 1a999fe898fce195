//! The targets: functions in the crates' `tests/fuzz/`, and how often each runs in the smoke test.

use super::crates::{callback, canonical, envelope, explain, http, models, signature};
use std::path::PathBuf;

/// A function of bytes that panics when a property is broken.
#[non_exhaustive]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// The crate that it is about.
    pub package: &'static str,
    /// What it checks, in a few words.
    pub about: &'static str,
    /// The function.
    pub run: fn(&[u8]),
    /// What to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Runs in the smoke test: all together take a few seconds.
    pub smoke_runs: u64,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "canonical",
        package: "tarspay-sign",
        about: "raw JSON becomes the same parameters and callback text, again and in any order",
        run: canonical::run,
        seeds: canonical::seeds,
        smoke_runs: 20_000,
    },
    Target {
        name: "signature",
        package: "tarspay-sign",
        about: "hex and DER are read strictly and written as they were read",
        run: signature::run,
        seeds: signature::seeds,
        smoke_runs: 20_000,
    },
    Target {
        name: "callback",
        package: "tarspay-sign",
        about: "a body verifies as it came and in order, and no other body does",
        run: callback::run,
        seeds: callback::seeds,
        smoke_runs: 500,
    },
    Target {
        name: "explain",
        package: "tarspay-explain",
        about: "an explanation agrees with the verifier",
        run: explain::run,
        seeds: explain::seeds,
        smoke_runs: 50,
    },
    Target {
        name: "envelope",
        package: "tarspay-types",
        about: "every answer survives reading and writing",
        run: envelope::run,
        seeds: envelope::seeds,
        smoke_runs: 3000,
    },
    Target {
        name: "models",
        package: "tarspay-types",
        about: "callbacks, requests and values survive reading and writing",
        run: models::run,
        seeds: models::seeds,
        smoke_runs: 3000,
    },
    Target {
        name: "http",
        package: "tarspay-sandbox",
        about: "the sandbox answers readably or closes, and goes on",
        run: http::run,
        seeds: http::seeds,
        smoke_runs: 200,
    },
];

impl Target {
    /// The target of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Where the inputs are that broke it once; the tests of the crate replay them.
    pub fn found(&self) -> PathBuf {
        crate::shell::root().join("crates").join(self.package).join("tests/fuzz/found").join(self.name)
    }
}
