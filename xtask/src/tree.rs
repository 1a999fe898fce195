//! What a user's build pulls in: how many crates, and none uninvited.

use crate::shell::{Failure, cargo, output, root, say};
use std::collections::BTreeSet;

struct Aim {
    package: &'static str,
    features: &'static [&'static str],
    most: usize,
    /// Crates that must not be in the tree.
    without: &'static [&'static str],
}

const AIMS: &[Aim] = &[
    Aim {
        package: "tarspay-sign",
        features: &[],
        most: 46,
        without: &["tokio", "hyper", "rustls", "rust_decimal"],
    },
    Aim { package: "tarspay-types", features: &[], most: 15, without: &["tokio", "hyper", "k256", "syn"] },
    Aim {
        package: "tarspay",
        features: &[],
        most: 85,
        without: &["openssl-sys", "aws-lc-sys", "syn", "reqwest"],
    },
    Aim {
        package: "tarspay",
        features: &["--no-default-features"],
        most: 55,
        without: &["tokio", "hyper", "hyper-util", "rustls", "ring", "tarspay-transport"],
    },
];

/// Checks every aim and prints the numbers.
///
/// # Errors
///
/// Names what is over its limit or uninvited.
pub fn run() -> Result<(), Failure> {
    let mut faults = Vec::new();
    for aim in AIMS {
        let crates = crates(aim)?;
        let name = [&[aim.package], aim.features].concat().join(" ");
        say(&format!("tree: {name}: {} crates, at most {}", crates.len(), aim.most));
        if crates.len() > aim.most {
            faults.push(format!("{name} pulls in {} crates, more than {}", crates.len(), aim.most));
        }
        faults.extend(
            aim.without
                .iter()
                .filter(|uninvited| crates.iter().any(|(name, _)| name == **uninvited))
                .map(|uninvited| format!("{name} pulls in {uninvited}")),
        );
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::new(faults.join("\n"))) }
}

/// Names and versions in the normal tree of this platform, the package itself included.
fn crates(aim: &Aim) -> Result<BTreeSet<(String, String)>, Failure> {
    let mut words =
        vec!["tree", "--locked", "--edges", "normal", "--prefix", "none", "--package", aim.package];
    words.extend(aim.features);
    let text = output(cargo(&root(), &words))?;
    // One line a crate: name, version, and perhaps more.
    let name_and_version = |line: &str| {
        let mut parts = line.split(' ');
        Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
    };
    Ok(text.lines().filter_map(name_and_version).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_aim_is_met() {
        super::run().unwrap();
    }
}
