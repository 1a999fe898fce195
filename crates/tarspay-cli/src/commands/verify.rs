//! `tarspay verify`: is this signature valid, and if not, why.

use crate::args::{VerifyCallback, VerifyRequest};
use crate::failure::{Failure, with_causes};
use crate::{input, output};
use serde_json::json;
use tarspay::sign::{
    CallbackVerifier, Digest, Error, ErrorKind, PublicKey, RequestToSign, Signature, SignaturePolicy,
    SignedForm,
};
use tarspay_explain::{Explanation, FailedSignature, Outcome};

pub(crate) fn request(args: &VerifyRequest) -> Result<(), Failure> {
    let key = input::public_key(&args.public_key)?;
    let policy = if args.low_s { SignaturePolicy::RequireLowS } else { SignaturePolicy::AcceptHighS };
    let signature = input::signature(&args.signature);
    let (string_to_sign, sent) = match (&args.string_to_sign, &args.path, &args.nonce) {
        (Some(text), ..) => (text.clone(), None),
        (None, Some(path), Some(nonce)) => {
            let (nonce, body) = (input::nonce(nonce)?, input::body(args.body.as_deref())?);
            let request = RequestToSign::new(path, nonce, input::parameters(&body)?)
                .map_err(|error| Failure::unreadable("--path").caused_by(&error))?;
            (request.string_to_sign().to_owned(), Some((path, nonce.to_string(), body)))
        }
        _ => return Err(Failure::unreadable("give --path and --nonce, or --string-to-sign")),
    };
    let digest = Digest::of(&string_to_sign);
    let verdict =
        Signature::from_hex(signature).and_then(|signature| key.verify(&digest, &signature, policy));
    let Err(error) = verdict else {
        return valid(args.output.json, "made over this request with this key", None);
    };
    let explanation = sent.as_ref().filter(|_| !args.no_explain).map(|(path, nonce, body)| {
        FailedSignature::of_request(path, nonce, body)
            .key(&key)
            .signature(signature)
            .signature_policy(policy)
            .explain()
    });
    let mut checked = vec![format!("string to sign: {string_to_sign}"), format!("digest: {digest}")];
    checked.extend(not_hex(signature));
    invalid(args.output.json, &error, &checked, explanation.as_ref())
}

pub(crate) fn callback(args: &VerifyCallback) -> Result<(), Failure> {
    let key = match &args.public_key {
        Some(text) => input::public_key(text)?,
        None => PublicKey::system(),
    };
    let signature = input::signature(&args.signature);
    if let Some(text) = &args.string_to_sign {
        // The signed text itself: there is nothing to put in order.
        let verdict = Signature::from_hex(signature)
            .and_then(|signature| key.verify(&Digest::of(text), &signature, SignaturePolicy::AcceptHighS));
        return match verdict {
            Ok(()) => valid(args.output.json, AS_RECEIVED, Some(AS_RECEIVED)),
            Err(error) => {
                let checked: Vec<_> = not_hex(signature).into_iter().collect();
                invalid(args.output.json, &error, &checked, None)
            }
        };
    }
    let path = args.body.as_deref().ok_or_else(|| Failure::unreadable("give --body or --string-to-sign"))?;
    let bytes = input::bytes(path, "the body")?;
    let verifier = CallbackVerifier::trusting(key);
    // Editors add a byte order mark and a line end, but a receiver may have them in its body too.
    let verify = |body: &[u8]| {
        let verdict = verifier.verify(Some(signature), body);
        let shorter = without_line_end(body).filter(|_| verdict.is_err());
        let shorter = shorter.map(|body| verifier.verify(Some(signature), body));
        if let Some(Ok(SignedForm::AsReceived)) = shorter {
            output::message("tarspay: the body ends in a line end that was not signed, which is left out");
            return Ok(SignedForm::AsReceived);
        }
        verdict
    };
    if matches!(verify(&bytes), Ok(SignedForm::AsReceived)) {
        return valid(args.output.json, AS_RECEIVED, Some(AS_RECEIVED));
    }
    let plain = input::plain(bytes.clone(), "the body")?;
    match verify(&plain) {
        Ok(SignedForm::AsReceived) => valid(args.output.json, AS_RECEIVED, Some(AS_RECEIVED)),
        Ok(_) => {
            let form = "over the members as ordered compact JSON";
            valid(args.output.json, form, Some(form))
        }
        Err(error) if matches!(error.kind(), ErrorKind::InvalidBody | ErrorKind::BodyTooLarge) => {
            Err(Failure::unreadable("the body").caused_by(&error))
        }
        Err(error) => {
            let explain = |body: &[u8]| {
                FailedSignature::of_callback(body)
                    .key(&key)
                    .known_key("the gateway's system key", &PublicKey::system())
                    .signature(signature)
                    .explain()
            };
            let mut bodies = vec![&bytes[..], &plain];
            bodies.extend([&bytes, &plain].into_iter().filter_map(|body| without_line_end(body)));
            bodies.dedup();
            let explanation = (!args.no_explain).then(|| simplest(bodies.into_iter().map(explain))).flatten();
            let checked: Vec<_> = not_hex(signature).into_iter().collect();
            invalid(args.output.json, &error, &checked, explanation.as_ref())
        }
    }
}

const AS_RECEIVED: &str = "over the bytes as received";

/// The place of the first character of a signature that is not a hex digit.
fn not_hex(signature: &str) -> Option<String> {
    let at = signature.chars().position(|character| !character.is_ascii_hexdigit())?;
    Some(format!("--signature: character {} is not a hex digit", at + 1))
}

fn without_line_end(body: &[u8]) -> Option<&[u8]> {
    body.strip_suffix(b"\r\n").or_else(|| body.strip_suffix(b"\n"))
}

/// The explanation with the fewest mistakes, the earlier one of two.
fn simplest(explanations: impl Iterator<Item = Explanation>) -> Option<Explanation> {
    explanations.min_by_key(|one| (one.outcome() != Outcome::Explained, one.mistakes().len()))
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
