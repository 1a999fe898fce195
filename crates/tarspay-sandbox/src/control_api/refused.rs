//! Why the control API does not do what it is asked for: `{"error":{"kind":…,"message":…}}` under a status of HTTP.

use crate::refusal::with_causes;
use crate::{Error, ErrorKind};
use axum::http::StatusCode;
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    kind: &'static str,
    message: String,
    /// For the header `Allow`.
    pub(super) allowed: Option<&'static str>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), allowed: None }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    pub(super) fn unknown(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, kind, message)
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    pub(super) fn method(allowed: &'static str) -> Self {
        let message = format!("this takes {allowed} only");
        let refused = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
        Self { allowed: Some(allowed), ..refused }
    }

    pub(super) fn into_message(self) -> String {
        self.message
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "error": { "kind": self.kind, "message": self.message } })
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let (status, kind) = match error.kind() {
            ErrorKind::UnknownMerchant => (StatusCode::NOT_FOUND, "unknown_merchant"),
            ErrorKind::UnknownKey => (StatusCode::NOT_FOUND, "unknown_key"),
            ErrorKind::UnknownOrder => (StatusCode::NOT_FOUND, "unknown_order"),
            ErrorKind::UnknownCallback => (StatusCode::NOT_FOUND, "unknown_callback"),
            ErrorKind::UnknownScenario => (StatusCode::NOT_FOUND, "unknown_scenario"),
            ErrorKind::InvalidScenario => (StatusCode::BAD_REQUEST, "invalid_scenario"),
            ErrorKind::InvalidTransition => (StatusCode::CONFLICT, "invalid_transition"),
            ErrorKind::BalanceTooLow => (StatusCode::CONFLICT, "balance_too_low"),
            ErrorKind::InvalidAmount => (StatusCode::BAD_REQUEST, "invalid_amount"),
            ErrorKind::Store => (StatusCode::INTERNAL_SERVER_ERROR, "store"),
            ErrorKind::InvalidAddress | ErrorKind::Bind | ErrorKind::RandomSource => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
        };
        Self::new(status, kind, with_causes(&error))
    }
}
