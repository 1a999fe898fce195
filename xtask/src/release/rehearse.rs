//! The whole sequence in a clone that is thrown away, with a registry on loopback: what a maintainer does, by the same code
//! and the same cargo.

use super::bump::{self, Level};
use super::local_registry::{LocalRegistry, NAME};
use super::workspace::{Workspace, own_dependencies};
use super::{changelog, git, plan, publish, verify};
use crate::shell::{Failure, cargo, read, run as run_command, say, write};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};
use toml_edit::DocumentMut;

/// Every change of an API is allowed to this level, so that the rehearsal passes between two releases.
const LEVEL: Level = Level::Major;
/// After how many uploads the rehearsed publishing is stopped, to be taken up again.
const STOPS_AFTER: usize = 2;
/// An index on loopback shows at once what it has.
const PAUSE: Duration = Duration::ZERO;

/// Takes every step with what is committed in `root`.
///
/// # Errors
///
/// If a step fails, or one that must be refused is not.
pub fn run(root: &Path) -> Result<(), Failure> {
    // Always the same place, so that what is built of the clone takes the place of what was built of the one before.
    let target = Workspace::read(root)?.target;
    let folder = target.join("rehearsal");
    let clone = folder.join("clone");
    if clone.exists() {
        fs::remove_dir_all(&clone).map_err(|error| Failure::to("remove the clone of last time", error))?;
    }
    git::clone(root, &clone)?;
    open_changelog(&clone)?;
    plan::run(&clone)?;

    let date = bump::today();
    let before = git::uncommitted(&clone)?;
    bump::run(&clone, LEVEL, &date, true)?;
    if git::uncommitted(&clone)? != before {
        return Err(Failure::new("bump --dry-run has changed files"));
    }
    bump::run(&clone, LEVEL, &date, false)?;
    let workspace = Workspace::read(&clone)?;
    let version = &workspace.version;
    refused("tag a tree with changes", git::tag(&clone, version, false))?;
    git::commit(&clone, &format!("Release {version}"))?;

    // The check is one of the clone's own program; what is compiled here serves there too.
    let mut check = cargo(&clone, &["xtask", "release", "check"]);
    check.env("CARGO_TARGET_DIR", &target);
    run_command(check)?;

    let _traces = Traces::begin();
    let registry = LocalRegistry::start()?;
    use_registry(&clone, &registry)?;
    git::commit(&clone, "Ask a registry on loopback for the crates of the workspace")?;
    git::tag(&clone, version, true)?;
    git::tag(&clone, version, false)?;
    refused("tag a version twice", git::tag(&clone, version, false))?;

    publish::run(&clone, NAME, PAUSE, true)?;
    holds(&registry, 0)?;
    registry.stop_after(STOPS_AFTER);
    refused("publish to a registry that stops", publish::run(&clone, NAME, PAUSE, false))?;
    holds(&registry, STOPS_AFTER)?;
    registry.go_on();
    publish::run(&clone, NAME, PAUSE, false)?;
    holds(&registry, workspace.packages.len())?;
    // All is there, so nothing is uploaded; the registry would refuse it.
    publish::run(&clone, NAME, PAUSE, false)?;

    verify::run(&clone, NAME, &folder.join("build"))?;
    say(&format!("rehearse: {version} would be released: {}", registry.holds().join(", ")));
    Ok(())
}

/// After a release nothing has changed yet, and a bump without a change is refused.
fn open_changelog(clone: &Path) -> Result<(), Failure> {
    let path = clone.join("CHANGELOG.md");
    let text = read(&path)?;
    if changelog::open(&text) != Some("") {
        return Ok(());
    }
    write(&path, &text.replacen("## Unreleased\n", "## Unreleased\n\n- A rehearsal.\n", 1))
}

/// Makes the registry known in the clone, and the one that has the crates of the workspace.
///
/// In a manifest no registry means crates.io, wherever the crate itself is published to.
fn use_registry(clone: &Path, registry: &LocalRegistry) -> Result<(), Failure> {
    let configuration = clone.join(".cargo/config.toml");
    write(&configuration, &(read(&configuration)? + "\n" + &registry.configuration()))?;
    let path = clone.join("Cargo.toml");
    let mut manifest: DocumentMut =
        read(&path)?.parse().map_err(|error| Failure::to("read Cargo.toml", error))?;
    for dependency in own_dependencies(&mut manifest) {
        dependency.insert("registry", toml_edit::value(NAME));
    }
    write(&path, &manifest.to_string())
}

/// What cargo keeps in its home of registries on loopback. What comes in while this lives is removed at its end: nobody else
/// can use it.
struct Traces(BTreeSet<PathBuf>);

impl Traces {
    fn begin() -> Self {
        Self(Self::there())
    }

    fn there() -> BTreeSet<PathBuf> {
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(env::home_dir()?.join(".cargo"))).unwrap_or_default();
        let folders = ["cache", "index", "src"].map(|folder| home.join("registry").join(folder));
        let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        let on_loopback =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("127.0.0.1-"));
        on_loopback.map(|entry| entry.path()).collect()
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        for trace in Self::there().difference(&self.0) {
            // What cannot be removed does no harm.
            let _ = fs::remove_dir_all(trace);
        }
    }
}

fn holds(registry: &LocalRegistry, count: usize) -> Result<(), Failure> {
    let held = registry.holds();
    if held.len() == count {
        return Ok(());
    }
    Err(Failure::new(format!("the registry should hold {count} crates and holds: {}", held.join(", "))))
}

fn refused(what: &str, outcome: Result<(), Failure>) -> Result<(), Failure> {
    match outcome {
        Ok(()) => Err(Failure::new(format!("to {what} must be refused, and was not"))),
        Err(reason) => {
            say(&format!("rehearse: to {what} is refused: {reason}"));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bump::tests::two_crates;
    use super::super::git::tests::repository;
    use super::{DocumentMut, LocalRegistry, changelog, holds, open_changelog, refused, use_registry};
    use crate::shell::Failure;
    use std::fs;

    #[test]
    fn a_step_that_should_have_been_refused_fails_the_rehearsal() {
        assert!(refused("do wrong", Ok(())).is_err());
        assert!(refused("do wrong", Err(Failure::new("no"))).is_ok());
    }

    #[test]
    fn a_registry_that_holds_something_else_fails_the_rehearsal() {
        let registry = LocalRegistry::start().unwrap();
        assert!(holds(&registry, 0).is_ok() && holds(&registry, 1).is_err());
    }

    #[test]
    fn only_an_empty_changelog_gets_a_line() {
        for (text, open) in [("## Unreleased\n", "- A rehearsal."), ("## Unreleased\n\n- New.\n", "- New.")] {
            let folder = repository(&[("CHANGELOG.md", text)]);
            open_changelog(folder.path()).unwrap();
            let after = fs::read_to_string(folder.path().join("CHANGELOG.md")).unwrap();
            assert_eq!(changelog::open(&after), Some(open));
        }
    }

    #[test]
    fn the_clone_asks_the_registry_for_our_crates() {
        let folder = two_crates();
        fs::create_dir(folder.path().join(".cargo")).unwrap();
        fs::write(folder.path().join(".cargo/config.toml"), "[alias]\n").unwrap();
        let registry = LocalRegistry::start().unwrap();
        use_registry(folder.path(), &registry).unwrap();
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let manifest: DocumentMut = text("Cargo.toml").parse().unwrap();
        assert_eq!(manifest["workspace"]["dependencies"]["a"]["registry"].as_str(), Some("rehearsal"));
        assert_eq!(text(".cargo/config.toml"), format!("[alias]\n\n{}", registry.configuration()));
    }
}
