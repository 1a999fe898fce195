//! Files of the repository that are made from the code, and the check that they are current.

mod cli;
mod markets;
mod openapi;

use crate::shell::{Failure, read, root, say, skip, write};
use crate::vectors::outside;

/// Writes the pages of `docs/` that are made from the code, or with `check` compares them; then lints `docs/openapi.json`.
pub(crate) fn run(check: bool) -> Result<(), Failure> {
    keep_all(check)?;
    match outside::check(&outside::LINTER, &root().join("docs/openapi.json"))? {
        outside::Verdict::Agrees(summary) => say(&summary),
        outside::Verdict::Skipped(reason) => skip("the linter of docs/openapi.json", &reason),
        outside::Verdict::Disagrees(report) => {
            return Err(Failure::new(format!("{} disagrees:\n{report}", outside::LINTER.name)));
        }
    }
    Ok(())
}

fn keep_all(check: bool) -> Result<(), Failure> {
    keep("docs/markets.md", &markets::page(), check)?;
    let document = openapi::document()?;
    keep("docs/openapi.json", &format!("{document:#}\n"), check)?;
    // The one that the sandbox serves, so that it is in the package.
    keep("crates/tarspay-sandbox/src/openapi.json", &format!("{document}\n"), check)?;
    keep("docs/cli.md", &cli::page(&read(&root().join("docs/cli.md"))?)?, check)?;
    for page in ["docs/database.md", "docs/inbox.md", "docs/receivers.md", "crates/tarspay/src/tour.md"] {
        keep(page, &with_programs(&read(&root().join(page))?)?, check)?;
    }
    Ok(())
}

/// Fills each block that names a file, as `rust examples/FILE` does after its fence, or `python` or `text`, with that
/// file.
fn with_programs(page: &str) -> Result<String, Failure> {
    let (mut filled, mut lines) = (String::new(), page.split_inclusive('\n'));
    while let Some(line) = lines.next() {
        filled += line;
        let named = line.strip_prefix("```").and_then(|line| line.trim_end().split_once(" examples/"));
        if let Some((_, file)) = named {
            filled += &read(&root().join("docs/examples").join(file))?;
            filled += lines.find(|line| line.starts_with("```")).unwrap_or_default();
        }
    }
    Ok(filled)
}

/// Writes a file of the repository, or with `check` compares it.
pub(crate) fn keep(file: &str, made: &str, check: bool) -> Result<(), Failure> {
    let path = root().join(file);
    if !check {
        write(&path, made)?;
        say(&format!("wrote {file}"));
    } else if read(&path)? == made {
        say(&format!("{file} is current"));
    } else {
        return Err(Failure::new(format!(
            "{file} is not current; run `cargo xtask pages` or `cargo xtask vectors`"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::with_programs;

    #[test]
    fn a_block_that_names_a_file_holds_that_file() {
        let file = include_str!("../../docs/examples/receivers/src/bin/with_axum.rs");
        let page = |program: &str| {
            format!("a\n```LANGUAGE examples/receivers/src/bin/with_axum.rs\n{program}```\n```rust\nb\n```\n")
        };
        for (before, language) in [("", "rust"), ("old\n", "python"), (file, "text")] {
            let page = |program| page(program).replace("LANGUAGE", language);
            assert_eq!(with_programs(&page(before)).unwrap(), page(file));
        }
        assert!(with_programs("```rust examples/gone.rs\n```\n").is_err());
    }

    #[test]
    fn every_page_is_current() {
        super::keep_all(true).unwrap();
    }
}
