//! Files of the repository that are made from the code, and the check that they are current.

mod markets;

use crate::shell::{Failure, read, root, say, write};

/// Writes the pages of `docs/` that are made from the code, or with `check` compares them.
pub(crate) fn run(check: bool) -> Result<(), Failure> {
    keep("docs/markets.md", &markets::page(), check)
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
    #[test]
    fn every_page_is_current() {
        super::run(true).unwrap();
    }
}
