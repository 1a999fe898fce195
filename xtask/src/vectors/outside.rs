//! The independent checks: programs in other languages that share no code with `tarspay-sign`.

use crate::shell::{Failure, root, target_folder};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that reads a suite, or a document, and agrees or not.
pub(crate) struct Checker {
    pub(crate) name: &'static str,
    interpreter: &'static str,
    program: &'static str,
}

pub(crate) const CHECKERS: &[Checker] = &[
    Checker { name: "python with ecdsa", interpreter: "python3", program: "xtask/conformance/check.py" },
    Checker { name: "node with elliptic", interpreter: "node", program: "xtask/conformance/check.mjs" },
];

/// The linter of `docs/openapi.json`.
pub(crate) const LINTER: Checker =
    Checker { name: "redocly's linter", interpreter: "node", program: "xtask/conformance/openapi.mjs" };

/// What a checker says of a suite.
pub(crate) enum Verdict {
    /// Every case, with how many there were.
    Agrees(String),
    /// The interpreter or its package is missing.
    Skipped(String),
    Disagrees(String),
}

/// The exit code of a checker whose package is not installed.
pub(super) const PACKAGE_MISSING: i32 = 3;

/// Runs a checker on a suite.
pub(crate) fn check(checker: &Checker, suite: &Path) -> Result<Verdict, Failure> {
    let mut command = Command::new(interpreter(checker.interpreter)?);
    command.arg(root().join(checker.program)).arg(suite);
    command.env("NODE_PATH", tools()?.join("node_modules"));
    Ok(verdict(command, checker.interpreter))
}

/// Runs a program, and reads its exit code.
pub(crate) fn verdict(mut command: Command, interpreter: &str) -> Verdict {
    let Ok(output) = command.output() else {
        return Verdict::Skipped(format!("{interpreter} is not installed"));
    };
    let mut said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    match output.status.code() {
        Some(0) => Verdict::Agrees(said),
        Some(PACKAGE_MISSING) if said.is_empty() => {
            Verdict::Skipped("the language or a package is not installed".to_owned())
        }
        Some(PACKAGE_MISSING) => Verdict::Skipped(said),
        _ => {
            said.push_str(&String::from_utf8_lossy(&output.stderr));
            Verdict::Disagrees(said)
        }
    }
}

/// The interpreter of this name; that of the folder of tools, which has the packages, if it is there.
pub(crate) fn interpreter(name: &str) -> Result<PathBuf, Failure> {
    let in_venv = tools()?.join("venv/bin").join(name);
    Ok(if in_venv.exists() { in_venv } else { name.into() })
}

/// Where the packages of the checkers may be installed: outside the tree.
fn tools() -> Result<PathBuf, Failure> {
    Ok(target_folder(&root())?.join("conformance"))
}
