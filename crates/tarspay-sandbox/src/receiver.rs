//! Receivers of callbacks: on loopback, and on hosts that are allowed by name.

use crate::guard::is_loopback;
use axum::http::uri::Authority;
use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tarspay_types::NotifyUrl;

/// An address that a callback can be posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receiver {
    /// The host without the brackets of IPv6.
    host: String,
    port: u16,
    /// Path and query, as they stand in a request line.
    pub(crate) target: String,
    /// Whether the host may be anywhere, and not on loopback alone.
    is_allowed_by_name: bool,
}

impl Receiver {
    /// Reads a notify URL; an error says why nothing is sent there.
    pub(crate) fn of(url: &NotifyUrl, allowed: &[String]) -> Result<Self, String> {
        let rest = match url.as_str().split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            _ => {
                return Err(
                    "the sandbox delivers over http only; give it an http:// address on loopback".to_owned()
                );
            }
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let authority: Authority = authority
            .parse()
            .map_err(|error| format!("the host of the notify URL cannot be read: {error}"))?;
        if authority.as_str().contains('@') {
            return Err("the sandbox sends no user name or password to a receiver".to_owned());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let is_allowed_by_name = allowed.iter().any(|name| name.eq_ignore_ascii_case(&host));
        if !is_loopback(&host) && !is_allowed_by_name {
            return Err(format!(
                "{host} is not loopback; the sandbox delivers there only if the host is allowed by name"
            ));
        }
        let port = match authority.as_str().rsplit_once(':') {
            Some((_, digits)) if !digits.is_empty() && !digits.ends_with(']') => digits
                .parse()
                .map_err(|error| format!("the port of the notify URL cannot be read: {error}"))?,
            _ => 80,
        };
        Ok(Self { host, port, target: encoded(target), is_allowed_by_name })
    }

    /// The value of the header `Host`.
    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// What names the receiver among others: deliveries to one do not delay those to another.
    pub(crate) fn name(&self) -> String {
        self.authority() + self.target.split('?').next().unwrap_or_default()
    }

    /// The addresses to try. A name of localhost means both loopback addresses, whatever the system knows of it.
    pub(crate) async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let at = |ip: IpAddr| SocketAddr::new(ip.to_canonical(), self.port);
        if let Ok(ip) = self.host.parse() {
            return Ok(vec![at(ip)]);
        }
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        if self.is_allowed_by_name {
            return Ok(found?.collect());
        }
        let mut addresses: Vec<_> =
            found.into_iter().flatten().map(|address| address.ip().to_canonical()).collect();
        if !addresses.iter().all(IpAddr::is_loopback) {
            let reason = format!("{} has an address here that is not loopback", self.host);
            return Err(io::Error::other(reason));
        }
        for loopback in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
            if !addresses.contains(&loopback) {
                addresses.push(loopback);
            }
        }
        Ok(addresses.into_iter().map(at).collect())
    }
}

/// What cannot stand in a request line is percent-encoded; an empty path is `/`.
fn encoded(target: &str) -> String {
    let mut text = String::new();
    if !target.starts_with('/') {
        text.push('/');
    }
    for byte in target.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
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
        for (url, authority, target) in [
            ("http://127.0.0.1:8080/notify?a=b", "127.0.0.1:8080", "/notify?a=b"),
            ("http://127.9.9.9/", "127.9.9.9:80", "/"),
            ("http://127.0.0.1:/", "127.0.0.1:80", "/"),
            ("http://[::1]/", "[::1]:80", "/"),
            ("http://[::1]", "[::1]:80", "/"),
            ("http://[::ffff:127.0.0.1]:83", "[::ffff:127.0.0.1]:83", "/"),
            ("http://localhost:81", "localhost:81", "/"),
            ("http://LOCALHOST:81/x#part", "localhost:81", "/x"),
            ("http://localhost.:81/", "localhost.:81", "/"),
            ("http://shop.localhost/", "shop.localhost:80", "/"),
            ("HTTP://[::1]:82/n", "[::1]:82", "/n"),
            ("http://127.0.0.1:9?x=1", "127.0.0.1:9", "/?x=1"),
            ("http://127.0.0.1?", "127.0.0.1:80", "/?"),
            ("http://127.0.0.1#part", "127.0.0.1:80", "/"),
            ("http://127.0.0.1/a?b=/c?d", "127.0.0.1:80", "/a?b=/c?d"),
            ("http://127.0.0.1/zahlung-\u{e9}?a=\"b\"|c", "127.0.0.1:80", "/zahlung-%C3%A9?a=%22b%22%7Cc"),
            ("http://127.0.0.1/%7e%zz", "127.0.0.1:80", "/%7e%zz"),
        ] {
            let receiver = of(url, &[]).unwrap();
            assert_eq!(
                (receiver.authority().as_str(), receiver.target.as_str()),
                (authority, target),
                "{url}"
            );
            assert!(!receiver.is_allowed_by_name);
            axum::http::Uri::try_from(&receiver.target).unwrap();
        }
    }

    #[test]
    fn two_paths_of_one_server_do_not_delay_each_other() {
        let name = |url| of(url, &[]).unwrap().name();
        assert_eq!(name("http://127.0.0.1:80/slow?order=1"), name("http://127.0.0.1/slow?order=2"));
        assert_ne!(name("http://127.0.0.1:80/slow"), name("http://127.0.0.1/fast"));
    }

    #[tokio::test]
    async fn a_name_of_localhost_means_both_loopback_addresses() {
        for url in ["http://localhost:81/", "http://localhost.:81/", "http://shop.localhost:81/"] {
            let addresses = of(url, &[]).unwrap().addresses().await.unwrap();
            for address in ["127.0.0.1:81", "[::1]:81"] {
                assert!(addresses.contains(&address.parse().unwrap()), "{url}: {addresses:?}");
            }
        }
        let mapped = of("http://[::ffff:127.0.0.1]:81/", &[]).unwrap().addresses().await.unwrap();
        assert_eq!(mapped, ["127.0.0.1:81".parse().unwrap()]);
    }

    #[test]
    fn everything_else_is_none_and_the_reason_says_why() {
        for (url, reason) in [
            ("https://127.0.0.1/notify", "http only"),
            ("http://shop.example/notify", "not loopback"),
            ("http://128.0.0.1/", "not loopback"),
            ("http://127.0.0.1.evil.example/", "not loopback"),
            ("http://localhost.evil.example/", "not loopback"),
            ("http://evillocalhost/", "not loopback"),
            ("http://localhost../", "not loopback"),
            ("http://[::ffff:10.0.0.1]/", "not loopback"),
            ("http://127.0.0.1\\evil.example/", "cannot be read"),
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
