//! Finding a running sandbox: each one has a file in a folder that only its user can read.
//!
//! The file holds what `start` prints, with the private key of the test merchant: it was made for
//! this sandbox and opens nothing else.

use super::control::Control;
use crate::failure::Failure;
use crate::output;
use etcetera::BaseStrategy as _;
use serde_json::{Value, json};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A sandbox that responds: what its file says, if it has one here, and the way to it.
pub(super) struct Found {
    pub(super) state: Option<Value>,
    pub(super) control: Control,
}

/// The file of a running sandbox, removed when this value is dropped.
pub(super) struct StateFile(PathBuf);

impl StateFile {
    pub(super) fn write(name: &str, state: &Value) -> io::Result<Self> {
        let mut failed = io::Error::other("this user has no folder for it; set HOME or XDG_RUNTIME_DIR");
        for folder in folders() {
            match write(&folder, name, state) {
                Ok(path) => return Ok(Self(path)),
                Err(error) => failed = io::Error::other(format!("{}: {error}", folder.display())),
            }
        }
        Err(failed)
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // If it stays, the next command sees that nobody responds, and removes it.
        let _ = fs::remove_file(&self.0);
    }
}

/// Where the files are: written to the first folder that can be used, read from all of them, since
/// two terminals can have different environments.
fn folders() -> Vec<PathBuf> {
    let Ok(places) = etcetera::choose_base_strategy() else { return Vec::new() };
    let kept = places.state_dir().unwrap_or_else(|| places.data_dir());
    places.runtime_dir().into_iter().chain([kept]).map(|place| place.join("tarspay/sandboxes")).collect()
}

fn write(folder: &Path, name: &str, state: &Value) -> io::Result<PathBuf> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    if !is_private(folder) {
        return Err(io::Error::other("others can read the folder; change its mode to 0700"));
    }
    let (path, new) = (folder.join(format!("{name}.json")), folder.join(format!(".{name}.new")));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    writeln!(options.open(&new)?, "{state}")?;
    // No reader sees half of it.
    fs::rename(&new, &path)?;
    Ok(path)
}

/// Whether nobody else can have put a file there.
fn is_private(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(folder).is_ok_and(|folder| folder.permissions().mode() % 0o100 == 0)
    }
    #[cfg(not(unix))]
    folder.is_dir()
}

/// All files with what they say, that of the newest sandbox first.
fn all() -> Vec<(PathBuf, Value)> {
    let folders = folders().into_iter().filter(|folder| is_private(folder));
    let files = folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let paths =
        files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "json"));
    let read = |path: PathBuf| {
        let state = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        Some((path, state))
    };
    let mut all: Vec<(PathBuf, Value)> = paths.filter_map(read).collect();
    all.sort_by_key(|(_, state)| std::cmp::Reverse(state["started_at_micros"].as_u64()));
    all
}

fn text<'a>(state: &'a Value, name: &str) -> &'a str {
    state[name].as_str().unwrap_or_default()
}

/// Reads a name that can be that of a file.
pub(super) fn name(text: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if text.is_empty() || text.len() > 64 || text.starts_with('.') || !text.bytes().all(is_plain) {
        return Err("a name has letters, digits, - and _, and 64 characters at most".to_owned());
    }
    Ok(text.to_owned())
}

/// The way to the sandbox of a file. A file that has no sandbox any more is removed.
async fn reach(path: &Path, state: &Value) -> Option<Control> {
    let mut address: SocketAddr = text(state, "listen").parse().ok()?;
    // One that listens everywhere cannot be called so.
    match &mut address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => v4.set_ip([127, 0, 0, 1].into()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => v6.set_ip(1_u128.into()),
        _ => {}
    }
    let is_gone = match Control::connect(&format!("http://{address}")).await {
        Ok(mut control) => match control.get("health", &[]).await {
            Ok(health) if health["system_public_key"] == state["system_public_key"] => return Some(control),
            // After a `kill -9` another one has its port.
            answer => answer.is_ok(),
        },
        Err(failure) => failure.kind() == "not_running",
    };
    if is_gone {
        let _ = fs::remove_file(path);
    }
    None
}

/// As [`find`], waiting for a sandbox to start.
pub(super) async fn find_within(wait: Duration, wanted: Option<&str>) -> Result<Found, Failure> {
    let start = Instant::now();
    loop {
        match find(wanted).await {
            Err(failure) if failure.kind() == "not_running" && start.elapsed() < wait => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            found => return found,
        }
    }
}

/// The sandbox that `--sandbox` names, or else the newest one.
pub(super) async fn find(wanted: Option<&str>) -> Result<Found, Failure> {
    if let Some(url) = wanted.filter(|wanted| wanted.contains("://")) {
        let mut control = Control::connect(url).await?;
        let key = control.get("health", &[]).await?["system_public_key"].take();
        let state = all().into_iter().map(|(_, state)| state).find(|state| state["system_public_key"] == key);
        return Ok(Found { state, control });
    }
    let (mut found, mut running) = (None, Vec::new());
    for (path, state) in all() {
        let Some(control) = reach(&path, &state).await else { continue };
        running.push(format!("{} ({})", text(&state, "name"), text(&state, "base_url")));
        if found.is_none() && wanted.is_none_or(|name| name == text(&state, "name")) {
            found = Some(Found { state: Some(state), control });
        }
    }
    if found.is_some() && wanted.is_none() && running.len() > 1 && !output::is_json() {
        let (newest, others) = (&running[0], running[1..].join(", "));
        output::message(&format!(
            "tarspay: using the newest sandbox, {newest}; --sandbox NAME takes another: {others}"
        ));
    }
    found.ok_or_else(|| {
        let what = wanted.map_or_else(String::new, |name| format!(" of the name {name:?}"));
        let failure = Failure::new(3, "not_running", format!("no sandbox{what} runs on this machine"));
        if running.is_empty() {
            return failure.detail("Start one with `tarspay sandbox`, or name one with --sandbox URL.");
        }
        failure.detail(format!("Running: {}", running.join(", ")))
    })
}

/// The variables that the command and `Client::from_env` read, as a shell sets them.
pub(super) fn environment(found: &Found, shell: Shell) -> Result<(), Failure> {
    let Some(state) = &found.state else {
        let reason = "this sandbox was not started by this user, so its private key is not known here";
        return Err(Failure::refused(reason));
    };
    let url = text(state, "base_url");
    let parsed: Option<hyper::Uri> = url.parse().ok();
    let host = parsed.as_ref().and_then(hyper::Uri::host).unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse();
    let is_local = ip.is_ok_and(|ip: IpAddr| ip.is_loopback());
    let mut variables = vec![
        ("TARSPAY_API_URL", url),
        ("TARSPAY_MERCHANT_ID", text(state, "merchant_no")),
        ("TARSPAY_PRIVATE_KEY", text(state, "private_key")),
        ("TARSPAY_SYSTEM_PUBLIC_KEY", text(state, "system_public_key")),
    ];
    if !is_local {
        variables.push(("TARSPAY_PLAIN_HTTP_HOST", host));
    }
    if output::is_json() {
        let pairs = variables.into_iter().map(|(name, value)| (name.to_owned(), json!(value)));
        return output::json(&Value::Object(pairs.collect()));
    }
    for (name, value) in variables {
        // URLs, numbers and hex digits, which may come from a file that was changed.
        if value.contains(['\'', '\\', '\n', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}']) {
            return Err(Failure::usage(format!("the value of {name} cannot be given to a shell")));
        }
        output::line(&match shell {
            Shell::Sh => format!("export {name}='{value}'"),
            Shell::Fish => format!("set -gx {name} '{value}'"),
            Shell::Powershell => format!("$env:{name} = '{value}'"),
        })?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Shell {
    /// sh, bash, zsh and others
    Sh,
    Fish,
    Powershell,
}
