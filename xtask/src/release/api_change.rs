//! How the public API has changed since a release, and which version that asks for.

use super::bump::{Level, raised};
use super::git;
use crate::api;
use crate::shell::Failure;
use semver::Version;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

/// What differs in the API of one library. A line that changed was removed and added: it may break someone.
pub(super) struct ApiChange {
    library: String,
    removed: BTreeSet<String>,
    added: BTreeSet<String>,
}

/// The libraries whose API has changed since the version; one that is gone has lost all of it.
pub(super) fn since(root: &Path, last: &Version) -> Result<Vec<ApiChange>, Failure> {
    let mut changes = Vec::new();
    for path in git::files_at(root, last, Path::new(api::FOLDER))? {
        let Some(before) = git::file_at(root, last, &path)? else { continue };
        let after = fs::read_to_string(root.join(&path)).unwrap_or_default();
        let (removed, added) = api::difference(&before, &after);
        let owned = |lines: BTreeSet<&str>| lines.into_iter().map(str::to_owned).collect();
        let library = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let change = ApiChange { library, removed: owned(removed), added: owned(added) };
        if !(change.removed.is_empty() && change.added.is_empty()) {
            changes.push(change);
        }
    }
    Ok(changes)
}

impl ApiChange {
    /// The level that the change asks for. Cargo takes the first number that is not 0 for the one that breaks.
    pub(super) fn asks(&self, last: &Version) -> Level {
        if !self.removed.is_empty() && last.major > 0 { Level::Major } else { Level::Minor }
    }

    /// What is wrong if the next version is this one.
    pub(super) fn fault(&self, last: &Version, version: &Version) -> Option<String> {
        let asked = raised(last, self.asks(last));
        (*version < asked).then(|| {
            format!(
                "{self} since v{last}, which asks for {asked} at least and not {version}; bump\n{}",
                api::shown(&self.removed, &self.added)
            )
        })
    }
}

impl fmt::Display for ApiChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = |count: usize, what: &str| match count {
            1 => format!("1 {what} line"),
            many => format!("{many} {what} lines"),
        };
        let Self { library, removed, added } = self;
        match (removed.len(), added.len()) {
            (0, added) => write!(f, "{library} has {} in its API", lines(added, "new")),
            (removed, _) => write!(f, "{library} has {} in its API", lines(removed, "changed or removed")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::git::{tag, tests::repository};
    use super::since;
    use semver::Version;
    use std::fs;

    const API: &str = "xtask/public-api/tarspay.txt";

    /// The faults of a version whose API is `after`, when `last` had `fn a`.
    fn faults(after: &str, last: &Version, version: &Version) -> Vec<String> {
        let folder = repository(&[(API, "fn a\n")]);
        tag(folder.path(), last, false).unwrap();
        fs::write(folder.path().join(API), after).unwrap();
        since(folder.path(), last).unwrap().iter().filter_map(|change| change.fault(last, version)).collect()
    }

    #[test]
    fn an_api_that_breaks_or_grows_asks_for_its_version() {
        let (last, patch, minor) = (Version::new(0, 1, 0), Version::new(0, 1, 1), Version::new(0, 2, 0));
        assert_eq!(faults("fn a\n", &last, &patch), [""; 0]);
        assert!(faults("fn a\nfn b\n", &last, &patch)[0].contains("asks for 0.2.0 at least and not 0.1.1"));
        assert!(faults("fn b\n", &last, &patch)[0].ends_with("\n  - fn a\n  + fn b"));
        assert_eq!(faults("fn b\n", &last, &minor), [""; 0]);
    }

    #[test]
    fn a_library_that_is_gone_breaks() {
        let last = Version::new(1, 0, 0);
        let folder = repository(&[(API, "fn a\n")]);
        tag(folder.path(), &last, false).unwrap();
        fs::remove_file(folder.path().join(API)).unwrap();
        let changes = since(folder.path(), &last).unwrap();
        assert!(changes[0].fault(&last, &Version::new(1, 1, 0)).unwrap().contains("asks for 2.0.0"));
    }

    #[test]
    fn after_one_point_zero_only_a_major_version_breaks() {
        let (last, minor, major) = (Version::new(1, 0, 0), Version::new(1, 1, 0), Version::new(2, 0, 0));
        assert_eq!(faults("fn a\nfn b\n", &last, &minor), [""; 0]);
        assert!(faults("", &last, &minor)[0].contains("asks for 2.0.0 at least"));
        assert_eq!(faults("", &last, &major), [""; 0]);
    }
}
