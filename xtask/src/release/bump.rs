//! One version everywhere: the workspace, what its crates ask of each other, the lock file, the changelog, the READMEs.

use super::workspace::{Workspace, own_dependencies};
use super::{changelog, git, readme};
use crate::shell::{Failure, cargo, read, run as run_command, say, write};
use clap::ValueEnum;
use semver::Version;
use std::path::Path;
use std::time::SystemTime;
use toml_edit::{DocumentMut, Item, value};

/// What a release changes for users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[non_exhaustive]
pub enum Level {
    /// The first release: the version stays, the changelog gets its date
    First,
    /// Only repairs
    Patch,
    /// Something new; before 1.0 also what breaks
    Minor,
    /// Something that breaks
    Major,
}

/// Raises the version of the workspace in `root`.
///
/// # Errors
///
/// If the changelog has nothing to release, or a manifest cannot be edited.
pub fn run(root: &Path, level: Level, date: &str, dry_run: bool) -> Result<(), Failure> {
    let workspace = Workspace::read(root)?;
    let present = &workspace.version;
    if level == Level::First
        && let Some(tag) = git::last_tag(root)?
    {
        return Err(Failure::new(format!("v{tag} was released, so this is not the first; say what changed")));
    }
    let next = raised(present, level);
    let (manifest, log) = (root.join("Cargo.toml"), root.join("CHANGELOG.md"));
    // All texts are made before one is written, so that a refusal leaves nothing half done.
    let log_text = changelog::close(&read(&log)?, &next, date)?;
    let manifest_text = with_version(&read(&manifest)?, &next)?;
    let mut pages = Vec::new();
    for (path, page) in workspace.readmes()? {
        pages.push((path, readme::asking_for(&page, &workspace.names(), &next)));
    }
    say(&format!("bump: {present} -> {next}, {date}"));
    if dry_run {
        return Ok(());
    }
    write(&manifest, &manifest_text)?;
    write(&log, &log_text)?;
    for (path, page) in pages {
        write(&path, &page)?;
    }
    // Only our own crates change in the lock file.
    run_command(cargo(root, &["update", "--workspace", "--offline", "--quiet"]))
}

/// The day it is now, in UTC, as YYYY-MM-DD.
#[must_use]
pub fn today() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

/// The version that a level makes of one.
pub(super) fn raised(version: &Version, level: Level) -> Version {
    match level {
        Level::First => version.clone(),
        Level::Patch => Version::new(version.major, version.minor, version.patch + 1),
        Level::Minor => Version::new(version.major, version.minor + 1, 0),
        Level::Major => Version::new(version.major + 1, 0, 0),
    }
}

/// The manifest of a workspace with another version: its own, and that of every crate with a path.
fn with_version(manifest: &str, version: &Version) -> Result<String, Failure> {
    let mut document: DocumentMut =
        manifest.parse().map_err(|error| Failure::to("read Cargo.toml", error))?;
    let package = document.get_mut("workspace").and_then(|workspace| workspace.get_mut("package"));
    let Some(own) = package.and_then(|package| package.get_mut("version")) else {
        return Err(Failure::new("Cargo.toml has no version in [workspace.package]"));
    };
    *own = value(version.to_string());
    for dependency in own_dependencies(&mut document) {
        if let Some(asked) = dependency.get_mut("version").and_then(Item::as_value_mut) {
            let decor = asked.decor().clone();
            *asked = version.to_string().into();
            *asked.decor_mut() = decor;
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::git::tests::repository;
    use super::super::{changelog, git, workspace::Workspace};
    use super::{Level, raised, run, today, with_version};
    use semver::Version;
    use std::fs;
    use tempfile::TempDir;

    const MANIFEST: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"a\", \"b\"]\n\n[workspace.package]\nversion = \"0.1.0\"\n\n\
        [workspace.dependencies]\n# Ours.\na = { path = \"a\", version = \"0.1.0\", default-features = false }\nserde = \"0.1.0\"\n";

    /// Two crates, of which `b` needs `a`.
    pub(in super::super) fn two_crates() -> TempDir {
        let package = |name: &str| {
            format!("[package]\nname = \"{name}\"\nversion.workspace = true\nedition = \"2024\"\n")
        };
        repository(&[
            ("Cargo.toml", &MANIFEST.replace("serde = \"0.1.0\"\n", "")),
            ("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- New.\n"),
            ("a/Cargo.toml", &package("a")),
            ("a/src/lib.rs", ""),
            ("a/README.md", "a = \"0.1\"\n"),
            ("b/Cargo.toml", &(package("b") + "[dependencies]\na.workspace = true\n")),
            ("b/src/lib.rs", ""),
        ])
    }

    #[test]
    fn today_is_a_date_that_the_changelog_takes() {
        let log = "## Unreleased

- New.
";
        let closed = changelog::close(log, &Version::new(0, 2, 0), &today()).unwrap();
        assert!(changelog::has(&closed, &Version::new(0, 2, 0)), "{closed}");
    }

    #[test]
    fn a_level_raises_its_number_and_clears_those_below() {
        let version = Version::new(1, 2, 3);
        assert_eq!(raised(&version, Level::First), version);
        assert_eq!(raised(&version, Level::Patch), Version::new(1, 2, 4));
        assert_eq!(raised(&version, Level::Minor), Version::new(1, 3, 0));
        assert_eq!(raised(&version, Level::Major), Version::new(2, 0, 0));
    }

    #[test]
    fn only_our_own_versions_change_and_comments_stay() {
        let raised = with_version(MANIFEST, &Version::new(0, 2, 0)).unwrap();
        let expected = MANIFEST
            .replace("[workspace.package]\nversion = \"0.1.0\"", "[workspace.package]\nversion = \"0.2.0\"")
            .replace("path = \"a\", version = \"0.1.0\"", "path = \"a\", version = \"0.2.0\"");
        assert_eq!(raised, expected);
        assert!(with_version("[package]\n", &Version::new(0, 2, 0)).is_err());
    }

    #[test]
    fn a_bump_changes_every_version_and_the_changelog() {
        let folder = two_crates();
        run(folder.path(), Level::Minor, "2026-11-24", false).unwrap();
        let workspace = Workspace::read(folder.path()).unwrap();
        assert_eq!(workspace.version, Version::new(0, 2, 0));
        let names: Vec<&str> = workspace.packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let lock = fs::read_to_string(folder.path().join("Cargo.lock")).unwrap();
        assert_eq!(lock.matches("version = \"0.2.0\"").count(), 2, "{lock}");
        let log = fs::read_to_string(folder.path().join("CHANGELOG.md")).unwrap();
        assert!(changelog::has(&log, &workspace.version), "{log}");
        assert_eq!(fs::read_to_string(folder.path().join("a/README.md")).unwrap(), "a = \"0.2\"\n");
    }

    #[test]
    fn a_rehearsed_or_refused_bump_changes_no_file() {
        let folder = two_crates();
        run(folder.path(), Level::Minor, "2026-11-24", true).unwrap();
        run(folder.path(), Level::Minor, "soon", false).unwrap_err();
        assert_eq!(git::uncommitted(folder.path()).unwrap(), "");
    }

    #[test]
    fn the_first_release_comes_once() {
        let folder = two_crates();
        git::tag(folder.path(), &Version::new(0, 1, 0), false).unwrap();
        let refused = run(folder.path(), Level::First, "2026-11-24", false).unwrap_err();
        assert!(refused.to_string().contains("not the first"), "{refused}");
    }
}
