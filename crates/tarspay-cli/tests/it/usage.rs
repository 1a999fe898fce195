//! Help, wrong usage, and an output that nobody reads.

use crate::{Done, TEST_KEY, run, tarspay, tarspay_with_key};
use std::process::{Command, Stdio};

const COMMANDS: [&[&str]; 9] = [
    &[],
    &["demo"],
    &["keygen"],
    &["sign"],
    &["verify"],
    &["verify", "request"],
    &["verify", "callback"],
    &["balance"],
    &["sandbox"],
];

/// The help of a command, asked for where everything in the environment is set.
fn help(command: &[&str], flag: &str) -> Done {
    let mut asked = tarspay_with_key(command);
    asked.arg(flag).env("TARSPAY_MERCHANT_ID", "M-of-mine").env("TARSPAY_API_URL", "https://mine.example");
    run(&mut asked).succeeded()
}

#[test]
fn every_command_has_help() {
    for command in COMMANDS {
        for flag in ["--help", "-h"] {
            let done = help(command, flag);
            let usage = format!("Usage: {}", [&["tarspay"], command].concat().join(" "));
            assert!(done.stdout.contains(&usage), "{done:?}");
        }
    }
}

#[test]
fn help_never_shows_what_is_in_the_environment() {
    for command in COMMANDS {
        for flag in ["--help", "-h"] {
            let done = help(command, flag);
            done.keeps_secret(TEST_KEY);
            assert!(!done.stdout.contains("mine"), "{done:?}");
        }
    }
}

#[test]
fn help_names_the_environment_variables() {
    let names = |command: &[&str]| {
        let text = help(command, "--help").stdout;
        ["TARSPAY_PRIVATE_KEY", "TARSPAY_MERCHANT_ID", "TARSPAY_API_URL"].map(|name| text.contains(name))
    };
    assert_eq!(names(&[]), [true; 3]);
    assert_eq!(names(&["balance"]), [true; 3]);
    assert_eq!(names(&["sandbox"]), [true; 3]);
    assert!(names(&["sign"])[0]);
}

#[test]
fn the_version_is_that_of_the_package() {
    let done = run(&mut tarspay(&["--version"])).succeeded();
    assert_eq!(done.stdout, format!("tarspay {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn unknown_commands_and_flags_are_wrong_usage() {
    run(&mut tarspay(&[])).failed(2, &["Usage: tarspay"]);
    run(&mut tarspay(&["pay"])).failed(2, &["pay", "Usage: tarspay"]);
    run(&mut tarspay(&["verify", "receipt"])).failed(2, &["receipt"]);
    for command in COMMANDS {
        run(&mut tarspay(&[command, &["--nonsense"]].concat())).failed(2, &["--nonsense"]);
    }
}

/// Runs with an output whose reader has gone, as after `| head -0`.
fn run_into_closed_pipe(mut command: Command) -> Done {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().unwrap().into()
}

#[test]
fn a_closed_output_is_an_error_and_no_panic() {
    let commands: [&[&str]; 8] = [
        &["demo"],
        &["demo", "--json"],
        &["keygen"],
        &["keygen", "--json"],
        &["sign", "--path", "/x", "--no-body"],
        &["sign", "--path", "/x", "--no-body", "--json"],
        &["sandbox"],
        &["sandbox", "--json"],
    ];
    for command in commands {
        run_into_closed_pipe(tarspay_with_key(command)).failed(2, &["cannot write the result"]);
    }
}

#[test]
fn help_into_a_closed_output_is_no_panic() {
    for command in COMMANDS {
        let done = run_into_closed_pipe(tarspay(&[command, &["--help"]].concat()));
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{command:?}");
    }
}
