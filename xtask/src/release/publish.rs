//! Uploading in the order of dependencies. It can be stopped anywhere and run again: what is there is left alone.

use super::git;
use super::workspace::{Package, Workspace};
use crate::shell::{Failure, cargo, run as run_command, say};
use semver::Version;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How often the index is asked for a crate that was uploaded, and the pause between: ten minutes in all.
const ASKS: u32 = 60;
/// The same for an upload that was refused.
const ASKS_IF_REFUSED: u32 = 6;
/// The pause between two questions to an index that others use too.
pub const PAUSE: Duration = Duration::from_secs(10);

/// The registry of all Rust programs, as cargo names it.
pub const CRATES_IO: &str = "crates-io";

/// Where crates are published.
pub trait Registry {
    /// Whether the index has this version.
    ///
    /// # Errors
    ///
    /// If the index does not answer.
    fn has(&mut self, name: &str, version: &Version) -> Result<bool, Failure>;

    /// Uploads the crate.
    ///
    /// # Errors
    ///
    /// If it is refused.
    fn upload(&mut self, name: &str) -> Result<(), Failure>;

    /// Waits before the index is asked again.
    fn pause(&mut self);
}

/// Publishes the workspace in `root` to the registry that cargo knows by this name; with `dry_run` cargo only packs it.
///
/// # Errors
///
/// If the present commit is not the one with the version's tag, or cargo fails.
pub fn run(root: &Path, registry: &str, pause: Duration, dry_run: bool) -> Result<(), Failure> {
    if dry_run {
        let words = ["publish", "--workspace", "--dry-run", "--locked", "--no-verify", "--allow-dirty"];
        return run_command(cargo(root, &[&words[..], &["--registry", registry]].concat()));
    }
    let workspace = Workspace::read(root)?;
    if !git::is_tagged(root, &workspace.version)? || !git::uncommitted(root)?.is_empty() {
        return Err(Failure::new(format!(
            "what is published must be v{} and nothing else; run `cargo xtask release tag` on a clean tree",
            workspace.version
        )));
    }
    let mut registry = Known { root: root.to_owned(), name: registry.to_owned(), pause };
    publish(&workspace.packages, &workspace.version, &mut registry)
}

/// Publishes the crates in this order, each only when the index has those before it.
///
/// # Errors
///
/// If an upload fails, or the index does not show it in time.
pub fn publish(packages: &[Package], version: &Version, registry: &mut impl Registry) -> Result<(), Failure> {
    for package in packages {
        let name = &package.name;
        if registry.has(name, version)? {
            say(&format!("publish: {name} {version} is there"));
            continue;
        }
        let uploaded = registry.upload(name);
        let mut asked = 0;
        while !registry.has(name, version)? {
            asked += 1;
            // A refusal may mean that an earlier run has uploaded it and the index lags; only the index tells.
            if asked == if uploaded.is_ok() { ASKS } else { ASKS_IF_REFUSED } {
                uploaded?;
                return Err(Failure::new(format!(
                    "{name} {version} was uploaded, but the index does not show it; run this again later"
                )));
            }
            registry.pause();
        }
        say(&format!("publish: {name} {version} is there now"));
    }
    Ok(())
}

/// A registry that cargo knows, asked through cargo.
struct Known {
    root: PathBuf,
    name: String,
    pause: Duration,
}

impl Registry for Known {
    fn has(&mut self, name: &str, version: &Version) -> Result<bool, Failure> {
        let spec = format!("{name}@{version}");
        let mut info = cargo(&self.root, &["info", "--quiet", "--registry", &self.name, &spec]);
        let output = info.output().map_err(|error| Failure::to("start cargo info", error))?;
        let reason = String::from_utf8_lossy(&output.stderr);
        match output.status.success() {
            true => Ok(true),
            false if reason.contains("could not find") => Ok(false),
            false => Err(Failure::new(format!("cannot ask the index for {spec}: {reason}"))),
        }
    }

    fn upload(&mut self, name: &str) -> Result<(), Failure> {
        let words = ["publish", "--locked", "--no-verify", "--registry", &self.name, "--package", name];
        run_command(cargo(&self.root, &words))
    }

    fn pause(&mut self) {
        thread::sleep(self.pause);
    }
}

#[cfg(test)]
mod tests {
    use super::{ASKS, Failure, Package, Registry, publish};
    use semver::Version;

    /// A registry in memory, whose index shows an upload after some pauses and which can refuse.
    #[derive(Default)]
    struct Memory {
        uploaded: Vec<String>,
        shown: usize,
        lag: u32,
        paused: u32,
        refuses_after: Option<usize>,
    }

    impl Registry for Memory {
        fn has(&mut self, name: &str, _: &Version) -> Result<bool, Failure> {
            if self.paused >= self.lag {
                self.shown = self.uploaded.len();
            }
            Ok(self.uploaded[..self.shown].iter().any(|there| there == name))
        }

        fn upload(&mut self, name: &str) -> Result<(), Failure> {
            if self.refuses_after.is_some_and(|after| self.uploaded.len() >= after) {
                return Err(Failure::new("refused"));
            }
            if self.uploaded.iter().any(|there| there == name) {
                return Err(Failure::new("already uploaded"));
            }
            self.uploaded.push(name.to_owned());
            self.paused = 0;
            Ok(())
        }

        fn pause(&mut self) {
            self.paused += 1;
        }
    }

    fn packages() -> Vec<Package> {
        ["a", "b", "c"].map(|name| Package { name: name.to_owned(), needs: Vec::new() }).into()
    }

    #[test]
    fn what_was_stopped_goes_on_where_it_stopped() {
        let version = Version::new(0, 1, 0);
        let mut registry = Memory { refuses_after: Some(2), ..Memory::default() };
        assert_eq!(publish(&packages(), &version, &mut registry).unwrap_err().to_string(), "refused");
        assert_eq!(registry.uploaded, ["a", "b"]);
        registry.refuses_after = None;
        publish(&packages(), &version, &mut registry).unwrap();
        assert_eq!(registry.uploaded, ["a", "b", "c"]);
    }

    #[test]
    fn a_crate_waits_until_the_index_has_the_one_before() {
        let mut registry = Memory { lag: 3, ..Memory::default() };
        publish(&packages(), &Version::new(0, 1, 0), &mut registry).unwrap();
        assert_eq!((registry.uploaded.len(), registry.shown), (3, 3));
    }

    #[test]
    fn an_index_that_never_shows_it_ends_the_run_and_says_so() {
        let mut registry = Memory { lag: u32::MAX, ..Memory::default() };
        let failure = publish(&packages(), &Version::new(0, 1, 0), &mut registry).unwrap_err().to_string();
        assert!(failure.contains("a 0.1.0 was uploaded"), "{failure}");
        assert_eq!((registry.uploaded.len(), registry.paused), (1, ASKS - 1));
    }

    #[test]
    fn an_upload_that_is_refused_because_it_is_there_waits_for_the_index() {
        let mut registry = Memory { uploaded: vec!["a".to_owned()], lag: 2, ..Memory::default() };
        publish(&packages(), &Version::new(0, 1, 0), &mut registry).unwrap();
        assert_eq!(registry.uploaded, ["a", "b", "c"]);
    }
}
