//! The check that no link between the Markdown files of the repository leads nowhere.

use crate::shell::{Failure, read, root, say};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Follows every relative link and every anchor; what has a scheme only a network could check.
pub(crate) fn run() -> Result<(), Failure> {
    let mut pages = BTreeMap::new();
    collect(&root(), &mut pages)?;
    let broken = broken(&pages, &root(), Path::exists);
    if broken.is_empty() {
        say(&format!("links: every link of {} pages leads somewhere", pages.len()));
        Ok(())
    } else {
        Err(Failure::new(broken.join("\n")))
    }
}

/// What a page points to, and what can be pointed to in it.
#[derive(Debug, Default)]
struct Page {
    /// Links and pictures, as written.
    targets: Vec<String>,
    /// The anchors of the headings.
    anchors: BTreeSet<String>,
}

/// Reads every page below a folder, but for those among sources, whose links are rustdoc's to check.
fn collect(folder: &Path, pages: &mut BTreeMap<PathBuf, Page>) -> Result<(), Failure> {
    let cannot = |error| Failure::to(&format!("read {}", folder.display()), error);
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "target" && name != "src" && !name.starts_with('.') {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let page = Page::of(&read(&path)?);
            pages.insert(path, page);
        }
    }
    Ok(())
}

impl Page {
    fn of(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.targets.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => page.add_anchor(&heading.take().unwrap_or_default()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// Adds an anchor as hosts of repositories make it: lower case, hyphens for blanks, no punctuation, and a number if there
    /// is one of this name already.
    fn add_anchor(&mut self, heading: &str) {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let anchor: String =
            heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-");
        let mut unique = anchor.clone();
        let mut count = 0;
        while !self.anchors.insert(unique) {
            count += 1;
            unique = format!("{anchor}-{count}");
        }
    }
}

/// The links that lead out of the repository, to no file, or to no heading.
fn broken(pages: &BTreeMap<PathBuf, Page>, root: &Path, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (path, page) in pages {
        let has_scheme =
            |target: &str| ["http://", "https://", "mailto:"].iter().any(|one| target.starts_with(one));
        for target in page.targets.iter().filter(|target| !has_scheme(target)) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let aim = if file.is_empty() { path.clone() } else { resolved(path, file) };
            let has_anchor = || pages.get(&aim).is_some_and(|page| page.anchors.contains(anchor));
            let fault = if !aim.starts_with(root) || !exists(&aim) {
                "leads to no file"
            } else if !anchor.is_empty() && !has_anchor() {
                "leads to no heading"
            } else {
                continue;
            };
            let path = path.strip_prefix(root).unwrap_or(path).display();
            found.push(format!("{path}: the link `{target}` {fault}"));
        }
    }
    found
}

/// The file that a page means, without `..`, so that it compares with other paths.
fn resolved(page: &Path, file: &str) -> PathBuf {
    let mut path = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            other => path.push(other),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{Page, broken, run};
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    #[test]
    fn every_link_leads_somewhere() {
        run().unwrap();
    }

    fn broken_in(page: &str) -> Vec<String> {
        let pages = BTreeMap::from([
            (PathBuf::from("/repository/docs/a.md"), Page::of(page)),
            (PathBuf::from("/repository/README.md"), Page::of("# The top\n")),
        ]);
        let files =
            ["/repository/docs/a.md", "/repository/README.md", "/repository/src/b.rs", "/elsewhere.md"];
        broken(&pages, Path::new("/repository"), |path| files.iter().any(|file| Path::new(file) == path))
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

    #[test]
    fn anchors_are_those_of_repository_hosts() {
        let page = Page::of("# 4.1 The `ordered` text\n\n## Türkiye\n\n## Ban_TEST\n\n## Türkiye\n");
        let anchors: Vec<_> = page.anchors.iter().map(String::as_str).collect();
        assert_eq!(anchors, ["41-the-ordered-text", "ban_test", "türkiye", "türkiye-1"]);
    }

    #[test]
    fn links_in_code_are_no_links() {
        let page =
            Page::of("[a](b.md) `[c](d.md)`\n\n```text\n[e](f.md)\n```\n\n| t |\n|---|\n| ![g](h.png) |\n");
        assert_eq!(page.targets, ["b.md", "h.png"]);
    }
}
