//! The crates that are published, in the order in which each comes after those it needs.

use crate::shell::{Failure, metadata, read};
use cargo_metadata::{DependencyKind, Package as Manifest};
use semver::Version;
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, TableLike};

/// A crate that is published.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The crates of ours that must be published before it.
    pub needs: Vec<String>,
}

/// What is released together.
#[derive(Debug)]
#[non_exhaustive]
pub struct Workspace {
    /// The one version of all crates.
    pub version: Version,
    /// In the order of publishing.
    pub packages: Vec<Package>,
    /// Their manifests, in no particular order.
    pub manifests: Vec<Manifest>,
    /// Where cargo builds it.
    pub target: PathBuf,
}

impl Workspace {
    /// Reads the workspace in a folder.
    ///
    /// # Errors
    ///
    /// If cargo cannot read it, nothing in it is published, versions differ, or crates need each other in a circle.
    pub fn read(root: &Path) -> Result<Self, Failure> {
        let metadata = metadata(root)?;
        let target = metadata.target_directory.into();
        // `publish = false` is an empty list of registries.
        let manifests: Vec<Manifest> = metadata
            .packages
            .into_iter()
            .filter(|manifest| manifest.publish.as_ref().is_none_or(|registries| !registries.is_empty()))
            .collect();
        let Some(first) = manifests.first() else {
            return Err(Failure::new("no crate of the workspace is published"));
        };
        let version = first.version.clone();
        if let Some(other) = manifests.iter().find(|manifest| manifest.version != version) {
            return Err(Failure::new(format!(
                "{} has version {version} and {} has {}; give both `version.workspace = true`",
                first.name, other.name, other.version
            )));
        }
        let names: Vec<&str> = manifests.iter().map(|manifest| manifest.name.as_str()).collect();
        let packages = manifests
            .iter()
            .map(|manifest| Package { name: manifest.name.to_string(), needs: needs(manifest, &names) })
            .collect();
        Ok(Self { version, packages: ordered(packages)?, manifests, target })
    }
}

impl Workspace {
    /// The names of the crates.
    pub(super) fn names(&self) -> Vec<&str> {
        self.packages.iter().map(|package| package.name.as_str()).collect()
    }

    /// The READMEs of the crates, with their places.
    pub(super) fn readmes(&self) -> Result<Vec<(PathBuf, String)>, Failure> {
        let paths = self.manifests.iter().filter_map(Manifest::readme);
        paths.map(|path| Ok((path.clone().into(), read(path.as_std_path())?))).collect()
    }

    /// Where a crate lies.
    pub(super) fn folder_of(&self, package: &Package) -> Option<&Path> {
        let manifest = self.manifests.iter().find(|manifest| *manifest.name == package.name)?;
        manifest.manifest_path.parent().map(cargo_metadata::camino::Utf8Path::as_std_path)
    }
}

/// The crates of the workspace among what its manifest offers as dependencies: those with a path.
pub(super) fn own_dependencies(manifest: &mut DocumentMut) -> impl Iterator<Item = &mut dyn TableLike> {
    let workspace = manifest.get_mut("workspace");
    let dependencies = workspace.and_then(|workspace| workspace.get_mut("dependencies")?.as_table_like_mut());
    let all = dependencies.into_iter().flat_map(TableLike::iter_mut);
    all.filter_map(|(_, dependency)| dependency.as_table_like_mut().filter(|one| one.contains_key("path")))
}

/// Dependencies of ours. Those of tests count when they ask for a version: cargo then wants to find it in the registry.
fn needs(manifest: &Manifest, ours: &[&str]) -> Vec<String> {
    let mut needs: Vec<String> = manifest
        .dependencies
        .iter()
        .filter(|dependency| ours.contains(&dependency.name.as_str()))
        .filter(|dependency| {
            dependency.kind != DependencyKind::Development || dependency.req != semver::VersionReq::STAR
        })
        .map(|dependency| dependency.name.clone())
        .collect();
    needs.sort();
    needs.dedup();
    needs
}

fn ordered(mut left: Vec<Package>) -> Result<Vec<Package>, Failure> {
    left.sort_by(|a, b| a.name.cmp(&b.name));
    let mut done: Vec<Package> = Vec::new();
    while !left.is_empty() {
        let ready = left.iter().position(|package| {
            package.needs.iter().all(|need| done.iter().any(|before| before.name == *need))
        });
        let Some(ready) = ready else {
            let names: Vec<&str> = left.iter().map(|package| package.name.as_str()).collect();
            return Err(Failure::new(format!(
                "these crates need each other in a circle: {}",
                names.join(", ")
            )));
        };
        done.push(left.remove(ready));
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::{Package, Workspace, ordered};

    fn package(name: &str, needs: &[&str]) -> Package {
        Package { name: name.to_owned(), needs: needs.iter().map(|need| (*need).to_owned()).collect() }
    }

    #[test]
    fn every_crate_comes_after_those_it_needs() {
        let workspace = Workspace::read(&crate::shell::root()).unwrap();
        assert_eq!(workspace.packages.len(), 6);
        for (place, package) in workspace.packages.iter().enumerate() {
            for need in &package.needs {
                assert!(workspace.packages[..place].iter().any(|before| before.name == *need), "{package:?}");
            }
        }
    }

    #[test]
    fn crates_in_a_circle_are_refused() {
        let refused =
            ordered(vec![package("a", &["b"]), package("b", &["a"]), package("c", &[])]).unwrap_err();
        assert_eq!(refused.to_string(), "these crates need each other in a circle: a, b");
    }
}
