//! Why a call is refused: a code of the documented table, and a text that says what to do.

use crate::store::StoreError;
use crate::{Error, ErrorKind};
use serde_json::Value;
use std::error::Error as StdError;
use tarspay_types::{Envelope, ErrorCode};

#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn missing(reason: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::PARAMETER_MISSING, format!("parameter missing or unusable: {reason}"))
    }

    pub(crate) fn signature(reason: impl std::fmt::Display) -> Self {
        // "sign error" is the documented text; what follows is the sandbox's.
        Self::new(ErrorCode::SIGNATURE_ERROR, format!("sign error: {reason}"))
    }

    /// The documented answer to a call that fails: code and message, no data.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        to_json(&Envelope::<Value>::without_data(self.code, self.message.as_str()))
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::new(ErrorCode::SYSTEM_ERROR, format!("system error: {error}"))
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (code, meaning) = match error.kind() {
            ErrorKind::BalanceTooLow => (ErrorCode::BALANCE_TOO_LOW, "merchant balance too low"),
            ErrorKind::InvalidAmount => (ErrorCode::AMOUNT_FORMAT_WRONG, "amount format wrong"),
            ErrorKind::InvalidTransition => {
                (ErrorCode::ORDER_STATE_OR_WITHDRAWAL_FAILED, "order state error")
            }
            _ => (ErrorCode::SYSTEM_ERROR, "system error"),
        };
        Self::new(code, format!("{meaning}: {}", with_causes(&error)))
    }
}

/// An error and its causes in one line: whoever calls sees nothing but this text.
pub(crate) fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

pub(crate) fn to_json<T: serde::Serialize>(envelope: &Envelope<T>) -> Vec<u8> {
    // Our own models are objects of texts and numbers, which always serialize.
    serde_json::to_vec(envelope).unwrap_or_else(|_| br#"{"code":-1,"msg":"system error"}"#.to_vec())
}
