//! What the control API and the pages share: how a request of the operator is read, run and refused.

use crate::callback::TestCallback;
use crate::error::{Error, ErrorKind, with_causes};
use crate::guard;
use crate::input::{Input, required, wrong};
use crate::sandbox::Sandbox;
use axum::extract::{FromRequest, FromRequestParts as _, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use tarspay_types::OrderState;

/// The control API or the pages.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) form: &'static Form,
}

/// The form of requests and refusals.
pub(crate) struct Form {
    /// Reads the members in the body of a POST.
    pub(crate) read: fn(&Parts, &[u8]) -> Result<Input, Refused>,
    pub(crate) refuse: fn(&Refused) -> Response,
    /// The headers of its responses, besides those that all responses have.
    pub(crate) headers: &'static [(&'static str, &'static str)],
}

/// A request of the operator. A GET looks, with its members in the query; a POST changes something.
pub(crate) struct OperatorRequest {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) head: Parts,
    /// What the path names, such as an order. Empty in a path that names nothing.
    pub(crate) id: String,
    /// What the path names after it: a step of an order.
    pub(crate) step: String,
    pub(crate) input: Input,
}

impl FromRequest<Web> for OperatorRequest {
    type Rejection = Refused;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Refused> {
        let (mut head, body) = request.into_parts();
        let named = RawPathParams::from_request_parts(&mut head, web).await;
        let named = named.map_err(|_| "the address is not percent-encoded UTF-8".to_owned())?;
        let mut named = named.iter().map(|(_, value)| value.to_owned());
        let (id, step) = (named.next().unwrap_or_default(), named.next().unwrap_or_default());
        let input = if head.method == Method::POST {
            let body = guard::read(body).await.map_err(|(status, message)| {
                let is_slow = status == StatusCode::REQUEST_TIMEOUT;
                Refused::new(status, if is_slow { "body_too_slow" } else { "body_too_large" }, message)
            })?;
            (web.form.read)(&head, &body)?
        } else {
            form_input(head.uri.query().unwrap_or_default().as_bytes())
        };
        Ok(Self { sandbox: Arc::clone(&web.sandbox), head, id, step, input })
    }
}

impl OperatorRequest {
    /// Runs a job beside the runtime, since it may have to wait for the disk.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        job: impl FnOnce(&Self) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        tokio::task::spawn_blocking(move || job(&self)).await.unwrap_or_else(|_| {
            let message = "the sandbox is stopping or has a fault";
            Err(Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message))
        })
    }
}

/// Sends the test callback that a request asks for; by default it reports a success.
pub(crate) async fn send_test_callback(it: &OperatorRequest) -> Result<TestCallback, Refused> {
    let url = required("url", it.input.parsed("url")?)?;
    let state = it
        .input
        .number::<u8>("state")?
        .map_or(OrderState::SUCCESS, |code| OrderState::from_code(code.into()));
    let sent = it.sandbox.send_test_callback(url, state).await;
    sent.map_err(|error| match error.kind() {
        ErrorKind::InvalidAddress => wrong("url", format!("cannot be used: {error}")).into(),
        _ => error.into(),
    })
}

/// The members of a query or of a form that a page posts.
pub(crate) fn form_input(text: &[u8]) -> Input {
    let members = form_urlencoded::parse(text).into_owned();
    Input::new(members.map(|(name, value)| (name, Value::String(value))).collect())
}

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) kind: Value,
    pub(crate) message: String,
    /// For the header `Allow`.
    allowed: Option<&'static str>,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, kind: &str, message: impl Into<String>) -> Self {
        Self { status, kind: kind.into(), message: message.into(), allowed: None }
    }

    pub(crate) fn method(allowed: &'static str) -> Self {
        let message = format!("this takes {allowed} only");
        let refused = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
        Self { allowed: Some(allowed), ..refused }
    }

    pub(crate) fn unknown(kind: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, kind, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
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
        let status = match error.kind() {
            ErrorKind::UnknownMerchant
            | ErrorKind::UnknownKey
            | ErrorKind::UnknownOrder
            | ErrorKind::UnknownCallback
            | ErrorKind::UnknownScenario => StatusCode::NOT_FOUND,
            ErrorKind::InvalidScenario | ErrorKind::InvalidFault | ErrorKind::InvalidAmount => {
                StatusCode::BAD_REQUEST
            }
            ErrorKind::InvalidTransition | ErrorKind::BalanceTooLow => StatusCode::CONFLICT,
            ErrorKind::InvalidAddress | ErrorKind::Bind | ErrorKind::RandomSource | ErrorKind::Store => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self { status, kind: json!(error.kind()), message: with_causes(&error), allowed: None }
    }
}

/// [`guarded`] writes it as JSON or as a page.
impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

/// Lets in who may operate the sandbox, and writes the response in the form of the API or the pages.
pub(crate) async fn guarded(State(web): State<Web>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match guard::refuse_web_pages(&head) {
        Ok(()) => finish(web.form, next.run(Request::from_parts(head, body)).await),
        Err(why) => finish(web.form, Refused::forbidden(why).into_response()),
    }
}

pub(crate) fn finish(form: &Form, mut response: Response) -> Response {
    if let Some(refused) = response.extensions_mut().remove::<Refused>() {
        response = (form.refuse)(&refused);
        if let Some(allowed) = refused.allowed {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        }
    }
    for (name, value) in form.headers {
        response.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    response
}
