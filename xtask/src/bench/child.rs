//! A process that says on its first line that it is ready, answers lines, and ends with this value.

use crate::shell::Failure;
use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{self, ChildStdout, Command, Stdio};

pub(super) struct Child {
    process: process::Child,
    stdout: RefCell<Option<BufReader<ChildStdout>>>,
    /// Its first line.
    pub(super) ready: String,
}

impl Child {
    pub(super) fn start(mut command: Command) -> Result<Self, Failure> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::to("start a process", error))?;
        let stdout = RefCell::new(process.stdout.take().map(BufReader::new));
        // From here on it ends whatever happens.
        let mut child = Self { process, stdout, ready: String::new() };
        child.ready = child.line()?;
        Ok(child)
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Writes a line and reads one.
    pub(super) fn ask(&self, line: &str) -> Result<String, Failure> {
        let mut stdin =
            self.process.stdin.as_ref().ok_or_else(|| Failure::new("a process without an input"))?;
        writeln!(stdin, "{line}").map_err(|error| Failure::to("write to a process", error))?;
        self.line()
    }

    fn line(&self) -> Result<String, Failure> {
        let mut line = String::new();
        if let Some(stdout) = self.stdout.borrow_mut().as_mut() {
            stdout.read_line(&mut line).map_err(|error| Failure::to("read a line of a process", error))?;
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // If it has ended by itself there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_process_answers_lines_and_ends_with_its_value() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo ready; exec cat"]);
        let child = Child::start(shell).unwrap();
        assert_eq!((child.ready.as_str(), child.ask("a line").unwrap().as_str()), ("ready", "a line"));
        let id = child.id().to_string();
        let is_there =
            || Command::new("kill").args(["-0", &id]).stderr(Stdio::null()).status().unwrap().success();
        assert!(is_there());
        drop(child);
        assert!(!is_there());
    }
}
