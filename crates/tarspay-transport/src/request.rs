//! What may be sent: the rules for paths, headers and bodies.

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};

use hyper::{Request, Uri};

use crate::error::Error;

/// Limit of path and headers together, in bytes. Servers take 8 KiB; a signed call needs about 500
/// bytes. It has to stay below hyper's smallest buffer (8 KiB), see [`crate::outgoing`].
pub(crate) const MAX_HEAD_BYTES: usize = 4096;

/// These say how a message is framed and routed, which is the transport's business. A caller who
/// could set them could smuggle a second request into the first, or hand the proxy's password to
/// the gateway.
const OURS: [HeaderName; 9] =
    [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE, TE, TRAILER, EXPECT, PROXY_AUTHORIZATION];

/// `User-Agent` and `Host`, and what hyper adds: `Content-Length`.
const ADDED: usize = 3;

/// A checked request; its body comes apart from it, because sending wants to watch the body.
pub(crate) fn checked(
    path: &str,
    headers: &[(&str, &str)],
    host: &HeaderValue,
    user_agent: &HeaderValue,
) -> Result<Request<()>, Error> {
    check_path(path)?;
    let size = headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>() + path.len();
    if size > MAX_HEAD_BYTES {
        return Err(Error::request(format!(
            "path and headers together are {size} bytes long, more than the limit of {MAX_HEAD_BYTES}"
        )));
    }
    let uri = Uri::try_from(path).map_err(|error| {
        Error::request("the path contains a character that does not belong in a URL").with_source(error)
    })?;
    let mut request = Request::new(());
    *request.method_mut() = hyper::Method::POST;
    *request.uri_mut() = uri;
    *request.headers_mut() = checked_headers(headers, host, user_agent)?;
    Ok(request)
}

fn check_path(path: &str) -> Result<(), Error> {
    if !path.starts_with('/') {
        return Err(Error::request("the path must begin with /"));
    }
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::request("the path must be ASCII without blanks and control characters"));
    }
    if path.contains(['?', '#']) {
        return Err(Error::request("the path must have neither query nor fragment: they are not signed"));
    }
    Ok(())
}

fn checked_headers(
    headers: &[(&str, &str)],
    host: &HeaderValue,
    user_agent: &HeaderValue,
) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::with_capacity(headers.len() + ADDED);
    for (index, (name, value)) in headers.iter().enumerate() {
        // Name and value are easily mixed up, so an invalid name is not shown either.
        let name = HeaderName::try_from(*name).map_err(|error| {
            Error::request(format!("header number {} has an invalid name", index + 1)).with_source(error)
        })?;
        if OURS.contains(&name) || matches!(name.as_str(), "keep-alive" | "proxy-connection") {
            return Err(Error::request(format!("the header {name} is set by the transport alone")));
        }
        let value = sensitive_value(value).map_err(|error| {
            Error::request(format!("the header {name} has an invalid value")).with_source(error)
        })?;
        map.append(name, value);
    }
    if !map.contains_key(USER_AGENT) {
        map.insert(USER_AGENT, user_agent.clone());
    }
    map.insert(HOST, host.clone());
    Ok(map)
}

/// A header value that no `Debug` shows.
pub(crate) fn sensitive_value(text: &str) -> Result<HeaderValue, hyper::header::InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}
