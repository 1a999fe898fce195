//! The stages of a request: string to sign, digest, signature, headers.

use crate::{Digest, Error, ErrorKind, Nonce, Parameters, PrivateKey, PublicKey, Signature, SignaturePolicy};
use std::fmt;

/// The header with the caller's public key.
pub const API_KEY_HEADER: &str = "X-API-KEY";
/// The header with the nonce.
pub const API_NONCE_HEADER: &str = "X-API-NONCE";
/// The header with the signature of the request.
pub const API_SIGNATURE_HEADER: &str = "X-API-SIGNATURE";

/// A request that is not signed yet: `POST|PATH|NONCE|PARAMS`.
///
/// Sign it with a [`PrivateKey`], or take the [`digest`](Self::digest) to a signer elsewhere and
/// bring the signature back:
///
/// ```
/// use tarspay_sign::{Nonce, Parameters, PrivateKey, RequestToSign};
///
/// let key = PrivateKey::generate()?;
/// let parameters = Parameters::from_json(br#"{"mchNo":"M1688443086"}"#)?;
/// let request = RequestToSign::new("/api/balanceInfo", Nonce::from_unix_millis(1_704_180_814_988), parameters)?;
/// assert_eq!(request.string_to_sign(), "POST|/api/balanceInfo|1704180814988|mchNo=M1688443086");
///
/// // A KMS or an HSM does this one step: 32 bytes in, a DER signature out.
/// let from_elsewhere = key.sign(&request.digest());
///
/// let signed = request.with_signature(&key.public_key(), from_elsewhere)?;
/// assert_eq!(signed.headers().nonce(), "1704180814988");
/// # Ok::<(), tarspay_sign::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RequestToSign {
    string_to_sign: String,
    path_bytes: usize,
    nonce: Nonce,
    body: String,
}

/// What precedes the path in every string to sign: each call of the gateway is a `POST`.
const PREFIX: &str = "POST|";

impl RequestToSign {
    /// Builds the string to sign.
    ///
    /// `path` is the path of the URL with its leading slash, without scheme, host and query.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPath`] if the path does not begin with `/`, or holds anything but
    /// visible ASCII, or one of `|`, `?` and `#`.
    pub fn new(path: &str, nonce: Nonce, parameters: Parameters) -> Result<Self, Error> {
        check_path(path)?;
        let string_to_sign = [PREFIX, path, "|", &nonce.to_string(), "|", parameters.as_str()].concat();
        Ok(Self { string_to_sign, path_bytes: path.len(), nonce, body: parameters.into_body() })
    }

    /// The text under the signature, UTF-8. It holds the values of the body: personal data, not for
    /// logs.
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }

    /// The path.
    pub fn path(&self) -> &str {
        &self.string_to_sign[PREFIX.len()..PREFIX.len() + self.path_bytes]
    }

    /// The nonce.
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The 32 bytes to sign.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.string_to_sign)
    }

    /// Signs with a private key.
    pub fn sign(self, key: &PrivateKey) -> SignedRequest {
        let digest = self.digest();
        SignedRequest::new(self, key.public_key(), digest, key.sign(&digest))
    }

    /// Takes a signature that an external signer made of [`digest`](Self::digest).
    ///
    /// It is verified first, so a wrong key, or a signer that hashes once more, is an error here
    /// and not a "sign error" of the gateway. A high `s` is replaced by the low one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignatureMismatch`] if the signature does not belong to this digest and key.
    pub fn with_signature(
        self,
        public_key: &PublicKey,
        signature: Signature,
    ) -> Result<SignedRequest, Error> {
        let digest = self.digest();
        public_key.verify(&digest, &signature, SignaturePolicy::AcceptHighS)?;
        Ok(SignedRequest::new(self, *public_key, digest, signature.with_low_s()))
    }

    /// Verifies a signature that came with this request, as a gateway does.
    ///
    /// # Errors
    ///
    /// As [`PublicKey::verify`].
    pub fn verify(
        &self,
        public_key: &PublicKey,
        signature: &Signature,
        policy: SignaturePolicy,
    ) -> Result<(), Error> {
        public_key.verify(&self.digest(), signature, policy)
    }
}

impl fmt::Debug for RequestToSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestToSign")
            .field("path", &self.path())
            .field("nonce", &self.nonce)
            .field("bytes", &self.string_to_sign.len())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A signed request: the headers and the body to send.
#[derive(Clone)]
pub struct SignedRequest {
    request: RequestToSign,
    digest: Digest,
    signature: Signature,
    headers: Headers,
}

impl SignedRequest {
    fn new(request: RequestToSign, public_key: PublicKey, digest: Digest, signature: Signature) -> Self {
        let headers = Headers {
            api_key: public_key.to_string(),
            nonce: request.nonce.to_string(),
            signature: signature.to_string(),
        };
        Self { request, digest, signature, headers }
    }

    /// The three headers.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The body, byte for byte what to send; empty for a request without a body.
    pub fn body(&self) -> &[u8] {
        self.request.body.as_bytes()
    }

    /// The path that was signed.
    pub fn path(&self) -> &str {
        self.request.path()
    }

    /// The text that was signed. It holds the values of the body: personal data, not for logs.
    pub fn string_to_sign(&self) -> &str {
        self.request.string_to_sign()
    }

    /// The digest that was signed.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The signature, with a low `s`.
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// The headers and the body, for sending.
    pub fn into_parts(self) -> (Headers, Vec<u8>) {
        (self.headers, self.request.body.into_bytes())
    }
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("request", &self.request)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// The three headers of a signed request. Their values are plain ASCII.
///
/// Any HTTP client takes names and values. Put into an [`http::HeaderMap`](https://docs.rs/http):
///
/// ```
/// use http::{HeaderMap, HeaderName, HeaderValue};
/// use tarspay_sign::{NonceSource, Parameters, PrivateKey, RequestToSign};
///
/// let nonce = NonceSource::new().next_nonce();
/// let request = RequestToSign::new("/api/balanceInfo", nonce, Parameters::none())?;
/// let signed = request.sign(&PrivateKey::generate()?);
///
/// let mut headers = HeaderMap::new();
/// for (name, value) in signed.headers().pairs() {
///     headers.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
/// }
/// assert_eq!(headers["x-api-nonce"], nonce.to_string());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    api_key: String,
    nonce: String,
    signature: String,
}

impl Headers {
    /// The value of [`API_KEY_HEADER`]: the public key, 66 lower-case hex digits.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The value of [`API_NONCE_HEADER`]: decimal milliseconds.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The value of [`API_SIGNATURE_HEADER`]: DER in lower-case hex.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// Names and values, for an HTTP client.
    pub fn pairs(&self) -> [(&'static str, &str); 3] {
        [
            (API_KEY_HEADER, &self.api_key),
            (API_NONCE_HEADER, &self.nonce),
            (API_SIGNATURE_HEADER, &self.signature),
        ]
    }
}

fn check_path(path: &str) -> Result<(), Error> {
    let invalid = |reason: String| Err(Error::new(ErrorKind::InvalidPath, reason));
    if !path.starts_with('/') {
        return invalid(
            "the path begins with a slash: /api/balanceInfo; leave scheme and host out".to_owned(),
        );
    }
    let is_odd = |&character: &char| !character.is_ascii_graphic() || matches!(character, '|' | '?' | '#');
    match path.chars().find(is_odd) {
        None => Ok(()),
        Some('?' | '#') => invalid("the path is signed alone: leave query and fragment out".to_owned()),
        Some(character) => {
            invalid(format!("the path holds {character:?}, which must not stand in a signed path"))
        }
    }
}
