//! The fuzz target holds for its seeds, and for every input that fuzzing found to break it.

use std::path::Path;

#[path = "../fuzz/explain.rs"]
mod explain;

#[test]
fn explain_holds_for_seeds_and_what_was_found() {
    let seeds = explain::seeds();
    assert!(!seeds.is_empty(), "a target without seeds fuzzes nothing");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/found/explain");
    let found = folder.read_dir().into_iter().flatten();
    let found = found.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    seeds.into_iter().chain(found).for_each(|input| explain::run(&input));
}
