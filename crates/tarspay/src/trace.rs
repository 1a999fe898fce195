//! Events for `tracing` (feature `tracing`): paths, order numbers and codes; never bodies, keys,
//! names or account numbers.

use crate::Error;
use crate::types::Request;

/// One attempt at a call has ended.
#[cfg(feature = "tracing")]
pub(crate) fn attempt(request: &impl Request, error: Option<&Error>) {
    let path = request.path();
    let path = endpoint(&path);
    let merchant_order_no = request.merchant_order_no().map(crate::types::MerchantOrderNo::as_str);
    match error {
        None => tracing::debug!(path = %path, merchant_order_no, "response received"),
        Some(error) => tracing::warn!(
            path = %path,
            merchant_order_no,
            kind = ?error.kind(),
            code = error.code().map(crate::types::ErrorCode::code),
            status = error.status(),
            "attempt failed"
        ),
    }
}

/// The path without the transaction id that a submitted one ends in:
/// `/api/bd/{payOrderId}/{trxId}`.
#[cfg(feature = "tracing")]
fn endpoint(path: &str) -> &str {
    path.match_indices('/').nth(3).map_or(path, |(end, _)| &path[..end])
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn attempt(_: &impl Request, _: Option<&Error>) {}
