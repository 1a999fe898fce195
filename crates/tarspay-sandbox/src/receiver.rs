//! Receivers of callbacks: on loopback, and on hosts that are allowed by name.

use axum::http::Uri;
use axum::http::uri::Authority;
use std::net::IpAddr;
use tarspay_types::NotifyUrl;

/// An address that a callback can be posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receiver {
    /// The host without the brackets of IPv6.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Path and query.
    pub(crate) path: String,
    /// Whether the host may be anywhere, and not on loopback alone.
    pub(crate) is_allowed_by_name: bool,
}

impl Receiver {
    /// Reads a notify URL; an error says why nothing is sent there.
    pub(crate) fn of(url: &NotifyUrl, allowed: &[String]) -> Result<Self, String> {
        let uri: Uri =
            url.as_str().parse().map_err(|error| format!("the notify URL cannot be read: {error}"))?;
        if uri.scheme_str() != Some("http") {
            return Err(
                "the sandbox delivers over http only; give it an http:// address on loopback".to_owned()
            );
        }
        let authority = uri.authority().map_or("", Authority::as_str);
        if authority.contains('@') {
            return Err("the sandbox sends no user name or password to a receiver".to_owned());
        }
        let host =
            uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_lowercase();
        let is_allowed_by_name = allowed.iter().any(|name| name.eq_ignore_ascii_case(&host));
        let is_loopback =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !is_loopback && !is_allowed_by_name {
            return Err(format!(
                "{host} is not loopback; the sandbox delivers there only if the host is allowed by name"
            ));
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let port = match authority.rsplit_once(':') {
            Some((_, digits)) if !digits.is_empty() && !digits.ends_with(']') => digits
                .parse()
                .map_err(|error| format!("the port of the notify URL cannot be read: {error}"))?,
            _ => 80,
        };
        Ok(Self { host, port, path, is_allowed_by_name })
    }

    /// What names the receiver among others: deliveries to one do not delay those to another.
    pub(crate) fn name(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Receiver;
    use tarspay_types::NotifyUrl;

    fn of(url: &str, allowed: &[&str]) -> Result<Receiver, String> {
        let allowed: Vec<_> = allowed.iter().map(ToString::to_string).collect();
        Receiver::of(&NotifyUrl::new(url).unwrap(), &allowed)
    }

    #[test]
    fn loopback_is_a_receiver() {
        for (url, name, path) in [
            ("http://127.0.0.1:8080/notify?a=b", "127.0.0.1:8080", "/notify?a=b"),
            ("http://127.9.9.9/", "127.9.9.9:80", "/"),
            ("http://127.0.0.1:/", "127.0.0.1:80", "/"),
            ("http://[::1]/", "[::1]:80", "/"),
            ("http://localhost:81", "localhost:81", "/"),
            ("http://LOCALHOST:81/x#part", "localhost:81", "/x"),
            ("HTTP://[::1]:82/n", "[::1]:82", "/n"),
        ] {
            let receiver = of(url, &[]).unwrap();
            assert_eq!((receiver.name().as_str(), receiver.path.as_str()), (name, path), "{url}");
            assert!(!receiver.is_allowed_by_name);
        }
    }

    #[test]
    fn everything_else_is_none_and_the_reason_says_why() {
        for (url, reason) in [
            ("https://127.0.0.1/notify", "http only"),
            ("http://shop.example/notify", "not loopback"),
            ("http://128.0.0.1/", "not loopback"),
            ("http://127.0.0.1.evil.example/", "not loopback"),
            ("http://localhost.evil.example/", "not loopback"),
            ("http://0.0.0.0/", "not loopback"),
            ("http://user:secret@127.0.0.1/", "user name"),
            ("http://127.0.0.1:99999/", "cannot be read"),
        ] {
            let refused = of(url, &[]).unwrap_err();
            assert!(refused.contains(reason), "{url}: {refused}");
            assert!(!refused.contains("secret"));
        }
    }

    #[test]
    fn a_host_is_allowed_by_its_whole_name_in_any_case() {
        assert!(of("http://Shop.example:8080/notify", &["shop.EXAMPLE"]).unwrap().is_allowed_by_name);
        assert!(of("http://a.shop.example/", &["shop.example"]).is_err());
        assert!(of("https://shop.example/", &["shop.example"]).is_err());
    }
}
