//! Running commands, and saying which.

use cargo_metadata::{Metadata, MetadataCommand};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// What this run left out.
static SKIPPED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Why a command of the maintainers failed.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure with its reason.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// A failure to do `what`.
    pub(crate) fn to(what: &str, error: impl fmt::Display) -> Self {
        Self(format!("cannot {what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    // xtask lies directly below it.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// What cargo knows of the packages of the workspace in a folder; of their dependencies only the names.
pub(crate) fn metadata(root: &Path) -> Result<Metadata, Failure> {
    // In the folder, because cargo's configuration there can name registries.
    MetadataCommand::new()
        .current_dir(root)
        .no_deps()
        .exec()
        .map_err(|error| Failure::to("read the workspace", error))
}

/// The folder of the builds of the workspace in a folder.
pub(crate) fn target_folder(root: &Path) -> Result<PathBuf, Failure> {
    Ok(metadata(root)?.target_directory.into())
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::to(&format!("read {}", path.display()), error))
}

/// Writes a file, and the folders above it.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::create_dir_all(path.parent().unwrap_or(path))
        .and_then(|()| fs::write(path, text))
        .map_err(|error| Failure::to(&format!("write {}", path.display()), error))
}

/// Cargo, started in a folder, with its words.
pub(crate) fn cargo(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder).args(words);
    // Set by the cargo that runs this program; a workspace elsewhere has its own.
    command.env_remove("CARGO_MANIFEST_DIR");
    command
}

/// Runs a command that prints for itself.
pub(crate) fn run(mut command: Command) -> Result<(), Failure> {
    say(&format!("$ {}", words(&command)));
    let status =
        command.status().map_err(|error| Failure::to(&format!("start {}", words(&command)), error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("{} ended with {status}", words(&command))))
    }
}

/// Runs a command and returns what it wrote to stdout.
pub(crate) fn output(mut command: Command) -> Result<String, Failure> {
    let output =
        command.output().map_err(|error| Failure::to(&format!("start {}", words(&command)), error))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("{} ended with {}: {reason}", words(&command), output.status)));
    }
    String::from_utf8(output.stdout).map_err(|error| Failure::to("read the output as text", error))
}

/// A line for the person who watches.
#[expect(clippy::print_stdout, reason = "the maintainers' commands talk on stdout")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// Says that a check was left out, and why; `cargo xtask ci` says it again at its end.
pub(crate) fn skip(what: &str, why: &str) {
    let line = format!("skipped: {what}: {why}");
    say(&line);
    SKIPPED.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(line);
}

/// What was left out since the last time this was asked.
pub(crate) fn take_skipped() -> Vec<String> {
    std::mem::take(&mut SKIPPED.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let mut text = program.into_owned();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            text = format!("{}={:?} {text}", name.to_string_lossy(), value.to_string_lossy());
        }
    }
    for word in command.get_args() {
        text.push(' ');
        text.push_str(&word.to_string_lossy());
    }
    text
}
