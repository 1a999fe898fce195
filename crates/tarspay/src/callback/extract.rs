//! An `axum` extractor for verified callbacks (feature `axum`).

use super::http::{CallbackRejection, acknowledged};
use super::{CallbackVerifier, Verified};
use crate::types::Callback;
use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use std::sync::Arc;

/// Extracts a verified callback; the router's state is, or holds, the [`CallbackVerifier`]. A state
/// that holds it says so by `FromRef`, and may be in an [`Arc`]:
///
/// ```
/// use axum::extract::{FromRef, State};
/// use axum::{Router, routing::post};
/// use std::sync::Arc;
/// use tarspay::{Acknowledged, CallbackVerifier, Verified, types::Callback};
///
/// #[derive(FromRef)]
/// struct App {
///     verifier: CallbackVerifier,
/// }
///
/// async fn on_callback(State(app): State<Arc<App>>, callback: Verified<Callback>) -> Acknowledged {
///     Acknowledged
/// }
///
/// let verifier = CallbackVerifier::production("M1688443086".parse()?);
/// let app: Router = Router::new().route("/", post(on_callback)).with_state(Arc::new(App { verifier }));
/// # Ok::<(), tarspay::types::Error>(())
/// ```
///
/// The verifier alone is a state too:
///
/// ```
/// use axum::{Router, routing::post};
/// use tarspay::{Acknowledged, CallbackVerifier, Verified, types::Callback};
///
/// async fn on_callback(callback: Verified<Callback>) -> Acknowledged {
///     // First compare it with the order that you stored, and book it: see `examples/callback_axum.rs`.
///     Acknowledged
/// }
///
/// let app: Router = Router::new()
///     .route("/tarspay/notify", post(on_callback))
///     .with_state(CallbackVerifier::production("M1688443086".parse()?));
/// # Ok::<(), tarspay::types::Error>(())
/// ```
impl<S> FromRequest<S> for Verified<Callback>
where
    S: Send + Sync,
    CallbackVerifier: FromRef<S>,
{
    type Rejection = CallbackRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, CallbackRejection> {
        let (head, body) = request.into_parts();
        let verifier = CallbackVerifier::from_ref(state);
        verifier.receive(&head.method, &head.headers, body).await
    }
}

/// The verifier of a state is that of the state in an [`Arc`]. Your own crate could not say so.
impl<S> FromRef<Arc<S>> for CallbackVerifier
where
    Self: FromRef<S>,
{
    fn from_ref(state: &Arc<S>) -> Self {
        Self::from_ref(&**state)
    }
}

/// The response to a callback that was stored: the bare text `OK`. Return it from a handler.
///
/// If you respond with anything else, for example an error, the gateway sends the callback again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a unit struct that handlers name as a value")]
pub struct Acknowledged;

impl IntoResponse for Acknowledged {
    fn into_response(self) -> Response {
        acknowledged().map(Body::new)
    }
}

impl IntoResponse for CallbackRejection {
    fn into_response(self) -> Response {
        self.response().map(Body::new)
    }
}
