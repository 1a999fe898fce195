//! The whole sequence in a clone that is thrown away, with a folder for a registry.

use super::bump::{self, Level};
use super::publish::{Registry, publish};
use super::workspace::{Package, Workspace};
use super::{changelog, git};
use crate::shell::{Failure, cargo, run as run_command, say};
use semver::Version;
use std::fs;
use std::path::{Path, PathBuf};

/// Every change of an API is allowed to this level, so that the rehearsal passes between two releases.
const LEVEL: Level = Level::Major;
/// After how many uploads the rehearsed publishing is stopped, to be taken up again.
const STOPS_AFTER: usize = 2;

/// Takes every step but `verify` with what is committed in `root`.
///
/// # Errors
///
/// If a step fails, or one that must be refused is not.
pub fn run(root: &Path) -> Result<(), Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::to("make a temporary folder", error))?;
    let clone = folder.path().join("clone");
    git::clone(root, &clone)?;
    open_changelog(&clone)?;
    bump::run(&clone, LEVEL, &bump::today(), false)?;
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

    git::tag(&clone, version, false)?;
    refused("tag a version twice", git::tag(&clone, version, false))?;

    let words = ["package", "--workspace", "--exclude", "xtask", "--locked", "--no-verify", "--quiet"];
    let mut package = cargo(&clone, &[&words[..], &["--target-dir"]].concat());
    package.arg(folder.path().join("packed"));
    run_command(package)?;
    let mut shelf = Shelf {
        packed: folder.path().join("packed/package"),
        taken: folder.path().join("taken"),
        packages: &workspace.packages,
        version,
        left: STOPS_AFTER,
    };
    fs::create_dir(&shelf.taken).map_err(|error| Failure::to("make a folder", error))?;
    refused("publish to a registry that stops", publish(&workspace.packages, version, &mut shelf))?;
    shelf.left = workspace.packages.len() - STOPS_AFTER;
    publish(&workspace.packages, version, &mut shelf)?;
    say(&format!("rehearse: {version} would be released, {} crates", workspace.packages.len()));
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

fn refused(what: &str, outcome: Result<(), Failure>) -> Result<(), Failure> {
    match outcome {
        Ok(()) => Err(Failure::new(format!("to {what} must be refused, and was not"))),
        Err(reason) => {
            say(&format!("rehearse: to {what} is refused: {reason}"));
            Ok(())
        }
    }
}

/// A folder of archives that takes each crate once, and only after those it needs.
struct Shelf<'a> {
    packed: PathBuf,
    taken: PathBuf,
    packages: &'a [Package],
    version: &'a Version,
    /// How many uploads it takes before it stops.
    left: usize,
}

impl Shelf<'_> {
    fn holds(&self, name: &str) -> bool {
        self.taken.join(format!("{name}-{}.crate", self.version)).exists()
    }
}

impl Registry for Shelf<'_> {
    fn has(&mut self, name: &str, _: &Version) -> Result<bool, Failure> {
        Ok(self.holds(name))
    }

    fn upload(&mut self, name: &str) -> Result<(), Failure> {
        if self.left == 0 {
            return Err(Failure::new("the registry stopped"));
        }
        let package = self.packages.iter().find(|package| package.name == name);
        let needs = package.map(|package| package.needs.as_slice()).unwrap_or_default();
        if let Some(need) = needs.iter().find(|need| !self.holds(need)) {
            return Err(Failure::new(format!("{name} needs {need}, which is not there")));
        }
        if self.holds(name) {
            return Err(Failure::new(format!("{name} is there already")));
        }
        let file = format!("{name}-{}.crate", self.version);
        fs::copy(self.packed.join(&file), self.taken.join(&file))
            .map_err(|error| Failure::to(&format!("take {file}"), error))?;
        self.left -= 1;
        Ok(())
    }

    /// A folder shows at once what it has.
    fn pause(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::super::git::tests::repository;
    use super::{Package, Registry, Shelf, changelog, open_changelog, refused};
    use crate::shell::Failure;
    use semver::Version;
    use std::fs;

    #[test]
    fn a_shelf_takes_a_crate_once_and_after_those_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        let (packed, taken) = (folder.path().join("packed"), folder.path().join("taken"));
        fs::create_dir(&packed).unwrap();
        fs::create_dir(&taken).unwrap();
        for name in ["a", "b"] {
            fs::write(packed.join(format!("{name}-0.1.0.crate")), name).unwrap();
        }
        let package = |name: &str, needs: Vec<String>| Package { name: name.to_owned(), needs };
        let packages = [package("a", vec![]), package("b", vec!["a".to_owned()])];
        let version = Version::new(0, 1, 0);
        let mut shelf = Shelf { packed, taken, packages: &packages, version: &version, left: 2 };
        assert_eq!(shelf.upload("b").unwrap_err().to_string(), "b needs a, which is not there");
        shelf.upload("a").unwrap();
        assert_eq!(shelf.upload("a").unwrap_err().to_string(), "a is there already");
        shelf.upload("b").unwrap();
        assert!(shelf.has("b", &version).unwrap());
        assert_eq!(shelf.upload("c").unwrap_err().to_string(), "the registry stopped");
    }

    #[test]
    fn a_step_that_should_have_been_refused_fails_the_rehearsal() {
        assert!(refused("do wrong", Ok(())).is_err());
        assert!(refused("do wrong", Err(Failure::new("no"))).is_ok());
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
}
