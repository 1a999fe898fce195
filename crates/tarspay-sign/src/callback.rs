//! Callbacks: the text that the gateway signs, and its verification.

use crate::members::{self, Members};
use crate::prepared::OnDemand;
use crate::{Digest, Error, ErrorKind, PrivateKey, PublicKey, Signature, SignaturePolicy};
use serde::Serialize;
use std::fmt;

/// The header of a callback with its signature.
pub const CALLBACK_SIGNATURE_HEADER: &str = "X-RESP-SIGNATURE";

/// The text under the signature of a callback: its members as compact JSON, names ascending.
///
/// Strings and numbers keep exactly the characters in which they were received; members below the
/// top level keep their order. A byte order mark is passed over. There is no method, path or nonce.
/// Source: `docs/wire.md`, section 5; proven by the vector C1.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackText(String);

impl CallbackText {
    /// Orders the members of a JSON object.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidBody`] if the text is not one JSON object or names a member twice.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let json = without_mark(json);
        Self::of_members(&Members::from_json(json)?, json.len())
    }

    /// `None` for a body that is too large to be ordered before it is known to be signed.
    fn bounded(json: &[u8]) -> Result<Option<Self>, Error> {
        members::refuse_gzip(json)?;
        if json.len() > MAX_ORDERED_BYTES {
            return Ok(None);
        }
        let json = without_mark(json);
        let members = Members::at_most(MAX_ORDERED_MEMBERS, json)?;
        members.map(|members| Self::of_members(&members, json.len())).transpose()
    }

    fn of_members(members: &Members<'_>, bytes: usize) -> Result<Self, Error> {
        let mut text = String::with_capacity(bytes);
        text.push('{');
        for (name, value) in members::sorted(members.pairs())? {
            if text.len() > 1 {
                text.push(',');
            }
            members::push_name(&mut text, name);
            text.push(':');
            push_compact(&mut text, value);
        }
        text.push('}');
        Ok(Self(text))
    }

    /// The callback text of any value that serializes to a JSON object.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidBody`] if the value does not serialize, or not to one object.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        let json = serde_json::to_vec(value).map_err(|source| {
            let reason = format!("the callback does not serialize to JSON: {source}");
            Error::new(ErrorKind::InvalidBody, reason).with_source(source)
        })?;
        Self::from_json(&json)
    }

    /// The text: also the body that a gateway sends.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 32 bytes under the signature.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// Signs as the gateway does: for a sandbox, and for tests of your own receiver.
    pub fn sign(&self, key: &PrivateKey) -> Signature {
        key.sign(&self.digest())
    }
}

/// What some editors and proxies write before a text is not one of its members.
fn without_mark(json: &[u8]) -> &[u8] {
    json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json)
}

/// Appends the text of a JSON value without the white space between its tokens.
fn push_compact(json: &mut String, value: &str) {
    if !value.starts_with(['{', '[']) {
        return json.push_str(value);
    }
    let (mut in_string, mut escaped, mut copied) = (false, false, 0);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b' ' | b'\t' | b'\n' | b'\r' if !in_string => {
                json.push_str(&value[copied..at]);
                copied = at + 1;
            }
            _ => {}
        }
    }
    json.push_str(&value[copied..]);
}

impl fmt::Debug for CallbackText {
    /// Shows the size only: the values can be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackText").field("bytes", &self.0.len()).finish()
    }
}

/// The form in which the body of a callback was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignedForm {
    /// The bytes as received.
    AsReceived,
    /// The same members as [`CallbackText`].
    Ordered,
}

/// The default limit of a callback's body, in bytes. Documented callbacks have about 200.
pub const DEFAULT_MAX_CALLBACK_BYTES: usize = 64 * 1024;

/// The limits of the ordered form. Documented callbacks have about 200 bytes and 11 members.
const MAX_ORDERED_BYTES: usize = 1536;
const MAX_ORDERED_MEMBERS: usize = 64;

/// Verifies callbacks (webhooks): first the bytes as received, then the same members as ordered
/// compact JSON.
///
/// Anybody can post a forged callback, so the work on one is bounded: a body of more than
/// [`max_bytes`](Self::max_bytes) is refused at once, and one of more than 1536 bytes or 64 members
/// is verified as received only. A forged callback then costs at most twice as much as a genuine
/// one of the same size.
///
/// Keep one verifier and clone it: its keys are prepared ([`PreparedKey`](crate::PreparedKey))
/// after some dozens of verifications, and clones share that. A verifier that is used once costs
/// nothing more than the verification; [`prepared`](Self::prepared) saves a server the delay at its
/// 64th callback.
///
/// **A valid signature does not say whose order it is.** One system key signs the callbacks of all
/// merchants. Compare `mchNo` in the body with your own number, and refuse another or a missing
/// one. This crate has no models and does not look into the body; `tarspay::CallbackVerifier` does.
///
/// A callback carries no time, so a valid one can be replayed: deduplicate on pay order id, state
/// and amount paid (`docs/wire.md`, section 11), never on the signature.
///
/// ```
/// use tarspay_sign::{CallbackText, CallbackVerifier, ErrorKind, PrivateKey};
///
/// let gateway = PrivateKey::generate()?;
/// let body = r#"{"state": 2, "payOrderId": "P1742079917839712257"}"#;
/// let signature = CallbackText::from_json(body.as_bytes())?.sign(&gateway).to_string();
///
/// let verifier = CallbackVerifier::trusting(gateway.public_key());
/// verifier.verify(Some(&signature), body.as_bytes())?;
///
/// let forged = body.replace('2', "3");
/// let refused = verifier.verify(Some(&signature), forged.as_bytes()).unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::SignatureMismatch);
/// # Ok::<(), tarspay_sign::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CallbackVerifier {
    keys: Vec<OnDemand>,
    policy: SignaturePolicy,
    max_bytes: usize,
}

impl CallbackVerifier {
    /// A verifier that trusts one key: that of a sandbox, or of your own tests.
    pub fn trusting(key: PublicKey) -> Self {
        Self {
            keys: vec![OnDemand::new(key)],
            policy: SignaturePolicy::default(),
            max_bytes: DEFAULT_MAX_CALLBACK_BYTES,
        }
    }

    /// A verifier that trusts the gateway's own key, [`SYSTEM_PUBLIC_KEY`](crate::SYSTEM_PUBLIC_KEY).
    pub fn production() -> Self {
        Self::trusting(PublicKey::system())
    }

    /// Trusts one more key, during a key rotation.
    #[must_use]
    pub fn and_key(mut self, key: PublicKey) -> Self {
        self.keys.push(OnDemand::new(key));
        self
    }

    /// Prepares the keys now, which takes some milliseconds and 320 KiB for each: for a server,
    /// when it starts.
    #[must_use]
    pub fn prepared(self) -> Self {
        self.keys.iter().for_each(OnDemand::prepare);
        self
    }

    /// Sets what to do with a high `s`. The gateway sends high ones (C1), so requiring a low `s`
    /// refuses its callbacks.
    #[must_use]
    pub fn signature_policy(mut self, policy: SignaturePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the largest body, in bytes. Default: [`DEFAULT_MAX_CALLBACK_BYTES`]. Limit the reading
    /// of the body to the same size, so that a larger one is never held in memory.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// The largest body that is accepted, in bytes.
    pub fn limit(&self) -> usize {
        self.max_bytes
    }

    /// Refuses a body by its size alone, for services that read it in pieces.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BodyTooLarge`] if it has more than [`limit`](Self::limit) bytes.
    pub fn check_size(&self, bytes: usize) -> Result<(), Error> {
        if bytes <= self.max_bytes {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::BodyTooLarge,
            format!("the callback has {bytes} bytes or more, and {} are accepted", self.max_bytes),
        ))
    }

    /// Verifies the raw body of a callback against the value of its [`CALLBACK_SIGNATURE_HEADER`].
    ///
    /// `None` stands for a missing header and is refused: some pages of the documentation call the
    /// header optional, but an unsigned callback must never be acted upon.
    ///
    /// # Errors
    ///
    /// Distinct by [`kind`](Error::kind): [`MissingSignature`](ErrorKind::MissingSignature),
    /// [`MalformedSignature`](ErrorKind::MalformedSignature),
    /// [`BodyTooLarge`](ErrorKind::BodyTooLarge), [`InvalidBody`](ErrorKind::InvalidBody) if
    /// neither form can be verified because the body is not a JSON object (compressed, for
    /// example), [`SignatureMismatch`](ErrorKind::SignatureMismatch), [`HighS`](ErrorKind::HighS).
    pub fn verify(&self, signature: Option<&str>, body: &[u8]) -> Result<SignedForm, Error> {
        self.check_size(body.len())?;
        let text = signature.ok_or_else(|| {
            Error::new(
                ErrorKind::MissingSignature,
                format!("the callback has no {CALLBACK_SIGNATURE_HEADER} header; an unsigned callback is never trusted"),
            )
        })?;
        let signature = Signature::from_hex(text)?;
        let accept = |form| signature.judge(true, self.policy).map(|()| form);
        let digest = Digest::of(body);
        let mut failed = Vec::new();
        for key in &self.keys {
            let mut check = key.check(&signature);
            if check.fits(&digest) {
                return accept(SignedForm::AsReceived);
            }
            failed.push(check);
        }
        let Some(ordered) = CallbackText::bounded(body)? else {
            return Err(Error::new(
                ErrorKind::SignatureMismatch,
                "the signature does not fit the bytes as received; a body of more than 1536 bytes or 64 members is not tried \
                 in another form",
            ));
        };
        // Most bodies are in order already.
        if ordered.as_str().as_bytes() != body {
            let digest = ordered.digest();
            if failed.iter_mut().any(|check| check.fits(&digest)) {
                return accept(SignedForm::Ordered);
            }
        }
        Err(Error::new(
            ErrorKind::SignatureMismatch,
            "the signature fits neither the bytes as received nor the same members in order; \
             verify the raw body, unparsed, and check that the key is the gateway's system key",
        ))
    }
}
