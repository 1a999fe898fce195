//! Requests of the pages, and why one is refused.

use super::layout::{self, Tab, html};
use crate::error::{Error, with_causes};
use crate::guard;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use std::str::FromStr;
use tarspay_types::PayOrderId;

/// What the path names: an order, and a step or nothing.
pub(super) struct Target {
    order: String,
    pub(super) step: String,
    /// Whether a person or a program opens the page: not an image, a script or a frame of another page, not a look ahead.
    pub(super) is_navigation: bool,
}

impl Target {
    /// A text that cannot be an order number is an unknown one.
    pub(super) fn order(&self) -> Result<PayOrderId, Problem> {
        self.order.parse().map_err(|_| Problem::not_found("There is no order of this number."))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Target {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        let parameters = parameters.map_err(|_| Problem::not_found("There is no such page."))?;
        let mut values = parameters.iter().map(|(_, value)| value.to_owned());
        let (order, step) = (values.next().unwrap_or_default(), values.next().unwrap_or_default());
        Ok(Self { order, step, is_navigation: is_navigation(parts) })
    }
}

fn header<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_navigation(head: &Parts) -> bool {
    // Programs do not send these headers. Browsers look ahead with `prefetch` or `prefetch;prerender`.
    head.method == Method::GET
        && matches!(header(head, "sec-fetch-dest"), None | Some("document"))
        && ["sec-purpose", "purpose", "x-moz"].iter().all(|name| header(head, name).is_none())
}

/// The values of a query, or of a form that is posted.
pub(super) struct Values(Vec<(String, String)>);

impl Values {
    fn read(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let read = |text: &str| {
            text.parse()
                .map_err(|_| Problem::wrong(format!("\u{201c}{name}\u{201d} must be a whole number.")))
        };
        self.get(name).map(read).transpose()
    }

    /// Where a list continues; by default at its beginning.
    pub(super) fn before(&self) -> Result<i64, Problem> {
        Ok(self.number("before")?.unwrap_or(i64::MAX))
    }
}

impl<S: Send + Sync> FromRequest<S> for Values {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        if head.method != Method::POST {
            return Ok(Self::read(head.uri.query().unwrap_or_default().as_bytes()));
        }
        only_own_forms(&head)?;
        let body = guard::read(body).await.map_err(|(status, why)| Problem::new(status, sentence(&why)))?;
        Ok(Self::read(&body))
    }
}

/// Every current browser says so when a form comes from one of our pages; programs say nothing.
fn only_own_forms(head: &Parts) -> Result<(), Problem> {
    if !matches!(header(head, "sec-fetch-site"), None | Some("same-origin" | "none")) {
        return Err(Problem::forbidden("Pages of another origin cannot post forms to the sandbox."));
    }
    let kind = header(head, "content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(());
    }
    Err(Problem::wrong("A form is posted as application/x-www-form-urlencoded."))
}

/// A form that was refused, for the page that shows it again.
pub(super) struct Refused {
    pub(super) message: String,
    /// The amount that was entered, if the amount is wrong.
    pub(super) amount: Option<String>,
}

/// Why a page is not shown, or a step not taken: a page, too.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl Problem {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(super) fn wrong(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The sandbox is stopping or has a fault.")
    }

    /// Whether it is about the step alone, so that the page it was taken on can still be shown.
    pub(super) fn leaves_the_page(&self) -> bool {
        matches!(self.status, StatusCode::BAD_REQUEST | StatusCode::CONFLICT)
    }

    fn page(&self) -> Markup {
        let title = match self.status {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
                "This cannot be used"
            }
            StatusCode::CONFLICT => "Too late",
            _ => "Something went wrong",
        };
        layout::page(
            title,
            Tab::None,
            &html! {
                h1 { (title) }
                p { (self.message) }
                p { a href="/" { "To the sandbox" } }
            },
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        html(self.status, &self.page())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::new(guard::status(error.kind()), sentence(&with_causes(&error)))
    }
}

/// Errors are written to stand inside a sentence: "no order P1".
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
