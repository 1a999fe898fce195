//! `cargo xtask minimal`: the libraries build with the lowest versions of their dependencies that their manifests allow.

use crate::shell::{Failure, cargo, root, run as run_command, say, target_folder};
use std::fs;
use std::path::Path;

/// Resolves a copy of the workspace to the lowest direct versions, and checks all that is published.
///
/// # Errors
///
/// If there are no such versions, or something does not build with them: then a lower bound in the root `Cargo.toml` is
/// too low.
pub fn run() -> Result<(), Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::to("make a temporary folder", error))?;
    copy_workspace(&root(), folder.path()).map_err(|error| Failure::to("copy the workspace", error))?;

    let mut update = cargo(folder.path(), &["update", "--quiet", "-Z", "direct-minimal-versions"]);
    // The option is unstable, what it writes is a usual Cargo.lock. Only here: build scripts would take the compiler for
    // a nightly.
    update.env("RUSTC_BOOTSTRAP", "1");
    run_command(update)?;
    let words = ["check", "--quiet", "--locked", "--workspace", "--all-features"];
    let mut check = cargo(folder.path(), &words);
    check.env("CARGO_TARGET_DIR", target_folder(&root())?.join("minimal"));
    run_command(check)?;
    say("minimal: everything published builds with the lowest direct versions");
    Ok(())
}

/// Copies the manifests and the crates, without xtask, whose own dependencies are nobody's concern.
fn copy_workspace(from: &Path, to: &Path) -> std::io::Result<()> {
    let manifest = fs::read_to_string(from.join("Cargo.toml"))?;
    fs::write(to.join("Cargo.toml"), manifest.replace(", \"xtask\"", ""))?;
    copy(&from.join("crates"), &to.join("crates"))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
