//! What a person sees: the program in a real pseudo-terminal.
#![cfg(unix)]

use crate::calls::WITHDRAWAL;
use crate::{run, tarspay, tarspay_with_key};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Far longer than anything takes; only a hanging test waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

const VALID: &str = "\u{1b}[32mvalid:\u{1b}[0m ";
const REFUSED: &str = "\u{1b}[31mtarspay:\u{1b}[0m ";

/// A program in a terminal, which never outlives its test.
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

/// The program with these arguments in a terminal of 80 columns that shows colours.
pub(crate) fn pty(args: &[&str]) -> Terminal {
    Terminal::with(tarspay(args), 80)
}

impl Terminal {
    pub(crate) fn with(mut command: Command, columns: u16) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let end = || File::options().read(true).write(true).open(&name).unwrap();
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            if !command.get_envs().any(|(set, _)| set == name) {
                command.env_remove(name);
            }
        }
        command.env("TERM", "xterm-256color").stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();
        // Closes its ends here, so that the terminal ends with the program.
        drop(command);
        let keyboard = File::from(terminal);
        let mut reader = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // At the end Linux gives an error, other systems no bytes.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                let _ = sender.send(bytes[..count].to_vec());
            }
        });
        Self { child, keyboard, screen, seen: String::new() }
    }

    /// Types a text, which the terminal echoes.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until this has been written, and gives everything up to now.
    pub(crate) fn until(&mut self, text: &str) -> &str {
        while !self.seen.contains(text) {
            let more = self
                .screen
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
        &self.seen
    }

    /// Sends a signal by its name.
    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Everything that the program writes until it ends, and its exit code.
    pub(crate) fn ended(mut self) -> (String, Option<i32>) {
        while let Ok(more) = self.screen.recv_timeout(PATIENCE) {
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
        let code = self.child.wait().unwrap().code();
        (std::mem::take(&mut self.seen), code)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn shown(command: Command) -> String {
    Terminal::with(command, 80).ended().0
}

/// A text with the digest of it, or of another one.
fn explain(digest_of: &str) -> Command {
    let text = "POST|/api/balanceInfo|1704180814988|mchNo=M1688443086";
    let digest = tarspay::sign::Digest::of(digest_of.replace("it", text)).to_string();
    tarspay(&["explain", "request", "--string", text, "--digest", &digest])
}

#[test]
fn verdicts_have_a_colour_on_a_terminal() {
    assert!(shown(explain("it")).starts_with(VALID));
    let refused = shown(explain("it "));
    assert!(refused.contains(&format!("\r\n{REFUSED}not valid: ")), "{refused:?}");
    assert!(refused.contains("\u{1b}[31m ") && refused.contains("^\u{1b}[0m"), "the mark: {refused:?}");
    assert!(pty(&["--help"]).ended().0.contains('\u{1b}'), "help");
}

#[test]
fn there_is_no_colour_in_a_pipe_or_where_it_is_not_wanted() {
    for command in [&mut explain("it"), &mut explain("it ")] {
        let done = run(command);
        assert!(!format!("{done:?}").contains("\\u{1b}"), "{done:?}");
        for (name, value) in [("NO_COLOR", "1"), ("CLICOLOR", "0")] {
            let mut unwanted = explain("it ");
            unwanted.env(name, value);
            let seen = shown(unwanted);
            assert!(seen.contains("tarspay: not valid") && !seen.contains('\u{1b}'), "{name}: {seen:?}");
        }
    }
    assert!(run(explain("it").env("CLICOLOR_FORCE", "1")).stdout.starts_with(VALID));
    let json = run(explain("it").args(["--json"]).env("CLICOLOR_FORCE", "1"));
    assert_eq!(json.stdout, "{\"valid\":true}\n");
    let seen = shown({
        let mut command = explain("it ");
        command.arg("--json");
        command
    });
    assert!(!seen.contains('\u{1b}'), "{seen:?}");
}

#[test]
fn both_texts_fit_a_narrow_terminal() {
    for columns in [30, 50] {
        let (seen, columns) = (Terminal::with(explain("it "), columns).ended().0, usize::from(columns));
        let rows: Vec<_> =
            seen.lines().filter(|row| row.starts_with("signed: ") || row.starts_with("both: ")).collect();
        assert!(rows.len() > 1 && rows.iter().all(|row| row.len() <= columns), "{columns}: {seen}");
        assert_eq!(seen.matches('^').count(), 1, "{seen}");
    }
}

#[test]
fn real_money_moves_only_after_yes() {
    const QUESTION: &str = "Type yes to go on:";
    // Every connection would be seen here.
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let money = ["--amount", "500", "--order-no", "W1", "--merchant-id", "M1", "--proxy", &url];
    let withdrawal = || {
        let mut command = tarspay_with_key(&[&WITHDRAWAL[..], &money].concat());
        command.env("NO_COLOR", "1");
        Terminal::with(command, 80)
    };
    for (reply, code, reason) in [
        ("y\n", 1, "not confirmed; nothing was sent"),
        ("\n", 1, "not confirmed; nothing was sent"),
        ("YES\n", 1, "not confirmed; nothing was sent"),
        ("\u{4}", 1, "not confirmed; nothing was sent"),
        ("-INT", 130, "interrupted; nothing was sent"),
        ("-TERM", 130, "interrupted; nothing was sent"),
    ] {
        let mut terminal = withdrawal();
        let asked = terminal.until(QUESTION);
        for words in [
            "create the withdrawal W1 of 500 BDT by EWALLET_BKASH for merchant M1 at https://payment.tarspay.com",
            "\r\n  walletId: 01011111111\r\n",
        ] {
            assert!(asked.contains(words), "no {words:?} in {asked:?}");
        }
        if reply.starts_with('-') {
            terminal.signal(reply);
        } else {
            terminal.type_text(reply);
        }
        let (seen, ended) = terminal.ended();
        assert!(ended == Some(code) && seen.contains(reason), "{reply:?}: {ended:?} {seen:?}");
    }
    proxy.set_nonblocking(true).unwrap();
    assert_eq!(proxy.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nothing connects");
    proxy.set_nonblocking(false).unwrap();
    let mut terminal = withdrawal();
    terminal.until(QUESTION);
    terminal.type_text("yes\n");
    drop(proxy.accept().unwrap());
}

#[test]
fn a_terminal_is_read_while_the_program_runs() {
    let mut command = Command::new("sh");
    command.args(["-c", "printf 'what? '; read line; echo \"got $line\"; exit 3"]);
    let mut terminal = Terminal::with(command, 80);
    terminal.until("what? ");
    terminal.type_text("this\n");
    let (seen, code) = terminal.ended();
    assert!(seen.ends_with("got this\r\n") && code == Some(3), "{seen:?} {code:?}");
}
