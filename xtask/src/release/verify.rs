//! What is released, used as a stranger uses it: fresh crates outside the workspace run the examples of the READMEs, and the
//! command is installed and run.

use super::publish::CRATES_IO;
use super::workspace::Workspace;
use crate::shell::{Failure, cargo, read, run as run_command, say, write};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A fresh crate: the page whose examples it runs, and the crates of ours on which it depends.
struct Probe {
    name: &'static str,
    readme: &'static str,
    needs: &'static [&'static str],
}

/// Each layer alone, then the facade, the sandbox, and the two together.
const PROBES: &[Probe] = &[
    Probe { name: "types", readme: "crates/tarspay-types/README.md", needs: &["tarspay-types"] },
    Probe { name: "sign", readme: "crates/tarspay-sign/README.md", needs: &["tarspay-sign"] },
    Probe { name: "transport", readme: "crates/tarspay-transport/README.md", needs: &["tarspay-transport"] },
    Probe { name: "facade", readme: "crates/tarspay/README.md", needs: &["tarspay"] },
    Probe { name: "explain", readme: "crates/tarspay-explain/README.md", needs: &["tarspay-explain"] },
    Probe { name: "sandbox", readme: "crates/tarspay-sandbox/README.md", needs: &["tarspay-sandbox"] },
    Probe { name: "front", readme: "README.md", needs: &["tarspay", "tarspay-sandbox"] },
];

/// The command.
const COMMAND: &str = "tarspay-cli";

/// Cargo's own, in a folder.
const CONFIGURATION: &str = ".cargo/config.toml";

/// What the examples that are async need.
const TOKIO: &str = "tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n";

/// As in the workspace, so that its compiled dependencies serve here too.
const PROFILE: &str = "\n[profile.dev.package.\"*\"]\nopt-level = 2\n";

/// Builds and runs, in `target`, what depends on the version of the workspace in `root` that the registry of this name has.
///
/// # Errors
///
/// If the registry does not have it, or an example does not build or run.
pub fn run(root: &Path, registry: &str, target: &Path) -> Result<(), Failure> {
    let version = Workspace::read(root)?.version.to_string();
    let folder = tempfile::tempdir().map_err(|error| Failure::to("make a temporary folder", error))?;
    let folder = folder.path();
    forget(target).map_err(|error| Failure::to("remove what was built before", error))?;
    // The registries that the workspace knows are known here too.
    write(&folder.join(CONFIGURATION), &(read(&root.join(CONFIGURATION)).unwrap_or_default() + PROFILE))?;
    write(&folder.join("Cargo.toml"), "[workspace]\nresolver = \"3\"\nmembers = [\"probes/*\"]\n")?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))
        .map_err(|error| Failure::to("copy Cargo.lock", error))?;
    for probe in PROBES {
        let readme = read(&root.join(probe.readme))?;
        if !readme.contains("```rust") {
            return Err(Failure::new(format!("{} has no example", probe.readme)));
        }
        let home = folder.join("probes").join(probe.name);
        write(&home.join("README.md"), &readme)?;
        write(&home.join("src/lib.rs"), "#![doc = include_str!(\"../README.md\")]\n")?;
        write(&home.join("Cargo.toml"), &probe.manifest(registry, &version))?;
    }
    let ours = |mut command: Command| {
        command.env("CARGO_TARGET_DIR", target);
        run_command(command)
    };
    for probe in PROBES {
        // One by one: together they would be built with the features of all.
        ours(cargo(folder, &["test", "--quiet", "--doc", "--package", &format!("probe-{}", probe.name)]))?;
    }
    // Installing from a registry, cargo leaves the configuration of the present folder aside.
    let mut install = cargo(folder, &["install", "--quiet", "--debug", "--no-track", "--locked", "--config"]);
    install.arg(folder.join(CONFIGURATION)).arg("--root").arg(folder.join("installed"));
    install.args(["--registry", registry, &format!("{COMMAND}@={version}")]);
    ours(install)?;
    let mut demo = Command::new(folder.join("installed/bin/tarspay"));
    demo.arg("demo");
    run_command(demo)?;
    say(&format!("verify: {version} serves {} crates of a stranger, and the command runs", PROBES.len()));
    Ok(())
}

/// Removes what was built of our crates and of the probes: each time they come from another folder or registry, and would
/// pile up beside what was built of them before.
fn forget(target: &Path) -> std::io::Result<()> {
    for folder in ["deps", "build", ".fingerprint", "incremental"] {
        // There is none before the first time.
        let Ok(entries) = fs::read_dir(target.join("debug").join(folder)) else { continue };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let name = name.strip_prefix("lib").unwrap_or(&name);
            if !["tarspay", "probe"].iter().any(|ours| name.starts_with(ours)) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

impl Probe {
    fn manifest(&self, registry: &str, version: &str) -> String {
        // For cargo, a dependency without a registry is on crates.io.
        let registry =
            if registry == CRATES_IO { String::new() } else { format!(", registry = {registry:?}") };
        let need = |need: &&str| format!("{need} = {{ version = \"={version}\"{registry} }}");
        format!(
            "[package]\nname = \"probe-{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{}\n\n\
             [dev-dependencies]\n{TOKIO}",
            self.name,
            self.needs.iter().map(need).collect::<Vec<_>>().join("\n")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{PROBES, forget};
    use crate::release::workspace::Workspace;
    use crate::shell::{root, write};

    #[test]
    fn a_probe_depends_on_what_the_registry_has_and_on_nothing_else_of_ours() {
        let sign = PROBES.iter().find(|probe| probe.name == "sign").unwrap();
        let from = |registry| sign.manifest(registry, "0.1.0");
        assert!(from("crates-io").contains("[dependencies]\ntarspay-sign = { version = \"=0.1.0\" }\n\n"));
        assert!(from("other").contains("{ version = \"=0.1.0\", registry = \"other\" }"));
    }

    #[test]
    fn every_library_has_a_probe_of_its_own() {
        for package in Workspace::read(&root()).unwrap().packages {
            let alone = PROBES.iter().filter(|probe| probe.needs == [package.name.as_str()]).count();
            assert_eq!(alone, usize::from(package.name != super::COMMAND), "{}", package.name);
        }
    }

    #[test]
    fn what_was_built_of_ours_is_forgotten_and_what_others_need_stays() {
        let target = tempfile::tempdir().unwrap();
        forget(target.path()).unwrap();
        let deps = target.path().join("debug/deps");
        for name in ["libtarspay_sign-1.rlib", "tarspay_sign-1.d", "libserde-1.rlib"] {
            write(&deps.join(name), "").unwrap();
        }
        write(&target.path().join("debug/.fingerprint/probe-sign-1/output"), "").unwrap();
        forget(target.path()).unwrap();
        let left: Vec<_> = std::fs::read_dir(deps).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["libserde-1.rlib"]);
        assert!(!target.path().join("debug/.fingerprint/probe-sign-1").exists());
    }
}
