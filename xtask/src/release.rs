//! `cargo xtask release`: what neither cargo nor cargo-release checks. The steps of a release are in `docs/releasing.md`.

use crate::shell::{Failure, cargo, metadata, output, read, root, run as run_command, say, write};
use cargo_metadata::camino::Utf8PathBuf;
use cargo_metadata::semver::VersionReq;
use cargo_metadata::{Metadata, Package};
use clap::Subcommand;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What can be asked before a release.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Step {
    /// Whether the packages can be published
    Check,
    /// Use the packages as a stranger does: each library alone, the READMEs' examples, the command, the lowest versions
    Rehearse,
}

/// Takes one step.
pub(crate) fn run(step: Step) -> Result<(), Failure> {
    match step {
        Step::Check => check(),
        Step::Rehearse => rehearse(),
    }
}

/// What a package may hold at its top. Other files were forgotten there, or are of no use to those who depend on it.
const MAY_HOLD: &[&str] = &[
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "examples",
    "scenarios",
    "src",
    "tests",
    "vectors",
];

/// What every package must hold.
const MUST_HOLD: &[&str] = &["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// The host of the placeholder in `[workspace.package]` of `Cargo.toml`.
const PLACEHOLDER: &str = "example.invalid";

fn check() -> Result<(), Failure> {
    let metadata = metadata(&root())?;
    let mut faults = faults(&metadata)?;
    faults.extend(published(&metadata).filter_map(no_repository));
    refuse(&faults)?;
    say("check: the packages can be published");
    Ok(())
}

/// `publish = false` is an empty list of registries.
fn published(metadata: &Metadata) -> impl Iterator<Item = &Package> {
    let is_published =
        |package: &&Package| package.publish.as_ref().is_none_or(|registries| !registries.is_empty());
    metadata.packages.iter().filter(is_published)
}

fn no_repository(package: &Package) -> Option<String> {
    let address = package.repository.as_deref().filter(|address| !address.contains(PLACEHOLDER));
    address.is_none().then(|| {
        format!(
            "{}: the repository is still the placeholder; set it in [workspace.package] of Cargo.toml",
            package.name
        )
    })
}

/// What is wrong with the packages and the versions that READMEs name; the placeholder aside.
fn faults(metadata: &Metadata) -> Result<Vec<String>, Failure> {
    let mut faults = Vec::new();
    let mut readmes = vec![root().join("README.md")];
    for package in published(metadata) {
        let words = ["package", "--locked", "--allow-dirty", "--list", "--package", &package.name];
        faults.extend(contents(&package.name, &output(cargo(&root(), &words))?));
        readmes.extend(package.readme().map(Utf8PathBuf::into_std_path_buf));
    }
    for readme in readmes {
        let page = read(&readme)?;
        let stale = page.lines().filter(|line| published(metadata).any(|package| is_stale(line, package)));
        faults.extend(stale.map(|line| format!("{}: another version: {line}", readme.display())));
    }
    Ok(faults)
}

/// Files that a package lacks, and those that it should not have.
fn contents(name: &str, list: &str) -> Vec<String> {
    let files: Vec<String> = list.lines().map(|line| line.replace('\\', "/")).collect();
    let lacks = MUST_HOLD
        .iter()
        .filter(|must| !files.iter().any(|file| file == *must))
        .map(|must| format!("{name}: the package lacks {must}; add it to the crate's folder"));
    let top = |file: &str| file.split('/').next().unwrap_or(file).to_owned();
    let strange = files.iter().filter(|file| !MAY_HOLD.contains(&top(file).as_str())).map(|file| {
        format!("{name}: the package holds {file}; exclude it, or allow it in xtask/src/release.rs")
    });
    lacks.chain(strange).collect()
}

/// Whether a line such as `tarspay = "0.1"` asks for another version of the package than this one.
fn is_stale(line: &str, package: &Package) -> bool {
    let asked = line.split_once(" = \"").filter(|(name, _)| *name == package.name.as_str());
    let asked = asked.and_then(|(_, rest)| VersionReq::parse(rest.split('"').next()?).ok());
    asked.is_some_and(|asked| !asked.matches(&package.version))
}

fn refuse(faults: &[String]) -> Result<(), Failure> {
    if faults.is_empty() { Ok(()) } else { Err(Failure::new(faults.join("\n"))) }
}

/// A crate of a stranger: the page whose examples it runs, and our crates on which it depends.
struct Stranger {
    name: &'static str,
    readme: &'static str,
    needs: &'static [&'static str],
}

/// Each layer alone, then the facade, the sandbox, and the two together.
const STRANGERS: &[Stranger] = &[
    Stranger { name: "types", readme: "crates/tarspay-types/README.md", needs: &["tarspay-types"] },
    Stranger { name: "sign", readme: "crates/tarspay-sign/README.md", needs: &["tarspay-sign"] },
    Stranger { name: "explain", readme: "crates/tarspay-explain/README.md", needs: &["tarspay-explain"] },
    Stranger {
        name: "transport",
        readme: "crates/tarspay-transport/README.md",
        needs: &["tarspay-transport"],
    },
    Stranger { name: "facade", readme: "crates/tarspay/README.md", needs: &["tarspay"] },
    Stranger { name: "sandbox", readme: "crates/tarspay-sandbox/README.md", needs: &["tarspay-sandbox"] },
    Stranger { name: "inbox", readme: "crates/tarspay-inbox/README.md", needs: &["tarspay-inbox"] },
    Stranger { name: "front", readme: "README.md", needs: &["tarspay", "tarspay-sandbox"] },
];

/// The package of the command.
const COMMAND: &str = "tarspay-cli";

/// What the examples that are async need.
const TOKIO: &str = "tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n";

/// Packs what is published, unpacks it elsewhere, and builds strangers' crates from the packages alone.
pub(crate) fn rehearse() -> Result<(), Failure> {
    let metadata = metadata(&root())?;
    refuse(&faults(&metadata)?)?;
    let words = [
        "package",
        "--quiet",
        "--locked",
        "--allow-dirty",
        "--no-verify",
        "--workspace",
        "--exclude",
        "xtask",
    ];
    run_command(cargo(&root(), &words))?;

    let target = metadata.target_directory.as_std_path();
    let folder = target.join("rehearsal");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| Failure::to("remove the last rehearsal", error))?;
    }
    as_strangers(&metadata, &folder.join("strangers"), target)?;
    with_lowest_versions(&metadata, &folder.join("lowest"), &target.join("minimal"))?;
    say("rehearse: strangers can use the packages, also with the lowest versions of their dependencies");
    Ok(())
}

/// The READMEs' examples in fresh crates, and the command as it is installed.
fn as_strangers(metadata: &Metadata, folder: &Path, target: &Path) -> Result<(), Failure> {
    unpack(metadata, folder, &["packages/*", "strangers/*"])?;
    write(&folder.join("Cargo.lock"), &read(&root().join("Cargo.lock"))?)?;
    for stranger in STRANGERS {
        stranger.write(&folder.join("strangers").join(stranger.name))?;
    }
    for stranger in STRANGERS {
        // One by one: together they would be built with the features of all.
        let package = format!("stranger-{}", stranger.name);
        build(cargo(folder, &["test", "--quiet", "--doc", "--package", &package]), target)?;
    }
    let command = published(metadata).find(|package| package.name.as_str() == COMMAND).map(place);
    let mut install = cargo(folder, &["install", "--quiet", "--debug", "--no-track", "--locked", "--path"]);
    install.arg(folder.join(command.unwrap_or_default())).arg("--root").arg(folder.join("installed"));
    build(install, target)?;
    let mut demo = Command::new(folder.join("installed/bin/tarspay"));
    demo.arg("demo");
    run_command(demo)
}

/// If this fails, a lower bound in `[workspace.dependencies]` is too low.
fn with_lowest_versions(metadata: &Metadata, folder: &Path, target: &Path) -> Result<(), Failure> {
    unpack(metadata, folder, &["packages/*"])?;
    let mut update = cargo(folder, &["update", "--quiet", "-Z", "direct-minimal-versions"]);
    // The option is unstable, what it writes is a usual Cargo.lock. Only here: build scripts would take the compiler for
    // a nightly.
    update.env("RUSTC_BOOTSTRAP", "1");
    run_command(update)?;
    build(cargo(folder, &["check", "--quiet", "--locked", "--workspace", "--all-features"]), target)
}

fn build(mut command: Command, target: &Path) -> Result<(), Failure> {
    command.env("CARGO_TARGET_DIR", target);
    run_command(command)
}

/// Where a package is in its workspace.
fn place(package: &Package) -> String {
    format!("packages/{}-{}", package.name, package.version)
}

/// Makes a workspace in which the packages depend on each other and not on those of a registry. They are members, so that
/// cargo does not look for a workspace above.
fn unpack(metadata: &Metadata, folder: &Path, members: &[&str]) -> Result<(), Failure> {
    let packages = folder.join("packages");
    fs::create_dir_all(&packages).map_err(|error| Failure::to("make a folder", error))?;
    // With the profiles of this workspace, which close its manifest, compiled dependencies are shared.
    let ours = read(&root().join("Cargo.toml"))?;
    let profiles = ours.find("[profile.").map_or("", |start| &ours[start..]);
    let mut manifest = vec![format!(
        "[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n{profiles}\n[patch.crates-io]\n"
    )];
    for package in published(metadata) {
        let archive = format!("package/{}-{}.crate", package.name, package.version);
        let mut tar = Command::new("tar");
        // `-m`: with the time of now, by which cargo detects changes. In a package all times are equal.
        tar.args(["-x", "-z", "-m", "-f"]).arg(metadata.target_directory.join(archive));
        tar.arg("-C").arg(&packages);
        run_command(tar)?;
        manifest.push(format!("{} = {{ path = \"{}\" }}\n", package.name, place(package)));
    }
    write(&folder.join("Cargo.toml"), &manifest.concat())
}

impl Stranger {
    fn write(&self, folder: &Path) -> Result<(), Failure> {
        let readme = read(&root().join(self.readme))?;
        if !readme.contains("```rust") {
            return Err(Failure::new(format!("{} has no example", self.readme)));
        }
        write(&folder.join("README.md"), &readme)?;
        write(&folder.join("src/lib.rs"), "#![doc = include_str!(\"../README.md\")]\n")?;
        write(&folder.join("Cargo.toml"), &self.manifest())
    }

    fn manifest(&self) -> String {
        let need = |need: &&str| {
            // Without an engine the inbox is empty.
            let features = if *need == "tarspay-inbox" { "\"postgres\", \"sqlite\"" } else { "" };
            format!("{need} = {{ version = \"*\", features = [{features}] }}\n")
        };
        let needs: Vec<_> = self.needs.iter().map(need).collect();
        format!(
            "[package]\nname = \"stranger-{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{}\n[dev-dependencies]\n{TOKIO}",
            self.name,
            needs.concat()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{COMMAND, STRANGERS, contents, is_stale, no_repository, published};
    use crate::shell::{metadata, root};
    use cargo_metadata::semver::Version;

    #[test]
    fn a_package_holds_what_it_needs_and_nothing_else() {
        let whole = "Cargo.toml\nLICENSE-APACHE\nLICENSE-MIT\nREADME.md\nsrc/lib.rs\n";
        assert!(contents("a", whole).is_empty());
        let faults = contents("a", &whole.replace("LICENSE-MIT", "merchant.key"));
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("lacks LICENSE-MIT") && faults[1].contains("holds merchant.key"));
    }

    #[test]
    fn every_library_has_a_stranger_of_its_own() {
        for package in published(&metadata(&root()).unwrap()) {
            let alone = STRANGERS.iter().filter(|stranger| stranger.needs == [package.name.as_str()]).count();
            assert_eq!(alone, usize::from(package.name.as_str() != COMMAND), "{}", package.name);
        }
    }

    #[test]
    fn a_missing_or_placeholder_repository_is_refused() {
        let metadata = metadata(&root()).unwrap();
        let mut package = published(&metadata).next().unwrap().clone();
        let mut is_refused = |address: Option<&str>| {
            package.repository = address.map(str::to_owned);
            no_repository(&package).is_some()
        };
        assert!(is_refused(None) && is_refused(Some("https://example.invalid/tarspay")));
        assert!(!is_refused(Some("https://git.example.com/tarspay")));
    }

    #[test]
    fn a_readme_that_asks_for_another_version_is_found() {
        let metadata = metadata(&root()).unwrap();
        let mut package = published(&metadata).find(|package| *package.name == "tarspay").unwrap().clone();
        package.version = Version::new(0, 2, 3);
        let page = "tarspay = \"0.1\"\ntarspay = \"0.2\"\ntokio = \"1\"\nlet tarspay = \"0.1\";\ntarspay = \"0.2.4\" # new\n";
        let stale: Vec<_> = page.lines().filter(|line| is_stale(line, &package)).collect();
        assert_eq!(stale, ["tarspay = \"0.1\"", "tarspay = \"0.2.4\" # new"]);
    }
}
