//! The error of calls and callbacks: what happened, and what to do now.

use crate::sign;
use crate::types::{self, ErrorCode};
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// Why a call gave no response, or a callback was not accepted.
///
/// | [`kind`](Self::kind) | what it means | what to do |
/// |---|---|---|
/// | [`Invalid`](ErrorKind::Invalid) | refused here, nothing was sent | fix the request |
/// | [`NotSent`](ErrorKind::NotSent) | no byte of the request left this machine | retry freely |
/// | [`OutcomeUnknown`](ErrorKind::OutcomeUnknown) | sent, but no complete, readable response came back | ask by order number, never create anew |
/// | [`NoResponse`](ErrorKind::NoResponse) | a query got no complete, readable response; nothing was at stake | ask again later |
/// | [`Rejected`](ErrorKind::Rejected) | the gateway refused, see [`code`](Self::code) | act on the code |
/// | [`CallbackRefused`](ErrorKind::CallbackRefused) | the callback is not signed as the gateway signs | do not act on it |
/// | [`CallbackUnreadable`](ErrorKind::CallbackUnreadable) | signed, but not a callback as documented | keep the body, query the order |
/// | [`CallbackForOtherMerchant`](ErrorKind::CallbackForOtherMerchant) | signed, but about another merchant's order | do not act on it |
///
/// The chain of [`source`](StdError::source) leads to the cause of the lowest layer. Neither
/// `Display` nor `Debug` shows a key, a body or a header's value. The gateway's own message is shown
/// with its control characters escaped, and each cause is cut at 1,000 characters.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    reason: String,
    refusal: Option<types::Refusal>,
    report: Option<types::market::Report>,
    status: Option<u16>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// How many characters of a text that can come from outside are shown.
const MAX_TEXT: usize = 1_000;

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The cases of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Refused here, before anything was sent. Fix the request or the configuration.
    Invalid,
    /// No byte of the request left this machine: name not found, connection refused, TLS failed, no
    /// signature from a signer, no time left. Retry freely.
    NotSent,
    /// The request was sent, but no complete, readable response came back. The gateway may have
    /// acted on it: ask by the merchant order number before anything else. A query never has this
    /// kind.
    OutcomeUnknown,
    /// A query was sent, but no complete, readable response came back. A query changes nothing: ask
    /// again later.
    NoResponse,
    /// The gateway responded with an error code.
    Rejected,
    /// A callback without a valid signature, or too large. [`Error::signature_fault`] distinguishes
    /// the cases.
    CallbackRefused,
    /// A callback with a valid signature whose body cannot be read as one.
    CallbackUnreadable,
    /// A callback with a valid signature that names another merchant, or no merchant. The gateway
    /// signs for all merchants with one key, so anybody who is registered can have such a callback
    /// sent to you.
    CallbackForOtherMerchant,
}

impl Error {
    fn new(kind: ErrorKind, reason: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            reason: reason.into(),
            refusal: None,
            report: None,
            status: None,
            retry_after: None,
            source: None,
        }))
    }

    pub(crate) fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, reason)
    }

    pub(crate) fn cannot_sign(source: sign::Error) -> Self {
        Self::invalid("this cannot be signed").caused_by(source)
    }

    pub(crate) fn callback_refused(source: sign::Error) -> Self {
        Self::new(ErrorKind::CallbackRefused, "the callback is not verified; do not act on it")
            .caused_by(source)
    }

    pub(crate) fn callback_unreadable(source: types::DecodeError) -> Self {
        let reason = "the callback is signed but cannot be read; keep its body and query the order";
        Self::new(ErrorKind::CallbackUnreadable, reason).caused_by(source)
    }

    /// The message shows nothing of the callback, which belongs to another merchant.
    pub(crate) fn callback_for_other_merchant() -> Self {
        let reason = "the callback is signed but does not name our merchant number; do not act on it";
        Self::new(ErrorKind::CallbackForOtherMerchant, reason)
    }

    /// The same error of a body that came compressed, which is why it cannot be read. Unchanged where its source says so.
    #[cfg(any(feature = "axum", feature = "client", feature = "tower"))]
    pub(crate) fn compressed(mut self, encoding: &'static str) -> Self {
        let source = self.0.source.as_ref().and_then(|source| source.downcast_ref::<types::DecodeError>());
        if encoding == "gzip" && source.is_some_and(|it| it.kind() == types::DecodeErrorKind::Gzip) {
            return self;
        }
        self.0.reason.push_str("; it came compressed with ");
        self.0.reason.push_str(encoding);
        self.0.reason.push_str(", which was not asked for: let no server or proxy on the way compress it");
        self
    }

    /// The case, which says what to do.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The gateway's error code, if it [rejected](ErrorKind::Rejected) the call, or the last
    /// attempt at an order that is in doubt.
    pub fn code(&self) -> Option<ErrorCode> {
        self.0.refusal.as_ref().map(|refusal| refusal.code)
    }

    /// The gateway's message, if it rejected the call with one. It comes from outside: escape it
    /// before you show or log it.
    pub fn gateway_message(&self) -> Option<&str> {
        self.0.refusal.as_ref().and_then(|refusal| refusal.msg.as_deref())
    }

    /// The HTTP status of the response, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// How long the gateway asked to wait before the next attempt: the header `Retry-After` in
    /// seconds, at most 60 of them.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The violations for which a request was [refused](ErrorKind::Invalid), each with its field,
    /// its rule and its source.
    pub fn violations(&self) -> impl Iterator<Item = &types::market::Violation> {
        self.0.report.iter().flat_map(types::market::Report::refusals)
    }

    /// The warnings about a request that was refused.
    pub fn warnings(&self) -> impl Iterator<Item = &types::market::Violation> {
        self.0.report.iter().flat_map(types::market::Report::warnings)
    }

    /// What was wrong with the signature of a [refused callback](ErrorKind::CallbackRefused):
    /// missing, malformed, mismatching, body too large or not JSON.
    pub fn signature_fault(&self) -> Option<sign::ErrorKind> {
        let source = self.0.source.as_deref()?;
        match self.0.kind {
            ErrorKind::CallbackRefused => source.downcast_ref::<sign::Error>().map(sign::Error::kind),
            _ => None,
        }
    }

    /// Whether the gateway may have acted on the call although no response says so.
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.kind == ErrorKind::OutcomeUnknown
    }

    /// Whether a query got no readable response. Nothing was at stake.
    pub fn is_no_response(&self) -> bool {
        self.0.kind == ErrorKind::NoResponse
    }

    /// Whether nothing of the call left this machine, and it can be made again.
    pub fn is_not_sent(&self) -> bool {
        self.0.kind == ErrorKind::NotSent
    }

    /// The reason and each cause, without line feeds.
    fn chain(&self) -> Vec<String> {
        let mut texts = vec![self.0.reason.clone()];
        let mut next = self.source();
        while let Some(cause) = next {
            // An error of our own has its causes in its text.
            let text = cause
                .downcast_ref::<Self>()
                .map_or_else(|| cut(cause.to_string()), |own| own.0.reason.clone());
            texts.push(text.replace('\n', "; "));
            next = cause.source();
        }
        texts
    }

    /// The error and its causes, one per line, for a log that people read.
    ///
    /// ```
    /// let error = tarspay::Credentials::from_env().unwrap_err();
    /// assert!(error.report().to_string().starts_with("the environment variable TARSPAY_MERCHANT_ID is not set"));
    /// ```
    pub fn report(&self) -> impl fmt::Display {
        self.chain().join("\n  caused by: ")
    }

    /// Whether the same *query* can succeed when it is repeated later: it was not sent, its
    /// response was lost, the gateway is busy or broken (HTTP 429 or 5xx), it [reports
    /// trouble](ErrorCode::is_temporary), or it refused the signature, which happens when another
    /// process with the same key has used the nonce.
    ///
    /// For a call that creates an order this says nothing; see
    /// [`is_outcome_unknown`](Self::is_outcome_unknown) and [`ErrorCode::depends_on_history`].
    pub fn can_repeat_query(&self) -> bool {
        match self.0.kind {
            ErrorKind::NotSent | ErrorKind::NoResponse => true,
            ErrorKind::Rejected => {
                self.is_busy_or_broken()
                    || self
                        .code()
                        .is_some_and(|code| code.is_temporary() || code == ErrorCode::SIGNATURE_ERROR)
            }
            _ => false,
        }
    }

    /// Whether the HTTP status says that the server, or one on the way, could not handle the
    /// request now.
    pub(crate) fn is_busy_or_broken(&self) -> bool {
        self.0.status.is_some_and(|status| status == 429 || status >= 500)
    }
}

/// The compression that the value of a `Content-Encoding` names, in our own words, as the value comes
/// from outside.
#[cfg(any(feature = "axum", feature = "client", feature = "tower"))]
pub(crate) fn compression(value: &[u8]) -> Option<&'static str> {
    let names = || value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let is = |name: &str| names().any(|named| named.eq_ignore_ascii_case(name.as_bytes()));
    let known =
        [("gzip", "gzip"), ("x-gzip", "gzip"), ("br", "br"), ("deflate", "deflate"), ("zstd", "zstd")];
    match known.into_iter().find(|(name, _)| is(name)) {
        Some((_, shown)) => Some(shown),
        None if names().all(|named| named.is_empty() || named.eq_ignore_ascii_case(b"identity")) => None,
        None => Some("an unknown encoding"),
    }
}

#[cfg(feature = "client")]
mod of_calls {
    use super::{Error, ErrorKind, StdError};
    use crate::transport::{self, Delivery};
    use crate::types::{DecodeError, Effect, ResponseError};
    use crate::{sign, types};
    use std::time::Duration;

    /// Errors of requests. Without the client they cannot happen.
    impl Error {
        pub(crate) fn invalid_request(source: types::Error) -> Self {
            Self::invalid("the request cannot be made into a body").caused_by(source)
        }

        pub(crate) fn transport(source: transport::Error) -> Self {
            let (kind, reason) = if source.is_invalid() {
                (ErrorKind::Invalid, "the call or its configuration was refused before anything was sent")
            } else {
                match source.delivery() {
                    Delivery::NotSent => (ErrorKind::NotSent, "the request was not sent"),
                    Delivery::MaybeReceived => (
                        ErrorKind::OutcomeUnknown,
                        "the request was sent, but no complete response came back",
                    ),
                }
            };
            let status = source.status();
            let mut error = Self::new(kind, reason).caused_by(source);
            error.0.status = status;
            error
        }

        pub(crate) fn unreadable_response(status: u16, source: DecodeError) -> Self {
            let reason = format!("the response with HTTP status {status} cannot be read");
            Self::new(ErrorKind::OutcomeUnknown, reason).caused_by(source).with_status(status)
        }

        /// An envelope without a response.
        pub(crate) fn without_data(status: u16, source: ResponseError) -> Self {
            match source {
                ResponseError::Refused(refusal) => {
                    let mut error = Self::new(ErrorKind::Rejected, refusal.to_string()).with_status(status);
                    error.0.refusal = Some(refusal);
                    error
                }
                ResponseError::Unreadable(error) => Self::unreadable_response(status, error),
                unclear => {
                    let reason = "the gateway accepted the call, but its response is empty";
                    Self::new(ErrorKind::OutcomeUnknown, reason).caused_by(unclear).with_status(status)
                }
            }
        }

        pub(crate) fn against_rules(report: types::market::Report) -> Self {
            let violations: Vec<_> = report.refusals().map(ToString::to_string).collect();
            let reason = format!("the request breaks the rules of its market: {}", violations.join("; "));
            let mut error = Self::invalid(reason);
            error.0.report = Some(report);
            error
        }

        /// No time was left for an attempt.
        pub(crate) fn out_of_time() -> Self {
            Self::new(ErrorKind::NotSent, "the deadline of the call passed before the request was sent")
        }

        /// The time of an attempt was used up by what comes before the sending.
        pub(crate) fn waited_too_long(what: &str) -> Self {
            Self::new(
                ErrorKind::NotSent,
                format!("a deadline passed while the request waited for {what}; nothing was sent"),
            )
        }

        pub(crate) fn outside_runtime() -> Self {
            Self::invalid("a call has to be polled in a tokio runtime")
        }

        /// A signer failed.
        pub(crate) fn no_signature(source: Box<dyn StdError + Send + Sync>) -> Self {
            let mut error = Self::new(ErrorKind::NotSent, "the signer did not sign, so nothing was sent");
            error.0.source = Some(source);
            error
        }

        /// A signer made a signature that does not belong to the digest and the public key.
        pub(crate) fn wrong_signature(source: sign::Error) -> Self {
            let reason = "the signer's signature does not fit the public key of the credentials, so nothing was \
                          sent; check that both are of one key, and that the signer does not hash the digest again";
            Self::new(ErrorKind::NotSent, reason).caused_by(source)
        }

        /// A response about another order or merchant than was asked for.
        pub(crate) fn about_something_else(status: u16) -> Self {
            let reason = "the response is about another order or merchant than the request";
            Self::new(ErrorKind::OutcomeUnknown, reason).with_status(status)
        }

        /// A response to the creation of an order that names no order, or another amount or
        /// currency.
        pub(crate) fn odd_creation() -> Self {
            let reason =
                "the gateway accepted the order, but its response does not name this order as it was sent";
            Self::new(ErrorKind::OutcomeUnknown, reason)
        }

        /// Code 0 with an HTTP status that is not a success: an intermediary responded, or the
        /// gateway contradicts itself.
        pub(crate) fn contradictory(status: u16) -> Self {
            let reason = format!("the response says success, but its HTTP status is {status}");
            Self::new(ErrorKind::OutcomeUnknown, reason).with_status(status)
        }

        /// The same error, with what it means for a call of this effect.
        pub(crate) fn of_call(mut self, effect: Effect) -> Self {
            if self.kind() == ErrorKind::OutcomeUnknown {
                self.0.reason.push_str(if effect.is_read() {
                    self.0.kind = ErrorKind::NoResponse;
                    "; ask again later"
                } else {
                    "; find out what became of it before you send it again"
                });
            }
            self
        }

        /// The same error after several attempts, of which one may have created the order.
        pub(crate) fn in_doubt(self) -> Self {
            if self.kind() == ErrorKind::OutcomeUnknown {
                return self;
            }
            let reason = "an attempt may have created the order, whatever the last one came to";
            let mut error = Self::new(ErrorKind::OutcomeUnknown, reason);
            error.0.status = self.0.status;
            error.0.retry_after = self.0.retry_after;
            error.0.refusal.clone_from(&self.0.refusal);
            error.0.report.clone_from(&self.0.report);
            error.caused_by(self)
        }

        pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
            self.0.retry_after = retry_after;
            self
        }

        fn with_status(mut self, status: u16) -> Self {
            self.0.status = Some(status);
            self
        }

        /// The transport's error, for a call that was not sent or whose response was lost: its
        /// phase, whether a deadline passed.
        pub fn transport_error(&self) -> Option<&transport::Error> {
            self.0.source.as_deref()?.downcast_ref()
        }
    }
}

impl fmt::Display for Error {
    /// The reason and its causes in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain().join(": "))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, reason, refusal, report, status, retry_after, source } = &*self.0;
        let mut shown = f.debug_struct("Error");
        shown.field("kind", kind).field("reason", reason);
        if let Some(refusal) = refusal {
            // Its message is in the reason, cut.
            shown.field("code", &refusal.code);
        }
        if let Some(report) = report {
            shown.field("report", report);
        }
        if let Some(status) = status {
            shown.field("status", status);
        }
        if let Some(retry_after) = retry_after {
            shown.field("retry_after", retry_after);
        }
        if let Some(source) = source {
            shown.field("source", source);
        }
        shown.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
