//! The shape of `conformance.json`: what a reader in any language finds in it.

use serde::Serialize;

/// How sure a rule is; the words are explained in the README beside the file.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Basis {
    /// The gateway's documentation says it, or the encoding's or the curve's own standard.
    Documented,
    /// A printed signature proves it.
    Proven,
    /// Merchants' working code does it.
    Seen,
    /// A conclusion of this project.
    Inferred,
    /// A decision of this project; another signer or verifier may decide otherwise.
    Choice,
}

/// What every case begins with.
#[derive(Clone, Serialize)]
pub(crate) struct About {
    pub(crate) id: String,
    /// The heading of `docs/signing.md`, as an anchor.
    pub(crate) rule: &'static str,
    pub(crate) basis: Basis,
    pub(crate) comment: &'static str,
}

impl About {
    pub(crate) fn new(id: &str, rule: &'static str, basis: Basis, comment: &'static str) -> Self {
        Self { id: id.to_owned(), rule, basis, comment }
    }
}

#[derive(Serialize)]
pub(crate) struct Suite {
    pub(crate) about: &'static str,
    pub(crate) version: u32,
    pub(crate) keys: Vec<Key>,
    pub(crate) requests: Vec<Request>,
    pub(crate) refused_requests: Vec<RefusedRequest>,
    pub(crate) signatures: Vec<SignatureCase>,
    pub(crate) callbacks: Vec<Callback>,
}

/// A key text, read or refused.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the file")]
pub(crate) struct Key {
    #[serde(flatten)]
    pub(crate) about: About,
    /// `private` or `public`.
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    pub(crate) valid: bool,
    /// The public key that belongs to it, as it is sent.
    pub(crate) public_key: Option<String>,
    pub(crate) refused_as: Option<&'static str>,
}

/// A request, signed stage by stage.
#[derive(Serialize)]
pub(crate) struct Request {
    #[serde(flatten)]
    pub(crate) about: About,
    pub(crate) path: String,
    pub(crate) nonce: String,
    /// The JSON text before signing; null for a request without a body.
    pub(crate) body: Option<String>,
    pub(crate) private_key: String,
    pub(crate) public_key: String,
    pub(crate) params: String,
    pub(crate) string_to_sign: String,
    pub(crate) digest: String,
    pub(crate) signature: String,
    pub(crate) headers: Headers,
    pub(crate) sent_body: String,
}

#[derive(Serialize)]
pub(crate) struct Headers {
    #[serde(rename = "X-API-KEY")]
    pub(crate) key: String,
    #[serde(rename = "X-API-NONCE")]
    pub(crate) nonce: String,
    #[serde(rename = "X-API-SIGNATURE")]
    pub(crate) signature: String,
}

/// A request that a signer must not sign.
#[derive(Serialize)]
pub(crate) struct RefusedRequest {
    #[serde(flatten)]
    pub(crate) about: About,
    pub(crate) path: String,
    pub(crate) nonce: String,
    pub(crate) body_hex: String,
    /// The same as text, if it is UTF-8.
    pub(crate) body: Option<String>,
    pub(crate) refused_as: &'static str,
    /// The body member at fault, where one can be named.
    pub(crate) member: Option<String>,
}

/// A signature over a digest, to be accepted or refused.
#[derive(Serialize)]
pub(crate) struct SignatureCase {
    #[serde(flatten)]
    pub(crate) about: About,
    pub(crate) public_key: String,
    pub(crate) digest: String,
    pub(crate) signature: String,
    pub(crate) valid: bool,
    /// Only of a signature that is well formed.
    pub(crate) high_s: Option<bool>,
    pub(crate) refused_as: Option<&'static str>,
}

/// A callback, to be accepted or refused.
#[derive(Serialize)]
pub(crate) struct Callback {
    #[serde(flatten)]
    pub(crate) about: About,
    pub(crate) public_key: String,
    /// The value of `X-RESP-SIGNATURE`; null if the header is missing.
    pub(crate) signature: Option<String>,
    pub(crate) body_hex: String,
    /// The same as text, if it is UTF-8.
    pub(crate) body: Option<String>,
    /// The largest body to accept, in bytes.
    pub(crate) max_bytes: usize,
    pub(crate) valid: bool,
    /// `as_received` or `ordered`.
    pub(crate) form: Option<&'static str>,
    /// The ordered text, if the body is one JSON object that names no member twice.
    pub(crate) ordered: Option<String>,
    /// The digest of the text that was found to be signed.
    pub(crate) digest: Option<String>,
    pub(crate) refused_as: Option<&'static str>,
}
