//! `tarspay sign`: every stage of a signed request.

use crate::failure::Failure;
use crate::settings::PrivateKeySource;
use crate::{input, output};
use clap::ArgGroup;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use tarspay::sign::{Nonce, NonceSource, RequestToSign, SignedRequest};

#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("what_is_sent").required(true).args(["body", "no_body"])))]
pub(crate) struct Sign {
    #[command(flatten)]
    key: PrivateKeySource,
    /// Path of the call, such as /api/balanceInfo
    #[arg(long)]
    path: String,
    /// Unix time in milliseconds [default: now]
    #[arg(long)]
    nonce: Option<String>,
    /// File with the JSON body, - for standard input
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The request has no body
    #[arg(long)]
    no_body: bool,
}

pub(crate) fn run(args: &Sign) -> Result<(), Failure> {
    let key = input::private_key(&args.key)?;
    let nonce: Nonce = match &args.nonce {
        Some(text) => input::nonce(text)?,
        None => NonceSource::new().next_nonce(),
    };
    let parameters = input::parameters(&input::body(args.body.as_deref())?)?;
    let signed = RequestToSign::new(&args.path, nonce, parameters)
        .map_err(|error| Failure::usage("--path").caused_by(&error))?
        .sign(&key);
    if output::is_json() { output::json(&as_json(&signed)) } else { as_text(&signed) }
}

fn as_json(signed: &SignedRequest) -> Value {
    let headers: Map<_, _> = signed
        .headers()
        .pairs()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .into_iter()
        .collect();
    json!({
        "string_to_sign": signed.string_to_sign(),
        "digest": signed.digest().to_string(),
        "signature": signed.signature().to_string(),
        "headers": headers,
        "body": body_text(signed),
    })
}

fn as_text(signed: &SignedRequest) -> Result<(), Failure> {
    let headers = signed.headers();
    let [key, nonce, signature] = headers.pairs();
    output::table(&[
        ("string to sign", signed.string_to_sign()),
        ("digest", &signed.digest().to_string()),
        key,
        nonce,
        signature,
        // Escaped as JSON, it can still be sent.
        ("body", &output::printable_json(&body_text(signed))),
    ])
}

/// The body is JSON, so it is UTF-8 and nothing is replaced.
fn body_text(signed: &SignedRequest) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(signed.body())
}
