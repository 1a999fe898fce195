//! `cargo xtask features`: every choice of features of a library builds without a warning.

use crate::shell::{Failure, cargo, metadata, root, run as run_command, say};
use cargo_metadata::Package;
use std::collections::{BTreeMap, BTreeSet};

/// The libraries: all packages that are published and have features to choose from.
const LIBRARIES: &[&str] = &["tarspay", "tarspay-transport"];

/// Lints each library with each set of its features.
///
/// # Errors
///
/// If a set does not build or has a warning, or a library that has features is not in the list.
pub fn run() -> Result<(), Failure> {
    let metadata = metadata(&root())?;
    for package in &metadata.packages {
        let name = package.name.as_str();
        // An empty list means that it is never published.
        let published = package.publish.as_ref().is_none_or(|registries| !registries.is_empty());
        if !LIBRARIES.contains(&name) {
            if published && !package.features.is_empty() {
                return Err(Failure::new(format!("{name} has features: add it to xtask/src/features.rs")));
            }
            continue;
        }
        let sets = sets(&package.features.clone().into_iter().collect());
        for set in &sets {
            lint(package, set)?;
        }
        say(&format!("features: {name}: {} different sets", sets.len()));
    }
    Ok(())
}

fn lint(package: &Package, set: &BTreeSet<String>) -> Result<(), Failure> {
    let features = set.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    run_command(cargo(
        &root(),
        &[
            "clippy",
            "--quiet",
            "--locked",
            "--package",
            &package.name,
            "--no-default-features",
            "--features",
            &features,
            "--",
            "-D",
            "warnings",
        ],
    ))
}

/// The power set of the features, each with those that it turns on; sets that come to the same are there once.
fn sets(features: &BTreeMap<String, Vec<String>>) -> BTreeSet<BTreeSet<String>> {
    let mut sets = BTreeSet::from([BTreeSet::new()]);
    // `default` is the name of a choice, not a choice more.
    for name in features.keys().filter(|name| *name != "default") {
        let with: Vec<_> = sets
            .iter()
            .map(|set: &BTreeSet<String>| {
                let mut set = set.clone();
                turn_on(name, features, &mut set);
                set
            })
            .collect();
        sets.extend(with);
    }
    sets
}

fn turn_on(name: &str, features: &BTreeMap<String, Vec<String>>, set: &mut BTreeSet<String>) {
    // What names a dependency or a feature of one is not in the table.
    let Some(others) = features.get(name) else { return };
    if set.insert(name.to_owned()) {
        for other in others {
            turn_on(other, features, set);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sets;
    use std::collections::BTreeMap;

    #[test]
    fn every_choice_is_there_once_with_what_it_turns_on() {
        let table = [("default", vec!["a"]), ("a", vec!["dep:x"]), ("b", vec!["a", "x?/y"]), ("c", vec![])];
        let table: BTreeMap<_, _> = table
            .into_iter()
            .map(|(name, on)| (name.to_owned(), on.into_iter().map(str::to_owned).collect()))
            .collect();
        let sets: Vec<_> =
            sets(&table).into_iter().map(|set| set.into_iter().collect::<Vec<_>>().concat()).collect();
        assert_eq!(sets, ["", "a", "ab", "abc", "ac", "c"]);
    }
}
