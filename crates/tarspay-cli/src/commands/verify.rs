//! `tarspay verify`: is this signature valid, and if not, why.

use crate::args::{VerifyCallback, VerifyRequest};
use crate::failure::Failure;
use crate::{input, output};
use serde_json::json;
use tarspay::sign::{
    CallbackVerifier, Digest, Error, ErrorKind, Nonce, PublicKey, RequestToSign, Signature, SignaturePolicy,
    SignedForm,
};

pub(crate) fn request(args: &VerifyRequest) -> Result<(), Failure> {
    let key = input::public_key(&args.public_key)?;
    let string_to_sign = match &args.string_to_sign {
        Some(text) => text.clone(),
        None => string_to_sign(args)?,
    };
    let policy = if args.low_s { SignaturePolicy::RequireLowS } else { SignaturePolicy::AcceptHighS };
    let digest = Digest::of(&string_to_sign);
    let verdict =
        Signature::from_hex(&args.signature).and_then(|signature| key.verify(&digest, &signature, policy));
    match verdict {
        Ok(()) => valid(args.output.json, "made over this request with this key", None),
        Err(error) => {
            let seen = format!("\nstring to sign: {}\ndigest: {digest}", output::printable(&string_to_sign));
            invalid(args.output.json, &error, &seen)
        }
    }
}

fn string_to_sign(args: &VerifyRequest) -> Result<String, Failure> {
    // clap requires path and nonce.
    let (path, nonce) = (args.path.as_deref().unwrap_or_default(), args.nonce.as_deref().unwrap_or_default());
    let nonce: Nonce = nonce.parse().map_err(|error| Failure::unreadable("--nonce").caused_by(&error))?;
    let parameters = input::parameters(args.body.as_deref())?;
    RequestToSign::new(path, nonce, parameters)
        .map(|request| request.string_to_sign().to_owned())
        .map_err(|error| Failure::unreadable("--path").caused_by(&error))
}

pub(crate) fn callback(args: &VerifyCallback) -> Result<(), Failure> {
    let key = match &args.public_key {
        Some(text) => input::public_key(text)?,
        None => PublicKey::system(),
    };
    let verdict = match (&args.string_to_sign, &args.body) {
        // The signed text itself: there is nothing to put in order.
        (Some(text), _) => Signature::from_hex(&args.signature)
            .and_then(|signature| key.verify(&Digest::of(text), &signature, SignaturePolicy::AcceptHighS))
            .map(|()| SignedForm::AsReceived),
        (None, Some(path)) => {
            let body = input::bytes(path, "the body")?;
            CallbackVerifier::trusting(key).verify(Some(&args.signature), &body)
        }
        (None, None) => return Err(Failure::unreadable("give --body or --string-to-sign")),
    };
    match verdict {
        Ok(form) => {
            let form = match form {
                SignedForm::AsReceived => "over the bytes as received",
                _ => "over the members as ordered compact JSON",
            };
            valid(args.output.json, form, Some(form))
        }
        Err(error) if matches!(error.kind(), ErrorKind::InvalidBody | ErrorKind::BodyTooLarge) => {
            Err(Failure::unreadable("the body").caused_by(&error))
        }
        Err(error) => invalid(args.output.json, &error, ""),
    }
}

fn valid(as_json: bool, how: &str, form: Option<&str>) -> Result<(), Failure> {
    if !as_json {
        return output::line(&format!("valid: {how}"));
    }
    match form {
        Some(form) => output::json(&json!({ "valid": true, "signed": form })),
        None => output::json(&json!({ "valid": true })),
    }
}

fn invalid(as_json: bool, error: &Error, seen: &str) -> Result<(), Failure> {
    if as_json {
        output::json(&json!({ "valid": false, "reason": error.to_string() }))?;
    }
    Err(Failure::refused(format!("not valid: {error}{seen}")))
}
