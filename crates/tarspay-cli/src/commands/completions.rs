//! `tarspay completions`: a script for a shell, which asks the command itself for what may come next.

use crate::failure::Failure;
use clap::ValueEnum;
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};

/// The variable with which a script asks the command.
pub(crate) const VARIABLE: &str = "TARSPAY_COMPLETE";

#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

pub(crate) fn run(args: &Completions) -> Result<(), Failure> {
    if crate::output::is_json() {
        return Err(Failure::usage("the script of a shell is not JSON; leave --json out"));
    }
    let shell: &dyn EnvCompleter = match args.shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Powershell => &Powershell,
    };
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "tarspay", "tarspay", "tarspay", &mut script)
        .map_err(|error| Failure::usage("the script cannot be made").caused_by(&error))?;
    crate::output::text(&String::from_utf8_lossy(&script))
}
