//! Pages of `docs/` that are made from the code, and the check that they are current.

use crate::shell::{Failure, root, say};
use std::fs;

/// A page, and the function that makes it.
type Page = (&'static str, fn() -> String);

const PAGES: &[Page] = &[("docs/markets.md", tarspay_types::market::page)];

/// Writes every page, or with `check` compares it.
///
/// # Errors
///
/// If a page cannot be read or written, or is not current.
pub fn run(check: bool) -> Result<(), Failure> {
    for (name, make) in PAGES {
        let path = root().join(name);
        let made = make();
        if !check {
            fs::write(&path, made).map_err(|error| Failure::to(&format!("write {name}"), error))?;
            say(&format!("pages: wrote {name}"));
            continue;
        }
        let stands =
            fs::read_to_string(&path).map_err(|error| Failure::to(&format!("read {name}"), error))?;
        if stands != made {
            return Err(Failure::new(format!("{name} is not current; run `cargo xtask pages`")));
        }
        say(&format!("pages: {name} is current"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_page_is_current() {
        super::run(true).unwrap();
    }
}
