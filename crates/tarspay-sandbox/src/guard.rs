//! What every part of the server needs: the guard that keeps web pages out, limits of bodies, and JSON responses.
//!
//! A page that the developer looks at can send requests to loopback from inside the browser. Those of another site carry
//! its `Origin`; a name of its site that points at this machine (DNS rebinding) is in `Host`. No page can have an IP
//! address for a name, so the address at which a request has arrived is as good as loopback. Nobody can own a name under
//! `localhost`.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::http::{StatusCode, header, request, uri::Authority};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// The largest body, in bytes. The longest documented one has about 500.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// How long a client may take for a head, for a body, and between two requests.
pub(crate) const CLIENT_TIMEOUT: Duration = Duration::from_secs(30);

/// The two ends of a connection.
#[derive(Clone)]
pub(crate) struct Local {
    /// The address from which the request came.
    pub(crate) peer: IpAddr,
    /// The address at which the request has arrived.
    pub(crate) ip: Option<IpAddr>,
    /// The host of [`Builder::public_name`](crate::Builder::public_name).
    pub(crate) public_name: Option<Arc<str>>,
}

/// Reads a body. The error is for the response.
pub(crate) async fn read(body: Body) -> Result<Bytes, (StatusCode, String)> {
    let too_large = || {
        let message = format!("the body is cut short or larger than {MAX_BODY_BYTES} bytes");
        (StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(too_large());
    }
    let Ok(body) = tokio::time::timeout(CLIENT_TIMEOUT, to_bytes(body, MAX_BODY_BYTES)).await else {
        let message = format!("the body has not come within {CLIENT_TIMEOUT:?}; send it at once");
        return Err((StatusCode::REQUEST_TIMEOUT, message));
    };
    body.map_err(|_| too_large())
}

/// Whether a host, without brackets and port, is loopback: an address of it, or `localhost` and all below it (RFC 6761,
/// 6.3).
pub(crate) fn is_loopback(host: &str) -> bool {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return ip.to_canonical().is_loopback();
    }
    let host = name(host);
    host == "localhost" || host.ends_with(".localhost")
}

/// A host by which names compare: in lower case, without the dot of the root.
fn name(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

pub(crate) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json;charset=utf-8")], body.into()).into_response()
}

/// Refuses a request to a server on loopback that a web page can send: one that names another host, as
/// after DNS rebinding, or has a foreign `Origin`. The sandbox guards its control API and its pages so;
/// `tarspay proxy` does the same.
///
/// # Errors
///
/// What is refused and why, in a sentence.
pub fn refuse_web_pages(head: &request::Parts) -> Result<(), &'static str> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()),
        _ => None,
    };
    let local = head.extensions.get::<Local>();
    let names_us = |host: &Authority| is_this_machine(host, local);
    let Some(host) = host.filter(names_us) else {
        return Err(
            "the header Host must name this machine, such as 127.0.0.1, localhost, or the IP address that was called; \
             another name must be the public name",
        );
    };
    if head.uri.authority().is_some_and(|named| !names_us(named)) {
        return Err("the address of the request must name this machine");
    }
    let own = format!("http://{host}");
    let is_own = |origin: &[u8]| origin.eq_ignore_ascii_case(own.as_bytes());
    if !head.headers.get_all(header::ORIGIN).iter().all(|origin| is_own(origin.as_bytes())) {
        return Err("web pages of another origin are refused");
    }
    Ok(())
}

fn is_this_machine(authority: &Authority, local: Option<&Local>) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let public_name = local.and_then(|local| local.public_name.as_deref());
    if public_name.is_some_and(|public| name(public) == name(host)) {
        return true;
    }
    let is_where_it_arrived = |ip: IpAddr| local.and_then(|local| local.ip) == Some(ip.to_canonical());
    is_loopback(literal) || literal.parse().is_ok_and(is_where_it_arrived)
}

#[cfg(test)]
mod tests {
    use super::{Local, refuse_web_pages};
    use axum::http::Request;

    #[test]
    fn the_address_at_which_a_request_has_arrived_and_the_public_name_are_hosts_and_no_other_is() {
        for (host, arrived_at, passes) in [
            ("192.0.2.7:8787", "192.0.2.7", true),
            ("localhost:8787", "192.0.2.7", true),
            ("[2001:db8::1]:8787", "2001:db8::1", true),
            ("192.0.2.8:8787", "192.0.2.7", false),
            ("0.0.0.0:8787", "192.0.2.7", false),
            ("192.0.2.7.evil.example", "192.0.2.7", false),
            ("evil.example", "192.0.2.7", false),
            ("sandbox:8787", "192.0.2.7", true),
            ("SandBox", "127.0.0.1", true),
            ("sandbox.:8787", "192.0.2.7", true),
            ("sandbox..:8787", "192.0.2.7", false),
            ("sandbox.evil.example", "192.0.2.7", false),
            ("x.sandbox", "192.0.2.7", false),
        ] {
            for public_name in ["sandbox", "Sandbox."] {
                let ip = Some(arrived_at.parse().unwrap());
                let local = Local { peer: [192, 0, 2, 1].into(), ip, public_name: Some(public_name.into()) };
                let request = Request::get("/").header("Host", host).extension(local).body(()).unwrap();
                assert_eq!(refuse_web_pages(&request.into_parts().0).is_ok(), passes, "{host}");
            }
        }
    }
}
