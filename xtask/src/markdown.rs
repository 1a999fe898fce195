//! The pages that people read, and what a reader can click in them.

use crate::shell::{Failure, root};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where a page points to, and what can be pointed to in it.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// The targets of links and pictures, as written.
    pub(crate) targets: Vec<String>,
    /// The anchors of the headings.
    pub(crate) anchors: BTreeSet<String>,
}

impl Outline {
    /// Reads a page.
    pub(crate) fn of(page: &str) -> Self {
        let mut outline = Self::default();
        let mut heading = None;
        for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    outline.targets.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    if let Some(text) = heading.take() {
                        outline.add_anchor(&anchor(&text));
                    }
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        outline
    }

    /// A heading that stands twice gets a number, as hosts of repositories give it.
    fn add_anchor(&mut self, anchor: &str) {
        let mut unique = anchor.to_owned();
        let mut count = 0;
        while !self.anchors.insert(unique.clone()) {
            count += 1;
            unique = format!("{anchor}-{count}");
        }
    }
}

/// The anchor of a heading: lower case, hyphens for blanks, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Every Markdown file of the repository, in order; but those among sources, whose links are rustdoc's to check.
///
/// # Errors
///
/// If a folder cannot be read.
pub(crate) fn pages() -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    collect(&root(), &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let cannot = |error| Failure::to(&format!("read {}", folder.display()), error);
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if name != "target" && name != "src" && !name.starts_with('.') {
                collect(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Outline;

    #[test]
    fn anchors_are_those_of_repository_hosts() {
        let outline = Outline::of("# 4.1 The `ordered` text\n\n## Türkiye\n\n## Ban_TEST\n\n## Türkiye\n");
        let anchors: Vec<_> = outline.anchors.iter().map(String::as_str).collect();
        assert_eq!(anchors, ["41-the-ordered-text", "ban_test", "türkiye", "türkiye-1"]);
    }

    #[test]
    fn links_in_code_are_no_links() {
        let outline = Outline::of(
            "[a](b.md) `[c](d.md)`\n\n```text\n[e](f.md)\n```\n\n| t |\n|---|\n| ![g](h.png) |\n",
        );
        assert_eq!(outline.targets, ["b.md", "h.png"]);
    }
}
