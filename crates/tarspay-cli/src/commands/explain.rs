//! `tarspay explain`: why a signature fails, from whatever somebody has of the request.

use crate::failure::Failure;
use crate::input;
use crate::pasted::{Form, Message, header, split_url};
use crate::verdict::{self, SentRequest};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use tarspay::sign::{
    API_KEY_HEADER, API_NONCE_HEADER, API_SIGNATURE_HEADER, CALLBACK_SIGNATURE_HEADER, Digest, PublicKey,
    SignaturePolicy,
};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Explain {
    /// Say what is wrong with a request's signature, and what to change
    ///
    /// Give what you have: a pasted curl command, a raw HTTP request, a HAR file or other JSON with
    /// headers, or each part as a flag. A flag replaces what was pasted. Nothing is sent.
    #[command(after_help = REQUEST_EXAMPLES)]
    Request(Request),
    /// Say what is wrong with a callback's signature, and what to change
    ///
    /// One system key signs for all merchants, so a valid signature does not say whose order it is:
    /// compare mchNo in the body with your own merchant number.
    #[command(after_help = CALLBACK_EXAMPLES)]
    Callback(Callback),
}

const REQUEST_EXAMPLES: &str = "\
Examples:
  tarspay explain request pasted.txt                  a curl command, an HTTP request or a HAR file
  tarspay explain request --path /api/balanceInfo --nonce 1704180814988 --body body.json \\
      --public-key HEX --signature HEX
  tarspay explain request --string-to-sign 'POST|/api/balanceInfo|1704180814988|mchNo=M1' \\
      --digest HEX                                    what my program computes, without any key";

const CALLBACK_EXAMPLES: &str = "\
Examples:
  tarspay explain callback pasted.txt                 an HTTP request with X-RESP-SIGNATURE, or a HAR file
  tarspay explain callback --signature HEX --body body.json
  tarspay explain callback --signature HEX --body body.json --public-key HEX    one of a sandbox";

/// What was pasted.
#[derive(Debug, clap::Args)]
struct Pasted {
    /// File with a curl command, a raw HTTP request, or a HAR file or other JSON; - for standard
    /// input [default: standard input, if it is not a terminal and no part is given]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The same, and it is a curl command
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    curl: Option<PathBuf>,
    /// The same, and it is a raw HTTP request
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "curl"])]
    http: Option<PathBuf>,
    /// A header as it was sent, such as 'X-API-NONCE: 1704180814988'; repeatable
    #[arg(long = "header", short = 'H', value_name = "HEADER")]
    headers: Vec<String>,
    /// File with the body as it was sent, - for standard input
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
}

impl Pasted {
    /// The request; a body that has its own flag replaces the pasted one. If nothing else was given,
    /// it is what comes from a pipe.
    fn read(&self, is_given_otherwise: bool) -> Result<(Message, bool), Failure> {
        let (path, form) = match self {
            Self { curl: Some(path), .. } => (Some(path.as_path()), Some(Form::Curl)),
            Self { http: Some(path), .. } => (Some(path.as_path()), Some(Form::Http)),
            _ => (self.file.as_deref(), None),
        };
        let is_given = is_given_otherwise || !self.headers.is_empty() || self.body.is_some();
        let is_pipe = path.is_none() && !is_given && !std::io::stdin().is_terminal();
        let path = path.or(is_pipe.then_some(Path::new("-")));
        let pasted = path.map(|path| input::document(path, "what was pasted")).transpose()?;
        let pasted = pasted.filter(|text| !is_pipe || !text.trim_ascii().is_empty());
        let mut message = match &pasted {
            Some(text) => Message::read(text, form, self.body.is_none())?,
            None => Message::default(),
        };
        for given in &self.headers {
            let (name, value) = header(given)
                .ok_or_else(|| Failure::usage("--header is not a header; write 'Name: value'"))?;
            message.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
            message.headers.push((name, value));
        }
        if let Some(body) = &self.body {
            message.body = input::bytes(body, "the body")?;
            message.notes.retain(|note| !note.contains("--body FILE"));
        }
        Ok((message, pasted.is_some()))
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Request {
    #[command(flatten)]
    pasted: Pasted,
    /// The request had no body
    #[arg(long, conflicts_with = "body")]
    no_body: bool,
    /// Public key of the signer, 66 hex digits [default: X-API-KEY]
    #[arg(long, value_name = "HEX")]
    public_key: Option<String>,
    /// The signature [default: X-API-SIGNATURE]
    #[arg(long, value_name = "HEX")]
    signature: Option<String>,
    /// The digest that your program signs, in place of key and signature
    #[arg(long, value_name = "HEX", conflicts_with_all = ["signature", "public_key"])]
    digest: Option<String>,
    /// Path of the call, or its URL
    #[arg(long)]
    path: Option<String>,
    /// The nonce [default: X-API-NONCE]
    #[arg(long)]
    nonce: Option<String>,
    /// The text that your program signs: it is compared with the right one
    #[arg(long, visible_alias = "string", value_name = "TEXT")]
    string_to_sign: Option<String>,
    /// Refuse a signature with a high s
    #[arg(long)]
    low_s: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Callback {
    #[command(flatten)]
    pasted: Pasted,
    /// Public key of the sender [default: the gateway's system key]
    #[arg(long, value_name = "HEX")]
    public_key: Option<String>,
    /// The signature [default: X-RESP-SIGNATURE]
    #[arg(long, value_name = "HEX")]
    signature: Option<String>,
}

pub(crate) fn run(explain: Explain) -> Result<(), Failure> {
    match explain {
        Explain::Request(args) => request(args),
        Explain::Callback(args) => callback(&args),
    }
}

fn request(args: Request) -> Result<(), Failure> {
    let is_given = args.path.is_some() || args.nonce.is_some() || args.string_to_sign.is_some();
    let (mut message, is_pasted) = args.pasted.read(is_given || args.no_body)?;
    let is_given = is_pasted || !message.headers.is_empty();
    if let Some(path) = &args.path {
        let (host, target) = if path.contains("://") { split_url(path) } else { ("", path.as_str()) };
        message.host = Some(host.to_owned()).filter(|host| !host.is_empty()).or(message.host);
        target.clone_into(&mut message.target);
    }
    let signs = args.digest.is_none();
    // A text alone stands for the request.
    let whole = args.string_to_sign.is_none() || is_given || args.path.is_some();
    let header = |name: &str| message.header(name).map(str::to_owned);
    let sent_key = header(API_KEY_HEADER).and_then(|text| text.parse().ok());
    let key = args.public_key.or_else(|| header(API_KEY_HEADER));
    let nonce = args.nonce.map(|text| input::bare(&text).to_owned()).or_else(|| header(API_NONCE_HEADER));
    let signature = args.signature.map(|text| input::signature(&text).to_owned());
    let signature = signature.or_else(|| header(API_SIGNATURE_HEADER));
    let lacking = [
        (whole && message.target.is_empty(), "--path PATH"),
        (whole && nonce.is_none() && !is_given, "--nonce NONCE"),
        (signs && signature.is_none() && !is_given, "--signature HEX (or --digest HEX)"),
        (whole && !is_pasted && args.pasted.body.is_none() && !args.no_body, "--body FILE or --no-body"),
    ];
    let lacking: Vec<_> = lacking.into_iter().filter_map(|(lacks, flag)| lacks.then_some(flag)).collect();
    if !lacking.is_empty() {
        let reason = format!("not enough is given: add {}", lacking.join(" and "));
        return Err(Failure::usage(reason).detail(
            "Or give a FILE with the request, - for standard input: a curl command, raw HTTP or HAR.",
        ));
    }
    let mut notes = std::mem::take(&mut message.notes);
    for (name, is_missing) in [
        (API_KEY_HEADER, signs && key.is_none()),
        (API_NONCE_HEADER, whole && nonce.is_none()),
        (API_SIGNATURE_HEADER, signs && signature.is_none()),
    ] {
        if is_missing {
            let names = message.headers.iter().map(|(given, _)| given.as_str());
            let similar = names.filter(|given| given.to_lowercase().replace('_', "-").starts_with("x-api"));
            let similar = similar.collect::<Vec<_>>().join(", ");
            notes.push(format!("the header {name} is missing; given: {similar}"));
        }
    }
    let key = key.map(|text| text.parse::<PublicKey>());
    if let Some(Err(error)) = &key {
        notes.push(format!("the public key cannot be read: {error}"));
    }
    let kind = message.header("content-type").filter(|kind| !kind.contains("json"));
    notes.extend(kind.map(|kind| format!("Content-Type is {kind}; send application/json;charset=utf-8")));
    let sent = SentRequest {
        target: message.target,
        nonce: nonce.unwrap_or_default(),
        body: if args.no_body { Vec::new() } else { message.body },
        hosts: message.host.into_iter().collect(),
        key: key.and_then(Result::ok),
        sent_key,
        signature: signature.unwrap_or_default(),
        policy: if args.low_s { SignaturePolicy::RequireLowS } else { SignaturePolicy::AcceptHighS },
    };
    let sent = match &args.digest {
        Some(text) => sent.with_digest(&digest(text)?)?,
        None => sent,
    };
    let mut verdict = match &args.string_to_sign {
        Some(text) if !whole => sent.verdict_on(text, true, true),
        _ => sent.verdict(true),
    };
    verdict.own = args.string_to_sign.or(verdict.own);
    verdict.notes.splice(0..0, notes);
    if args.digest.is_some() { verdict.on_digest().say(true) } else { verdict.say(true) }
}

fn digest(text: &str) -> Result<Digest, Failure> {
    Digest::from_hex(input::signature(text)).map_err(|error| Failure::usage("--digest").caused_by(&error))
}

fn callback(args: &Callback) -> Result<(), Failure> {
    let (message, is_pasted) = args.pasted.read(false)?;
    if !is_pasted && args.pasted.body.is_none() {
        return Err(Failure::usage(
            "not enough is given: add --body FILE, or a FILE with the callback as raw HTTP or HAR",
        ));
    }
    let key = match &args.public_key {
        Some(text) => input::public_key(text)?,
        None => PublicKey::system(),
    };
    let flag = args.signature.as_deref().map(input::signature);
    let signature = flag.or_else(|| message.header(CALLBACK_SIGNATURE_HEADER)).ok_or_else(|| {
        Failure::refused(format!("not valid: the header {CALLBACK_SIGNATURE_HEADER} is missing"))
            .detail("An unsigned callback is never trusted. If you have the signature, give --signature HEX.")
    })?;
    let mut verdict = verdict::of_callback(&key, signature, &message.body, true)?;
    verdict.notes.extend(message.notes);
    verdict.say(true)
}
