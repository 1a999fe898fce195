//! The check that no link between the pages of the repository leads nowhere.

use crate::markdown::{Outline, pages};
use crate::shell::{Failure, root, say};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Follows every relative link and every anchor of every Markdown file.
///
/// # Errors
///
/// Names each link that leads nowhere.
pub fn run() -> Result<(), Failure> {
    let mut outlines = BTreeMap::new();
    for path in pages()? {
        let text = fs::read_to_string(&path)
            .map_err(|error| Failure::to(&format!("read {}", path.display()), error))?;
        outlines.insert(path, Outline::of(&text));
    }
    let broken = broken(&outlines, &root(), Path::exists);
    if broken.is_empty() {
        say(&format!("links: every link of {} pages leads somewhere", outlines.len()));
        Ok(())
    } else {
        Err(Failure::new(broken.join("\n")))
    }
}

/// The links that lead out of the repository, to no file, or to no heading.
fn broken(outlines: &BTreeMap<PathBuf, Outline>, root: &Path, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (page, outline) in outlines {
        for target in outline.targets.iter().filter(|target| !is_elsewhere(target)) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let aim = if file.is_empty() { page.clone() } else { join(page, file) };
            let fault = if !aim.starts_with(root) || !exists(&aim) {
                "leads to no file"
            } else if !anchor.is_empty()
                && !outlines.get(&aim).is_some_and(|outline| outline.anchors.contains(anchor))
            {
                "leads to no heading"
            } else {
                continue;
            };
            let page = page.strip_prefix(root).unwrap_or(page).display();
            found.push(format!("{page}: the link `{target}` {fault}"));
        }
    }
    found
}

/// Whether it has a scheme, so that only a network could tell where it leads.
fn is_elsewhere(target: &str) -> bool {
    ["http://", "https://", "mailto:"].iter().any(|scheme| target.starts_with(scheme))
}

/// The file that a page means, without `..` so that it compares with other paths.
fn join(page: &Path, file: &str) -> PathBuf {
    let mut path = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            other => path.push(other),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{Outline, broken, run};
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    #[test]
    fn every_link_leads_somewhere() {
        run().unwrap();
    }

    fn broken_in(page: &str) -> Vec<String> {
        let outlines = BTreeMap::from([
            (PathBuf::from("/house/docs/a.md"), Outline::of(page)),
            (PathBuf::from("/house/README.md"), Outline::of("# The top\n")),
        ]);
        let files = ["/house/docs/a.md", "/house/README.md", "/house/src/b.rs", "/elsewhere.md"];
        broken(&outlines, Path::new("/house"), |path| files.iter().any(|file| Path::new(file) == path))
    }

    #[test]
    fn links_to_files_headings_and_other_hosts_are_good() {
        let page =
            "# Here\n[1](#here) [2](../README.md#the-top) [3](./../src/b.rs) [4](https://example.org/no.md)";
        assert_eq!(broken_in(page), [""; 0]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_named() {
        let page =
            "[1](#gone) [2](gone.md) [3](../README.md#gone) [4](../src/b.rs#L3) [5](../../elsewhere.md)";
        assert_eq!(
            broken_in(page),
            [
                "docs/a.md: the link `#gone` leads to no heading",
                "docs/a.md: the link `gone.md` leads to no file",
                "docs/a.md: the link `../README.md#gone` leads to no heading",
                "docs/a.md: the link `../src/b.rs#L3` leads to no heading",
                "docs/a.md: the link `../../elsewhere.md` leads to no file",
            ]
        );
    }
}
