//! Spans and events for `tracing` (feature `tracing`): paths, order numbers and codes; never bodies,
//! keys, names or account numbers. Without the feature nothing is done.

use crate::Error;
use crate::types::Request;

#[cfg(feature = "tracing")]
pub(crate) use traced::{attempt, call};

#[cfg(not(feature = "tracing"))]
pub(crate) async fn call<T>(
    _operation: &'static str,
    _request: &impl Request,
    _outcome: impl FnOnce(&T) -> &'static str,
    future: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    future.await
}

#[cfg(not(feature = "tracing"))]
pub(crate) async fn attempt<T>(
    _request: &impl Request,
    _base_url: &str,
    _resends: u32,
    future: impl Future<Output = Result<(u16, T), Error>>,
) -> Result<T, Error> {
    future.await.map(|(_, data)| data)
}

#[cfg(feature = "tracing")]
mod traced {
    use super::{Error, Request};
    use crate::ErrorKind;
    use crate::types::{ErrorCode, MerchantOrderNo};
    use tracing::field::Empty;
    use tracing::{Instrument as _, Span, debug, info_span, warn};

    /// The span of a call with all its attempts and waits. `outcome` names what a success came to.
    pub(crate) async fn call<T>(
        operation: &'static str,
        request: &impl Request,
        outcome: impl FnOnce(&T) -> &'static str,
        future: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let path = request.path();
        let path = endpoint(&path);
        let span = info_span!(
            "tarspay.call",
            otel.name = format_args!("{operation} {path}"),
            operation,
            url.path = path,
            merchant_order_no = request.merchant_order_no().map(MerchantOrderNo::as_str),
            outcome = Empty,
            error.type = Empty,
            code = Empty,
        );
        let result = future.instrument(span.clone()).await;
        record(&span, result.as_ref().map(outcome));
        result
    }

    /// The span of one attempt, named as OpenTelemetry names those of HTTP clients, and its event.
    pub(crate) async fn attempt<T>(
        request: &impl Request,
        base_url: &str,
        resends: u32,
        future: impl Future<Output = Result<(u16, T), Error>>,
    ) -> Result<T, Error> {
        let path = request.path();
        let path = endpoint(&path);
        let (address, port) = server(base_url);
        let merchant_order_no = request.merchant_order_no().map(MerchantOrderNo::as_str);
        let span = info_span!(
            "tarspay.attempt",
            otel.name = format_args!("POST {path}"),
            otel.kind = "client",
            http.request.method = "POST",
            url.path = path,
            server.address = address,
            server.port = port,
            http.request.resend_count = (resends > 0).then_some(resends),
            http.response.status_code = Empty,
            merchant_order_no,
            outcome = Empty,
            error.type = Empty,
            code = Empty,
        );
        let result = future.instrument(span.clone()).await;
        let status = result.as_ref().map_or_else(Error::status, |(status, _)| Some(*status));
        span.record("http.response.status_code", status);
        record(&span, result.as_ref().map(|_| "Success"));
        span.in_scope(|| match &result {
            Ok(_) => debug!(path = %path, merchant_order_no, "response received"),
            Err(error) => warn!(
                path = %path,
                merchant_order_no,
                kind = ?error.kind(),
                code = error.code().map(ErrorCode::code),
                status = error.status(),
                "attempt failed"
            ),
        });
        result.map(|(_, data)| data)
    }

    /// What a call or an attempt came to.
    fn record(span: &Span, result: Result<&'static str, &Error>) {
        match result {
            Ok(outcome) => {
                span.record("outcome", outcome);
            }
            Err(error) => {
                let kind = name(error.kind());
                span.record("outcome", kind).record("error.type", kind);
                span.record("code", error.code().map(ErrorCode::code));
            }
        }
    }

    /// As `Debug` writes it. Those of callbacks do not occur in calls.
    fn name(kind: ErrorKind) -> &'static str {
        match kind {
            ErrorKind::Invalid => "Invalid",
            ErrorKind::NotSent => "NotSent",
            ErrorKind::OutcomeUnknown => "OutcomeUnknown",
            ErrorKind::NoResponse => "NoResponse",
            ErrorKind::Rejected => "Rejected",
            _ => "_OTHER",
        }
    }

    /// The path without the transaction id that a submitted one ends in:
    /// `/api/bd/{payOrderId}/{trxId}`.
    fn endpoint(path: &str) -> &str {
        path.match_indices('/').nth(3).map_or(path, |(end, _)| &path[..end])
    }

    /// Host and port of a base URL in its plain form, whose port is left out if it is the scheme's.
    fn server(base_url: &str) -> (&str, u16) {
        let (scheme, authority) = base_url.split_once("://").unwrap_or(("https", base_url));
        let named = authority.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = named.unwrap_or((authority, if scheme == "http" { 80 } else { 443 }));
        (host.trim_start_matches('[').trim_end_matches(']'), port)
    }

    #[cfg(test)]
    mod tests {
        use super::server;

        #[test]
        fn host_and_port_of_a_base_url() {
            for (base_url, expected) in [
                ("https://payment.tarspay.com", ("payment.tarspay.com", 443)),
                ("http://127.0.0.1:8787", ("127.0.0.1", 8787)),
                ("http://localhost", ("localhost", 80)),
                ("http://[::1]:8787", ("::1", 8787)),
                ("http://[::1]", ("::1", 80)),
            ] {
                assert_eq!(server(base_url), expected, "{base_url}");
            }
        }
    }
}
