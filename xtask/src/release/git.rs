//! What git knows of a release: the state of the tree, and tags.

use crate::shell::{Failure, output, run as run_command, say};
use semver::Version;
use std::path::{Path, PathBuf};
use std::process::Command;

fn git(root: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(words);
    command
}

/// A clone with the present commit as `main`, and an author of its own.
///
/// # Errors
///
/// If git fails.
pub fn clone(root: &Path, into: &Path) -> Result<(), Failure> {
    let mut command = Command::new("git");
    command.args(["clone", "--quiet"]).arg(root).arg(into);
    output(command)?;
    for words in [
        &["checkout", "--quiet", "-B", "main"][..],
        &["config", "user.name", "Rehearsal"],
        &["config", "user.email", "rehearsal@example.com"],
    ] {
        output(git(into, words))?;
    }
    Ok(())
}

/// Commits every change.
///
/// # Errors
///
/// If git fails, or nothing has changed.
pub fn commit(root: &Path, message: &str) -> Result<(), Failure> {
    output(git(root, &["commit", "--quiet", "--all", "--message", message])).map(drop)
}

/// The files that are not committed, one a line.
///
/// # Errors
///
/// If git fails.
pub fn uncommitted(root: &Path) -> Result<String, Failure> {
    output(git(root, &["status", "--porcelain"]))
}

/// The branch that is checked out; `HEAD` if none is.
///
/// # Errors
///
/// If git fails.
pub fn branch(root: &Path) -> Result<String, Failure> {
    Ok(output(git(root, &["rev-parse", "--abbrev-ref", "HEAD"]))?.trim().to_owned())
}

/// The highest version that is tagged `v…`.
///
/// # Errors
///
/// If git fails.
pub fn last_tag(root: &Path) -> Result<Option<Version>, Failure> {
    let tags = output(git(root, &["tag", "--list", "v*"]))?;
    Ok(tags.lines().filter_map(|tag| Version::parse(tag.strip_prefix('v')?).ok()).max())
}

/// The files in a folder as it stood at a version.
///
/// # Errors
///
/// If git fails.
pub fn files_at(root: &Path, version: &Version, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut list = git(root, &["ls-tree", "-r", "--name-only", &format!("v{version}"), "--"]);
    list.arg(folder);
    Ok(output(list)?.lines().map(PathBuf::from).collect())
}

/// A file as it stood at a version; `None` if it was not there.
///
/// # Errors
///
/// If git fails.
pub fn file_at(root: &Path, version: &Version, path: &Path) -> Result<Option<String>, Failure> {
    let path = path.display().to_string().replace('\\', "/");
    let tag = format!("v{version}");
    if output(git(root, &["ls-tree", "--name-only", &tag, "--", &path]))?.is_empty() {
        return Ok(None);
    }
    output(git(root, &["show", &format!("{tag}:{path}")])).map(Some)
}

/// The titles of the commits that changed a folder since a version, or since the beginning; the newest first.
///
/// # Errors
///
/// If git fails.
pub fn titles(root: &Path, since: Option<&Version>, folder: &Path) -> Result<Vec<String>, Failure> {
    let range = since.map_or_else(|| "HEAD".to_owned(), |version| format!("v{version}..HEAD"));
    let mut log = git(root, &["log", "--no-merges", "--format=%s", &range, "--"]);
    log.arg(folder);
    Ok(output(log)?.lines().map(str::to_owned).collect())
}

/// Whether the present commit has the version's tag.
///
/// # Errors
///
/// If git fails.
pub fn is_tagged(root: &Path, version: &Version) -> Result<bool, Failure> {
    let tags = output(git(root, &["tag", "--points-at", "HEAD"]))?;
    Ok(tags.lines().any(|tag| tag == format!("v{version}")))
}

/// Tags the present commit.
///
/// # Errors
///
/// If the tag exists, or something is not committed.
pub fn tag(root: &Path, version: &Version, dry_run: bool) -> Result<(), Failure> {
    let name = format!("v{version}");
    if !output(git(root, &["tag", "--list", &name]))?.is_empty() {
        return Err(Failure::new(format!(
            "the tag {name} exists; a version is released once, so bump first"
        )));
    }
    let files = uncommitted(root)?;
    if !files.is_empty() {
        return Err(Failure::new(format!("commit these first, or they are not in {name}:\n{files}")));
    }
    if dry_run {
        say(&format!("would tag {name}"));
        return Ok(());
    }
    run_command(git(root, &["tag", "--annotate", &name, "--message", &format!("tarspay {version}")]))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{branch, file_at, git, is_tagged, last_tag, tag, uncommitted};
    use crate::shell::output;
    use semver::Version;
    use std::fs;
    use std::path::Path;
    use tempfile::TempDir;

    /// A repository with one commit, which holds these files.
    pub(crate) fn repository(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        output(git(folder.path(), &["init", "--quiet", "--initial-branch", "main"])).unwrap();
        output(git(folder.path(), &["config", "user.name", "Test"])).unwrap();
        output(git(folder.path(), &["config", "user.email", "test@example.com"])).unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        commit_all(folder.path(), "Start");
        folder
    }

    /// Commits all that is new or changed.
    pub(crate) fn commit_all(folder: &Path, title: &str) {
        output(git(folder, &["add", "--all"])).unwrap();
        super::commit(folder, title).unwrap();
    }

    #[test]
    fn a_tag_is_made_once() {
        let folder = repository(&[("a", "1")]);
        let version = Version::new(0, 2, 0);
        assert!(!is_tagged(folder.path(), &version).unwrap());
        tag(folder.path(), &version, false).unwrap();
        assert!(is_tagged(folder.path(), &version).unwrap());
        assert_eq!(last_tag(folder.path()).unwrap(), Some(version.clone()));
        let refused = tag(folder.path(), &version, false).unwrap_err().to_string();
        assert!(refused.contains("the tag v0.2.0 exists"), "{refused}");
    }

    #[test]
    fn a_rehearsed_tag_is_not_made() {
        let folder = repository(&[("a", "1")]);
        tag(folder.path(), &Version::new(0, 2, 0), true).unwrap();
        assert_eq!(last_tag(folder.path()).unwrap(), None);
    }

    #[test]
    fn a_tree_with_changes_is_not_tagged() {
        let folder = repository(&[("a", "1")]);
        fs::write(folder.path().join("b"), "2").unwrap();
        assert_eq!(uncommitted(folder.path()).unwrap(), "?? b\n");
        assert!(tag(folder.path(), &Version::new(0, 2, 0), false).is_err());
    }

    #[test]
    fn the_last_tag_is_the_highest_version_and_not_the_last_in_the_alphabet() {
        let folder = repository(&[("a", "1")]);
        for version in [Version::new(0, 9, 0), Version::new(0, 10, 0)] {
            tag(folder.path(), &version, false).unwrap();
        }
        output(git(folder.path(), &["tag", "vendor"])).unwrap();
        assert_eq!(last_tag(folder.path()).unwrap(), Some(Version::new(0, 10, 0)));
        assert_eq!(branch(folder.path()).unwrap(), "main");
    }

    #[test]
    fn a_file_is_read_as_it_stood_at_the_tag() {
        let folder = repository(&[("a", "1")]);
        let version = Version::new(0, 1, 0);
        tag(folder.path(), &version, false).unwrap();
        fs::write(folder.path().join("a"), "2").unwrap();
        assert_eq!(file_at(folder.path(), &version, Path::new("a")).unwrap().as_deref(), Some("1"));
        assert_eq!(file_at(folder.path(), &version, Path::new("b")).unwrap(), None);
    }
}
