//! The shapes of the suite: a case as `cases.toml` has it, and what a reader in any language finds in `conformance.json`.

use serde::{Deserialize, Serialize};

/// `cases.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cases {
    pub(crate) defaults: Defaults,
    pub(crate) keys: Vec<Case>,
    pub(crate) requests: Vec<Case>,
    pub(crate) refused_requests: Vec<Case>,
    pub(crate) signatures: Vec<Case>,
    pub(crate) callbacks: Vec<Case>,
}

/// For a case that says nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Defaults {
    pub(crate) path: String,
    pub(crate) nonce: String,
    /// The private key that signs requests.
    pub(crate) merchant: String,
    /// The private key that signs callbacks.
    pub(crate) gateway: String,
    /// The text under the signatures of the section `signatures`.
    pub(crate) signed: String,
    pub(crate) max_bytes: usize,
}

/// A case of any section; which members it has depends on the section.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) basis: Basis,
    pub(crate) comment: String,
    pub(crate) kind: Option<KeyKind>,
    pub(crate) text: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) body_hex: Option<String>,
    pub(crate) public_key: Option<String>,
    /// The text under the signature.
    pub(crate) signed: Option<String>,
    pub(crate) signed_hex: Option<String>,
    /// Of no known text.
    pub(crate) digest: Option<String>,
    pub(crate) signature: Option<String>,
    pub(crate) max_bytes: Option<usize>,
}

/// How sure a rule is; the words are explained in the README beside the suite.
#[derive(Clone, Copy, Deserialize, Serialize)]
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

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeyKind {
    Private,
    Public,
}

/// `conformance.json`.
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

/// What every case begins with.
#[derive(Serialize)]
pub(crate) struct About {
    pub(crate) id: String,
    /// The heading of `docs/signing.md`, as an anchor.
    pub(crate) rule: String,
    pub(crate) basis: Basis,
    pub(crate) comment: String,
}

/// A key text, valid or refused.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the file")]
pub(crate) struct Key {
    #[serde(flatten)]
    pub(crate) about: About,
    pub(crate) kind: KeyKind,
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
