//! `tarspay verify`: is this signature valid, and if not, why.

use crate::failure::{Failure, with_causes};
use crate::{input, output};
use clap::ArgGroup;
use serde_json::json;
use std::path::PathBuf;
use tarspay::sign::{
    CallbackVerifier, Digest, Error, ErrorKind, PublicKey, RequestToSign, Signature, SignaturePolicy,
    SignedForm,
};
use tarspay_explain::{Explanation, FailedSignature, Outcome};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verify {
    /// Verify the signature of a request
    Request(Request),
    /// Verify the signature of a callback
    ///
    /// One system key signs for all merchants, so a valid signature does not say whose order it is:
    /// compare mchNo in the body with your own merchant number.
    Callback(Callback),
}

#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("what_was_sent").required(true).args(["body", "no_body", "string_to_sign"])))]
pub(crate) struct Request {
    /// Public key of the signer, 66 hex digits
    #[arg(long, value_name = "HEX")]
    public_key: String,
    /// Value of X-API-SIGNATURE
    #[arg(long, value_name = "HEX")]
    signature: String,
    /// Path of the call
    #[arg(long, required_unless_present = "string_to_sign")]
    path: Option<String>,
    /// Value of X-API-NONCE
    #[arg(long, required_unless_present = "string_to_sign")]
    nonce: Option<String>,
    /// File with the JSON body, - for standard input
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The request had no body
    #[arg(long)]
    no_body: bool,
    /// The signed text itself, in place of path, nonce and body
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["path", "nonce"])]
    string_to_sign: Option<String>,
    /// Refuse a signature with a high s
    #[arg(long)]
    low_s: bool,
    /// Do not look for the mistake behind a signature that is not valid
    #[arg(long)]
    no_explain: bool,
}

#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("what_was_sent").required(true).args(["body", "string_to_sign"])))]
pub(crate) struct Callback {
    /// Public key of the sender [default: the gateway's system key]
    #[arg(long, value_name = "HEX")]
    public_key: Option<String>,
    /// Value of X-RESP-SIGNATURE
    #[arg(long, value_name = "HEX")]
    signature: String,
    /// File with the body as it was received, - for standard input; a byte order mark or a line end
    /// that was not signed is left out
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The signed text itself, in place of the body
    #[arg(long, value_name = "TEXT")]
    string_to_sign: Option<String>,
    /// Do not look for the mistake behind a signature that is not valid
    #[arg(long)]
    no_explain: bool,
}

pub(crate) fn run(verify: &Verify) -> Result<(), Failure> {
    match verify {
        Verify::Request(args) => request(args),
        Verify::Callback(args) => callback(args),
    }
}

fn request(args: &Request) -> Result<(), Failure> {
    let key = input::public_key(&args.public_key)?;
    let policy = if args.low_s { SignaturePolicy::RequireLowS } else { SignaturePolicy::AcceptHighS };
    let signature = input::signature(&args.signature);
    let (string_to_sign, sent) = match (&args.string_to_sign, &args.path, &args.nonce) {
        (Some(text), ..) => (text.clone(), None),
        (None, Some(path), Some(nonce)) => {
            let (nonce, body) = (input::nonce(nonce)?, input::body(args.body.as_deref())?);
            let request = RequestToSign::new(path, nonce, input::parameters(&body)?)
                .map_err(|error| Failure::usage("--path").caused_by(&error))?;
            (request.string_to_sign().to_owned(), Some((path, nonce.to_string(), body)))
        }
        _ => return Err(Failure::usage("give --path and --nonce, or --string-to-sign")),
    };
    let digest = Digest::of(&string_to_sign);
    let verdict =
        Signature::from_hex(signature).and_then(|signature| key.verify(&digest, &signature, policy));
    let Err(error) = verdict else {
        return valid("made over this request with this key", None);
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
    invalid(&error, &checked, explanation.as_ref())
}

fn callback(args: &Callback) -> Result<(), Failure> {
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
            Ok(()) => valid(AS_RECEIVED, Some(AS_RECEIVED)),
            Err(error) => {
                let checked: Vec<_> = not_hex(signature).into_iter().collect();
                invalid(&error, &checked, None)
            }
        };
    }
    let path = args.body.as_deref().ok_or_else(|| Failure::usage("give --body or --string-to-sign"))?;
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
        return valid(AS_RECEIVED, Some(AS_RECEIVED));
    }
    let plain = input::plain(bytes.clone(), "the body")?;
    match verify(&plain) {
        Ok(SignedForm::AsReceived) => valid(AS_RECEIVED, Some(AS_RECEIVED)),
        Ok(_) => {
            let form = "over the members as ordered compact JSON";
            valid(form, Some(form))
        }
        Err(error) if matches!(error.kind(), ErrorKind::InvalidBody | ErrorKind::BodyTooLarge) => {
            Err(Failure::usage("the body").caused_by(&error))
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
            invalid(&error, &checked, explanation.as_ref())
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

fn valid(how: &str, form: Option<&str>) -> Result<(), Failure> {
    if !output::is_json() {
        return output::line(&format!("valid: {how}"));
    }
    match form {
        Some(form) => output::json(&json!({ "valid": true, "signed": form })),
        None => output::json(&json!({ "valid": true })),
    }
}

/// Says what was checked and, if it is known, why it fails. An explanation never accepts a signature.
fn invalid(error: &Error, checked: &[String], explanation: Option<&Explanation>) -> Result<(), Failure> {
    let searched = |one: &&Explanation| matches!(one.outcome(), Outcome::Explained | Outcome::Unexplained);
    let explanation = explanation.filter(searched);
    let failure = Failure::refused("not valid").caused_by(error);
    if output::is_json() {
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
