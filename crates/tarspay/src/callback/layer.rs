//! A `tower` layer: HTTP requests in, verified callbacks to your service, `OK` out (feature
//! `tower`).

use super::http::{self, CallbackRejection};
use super::{CallbackVerifier, Verified};
use crate::types::Callback;
use ::http::{Request, Response};
use bytes::Bytes;
use http_body::Body;
use http_body_util::Full;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Puts a [`CallbackVerifier`] in front of a service that handles verified callbacks (webhooks).
///
/// The service takes a [`Verified<Callback>`] and returns `()`. Then the response is the bare text
/// `OK`. If the service fails, the response is HTTP 500, and the gateway sends the callback again.
/// A request that is not a verified callback never reaches the service; [`CallbackRejection`] lists
/// the responses.
///
/// [`on_refused`](Self::on_refused) sees each refused request, with the body if it was signed but
/// unreadable.
///
/// The result is a service for any HTTP server that speaks `tower`: hyper by `TowerToHyperService`,
/// axum by `route_service`. `examples/callback_hyper.rs` is a complete server. It needs a tokio
/// runtime with time enabled.
#[derive(Clone)]
pub struct CallbackLayer {
    verifier: CallbackVerifier,
    on_refused: OnRefused,
}

type OnRefused = Arc<dyn Fn(&CallbackRejection) + Send + Sync>;

impl CallbackLayer {
    /// A layer that verifies with this verifier.
    pub fn new(verifier: CallbackVerifier) -> Self {
        Self { verifier, on_refused: Arc::new(|_| ()) }
    }

    /// Calls this function for every refused request, before the response.
    #[must_use]
    pub fn on_refused(mut self, report: impl Fn(&CallbackRejection) + Send + Sync + 'static) -> Self {
        self.on_refused = Arc::new(report);
        self
    }
}

impl<S> Layer<S> for CallbackLayer {
    type Service = CallbackService<S>;

    fn layer(&self, handler: S) -> Self::Service {
        CallbackService { layer: self.clone(), handler }
    }
}

impl fmt::Debug for CallbackLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackLayer").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// The service that [`CallbackLayer`] makes.
#[derive(Clone, Debug)]
pub struct CallbackService<S> {
    layer: CallbackLayer,
    handler: S,
}

impl<S, B> Service<Request<B>> for CallbackService<S>
where
    S: Service<Verified<Callback>, Response = ()> + Clone + Send + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Wait for the handler only with a verified callback, so that a busy handler does not delay
        // refusals.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let CallbackLayer { verifier, on_refused } = self.layer.clone();
        let mut handler = self.handler.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let callback = match verifier.receive(&head.method, &head.headers, body).await {
                Ok(callback) => callback,
                Err(rejection) => {
                    on_refused(&rejection);
                    return Ok(rejection.response());
                }
            };
            // The handler's error is dropped before the next await, so it need not be `Send`.
            let ready = std::future::poll_fn(|context| handler.poll_ready(context)).await.is_ok();
            let stored = ready && handler.call(callback).await.is_ok();
            Ok(if stored { http::acknowledged() } else { http::not_handled() })
        })
    }
}
