//! The whole sequence in a clone that is thrown away, with a registry on loopback: what a maintainer does, by the same code
//! and the same cargo.

use super::bump::{self, Level};
use super::local_registry::{LocalRegistry, NAME};
use super::workspace::{Workspace, own_dependencies};
use super::{changelog, git, plan, publish, verify};
use crate::shell::{Failure, cargo, run as run_command, say};
use std::fs;
use std::path::Path;
use std::time::Duration;
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
    let folder = tempfile::tempdir().map_err(|error| Failure::to("make a temporary folder", error))?;
    let clone = folder.path().join("clone");
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
    let target = workspace.target;
    let target = if target.starts_with(&clone) { Workspace::read(root)?.target } else { target };
    let mut check = cargo(&clone, &["xtask", "release", "check"]);
    check.env("CARGO_TARGET_DIR", &target);
    run_command(check)?;

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

    verify::run(&clone, Some(NAME), &target)?;
    say(&format!("rehearse: {version} would be released: {}", registry.holds().join(", ")));
    Ok(())
}

/// After a release nothing has changed yet, and a bump without a change is refused.
fn open_changelog(clone: &Path) -> Result<(), Failure> {
    let path = clone.join("CHANGELOG.md");
    let text = fs::read_to_string(&path).map_err(|error| Failure::to("read CHANGELOG.md", error))?;
    if changelog::open(&text) != Some("") {
        return Ok(());
    }
    let text = text.replacen("## Unreleased\n", "## Unreleased\n\n- A rehearsal.\n", 1);
    fs::write(&path, text).map_err(|error| Failure::to("write CHANGELOG.md", error))
}

/// Makes the registry known in the clone, and the one that has the crates of the workspace.
///
/// In a manifest no registry means crates.io, wherever the crate itself is published to.
fn use_registry(clone: &Path, registry: &LocalRegistry) -> Result<(), Failure> {
    let edit = |name: &str, change: &dyn Fn(String) -> Result<String, Failure>| {
        let path = clone.join(name);
        let text = fs::read_to_string(&path).map_err(|error| Failure::to(&format!("read {name}"), error))?;
        fs::write(&path, change(text)?).map_err(|error| Failure::to(&format!("write {name}"), error))
    };
    edit(".cargo/config.toml", &|text| Ok(text + "\n" + &registry.configuration()))?;
    edit("Cargo.toml", &|text| {
        let mut manifest: DocumentMut =
            text.parse().map_err(|error| Failure::to("read Cargo.toml", error))?;
        for dependency in own_dependencies(&mut manifest) {
            dependency.insert("registry", toml_edit::value(NAME));
        }
        Ok(manifest.to_string())
    })
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
