//! `tarspay completions`: a script for a shell, which asks the command itself for what may come next,
//! and the values that arguments offer: `#[arg(long, add = completions::way_codes())]`.

use crate::failure::Failure;
use crate::settings;
use clap::ValueEnum;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::OnceLock;
use tarspay::types::market::{self, Bank, Market};
use tarspay_sandbox::Scenario;

/// The variable with which a script asks the command.
pub(crate) const VARIABLE: &str = "TARSPAY_COMPLETE";

static IS_BASH: OnceLock<bool> = OnceLock::new();

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

/// Names of markets.
pub(crate) fn markets() -> ArgValueCandidates {
    candidates(|market| vec![market.key()])
}

/// Way codes, each with the markets that have it.
pub(crate) fn way_codes() -> ArgValueCandidates {
    candidates(|market| {
        let offers = [market.deposit(), market.withdrawal()];
        offers.iter().flat_map(|offer| offer.ways()).map(|way| way.code().as_str()).collect()
    })
}

/// Codes of banks and wallets, each with the markets that have it.
pub(crate) fn bank_codes() -> ArgValueCandidates {
    candidates(|market| market.withdrawal().banks().all().iter().map(Bank::code).collect())
}

/// The included scenarios.
pub(crate) fn scenarios() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let describe = |one: Scenario| candidate(one.name(), one.description().to_owned());
        Scenario::shipped_ones().map(describe).collect()
    })
}

/// The settings that a profile can hold.
pub(crate) fn settings() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        settings::ALL.map(|(name, variable)| candidate(name, variable.to_owned())).into()
    })
}

/// These names.
pub(crate) fn names(names: &'static [&'static str]) -> ArgValueCandidates {
    ArgValueCandidates::new(move || names.iter().map(CompletionCandidate::new).collect())
}

/// Sets, once, for which shell values are completed.
pub(crate) fn quote_for(shell: Option<OsString>) {
    IS_BASH.get_or_init(|| shell.is_some_and(|shell| shell == "bash"));
}

/// A value with its help. The script of bash inserts a value as it is, so it must be quoted here.
fn candidate(value: &str, help: String) -> CompletionCandidate {
    let is_bash = IS_BASH.get().is_some_and(|is_bash| *is_bash);
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:=@%+,".contains(letter);
    let quoted = |letter: char| {
        let backslash = (is_bash && !is_plain(letter)).then_some('\\');
        backslash.into_iter().chain([letter])
    };
    CompletionCandidate::new(value.chars().flat_map(quoted).collect::<String>()).help(Some(help.into()))
}

fn candidates(of: fn(&'static Market) -> Vec<&'static str>) -> ArgValueCandidates {
    ArgValueCandidates::new(move || {
        let mut values = BTreeMap::<_, Vec<_>>::new();
        for market in market::ALL {
            for value in of(market) {
                let names = values.entry(value).or_default();
                if !names.contains(&market.name()) {
                    names.push(market.name());
                }
            }
        }
        values.into_iter().map(|(value, names)| candidate(value, names.join(", "))).collect()
    })
}
