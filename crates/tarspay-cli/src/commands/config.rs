//! `tarspay config`: settings, where they come from, and the profiles that hold them.

use crate::failure::Failure;
use crate::output;
use crate::profile::{self, ProfileName};
use crate::settings::{self, Gateway, Source, system_key};
use serde_json::{Map, json};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Config {
    /// Show each setting of a call, and where it comes from
    ///
    /// The private key is never shown, only its public key. With the flags of a call it shows what
    /// that call would use.
    #[command(after_help = "Examples:\n  tarspay config show --profile live")]
    Show(Show),
    /// Set one member of a profile
    ///
    /// A profile holds the path of a key file, never a key.
    #[command(after_help = "Examples:\n  tarspay config set merchant_id M1688443086\n  \
                            tarspay config set --profile live key_file live.key")]
    Set(Set),
    /// Print the path of the file with the profiles
    #[command(after_help = "Examples:\n  cat \"$(tarspay config path)\"")]
    Path,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    gateway: Gateway,
    /// Public key that callbacks are signed with [env: TARSPAY_SYSTEM_PUBLIC_KEY] [default: the
    /// gateway's]
    #[arg(long, value_name = "HEX")]
    public_key: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    #[command(flatten)]
    profile: ProfileName,
    /// Name of the setting
    #[arg(value_name = "MEMBER", add = crate::commands::completions::settings(), help = format!("One of {}", settings::ALL.map(|(name, _)| name).join(", ")))]
    member: String,
    /// Its value
    value: String,
}

pub(crate) fn run(config: &Config) -> Result<(), Failure> {
    match config {
        Config::Show(args) => show(args),
        Config::Set(args) => {
            let profile = args.profile.set(&args.member, &args.value)?;
            let file = profile::path()?.display().to_string();
            if output::is_json() {
                return output::json(&json!({ "profile": profile, "member": args.member, "file": file }));
            }
            output::line(&format!("{} is set in profile `{profile}` of {file}", args.member))
        }
        Config::Path => {
            let file = profile::path()?.display().to_string();
            if output::is_json() { output::json(&json!({ "file": file })) } else { output::line(&file) }
        }
    }
}

fn show(args: &Show) -> Result<(), Failure> {
    let profile = args.gateway.profile()?;
    let settings = args.gateway.settings()?;
    let (system_key, system_source) = system_key(args.public_key.as_deref(), &profile)?;
    let mut rows: Vec<_> = settings::ALL
        .into_iter()
        .filter(|(name, _)| *name != "system_public_key")
        .map(|(name, _)| (name, settings.get(name).map(|setting| (setting.shown(), setting.source.clone()))))
        .collect();
    let public_key = settings.get("key_file").map(|file| {
        let key = match settings.private_key() {
            Ok(key) => key.public_key().to_string(),
            Err(failure) => format!("(the key cannot be read: {})", failure.reason()),
        };
        (key, file.source.clone())
    });
    rows.extend([
        ("public_key", public_key),
        ("system_public_key", Some((system_key.to_string(), system_source))),
    ]);
    if output::is_json() {
        let describe = |(value, source): (String, Source)| json!({ "value": value, "source": source.kind(), "place": source.to_string() });
        let settings: Map<_, _> =
            rows.into_iter().map(|(name, row)| (name.to_owned(), row.map(describe).into())).collect();
        return output::json(&json!({ "profile": profile.name, "settings": settings }));
    }
    let line = |row: Option<(String, Source)>| {
        row.map_or_else(|| "not set".to_owned(), |(value, source)| format!("{value}  ({source})"))
    };
    let lines: Vec<_> = rows.into_iter().map(|(name, row)| (name, line(row))).collect();
    output::table(&lines.iter().map(|(name, line)| (*name, line.as_str())).collect::<Vec<_>>())
}
