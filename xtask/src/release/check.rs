//! Everything that stands against a release, found at once, each with what to do about it.

use super::workspace::Workspace;
use super::{api_change, changelog, git, readme};
use crate::shell::{Failure, cargo, output, run as run_command, say};
use crate::{api, pages, vectors};
use cargo_metadata::Package as Manifest;
use semver::Version;
use std::fs;
use std::path::Path;

/// What a package may hold at its top. Other files are either forgotten there or of no use to who depends on it.
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

/// Checks the workspace in `root`.
///
/// # Errors
///
/// Lists all that is wrong.
pub fn run(root: &Path) -> Result<(), Failure> {
    let workspace = Workspace::read(root)?;
    let mut faults = repository(root, &workspace.version)?;
    for manifest in &workspace.manifests {
        faults.extend(fields(manifest));
        let words = ["package", "--locked", "--allow-dirty", "--list", "--package", manifest.name.as_str()];
        faults.extend(contents(&manifest.name, &output(cargo(root, &words))?));
        if manifest.repository.is_none() {
            say(&format!(
                "warning: {} names no repository; set it when the project has an address",
                manifest.name
            ));
        }
    }
    for (path, page) in workspace.readmes()? {
        if readme::asking_for(&page, &workspace.names(), &workspace.version) != page {
            faults.push(format!(
                "{} asks for another version than {}; bump",
                path.display(),
                workspace.version
            ));
        }
    }
    let mut note = |outcome: Result<(), Failure>| faults.extend(outcome.err().map(|fault| fault.to_string()));
    note(output(cargo(root, &["metadata", "--locked", "--format-version", "1"])).map(drop));
    note(pages::run(true));
    note(vectors::run(true));
    note(api::run(root, true));
    // Builds nothing: tests have built the workspace.
    let words = ["publish", "--workspace", "--dry-run", "--locked", "--no-verify", "--allow-dirty"];
    note(run_command(cargo(root, &words)));
    if faults.is_empty() {
        say(&format!("check: {} can be released", workspace.version));
        return Ok(());
    }
    Err(Failure::new(format!("{} things stand against a release:\n- {}", faults.len(), faults.join("\n- "))))
}

/// What the repository itself says: tree, branch, tags, changelog, API since the last tag.
fn repository(root: &Path, version: &Version) -> Result<Vec<String>, Failure> {
    let mut faults = Vec::new();
    let files = git::uncommitted(root)?;
    if !files.is_empty() {
        faults.push(format!("not committed; commit or remove:\n{}", files.trim_end()));
    }
    let branch = git::branch(root)?;
    if branch != "main" {
        faults.push(format!("the branch is {branch}; releases are made from main"));
    }
    let log = fs::read_to_string(root.join("CHANGELOG.md")).unwrap_or_default();
    if !changelog::has(&log, version) {
        faults.push(format!("CHANGELOG.md has no dated section {version}; run `cargo xtask release bump`"));
    }
    if changelog::open(&log).is_some_and(|open| !open.is_empty()) {
        faults
            .push("CHANGELOG.md has text under Unreleased; bump, so that it belongs to a version".to_owned());
    }
    match git::last_tag(root)? {
        None => say("check: nothing was released yet, so there is no API to compare with"),
        Some(last) if last >= *version => {
            faults.push(format!("v{last} is tagged and the version is {version}; bump"));
        }
        Some(last) => {
            let changes = api_change::since(root, &last)?;
            faults.extend(changes.iter().filter_map(|change| change.fault(&last, version)));
        }
    }
    Ok(faults)
}

fn fields(manifest: &Manifest) -> Vec<String> {
    let missing = [
        ("description", manifest.description.is_none()),
        ("license", manifest.license.is_none()),
        ("readme", manifest.readme.is_none()),
        ("rust-version", manifest.rust_version.is_none()),
    ];
    let missing = missing.into_iter().filter(|(_, missing)| *missing);
    missing.map(|(field, _)| format!("{}: set `{field}` in its Cargo.toml", manifest.name)).collect()
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
        format!("{name}: the package holds {file}; exclude it, or allow it in xtask/src/release/check.rs")
    });
    lacks.chain(strange).collect()
}

#[cfg(test)]
mod tests {
    use super::super::git::tag;
    use super::super::git::tests::{commit_all, repository};
    use super::{contents, repository as check_repository};
    use semver::Version;
    use std::fs;

    const API: &str = "xtask/public-api/tarspay.txt";
    const LOG: &str = "# Changelog\n\n## Unreleased\n\n## 0.1.1 - 2026-11-24\n\n- New.\n";

    #[test]
    fn a_repository_in_order_has_no_fault() {
        let folder = repository(&[("CHANGELOG.md", LOG)]);
        assert!(check_repository(folder.path(), &Version::new(0, 1, 1)).unwrap().is_empty());
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let folder = repository(&[("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- New.\n")]);
        tag(folder.path(), &Version::new(0, 2, 0), false).unwrap();
        fs::write(folder.path().join("left"), "").unwrap();
        let faults = check_repository(folder.path(), &Version::new(0, 2, 0)).unwrap();
        assert_eq!(faults.len(), 4, "{faults:?}");
    }

    #[test]
    fn an_api_that_asks_for_more_is_a_fault() {
        let folder = repository(&[("CHANGELOG.md", LOG), (API, "fn a\n")]);
        tag(folder.path(), &Version::new(0, 1, 0), false).unwrap();
        fs::write(folder.path().join(API), "fn b\n").unwrap();
        commit_all(folder.path(), "Break it");
        let faults = check_repository(folder.path(), &Version::new(0, 1, 1)).unwrap();
        assert!(matches!(&faults[..], [fault] if fault.contains("asks for 0.2.0")), "{faults:?}");
    }

    #[test]
    fn a_package_holds_what_it_needs_and_nothing_else() {
        let whole = "Cargo.toml\nLICENSE-APACHE\nLICENSE-MIT\nREADME.md\nsrc/lib.rs\n";
        assert!(contents("a", whole).is_empty());
        let faults = contents("a", &whole.replace("LICENSE-MIT", "merchant.key"));
        assert_eq!(faults.len(), 2);
        assert!(
            faults[0].contains("lacks LICENSE-MIT") && faults[1].contains("holds merchant.key"),
            "{faults:?}"
        );
    }
}
