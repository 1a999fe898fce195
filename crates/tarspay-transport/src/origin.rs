//! Where a connection goes: the rules for the gateway's and the proxy's address.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper::http::uri::{Authority, Scheme};

use crate::error::Error;

/// Scheme, host and port, checked and in lower case; nothing else of a URL is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: Scheme,
    /// As it stands in a URL, so IPv6 addresses keep their brackets. The port is left out where it
    /// is the default.
    authority: Authority,
    port: u16,
}

impl Origin {
    /// The gateway: HTTPS anywhere, plain HTTP to this machine and to one host that was allowed by
    /// name, and no path, because a path in front of the signed one would break every signature.
    pub(crate) fn gateway(url: &str, plain_http_host: Option<&str>) -> Result<Self, Error> {
        let allowed = plain_http_host.map(host_name).transpose()?;
        let origin = Self::parse(url, "the base URL")?;
        let host = origin.authority.host();
        if origin.is_tls() || origin.is_loopback() || allowed.is_some_and(|allowed| allowed == host) {
            return Ok(origin);
        }
        Err(Error::configuration(format!(
            "the base URL must begin with https://, because {host} is not this machine; plain http:// is only for localhost, \
             127.0.0.0/8 or [::1], and for a host that is allowed by its name"
        )))
    }

    /// The proxy: always spoken to in plain HTTP; what is said through it is encrypted for the
    /// gateway. With it comes what is between `//` and `@`, undecoded.
    pub(crate) fn proxy(url: &str) -> Result<(Self, Option<&str>), Error> {
        let (user, url) = split_user(url);
        let origin = Self::parse(&url, "the proxy's URL")?;
        if origin.is_tls() {
            return Err(Error::configuration(
                "the proxy's URL must begin with http://; TLS to the proxy is not supported",
            ));
        }
        if !url.trim_end_matches('/').ends_with(&format!(":{}", origin.port)) {
            return Err(Error::configuration(
                "the proxy's URL must name a port, for example http://proxy:3128",
            ));
        }
        Ok((origin, user))
    }

    // No message below repeats the URL: someone may have put a password into it.
    fn parse(url: &str, what: &str) -> Result<Self, Error> {
        let refuse = |why: &str| Error::configuration(format!("{what} {why}"));
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refuse("must be ASCII without blanks"));
        }
        // `Uri` drops a fragment silently.
        if url.contains(['?', '#']) {
            return Err(refuse("must have neither query nor fragment"));
        }
        let uri = Uri::try_from(url).map_err(|error| refuse("is not a URL").with_source(error))?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(refuse("must begin with https:// or http://"));
        };
        let default_port = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return Err(refuse("must begin with https:// or http://")),
        };
        if authority.as_str().contains('@') {
            return Err(refuse("must not contain a user name or password"));
        }
        if uri.path() != "/" {
            return Err(refuse(
                "must end after the host and port: a path in front of the signed path would break the signature",
            ));
        }
        let host = authority.host();
        if host.is_empty() {
            return Err(refuse("must name a host"));
        }
        // `port_u16` takes an unreadable port for a missing one, and `parse` takes a plus sign.
        let port = match &authority.as_str()[host.len()..] {
            "" => default_port,
            rest => match rest.strip_prefix(':').map(str::parse) {
                Some(Ok(port)) if port != 0 && !rest.contains('+') => port,
                _ => return Err(refuse("must have a port between 1 and 65535, or none")),
            },
        };
        let mut text = host.to_ascii_lowercase();
        if port != default_port {
            text = format!("{text}:{port}");
        }
        let authority =
            Authority::try_from(text).map_err(|error| refuse("is not a URL").with_source(error))?;
        Ok(Self { scheme: scheme.clone(), authority, port })
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Whether it is this machine, by its name (RFC 6761) or address. What a name leads to is
    /// checked when it is looked up.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host();
        if let Ok(address) = host.parse::<IpAddr>() {
            return address.to_canonical().is_loopback();
        }
        let name = host.strip_suffix('.').unwrap_or(host);
        name == "localhost" || name.ends_with(".localhost")
    }

    /// The host without the brackets of an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        let host = self.authority.host();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Host and port, the port always written out, as CONNECT wants it.
    pub(crate) fn host_and_port(&self) -> String {
        format!("{}:{}", self.authority.host(), self.port)
    }

    /// The value of `Host`: the port is left out where it is the default.
    pub(crate) fn host_header(&self) -> Result<HeaderValue, Error> {
        HeaderValue::from_str(self.authority.as_str())
            .map_err(|error| Error::configuration("the host of the base URL is not valid").with_source(error))
    }

    /// The URL of this origin.
    pub(crate) fn uri(&self) -> Result<Uri, hyper::http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query("/")
            .build()
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// A host alone, in lower case.
fn host_name(text: &str) -> Result<String, Error> {
    let host = text.to_ascii_lowercase();
    let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_name = |host: &str| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    if in_brackets.map_or_else(|| is_name(&host), |address| address.parse::<Ipv6Addr>().is_ok()) {
        return Ok(host);
    }
    Err(Error::configuration(
        "the host that is allowed over plain HTTP must be a name or an address as it stands in the base URL, \
         such as sandbox, without scheme, port and path",
    ))
}

/// Takes user name and password out of a URL.
fn split_user(url: &str) -> (Option<&str>, Cow<'_, str>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (None, url.into()) };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    match authority.rfind('@') {
        Some(at) => (Some(&rest[..at]), format!("{scheme}://{}", &rest[at + 1..]).into()),
        None => (None, url.into()),
    }
}
