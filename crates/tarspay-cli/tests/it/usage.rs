//! Help, wrong usage, and an output that nobody reads.

use crate::vectors::Vector;
use crate::{Done, Files, TEST_KEY, as_argument, run, tarspay, tarspay_with_key};
use std::process::{Command, Stdio};
use tarspay::sign::PrivateKey;

const COMMANDS: [&[&str]; 41] = [
    &[],
    &["completions"],
    &["demo"],
    &["explain"],
    &["explain", "request"],
    &["explain", "callback"],
    &["keygen"],
    &["markets"],
    &["markets", "list"],
    &["markets", "show"],
    &["markets", "banks"],
    &["markets", "check"],
    &["sign"],
    &["verify"],
    &["verify", "request"],
    &["verify", "callback"],
    &["balance"],
    &["deposit"],
    &["deposit", "create"],
    &["deposit", "get"],
    &["deposit", "wait"],
    &["withdrawal"],
    &["withdrawal", "create"],
    &["withdrawal", "certificate"],
    &["brazil"],
    &["brazil", "query-trx-id"],
    &["bangladesh"],
    &["bangladesh", "reprocess-trx-id"],
    &["india"],
    &["india", "query-utr"],
    &["call"],
    &["config"],
    &["config", "show"],
    &["config", "set"],
    &["config", "path"],
    &["sandbox"],
    &["sandbox", "start"],
    &["sandbox", "pay"],
    &["sandbox", "fault", "add"],
    &["sandbox", "clock", "advance"],
    &["sandbox", "scenario", "check"],
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
fn an_empty_variable_counts_as_not_set() {
    let mut command = tarspay_with_key(&["balance", "--proxy", "http://127.0.0.1:x"]);
    for empty in ["", " \n"] {
        for name in ["TARSPAY_API_URL", "TARSPAY_PROXY", "TARSPAY_ALLOW_READABLE_KEY_FILE"] {
            command.env(name, empty);
        }
        // The gateway is the default one, so that the proxy is what is wrong.
        run(command.env("TARSPAY_MERCHANT_ID", "M1\r\n")).failed(2, &["the proxy's URL"]);
        run(command.env("TARSPAY_MERCHANT_ID", empty)).failed(2, &["no merchant number", "--merchant-id"]);
        let mut sign = tarspay(&["sign", "--path", "/x", "--no-body"]);
        run(sign.env("TARSPAY_PRIVATE_KEY", empty)).failed(2, &["no private key", "--key-file"]);
    }
}

#[test]
fn hints_name_flags_and_not_the_methods_of_the_library() {
    let raw = "11".repeat(64);
    let uncompressed = format!("04{raw}");
    let (key, file) = (Vector::named("K1"), Files::new());
    let key = key.text("public_key");
    let verify = ["verify", "request", "--string-to-sign", "x"];
    for (args, hint) in [
        (
            &["--public-key", &uncompressed, "--signature", "00"][..],
            "give its compressed form, 66 hex digits\n",
        ),
        (&["--public-key", key, "--signature", &raw], "give them as DER"),
    ] {
        let done = run(tarspay(&verify).args(args));
        assert!(done.stderr.contains(hint) && !done.stderr.contains('`'), "{done:?}");
    }
    let sign = ["sign", "--path", "/x", "--body", &file.write("body", "")];
    for (args, hint) in
        [(&sign[..], "give --no-body"), (&["sandbox", "--listen", "0.0.0.0:0"], "give --listen-on-network")]
    {
        let done = run(&mut tarspay_with_key(args)).failed(2, &[hint]);
        assert!(!done.stderr.contains('`'), "{done:?}");
    }
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
pub(crate) fn run_into_closed_pipe(mut command: Command) -> Done {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().unwrap().into()
}

#[test]
fn an_output_that_nobody_reads_ends_the_command_quietly() {
    let vector = Vector::named("R1");
    let (key, signature) = (vector.text("public_key"), vector.text("signature"));
    let valid = ["verify", "request", "--public-key", key, "--signature", signature, "--string-to-sign"];
    let valid = [&valid[..], &[vector.text("string_to_sign")]].concat();
    let commands: [&[&str]; 8] = [
        &["demo"],
        &["demo", "--json"],
        &["sign", "--path", "/x", "--no-body"],
        &["sign", "--path", "/x", "--no-body", "--json"],
        &["sandbox"],
        &["sandbox", "--json"],
        &["sandbox", "--list-scenarios"],
        &valid,
    ];
    for command in commands {
        let done = run_into_closed_pipe(tarspay_with_key(command));
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{command:?}");
    }
}

/// A key is the result: it cannot be made again.
#[test]
fn a_key_that_nobody_reads_is_an_error_unless_it_is_in_a_file() {
    let words = ["cannot write the result", "--out FILE"];
    for command in [&["keygen"][..], &["keygen", "--json"]] {
        run_into_closed_pipe(tarspay(command)).failed(2, &words);
        #[cfg(unix)]
        {
            let mut discarded = tarspay(command);
            Done::from(discarded.stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap())
                .failed(2, &words);
            let mut closed = Command::new("sh");
            closed.args(["-c", r#"exec "$0" "$@" >&-"#, env!("CARGO_BIN_EXE_tarspay")]).args(command);
            run(&mut closed).failed(2, &words);
            // The whole pair is written at once.
            let mut first = Command::new("sh");
            first.args(["-c", r#""$0" "$@" | head -1"#, env!("CARGO_BIN_EXE_tarspay")]).args(command);
            run(&mut first).succeeded();
        }
    }
    #[cfg(unix)]
    {
        let files = Files::new();
        let path = as_argument(&files.path("new.key"));
        let mut closed = Command::new("sh");
        closed.args(["-c", r#"exec "$0" keygen --out "$1" >&-"#, env!("CARGO_BIN_EXE_tarspay"), &path]);
        run(&mut closed).succeeded();
        PrivateKey::from_file(&path).unwrap();
    }
}

#[test]
fn what_was_done_counts_although_nobody_reads_it() {
    let files = Files::new();
    let path = as_argument(&files.path("new.key"));
    let done = run_into_closed_pipe(tarspay(&["keygen", "--out", &path]));
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    PrivateKey::from_file(&path).unwrap();

    let vector = Vector::named("R1");
    let (key, signature) = (vector.text("public_key"), vector.text("signature"));
    let invalid = ["verify", "request", "--public-key", key, "--signature", signature, "--json"];
    run_into_closed_pipe(tarspay(&[&invalid[..], &["--string-to-sign", "x"]].concat()))
        .failed(1, &["not valid"]);
}

/// The disk is full.
#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = tarspay(&["keygen"]);
    let output = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).output().unwrap();
    Done::from(output).failed(2, &["cannot write the result"]);
}

#[test]
fn help_into_a_closed_output_ends_quietly() {
    for command in COMMANDS {
        let done = run_into_closed_pipe(tarspay(&[command, &["--help"]].concat()));
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{command:?}");
    }
}

#[test]
fn the_command_line_is_consistent() {
    tarspay_cli::command().debug_assert();
}

fn names(command: &clap::Command) -> Vec<String> {
    let own = command.get_arguments().map(|argument| argument.get_id().to_string());
    own.chain(command.get_subcommands().flat_map(names)).collect()
}

#[test]
fn no_argument_is_a_private_key() {
    let mut names = names(&tarspay_cli::command());
    names.retain(|name| ["key", "private", "secret"].iter().any(|word| name.contains(word)));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["allow_readable_key_file", "key_file", "public_key"]);
}
