//! `tarspay callback`: signed test callbacks (webhooks), and past ones again.

use super::sandbox::{self, Control};
use crate::callback_log::{self, Entry};
use crate::commands::completions;
use crate::failure::Failure;
use crate::output;
use crate::receiver::Receiver;
use crate::settings::{Merchant, no_merchant_no};
use serde_json::{Value, json};
use std::path::PathBuf;
use tarspay::sign::{CallbackText, PrivateKey, PublicKey};
use tarspay::types::{BizType, Decode as _, Direction, Members, OrderState};

const SEND_EXAMPLES: &str = "\
Examples:
  tarspay callback send --state 2 --to http://127.0.0.1:3000/notify     # a running sandbox signs
  tarspay keygen --out test.key
  tarspay callback send --merchant-id M1 --state success --key-file test.key --to http://127.0.0.1:3000/notify
  tarspay callback send --state 9 --paid 40 --set currency=KES --sandbox http://127.0.0.1:8080 --to …";

const REPLAY_EXAMPLES: &str = "\
Examples:
  tarspay callback replay 3 --log callbacks.jsonl --to http://127.0.0.1:3000/notify
  tarspay callback replay 3 --log callbacks.jsonl --set state=3 --key-file test.key --to …
  tarspay callback replay 1 --sandbox http://127.0.0.1:8080        # where it went before";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Callback {
    /// Make a callback, sign it with a test key, and post it
    #[command(after_help = SEND_EXAMPLES)]
    Send(Send),
    /// Post a past callback again, as it was or edited
    ///
    /// Without --set it keeps its signature. An edited one is signed with a test key.
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(Replay),
}

/// What signs, and where the callback goes.
#[derive(Debug, clap::Args)]
struct Delivery {
    /// File with the test key that signs, 64 hex digits; tarspay keygen --out FILE makes one
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Let this running sandbox sign, by its name or URL: its receivers trust it already [default:
    /// the newest of this user]
    #[arg(long, value_name = "NAME|URL", conflicts_with = "key_file")]
    sandbox: Option<String>,
    /// Set a member of the body; repeatable. The value is a text, or a number for state and bizType;
    /// member:=JSON takes any JSON
    #[arg(long = "set", value_name = "MEMBER=VALUE")]
    set: Vec<String>,
    /// Allow --to another machine
    #[arg(long, requires = "to")]
    to_network: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Send {
    #[command(flatten)]
    delivery: Delivery,
    /// Receiver, a URL of this machine
    #[arg(long, value_name = "URL")]
    to: String,
    /// success, failed, partly-paid, refunded, timed-out, rejected, processing, or a number
    #[arg(long, value_parser = state, add = completions::names(STATES))]
    state: OrderState,
    #[command(flatten)]
    merchant: Merchant,
    /// deposit or withdrawal
    #[arg(long, value_name = "KIND", default_value = "deposit")]
    direction: Direction,
    /// Your number of the order
    #[arg(long, value_name = "NUMBER", default_value = "TEST-1")]
    order_no: String,
    /// The gateway's number of the order [default: P- and --order-no]
    #[arg(long, value_name = "NUMBER")]
    pay_order_no: Option<String>,
    /// Amount asked for
    #[arg(long, default_value = "100")]
    amount: String,
    /// Amount paid [default: --amount if the state is success, else 0]
    #[arg(long, value_name = "AMOUNT")]
    paid: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    /// Number of the callback, as listen or the sandbox shows it
    id: u64,
    #[command(flatten)]
    delivery: Delivery,
    /// The file of tarspay listen --log [default: the callbacks of --sandbox]
    #[arg(long, value_name = "FILE", requires = "to")]
    log: Option<PathBuf>,
    /// Receiver, a URL of this machine [default: where the sandbox sent it]
    #[arg(long, value_name = "URL")]
    to: Option<String>,
}

pub(crate) async fn run(callback: Callback) -> Result<(), Failure> {
    match callback {
        Callback::Send(args) => send(args).await,
        Callback::Replay(args) => replay(args).await,
    }
}

async fn send(args: Send) -> Result<(), Failure> {
    let (merchant_no, _) = args.merchant.find()?;
    let key = args.delivery.test_key().await?;
    let merchant_no = match (merchant_no, &key) {
        (Some(merchant_no), _) => merchant_no.to_string(),
        (None, TestKey::OfSandbox { merchant_no: Some(merchant_no), .. }) => merchant_no.clone(),
        (None, _) => return Err(no_merchant_no()),
    };
    let pay_order_no = args.pay_order_no.unwrap_or_else(|| format!("P-{}", args.order_no));
    let paid = args.paid.unwrap_or_else(|| {
        if args.state == OrderState::SUCCESS { args.amount.clone() } else { "0".to_owned() }
    });
    let body = json!({
        "bizType": BizType::from(args.direction),
        "currency": "KES", "fee": "0", "mchNo": merchant_no, "mchOrderNo": args.order_no,
        "orderAmount": args.amount, "payAmount": paid, "payOrderId": pay_order_no,
        "state": args.state.code(),
    });
    let signed = args.delivery.sign(key, body.to_string().as_bytes()).await?;
    args.delivery.post(&args.to, signed).await
}

async fn replay(args: Replay) -> Result<(), Failure> {
    let delivery = &args.delivery;
    let signs = delivery.sandbox.is_some() || delivery.key_file.is_some();
    if args.log.is_some() && delivery.set.is_empty() && signs {
        let reason = "a callback of --log keeps its signature without --set, so nothing is signed";
        return Err(
            Failure::usage(reason).detail("Leave out --sandbox or --key-file, or edit it with --set.")
        );
    }
    let (signed, went_to) = if let Some(path) = &args.log {
        let Entry { signature, body, .. } = callback_log::find(path, args.id)?;
        let signed = if delivery.set.is_empty() {
            Signed { public_key: None, signature, body }
        } else {
            delivery.sign(delivery.test_key().await?, &body).await?
        };
        (signed, None)
    } else {
        let (mut control, _) = sandbox::control(delivery.sandbox.as_deref()).await.map_err(|failure| {
            failure.detail("For a callback of tarspay listen give --log FILE and --to URL.")
        })?;
        let found = control.get(&format!("callbacks/{}", args.id), &[]).await;
        let callback = found.map_err(|failure| failure.detail("`tarspay sandbox callbacks` lists them."))?;
        let body = callback["body"].as_str().unwrap_or_default().to_owned().into_bytes();
        // The sandbox signs each attempt again, so this is what it would send.
        let key = match delivery.key_file {
            Some(_) => delivery.test_key().await?,
            None => TestKey::OfSandbox { control, merchant_no: None },
        };
        (delivery.sign(key, &body).await?, callback["url"].as_str().map(ToOwned::to_owned))
    };
    let to = args.to.clone().or(went_to).ok_or_else(|| Failure::usage("give --to URL"))?;
    delivery.post(&to, signed).await
}

/// What signs a test callback.
enum TestKey {
    OfFile(PrivateKey),
    OfSandbox { control: Control, merchant_no: Option<String> },
}

struct Signed {
    /// `None` if the signature is that of the past callback.
    public_key: Option<String>,
    signature: String,
    body: Vec<u8>,
}

impl Delivery {
    /// The test key, or else a running sandbox.
    async fn test_key(&self) -> Result<TestKey, Failure> {
        let Some(path) = &self.key_file else {
            let found = sandbox::control(self.sandbox.as_deref()).await;
            let (control, merchant_no) =
                found.map_err(|failure| match (&self.sandbox, failure.kind()) {
                    (None, "not_running") => Failure::usage(
                        "no test key, and no sandbox runs that could sign: give --key-file FILE",
                    )
                    .detail("tarspay keygen --out test.key makes one. The gateway's own key is not known."),
                    _ => failure,
                })?;
            return Ok(TestKey::OfSandbox { control, merchant_no });
        };
        let key =
            PrivateKey::from_file(path).map_err(|error| Failure::usage("--key-file").caused_by(&error))?;
        if key.public_key() == PublicKey::system() {
            return Err(Failure::usage("this is the gateway's own key, which receivers in production trust"));
        }
        Ok(TestKey::OfFile(key))
    }

    /// Edits a body and signs it as the gateway does.
    async fn sign(&self, key: TestKey, body: &[u8]) -> Result<Signed, Failure> {
        let unusable =
            |error: &dyn std::error::Error| Failure::usage("the callback cannot be signed").caused_by(error);
        let mut members = Members::from_slice(body).map_err(|error| unusable(&error))?;
        for setting in &self.set {
            let (name, value) = member(setting)?;
            members.insert(name, &value).map_err(|error| unusable(&error))?;
        }
        let text = CallbackText::from_value(&members).map_err(|error| unusable(&error))?;
        let body = text.as_str().to_owned().into_bytes();
        let (public_key, signature) = match key {
            TestKey::OfFile(key) => (key.public_key().to_string(), text.sign(&key).to_string()),
            TestKey::OfSandbox { mut control, .. } => {
                let made = control.post("callbacks/sign", &json!({ "body": text.as_str() })).await?;
                let health = control.get("health", &[]).await?;
                let member = |from: &Value, name| from[name].as_str().unwrap_or_default().to_owned();
                (member(&health, "system_public_key"), member(&made, "signature"))
            }
        };
        Ok(Signed { public_key: Some(public_key), signature, body })
    }

    async fn post(&self, to: &str, signed: Signed) -> Result<(), Failure> {
        let receiver = Receiver::new(to, self.to_network, "--to-network")?;
        let Signed { public_key, signature, body } = signed;
        let text = String::from_utf8_lossy(&body).into_owned();
        let reply = receiver.post(&signature, "application/json;charset=utf-8", body).await;
        if output::is_json() {
            let mut result = reply.as_json();
            result["system_public_key"] = public_key.into();
            result["signature"] = signature.into();
            result["body"] = text.into();
            output::json(&result)?;
        } else {
            let trust = public_key.map(|key| format!("TARSPAY_SYSTEM_PUBLIC_KEY={key}"));
            output::table(&[
                ("receiver trusts", trust.as_deref().unwrap_or("the key of the past callback")),
                ("signature", &signature),
                ("body", &output::printable_json(&text)),
                ("reply", &reply.as_text()),
            ])?;
        }
        match (reply.is_ok(), reply.is_not_sent()) {
            (true, _) => Ok(()),
            (false, true) => Err(Failure::not_sent("not sent: no server accepts connections at this URL")
                .detail("Start the receiver, or correct --to.")),
            (false, false) => Err(Failure::refused("the receiver has not accepted the callback")
                .detail("It must respond with a 2xx status and the bare text OK.")),
        }
    }
}

const STATES: &[&str] =
    &["success", "failed", "partly-paid", "refunded", "timed-out", "rejected", "processing", "created"];

fn state(text: &str) -> Result<OrderState, String> {
    Ok(match text {
        "created" | "creating" => OrderState::CREATING,
        "processing" => OrderState::PROCESSING,
        "success" => OrderState::SUCCESS,
        "failed" => OrderState::FAILED,
        "refunded" => OrderState::REFUNDED,
        "timed-out" => OrderState::TIMED_OUT,
        "rejected" => OrderState::REJECTED,
        "partly-paid" => OrderState::PARTLY_PAID,
        _ => OrderState::from_code(
            text.parse().map_err(|_| format!("write {}, or a number", STATES.join(", ")))?,
        ),
    })
}

/// A name and a value of `--set`.
fn member(setting: &str) -> Result<(&str, Value), Failure> {
    let wrong = || Failure::usage("--set takes member=value, or member:=JSON");
    let (name, value) = setting.split_once('=').ok_or_else(wrong)?;
    let (name, value) = match name.strip_suffix(':') {
        Some(name) => (name, serde_json::from_str(value).map_err(|error| wrong().caused_by(&error))?),
        None if matches!(name, "state" | "bizType") => {
            (name, value.parse::<i64>().map_or_else(|_| value.into(), Value::from))
        }
        None => (name, Value::from(value)),
    };
    if name.is_empty() { Err(wrong()) } else { Ok((name, value)) }
}
