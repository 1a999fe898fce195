//! What depending on us costs: crates, a clean build, and the size of a small program.

use super::page::{Weight, nanoseconds};
use crate::shell::{Failure, cargo, output, root, run as run_command};
use std::fs;
use std::path::Path;
use std::time::Instant;

struct Program {
    what: &'static str,
    /// Lines of `[dependencies]`; `{root}` is the workspace.
    dependencies: &'static str,
    main: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program {
        what: "`tarspay-sign`",
        dependencies: "tarspay-sign = { path = \"{root}/crates/tarspay-sign\" }\n",
        main: r##"use tarspay_sign::{NonceSource, Parameters, PrivateKey, RequestToSign};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key: PrivateKey = std::env::var("TARSPAY_PRIVATE_KEY")?.parse()?;
    let parameters = Parameters::from_json(br#"{"mchNo":"M1688443086"}"#)?;
    let nonce = NonceSource::new().next_nonce();
    let signed = RequestToSign::new("/api/balanceInfo", nonce, parameters)?.sign(&key);
    println!("{:?}", signed.headers().pairs());
    Ok(())
}
"##,
    },
    Program {
        what: "`tarspay`",
        dependencies: "tarspay = { path = \"{root}/crates/tarspay\" }\n\
                       tokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n",
        main: r#"use tarspay::{Client, Credentials};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = std::env::var("TARSPAY_PRIVATE_KEY")?.parse()?;
    let client = Client::new(Credentials::new("M1688443086".parse()?, key))?;
    println!("{}", client.balance().await?.available_amount);
    Ok(())
}
"#,
    },
    Program {
        what: "reqwest, k256, serde_json, sha2, hex, with their defaults",
        dependencies: "hex = \"0.4\"\nk256 = \"0.14\"\n\
                       reqwest = \"0.13\"\nserde_json = \"1\"\nsha2 = \"0.11\"\n\
                       tokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n",
        main: r##"use k256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _};
use sha2::{Digest as _, Sha256};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = SigningKey::from_slice(&hex::decode(std::env::var("TARSPAY_PRIVATE_KEY")?)?)?;
    let nonce = std::time::UNIX_EPOCH.elapsed()?.as_millis().to_string();
    let text = format!("POST|/api/balanceInfo|{nonce}|mchNo=M1688443086");
    let signature: Signature = key.sign_prehash(&Sha256::digest(Sha256::digest(text)))?;
    let request = reqwest::Client::new()
        .post("https://payment.tarspay.com/api/balanceInfo")
        .header("X-API-KEY", hex::encode(key.verifying_key().to_sec1_point(true)))
        .header("X-API-NONCE", nonce)
        .header("X-API-SIGNATURE", hex::encode(signature.to_der()))
        .header("Content-Type", "application/json");
    let response = request.body(r#"{"mchNo":"M1688443086"}"#).send().await?.bytes().await?;
    let response: serde_json::Value = serde_json::from_slice(&response)?;
    println!("{}", response["data"]["availableAmount"]);
    Ok(())
}
"##,
    },
];

pub(super) fn weights() -> Result<Vec<Weight>, Failure> {
    PROGRAMS.iter().map(weigh).collect()
}

fn weigh(program: &Program) -> Result<Weight, Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::to("make a temporary folder", error))?;
    write(folder.path(), program).map_err(|error| Failure::to("write a program", error))?;
    run_command(cargo(folder.path(), &["fetch", "--quiet"]))?;
    let tree = output(cargo(folder.path(), &["tree", "--edges", "normal", "--prefix", "none"]))?;
    let mut crates: Vec<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    crates.sort_unstable();
    crates.dedup();

    let start = Instant::now();
    let mut build = cargo(folder.path(), &["build", "--quiet", "--release"]);
    build.env("CARGO_TARGET_DIR", folder.path().join("target"));
    run_command(build)?;
    let build = nanoseconds(start.elapsed().as_secs_f64() * 1e9);
    let binary = fs::metadata(folder.path().join("target/release/weighed"))
        .map_err(|error| Failure::to("look at the binary", error))?;
    Ok(Weight {
        what: program.what.to_owned(),
        // The program itself is not one of them.
        crates: crates.len() - 1,
        build,
        binary: format!("{} KiB", binary.len() / 1024),
    })
}

fn write(folder: &Path, program: &Program) -> std::io::Result<()> {
    let dependencies = program.dependencies.replace("{root}", &root().display().to_string());
    let manifest = format!(
        "[package]\nname = \"weighed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n{dependencies}\n[profile.release]\nstrip = true\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::create_dir(folder.join("src"))?;
    fs::write(folder.join("src/main.rs"), program.main)?;
    // The versions that the workspace is tested with, where it knows the crate.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}
