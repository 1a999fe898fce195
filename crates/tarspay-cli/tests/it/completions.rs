//! `tarspay completions`, in the shells themselves.
#![cfg(unix)]

use crate::{Done, Files, run, tarspay};
use std::path::Path;
use std::process::Command;

/// What a shell offers after these words, asked for by its own script.
fn offered(shell: &str, words: &str) -> Option<Done> {
    let program = Path::new(env!("CARGO_BIN_EXE_tarspay"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    if Command::new(shell).arg("-c").arg("exit").status().is_err() {
        println!("SKIPPED: completions of {shell}: it is not installed");
        return None;
    }
    let script = run(&mut tarspay(&["completions", shell])).succeeded().stdout;
    let files = Files::new();
    let file = files.write("completions", script);
    let ask = match shell {
        "bash" => format!(
            "source {file}; COMP_WORDS=(tarspay {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_TYPE=9
             _clap_complete_tarspay tarspay \"${{COMP_WORDS[COMP_CWORD]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        ),
        // What the script does with the offers of the command, without the line editor that it needs.
        "zsh" => format!(
            "compdef() {{ :; }}; _describe() {{ print -rl -- ${{(P)3}} }}
             source {file}; words=(tarspay {words}); CURRENT=${{#words}}; _clap_dynamic_completer_tarspay"
        ),
        _ => format!("source {file}; complete -C \"tarspay {}\"", words.replace("''", "")),
    };
    let no_rc = if shell == "fish" { "--no-config" } else { "-f" };
    let mut command = Command::new(shell);
    if shell != "bash" {
        command.arg(no_rc);
    }
    Some(run(command.args(["-c", &ask]).env("PATH", path)))
}

#[test]
fn each_shell_completes_commands_flags_and_values() {
    for shell in ["bash", "zsh", "fish"] {
        for (words, values) in [
            ("mar", &["markets"][..]),
            ("markets show ''", &["kenya", "brazil"]),
            ("markets list --way", &["--way-code"]),
            ("markets list --way-code EWALLET_MP", &["EWALLET_MPESA"]),
            ("markets banks MY BANK_I", &["BANK_ISLAM"]),
            ("sandbox fault add drop", &["drop_connection"]),
            ("sandbox scenario run paid", &["paid-later"]),
            ("callback send --state part", &["partly-paid"]),
            ("config set merchant", &["merchant_id"]),
        ] {
            let Some(done) = offered(shell, words) else { break };
            for value in values {
                assert!(done.stdout.contains(value), "{shell}: no {value} after {words:?}: {done:?}");
            }
        }
    }
}

/// The script of bash inserts a value as it is.
#[test]
fn a_value_with_a_blank_is_quoted_for_bash() {
    let banks = |market: &str| {
        run(&mut tarspay(&["markets", "banks", market, "--json"])).succeeded().json()["banks"].clone()
    };
    let all = banks("PK");
    let code =
        all.as_array().unwrap().iter().find_map(|bank| bank["code"].as_str().filter(|it| it.contains(' ')));
    let code = code.unwrap();
    let Some(done) = offered("bash", "markets banks PK ''") else { return };
    let quoted = code.replace(' ', "\\ ");
    assert!(done.stdout.lines().any(|line| line.starts_with(&quoted)), "no {quoted} in {done:?}");
}

#[test]
fn every_shell_has_a_script_and_no_other_has() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = run(&mut tarspay(&["completions", shell])).succeeded().stdout;
        assert!(script.contains("TARSPAY_COMPLETE"), "{shell}: {script}");
    }
    run(&mut tarspay(&["completions", "bash", "--json"])).failed(2, &["not JSON", "--json"]);
    run(&mut tarspay(&["completions", "tcsh"])).failed(2, &["tcsh", "powershell"]);
    // The variable of other programs does not turn the command into a completer.
    run(tarspay(&["--version"]).env("COMPLETE", "bash")).succeeded();
}
