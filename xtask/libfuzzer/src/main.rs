//! One program for all fuzz targets: `TARSPAY_FUZZ_TARGET` names the one to run, `TARSPAY_FUZZ_CORPUS` the folder that
//! gets its seeds. Without a target it lists them.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;
use xtask::fuzz::targets::{TARGETS, Target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("TARSPAY_FUZZ_TARGET").unwrap_or_default();
    Target::find(&name).unwrap_or_else(|| {
        for target in TARGETS {
            println!("{} {}", target.name, target.found().display());
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
