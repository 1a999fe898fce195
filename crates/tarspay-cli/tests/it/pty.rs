//! What a person sees: the program in a real pseudo-terminal.
#![cfg(unix)]

use crate::{run, tarspay};
use expectrl::session::OsSession;
use expectrl::{Eof, Expect as _};
use std::process::Command;

const VALID: &str = "\u{1b}[32mvalid:\u{1b}[0m ";
const REFUSED: &str = "\u{1b}[31mtarspay:\u{1b}[0m ";

/// The program with these arguments, in a terminal of 80 columns that shows colours. The session is the terminal.
pub(crate) fn pty(args: &[&str]) -> OsSession {
    in_terminal(tarspay(args))
}

fn in_terminal(mut command: Command) -> OsSession {
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        if !command.get_envs().any(|(set, _)| set == name) {
            command.env_remove(name);
        }
    }
    command.env("TERM", "xterm-256color");
    let mut session = OsSession::spawn(command).unwrap();
    session.set_expect_timeout(Some(std::time::Duration::from_secs(60)));
    session
}

/// Everything that the program writes until it ends.
pub(crate) fn all(mut session: OsSession) -> String {
    let seen = session.expect(Eof).unwrap();
    String::from_utf8(seen.as_bytes().to_vec()).unwrap()
}

/// A text with the digest of it, or of another one.
fn explain(digest_of: &str) -> Command {
    let text = "POST|/api/balanceInfo|1704180814988|mchNo=M1688443086";
    let digest = tarspay::sign::Digest::of(digest_of.replace("it", text)).to_string();
    tarspay(&["explain", "request", "--string", text, "--digest", &digest])
}

#[test]
fn verdicts_have_a_colour_on_a_terminal() {
    assert!(all(in_terminal(explain("it"))).starts_with(VALID));
    let refused = all(in_terminal(explain("it ")));
    assert!(refused.contains(&format!("\r\n{REFUSED}not valid: ")), "{refused:?}");
    assert!(refused.contains("\u{1b}[31m ") && refused.contains("^\u{1b}[0m"), "the mark: {refused:?}");
    assert!(all(pty(&["--help"])).contains('\u{1b}'), "help");
}

#[test]
fn there_is_no_colour_in_a_pipe_or_where_it_is_not_wanted() {
    for command in [&mut explain("it"), &mut explain("it ")] {
        let done = run(command);
        assert!(!format!("{done:?}").contains("\\u{1b}"), "{done:?}");
        for (name, value) in [("NO_COLOR", "1"), ("CLICOLOR", "0")] {
            let mut unwanted = explain("it ");
            unwanted.env(name, value);
            let seen = all(in_terminal(unwanted));
            assert!(seen.contains("tarspay: not valid") && !seen.contains('\u{1b}'), "{name}: {seen:?}");
        }
    }
    assert!(run(explain("it").env("CLICOLOR_FORCE", "1")).stdout.starts_with(VALID));
    let json = run(explain("it").args(["--json"]).env("CLICOLOR_FORCE", "1"));
    assert_eq!(json.stdout, "{\"valid\":true}\n");
    let seen = all(in_terminal({
        let mut command = explain("it ");
        command.arg("--json");
        command
    }));
    assert!(!seen.contains('\u{1b}'), "{seen:?}");
}

#[test]
fn both_texts_fit_a_narrow_terminal() {
    for columns in [30, 50] {
        // It waits until the terminal has its size.
        let mut command = Command::new("sh");
        let explain = explain("it ");
        command
            .args(["-c", "read line; exec \"$0\" \"$@\""])
            .arg(explain.get_program())
            .args(explain.get_args());
        let mut session = in_terminal(command);
        session.get_process_mut().set_window_size(columns, 24).unwrap();
        session.send_line("").unwrap();
        let (seen, columns) = (all(session), usize::from(columns));
        let rows: Vec<_> =
            seen.lines().filter(|row| row.starts_with("signed: ") || row.starts_with("both: ")).collect();
        assert!(rows.len() > 1 && rows.iter().all(|row| row.len() <= columns), "{columns}: {seen}");
        assert_eq!(seen.matches('^').count(), 1, "{seen}");
    }
}
