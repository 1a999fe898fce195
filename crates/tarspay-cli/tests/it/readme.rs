//! The sessions of the README, run as they stand there by a shell.
#![cfg(unix)]

use crate::running::{Running, reserve};
use crate::vectors::Vector;
use crate::{Done, Files, run, tarspay, text};
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../../README.md");

/// The lines of the blocks for a shell.
fn lines() -> impl Iterator<Item = &'static str> {
    let blocks = README.split("```sh\n").skip(1);
    blocks.flat_map(|block| block.split("```").next().unwrap().lines())
}

/// Runs a line in a folder, with these variables of the shell.
fn shell(line: &str, folder: &Path, variables: &HashMap<&str, String>) -> Done {
    let program = Path::new(env!("CARGO_BIN_EXE_tarspay")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-euc", line]).current_dir(folder).env("PATH", path).envs(variables);
    run(&mut command)
}

#[test]
fn the_session_of_signing_and_verifying_works() {
    let (files, callback) = (Files::new(), Vector::named("C1"));
    files.write("callback.json", callback.body());
    let mut variables = HashMap::new();
    let mut ran = Vec::new();
    for line in lines().filter(|line| !line.contains("cargo ") && !line.contains("127.0.0.1")) {
        if line.contains("verify callback") {
            variables.insert("SIGNATURE", callback.text("signature").to_owned());
        }
        let done = shell(line, &files.path(""), &variables).succeeded();
        for (variable, header) in
            [("KEY", "X-API-KEY"), ("NONCE", "X-API-NONCE"), ("SIGNATURE", "X-API-SIGNATURE")]
        {
            let value = done.stdout.lines().find_map(|line| line.strip_prefix(header));
            if let Some(value) = value {
                variables.insert(variable, value.trim().to_owned());
            }
        }
        ran.extend(line.split("tarspay ").nth(1).and_then(|rest| rest.split(" -").next()));
    }
    assert_eq!(ran, ["keygen", "sign", "verify request", "verify callback"]);
}

#[test]
fn the_session_with_a_sandbox_works() {
    let files = Files::new();
    let (_reserved, address) = reserve();
    let [serve, ask] =
        lines().filter(|line| line.contains("127.0.0.1")).collect::<Vec<_>>().try_into().unwrap();
    let flags =
        serve.strip_prefix("tarspay sandbox ").unwrap().replace("127.0.0.1:8080", &address.to_string());
    let (_running, ready) = Running::start_json_with(&flags.split(' ').collect::<Vec<_>>());
    assert!(ask.contains(text(&ready, "merchant_no")));
    let ask = ask.replace("127.0.0.1:8080", &address.to_string()).replace('…', text(&ready, "private_key"));
    let done = shell(&ask, &files.path(""), &HashMap::new()).succeeded();
    assert!(done.stdout.contains("available"), "{done:?}");
}

#[test]
fn the_table_names_the_commands_that_there_are() {
    let rows = README.lines().filter_map(|line| line.strip_prefix("| `")).map(|row| row.split_once("` |"));
    let named: Vec<_> = rows.flatten().flat_map(|(names, _)| names.split("`, `")).collect();
    for name in &named {
        run(tarspay(&name.split(' ').collect::<Vec<_>>()).arg("--help")).succeeded();
    }
    let help = run(&mut tarspay(&["--help"])).stdout;
    let commands = help.split("Commands:\n").nth(1).unwrap().lines().take_while(|line| !line.is_empty());
    // A line that goes on has more blanks before it.
    let commands = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    for command in commands.filter(|name| !["", "help"].contains(name)) {
        assert!(named.iter().any(|name| name.split(' ').next() == Some(command)), "{command}");
    }
}
