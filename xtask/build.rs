//! Writes the visible lines of the pages' Rust examples into files, for `tests/examples.rs` to compile.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, error, fs};

/// The pages: a name, and the path from the root of the repository.
const PAGES: &[(&str, &str)] = &[
    ("readme", "README.md"),
    ("tour", "crates/tarspay/src/tour.md"),
    ("tarspay", "crates/tarspay/README.md"),
    ("inbox", "crates/tarspay-inbox/README.md"),
    ("inbox_tour", "crates/tarspay-inbox/src/tour.md"),
    ("transport", "crates/tarspay-transport/README.md"),
    ("transport_front", "crates/tarspay-transport/src/lib.rs"),
    ("types", "crates/tarspay-types/README.md"),
    ("types_front", "crates/tarspay-types/src/lib.rs"),
    ("sign", "crates/tarspay-sign/README.md"),
    ("sign_front", "crates/tarspay-sign/src/lib.rs"),
    ("explain", "crates/tarspay-explain/README.md"),
    ("explain_front", "crates/tarspay-explain/src/lib.rs"),
    ("sandbox", "crates/tarspay-sandbox/README.md"),
    ("sandbox_front", "crates/tarspay-sandbox/src/lib.rs"),
    ("sandbox_page", "docs/sandbox.md"),
    ("signing_page", "docs/signing.md"),
];

fn main() -> Result<(), Box<dyn error::Error>> {
    let out = env::var("OUT_DIR")?;
    let mut modules = String::new();
    for (name, page) in PAGES {
        println!("cargo::rerun-if-changed=../{page}");
        for (number, example) in examples(&fs::read_to_string(Path::new("..").join(page))?).iter().enumerate()
        {
            let file = format!("{out}/{name}_{number}.rs");
            fs::write(&file, example)?;
            writeln!(modules, "mod {name}_{number} {{ include!({file:?}); }}")?;
        }
    }
    fs::write(format!("{out}/examples.rs"), modules)?;
    Ok(())
}

/// The Rust examples of a page without the lines that rustdoc hides. Of a source file only its front page is read.
fn examples(page: &str) -> Vec<String> {
    let is_source = page.starts_with("//!");
    let (mut examples, mut fence) = (Vec::new(), None);
    for line in page.lines() {
        let line = match line.strip_prefix("//!") {
            Some(text) if is_source => text.strip_prefix(' ').unwrap_or(text),
            _ if is_source => "",
            _ => line,
        };
        match (line.strip_prefix("```"), fence) {
            (Some(language), None) => {
                let is_rust = matches!(language, "" | "no_run" | "rust" | "rust,no_run" | "test_harness");
                fence = Some(is_rust);
                examples.extend(is_rust.then(String::new));
            }
            (Some(_), Some(_)) => fence = None,
            (None, Some(true)) if line != "#" && !line.starts_with("# ") => {
                if let Some(example) = examples.last_mut() {
                    *example += line;
                    *example += "\n";
                }
            }
            _ => {}
        }
    }
    examples
}
