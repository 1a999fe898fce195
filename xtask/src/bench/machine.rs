//! What the numbers were measured on, and with which versions.

use crate::shell::{Failure, cargo, output, root};
use std::fs;
use std::process::Command;

const RIVALS: &[&str] = &["k256", "secp256k1", "reqwest", "hyper-util", "hyper", "tokio"];

/// The machine and the versions, as a table.
pub(super) fn description() -> Result<String, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut version = Command::new("rustc");
    version.arg("--version");
    let rustc = output(version)?;
    let tree = output(cargo(
        &root().join("xtask/rivals"),
        &["tree", "--locked", "--edges", "normal", "--prefix", "none"],
    ))?;
    let versions: Vec<_> = RIVALS
        .iter()
        .filter_map(|rival| {
            let line = tree.lines().find(|line| line.starts_with(&format!("{rival} v")))?;
            Some(line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        })
        .collect();
    Ok(format!(
        "| | |\n|---|---|\n| machine | {}, {cores} cores, {} |\n| compiler | {}, release, thin LTO |\n| rivals | {} |\n",
        processor(),
        std::env::consts::OS,
        rustc.trim(),
        versions.join(", ")
    ))
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned())
}
