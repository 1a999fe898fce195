//! Which crate may depend on which, how many crates a user's build pulls in, what they may be, and what resolves beside them.

use crate::shell::{Failure, cargo, output, read, root, run as run_command, say, skip, target_folder, write};
use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::slice::from_ref;

/// `xtask/dependencies.toml`, where the members are described.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    neighbours: Vec<String>,
    crates: Vec<Layer>,
    builds: Vec<Build>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    name: String,
    may_use: Vec<String>,
    #[serde(default)]
    may_test_with: Vec<String>,
    outside: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Build {
    package: String,
    #[serde(default)]
    flags: Vec<String>,
    most: usize,
    without: Vec<String>,
}

/// A line of `deny.toml` that nothing needs any more is a fault too.
const LEFT_OVER: &[&str] =
    &["unmatched-skip", "unnecessary-skip", "license-not-encountered", "license-exception-not-encountered"];

/// Checks the map, the limits and the compilers here, and the rest with `cargo deny`.
pub(crate) fn run() -> Result<(), Failure> {
    let metadata = metadata()?;
    let rules = rules()?;
    let mut faults = off_the_map(&rules.crates, &metadata);
    faults.extend(over_the_limits(&rules.builds)?);
    for package in metadata.workspace_packages() {
        // Tests may need a newer compiler.
        let flags = ["--all-features", "--target", "all"].map(str::to_owned);
        let tree = tree(&package.name, "normal,build", &flags)?;
        faults.extend(too_new(package, &metadata, &tree));
    }
    if !faults.is_empty() {
        return Err(Failure::new(faults.join("\n")));
    }
    beside(&rules.neighbours)?;
    deny()
}

fn metadata() -> Result<Metadata, Failure> {
    MetadataCommand::new()
        .current_dir(root())
        .other_options(["--locked", "--all-features"].map(str::to_owned))
        .exec()
        .map_err(|error| Failure::to("read the dependencies", error))
}

fn rules() -> Result<Rules, Failure> {
    let text = read(&root().join("xtask/dependencies.toml"))?;
    toml::from_str(&text).map_err(|error| Failure::to("read xtask/dependencies.toml", error))
}

fn off_the_map(layers: &[Layer], metadata: &Metadata) -> Vec<String> {
    let packages = metadata.workspace_packages();
    let ours: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let missing = layers.iter().filter(|layer| !ours.contains(&layer.name.as_str()));
    let mut faults: Vec<_> = missing.map(|layer| format!("{} is not in the workspace", layer.name)).collect();
    for package in packages.iter().filter(|package| package.name.as_str() != "xtask") {
        let Some(layer) = layers.iter().find(|layer| layer.name == package.name.as_str()) else {
            faults.push(format!("{} is not in xtask/dependencies.toml", package.name));
            continue;
        };
        for Dependency { name, kind, .. } in &package.dependencies {
            let in_tests = *kind == DependencyKind::Development;
            let is_allowed = if ours.contains(&name.as_str()) {
                layer.may_use.contains(name) || in_tests && layer.may_test_with.contains(name)
            } else {
                in_tests || layer.outside.as_ref().is_none_or(|outside| outside.contains(name))
            };
            if !is_allowed {
                faults.push(format!("docs/architecture.md forbids {} -> {name}", package.name));
            }
        }
    }
    faults
}

fn over_the_limits(builds: &[Build]) -> Result<Vec<String>, Failure> {
    let mut faults = Vec::new();
    for Build { package, flags, most, without } in builds {
        let tree = tree(package, "normal", flags)?;
        let build = [from_ref(package), flags].concat().join(" ");
        say(&format!("{build}: {} crates, at most {most}", tree.len()));
        if tree.len() > *most {
            faults.push(format!("{build} pulls in {} crates, more than {most}", tree.len()));
        }
        let uninvited = without.iter().filter(|name| tree.iter().any(|(there, _)| there == *name));
        faults.extend(uninvited.map(|name| format!("{build} pulls in {name}")));
    }
    Ok(faults)
}

/// Name and version of each crate that cargo would build, the package itself included. Metadata alone lists more: also what
/// no feature turns on.
fn tree(package: &str, edges: &str, flags: &[String]) -> Result<BTreeSet<(String, String)>, Failure> {
    let words = ["tree", "--locked", "--prefix", "none", "--edges", edges, "--package", package];
    let mut command = cargo(&root(), &words);
    command.args(flags);
    let text = output(command)?;
    let name_and_version = |line: &str| {
        let (name, rest) = line.split_once(" v")?;
        Some((name.to_owned(), rest.split(' ').next()?.to_owned()))
    };
    Ok(text.lines().filter_map(name_and_version).collect())
}

/// Dependencies that state a newer compiler than the package that brings them.
fn too_new(package: &Package, metadata: &Metadata, tree: &BTreeSet<(String, String)>) -> Vec<String> {
    // `xtask`, which is not published, states none.
    let Some(stated) = &package.rust_version else { return Vec::new() };
    let fault = |dependency: &Package| {
        let needed = dependency.rust_version.as_ref().filter(|needed| *needed > stated)?;
        let key = (dependency.name.to_string(), dependency.version.to_string());
        tree.contains(&key).then(|| {
            format!("{} states rust-version {stated}, but {} {} needs {needed}", package.name, key.0, key.1)
        })
    };
    metadata.packages.iter().filter_map(fault).collect()
}

/// Resolves a merchant's project for each neighbour. A native library is linked once, so that another crate with the same
/// library and no common version does not resolve.
fn beside(neighbours: &[String]) -> Result<(), Failure> {
    let folder = target_folder(&root())?.join("neighbours");
    write(&folder.join("src/lib.rs"), "")?;
    let crates = root().join("crates");
    for neighbour in neighbours {
        let manifest = format!(
            "[workspace]\n[package]\nname = \"merchant\"\nedition = \"2024\"\n\
             [dependencies]\ntarspay.path = '{}'\n{neighbour}\n\
             [dev-dependencies]\ntarspay-sandbox.path = '{}'\n",
            crates.join("tarspay").display(),
            crates.join("tarspay-sandbox").display(),
        );
        write(&folder.join("Cargo.toml"), &manifest)?;
        match output(cargo(&folder, &["generate-lockfile"])) {
            Ok(_) => say(&format!("resolves beside {neighbour}")),
            Err(failure) if is_out_of_reach(&failure.to_string()) => {
                skip(&format!("a project with {neighbour}"), &failure.to_string());
            }
            Err(failure) => return Err(Failure::to(&format!("be used beside {neighbour}"), failure)),
        }
    }
    Ok(())
}

/// Whether cargo failed because it could not reach its registry. It says "unable to update" of a bad manifest in a path
/// too, so that the registry must be named.
fn is_out_of_reach(message: &str) -> bool {
    let message = message.to_lowercase();
    let network = [
        "unable to update registry",
        "failed to download",
        "failed to fetch",
        "could not resolve host",
        "couldn't resolve host",
        "failed to connect to",
        "download of config.json failed",
        "network failure",
        "spurious network error",
        "attempting to make an http request, but --offline was specified",
    ];
    !message.contains("failed to select a version") && network.iter().any(|words| message.contains(words))
}

fn deny() -> Result<(), Failure> {
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

#[cfg(test)]
mod tests {
    use super::{is_out_of_reach, metadata, off_the_map, over_the_limits, rules, too_new};
    use crate::shell::{read, root};
    use cargo_metadata::{Metadata, Package};
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn every_crate_keeps_to_the_map() {
        assert_eq!(off_the_map(&rules().unwrap().crates, &metadata().unwrap()), [""; 0]);
    }

    #[test]
    fn every_build_is_within_its_limits() {
        assert_eq!(over_the_limits(&rules().unwrap().builds).unwrap(), [""; 0]);
    }

    #[test]
    fn every_crate_forbids_unsafe_code() {
        let workspace = read(&root().join("Cargo.toml")).unwrap();
        assert!(workspace.contains("\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n"));
        for package in metadata().unwrap().workspace_packages() {
            let manifest = read(package.manifest_path.as_std_path()).unwrap();
            assert!(manifest.contains("\n[lints]\nworkspace = true\n"), "{}", package.name);
        }
        // A workspace of its own, without these lints.
        assert!(!read(&root().join("xtask/libfuzzer/src/main.rs")).unwrap().contains("unsafe"));
    }

    #[test]
    fn a_layer_that_imports_its_neighbour_is_found() {
        let mut json = serde_json::to_value(metadata().unwrap()).unwrap();
        let packages = json["packages"].as_array_mut().unwrap();
        let place =
            |name: &str, packages: &[Value]| packages.iter().position(|one| one["name"] == name).unwrap();
        let sandbox = &packages[place("tarspay-sandbox", packages)]["dependencies"];
        let import =
            sandbox.as_array().unwrap().iter().find(|one| one["name"] == "tarspay-types").unwrap().clone();
        let sign = place("tarspay-sign", packages);
        packages[sign]["dependencies"].as_array_mut().unwrap().push(import);
        let tampered: Metadata = serde_json::from_value(json).unwrap();
        assert_eq!(
            off_the_map(&rules().unwrap().crates, &tampered),
            ["docs/architecture.md forbids tarspay-sign -> tarspay-types"]
        );
    }

    #[test]
    fn a_neighbour_is_skipped_only_where_the_registry_cannot_be_reached() {
        for (message, is_skipped) in [
            ("error: failed to get `axum`\n\nCaused by:\n  Unable to update registry `crates-io`", true),
            ("warning: spurious network error (3 tries remaining): [6] Could not resolve hostname", true),
            ("error: failed to download from `https://index.crates.io/ax/um/axum`", true),
            ("error: failed to select a version for `libsqlite3-sys`", false),
            ("error: failed to load source for dependency\n  Unable to update /shop/crates/tarspay", false),
            ("error: no matching package named `axmu` found", false),
            ("error: failed to parse manifest at `Cargo.toml`", false),
            ("", false),
        ] {
            assert_eq!(is_out_of_reach(message), is_skipped, "{message}");
        }
    }

    #[test]
    fn a_dependency_that_needs_a_newer_compiler_is_found() {
        let mut metadata = metadata().unwrap();
        let sign = metadata.packages.iter().find(|package| *package.name == "tarspay-sign").unwrap().clone();
        let stating = |version: &str| -> Package {
            let mut json = serde_json::to_value(&sign).unwrap();
            json["rust_version"] = version.into();
            serde_json::from_value(json).unwrap()
        };
        metadata.packages = vec![stating("1.81.0")];
        let tree = BTreeSet::from([(sign.name.to_string(), sign.version.to_string())]);
        assert_eq!(
            too_new(&stating("1.80"), &metadata, &tree),
            [format!(
                "tarspay-sign states rust-version 1.80.0, but tarspay-sign {} needs 1.81.0",
                sign.version
            )]
        );
        assert_eq!(too_new(&stating("1.81"), &metadata, &tree), [""; 0]);
        assert_eq!(too_new(&stating("1.80"), &metadata, &BTreeSet::new()), [""; 0], "it is not in the tree");
    }
}
