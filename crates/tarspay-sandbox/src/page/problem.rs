//! Why a page is not shown, or a step not taken, as a page.

use super::layout::{self, Tab};
use crate::refusal::with_causes;
use crate::{Error, ErrorKind};
use axum::http::StatusCode;
use maud::{Markup, html};

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

    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "The form is cut short or too large.")
    }

    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The sandbox is stopping or has a fault.")
    }

    /// Whether it is about the step alone, so that the page it was taken on can still be shown.
    pub(super) fn leaves_the_page(&self) -> bool {
        matches!(self.status, StatusCode::BAD_REQUEST | StatusCode::CONFLICT)
    }

    pub(super) fn page(&self) -> Markup {
        let title = match self.status {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => "This cannot be used",
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

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::UnknownMerchant
            | ErrorKind::UnknownKey
            | ErrorKind::UnknownOrder
            | ErrorKind::UnknownCallback => StatusCode::NOT_FOUND,
            ErrorKind::InvalidTransition | ErrorKind::BalanceTooLow => StatusCode::CONFLICT,
            ErrorKind::InvalidAmount => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let reason = with_causes(&error);
        // Errors are written to stand inside a sentence: "no order P1".
        let mut letters = reason.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        Self::new(status, format!("{first}{}.", letters.as_str()))
    }
}
