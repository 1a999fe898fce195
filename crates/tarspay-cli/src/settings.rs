//! Where the command's settings come from: flags, then the environment, then a profile, then defaults.

use crate::failure::Failure;
use crate::input;
use crate::profile::{self, Profile, ProfileName};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use tarspay::sign::{ErrorKind, PrivateKey, PublicKey};
use tarspay::transport::{Builder, Transport};
use tarspay::types::MerchantNo;
use tarspay::{Client, Credentials};

/// The settings: each is a member of a profile, and has a variable, and a flag of the same name with
/// hyphens. The key's variable holds the key itself, and the flag of the last is `--public-key`.
pub(crate) const ALL: [(&str, &str); 8] = [
    ("merchant_id", "TARSPAY_MERCHANT_ID"),
    ("api_url", "TARSPAY_API_URL"),
    ("key_file", "TARSPAY_PRIVATE_KEY"),
    ("allow_readable_key_file", "TARSPAY_ALLOW_READABLE_KEY_FILE"),
    ("proxy", "TARSPAY_PROXY"),
    ("platform_roots", "TARSPAY_PLATFORM_ROOTS"),
    ("plain_http_host", "TARSPAY_PLAIN_HTTP_HOST"),
    ("system_public_key", "TARSPAY_SYSTEM_PUBLIC_KEY"),
];

/// The heading of their flags in a help text.
pub(crate) const SETTINGS: &str = "Settings";

/// Where the private key is.
#[derive(Debug, clap::Args)]
pub(crate) struct PrivateKeySource {
    /// File that holds the private key, 64 hex digits, - for standard input [default: the
    /// environment variable TARSPAY_PRIVATE_KEY, then the profile's key_file]
    #[arg(long, value_name = "FILE", help_heading = SETTINGS)]
    key_file: Option<PathBuf>,
    /// Allow a key file that other users can read, such as a mounted secret [env:
    /// TARSPAY_ALLOW_READABLE_KEY_FILE]
    #[arg(long, help_heading = SETTINGS)]
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
    #[arg(long, value_name = "NUMBER", help_heading = SETTINGS)]
    merchant_id: Option<String>,
    /// Base URL of the gateway [env: TARSPAY_API_URL] [default: production,
    /// https://payment.tarspay.com]
    #[arg(long, value_name = "URL", help_heading = SETTINGS)]
    api_url: Option<String>,
    /// Go through the HTTP proxy at this address, with CONNECT
    ///
    /// [default: the environment variable TARSPAY_PROXY, which may hold a user and a password:
    /// http://user:password@host:port]
    #[arg(long, value_name = "URL", help_heading = SETTINGS)]
    proxy: Option<String>,
    /// Trust the certificates that the operating system trusts, not the built-in ones [env:
    /// TARSPAY_PLATFORM_ROOTS]
    #[arg(long, help_heading = SETTINGS)]
    platform_roots: bool,
    /// Allow plain HTTP to this host of a closed network, such as a sandbox in another container:
    /// anyone on the network path can read and change it [env: TARSPAY_PLAIN_HTTP_HOST]
    #[arg(long, value_name = "HOST", help_heading = SETTINGS)]
    plain_http_host: Option<String>,
}

/// The merchant whose callbacks are meant.
#[derive(Debug, clap::Args)]
pub(crate) struct Merchant {
    /// Merchant number [env: TARSPAY_MERCHANT_ID]
    #[arg(long, value_name = "NUMBER", help_heading = SETTINGS)]
    merchant_id: Option<String>,
    #[command(flatten)]
    profile: ProfileName,
}

/// A value, and where it comes from.
pub(crate) struct Setting {
    value: String,
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

/// The settings of a call that are set.
pub(crate) struct Settings {
    set: BTreeMap<&'static str, Setting>,
    /// As it was given: it may not be UTF-8.
    key_file: Option<PathBuf>,
}

/// A setting from its flag, its variable or the profile.
fn find(
    name: &str,
    flag: Option<String>,
    profile: &Profile,
) -> Result<Option<(&'static str, Setting)>, Failure> {
    let Some((member, variable)) = ALL.into_iter().find(|(member, _)| *member == name) else {
        return Ok(None);
    };
    let (value, source) = if let Some(value) = flag {
        let flag = if member == "system_public_key" { "public-key" } else { member };
        (value.trim().to_owned(), Source::Flag(format!("--{}", flag.replace('_', "-"))))
    } else if let Some(value) = input::variable(variable)? {
        // The key stays where it is.
        (if member == "key_file" { "(the key itself)".to_owned() } else { value }, Source::Variable(variable))
    } else if let Some(value) = profile.get(member) {
        (value.to_owned(), Source::Profile(profile.name.clone()))
    } else {
        return Ok(None);
    };
    Ok(Some((member, Setting { value, source })))
}

/// The key that callbacks must be signed with: by this flag, or from TARSPAY_SYSTEM_PUBLIC_KEY, the
/// profile, or the gateway's own.
pub(crate) fn system_key(flag: Option<&str>, profile: &Profile) -> Result<(PublicKey, Source), Failure> {
    match find("system_public_key", flag.map(str::to_owned), profile)? {
        Some((_, Setting { value, source })) => match value.parse() {
            Ok(key) => Ok((key, source)),
            Err(error) => Err(Failure::usage(source.to_string()).caused_by(&error)),
        },
        None => Ok((PublicKey::system(), Source::Default)),
    }
}

fn switch(is_on: bool) -> Option<String> {
    is_on.then(|| "true".to_owned())
}

impl PrivateKeySource {
    fn settings(&self, profile: &Profile) -> Result<Settings, Failure> {
        let mut settings = Settings { set: BTreeMap::new(), key_file: self.key_file.clone() };
        let file = self.key_file.as_ref().map(|path| path.display().to_string());
        settings.add("key_file", file, profile)?;
        settings.add("allow_readable_key_file", switch(self.allow_readable_key_file), profile)?;
        Ok(settings)
    }

    pub(crate) fn private_key(&self) -> Result<PrivateKey, Failure> {
        self.settings(&self.profile.load()?)?.private_key()
    }
}

impl Merchant {
    /// The merchant number, and the profile for further settings.
    pub(crate) fn load(&self) -> Result<(MerchantNo, Profile), Failure> {
        let (found, profile) = self.find()?;
        Ok((found.ok_or_else(no_merchant_no)?, profile))
    }

    /// The same, where there may be no merchant number.
    pub(crate) fn find(&self) -> Result<(Option<MerchantNo>, Profile), Failure> {
        let profile = self.profile.load()?;
        let found = find("merchant_id", self.merchant_id.clone(), &profile)?;
        let number = found.map(|(_, setting)| merchant_no(Some(&setting))).transpose()?;
        Ok((number, profile))
    }
}

pub(crate) fn no_merchant_no() -> Failure {
    Failure::usage("no merchant number: set TARSPAY_MERCHANT_ID or give --merchant-id NUMBER")
}

fn merchant_no(setting: Option<&Setting>) -> Result<MerchantNo, Failure> {
    let Setting { value, source } = setting.ok_or_else(no_merchant_no)?;
    value.parse().map_err(|error| Failure::usage(source.to_string()).caused_by(&error))
}

impl Gateway {
    /// The same gateway at another URL.
    pub(crate) fn at(self, url: Option<String>) -> Self {
        Self { api_url: url.or(self.api_url), ..self }
    }

    pub(crate) fn profile(&self) -> Result<Profile, Failure> {
        self.key.profile.load()
    }

    /// What is set, and where.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        if self.proxy.as_ref().is_some_and(|url| url.contains('@')) {
            let reason =
                "--proxy must hold no password, which other users could see; give this URL in TARSPAY_PROXY";
            return Err(Failure::usage(reason));
        }
        let profile = self.profile()?;
        let mut settings = self.key.settings(&profile)?;
        for (name, flag) in [
            ("merchant_id", self.merchant_id.clone()),
            ("api_url", self.api_url.clone()),
            ("proxy", self.proxy.clone()),
            ("platform_roots", switch(self.platform_roots)),
            ("plain_http_host", self.plain_http_host.clone()),
        ] {
            settings.add(name, flag, &profile)?;
        }
        let production = Setting { value: tarspay::PRODUCTION_URL.to_owned(), source: Source::Default };
        settings.set.entry("api_url").or_insert(production);
        Ok(settings)
    }

    /// The client for this gateway.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        self.settings()?.open().map(|(client, _)| client)
    }
}

impl Settings {
    fn add(&mut self, name: &str, flag: Option<String>, profile: &Profile) -> Result<(), Failure> {
        self.set.extend(find(name, flag, profile)?);
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Setting> {
        self.set.get(name)
    }

    fn value(&self, name: &str) -> Option<String> {
        self.get(name).map(|setting| setting.value.clone())
    }

    fn is_on(&self, name: &str) -> Result<bool, Failure> {
        self.get(name).map_or(Ok(false), |Setting { value, source }| {
            profile::boolean(value).ok_or_else(|| Failure::usage(format!("{source} must be true or false")))
        })
    }

    pub(crate) fn private_key(&self) -> Result<PrivateKey, Failure> {
        let Some(Setting { value, source }) = self.get("key_file") else {
            let reason = "no private key: set TARSPAY_PRIVATE_KEY or give --key-file FILE";
            return Err(Failure::usage(reason));
        };
        let path = self.key_file.as_deref().unwrap_or(Path::new(value));
        let key = match source {
            Source::Variable(name) => {
                let text = input::variable(name)?.unwrap_or_default();
                let place = format!("the key in {name}");
                return text.parse().map_err(|error| Failure::usage(place).caused_by(&error));
            }
            _ if path == Path::new("-") => PrivateKey::from_reader(std::io::stdin().lock()),
            _ if self.is_on("allow_readable_key_file")? => PrivateKey::from_exposed_file(path),
            _ => PrivateKey::from_file(path),
        };
        key.map_err(|error| {
            let failure = Failure::usage(source.to_string()).caused_by(&error);
            if error.kind() != ErrorKind::KeyFileExposed {
                return failure;
            }
            failure.detail("If it must stay so, as a mounted secret must, give --allow-readable-key-file.")
        })
    }

    /// The merchant number.
    pub(crate) fn merchant_no(&self) -> Result<MerchantNo, Failure> {
        merchant_no(self.get("merchant_id"))
    }

    /// The base URL of the gateway.
    pub(crate) fn api_url(&self) -> &str {
        self.get("api_url").map_or(tarspay::PRODUCTION_URL, |setting| &setting.value)
    }

    /// The URL of the proxy, which may hold a password.
    pub(crate) fn proxy(&self) -> Option<&str> {
        self.get("proxy").map(|setting| &*setting.value)
    }

    /// The bytes to and from this gateway, without credentials.
    pub(crate) fn transport(&self) -> Result<Transport, Failure> {
        (self.adjust()?)(Transport::builder(self.api_url()))
            .user_agent(concat!("tarspay/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::usage("cannot call this gateway").caused_by(&error))
    }

    /// The client, and the credentials that it signs with.
    pub(crate) fn open(self) -> Result<(Client, Credentials), Failure> {
        let key = self.private_key()?;
        let credentials = Credentials::new(self.merchant_no()?, key);
        let client = Client::builder(credentials.clone())
            .base_url(self.api_url())
            .transport(self.adjust()?)
            .build()
            .map_err(|error| Failure::usage("cannot call this gateway").caused_by(&error))?;
        Ok((client, credentials))
    }

    fn adjust(&self) -> Result<impl FnOnce(Builder) -> Builder + use<>, Failure> {
        let (proxy, plain_http_host) = (self.value("proxy"), self.value("plain_http_host"));
        let platform_roots = self.is_on("platform_roots")?;
        Ok(move |mut transport: Builder| {
            if platform_roots {
                transport = transport.platform_verifier();
            }
            if let Some(host) = plain_http_host {
                transport = transport.allow_plain_http_to(&host);
            }
            match &proxy {
                Some(url) => transport.proxy(url),
                None => transport,
            }
        })
    }
}

impl Setting {
    /// The value without the user and password of a URL.
    pub(crate) fn shown(&self) -> String {
        match self.value.rsplit_once('@') {
            Some((before, host)) => {
                let scheme = ["https://", "http://"].into_iter().find(|scheme| before.starts_with(scheme));
                format!("{}…@{host}", scheme.unwrap_or_default())
            }
            None => self.value.clone(),
        }
    }
}
