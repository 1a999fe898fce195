//! The address of PostgreSQL and its password, which is never an argument.

use crate::failure::Failure;
use crate::input;
use std::fs;
use std::path::{Path, PathBuf};
use tarspay_inbox::{Builder, Inbox};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// An inbox in PostgreSQL. `is_argument`: other users can see the address.
pub(super) fn builder(address: String, is_argument: bool, roots: Option<&Path>) -> Result<Builder, Failure> {
    let builder = Inbox::postgres(&with_password(address, is_argument)?);
    let Some(file) = roots else { return Ok(builder) };
    let pem = fs::read(file).map_err(|error| {
        Failure::usage(format!("--root-certificates {}", file.display())).caused_by(&error)
    })?;
    Ok(builder.root_certificates(pem))
}

/// The database's address with its password, if one is known.
fn with_password(address: String, is_argument: bool) -> Result<String, Failure> {
    // The error names a key, not a value.
    let config: Config =
        address.parse().map_err(|error| Failure::usage("the address of PostgreSQL").caused_by(&error))?;
    if config.get_password().is_some() {
        if is_argument {
            return Err(Failure::usage(
                "--database must hold no password, which other users could see; give this address in \
                 TARSPAY_DATABASE_URL, or the password in PGPASSWORD",
            ));
        }
        return Ok(address);
    }
    let password = match input::variable("PGPASSWORD")? {
        None => of_password_file(&config)?,
        password => password,
    };
    let Some(password) = password else { return Ok(address) };
    if address.contains("://") {
        let joint = if address.contains('?') { '&' } else { '?' };
        let encoded = password.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
        return Ok(format!("{address}{joint}password={encoded}"));
    }
    let escaped = password.replace('\\', r"\\").replace('\'', r"\'");
    Ok(format!("{address} password='{escaped}'"))
}

/// The first line `host:port:database:user:password` that fits, as libpq reads it.
fn of_password_file(config: &Config) -> Result<Option<String>, Failure> {
    let file = match input::variable("PGPASSFILE")? {
        Some(file) => PathBuf::from(file),
        None => match std::env::home_dir() {
            Some(home) => home.join(".pgpass"),
            None => return Ok(None),
        },
    };
    let Ok(text) = fs::read_to_string(&file) else { return Ok(None) };
    #[cfg(unix)]
    if fs::metadata(&file)
        .is_ok_and(|it| std::os::unix::fs::PermissionsExt::mode(&it.permissions()) & 0o077 != 0)
    {
        let reason = format!("other users can read {}: run chmod 0600 on it", file.display());
        return Err(Failure::usage(reason));
    }
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.as_str(),
        #[cfg(unix)]
        Some(Host::Unix(folder)) => folder.to_str().unwrap_or_default(),
        _ => "localhost",
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let user = config.get_user().unwrap_or_default();
    let wanted = [host, &port, config.get_dbname().unwrap_or(user), user];
    let fits = |fields: &[String]| {
        fields.len() == 5 && wanted.iter().zip(fields).all(|(wanted, field)| field == "*" || field == wanted)
    };
    let mut lines = text.lines().filter(|line| !line.starts_with('#')).map(fields);
    Ok(lines.find(|fields| fits(fields)).and_then(|mut fields| fields.pop()))
}

/// The fields of a line between colons; a backslash takes the next character as it is.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut characters) = (vec![String::new()], line.chars());
    while let Some(character) = characters.next() {
        match character {
            ':' if fields.len() < 5 => fields.push(String::new()),
            '\\' => fields.last_mut().into_iter().for_each(|field| field.extend(characters.next())),
            _ => fields.last_mut().into_iter().for_each(|field| field.push(character)),
        }
    }
    fields
}
