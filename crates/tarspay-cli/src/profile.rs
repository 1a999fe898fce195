//! Profiles: named settings in a TOML file of the platform's config folder, one table for each.

use crate::failure::{Failure, unknown};
use crate::output;
use crate::settings::{self, SETTINGS};
use etcetera::BaseStrategy as _;
use hyper::Uri;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tarspay::sign::{PrivateKey, PublicKey};
use tarspay::transport::Transport;
use tarspay::types::MerchantNo;
use toml::{Table, Value};

/// The profile that is used if none is named. It may be missing.
const DEFAULT: &str = "default";

const VARIABLE: &str = "TARSPAY_PROFILE";

/// Which profile is used.
#[derive(Debug, clap::Args)]
pub(crate) struct ProfileName {
    /// Take settings that are neither flags nor in the environment from this profile of the file that
    /// `tarspay config path` names [env: TARSPAY_PROFILE] [default: "default", if there is one]
    #[arg(long, value_name = "NAME", help_heading = SETTINGS)]
    profile: Option<String>,
}

/// The settings of one profile.
pub(crate) struct Profile {
    pub(crate) name: String,
    members: BTreeMap<String, String>,
}

impl ProfileName {
    fn name(&self) -> Result<Option<String>, Failure> {
        self.profile.clone().map_or_else(|| crate::input::variable(VARIABLE), |name| Ok(Some(name)))
    }

    /// Reads the profile. A profile that is named must exist.
    pub(crate) fn load(&self) -> Result<Profile, Failure> {
        let named = self.name()?;
        let (file, mut tables) = match path() {
            Ok(file) => (file.clone(), parse(&read(&file)?, &file)?),
            // Without a home folder there is no file either.
            Err(_) if named.is_none() => (PathBuf::new(), Table::new()),
            Err(failure) => return Err(failure),
        };
        let name = named.clone().unwrap_or_else(|| DEFAULT.to_owned());
        let members = match tables.remove(&name) {
            Some(Value::Table(members)) => members,
            Some(_) => {
                return Err(Failure::usage(format!("`{name}` in {} is not a table", file.display()))
                    .detail(format!("Begin the profile with the line [{name}].")));
            }
            None if named.is_none() => Table::new(),
            None => {
                let others: Vec<_> = tables.keys().cloned().collect();
                let known = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
                return Err(Failure::usage(format!("no profile `{name}` in {}", file.display()))
                    .detail(format!("Profiles: {known}. `tarspay config set --profile {name}` makes one.")));
            }
        };
        let mut profile = Profile { name, members: BTreeMap::new() };
        for (member, value) in members {
            let text = match value {
                Value::String(text) => text,
                Value::Boolean(value) => value.to_string(),
                _ => {
                    let reason = "is neither a text nor true or false";
                    return Err(Failure::usage(format!("`{member}` of profile `{}` {reason}", profile.name)));
                }
            };
            check(&member, &text).map_err(|failure| {
                failure.within(&format!("profile `{}` in {}", profile.name, file.display()))
            })?;
            let text = match (member.as_str(), file.parent()) {
                ("key_file", Some(folder)) => folder.join(text).display().to_string(),
                _ => text,
            };
            profile.members.insert(member, text);
        }
        Ok(profile)
    }

    /// Sets one member of the profile in the file, and returns the profile's name.
    pub(crate) fn set(&self, member: &str, value: &str) -> Result<String, Failure> {
        check(member, value)?;
        check_address(member, value)?;
        let name = self.name()?.unwrap_or_else(|| DEFAULT.to_owned());
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if name.is_empty() || !name.bytes().all(is_plain) {
            return Err(Failure::usage("a profile's name consists of letters, digits, - and _"));
        }
        let value = match (member, boolean(value)) {
            ("key_file", _) => match std::path::absolute(value) {
                Ok(path) => path.display().to_string().into(),
                Err(_) => value.into(),
            },
            ("allow_readable_key_file" | "platform_roots", Some(on)) => Value::Boolean(on),
            _ => value.into(),
        };
        let file = path()?;
        let before = read(&file)?;
        let mut wanted = parse(&before, &file)?;
        let after = with_member(&before, &name, member, &value);
        let table = wanted.entry(&name).or_insert_with(|| Value::Table(Table::new()));
        let is_table = table.as_table_mut().map(|table| table.insert(member.to_owned(), value));
        // The file was changed as text, to keep comments. What is odd in it is left to its owner.
        if is_table.is_none() || after.parse::<Table>().ok() != Some(wanted) {
            let reason = format!("cannot change the profile `{name}` in {}", file.display());
            return Err(Failure::usage(reason).detail("It is not written as usual; edit it by hand."));
        }
        write(&file, &after)
            .map_err(|error| Failure::usage(format!("cannot write {}", file.display())).caused_by(&error))?;
        Ok(name)
    }
}

impl Profile {
    pub(crate) fn get(&self, member: &str) -> Option<&str> {
        self.members.get(member).map(String::as_str)
    }
}

/// Where the profiles are.
pub(crate) fn path() -> Result<PathBuf, Failure> {
    let folders = etcetera::choose_base_strategy()
        .map_err(|error| Failure::usage("no config folder").caused_by(&error))?;
    Ok(folders.config_dir().join("tarspay").join("config.toml"))
}

/// A missing file is empty.
fn read(file: &Path) -> Result<String, Failure> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        result => result
            .map_err(|error| Failure::usage(format!("cannot read {}", file.display())).caused_by(&error)),
    }
}

fn parse(text: &str, file: &Path) -> Result<Table, Failure> {
    text.parse().map_err(|error: toml::de::Error| {
        // Its `Display` would show the line, which may hold anything.
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        Failure::usage(format!("{}, line {line}: {}", file.display(), error.message()))
    })
}

/// Whether a profile can hold this. No message repeats the value.
fn check(member: &str, value: &str) -> Result<(), Failure> {
    let is_known = settings::ALL.iter().any(|(name, _)| *name == member);
    let is_key = value.parse::<PrivateKey>().is_ok() || member == "key_file" && has_long_hex(value);
    if is_key || (!is_known && member.contains("private")) {
        let reason =
            "a profile never holds a key; write the key to a file that only you can read, and set key_file";
        return Err(Failure::usage(reason).detail("`tarspay keygen --out FILE` writes such a file."));
    }
    let wrong = match member {
        _ if !is_known => return Err(unknown("setting", member, settings::ALL.map(|(name, _)| name))),
        _ if value.trim().is_empty() || value.chars().any(char::is_control) => {
            Some("is empty, or has control characters".to_owned())
        }
        "merchant_id" => value.parse::<MerchantNo>().err().map(|error| error.to_string()),
        "system_public_key" => value.parse::<PublicKey>().err().map(|error| error.to_string()),
        "allow_readable_key_file" | "platform_roots" if boolean(value).is_none() => {
            Some("must be true or false".to_owned())
        }
        "proxy" if value.contains('@') => {
            Some("must hold no password; give this URL in TARSPAY_PROXY".to_owned())
        }
        "api_url" if value.contains('@') => Some("must contain no user name or password".to_owned()),
        _ => None,
    };
    wrong.map_or(Ok(()), |wrong| Err(Failure::usage(format!("{member}: {wrong}"))))
}

/// Whether a call could use this URL or host. Plain HTTP to a host is allowed by another member, which
/// may be set later.
fn check_address(member: &str, value: &str) -> Result<(), Failure> {
    let local = Transport::builder("http://localhost");
    let transport = match member {
        "api_url" => {
            let uri: Option<Uri> = value.parse().ok();
            let transport = Transport::builder(value);
            match uri.as_ref().and_then(Uri::host) {
                Some(host) => transport.allow_plain_http_to(host),
                None => transport,
            }
        }
        "proxy" => local.proxy(value),
        "plain_http_host" => local.allow_plain_http_to(value),
        _ => return Ok(()),
    };
    transport.build().map(drop).map_err(|error| Failure::usage(member).caused_by(&error))
}

/// Text without any word that may be a key.
pub(crate) fn without_keys(text: &str) -> String {
    let is_end = |character: char| !character.is_ascii_alphanumeric();
    let hide = |part: &str| {
        let word = part.trim_end_matches(is_end);
        let shown = if has_long_hex(word) { "(not shown: it may be a key)" } else { word };
        format!("{shown}{}", &part[word.len()..])
    };
    text.split_inclusive(is_end).map(hide).collect()
}

/// A mistyped key is still a secret.
fn has_long_hex(text: &str) -> bool {
    text.as_bytes().windows(48).any(|window| window.iter().all(u8::is_ascii_hexdigit))
}

pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "y" | "yes" | "on" => Some(true),
        "0" | "f" | "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The text with this member in the table of this name, and everything else as it is.
fn with_member(text: &str, table: &str, member: &str, value: &Value) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    // A JSON string is a TOML string too, as there are no control characters in it.
    let line = match value.as_str() {
        Some(text) => format!("{member} = {}", serde_json::Value::from(text)),
        None => format!("{member} = {}", value.as_bool().unwrap_or_default()),
    };
    let header = format!("[{table}]");
    let begin = lines.iter().position(|line| line.trim() == header);
    match begin {
        None if lines.is_empty() => lines.extend([&*header, &line]),
        None => lines.extend(["", &header, &line]),
        Some(begin) => {
            let is_member = |line: &&str| line.split_once('=').is_some_and(|(name, _)| name.trim() == member);
            let length = lines[begin + 1..].iter().position(|line| line.trim_start().starts_with('['));
            let section = begin + 1..length.map_or(lines.len(), |length| begin + 1 + length);
            match lines[section.clone()].iter().position(is_member) {
                Some(at) => lines[section.start + at] = &line,
                None => lines.insert(begin + 1, &line),
            }
        }
    }
    lines.join("\n")
}

/// Replaces the file at once: whoever reads it meanwhile sees the old or the new one. A link stays.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let file = &file.canonicalize().unwrap_or_else(|_| file.to_owned());
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let draft = file.with_extension(format!("toml.{}", std::process::id()));
    let written = output::new_file(&draft, text).and_then(|()| std::fs::rename(&draft, file));
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written
}
