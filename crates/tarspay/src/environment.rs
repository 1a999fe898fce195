//! Which gateway is called.

/// The gateway's documented address (`docs/wire.md`, section 1).
pub const PRODUCTION_URL: &str = "https://payment.tarspay.com";

/// Which gateway is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// The gateway itself, [`PRODUCTION_URL`]. The documentation names no test environment.
    #[default]
    Production,
    /// Another base URL: a sandbox on this machine (plain HTTP goes to loopback only), or another host of the gateway.
    Custom(String),
}

impl Environment {
    /// A base URL of your own: scheme, host and port, no path.
    pub fn custom(base_url: impl Into<String>) -> Self {
        Self::Custom(base_url.into())
    }

    /// The base URL.
    pub fn base_url(&self) -> &str {
        match self {
            Self::Production => PRODUCTION_URL,
            Self::Custom(base_url) => base_url,
        }
    }
}
