//! What users of the `tarspay` command rely on: the real program, run as they run it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, also in its helpers, and its output is captured"
)]

mod balance;
mod callback;
mod calls;
mod completions;
#[cfg(unix)]
mod config;
mod create;
mod demo;
mod doctor;
mod explain;
mod fake;
#[cfg(unix)]
mod inbox;
mod keygen;
mod keys;
#[cfg(unix)]
mod killed;
mod listen;
mod markets;
mod owner;
mod proxy;
mod pty;
mod readme;
mod running;
mod sandbox;
mod sandbox_flags;
#[cfg(unix)]
mod sandbox_verbs;
mod sessions;
mod sign;
mod terminal;
mod usage;
mod vectors;
mod verify_callback;
mod verify_request;

use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The published test key of vector K1.
pub(crate) const TEST_KEY: &str = "515eadf3e4b56219c8eed116ea3a3ec9f8645c7504c4edb1bc67bc2000f4425c";

/// The program with these arguments, and neither our variables nor profiles in its environment.
pub(crate) fn tarspay(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tarspay"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TARSPAY_") {
            command.env_remove(name);
        }
    }
    // Sandboxes of tests are not found by those that the user runs, nor are the user's profiles read.
    let state = concat!(env!("CARGO_TARGET_TMPDIR"), "/state");
    command.env("XDG_RUNTIME_DIR", state).env("XDG_STATE_HOME", state).env("XDG_CONFIG_HOME", "/nonexistent");
    command.args(args);
    command
}

/// The program with these arguments and a private key in the environment.
pub(crate) fn tarspay_with_key(args: &[&str]) -> Command {
    let mut command = tarspay(args);
    command.env("TARSPAY_PRIVATE_KEY", TEST_KEY);
    command
}

/// What a run of the program left behind.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn run(command: &mut Command) -> Done {
    run_with_stdin(command, b"")
}

pub(crate) fn run_with_stdin(command: &mut Command, stdin: &[u8]) -> Done {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The program may end without having read its input.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap().into()
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let done = Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!done.stderr.contains("panicked"), "{done:?}");
        done
    }
}

impl Done {
    /// Exit code 0, and nothing to complain about.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self
    }

    /// This exit code, and a reason on stderr that holds all of these words.
    #[track_caller]
    pub(crate) fn failed(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(!words.is_empty() && !self.stderr.is_empty());
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self:?}");
        }
        self
    }

    /// The one line of stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.matches('\n').count(), 1, "one line: {self:?}");
        assert!(self.stdout.ends_with('\n'), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// With `--json`: nothing on stdout, and one line on stderr, an error as JSON.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        assert_eq!((self.stdout.as_str(), self.stderr.matches('\n').count()), ("", 1), "{self:?}");
        let error: Value = serde_json::from_str(&self.stderr).unwrap_or_else(|_| panic!("no JSON: {self:?}"));
        error["error"].clone()
    }

    /// Neither stream shows this secret, nor a part of it that is worth anything.
    #[track_caller]
    pub(crate) fn keeps_secret(&self, secret: &str) {
        let shown = format!("{}{}", self.stdout, self.stderr).to_lowercase();
        let secret: Vec<_> = secret.to_lowercase().chars().collect();
        for part in secret.windows(secret.len().min(12)) {
            let part: String = part.iter().collect();
            assert!(!shown.contains(&part), "shows {part:?} of the secret: {self:?}");
        }
    }
}

/// A directory for one test.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file for its owner alone, and gives its path as an argument.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).unwrap().write_all(bytes.as_ref()).unwrap();
        as_argument(&path)
    }
}

pub(crate) fn as_argument(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name:?} in {value}"))
}
