//! `cargo xtask supply`: what the dependency tree may hold, by the lists of `deny.toml`; and `cargo deny` where there is one.

use crate::shell::{Failure, cargo, output, root, run as run_command, say, skip};
use cargo_metadata::semver::Version;
use cargo_metadata::{Metadata, MetadataCommand, Package};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// What `deny.toml` allows, as far as it is checked here.
#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

/// What one crate alone may be under.
#[derive(Deserialize)]
struct Exception {
    allow: Vec<String>,
    #[serde(rename = "crate")]
    package: String,
}

#[derive(Deserialize)]
struct Bans {
    skip: Vec<Skip>,
}

/// A second version that is tolerated.
#[derive(Deserialize)]
struct Skip {
    #[serde(rename = "crate")]
    package: String,
    reason: String,
}

type NameAndVersion = (String, Version);

/// Checks the tree with all features on all platforms.
///
/// # Errors
///
/// Names all that must not be there.
pub fn run() -> Result<(), Failure> {
    let policy = policy(
        &fs::read_to_string(root().join("deny.toml"))
            .map_err(|error| Failure::to("read deny.toml", error))?,
    )?;
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--locked", "--all-features"].map(str::to_owned))
        .exec()
        .map_err(|error| Failure::to("read the dependencies", error))?;

    let tree = tree(&["--workspace", "--edges", "all"])?;
    let used: Vec<_> = metadata.packages.iter().filter(|package| tree.contains(&key(package))).collect();
    let mut faults = licenses(&used, &policy);
    faults.extend(sources(&used));
    faults.extend(duplicates(&tree, &policy));
    for package in metadata.workspace_packages() {
        // What users build; tests may need a newer compiler.
        let tree = tree_of(package)?;
        faults.extend(too_new(package, &metadata, &tree));
    }
    if !faults.is_empty() {
        return Err(Failure::new(faults.join("\n")));
    }
    say(&format!(
        "supply: {} crates; licences and sources are allowed, {} second versions justified, no compiler newer than stated",
        used.len(),
        policy.bans.skip.len()
    ));
    cargo_deny()
}

fn policy(text: &str) -> Result<Policy, Failure> {
    toml::from_str(text).map_err(|error| Failure::to("read deny.toml", error))
}

fn key(package: &Package) -> NameAndVersion {
    (package.name.to_string(), package.version.clone())
}

fn tree_of(package: &Package) -> Result<BTreeSet<NameAndVersion>, Failure> {
    tree(&["--package", &package.name, "--edges", "normal,build"])
}

/// What cargo would really build, on any platform. Metadata alone lists more: also what no feature turns on.
fn tree(words: &[&str]) -> Result<BTreeSet<NameAndVersion>, Failure> {
    let common = ["tree", "--locked", "--all-features", "--target", "all", "--prefix", "none"];
    let text = output(cargo(&root(), &[&common, words].concat()))?;
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

/// Every crate offers a licence of the list, or several that are all in it.
fn licenses(packages: &[&Package], policy: &Policy) -> Vec<String> {
    let fault = |package: &&Package| {
        let Some(license) = &package.license else {
            return Some(format!("{} {} names no licence", package.name, package.version));
        };
        let allowed = spdx::Expression::parse_mode(license, spdx::ParseMode::LAX).is_ok_and(|expression| {
            // As `cargo deny`: a licence with an exception is not the licence without it.
            let excepted =
                policy.licenses.exceptions.iter().filter(|exception| exception.package == *package.name);
            let allowed: Vec<_> =
                excepted.flat_map(|exception| &exception.allow).chain(&policy.licenses.allow).collect();
            expression.evaluate(|asked| allowed.contains(&&asked.to_string()))
        });
        (!allowed).then(|| {
            format!("{} {} is under {license}, which deny.toml does not allow", package.name, package.version)
        })
    };
    packages.iter().filter_map(fault).collect()
}

/// Every crate is ours or from crates.io.
fn sources(packages: &[&Package]) -> Vec<String> {
    let fault = |package: &&Package| match &package.source {
        Some(source) if source.is_crates_io() => None,
        None if package.manifest_path.starts_with(root()) => None,
        source => Some(format!(
            "{} {} comes from {}, not from crates.io",
            package.name,
            package.version,
            source.as_ref().map_or(package.manifest_path.as_str(), |source| source.repr.as_str())
        )),
    };
    packages.iter().filter_map(fault).collect()
}

/// Of several versions of a crate all but one have a reason, and no reason is left over.
fn duplicates(tree: &BTreeSet<NameAndVersion>, policy: &Policy) -> Vec<String> {
    let mut versions = BTreeMap::<_, Vec<_>>::new();
    for (name, version) in tree {
        versions.entry(name).or_default().push(format!("{name}@{version}"));
    }
    let mut faults = Vec::new();
    let reason = |package: &String| policy.bans.skip.iter().find(|skip| skip.package == *package);
    for several in versions.values().filter(|versions| versions.len() > 1) {
        let without: Vec<_> = several.iter().filter(|package| reason(package).is_none()).cloned().collect();
        if without.len() > 1 {
            faults.push(format!(
                "{} stand beside each other without a reason in deny.toml",
                without.join(", ")
            ));
        }
    }
    for skip in &policy.bans.skip {
        let stands = versions.values().any(|several| several.len() > 1 && several.contains(&skip.package));
        if !stands || skip.reason.is_empty() {
            faults.push(format!(
                "deny.toml skips {}, which is no second version or has no reason",
                skip.package
            ));
        }
    }
    faults
}

/// No dependency asks for a newer compiler than the package that brings it.
fn too_new(package: &Package, metadata: &Metadata, tree: &BTreeSet<NameAndVersion>) -> Vec<String> {
    let Some(stated) = &package.rust_version else {
        // xtask, which is not published.
        return Vec::new();
    };
    let fault = |dependency: &&Package| {
        let needed = dependency.rust_version.as_ref()?;
        (needed > stated && tree.contains(&key(dependency))).then(|| {
            format!(
                "{} states rust-version {stated}, but {} {} needs {needed}",
                package.name, dependency.name, dependency.version
            )
        })
    };
    metadata.packages.iter().collect::<Vec<_>>().iter().filter_map(fault).collect()
}

/// The same lists by `cargo deny`, and the advisories, which only it knows.
fn cargo_deny() -> Result<(), Failure> {
    let deny = |words: &[&str]| cargo(&root(), &[&["deny", "--locked"], words].concat());
    if output(deny(&["--version"])).is_err() {
        skip("cargo deny, and with it advisories", "it is not installed: cargo install cargo-deny --locked");
        return Ok(());
    }
    run_command(deny(&["check", "licenses", "bans", "sources"]))?;
    if output(deny(&["fetch", "db"])).is_err() {
        skip("advisories", "the advisory database cannot be reached");
        return Ok(());
    }
    run_command(deny(&["check", "--disable-fetch", "advisories"]))
}

#[cfg(test)]
mod tests {
    use super::{NameAndVersion, duplicates, licenses, policy, sources, too_new};
    use crate::shell::root;
    use cargo_metadata::{Metadata, MetadataCommand, Package};
    use std::collections::BTreeSet;

    fn metadata() -> Metadata {
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap()
    }

    /// One of our packages with another value in its metadata.
    fn changed(member: &str, value: serde_json::Value) -> Package {
        let sign = metadata().packages.into_iter().find(|package| *package.name == "tarspay-sign").unwrap();
        let mut json = serde_json::to_value(sign).unwrap();
        json[member] = value;
        serde_json::from_value(json).unwrap()
    }

    fn tree(packages: &[(&str, &str)]) -> BTreeSet<NameAndVersion> {
        packages.iter().map(|(name, version)| ((*name).to_owned(), version.parse().unwrap())).collect()
    }

    const POLICY: &str = r#"
        licenses.allow = ["MIT", "Apache-2.0"]
        licenses.exceptions = [
            { allow = ["MPL-2.0"], crate = "another" },
            { allow = ["Zlib"], crate = "tarspay-sign" },
        ]
        bans.skip = [{ crate = "a@1.0.0", reason = "b asks for it" }]
    "#;

    #[test]
    fn a_licence_outside_the_list_is_found_and_a_choice_is_enough() {
        let policy = policy(POLICY).unwrap();
        let faults = |license: &str| licenses(&[&changed("license", license.into())], &policy).len();
        assert_eq!([faults("MIT"), faults("MIT OR GPL-3.0"), faults("GPL-3.0/Apache-2.0")], [0, 0, 0]);
        assert_eq!([faults("GPL-3.0"), faults("MIT AND GPL-3.0"), faults("no licence of all")], [1, 1, 1]);
        assert_eq!([faults("Zlib"), faults("MPL-2.0")], [0, 1], "an exception is for its crate alone");
        assert_eq!(licenses(&[&changed("license", serde_json::Value::Null)], &policy).len(), 1);
    }

    #[test]
    fn a_crate_from_elsewhere_is_found() {
        let faults = |source: &str| sources(&[&changed("source", source.into())]).len();
        assert_eq!(faults("registry+https://github.com/rust-lang/crates.io-index"), 0);
        assert_eq!(faults("git+https://example.org/a#0000"), 1);
        assert_eq!(sources(&[&changed("manifest_path", "/elsewhere/Cargo.toml".into())]).len(), 1);
    }

    #[test]
    fn a_second_version_needs_a_reason_and_a_reason_a_second_version() {
        let policy = policy(POLICY).unwrap();
        assert_eq!(duplicates(&tree(&[("a", "1.0.0"), ("a", "2.0.0")]), &policy), [""; 0]);
        assert_eq!(duplicates(&tree(&[("a", "1.0.0"), ("a", "2.0.0"), ("a", "3.0.0")]), &policy).len(), 1);
        assert_eq!(duplicates(&tree(&[("a", "1.0.0")]), &policy).len(), 1);
    }

    #[test]
    fn a_dependency_that_needs_a_newer_compiler_is_found() {
        let (mut metadata, own) = (metadata(), changed("rust_version", "1.80".into()));
        let needs = changed("rust_version", "1.81.0".into());
        let tree = BTreeSet::from([super::key(&needs)]);
        metadata.packages = vec![needs];
        assert_eq!(too_new(&own, &metadata, &tree).len(), 1);
        assert_eq!(too_new(&changed("rust_version", "1.81".into()), &metadata, &tree), [""; 0]);
        assert_eq!(too_new(&own, &metadata, &BTreeSet::new()), [""; 0], "it is not in the tree");
    }
}
