//! Where the command's settings come from: flags, then the environment, then a profile, then defaults.

use crate::failure::Failure;
use crate::input;
use crate::profile::{self, Profile, ProfileName};
use std::fmt;
use std::path::PathBuf;
use tarspay::sign::{ErrorKind, PrivateKey, PublicKey};
use tarspay::{Client, Credentials};

const PRIVATE_KEY_VARIABLE: &str = "TARSPAY_PRIVATE_KEY";

/// Where the private key is.
#[derive(Debug, clap::Args)]
pub(crate) struct PrivateKeySource {
    /// File that holds the private key, 64 hex digits, - for standard input [default: the
    /// environment variable TARSPAY_PRIVATE_KEY, then the profile's key_file]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Allow a key file that other users can read, such as a mounted secret [env:
    /// TARSPAY_ALLOW_READABLE_KEY_FILE]
    #[arg(long)]
    allow_readable_key_file: bool,
    #[command(flatten)]
    profile: ProfileName,
}

/// Which gateway is called, how, and for which merchant.
#[derive(Debug, clap::Args)]
pub(crate) struct Gateway {
    #[command(flatten)]
    key: PrivateKeySource,
    /// Merchant number [env: TARSPAY_MERCHANT_ID]
    #[arg(long, value_name = "NUMBER")]
    merchant_id: Option<String>,
    /// Base URL of the gateway [env: TARSPAY_API_URL] [default: production,
    /// https://payment.tarspay.com]
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// Go through the HTTP proxy at this address, with CONNECT
    ///
    /// [default: the environment variable TARSPAY_PROXY, which may hold a user and a password:
    /// http://user:password@host:port]
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// Trust the certificates that the operating system trusts, not the built-in ones [env:
    /// TARSPAY_PLATFORM_ROOTS]
    #[arg(long)]
    platform_roots: bool,
    /// Allow plain HTTP to this host of a closed network, such as a sandbox in another container:
    /// anyone on the network path can read and change it [env: TARSPAY_PLAIN_HTTP_HOST]
    #[arg(long, value_name = "HOST")]
    plain_http_host: Option<String>,
}

/// A value, and where it comes from.
pub(crate) struct Setting<T = String> {
    pub(crate) value: T,
    pub(crate) source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Flag(String),
    Variable(&'static str),
    Profile(String),
    Default,
}

impl Source {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Flag(_) => "flag",
            Self::Variable(_) => "environment",
            Self::Profile(_) => "profile",
            Self::Default => "default",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => f.write_str(name),
            Self::Variable(name) => f.write_str(name),
            Self::Profile(name) => write!(f, "profile `{name}`"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The settings of a call, each with its source. `None` is not set.
pub(crate) struct Settings {
    /// From the environment, its value is a note: the key itself stays there.
    pub(crate) key_file: Option<Setting<PathBuf>>,
    pub(crate) allow_readable_key_file: Option<Setting>,
    pub(crate) merchant_id: Option<Setting>,
    pub(crate) api_url: Setting,
    pub(crate) proxy: Option<Setting>,
    pub(crate) platform_roots: Option<Setting>,
    pub(crate) plain_http_host: Option<Setting>,
}

/// A setting of this name, which is that of a profile's member: from its flag, its variable or the
/// profile.
fn find(
    member: &'static str,
    flag: Option<String>,
    variable: &'static str,
    profile: &Profile,
) -> Result<Option<Setting>, Failure> {
    let (value, source) = if let Some(value) = flag {
        (value.trim().to_owned(), Source::Flag(format!("--{}", member.replace('_', "-"))))
    } else if let Some(value) = input::variable(variable)? {
        (value, Source::Variable(variable))
    } else if let Some(value) = profile.get(member) {
        (value.to_owned(), Source::Profile(profile.name.clone()))
    } else {
        return Ok(None);
    };
    Ok(Some(Setting { value, source }))
}

fn is_on(setting: Option<&Setting>) -> Result<bool, Failure> {
    setting.map_or(Ok(false), |Setting { value, source }| {
        profile::boolean(value).ok_or_else(|| Failure::usage(format!("{source} must be true or false")))
    })
}

/// The key that callbacks must be signed with: by this flag, or from TARSPAY_SYSTEM_PUBLIC_KEY, the
/// profile, or the gateway's own.
pub(crate) fn system_key(flag: Option<&str>, profile: &Profile) -> Result<(PublicKey, Source), Failure> {
    if let Some(text) = flag {
        return Ok((input::public_key(text)?, Source::Flag("--public-key".to_owned())));
    }
    match find("system_public_key", None, "TARSPAY_SYSTEM_PUBLIC_KEY", profile)? {
        Some(Setting { value, source }) => match value.parse() {
            Ok(key) => Ok((key, source)),
            Err(error) => Err(Failure::usage(source.to_string()).caused_by(&error)),
        },
        None => Ok((PublicKey::system(), Source::Default)),
    }
}

impl PrivateKeySource {
    pub(crate) fn profile(&self) -> Result<Profile, Failure> {
        self.profile.load()
    }

    fn settings(&self, profile: &Profile) -> Result<(Option<Setting<PathBuf>>, Option<Setting>), Failure> {
        let file = if let Some(path) = &self.key_file {
            Some(Setting { value: path.clone(), source: Source::Flag("--key-file".to_owned()) })
        } else {
            let is_key = |setting: &Setting| matches!(setting.source, Source::Variable(_));
            find("key_file", None, PRIVATE_KEY_VARIABLE, profile)?.map(|setting| Setting {
                value: if is_key(&setting) { "(the key itself)".into() } else { setting.value.into() },
                source: setting.source,
            })
        };
        let flag = self.allow_readable_key_file.then(|| "true".to_owned());
        let variable = "TARSPAY_ALLOW_READABLE_KEY_FILE";
        Ok((file, find("allow_readable_key_file", flag, variable, profile)?))
    }

    pub(crate) fn private_key(&self) -> Result<PrivateKey, Failure> {
        let (file, allow_readable) = self.settings(&self.profile()?)?;
        read_key(file.as_ref(), allow_readable.as_ref())
    }
}

fn read_key(
    file: Option<&Setting<PathBuf>>,
    allow_readable: Option<&Setting>,
) -> Result<PrivateKey, Failure> {
    let Some(Setting { value, source }) = file else {
        let reason = format!("no private key: set {PRIVATE_KEY_VARIABLE} or give --key-file FILE");
        return Err(Failure::usage(reason));
    };
    let key = match source {
        Source::Variable(name) => {
            let text = input::variable(name)?.unwrap_or_default();
            let place = format!("the key in {name}");
            return text.parse().map_err(|error| Failure::usage(place).caused_by(&error));
        }
        _ if value.as_os_str() == "-" => PrivateKey::from_reader(std::io::stdin().lock()),
        _ if is_on(allow_readable)? => PrivateKey::from_exposed_file(value),
        _ => PrivateKey::from_file(value),
    };
    key.map_err(|error| {
        let failure = Failure::usage(source.to_string()).caused_by(&error);
        if error.kind() != ErrorKind::KeyFileExposed {
            return failure;
        }
        failure.detail("If it must stay so, as a mounted secret must, give --allow-readable-key-file.")
    })
}

impl Gateway {
    pub(crate) fn profile(&self) -> Result<Profile, Failure> {
        self.key.profile()
    }

    /// What is set, and where.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        if self.proxy.as_ref().is_some_and(|url| url.contains('@')) {
            let reason =
                "--proxy must hold no password, which other users could see; give this URL in TARSPAY_PROXY";
            return Err(Failure::usage(reason));
        }
        let profile = &self.profile()?;
        let (key_file, allow_readable_key_file) = self.key.settings(profile)?;
        let default = || Setting { value: tarspay::PRODUCTION_URL.to_owned(), source: Source::Default };
        let platform_roots = self.platform_roots.then(|| "true".to_owned());
        Ok(Settings {
            key_file,
            allow_readable_key_file,
            merchant_id: find("merchant_id", self.merchant_id.clone(), "TARSPAY_MERCHANT_ID", profile)?,
            api_url: find("api_url", self.api_url.clone(), "TARSPAY_API_URL", profile)?
                .unwrap_or_else(default),
            proxy: find("proxy", self.proxy.clone(), "TARSPAY_PROXY", profile)?,
            platform_roots: find("platform_roots", platform_roots, "TARSPAY_PLATFORM_ROOTS", profile)?,
            plain_http_host: find(
                "plain_http_host",
                self.plain_http_host.clone(),
                "TARSPAY_PLAIN_HTTP_HOST",
                profile,
            )?,
        })
    }

    /// The client for this gateway.
    pub(crate) fn client(self) -> Result<Client, Failure> {
        self.settings()?.open().map(|(client, _)| client)
    }
}

impl Settings {
    /// All by their names, those of a profile's members, to be shown: without a proxy's password.
    pub(crate) fn rows(&self) -> [(&'static str, Option<Setting>); 7] {
        let copy =
            |setting: &Setting| Setting { value: setting.value.clone(), source: setting.source.clone() };
        let proxy = self.proxy.as_ref().map(|Setting { value, source }| Setting {
            value: value
                .rsplit_once('@')
                .map_or_else(|| value.clone(), |(_, host)| format!("http://…@{host}")),
            source: source.clone(),
        });
        let key_file = self.key_file.as_ref().map(|Setting { value, source }| Setting {
            value: value.display().to_string(),
            source: source.clone(),
        });
        [
            ("merchant_id", self.merchant_id.as_ref().map(copy)),
            ("api_url", Some(copy(&self.api_url))),
            ("key_file", key_file),
            ("allow_readable_key_file", self.allow_readable_key_file.as_ref().map(copy)),
            ("proxy", proxy),
            ("platform_roots", self.platform_roots.as_ref().map(copy)),
            ("plain_http_host", self.plain_http_host.as_ref().map(copy)),
        ]
    }

    pub(crate) fn private_key(&self) -> Result<PrivateKey, Failure> {
        read_key(self.key_file.as_ref(), self.allow_readable_key_file.as_ref())
    }

    /// The client, and the credentials that it signs with.
    pub(crate) fn open(self) -> Result<(Client, Credentials), Failure> {
        let key = self.private_key()?;
        let Setting { value, source } = self.merchant_id.ok_or_else(|| {
            Failure::usage("no merchant number: set TARSPAY_MERCHANT_ID or give --merchant-id NUMBER")
        })?;
        let merchant_no =
            value.parse().map_err(|error| Failure::usage(source.to_string()).caused_by(&error))?;
        let credentials = Credentials::new(merchant_no, key);
        let platform_roots = is_on(self.platform_roots.as_ref())?;
        let (plain_http_host, proxy) = (self.plain_http_host, self.proxy);
        let client = Client::builder(credentials.clone())
            .base_url(self.api_url.value)
            .transport(move |mut transport| {
                if platform_roots {
                    transport = transport.platform_verifier();
                }
                if let Some(host) = plain_http_host {
                    transport = transport.allow_plain_http_to(&host.value);
                }
                match &proxy {
                    Some(url) => transport.proxy(&url.value),
                    None => transport,
                }
            })
            .build()
            .map_err(|error| Failure::usage("cannot call this gateway").caused_by(&error))?;
        Ok((client, credentials))
    }
}
