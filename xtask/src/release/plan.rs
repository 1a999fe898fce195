//! What would be released, in which order, and why.

use super::bump::{Level, raised};
use super::workspace::{Package, Workspace};
use super::{api_change, changelog, git};
use crate::shell::{Failure, say};
use semver::Version;
use std::fs;
use std::path::Path;

/// How many commits of a crate are named; the others are counted.
const NAMED: usize = 10;

/// Prints the plan of the workspace in `root`.
///
/// # Errors
///
/// If cargo or git cannot read it.
pub fn run(root: &Path) -> Result<(), Failure> {
    say(&text(root)?);
    Ok(())
}

fn text(root: &Path) -> Result<String, Failure> {
    let workspace = Workspace::read(root)?;
    let last = git::last_tag(root)?;
    let mut lines = vec![version(root, &workspace.version, last.as_ref())?];
    lines.push("published one after the other, each after those it needs:".to_owned());
    for (place, package) in workspace.packages.iter().enumerate() {
        lines.push(format!("{}. {}", place + 1, reason(package)));
        lines.extend(commits(root, &workspace, package, last.as_ref())?);
    }
    let log = fs::read_to_string(root.join("CHANGELOG.md")).unwrap_or_default();
    match changelog::open(&log) {
        None | Some("") => lines.push("CHANGELOG.md says nothing under Unreleased".to_owned()),
        Some(open) => lines.push(format!("CHANGELOG.md will say:\n\n{open}")),
    }
    Ok(lines.join("\n"))
}

/// The version that is asked for, and by what.
fn version(root: &Path, present: &Version, last: Option<&Version>) -> Result<String, Failure> {
    let Some(last) = last else {
        let log = fs::read_to_string(root.join("CHANGELOG.md")).unwrap_or_default();
        let done = if changelog::has(&log, present) { "it is bumped" } else { "so bump first" };
        return Ok(format!("nothing was released yet: {present} would be the first, {done}"));
    };
    let changes = api_change::since(root, last)?;
    let most = changes.iter().max_by_key(|change| change.asks(last));
    let (level, why) = most.map_or((Level::Patch, "no public API has changed".to_owned()), |change| {
        (change.asks(last), format!("{change} since then"))
    });
    let next = raised(last, level);
    let done = if *present >= next { "which it has" } else { "so bump" };
    Ok(format!("v{last} was released last, and {why}: at least {next}, {done} ({present})"))
}

fn reason(package: &Package) -> String {
    if package.needs.is_empty() {
        format!("{}, which needs none of ours", package.name)
    } else {
        format!("{}, after {}", package.name, package.needs.join(", "))
    }
}

/// What has changed in a crate since the last release; since the beginning if there was none.
fn commits(
    root: &Path,
    workspace: &Workspace,
    package: &Package,
    last: Option<&Version>,
) -> Result<Vec<String>, Failure> {
    let Some(folder) = workspace.folder_of(package) else { return Ok(Vec::new()) };
    let titles = git::titles(root, last, folder)?;
    let since = last.map_or_else(String::new, |last| format!(" since v{last}"));
    let mut lines = match titles.len() {
        0 => vec![format!("   no commit{since}; released because all crates share one version")],
        1 => vec![format!("   1 commit{since}:")],
        many => vec![format!("   {many} commits{since}:")],
    };
    lines.extend(titles.iter().take(NAMED).map(|title| format!("   - {title}")));
    if titles.len() > NAMED {
        lines.push(format!("   - and {} more", titles.len() - NAMED));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::super::bump::tests::two_crates;
    use super::super::git;
    use super::text;
    use semver::Version;
    use std::fs;

    #[test]
    fn the_first_plan_names_the_order_its_reasons_and_the_changelog() {
        let folder = two_crates();
        let text = text(folder.path()).unwrap();
        for part in [
            "nothing was released yet: 0.1.0 would be the first, so bump first\n",
            "1. a, which needs none of ours\n   1 commit:\n   - Start\n",
            "2. b, after a\n",
            "CHANGELOG.md will say:\n\n- New.",
        ] {
            assert!(text.contains(part), "{part:?} in:\n{text}");
        }
    }

    #[test]
    fn a_later_plan_says_what_has_changed_and_what_that_asks_for() {
        let folder = two_crates();
        let api = "xtask/public-api/tarspay.txt";
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            git::tests::commit_all(folder.path(), "Change it");
        };
        write(api, "fn a\n");
        git::tag(folder.path(), &Version::new(0, 1, 0), false).unwrap();
        assert!(text(folder.path()).unwrap().contains("no public API has changed: at least 0.1.1, so bump"));
        write("a/src/lib.rs", "//! New.\n");
        write(api, "fn a\nfn b\n");
        let text = text(folder.path()).unwrap();
        for part in [
            "v0.1.0 was released last, and tarspay has 1 new line in its API since then: at least 0.2.0, so bump",
            "   1 commit since v0.1.0:\n   - Change it\n2. b, after a\n   no commit since v0.1.0; released",
        ] {
            assert!(text.contains(part), "{part:?} in:\n{text}");
        }
    }
}
