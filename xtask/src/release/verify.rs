//! What is released, used as a stranger uses it: fresh crates outside the workspace run the examples of the READMEs, and the
//! command is installed and run.

use super::publish::CRATES_IO;
use super::workspace::Workspace;
use crate::shell::{Failure, cargo, output, run as run_command, say};
use std::fmt::Write as _;
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

/// Builds and runs what depends on the version of the workspace in `root`: on what the registry of this name has, or
/// without one on archives that are packed now. `target` is where it is built.
///
/// # Errors
///
/// If an archive cannot be made, or an example does not build or run.
pub fn run(root: &Path, registry: Option<&str>, target: &Path) -> Result<(), Failure> {
    let workspace = Workspace::read(root)?;
    let version = workspace.version.to_string();
    let folder = tempfile::tempdir().map_err(|error| Failure::to("make a temporary folder", error))?;
    let folder = folder.path();
    // The registries that the workspace knows are known here too.
    write(&folder.join(CONFIGURATION), &(read(&root.join(CONFIGURATION)).unwrap_or_default() + PROFILE))?;
    let patch = match registry {
        Some(_) => String::new(),
        None => unpack(root, &workspace, folder)?,
    };
    write(&folder.join("Cargo.toml"), &manifest(&patch, &version))?;
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
    let mut install = cargo(folder, &["install", "--quiet", "--debug", "--no-track", "--root"]);
    install.arg(folder.join("installed"));
    match registry {
        Some(registry) => {
            // Installing from a registry, cargo leaves the configuration of the present folder aside.
            install.arg("--config").arg(folder.join(CONFIGURATION));
            install.args(["--locked", "--registry", registry, &format!("{COMMAND}@={version}")])
        }
        None => install.arg("--path").arg(folder.join(format!("{COMMAND}-{version}"))),
    };
    ours(install)?;
    let mut demo = Command::new(folder.join("installed/bin/tarspay"));
    demo.arg("demo");
    run_command(demo)?;
    say(&format!("verify: {version} serves {} crates of a stranger, and the command runs", PROBES.len()));
    Ok(())
}

/// Packs the workspace and unpacks the archives in `folder`. The answer makes them stand for what the registry would have.
fn unpack(root: &Path, workspace: &Workspace, folder: &Path) -> Result<String, Failure> {
    let words = ["package", "--workspace", "--exclude", "xtask", "--locked", "--no-verify", "--allow-dirty"];
    let mut package = cargo(root, &[&words[..], &["--quiet", "--target-dir"]].concat());
    package.arg(folder.join("packed"));
    run_command(package)?;
    let mut patch = "\n[patch.crates-io]\n".to_owned();
    for one in &workspace.packages {
        let name = format!("{}-{}", one.name, workspace.version);
        let mut unpack = Command::new("tar");
        unpack.arg("-xzf").arg(folder.join(format!("packed/package/{name}.crate"))).arg("-C").arg(folder);
        output(unpack)?;
        if one.name != COMMAND {
            // A line in memory cannot fail.
            let _ = writeln!(patch, "{} = {{ path = {name:?} }}", one.name);
        }
    }
    Ok(patch)
}

/// The workspace of the probes, and of the command where its archive is unpacked there.
fn manifest(patch: &str, version: &str) -> String {
    let command = if patch.is_empty() { String::new() } else { format!(", \"{COMMAND}-{version}\"") };
    format!("[workspace]\nresolver = \"3\"\nmembers = [\"probes/*\"{command}]\n{patch}")
}

impl Probe {
    fn manifest(&self, registry: Option<&str>, version: &str) -> String {
        let registry = registry
            .filter(|registry| *registry != CRATES_IO)
            .map_or_else(String::new, |registry| format!(", registry = {registry:?}"));
        let need = |need: &&str| format!("{need} = {{ version = \"={version}\"{registry} }}");
        format!(
            "[package]\nname = \"probe-{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{}\n\n\
             [dev-dependencies]\n{TOKIO}",
            self.name,
            self.needs.iter().map(need).collect::<Vec<_>>().join("\n")
        )
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::to(&format!("read {}", path.display()), error))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| Failure::to(&format!("write {}", path.display()), error))
}

#[cfg(test)]
mod tests {
    use super::{PROBES, manifest};
    use crate::release::workspace::Workspace;
    use crate::shell::root;

    #[test]
    fn a_probe_depends_on_what_the_registry_has_and_on_nothing_else_of_ours() {
        let sign = PROBES.iter().find(|probe| probe.name == "sign").unwrap();
        let from = |registry| sign.manifest(registry, "0.1.0");
        assert!(from(None).contains("[dependencies]\ntarspay-sign = { version = \"=0.1.0\" }\n\n"));
        assert_eq!(from(Some("crates-io")), from(None), "without being named");
        assert!(from(Some("other")).contains("{ version = \"=0.1.0\", registry = \"other\" }"));
    }

    #[test]
    fn every_library_has_a_probe_of_its_own() {
        for package in Workspace::read(&root()).unwrap().packages {
            let alone = PROBES.iter().filter(|probe| probe.needs == [package.name.as_str()]).count();
            assert_eq!(alone, usize::from(package.name != super::COMMAND), "{}", package.name);
        }
    }

    #[test]
    fn an_unpacked_command_belongs_to_the_workspace() {
        assert!(!manifest("", "0.1.0").contains("tarspay-cli"));
        assert!(manifest("[patch.crates-io]\n", "0.1.0").contains("\"tarspay-cli-0.1.0\""));
    }
}
