//! Requests and refusals of the control API: the extractors, and `{"error":{"kind":…,"message":…}}`.

use crate::error::{Error, with_causes};
use crate::guard;
use crate::input::Input;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// Why the control API refuses a request.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    kind: Value,
    message: String,
    /// For the header `Allow`.
    allowed: Option<&'static str>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind: kind.into(), message: message.into(), allowed: None }
    }

    pub(super) fn unknown(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, kind, message)
    }

    pub(super) fn internal() -> Self {
        let message = "the sandbox is stopping or has a fault";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    pub(super) fn method(allowed: &'static str) -> Self {
        let message = format!("this takes {allowed} only");
        let refused = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
        Self { allowed: Some(allowed), ..refused }
    }
}

/// A request that is wrong: the text names the member.
impl From<String> for Refused {
    fn from(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let (status, kind) = (guard::status(error.kind()), json!(error.kind()));
        Self { status, kind, message: with_causes(&error), allowed: None }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let error = json!({ "error": { "kind": self.kind, "message": self.message } });
        let mut response = guard::json(self.status, format!("{error}\n"));
        if let Some(allowed) = self.allowed {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        }
        response
    }
}

/// What the path names: a merchant, an order, a callback, a fault or a scenario. Empty in a path that names nothing.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        let parameters = parameters.map_err(|_| "the address is not percent-encoded UTF-8".to_owned())?;
        Ok(Self(parameters.iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default()))
    }
}

/// A GET has its members in the query, a POST in the body. No body is an empty object.
impl<S: Send + Sync> FromRequest<S> for Input {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        let (head, body) = request.into_parts();
        let query = head.uri.query().unwrap_or_default();
        if head.method != Method::POST {
            let members = form_urlencoded::parse(query.as_bytes()).into_owned();
            return Ok(Self::new(members.map(|(name, value)| (name, Value::String(value))).collect()));
        }
        if !query.is_empty() {
            return Err("a POST has its members in a JSON body, and no query".to_owned().into());
        }
        let body = guard::read(body).await.map_err(|(status, message)| {
            let is_slow = status == StatusCode::REQUEST_TIMEOUT;
            Refused::new(status, if is_slow { "body_too_slow" } else { "body_too_large" }, message)
        })?;
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        serde_json::from_slice::<Map<String, Value>>(&body)
            .map(Self::new)
            .map_err(|error| format!("the body is not a JSON object: {error}").into())
    }
}
