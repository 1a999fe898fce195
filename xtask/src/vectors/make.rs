//! The suite, made from its cases: what tarspay signs, reads, accepts and refuses.

use super::suite::{
    About, Callback, Case, Cases, Defaults, Headers, Key, KeyKind, RefusedRequest, Request, SignatureCase,
    Suite,
};
use crate::shell::Failure;
use tarspay_sign::{
    CallbackText, CallbackVerifier, Digest, Error, ErrorKind, Nonce, Parameters, PrivateKey, PublicKey,
    RequestToSign, Signature, SignaturePolicy, SignedForm,
};

const ABOUT: &str = "Conformance suite for implementations of TarsPay's signatures in any language; see README.md and \
    conformance.schema.json beside this file. The keys are published: never use them.";

/// The text of `conformance.json`, made from that of `cases.toml`.
pub(crate) fn suite(cases: &str) -> Result<String, Failure> {
    let cases: Cases = toml::from_str(cases).map_err(|error| Failure::to("read the cases", error))?;
    let suite = Suite {
        about: ABOUT,
        version: 1,
        keys: all(&cases.keys, &cases.defaults, key)?,
        requests: all(&cases.requests, &cases.defaults, request)?,
        refused_requests: all(&cases.refused_requests, &cases.defaults, refused)?,
        signatures: all(&cases.signatures, &cases.defaults, signature)?,
        callbacks: all(&cases.callbacks, &cases.defaults, callback)?,
    };
    let text = serde_json::to_string_pretty(&suite);
    Ok(text.map_err(|error| Failure::to("write the suite", error))? + "\n")
}

type Make<T> = fn(&Case, &Defaults) -> Result<T, Failure>;

fn all<T>(cases: &[Case], defaults: &Defaults, make: Make<T>) -> Result<Vec<T>, Failure> {
    let one = |case| {
        make(case, defaults).map_err(|failure| Failure::to(&format!("make the case {}", case.id), failure))
    };
    cases.iter().map(one).collect()
}

fn key(case: &Case, _: &Defaults) -> Result<Key, Failure> {
    let (Some(kind), Some(text)) = (case.kind, case.text.clone()) else {
        return Err(Failure::new("a key has a kind and a text"));
    };
    let read = match kind {
        KeyKind::Private => PrivateKey::from_hex(&text).map(|key| key.public_key()),
        KeyKind::Public => PublicKey::from_hex(&text),
    };
    let (public_key, refused_as) = match read {
        Ok(key) => (Some(key.to_string()), None),
        Err(error) => (None, Some(refusal(&error))),
    };
    Ok(Key { about: case.about(), kind, text, valid: public_key.is_some(), public_key, refused_as })
}

fn request(case: &Case, defaults: &Defaults) -> Result<Request, Failure> {
    let (path, nonce) = (case.path(defaults), case.nonce(defaults));
    let body = case.body.as_ref().map(String::as_bytes);
    let (parameters, request) = request_to_sign(&path, &nonce, body)?;
    let signed = request.sign(&PrivateKey::from_hex(&defaults.merchant)?);
    let headers = signed.headers();
    Ok(Request {
        about: case.about(),
        path,
        nonce,
        body: case.body.clone(),
        private_key: defaults.merchant.clone(),
        public_key: headers.api_key().to_owned(),
        params: parameters,
        string_to_sign: signed.string_to_sign().to_owned(),
        digest: signed.digest().to_string(),
        signature: headers.signature().to_owned(),
        headers: Headers {
            key: headers.api_key().to_owned(),
            nonce: headers.nonce().to_owned(),
            signature: headers.signature().to_owned(),
        },
        // The body is made of JSON text.
        sent_body: String::from_utf8_lossy(signed.body()).into_owned(),
    })
}

fn refused(case: &Case, defaults: &Defaults) -> Result<RefusedRequest, Failure> {
    let (path, nonce, body) = (case.path(defaults), case.nonce(defaults), case.body()?);
    let Err(error) = request_to_sign(&path, &nonce, Some(&body)) else {
        return Err(Failure::new("it is signed, and not refused"));
    };
    Ok(RefusedRequest {
        about: case.about(),
        path,
        nonce,
        body_hex: hex::encode(&body),
        body: String::from_utf8(body).ok(),
        refused_as: refusal(&error),
        member: error.field().map(str::to_owned),
    })
}

/// The parameters as text, and the request.
fn request_to_sign(path: &str, nonce: &str, body: Option<&[u8]>) -> Result<(String, RequestToSign), Error> {
    let nonce: Nonce = nonce.parse()?;
    let parameters = body.map_or_else(|| Ok(Parameters::none()), Parameters::from_json)?;
    let text = parameters.as_str().to_owned();
    Ok((text, RequestToSign::new(path, nonce, parameters)?))
}

fn signature(case: &Case, defaults: &Defaults) -> Result<SignatureCase, Failure> {
    let key = case.key(&defaults.merchant)?;
    let digest = match &case.digest {
        Some(digits) => Digest::from_hex(digits)?,
        None => Digest::of(case.signed.as_ref().unwrap_or(&defaults.signed)),
    };
    let Some(signature) = case.signature.clone() else { return Err(Failure::new("it has no signature")) };
    let read = Signature::from_hex(&signature);
    let high_s = read.as_ref().ok().map(Signature::is_high_s);
    let verdict = read.and_then(|read| key.verify(&digest, &read, SignaturePolicy::AcceptHighS));
    Ok(SignatureCase {
        about: case.about(),
        public_key: key.to_string(),
        digest: digest.to_string(),
        signature,
        valid: verdict.is_ok(),
        high_s,
        refused_as: verdict.err().as_ref().map(refusal),
    })
}

fn callback(case: &Case, defaults: &Defaults) -> Result<Callback, Failure> {
    let (key, body) = (case.key(&defaults.gateway)?, case.body()?);
    let max_bytes = case.max_bytes.unwrap_or(defaults.max_bytes);
    let gateway = PrivateKey::from_hex(&defaults.gateway)?;
    let signed = bytes(case.signed.as_ref(), case.signed_hex.as_ref())?;
    let signature = match signed {
        Some(text) => Some(gateway.sign(&Digest::of(text)).to_string()),
        None => case.signature.clone(),
    };
    let verdict = CallbackVerifier::trusting(key).max_bytes(max_bytes).verify(signature.as_deref(), &body);
    let ordered = CallbackText::from_json(&body).ok();
    let (form, digest) = match verdict {
        Ok(SignedForm::AsReceived) => (Some("as_received"), Some(Digest::of(&body))),
        Ok(_) => (Some("ordered"), ordered.as_ref().map(CallbackText::digest)),
        Err(_) => (None, None),
    };
    Ok(Callback {
        about: case.about(),
        public_key: key.to_string(),
        signature,
        body_hex: hex::encode(&body),
        body: String::from_utf8(body).ok(),
        max_bytes,
        valid: verdict.is_ok(),
        form,
        ordered: ordered.map(|text| text.as_str().to_owned()),
        digest: digest.map(|digest| digest.to_string()),
        refused_as: verdict.err().as_ref().map(refusal),
    })
}

impl Case {
    fn about(&self) -> About {
        let Self { id, rule, basis, comment, .. } = self;
        About { id: id.clone(), rule: rule.clone(), basis: *basis, comment: comment.clone() }
    }

    fn path(&self, defaults: &Defaults) -> String {
        self.path.as_ref().unwrap_or(&defaults.path).clone()
    }

    fn nonce(&self, defaults: &Defaults) -> String {
        self.nonce.as_ref().unwrap_or(&defaults.nonce).clone()
    }

    /// The key of the case, or the public one of a private key.
    fn key(&self, private: &str) -> Result<PublicKey, Error> {
        match &self.public_key {
            Some(text) => PublicKey::from_hex(text),
            None => PrivateKey::from_hex(private).map(|key| key.public_key()),
        }
    }

    fn body(&self) -> Result<Vec<u8>, Failure> {
        bytes(self.body.as_ref(), self.body_hex.as_ref())?.ok_or_else(|| Failure::new("it has no body"))
    }
}

/// Bytes given as text or in hex.
fn bytes(text: Option<&String>, in_hex: Option<&String>) -> Result<Option<Vec<u8>>, Failure> {
    match (text, in_hex) {
        (Some(text), _) => Ok(Some(text.clone().into_bytes())),
        (None, Some(digits)) => hex::decode(digits).map(Some).map_err(|error| Failure::to("read hex", error)),
        (None, None) => Ok(None),
    }
}

/// The word for a refusal in the suite.
fn refusal(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::InvalidPrivateKey => "invalid_private_key",
        ErrorKind::InvalidPublicKey => "invalid_public_key",
        ErrorKind::InvalidNonce => "invalid_nonce",
        ErrorKind::InvalidPath => "invalid_path",
        ErrorKind::InvalidBody => "invalid_body",
        ErrorKind::UnsupportedValue => "unsupported_value",
        ErrorKind::MissingSignature => "missing",
        ErrorKind::MalformedSignature => "malformed",
        ErrorKind::SignatureMismatch => "mismatch",
        ErrorKind::BodyTooLarge => "too_large",
        // The schema knows no such word, so a case that comes here is found.
        _ => "unknown",
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.to_string())
    }
}
