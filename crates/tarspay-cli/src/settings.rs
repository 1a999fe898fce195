//! Where the command's settings come from, and the client that is made of them.

use crate::failure::Failure;
use crate::input;
use clap::builder::BoolishValueParser;
use std::convert::Infallible;
use std::path::PathBuf;
use tarspay::sign::PrivateKey;
use tarspay::transport::{Builder, Transport};
use tarspay::types::MerchantNo;
use tarspay::{Client, Credentials};

/// Where the private key is.
#[derive(Debug, clap::Args)]
pub(crate) struct PrivateKeySource {
    /// File that holds the private key, 64 hex digits, - for standard input [default: the
    /// environment variable TARSPAY_PRIVATE_KEY]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Allow a --key-file that other users can read, such as a mounted secret
    #[arg(long, env = "TARSPAY_ALLOW_READABLE_KEY_FILE", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub(crate) allow_readable_key_file: bool,
}

/// Which gateway is called, how, and for which merchant.
#[derive(Debug, clap::Args)]
pub(crate) struct Gateway {
    #[command(flatten)]
    key: PrivateKeySource,
    /// Merchant number
    #[arg(long, env = "TARSPAY_MERCHANT_ID", hide_env_values = true, value_name = "NUMBER", value_parser = trimmed)]
    merchant_id: Option<String>,
    /// Base URL of the gateway
    #[arg(
        long,
        env = "TARSPAY_API_URL",
        hide_env_values = true,
        value_name = "URL",
        value_parser = trimmed,
        default_value = tarspay::PRODUCTION_URL
    )]
    api_url: String,
    /// Go through the HTTP proxy at this address, with CONNECT
    ///
    /// [default: the environment variable TARSPAY_PROXY, which may hold a user and a password:
    /// http://user:password@host:port]
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// Trust the certificates that the operating system trusts, not the built-in ones
    #[arg(long)]
    platform_roots: bool,
    /// Allow plain HTTP to this host of a closed network, such as a sandbox in another container:
    /// anyone on the network path can read and change it
    #[arg(long, env = "TARSPAY_PLAIN_HTTP_HOST", hide_env_values = true, value_name = "HOST", value_parser = trimmed)]
    plain_http_host: Option<String>,
}

/// A variable that was read from a file ends in a line feed.
#[expect(clippy::unnecessary_wraps, reason = "clap wants a result")]
pub(crate) fn trimmed(text: &str) -> Result<String, Infallible> {
    Ok(text.trim().to_owned())
}

impl Gateway {
    /// The client for this gateway.
    pub(crate) fn client(self) -> Result<Client, Failure> {
        let (credentials, adjust) = (self.credentials()?, self.adjust()?);
        Client::builder(credentials)
            .base_url(self.api_url)
            .transport(adjust)
            .build()
            .map_err(|error| Failure::usage("cannot call this gateway").caused_by(&error))
    }

    /// The same gateway at another URL.
    pub(crate) fn at(self, url: Option<String>) -> Self {
        Self { api_url: url.unwrap_or(self.api_url), ..self }
    }

    /// The bytes to and from this gateway, without credentials.
    pub(crate) fn transport(&self) -> Result<Transport, Failure> {
        (self.adjust()?)(Transport::builder(&self.api_url))
            .user_agent(concat!("tarspay/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::usage("cannot call this gateway").caused_by(&error))
    }

    /// The private key.
    pub(crate) fn private_key(&self) -> Result<PrivateKey, Failure> {
        input::private_key(&self.key)
    }

    /// The merchant number.
    pub(crate) fn merchant_no(&self) -> Result<MerchantNo, Failure> {
        merchant_no(self.merchant_id.as_deref())
    }

    fn credentials(&self) -> Result<Credentials, Failure> {
        let key = self.private_key()?;
        Ok(Credentials::new(self.merchant_no()?, key))
    }

    /// The URL of the proxy, which may hold a password.
    pub(crate) fn proxy(&self) -> Result<Option<String>, Failure> {
        if self.proxy.as_ref().is_some_and(|url| url.contains('@')) {
            let reason =
                "--proxy must hold no password, which other users could see; give this URL in TARSPAY_PROXY";
            return Err(Failure::usage(reason));
        }
        match &self.proxy {
            Some(url) => Ok(Some(url.clone())),
            None => input::variable("TARSPAY_PROXY"),
        }
    }

    /// The settings that have a value: their names, values and sources. No value is a secret.
    pub(crate) fn rows(&self) -> Vec<(&'static str, String, String)> {
        let source = |flag: &str, variable: &'static str, value: &str| {
            let is_set = std::env::var(variable).is_ok_and(|set| set.trim() == value);
            if is_set { variable.to_owned() } else { flag.to_owned() }
        };
        let mut rows = vec![(
            "api_url",
            self.api_url.clone(),
            match self.api_url.as_str() {
                tarspay::PRODUCTION_URL => "default".to_owned(),
                url => source("--api-url", "TARSPAY_API_URL", url),
            },
        )];
        if let Some(merchant_id) = &self.merchant_id {
            let source = source("--merchant-id", "TARSPAY_MERCHANT_ID", merchant_id);
            rows.push(("merchant_id", merchant_id.clone(), source));
        }
        if let Some(path) = &self.key.key_file {
            rows.push(("key_file", path.display().to_string(), "--key-file".to_owned()));
        } else if let Ok(Some(_)) = input::variable("TARSPAY_PRIVATE_KEY") {
            rows.push(("key_file", "(the key itself)".to_owned(), "TARSPAY_PRIVATE_KEY".to_owned()));
        }
        if let Ok(Some(url)) = self.proxy() {
            let host = url.rsplit('@').next().unwrap_or_default().to_owned();
            let from = if self.proxy.is_some() { "--proxy" } else { "TARSPAY_PROXY" };
            rows.push(("proxy", host, from.to_owned()));
        }
        rows
    }

    fn adjust(&self) -> Result<impl FnOnce(Builder) -> Builder + use<>, Failure> {
        let (proxy, plain_http_host) = (self.proxy()?, self.plain_http_host.clone());
        let platform_roots = self.platform_roots;
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

/// The merchant number of --merchant-id or its variable.
pub(crate) fn merchant_no(given: Option<&str>) -> Result<MerchantNo, Failure> {
    given
        .ok_or_else(|| {
            Failure::usage("no merchant number: set TARSPAY_MERCHANT_ID or give --merchant-id NUMBER")
        })?
        .parse()
        .map_err(|error| Failure::usage("--merchant-id or TARSPAY_MERCHANT_ID").caused_by(&error))
}

/// Whether a gateway may move money. Plain HTTP leads to this machine, or to the one host that was
/// allowed for a sandbox; everything else counts as production.
pub(crate) fn is_production(base_url: &str) -> bool {
    base_url.starts_with("https://")
}

/// Whether a path is that of a documented query (`docs/wire.md`, section 7), which changes nothing.
pub(crate) fn is_documented_query(path: &str) -> bool {
    const QUERIES: [&str; 7] = [
        "/api/balanceInfo",
        "/api/orderInfo/trxId",
        "/api/payInInfo",
        "/api/payOutInfo",
        "/api/payOutProof",
        "/api/trxQuery",
        "/api/utrQuery",
    ];
    QUERIES.contains(&path)
}
