//! The changelog: an open section, and one with a date for each version.

use crate::shell::Failure;
use semver::Version;

const OPEN: &str = "## Unreleased";

/// What the open section says, without its heading.
pub fn open(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(&format!("{OPEN}\n"))?;
    Some(rest.split("\n## ").next().unwrap_or(rest).trim())
}

/// Whether a version has a section with a date.
pub fn has(text: &str, version: &Version) -> bool {
    let heading = format!("## {version} - ");
    text.lines().any(|line| line.strip_prefix(&heading).is_some_and(is_date))
}

/// Closes the open section under a version and a date, and opens an empty one above it.
///
/// # Errors
///
/// If the date is none, the open section is missing or empty, or the version has a section.
pub fn close(text: &str, version: &Version, date: &str) -> Result<String, Failure> {
    if !is_date(date) {
        return Err(Failure::new(format!("{date:?} is no date; write YYYY-MM-DD")));
    }
    if has(text, version) {
        return Err(Failure::new(format!("CHANGELOG.md has a section {version} already")));
    }
    match open(text) {
        None => Err(Failure::new(format!("CHANGELOG.md has no section `{OPEN}`"))),
        Some("") => Err(Failure::new(format!("CHANGELOG.md says nothing under `{OPEN}`; say what changed"))),
        Some(_) => Ok(text.replacen(OPEN, &format!("{OPEN}\n\n## {version} - {date}"), 1)),
    }
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number =
        |part: &str, digits: usize| (part.len() == digits).then(|| part.parse::<u16>().ok()).flatten();
    number(year, 4).is_some()
        && number(month, 2).is_some_and(|month| (1..=12).contains(&month))
        && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::{close, has, open};
    use semver::Version;

    const TEXT: &str = "# Changelog\n\n## Unreleased\n\n- New.\n\n## 0.1.0 - 2026-01-02\n\n- Old.\n";

    #[test]
    fn the_open_section_is_closed_and_an_empty_one_opened() {
        let version = Version::new(0, 2, 0);
        let closed = close(TEXT, &version, "2026-11-24").unwrap();
        assert!(closed.contains("## Unreleased\n\n## 0.2.0 - 2026-11-24\n\n- New.\n\n## 0.1.0"), "{closed}");
        assert_eq!(open(&closed), Some(""));
        assert!(has(&closed, &version));
    }

    #[test]
    fn what_cannot_be_closed_is_refused() {
        let version = Version::new(0, 2, 0);
        assert!(close(TEXT, &version, "2026-13-01").is_err());
        assert!(close(TEXT, &version, "today").is_err());
        assert!(close(TEXT, &Version::new(0, 1, 0), "2026-11-24").is_err());
        assert!(close("# Changelog\n", &version, "2026-11-24").is_err());
        let empty = close(TEXT, &version, "2026-11-24").unwrap();
        assert!(close(&empty, &Version::new(0, 3, 0), "2026-11-24").is_err());
    }

    #[test]
    fn a_section_without_a_date_does_not_count() {
        assert!(!has("## 0.2.0\n## 0.2.0 - soon\n", &Version::new(0, 2, 0)));
    }
}
