//! `tarspay verify`: is this signature valid, and if not, why.

use crate::args::{VerifyCallback, VerifyRequest};
use crate::failure::{Failure, with_causes};
use crate::{input, output};
use serde_json::json;
use tarspay::sign::{
    CallbackVerifier, Digest, Error, ErrorKind, Nonce, PublicKey, RequestToSign, Signature, SignaturePolicy,
    SignedForm,
};
use tarspay_explain::{Explanation, FailedSignature, Outcome};

pub(crate) fn request(args: &VerifyRequest) -> Result<(), Failure> {
    let key = input::public_key(&args.public_key)?;
    let policy = if args.low_s { SignaturePolicy::RequireLowS } else { SignaturePolicy::AcceptHighS };
    // clap requires path and nonce, or the string to sign.
    let (path, nonce) = (args.path.as_deref().unwrap_or_default(), args.nonce.as_deref().unwrap_or_default());
    let (string_to_sign, body) = if let Some(text) = &args.string_to_sign {
        (text.clone(), None)
    } else {
        let body = input::body(args.body.as_deref())?;
        (string_to_sign(path, nonce, &body)?, Some(body))
    };
    let digest = Digest::of(&string_to_sign);
    let verdict =
        Signature::from_hex(&args.signature).and_then(|signature| key.verify(&digest, &signature, policy));
    let Err(error) = verdict else {
        return valid(args.output.json, "made over this request with this key", None);
    };
    let explanation = body.as_deref().filter(|_| !args.no_explain).map(|body| {
        FailedSignature::of_request(path, nonce, body)
            .key(&key)
            .signature(&args.signature)
            .signature_policy(policy)
            .explain()
    });
    let checked = [format!("string to sign: {string_to_sign}"), format!("digest: {digest}")];
    invalid(args.output.json, &error, &checked, explanation.as_ref())
}

fn string_to_sign(path: &str, nonce: &str, body: &[u8]) -> Result<String, Failure> {
    let nonce: Nonce = nonce.parse().map_err(|error| Failure::unreadable("--nonce").caused_by(&error))?;
    RequestToSign::new(path, nonce, input::parameters(body)?)
        .map(|request| request.string_to_sign().to_owned())
        .map_err(|error| Failure::unreadable("--path").caused_by(&error))
}

pub(crate) fn callback(args: &VerifyCallback) -> Result<(), Failure> {
    let key = match &args.public_key {
        Some(text) => input::public_key(text)?,
        None => PublicKey::system(),
    };
    let body = args.body.as_deref().map(|path| input::document(path, "the body")).transpose()?;
    let verdict = match (&args.string_to_sign, &body) {
        // The signed text itself: there is nothing to put in order.
        (Some(text), _) => Signature::from_hex(&args.signature)
            .and_then(|signature| key.verify(&Digest::of(text), &signature, SignaturePolicy::AcceptHighS))
            .map(|()| SignedForm::AsReceived),
        (None, Some(body)) => CallbackVerifier::trusting(key).verify(Some(&args.signature), body),
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
        Err(error) => {
            let explanation = body.as_deref().filter(|_| !args.no_explain).map(|body| {
                FailedSignature::of_callback(body)
                    .key(&key)
                    .known_key("the gateway's system key", &PublicKey::system())
                    .signature(&args.signature)
                    .explain()
            });
            invalid(args.output.json, &error, &[], explanation.as_ref())
        }
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

/// Says what was checked and, if it is known, why it fails. An explanation never accepts a signature.
fn invalid(
    as_json: bool,
    error: &Error,
    checked: &[String],
    explanation: Option<&Explanation>,
) -> Result<(), Failure> {
    let searched = |one: &&Explanation| matches!(one.outcome(), Outcome::Explained | Outcome::Unexplained);
    let explanation = explanation.filter(searched);
    let failure = Failure::refused("not valid").caused_by(error);
    if as_json {
        let mistakes = explanation.map(Explanation::mistakes).unwrap_or_default();
        output::json(&json!({
            "valid": false,
            "reason": with_causes(error),
            "mistakes": mistakes.iter().map(|mistake| mistake.name()).collect::<Vec<_>>(),
            "explanation": explanation.map(ToString::to_string),
        }))?;
    }
    let report = explanation.map(|one| one.report().to_string()).unwrap_or_default();
    Err(checked.iter().map(String::as_str).chain(report.lines()).fold(failure, Failure::detail))
}
