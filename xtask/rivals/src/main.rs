//! The rivals of `cargo xtask bench`, each as its own users run it.
//!
//! `tarspay-rivals` reads lines such as `k256-sign 50`, does that so often, and prints the nanoseconds of one time.
//! `tarspay-rivals reqwest ADDRESS` prints the report of one client.
#![forbid(unsafe_code)]

#[path = "../../src/bench/http/calls.rs"]
mod calls;

use calls::{Anything, BALANCE_PATH, BODY, KEY};
use k256::ecdsa::signature::hazmat::{PrehashSigner as _, PrehashVerifier as _};
use k256::ecdsa::{Signature, SigningKey};
use secp256k1::{All, Message, Secp256k1, SecretKey};
use sha2::{Digest as _, Sha256};
use std::hint::black_box;
use std::io::{BufRead as _, stdin};
use std::time::Instant;

/// Different digests, so that no branch predictor learns one by heart.
const DIGESTS: usize = 512;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Anything> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        [client, address] if client == "reqwest" => println!("{}", reqwest(address).await?),
        _ => curve()?,
    }
    Ok(())
}

fn curve() -> Result<(), Anything> {
    let secret: [u8; 32] = hex::decode(KEY)?.try_into().map_err(|_| "the key has 32 bytes")?;
    let digests: Vec<[u8; 32]> = (0..DIGESTS).map(|n| Sha256::digest(n.to_string()).into()).collect();

    let key = SigningKey::from_slice(&secret)?;
    let public = *key.verifying_key();
    let signatures = digests.iter().map(|digest| key.sign_prehash(digest));
    let signatures = signatures.collect::<Result<Vec<Signature>, _>>()?;

    let mut context = Secp256k1::<All>::new();
    context.randomize(&mut secp256k1::rand::rng());
    let c_key = SecretKey::from_byte_array(secret)?;
    let c_public = secp256k1::PublicKey::from_secret_key(&context, &c_key);
    let messages: Vec<_> = digests.iter().copied().map(Message::from_digest).collect();
    let c_signatures: Vec<_> = messages.iter().map(|message| context.sign_ecdsa(*message, &c_key)).collect();

    println!("ready");
    for line in stdin().lock().lines() {
        let line = line?;
        let (name, iterations) = line.split_once(' ').ok_or("a line is a name and a number")?;
        let iterations = iterations.parse()?;
        let once = |at: usize| match name {
            "k256-sign" => {
                let signature: Result<Signature, _> = key.sign_prehash(black_box(&digests[at]));
                black_box(signature).is_ok()
            }
            "k256-verify" => public.verify_prehash(&digests[at], black_box(&signatures[at])).is_ok(),
            "secp256k1-sign" => {
                black_box(context.sign_ecdsa(black_box(messages[at]), &c_key));
                true
            }
            "secp256k1-verify" => {
                context.verify_ecdsa(messages[at], black_box(&c_signatures[at]), &c_public).is_ok()
            }
            _ => false,
        };
        let start = Instant::now();
        for iteration in 0..iterations {
            assert!(once(iteration % DIGESTS), "{name}");
        }
        println!("{}", start.elapsed().as_secs_f64() * 1e9 / iterations as f64);
    }
    Ok(())
}

/// A balance call as a user of reqwest and k256 writes it.
async fn reqwest(address: &str) -> Result<String, Anything> {
    let client = reqwest::Client::new();
    let key = SigningKey::from_slice(&hex::decode(KEY)?)?;
    let public = hex::encode(key.verifying_key().to_sec1_point(true));
    let url = format!("http://{address}{BALANCE_PATH}");
    calls::measure(move || {
        let request = client.post(&url).header("X-API-KEY", &public);
        let nonce = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
        let text = format!("POST|{BALANCE_PATH}|{nonce}|mchNo=M1688443086");
        let signature: Result<Signature, _> = key.sign_prehash(&Sha256::digest(Sha256::digest(text)));
        async move {
            let response = request
                .header("X-API-NONCE", nonce.to_string())
                .header("X-API-SIGNATURE", hex::encode(signature?.to_der()))
                .header("Content-Type", "application/json")
                .body(BODY)
                .send()
                .await?;
            let response: serde_json::Value = serde_json::from_slice(&response.bytes().await?)?;
            black_box(response["data"]["availableAmount"].as_str().map(str::to_owned));
            Ok(())
        }
    })
    .await
}
