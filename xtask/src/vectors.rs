//! The conformance suite for other languages: made from `xtask/conformance/cases.toml` by the code, and checked by two
//! programs that share nothing with it. The programs of `docs/signing.md` are run, too.

mod languages;
mod make;
pub(crate) mod outside;
mod suite;

use crate::pages;
use crate::shell::{Failure, read, root, say, skip};

const CASES: &str = "xtask/conformance/cases.toml";
const FILE: &str = "crates/tarspay-sign/vectors/conformance.json";

/// Writes the suite, or with `check` compares it; then runs the independent checks.
pub(crate) fn run(check: bool) -> Result<(), Failure> {
    let path = root().join(FILE);
    pages::keep(FILE, &make()?, check)?;
    for checker in outside::CHECKERS {
        match outside::check(checker, &path)? {
            outside::Verdict::Agrees(summary) => say(&format!("vectors: {summary}")),
            outside::Verdict::Skipped(reason) => {
                skip(&format!("vectors: {}", checker.name), &reason);
            }
            outside::Verdict::Disagrees(report) => {
                return Err(Failure::new(format!("{} disagrees:\n{report}", checker.name)));
            }
        }
    }
    languages::run()
}

fn make() -> Result<String, Failure> {
    make::suite(&read(&root().join(CASES))?)
}

#[cfg(test)]
mod tests {
    use super::outside::{CHECKERS, Verdict, check};
    use super::{make, root, say};
    use serde_json::Value;
    use std::fs;

    #[test]
    fn the_suite_is_current() {
        assert_eq!(fs::read_to_string(root().join(super::FILE)).unwrap(), make().unwrap());
    }

    #[test]
    fn every_rule_is_a_heading_of_the_page() {
        let page = fs::read_to_string(root().join("docs/signing.md")).unwrap();
        let anchors: Vec<String> = page
            .lines()
            .filter_map(|line| line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")))
            .map(|heading| heading.to_lowercase().replace(['.', '?', ','], "").replace(' ', "-"))
            .collect();
        let suite: Value = serde_json::from_str(&make().unwrap()).unwrap();
        for cases in suite.as_object().unwrap().values().filter_map(Value::as_array) {
            for case in cases {
                let rule = case["rule"].as_str().unwrap();
                assert!(anchors.iter().any(|anchor| anchor == rule), "{}: {rule}", case["id"]);
            }
        }
    }

    /// Turns over one statement of one case in each section; each checker must name that case.
    #[test]
    fn a_checker_refuses_a_suite_with_one_wrong_case() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conformance.json");
        let schema = "conformance.schema.json";
        fs::copy(root().join(super::FILE).with_file_name(schema), folder.path().join(schema)).unwrap();
        let changes = [
            ("/keys/0/public_key", Value::from("02".repeat(33))),
            ("/requests/0/digest", Value::from("00".repeat(32))),
            ("/requests/1/sent_body", Value::from("{}")),
            ("/refused_requests/0/refused_as", Value::from("invalid_body")),
            ("/signatures/1/high_s", Value::from(false)),
            ("/callbacks/0/form", Value::from("ordered")),
        ];
        for checker in CHECKERS {
            for (place, wrong) in &changes {
                let mut suite: Value = serde_json::from_str(&make().unwrap()).unwrap();
                let case = suite.pointer(place.rsplit_once('/').unwrap().0).unwrap();
                let id = case["id"].as_str().unwrap().to_owned();
                *suite.pointer_mut(place).unwrap() = wrong.clone();
                fs::write(&path, suite.to_string()).unwrap();
                match check(checker, &path).unwrap() {
                    Verdict::Disagrees(report) => assert!(report.contains(&id), "{place}: {report}"),
                    Verdict::Skipped(reason) => say(&format!("SKIPPED: {}: {reason}", checker.name)),
                    Verdict::Agrees(summary) => panic!("{place}: {summary}"),
                }
            }
        }
    }
}
