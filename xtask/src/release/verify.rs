//! The packed archives, used as a stranger uses them: fresh crates outside the workspace that run the READMEs' programs.

use super::workspace::Workspace;
use crate::shell::{Failure, cargo, output, run as run_command, say};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A fresh crate: whose README its program is from, and what it depends on beside that crate.
struct Probe {
    package: &'static str,
    beside: &'static [&'static str],
}

/// What the programs that are async need.
const TOKIO: &str = "tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }";

/// Each layer alone, then the facade.
const PROBES: &[Probe] = &[
    Probe { package: "tarspay-types", beside: &[] },
    Probe { package: "tarspay-sign", beside: &[] },
    Probe { package: "tarspay-transport", beside: &[TOKIO] },
    Probe { package: "tarspay-sandbox", beside: &[TOKIO] },
    Probe { package: "tarspay", beside: &[TOKIO] },
];

/// Packs the workspace in `root`, and builds and runs what depends on the archives.
///
/// # Errors
///
/// If an archive cannot be made, or a program does not build or run.
pub fn run(root: &Path) -> Result<(), Failure> {
    let workspace = Workspace::read(root)?;
    let folder = tempfile::tempdir().map_err(|error| Failure::to("make a temporary folder", error))?;
    let folder = folder.path();
    let words = ["package", "--workspace", "--exclude", "xtask", "--locked", "--no-verify", "--allow-dirty"];
    let mut package = cargo(root, &[&words[..], &["--quiet", "--target-dir"]].concat());
    package.arg(folder.join("packed"));
    run_command(package)?;

    // Profiles of the workspace, so that its compiled dependencies serve here too.
    let mut manifest = String::from(
        "[workspace]\nresolver = \"3\"\nmembers = [\"probes/*\"]\n\n[profile.dev.package.\"*\"]\nopt-level = 2\n\n[patch.crates-io]\n",
    );
    for one in &workspace.packages {
        let name = format!("{}-{}", one.name, workspace.version);
        let mut unpack = Command::new("tar");
        unpack.arg("-xzf").arg(folder.join(format!("packed/package/{name}.crate"))).arg("-C").arg(folder);
        output(unpack)?;
        // A line in memory cannot fail.
        let _ = writeln!(manifest, "{} = {{ path = {name:?} }}", one.name);
    }
    write(&folder.join("Cargo.toml"), &manifest)?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))
        .map_err(|error| Failure::to("copy Cargo.lock", error))?;
    for probe in PROBES {
        let unpacked = folder.join(format!("{}-{}", probe.package, workspace.version));
        let readme = fs::read_to_string(unpacked.join("README.md"))
            .map_err(|error| Failure::to(&format!("read the README of {}", probe.package), error))?;
        let (code, _) = program(&readme)
            .ok_or_else(|| Failure::new(format!("the README of {} has no program", probe.package)))?;
        let home = folder.join("probes").join(probe.package);
        fs::create_dir_all(home.join("src")).map_err(|error| Failure::to("make a folder", error))?;
        write(&home.join("src/main.rs"), code)?;
        write(
            &home.join("Cargo.toml"),
            &format!(
                "[package]\nname = \"probe-{0}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{0} = \"={1}\"\n{2}\n",
                probe.package,
                workspace.version,
                probe.beside.join("\n")
            ),
        )?;
    }
    for probe in PROBES {
        let readme = folder.join(format!("{}-{}/README.md", probe.package, workspace.version));
        let readme = fs::read_to_string(readme).map_err(|error| Failure::to("read a README", error))?;
        // What the README marks `no_run` would call the gateway.
        let verb = if program(&readme).is_some_and(|(_, runs)| runs) { "run" } else { "build" };
        let name = format!("probe-{}", probe.package);
        let mut command = cargo(folder, &[verb, "--quiet", "--package", &name]);
        command.env("CARGO_TARGET_DIR", &workspace.target);
        run_command(command)?;
    }
    say(&format!("verify: {} packages serve a crate of a stranger", PROBES.len()));
    Ok(())
}

/// The first Rust program of a README, and whether it may run.
fn program(readme: &str) -> Option<(&str, bool)> {
    readme.split("```rust").skip(1).find_map(|block| {
        let (marks, rest) = block.split_once('\n')?;
        let (code, _) = rest.split_once("```")?;
        code.contains("fn main()").then_some((code, !marks.contains("no_run")))
    })
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::to(&format!("write {}", path.display()), error))
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    fn the_program_is_the_first_with_a_main_and_its_mark_is_kept() {
        let readme = "```rust\nlet a = 1;\n```\n```rust,no_run\nfn main() {}\n```\n";
        assert_eq!(program(readme), Some(("fn main() {}\n", false)));
        assert_eq!(program("```rust\nfn main() {}\n```\n"), Some(("fn main() {}\n", true)));
        assert_eq!(program("no code"), None);
    }
}
