//! The fuzz targets hold for their seeds, and for every input that fuzzing found to break one.

use std::path::Path;

#[path = "../fuzz/envelope.rs"]
mod envelope;
#[path = "../fuzz/examples.rs"]
mod examples;
#[path = "../fuzz/models.rs"]
mod models;
#[path = "../fuzz/spellings.rs"]
mod spellings;

/// Runs the seeds and the files of `tests/fuzz/found/NAME`.
fn replay(name: &str, run: fn(&[u8]), seeds: Vec<Vec<u8>>) {
    assert!(!seeds.is_empty(), "a target without seeds fuzzes nothing");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/found").join(name);
    let found = folder.read_dir().into_iter().flatten();
    let found = found.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    seeds.into_iter().chain(found).for_each(|input| run(&input));
}

#[test]
fn envelope_holds_for_seeds_and_what_was_found() {
    replay("envelope", envelope::run, envelope::seeds());
}

#[test]
fn models_holds_for_seeds_and_what_was_found() {
    replay("models", models::run, models::seeds());
}
