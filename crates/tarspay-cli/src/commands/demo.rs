//! `tarspay demo`: the way of a request, shown against an embedded sandbox.

use crate::args::JsonOnly;
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use std::error::Error as StdError;
use std::sync::Arc;
use tarspay::sign::{Clock as _, NonceSource, Parameters, PrivateKey, RequestToSign, SystemClock};
use tarspay::transport::Transport;
use tarspay::types::{
    Amount, Balance, BalanceRequest, Decode as _, Envelope, MerchantNo, Refusal, Request as _, ResponseError,
};
use tarspay::{Client, Credentials};
use tarspay_sandbox::Sandbox;

pub(crate) async fn run(args: JsonOnly) -> Result<(), Failure> {
    let failed = |error: Box<dyn StdError>| Failure::refused("the demo failed").caused_by(error.as_ref());
    let told = play().await.map_err(failed)?;
    if args.json {
        return output::json(&json!({
            "base_url": told.base_url,
            "merchant_no": told.merchant_no,
            "public_key": told.public_key,
            "string_to_sign": told.string_to_sign,
            "digest": told.digest,
            "signature": told.signature,
            "balance": {
                "available_amount": told.balance.available_amount.to_string(),
                "frozen_amount": told.balance.frozen_amount.to_string(),
            },
            "forged": { "code": told.refusal.code.code(), "message": told.refusal.msg },
        }));
    }
    transcript(&told)
}

/// What happened, as it happened.
struct Told {
    base_url: String,
    merchant_no: MerchantNo,
    public_key: String,
    string_to_sign: String,
    digest: String,
    signature: String,
    balance: Balance,
    refusal: Refusal,
}

async fn play() -> Result<Told, Box<dyn StdError>> {
    let sandbox = Sandbox::start().await?;
    let merchant_no: MerchantNo = "M1693644864".parse()?;
    let key = PrivateKey::generate()?;
    sandbox.register(merchant_no.clone(), key.public_key());
    sandbox.set_balance(&merchant_no, Amount::parse("11713783.50")?, Amount::parse("250.00")?)?;

    // What the client does inside, shown stage by stage. With the clock stopped, the client below makes this very
    // request: the same nonce, and so the same signature.
    let now = SystemClock.unix_millis();
    let nonces = || NonceSource::with_clock(move || now);
    let request = BalanceRequest::new();
    let body = request.body(&merchant_no)?.ok_or("a balance query without a body")?;
    let parameters = Parameters::from_json(body.get().as_bytes())?;
    let to_sign = RequestToSign::new(&request.path(), nonces().next_nonce(), parameters)?;
    let signed = to_sign.clone().sign(&key);

    let client = Client::builder(Credentials::new(merchant_no.clone(), key.clone()))
        .base_url(sandbox.base_url())
        .nonces(Arc::new(nonces()))
        .build()?;
    let balance = client.balance().await?;

    // The same request, signed by somebody else in the merchant's name.
    let forger = PrivateKey::generate()?;
    let forged_signature = to_sign.sign(&forger).signature().to_string();
    let headers = signed.headers().pairs().map(|(name, value)| {
        if name == tarspay::sign::API_SIGNATURE_HEADER {
            (name, forged_signature.as_str())
        } else {
            (name, value)
        }
    });
    let transport = Transport::builder(sandbox.base_url()).build()?;
    let answer = transport.post(signed.path(), &headers, signed.body().to_vec()).await?;
    let refusal = match Envelope::<Balance>::from_slice(answer.body())?.into_result() {
        Err(ResponseError::Refused(refusal)) => refusal,
        other => return Err(format!("the forged signature was not refused: {other:?}").into()),
    };

    let told = Told {
        base_url: sandbox.base_url().to_owned(),
        merchant_no,
        public_key: key.public_key().to_string(),
        string_to_sign: signed.string_to_sign().to_owned(),
        digest: signed.digest().to_string(),
        signature: signed.signature().to_string(),
        balance,
        refusal,
    };
    sandbox.stop().await;
    Ok(told)
}

fn transcript(told: &Told) -> Result<(), Failure> {
    let Told { balance, refusal, .. } = told;
    let say = output::line;
    say(&format!("1  A sandbox gateway listens on {}; nothing leaves this machine.", told.base_url))?;
    say(&format!("2  Merchant {} registers a new public key:", told.merchant_no))?;
    say(&format!("     {}", told.public_key))?;
    say("3  The client asks for the balance. String to sign, digest, signature:")?;
    say(&format!("     {}", told.string_to_sign))?;
    say(&format!("     {}", told.digest))?;
    say(&format!("     {}", told.signature))?;
    say("4  The gateway verifies the signature and answers:")?;
    say(&format!("     available {}   frozen {}", balance.available_amount, balance.frozen_amount))?;
    say("5  Somebody else signs the same request in the merchant's name. The gateway refuses:")?;
    say(&format!("     {}", refusal.code))?;
    say(&format!("     {}", refusal.msg.as_deref().unwrap_or("without a word")))?;
    say("")?;
    say("Next: `tarspay sandbox` keeps a gateway running; `tarspay sign --help`, `tarspay balance --help`.")
}
