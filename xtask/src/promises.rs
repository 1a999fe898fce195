//! The check that each promise of `docs/threat-model.md` has a test that holds it.

use crate::shell::{Failure, read, root, say};
use std::fs;

const PAGE: &str = "docs/threat-model.md";

/// The part of the page whose tables are promises.
const PART: &str = "## What we promise";

/// Looks for every test that the page names.
pub(crate) fn run() -> Result<(), Failure> {
    let page = read(&root().join(PAGE))?;
    let promises = promises(&page);
    if promises.is_empty() {
        return Err(Failure::new(format!("{PAGE} promises nothing under `{PART}`")));
    }
    let faults: Vec<_> = promises.iter().flat_map(|(promise, tests)| faults(promise, tests)).collect();
    if faults.is_empty() {
        say(&format!("promises: {} promises, each with a test", promises.len()));
        Ok(())
    } else {
        Err(Failure::new(faults.join("\n")))
    }
}

/// The rows of the part's tables, without their heads: what is promised, and the tests that hold it.
fn promises(page: &str) -> Vec<(&str, Vec<&str>)> {
    let lines = page.lines().skip_while(|line| *line != PART).skip(1);
    let rows: Vec<_> = lines.take_while(|line| !line.starts_with("## ")).collect();
    let is_head = |at: usize| rows.get(at + 1).is_some_and(|next| next.starts_with("|---"));
    let is_row = |at: usize, line: &str| line.starts_with('|') && !line.starts_with("|---") && !is_head(at);
    rows.iter()
        .enumerate()
        .filter(|(at, line)| is_row(*at, line))
        .map(|(_, line)| {
            let (what, tests) = line.trim_matches(['|', ' ']).rsplit_once(" | ").unwrap_or((line, ""));
            (what, tests.split('`').skip(1).step_by(2).collect())
        })
        .collect()
}

fn faults(promise: &str, tests: &[&str]) -> Vec<String> {
    if tests.is_empty() {
        return vec![format!("{PAGE}: no test holds the promise: {promise}")];
    }
    tests.iter().filter_map(|test| Some(format!("{PAGE}: {test}: {}", fault(test)?))).collect()
}

/// Why nothing runs under this name, `crate::module::test`.
fn fault(test: &str) -> Option<&'static str> {
    let parts: Vec<_> = test.split("::").collect();
    let [package, modules @ .., name] = parts.as_slice() else { return Some("not `crate::module::test`") };
    let folder = match *package {
        "xtask" => root().join("xtask"),
        package => root().join("crates").join(package.replace('_', "-")),
    };
    let file = |place| folder.join(place).join(modules.join("/")).with_extension("rs");
    match ["tests/it", "tests", "src"].iter().find_map(|place| fs::read_to_string(file(place)).ok()) {
        Some(source) => state(&source, name).err(),
        None => Some("no such module of tests"),
    }
}

/// Whether a source has a test of this name, and runs it.
fn state(source: &str, name: &str) -> Result<(), &'static str> {
    let lines: Vec<_> = source.lines().map(str::trim_start).collect();
    let is_it = |line: &&str| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('))
    };
    let at = lines.iter().position(is_it).ok_or("no such function")?;
    let attributes: Vec<_> = lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).collect();
    if attributes.iter().any(|line| line.starts_with("#[ignore")) {
        return Err("it is ignored");
    }
    let runs = |line: &&&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    attributes.iter().any(runs).then_some(()).ok_or("a function, but no test")
}

#[cfg(test)]
mod tests {
    use super::{fault, faults, promises, run, state};

    #[test]
    fn every_promise_has_a_test() {
        run().unwrap();
    }

    #[test]
    fn the_rows_of_the_part_are_the_promises() {
        let page = "# Page\n\n| no | promise |\n|---|---|\n| 1 | 2 |\n\n## What we promise\n\n\
            | promise | held by |\n|---|---|\n| one | `a::b::c`, `d::e` |\n| two | trust us |\n\n## Next\n\n| 1 | 2 |\n";
        assert_eq!(promises(page), [("one", vec!["a::b::c", "d::e"]), ("two", vec![])]);
        assert_eq!(promises("# Page\n\n| one | `a::b` |\n"), []);
        assert_eq!(faults("two", &[]), ["docs/threat-model.md: no test holds the promise: two"]);
    }

    #[test]
    fn a_test_is_a_function_that_runs() {
        let source = "#[test]\nfn one() {}\n\nfn two() {}\n\n#[tokio::test]\nasync fn three() {}\n\n\
            #[test]\n#[ignore]\nfn four() {}\n\n    #[test]\n    fn five(x in 0..1) {}\n";
        for name in ["one", "three", "five"] {
            assert_eq!(state(source, name), Ok(()), "{name}");
        }
        assert_eq!(state(source, "two"), Err("a function, but no test"));
        assert_eq!(state(source, "four"), Err("it is ignored"));
        assert_eq!(state(source, "thre"), Err("no such function"));
    }

    #[test]
    fn a_name_that_leads_nowhere_is_a_fault() {
        assert_eq!(fault("tarspay_sign::callbacks::each_refusal_is_told_apart"), None);
        assert_eq!(fault("tarspay_sign::callbacks::gone"), Some("no such function"));
        for test in ["tarspay_sign::gone::gone", "gone::callbacks::gone", "gone"] {
            assert!(fault(test).is_some(), "{test}");
        }
    }
}
