//! `cargo xtask supply`: what the dependencies may be. `cargo deny` holds them to the lists of `deny.toml`; that none needs a
//! newer compiler than we state is checked here.

use crate::shell::{Failure, cargo, output, root, run as run_command, say, skip};
use cargo_metadata::semver::Version;
use cargo_metadata::{Metadata, MetadataCommand, Package};
use std::collections::BTreeSet;

/// A line of `deny.toml` that nothing needs any more is a fault too.
const LEFT_OVER: &[&str] =
    &["unmatched-skip", "unnecessary-skip", "license-not-encountered", "license-exception-not-encountered"];

type NameAndVersion = (String, Version);

/// Checks the tree with all features on all platforms.
///
/// # Errors
///
/// Names all that must not be there.
pub fn run() -> Result<(), Failure> {
    compilers()?;
    let deny = |words: &[&str]| cargo(&root(), &[&["deny", "--locked"], words].concat());
    if output(deny(&["--version"])).is_err() {
        let why = "cargo deny is not installed: cargo install --locked cargo-deny";
        skip("licences, sources, duplicates and advisories of the dependencies", why);
        return Ok(());
    }
    let mut check = deny(&["check"]);
    check.args(LEFT_OVER.iter().flat_map(|lint| ["--deny", lint])).args(["licenses", "bans", "sources"]);
    run_command(check)?;
    if output(deny(&["fetch", "db"])).is_err() {
        skip("advisories", "the advisory database cannot be reached");
        return Ok(());
    }
    run_command(deny(&["check", "--disable-fetch", "advisories"]))
}

/// No dependency, in what users build, states a newer compiler than the package that brings it.
fn compilers() -> Result<(), Failure> {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .other_options(["--locked", "--all-features"].map(str::to_owned))
        .exec()
        .map_err(|error| Failure::to("read the dependencies", error))?;
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        // Tests may need a newer one.
        faults.extend(too_new(package, &metadata, &tree_of(package)?));
    }
    if !faults.is_empty() {
        return Err(Failure::new(faults.join("\n")));
    }
    say("supply: no dependency states a newer compiler than we do");
    Ok(())
}

/// What cargo would really build, on any platform. Metadata alone lists more: also what no feature turns on.
fn tree_of(package: &Package) -> Result<BTreeSet<NameAndVersion>, Failure> {
    let text = output(cargo(
        &root(),
        &[
            "tree",
            "--locked",
            "--all-features",
            "--target",
            "all",
            "--prefix",
            "none",
            "--edges",
            "normal,build",
            "--package",
            &package.name,
        ],
    ))?;
    let mut packages = BTreeSet::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split(' ');
        let (name, version) = (words.next(), words.next().and_then(|word| word.strip_prefix('v')));
        let (Some(name), Some(version)) = (name, version) else { continue };
        let version = version.parse().map_err(|error| Failure::to(&format!("read {line:?}"), error))?;
        packages.insert((name.to_owned(), version));
    }
    Ok(packages)
}

fn too_new(package: &Package, metadata: &Metadata, tree: &BTreeSet<NameAndVersion>) -> Vec<String> {
    let Some(stated) = &package.rust_version else {
        // xtask, which is not published.
        return Vec::new();
    };
    let fault = |dependency: &Package| {
        let needed = dependency.rust_version.as_ref()?;
        let key = (dependency.name.to_string(), dependency.version.clone());
        (needed > stated && tree.contains(&key)).then(|| {
            format!("{} states rust-version {stated}, but {} {} needs {needed}", package.name, key.0, key.1)
        })
    };
    metadata.packages.iter().filter_map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::{NameAndVersion, too_new};
    use crate::shell::{metadata, root};
    use cargo_metadata::Package;
    use std::collections::BTreeSet;

    /// One of our packages that states another compiler.
    fn stating(rust_version: &str) -> Package {
        let packages = metadata(&root()).unwrap().packages;
        let sign = packages.into_iter().find(|package| *package.name == "tarspay-sign").unwrap();
        let mut json = serde_json::to_value(sign).unwrap();
        json["rust_version"] = rust_version.into();
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_dependency_that_needs_a_newer_compiler_is_found() {
        let mut metadata = metadata(&root()).unwrap();
        let needs = stating("1.81.0");
        let tree: BTreeSet<NameAndVersion> = [(needs.name.to_string(), needs.version.clone())].into();
        metadata.packages = vec![needs];
        assert_eq!(
            too_new(&stating("1.80"), &metadata, &tree),
            ["tarspay-sign states rust-version 1.80.0, but tarspay-sign 0.1.0 needs 1.81.0"]
        );
        assert_eq!(too_new(&stating("1.81"), &metadata, &tree), [""; 0]);
        assert_eq!(too_new(&stating("1.80"), &metadata, &BTreeSet::new()), [""; 0], "it is not in the tree");
    }
}
