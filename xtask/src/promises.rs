//! The check that each promise of `docs/threat-model.md` has a test that holds it.

use crate::shell::{Failure, root, say};
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = "docs/threat-model.md";

/// The part of the page whose tables are promises.
const PART: &str = "## What we promise";

/// Looks for every test that the page names.
///
/// # Errors
///
/// Names each promise without a test, and each test that does not exist or does not run.
pub fn run() -> Result<(), Failure> {
    let page =
        fs::read_to_string(root().join(PAGE)).map_err(|error| Failure::to(&format!("read {PAGE}"), error))?;
    let promises = promises(&page)?;
    let faults: Vec<_> = promises.iter().flat_map(|promise| promise.faults(&root())).collect();
    if faults.is_empty() {
        say(&format!("promises: {} promises, each with a test", promises.len()));
        Ok(())
    } else {
        Err(Failure::new(faults.join("\n")))
    }
}

/// A row of a table: what is promised, and the tests that hold it.
#[derive(Debug)]
struct Promise<'p> {
    what: &'p str,
    tests: Vec<&'p str>,
}

impl Promise<'_> {
    fn faults(&self, root: &Path) -> Vec<String> {
        if self.tests.is_empty() {
            return vec![format!("{PAGE}: no test holds the promise: {}", self.what)];
        }
        let fault = |test: &&str| Some(format!("{PAGE}: {test}: {}", fault(root, test)?));
        self.tests.iter().filter_map(fault).collect()
    }
}

/// The promises of a page: all rows of the part's tables, without their heads.
fn promises(page: &str) -> Result<Vec<Promise<'_>>, Failure> {
    let lines = page.lines().skip_while(|line| *line != PART).skip(1);
    let rows: Vec<_> = lines.take_while(|line| !line.starts_with("## ")).collect();
    let is_head = |at: usize| rows.get(at + 1).is_some_and(|next| next.starts_with("|---"));
    let promises: Vec<_> = rows
        .iter()
        .enumerate()
        .filter(|(at, line)| line.starts_with('|') && !line.starts_with("|---") && !is_head(*at))
        .map(|(_, line)| {
            let (what, tests) = line.trim_matches(['|', ' ']).rsplit_once(" | ").unwrap_or((line, ""));
            Promise { what, tests: tests.split('`').skip(1).step_by(2).collect() }
        })
        .collect();
    if promises.is_empty() {
        return Err(Failure::new(format!("{PAGE} promises nothing under `{PART}`")));
    }
    Ok(promises)
}

/// Why nothing runs under this name, `crate::module::test`.
fn fault(root: &Path, test: &str) -> Option<String> {
    let parts: Vec<_> = test.split("::").collect();
    let [package, modules @ .., name] = parts.as_slice() else {
        return Some("not of the form `crate::module::test`".to_owned());
    };
    let folder = match *package {
        "xtask" => root.join("xtask"),
        package => root.join("crates").join(package.replace('_', "-")),
    };
    let Some(source) =
        files(&folder, &modules.join("/")).iter().find_map(|file| fs::read_to_string(file).ok())
    else {
        return Some(format!("{} has no such module of tests", folder.display()));
    };
    state(&source, name).err().map(str::to_owned)
}

/// Where the tests of a module can stand.
fn files(folder: &Path, modules: &str) -> [PathBuf; 3] {
    ["tests/it", "tests", "src"].map(|place| folder.join(place).join(modules).with_extension("rs"))
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
    use super::{fault, promises, run, state};
    use crate::shell::root;

    #[test]
    fn every_promise_has_a_test() {
        run().unwrap();
    }

    const PAGE: &str = "# Page\n\n| no | promise |\n|---|---|\n| 1 | 2 |\n\n## What we promise\n\n\
        | promise | held by |\n|---|---|\n| one | `a::b::c`, `d::e` |\n| two | trust us |\n\n## Next\n\n| 1 | 2 |\n";

    #[test]
    fn the_rows_of_the_part_are_the_promises() {
        let found = promises(PAGE).unwrap();
        let found: Vec<_> = found.iter().map(|promise| (promise.what, promise.tests.as_slice())).collect();
        assert_eq!(found, [("one", ["a::b::c", "d::e"].as_slice()), ("two", [].as_slice())]);
    }

    #[test]
    fn a_page_without_promises_is_refused() {
        assert!(promises("# Page\n\n| one | `a::b` |\n").is_err());
    }

    #[test]
    fn a_promise_without_a_test_is_named() {
        let faults = promises(PAGE).unwrap()[1].faults(&root());
        assert_eq!(faults, ["docs/threat-model.md: no test holds the promise: two"]);
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
        assert_eq!(fault(&root(), "tarspay_sign::callbacks::each_refusal_is_told_apart"), None);
        assert_eq!(fault(&root(), "tarspay_sign::callbacks::gone").as_deref(), Some("no such function"));
        for test in ["tarspay_sign::gone::gone", "gone::callbacks::gone", "gone"] {
            assert!(fault(&root(), test).is_some(), "{test}");
        }
    }
}
