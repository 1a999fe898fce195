//! Where the command's settings come from, and the client that is made of them.

use crate::failure::Failure;
use crate::input;
use clap::builder::BoolishValueParser;
use std::convert::Infallible;
use std::path::PathBuf;
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
fn trimmed(text: &str) -> Result<String, Infallible> {
    Ok(text.trim().to_owned())
}

impl Gateway {
    /// The client for this gateway.
    pub(crate) fn client(self) -> Result<Client, Failure> {
        let key = input::private_key(&self.key)?;
        if self.proxy.as_ref().is_some_and(|url| url.contains('@')) {
            let reason =
                "--proxy must hold no password, which other users could see; give this URL in TARSPAY_PROXY";
            return Err(Failure::usage(reason));
        }
        let proxy = match self.proxy {
            Some(url) => Some(url),
            None => input::variable("TARSPAY_PROXY")?,
        };
        let merchant_no: MerchantNo = self
            .merchant_id
            .ok_or_else(|| {
                Failure::usage("no merchant number: set TARSPAY_MERCHANT_ID or give --merchant-id NUMBER")
            })?
            .parse()
            .map_err(|error| Failure::usage("--merchant-id or TARSPAY_MERCHANT_ID").caused_by(&error))?;
        let (plain_http_host, platform_roots) = (self.plain_http_host, self.platform_roots);
        Client::builder(Credentials::new(merchant_no, key))
            .base_url(self.api_url)
            .transport(move |mut transport| {
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
            .build()
            .map_err(|error| Failure::usage("cannot call this gateway").caused_by(&error))
    }
}
