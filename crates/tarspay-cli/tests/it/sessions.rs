//! The sessions of the documentation: blocks for a console, in which `$ ` begins a command and what follows is its
//! output. `cat FILE` makes the file that it shows, `…` stands for anything, on a line of its own for any lines.
#![cfg(unix)]

use crate::{Files, run};
use std::path::Path;
use std::process::Command;

const PAGES: [&str; 3] = ["README.md", "docs/cli.md", "docs/why-does-my-signature-fail.md"];

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Each command with its output.
fn commands(page: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for block in page.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
                (None, Some((_, output))) => output.push(line.to_owned()),
                (None, None) => panic!("a block begins with its output: {line}"),
            }
        }
    }
    commands
}

fn fits(expected: &str, line: &str) -> bool {
    let (mut rest, parts) = (line, expected.split('…').collect::<Vec<_>>());
    for (at, part) in parts.iter().enumerate() {
        match rest.find(part) {
            Some(found) if at > 0 || found == 0 => rest = &rest[found + part.len()..],
            _ => return false,
        }
    }
    rest.is_empty() || expected.ends_with('…')
}

fn all_fit(expected: &[String], lines: &[&str]) -> bool {
    match (expected, lines) {
        ([], []) => true,
        ([any, expected @ ..], _) if any == "…" => {
            (0..=lines.len()).any(|skipped| all_fit(expected, &lines[skipped..]))
        }
        ([first, expected @ ..], [line, lines @ ..]) => fits(first, line) && all_fit(expected, lines),
        _ => false,
    }
}

#[test]
fn every_session_of_the_documentation_is_as_it_stands_there() {
    let program = Path::new(env!("CARGO_BIN_EXE_tarspay")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    for name in PAGES {
        let (files, mut code) = (Files::new(), None);
        for (command, output) in commands(&page(name)) {
            if let Some(file) = command.strip_prefix("cat ") {
                files.write(file, output.join("\n") + "\n");
                continue;
            }
            let shown = if command == "echo $?" {
                format!("{}\n", code.unwrap_or(-1))
            } else {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("exec 2>&1; {command}")]).current_dir(files.path(""));
                for (name, _) in std::env::vars_os() {
                    if name.to_string_lossy().starts_with("TARSPAY_") {
                        shell.env_remove(name);
                    }
                }
                let done = run(shell.env("PATH", &path));
                code = done.code;
                done.stdout
            };
            let lines: Vec<_> = shown.lines().collect();
            assert!(all_fit(&output, &lines), "{name}: {command}\n{shown}\nand not\n{}", output.join("\n"));
        }
    }
}

#[test]
fn every_mistake_that_the_page_names_is_one() {
    let page = page("docs/why-does-my-signature-fail.md");
    let is_name = |name: &&str| {
        name.contains('_') && name.chars().all(|letter| letter == '_' || letter.is_ascii_lowercase())
    };
    let mistakes: Vec<_> = page.split('`').skip(1).step_by(2).filter(is_name).collect();
    assert!(mistakes.len() > 20, "{mistakes:?}");
    let others = ["http_build_query", "json_encode", "sign_digest", "sigencode_der"];
    for name in mistakes.into_iter().filter(|name| !others.contains(name)) {
        assert!(tarspay_explain::Mistake::ALL.iter().any(|mistake| mistake.name() == name), "{name}");
    }
}
