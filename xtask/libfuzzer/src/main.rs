//! One program for all fuzz targets: `TARSPAY_FUZZ_TARGET` names the one to run, `TARSPAY_FUZZ_CORPUS` the folder that
//! gets its seeds. Without a target it lists them.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

#[path = "../../../crates/tarspay-sign/tests/fuzz/callback.rs"]
mod callback;
#[path = "../../../crates/tarspay-sign/tests/fuzz/canonical.rs"]
mod canonical;
#[path = "../../../crates/tarspay-types/tests/fuzz/envelope.rs"]
mod envelope;
#[path = "../../../crates/tarspay-types/tests/fuzz/examples.rs"]
mod examples;
#[path = "../../../crates/tarspay-explain/tests/fuzz/explain.rs"]
mod explain;
#[path = "../../../crates/tarspay-sandbox/tests/fuzz/http.rs"]
mod http;
#[path = "../../../crates/tarspay-types/tests/fuzz/models.rs"]
mod models;
#[path = "../../../crates/tarspay-sign/tests/fuzz/signature.rs"]
mod signature;
#[path = "../../../crates/tarspay-types/tests/fuzz/spellings.rs"]
mod spellings;

/// A function of bytes that panics when a property is broken.
struct Target {
    name: &'static str,
    /// The crate that it is about.
    package: &'static str,
    run: fn(&[u8]),
    /// What to start from.
    seeds: fn() -> Vec<Vec<u8>>,
    /// Inputs in the short run: all targets together take a few seconds.
    smoke_runs: u32,
}

impl Target {
    const fn new(
        name: &'static str,
        package: &'static str,
        run: fn(&[u8]),
        seeds: fn() -> Vec<Vec<u8>>,
        smoke_runs: u32,
    ) -> Self {
        Self { name, package, run, seeds, smoke_runs }
    }
}

const TARGETS: &[Target] = &[
    Target::new("canonical", "tarspay-sign", canonical::run, canonical::seeds, 100_000),
    Target::new("signature", "tarspay-sign", signature::run, signature::seeds, 100_000),
    Target::new("callback", "tarspay-sign", callback::run, callback::seeds, 3000),
    Target::new("explain", "tarspay-explain", explain::run, explain::seeds, 100),
    Target::new("envelope", "tarspay-types", envelope::run, envelope::seeds, 50_000),
    Target::new("models", "tarspay-types", models::run, models::seeds, 50_000),
    Target::new("http", "tarspay-sandbox", http::run, http::seeds, 1000),
];

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("TARSPAY_FUZZ_TARGET").unwrap_or_default();
    TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| {
        for target in TARGETS {
            println!("{} {} {}", target.name, target.package, target.smoke_runs);
        }
        std::process::exit(0)
    })
});

/// Writes the seeds, which libFuzzer reads with the rest of the corpus.
fn plant() {
    let seeds = (TARGET.seeds)();
    let folder = PathBuf::from(std::env::var_os("TARSPAY_FUZZ_CORPUS").expect("set by cargo xtask fuzz"));
    for (place, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{place}")), seed).expect("the corpus can be written");
    }
}

libfuzzer_sys::fuzz_target!(init: plant(), |bytes: &[u8]| (TARGET.run)(bytes));
