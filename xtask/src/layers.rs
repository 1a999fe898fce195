//! Who may import whom: the rules of `docs/architecture.md`, checked on `cargo metadata`.

use crate::shell::{Failure, metadata, root, say};
use cargo_metadata::{DependencyKind, Metadata};

/// One crate of the house, and the crates of the house that it may depend on.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
    /// Only in its tests and examples.
    may_test_with: &'static [&'static str],
    /// If set: the only crates from outside that it may depend on.
    guests: Option<&'static [&'static str]>,
}

const HOUSE: &[Room] = &[
    Room {
        name: "tarspay-types",
        may_use: &[],
        may_test_with: &[],
        guests: Some(&["rust_decimal", "serde", "serde_json"]),
    },
    Room {
        name: "tarspay-sign",
        may_use: &[],
        may_test_with: &[],
        guests: Some(&["base16ct", "hex", "k256", "serde", "serde_json", "sha2", "zeroize"]),
    },
    Room {
        name: "tarspay-explain",
        may_use: &["tarspay-sign"],
        may_test_with: &[],
        guests: Some(&["hex", "k256", "serde_json", "sha2"]),
    },
    Room { name: "tarspay-transport", may_use: &[], may_test_with: &[], guests: None },
    Room {
        name: "tarspay",
        may_use: &["tarspay-types", "tarspay-sign", "tarspay-transport"],
        may_test_with: &["tarspay-sandbox"],
        guests: Some(&[
            "axum-core",
            "bytes",
            "http",
            "http-body",
            "http-body-util",
            "serde",
            "tokio",
            "tower-layer",
            "tower-service",
            "tracing",
        ]),
    },
    Room {
        name: "tarspay-sandbox",
        may_use: &["tarspay-types", "tarspay-sign", "tarspay-explain"],
        may_test_with: &[],
        guests: None,
    },
    Room { name: "tarspay-cli", may_use: &["tarspay", "tarspay-sandbox"], may_test_with: &[], guests: None },
];

/// The tool of the maintainers, which may use everything.
const UNBOUND: &str = "xtask";

/// Checks the workspace.
///
/// # Errors
///
/// Names every crate that depends on one it must not.
pub fn run() -> Result<(), Failure> {
    let metadata = metadata(&root())?;
    let violations = violations(&metadata);
    if violations.is_empty() {
        say(&format!("layers: {} crates keep to the map", HOUSE.len()));
        return Ok(());
    }
    Err(Failure::new(format!("docs/architecture.md forbids:\n{}", violations.join("\n"))))
}

fn violations(metadata: &Metadata) -> Vec<String> {
    let ours: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let mut found = Vec::new();
    for package in &metadata.packages {
        if package.name.as_str() == UNBOUND {
            continue;
        }
        let Some(room) = HOUSE.iter().find(|room| room.name == package.name.as_str()) else {
            found.push(format!("{} is not on the map", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let in_tests = dependency.kind == DependencyKind::Development;
            let allowed = if ours.contains(&name) {
                room.may_use.contains(&name) || in_tests && room.may_test_with.contains(&name)
            } else {
                in_tests || room.guests.is_none_or(|guests| guests.contains(&name))
            };
            if !allowed {
                found.push(format!("{} -> {name}", package.name));
            }
        }
    }
    for room in HOUSE {
        if !ours.contains(&room.name) {
            found.push(format!("{} is on the map but not in the workspace", room.name));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{run, violations};
    use crate::shell::{metadata, root};
    use cargo_metadata::Metadata;
    use std::fs;

    #[test]
    fn the_workspace_keeps_to_the_map() {
        run().unwrap();
    }

    #[test]
    fn every_crate_forbids_unsafe_code() {
        let house = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(house.contains("\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n"));
        let metadata = metadata(&root()).unwrap();
        for package in metadata.workspace_packages() {
            let manifest = fs::read_to_string(&package.manifest_path).unwrap();
            assert!(manifest.contains("\n[lints]\nworkspace = true\n"), "{}", package.name);
        }
        // A workspace of its own, without these lints.
        let fuzzer = fs::read_to_string(root().join("xtask/libfuzzer/src/main.rs")).unwrap();
        assert!(!fuzzer.contains("unsafe"));
    }

    #[test]
    fn a_layer_that_imports_its_neighbour_is_found() {
        let metadata = metadata(&root()).unwrap();
        let mut json = serde_json::to_value(&metadata).unwrap();
        let packages = json["packages"].as_array_mut().unwrap();
        let sandbox = packages.iter().find(|package| package["name"] == "tarspay-sandbox").unwrap();
        let import = sandbox["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .find(|dependency| dependency["name"] == "tarspay-types")
            .unwrap()
            .clone();
        let sign = packages.iter_mut().find(|package| package["name"] == "tarspay-sign").unwrap();
        sign["dependencies"].as_array_mut().unwrap().push(import);
        let tampered: Metadata = serde_json::from_value(json).unwrap();
        assert_eq!(violations(&tampered), ["tarspay-sign -> tarspay-types"]);
    }
}
