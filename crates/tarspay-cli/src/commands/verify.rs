//! `tarspay verify`: is this signature valid, and if not, why.

use crate::failure::Failure;
use crate::input;
use crate::profile::ProfileName;
use crate::settings::system_key;
use crate::verdict::{self, SentRequest};
use clap::ArgGroup;
use std::path::PathBuf;
use tarspay::sign::{RequestToSign, SignaturePolicy};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verify {
    /// Verify the signature of a request
    #[command(
        after_help = "Examples:\n  tarspay verify request --path /api/balanceInfo --nonce 1704180814988 \\\n      \
                            --body body.json --public-key HEX --signature HEX\n  \
                            tarspay explain request pasted.txt      from a curl command or an HTTP dump"
    )]
    Request(Request),
    /// Verify the signature of a callback
    ///
    /// One system key signs for all merchants, so a valid signature does not say whose order it is:
    /// compare mchNo in the body with your own merchant number.
    #[command(after_help = "Examples:\n  tarspay verify callback --signature HEX --body callback.json")]
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
    /// Public key of the sender [env: TARSPAY_SYSTEM_PUBLIC_KEY] [default: the gateway's system key]
    #[arg(long, value_name = "HEX")]
    public_key: Option<String>,
    #[command(flatten)]
    profile: ProfileName,
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
    let explains = !args.no_explain;
    let mut sent = SentRequest {
        key: Some(input::public_key(&args.public_key)?),
        signature: input::signature(&args.signature).to_owned(),
        policy: if args.low_s { SignaturePolicy::RequireLowS } else { SignaturePolicy::AcceptHighS },
        ..SentRequest::default()
    };
    let (path, nonce) = match (&args.string_to_sign, &args.path, &args.nonce) {
        (Some(text), ..) => return sent.verdict_on(text, false, explains).say(false),
        (None, Some(path), Some(nonce)) => (path, nonce),
        _ => return Err(Failure::usage("give --path and --nonce, or --string-to-sign")),
    };
    let (nonce, body) = (input::nonce(nonce)?, input::body(args.body.as_deref())?);
    // What cannot be signed is wrong usage here.
    RequestToSign::new(path, nonce, input::parameters(&body)?)
        .map_err(|error| Failure::usage("--path").caused_by(&error))?;
    (sent.target, sent.nonce, sent.body) = (path.clone(), nonce.to_string(), body);
    sent.verdict(explains).say(false)
}

fn callback(args: &Callback) -> Result<(), Failure> {
    let (key, _) = system_key(args.public_key.as_deref(), &args.profile.load()?)?;
    let signature = input::signature(&args.signature);
    if let Some(text) = &args.string_to_sign {
        return verdict::of_callback_text(&key, signature, text).say(false);
    }
    let path = args.body.as_deref().ok_or_else(|| Failure::usage("give --body or --string-to-sign"))?;
    verdict::of_callback(&key, signature, &input::bytes(path, "the body")?, !args.no_explain)?.say(false)
}
