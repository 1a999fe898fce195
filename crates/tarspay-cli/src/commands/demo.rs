//! `tarspay demo`: each step of a request, against an embedded sandbox.

use crate::failure::Failure;
use crate::output;
use serde_json::json;
use std::error::Error as StdError;
use std::sync::Arc;
use tarspay::sign::{Clock as _, NonceSource, Parameters, PrivateKey, RequestToSign, SystemClock};
use tarspay::transport::Transport;
use tarspay::types::{
    Amount, Balance, BalanceQuery, Decode as _, Envelope, MerchantNo, Refusal, Request as _, ResponseError,
};
use tarspay::{Client, Credentials};
use tarspay_sandbox::Sandbox;

pub(crate) async fn run() -> Result<(), Failure> {
    let failed = |error: Box<dyn StdError>| Failure::refused("the demo failed").caused_by(error.as_ref());
    let steps = play().await.map_err(failed)?;
    if output::is_json() {
        return output::json(&json!({
            "base_url": steps.base_url,
            "merchant_no": steps.merchant_no,
            "public_key": steps.public_key,
            "string_to_sign": steps.string_to_sign,
            "digest": steps.digest,
            "signature": steps.signature,
            "balance": {
                "available_amount": steps.balance.available_amount.to_string(),
                "frozen_amount": steps.balance.frozen_amount.to_string(),
            },
            "forged": { "code": steps.refusal.code.code(), "message": steps.refusal.msg },
        }));
    }
    transcript(&steps)
}

/// The result of each step.
struct Steps {
    base_url: String,
    merchant_no: MerchantNo,
    public_key: String,
    string_to_sign: String,
    digest: String,
    signature: String,
    balance: Balance,
    refusal: Refusal,
}

async fn play() -> Result<Steps, Box<dyn StdError>> {
    let sandbox = Sandbox::start().await?;
    let merchant_no: MerchantNo = "M1693644864".parse()?;
    let key = PrivateKey::generate()?;
    sandbox.register(merchant_no.clone(), key.public_key());
    sandbox.set_balance(&merchant_no, Amount::parse("11713783.50")?, Amount::parse("250.00")?)?;

    // What the client does inside, shown stage by stage. With the clock stopped, the client below
    // makes this very request: the same nonce, and so the same signature.
    let now = SystemClock.unix_millis();
    let nonces = || NonceSource::with_clock(move || now);
    let request = BalanceQuery::new();
    let body = request.body(&merchant_no)?.ok_or("a balance query without a body")?;
    let parameters = Parameters::from_members(body.iter())?;
    let to_sign = RequestToSign::new(&request.path(), nonces().next_nonce(), parameters)?;
    let signed = to_sign.clone().sign(&key);

    let client = Client::builder(Credentials::new(merchant_no.clone(), key.clone()))
        .base_url(sandbox.base_url())
        .nonces(Arc::new(nonces()))
        .build()?;
    let balance = client.balance().await?;

    // The same request, signed with a different key.
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
    let response = transport.post(signed.path(), &headers, signed.body().to_vec()).await?;
    let refusal = match Envelope::<Balance>::from_slice(response.body())?.into_result() {
        Err(ResponseError::Refused(refusal)) => refusal,
        other => return Err(format!("the forged signature was not refused: {other:?}").into()),
    };

    let steps = Steps {
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
    Ok(steps)
}

fn transcript(steps: &Steps) -> Result<(), Failure> {
    let Steps { balance, refusal, .. } = steps;
    let say = output::line;
    say(&format!("1  A sandbox gateway listens on {}; nothing leaves this machine.", steps.base_url))?;
    say(&format!("2  Merchant {} registers a new public key:", steps.merchant_no))?;
    say(&format!("     {}", steps.public_key))?;
    say("3  The client asks for the balance. String to sign, digest, signature:")?;
    say(&format!("     {}", steps.string_to_sign))?;
    say(&format!("     {}", steps.digest))?;
    say(&format!("     {}", steps.signature))?;
    say("4  The gateway verifies the signature and responds:")?;
    say(&format!("     available {}   frozen {}", balance.available_amount, balance.frozen_amount))?;
    say("5  A different key signs the same request. The gateway refuses:")?;
    say(&format!("     {}", refusal.code))?;
    say(&format!("     {}", refusal.msg.as_deref().unwrap_or("(no message)")))?;
    say("")?;
    say("Next: `tarspay sandbox` keeps a gateway running; `tarspay sign --help`, `tarspay balance --help`.")
}
