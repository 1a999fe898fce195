//! Which gateway is called.

use std::fmt;

/// The gateway's documented address (`docs/wire.md`, section 1).
pub const PRODUCTION_URL: &str = "https://payment.tarspay.com";

/// Which gateway is called.
///
/// `Debug` shows no custom base URL: before it is checked it may hold anything, a password too. A [client](crate::Client)
/// shows the one that it calls.
#[derive(Clone, Default, PartialEq, Eq)]
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

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Production => "Production",
            Self::Custom(_) => "Custom(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn debug_shows_no_custom_base_url() {
        let custom = Environment::custom("https://user:Zz9SecretzZ@gateway.test");
        assert_eq!(format!("{custom:?} {:?}", Environment::Production), "Custom(..) Production");
    }
}
