//! The sessions of the README, run as they stand there by a shell.
#![cfg(unix)]

use crate::running::Running;
use crate::vectors::Vector;
use crate::{Done, Files, run, tarspay};
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
    let is_other = |line: &&str| ["cargo ", "sandbox", "deposit"].iter().any(|word| line.contains(word));
    for line in lines().filter(|line| !is_other(line)) {
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

#[tokio::test(flavor = "multi_thread")]
async fn the_session_with_a_sandbox_works() {
    let files = Files::new();
    let folder = |name| files.path(name).to_str().unwrap().to_owned();
    let variables = HashMap::from([("XDG_RUNTIME_DIR", folder("run")), ("XDG_STATE_HOME", folder("state"))]);
    let mut session = lines().filter(|line| line.contains("sandbox"));
    let start = session.next().unwrap().strip_prefix("tarspay ").unwrap();
    let mut start = tarspay(&start.split(' ').collect::<Vec<_>>());
    let _running = Running::start_command(start.envs(&variables));
    let [ask, see] = session.collect::<Vec<_>>().try_into().unwrap();
    let done = shell(ask, &files.path(""), &variables).succeeded();
    assert!(done.stdout.contains("available"), "{done:?}");
    let done = shell(see, &files.path(""), &variables).succeeded();
    assert!(done.stdout.contains("/api/balanceInfo"), "{done:?}");

    let [create, wait] =
        lines().filter(|line| line.contains(" deposit ")).collect::<Vec<_>>().try_into().unwrap();
    files.write(
        "deposit.json",
        r#"{"wayCode":"CASHIER","currency":"KES","notifyUrl":"https://127.0.0.1/notify","customerContact":"254115555076"}"#,
    );
    let with_sandbox = |line: &str| format!("eval \"$(tarspay sandbox env)\" && {line}");
    let done = shell(&with_sandbox(create), &files.path(""), &variables);
    assert_eq!(done.code, Some(0), "{done:?}");
    shell("tarspay sandbox pay \"$(cat order.txt)\"", &files.path(""), &variables).succeeded();
    shell(&with_sandbox(wait), &files.path(""), &variables).succeeded();
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
