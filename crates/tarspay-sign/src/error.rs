//! Errors of signing and verifying, and what to do about them.

use std::error::Error as StdError;
use std::fmt;

/// Why something could not be signed or verified.
///
/// [`kind`](Error::kind) distinguishes the cases, [`field`](Error::field) names the body member at
/// fault if there is one, and the text says what to do. No text, `Debug` output or source of this
/// error holds a key, a signature or the value of a body member.
pub struct Error {
    kind: ErrorKind,
    field: Option<String>,
    reason: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The longest name of a member in an error, in characters: it can come from outside.
const LONGEST_NAME: usize = 64;

/// The cases of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The private key is not 64 hex digits of a number that secp256k1 can use.
    InvalidPrivateKey,
    /// The file of a private key, or what it is read from, cannot be read.
    KeyFileUnreadable,
    /// Other users can read or change the file of a private key.
    KeyFileExposed,
    /// The public key is not a point of secp256k1, or not in a form that is read here.
    InvalidPublicKey,
    /// The digest is not 64 hex digits.
    InvalidDigest,
    /// The operating system gave no random bytes for a new key.
    RandomSource,
    /// The nonce is not a decimal number of milliseconds.
    InvalidNonce,
    /// The path does not begin with `/`, or holds a character that must not be in a path or a header.
    InvalidPath,
    /// The body is not one JSON object, or names a member twice.
    InvalidBody,
    /// A member of the body is a fraction, an object or an array, for which no signing rule is known.
    UnsupportedValue,
    /// There is no signature: the header is missing or empty.
    MissingSignature,
    /// The signature is not the hex text of a strict DER signature.
    MalformedSignature,
    /// The signature is well formed but was not made over this text with this key.
    SignatureMismatch,
    /// The signature would verify, but its `s` is high and the policy requires a low one.
    HighS,
    /// The body of a callback is larger than the verifier accepts.
    BodyTooLarge,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, reason: impl Into<String>) -> Self {
        Self { kind, field: None, reason: reason.into(), source: None }
    }

    pub(crate) fn with_field(mut self, name: &str) -> Self {
        let mut field: String = name.chars().take(LONGEST_NAME).collect();
        if field.len() < name.len() {
            field.push('…');
        }
        self.field = Some(field);
        self
    }

    /// Names what the error is about, before the reason.
    pub(crate) fn about(mut self, what: &str) -> Self {
        self.reason = format!("{what}: {}", self.reason);
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Which case this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The name of the body member at fault, if there is one, cut after 64 characters.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// Whether a signature was examined and refused: missing, malformed, mismatching, or with a
    /// high `s` under [`SignaturePolicy::RequireLowS`](crate::SignaturePolicy::RequireLowS).
    pub fn is_refused_signature(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::MissingSignature
                | ErrorKind::MalformedSignature
                | ErrorKind::SignatureMismatch
                | ErrorKind::HighS
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "body member {field:?}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl fmt::Debug for Error {
    /// One line: the kind, and the text of `Display`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn StdError + 'static))
    }
}
