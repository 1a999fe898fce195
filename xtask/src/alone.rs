//! `tarspay-sign` in a new, empty crate: one dependency line and the snippet of its README.

use crate::shell::{Failure, cargo, root, run as run_command, say};
use std::fs;

/// Makes the crate in a temporary folder, builds and runs it.
///
/// # Errors
///
/// If the README has no program, or the program does not build or run.
pub fn run() -> Result<(), Failure> {
    let crate_folder = root().join("crates/tarspay-sign");
    let readme = fs::read_to_string(crate_folder.join("README.md"))
        .map_err(|error| Failure::to("read the README", error))?;
    let program = snippet(&readme)
        .ok_or_else(|| Failure::new("the README of tarspay-sign has no program with a main"))?;

    let folder = tempfile::tempdir().map_err(|error| Failure::to("make a temporary folder", error))?;
    let manifest = format!(
        "[package]\nname = \"alone\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\ntarspay-sign = {{ path = {:?} }}\n",
        crate_folder.display().to_string()
    );
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).map_err(|error| Failure::to(&format!("write {}", path.display()), error))
    };
    fs::create_dir(folder.path().join("src")).map_err(|error| Failure::to("make a folder", error))?;
    write("Cargo.toml", &manifest)?;
    write("src/main.rs", &program)?;
    // The versions that the workspace is tested with.
    fs::copy(root().join("Cargo.lock"), folder.path().join("Cargo.lock"))
        .map_err(|error| Failure::to("copy Cargo.lock", error))?;

    let mut build = cargo(folder.path(), &["run", "--quiet"]);
    build.env("CARGO_TARGET_DIR", folder.path().join("target"));
    run_command(build)?;
    say("alone: tarspay-sign builds and runs in a crate of its own");
    Ok(())
}

/// The first Rust block that has a `main`.
fn snippet(markdown: &str) -> Option<String> {
    markdown
        .split("```rust\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```").map(|(code, _)| code))
        .find(|code| code.contains("fn main()"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::snippet;

    #[test]
    fn the_snippet_is_the_first_program() {
        let markdown = "```rust\nlet a = 1;\n```\ntext\n```rust\nfn main() {}\n```\n";
        assert_eq!(snippet(markdown).as_deref(), Some("fn main() {}\n"));
        assert_eq!(snippet("no code"), None);
    }
}
