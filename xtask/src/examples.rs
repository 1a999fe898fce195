//! `cargo xtask examples`: builds and runs `docs/examples`, the programs of the pages.
//!
//! They bring web frameworks and databases, so they are a workspace of their own, with its own lock file and target folder.
//! `cargo xtask pages` writes them into their pages, except the merchant.

use crate::shell::{Failure, cargo, output, root, run as run_command, say, skip, target_folder};
use crate::vectors::outside::interpreter;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// Checks the formatting and runs the tests. A warning is an error there.
pub(crate) fn run() -> Result<(), Failure> {
    let folder = root().join("docs/examples");
    run_command(cargo(&folder, &["fmt", "--all", "--check"]))?;
    let mut test = cargo(&folder, &["test", "--quiet", "--locked", "--workspace", "--test", "*"]);
    test.env("CARGO_TARGET_DIR", target_folder(&root())?.join("examples"));
    test.env("PYTHON", interpreter("python3")?);
    let cannot = |error| Failure::to("test docs/examples", error);
    let mut child = test.stderr(Stdio::piped()).spawn().map_err(cannot)?;
    for line in child.stderr.take().into_iter().flat_map(|lines| BufReader::new(lines).lines()) {
        let line = line.map_err(cannot)?;
        match line.strip_prefix("skipped: ").and_then(|rest| rest.split_once(": ")) {
            Some((what, why)) => skip(what, why),
            None => say(&line),
        }
    }
    if child.wait().map_err(cannot)?.success() {
        return Ok(());
    }
    Err(Failure::new(
        "the tests of docs/examples fail; if only its Cargo.lock is old, run \
         `cargo update --workspace --manifest-path docs/examples/Cargo.toml`",
    ))
}

/// What an edge function needs to verify a callback builds for WebAssembly.
pub(crate) fn wasm() -> Result<(), Failure> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let mut sysroot = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    sysroot.args(["--print", "target-libdir", "--target", TARGET]);
    if !output(sysroot).is_ok_and(|folder| std::path::Path::new(folder.trim()).exists()) {
        skip("WebAssembly", &format!("the target is not installed: rustup target add {TARGET}"));
        return Ok(());
    }
    let mut check = cargo(&root(), &["check", "--quiet", "--locked", "--target", TARGET]);
    check.args(["--no-default-features", "-p", "tarspay-types", "-p", "tarspay-sign", "-p", "tarspay"]);
    check.env("RUSTFLAGS", "--cfg getrandom_backend=\"unsupported\"");
    run_command(check)
}

#[cfg(test)]
mod tests {
    use crate::shell::{read, root};
    use std::fs;

    #[test]
    fn each_program_is_on_its_page_and_each_receiver_is_under_25_lines() {
        let folders = [
            ("receivers", "receivers/src/bin", 25),
            ("database", "columns/src", 100),
            ("inbox", "drivers/src", 50),
        ];
        for (page, folder, lines) in folders {
            let page = read(&root().join(format!("docs/{page}.md"))).unwrap();
            for file in fs::read_dir(root().join("docs/examples").join(folder)).unwrap() {
                let file = file.unwrap();
                let name = format!("{folder}/{}", file.file_name().display());
                let is_shown = |language| page.contains(&format!("\n```{language} examples/{name}\n"));
                assert!(is_shown("rust") || is_shown("python"), "{name}");
                assert!(read(&file.path()).unwrap().lines().count() < lines, "{name}");
            }
        }
    }
}
