//! Our own driver: seeds first, then mutated seeds, until the time or the number of runs is used up.

use super::Options;
use super::mutate::mutated;
use super::targets::{TARGETS, Target};
use crate::shell::{Failure, say};
use fastrand::Rng;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a campaign goes on.
enum Budget {
    Runs(u64),
    Time(Duration),
}

/// Does what the options say.
///
/// # Errors
///
/// If a target or file is unknown, or a target breaks; then it says how to reproduce that.
pub fn run(options: &Options) -> Result<(), Failure> {
    let targets = chosen(options.target.as_deref())?;
    if options.list {
        for target in targets {
            say(&format!("{:<10} {:<16} {}", target.name, target.package, target.about));
        }
        return Ok(());
    }
    if let Some(file) = &options.input {
        let input = fs::read(file)
            .map_err(|error| Failure::to(&format!("read the input {}", file.display()), error))?;
        for target in targets {
            (target.run)(&input);
        }
        say(&format!("fuzz: {} holds", file.display()));
        return Ok(());
    }
    for target in targets {
        let budget = if options.smoke {
            Budget::Runs(target.smoke_runs)
        } else {
            Budget::Time(Duration::from_secs(options.seconds))
        };
        campaign(target, &budget, options.seed)?;
    }
    Ok(())
}

fn chosen(name: Option<&str>) -> Result<Vec<&'static Target>, Failure> {
    let Some(name) = name else { return Ok(TARGETS.iter().collect()) };
    let names = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
    let target = Target::find(name)
        .ok_or_else(|| Failure::new(format!("no fuzz target is called {name}; there are: {}", names())))?;
    Ok(vec![target])
}

fn campaign(target: &Target, budget: &Budget, seed: u64) -> Result<(), Failure> {
    let started = Instant::now();
    match search(target.run, &(target.seeds)(), budget, seed) {
        Ok(runs) => {
            let seconds = started.elapsed().as_secs_f64();
            say(&format!("fuzz: {} holds: {runs} runs with seed {seed} in {seconds:.1} s", target.name));
            Ok(())
        }
        Err(input) => {
            let file = keep(&target.found(), &input)?;
            let shown = file.strip_prefix(crate::shell::root()).unwrap_or(&file).display();
            Err(Failure::new(format!(
                "{name} breaks (seed {seed}); the input is in {shown} and fails the tests of {package} until it is \
                 mended.\nTo reproduce: cargo xtask fuzz {name} --input {shown}",
                name = target.name,
                package = target.package,
            )))
        }
    }
}

/// How many runs held, or a small input that breaks the target.
fn search(run: fn(&[u8]), seeds: &[Vec<u8>], budget: &Budget, seed: u64) -> Result<u64, Vec<u8>> {
    let holds = |input: &[u8]| panic::catch_unwind(AssertUnwindSafe(|| run(input))).is_ok();
    let started = Instant::now();
    let mut rng = Rng::with_seed(seed);
    let mut runs = 0;
    loop {
        let planted = usize::try_from(runs).ok().and_then(|place| seeds.get(place));
        let over = match budget {
            Budget::Runs(most) => runs >= *most,
            Budget::Time(most) => started.elapsed() >= *most,
        };
        // The seeds always run.
        if over && planted.is_none() {
            return Ok(runs);
        }
        let input = planted.cloned().unwrap_or_else(|| mutated(seeds, &mut rng));
        if !holds(&input) {
            let hook = panic::take_hook();
            panic::set_hook(Box::new(|_| {}));
            let small = smaller(input, &holds);
            panic::set_hook(hook);
            return Err(small);
        }
        runs += 1;
    }
}

/// Leaves out what is not needed to break the target: halves first, single bytes last.
fn smaller(mut input: Vec<u8>, holds: &impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut length = input.len() / 2;
    while length > 0 {
        let mut at = 0;
        while at < input.len() {
            let end = input.len().min(at + length);
            let rest = [&input[..at], &input[end..]].concat();
            if holds(&rest) {
                at = end;
            } else {
                input = rest;
            }
        }
        length /= 2;
    }
    input
}

fn keep(folder: &Path, input: &[u8]) -> Result<PathBuf, Failure> {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let file = folder.join(format!("{:016x}", hasher.finish()));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&file, input))
        .map_err(|error| Failure::to(&format!("write {}", file.display()), error))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::{Budget, keep, search};
    use crate::fuzz::targets::TARGETS;

    /// Breaks on a brace somewhere before a bracket.
    fn planted(bytes: &[u8]) {
        let brace = bytes.iter().position(|&byte| byte == b'{');
        assert!(!brace.is_some_and(|at| bytes[at..].contains(&b']')), "found");
    }

    #[test]
    fn a_planted_fault_is_found_and_made_small_the_same_way_each_time() {
        let seeds = [b"some text".to_vec(), br#"{"a":1}"#.to_vec()];
        let found = search(planted, &seeds, &Budget::Runs(100_000), 7);
        assert_eq!(found, Err(b"{]".to_vec()));
        assert_eq!(found, search(planted, &seeds, &Budget::Runs(100_000), 7));
    }

    #[test]
    fn a_target_that_holds_runs_as_often_as_asked_and_its_seeds_in_any_case() {
        assert_eq!(search(|_| {}, &[vec![1]], &Budget::Runs(50), 1), Ok(50));
        assert_eq!(search(|_| {}, &[vec![1], vec![2]], &Budget::Runs(0), 1), Ok(2));
    }

    #[test]
    fn a_seed_that_breaks_is_found_whatever_the_budget() {
        let found = search(planted, &[vec![], b"x{y]z".to_vec()], &Budget::Runs(1), 1);
        assert_eq!(found, Err(b"{]".to_vec()));
    }

    #[test]
    fn what_is_found_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = keep(folder.path(), b"{]").unwrap();
        assert_eq!(file, keep(folder.path(), b"{]").unwrap());
        assert_eq!(std::fs::read(file).unwrap(), b"{]");
    }

    #[test]
    fn every_target_has_a_name_of_its_own_seeds_and_a_crate() {
        for (place, target) in TARGETS.iter().enumerate() {
            assert!(TARGETS[..place].iter().all(|other| other.name != target.name), "{}", target.name);
            assert!(!(target.seeds)().is_empty(), "{}", target.name);
            let module = target.found().ancestors().nth(2).unwrap().join(format!("{}.rs", target.name));
            assert!(module.is_file(), "{}", module.display());
        }
    }
}
