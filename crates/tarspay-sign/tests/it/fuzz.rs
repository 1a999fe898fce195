//! The fuzz targets hold for their seeds, and for every input that fuzzing found to break one.

use std::path::Path;

#[path = "../fuzz/callback.rs"]
mod callback;
#[path = "../fuzz/canonical.rs"]
mod canonical;
#[path = "../fuzz/signature.rs"]
mod signature;

/// Runs the seeds and the files of `tests/fuzz/found/NAME`.
fn replay(name: &str, run: fn(&[u8]), seeds: Vec<Vec<u8>>) {
    assert!(!seeds.is_empty(), "a target without seeds fuzzes nothing");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/found").join(name);
    let found = folder.read_dir().into_iter().flatten();
    let found = found.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    seeds.into_iter().chain(found).for_each(|input| run(&input));
}

#[test]
fn canonical_holds_for_seeds_and_what_was_found() {
    replay("canonical", canonical::run, canonical::seeds());
}

#[test]
fn signature_holds_for_seeds_and_what_was_found() {
    replay("signature", signature::run, signature::seeds());
}

#[test]
fn callback_holds_for_seeds_and_what_was_found() {
    replay("callback", callback::run, callback::seeds());
}
