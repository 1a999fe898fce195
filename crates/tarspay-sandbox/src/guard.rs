//! What every part of the server needs: the guard that keeps web pages out, the limit on bodies, and JSON responses.
//!
//! A page that the developer looks at can send requests to loopback from inside the browser. Those of another site carry
//! its `Origin`; a name of its site that points at this machine (DNS rebinding) is in `Host`. No page can have an IP
//! address for a name, so the address at which a request has arrived is as good as loopback.

use crate::error::ErrorKind;
use axum::body::Body;
use axum::http::{StatusCode, header, request, uri::Authority};
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

/// The largest body, in bytes. The longest documented one has about 500.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// The address of this machine at which a request has arrived.
#[derive(Clone, Copy)]
pub(crate) struct ArrivedAt(pub(crate) IpAddr);

pub(crate) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json;charset=utf-8")], body.into()).into_response()
}

/// The HTTP status of an error.
pub(crate) fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::UnknownMerchant
        | ErrorKind::UnknownKey
        | ErrorKind::UnknownOrder
        | ErrorKind::UnknownCallback
        | ErrorKind::UnknownScenario => StatusCode::NOT_FOUND,
        ErrorKind::InvalidScenario | ErrorKind::InvalidAmount => StatusCode::BAD_REQUEST,
        ErrorKind::InvalidTransition | ErrorKind::BalanceTooLow => StatusCode::CONFLICT,
        ErrorKind::InvalidAddress | ErrorKind::Bind | ErrorKind::RandomSource | ErrorKind::Store => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// Who may operate the sandbox: programs on this machine, and no web page. The error says in a sentence what is refused.
pub(crate) fn check(head: &request::Parts) -> Result<(), &'static str> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()),
        _ => None,
    };
    let arrived_at = head.extensions.get().map(|ArrivedAt(ip)| *ip);
    let names_us = |host: &Authority| is_this_machine(host, arrived_at);
    let Some(host) = host.filter(names_us) else {
        return Err(
            "the header Host must name this machine, such as 127.0.0.1, localhost, or the IP address that was called",
        );
    };
    if head.uri.authority().is_some_and(|named| !names_us(named)) {
        return Err("the address of the request must name this machine");
    }
    let own = format!("http://{host}");
    let is_own = |origin: &[u8]| origin.eq_ignore_ascii_case(own.as_bytes());
    if !head.headers.get_all(header::ORIGIN).iter().all(|origin| is_own(origin.as_bytes())) {
        return Err("web pages of another origin cannot drive the sandbox");
    }
    Ok(())
}

fn is_this_machine(authority: &Authority, arrived_at: Option<IpAddr>) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match literal.parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback() || Some(ip) == arrived_at,
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::{ArrivedAt, check};
    use axum::http::Request;

    fn passes(host: &str, origin: Option<&str>) -> bool {
        let mut request = Request::get("/_sandbox/health").header("Host", host);
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        check(&request.body(()).unwrap().into_parts().0).is_ok()
    }

    #[test]
    fn only_loopback_is_a_host() {
        for host in
            ["127.0.0.1", "127.0.0.1:80", "127.1.2.3:9", "localhost", "LOCALHOST:8080", "[::1]", "[::1]:80"]
        {
            assert!(passes(host, None), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "127.0.0.1@evil.example",
            "evil.example@127.0.0.1",
            "local host",
        ] {
            assert!(!passes(host, None), "{host}");
        }
    }

    #[test]
    fn the_address_at_which_a_request_has_arrived_is_a_host_and_no_other_is() {
        for (host, arrived_at, passes) in [
            ("192.0.2.7:8787", "192.0.2.7", true),
            ("localhost:8787", "192.0.2.7", true),
            ("[2001:db8::1]:8787", "2001:db8::1", true),
            ("192.0.2.8:8787", "192.0.2.7", false),
            ("0.0.0.0:8787", "192.0.2.7", false),
            ("192.0.2.7.evil.example", "192.0.2.7", false),
            ("evil.example", "192.0.2.7", false),
        ] {
            let arrived_at = ArrivedAt(arrived_at.parse().unwrap());
            let request = Request::get("/").header("Host", host).extension(arrived_at).body(()).unwrap();
            assert_eq!(check(&request.into_parts().0).is_ok(), passes, "{host}");
        }
    }

    #[test]
    fn only_the_own_origin_passes() {
        assert!(passes("127.0.0.1:80", Some("http://127.0.0.1:80")));
        for origin in [
            "null",
            "",
            "http://evil.example",
            "https://127.0.0.1:80",
            "http://127.0.0.1:81",
            "http://localhost:80",
        ] {
            assert!(!passes("127.0.0.1:80", Some(origin)), "{origin}");
        }
    }

    #[test]
    fn two_hosts_none_and_a_foreign_address_are_refused() {
        let check = |request: Request<()>| check(&request.into_parts().0).is_ok();
        let good = || Request::get("/").header("Host", "localhost");
        assert!(check(good().body(()).unwrap()));
        assert!(!check(good().header("Host", "localhost").body(()).unwrap()));
        assert!(!check(Request::get("/").body(()).unwrap()));
        assert!(!check(good().uri("http://evil.example/").body(()).unwrap()));
        assert!(check(good().uri("http://localhost/").body(()).unwrap()));
    }
}
