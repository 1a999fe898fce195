//! The fuzz target holds for its seeds, and for every input that fuzzing found to break it.

use std::path::Path;

#[path = "../fuzz/http.rs"]
mod http;

#[test]
fn http_holds_for_seeds_and_what_was_found() {
    let seeds = http::seeds();
    assert!(!seeds.is_empty(), "a target without seeds fuzzes nothing");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/found/http");
    let found = folder.read_dir().into_iter().flatten();
    let found = found.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    seeds.into_iter().chain(found).for_each(|input| http::run(&input));
}
