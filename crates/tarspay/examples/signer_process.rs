//! Signs in another process, as with a KMS or an HSM: this one never has the private key.
//!
//! ```sh
//! cargo run -p tarspay --example signer_process
//! ```
//!
//! It starts a sandbox to call, and itself as the signer, which reads digests and writes signatures,
//! one a line. It also runs as a test.
#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use tarspay::sign::{Digest, PrivateKey};
use tarspay::types::{Amount, NotifyUrl, WithdrawalRequest, market::bangladesh};
use tarspay::{Client, Credentials, Signer, Signing};
use tarspay_sandbox::Sandbox;

type Failure = Box<dyn Error + Send + Sync>;

/// A signer behind two pipes. One digest at a time.
struct Process(Arc<Mutex<(ChildStdin, BufReader<ChildStdout>)>>);

impl Process {
    fn start(mut command: Command) -> Result<Self, Failure> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(digests), Some(signatures)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the signer has no pipes".into());
        };
        Ok(Self(Arc::new(Mutex::new((digests, BufReader::new(signatures))))))
    }
}

impl Signer for Process {
    fn sign<'a>(&'a self, digest: &'a Digest) -> Signing<'a> {
        let (pipes, digest) = (Arc::clone(&self.0), *digest);
        Box::pin(async move {
            // Pipes of the standard library block, so they are used where that is allowed.
            let signature = tokio::task::spawn_blocking(move || {
                let mut pipes = pipes.lock().unwrap_or_else(PoisonError::into_inner);
                writeln!(pipes.0, "{digest}")?;
                let mut signature = String::new();
                pipes.1.read_line(&mut signature)?;
                Ok::<_, io::Error>(signature)
            });
            Ok(signature.await??.trim().parse()?)
        })
    }
}

/// The other process: it gets the key first, then signs what it reads until the pipe closes. A real
/// one has its key from elsewhere.
fn serve() -> Result<(), Failure> {
    let mut lines = io::stdin().lines();
    let key: PrivateKey = lines.next().ok_or("no key")??.parse()?;
    for line in lines {
        println!("{}", key.sign(&Digest::from_hex(&line?)?));
    }
    Ok(())
}

async fn pay() -> Result<(), Failure> {
    let sandbox = Sandbox::start().await?;
    let merchant = sandbox.merchant();
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--as-signer");
    let process = Process::start(command)?;
    // Only here, because the sandbox made the key a moment ago.
    let key = merchant.private_key().expose_hex();
    writeln!(process.0.lock().unwrap_or_else(PoisonError::into_inner).0, "{}", *key)?;

    let public_key = merchant.private_key().public_key();
    let credentials = Credentials::with_signer(merchant.merchant_no().clone(), public_key, process);
    let client = Client::builder(credentials).base_url(sandbox.base_url()).build()?;
    println!("{} available", client.balance().await?.available_amount);

    let request = WithdrawalRequest::new(
        "W1".parse()?,
        bangladesh::way::EWALLET_BKASH,
        bangladesh::CURRENCY,
        Amount::parse("500")?,
        NotifyUrl::new("https://shop.example/tarspay/notify")?,
    )
    .wallet_id("01011111111");
    println!("{:?}", client.place_withdrawal(&request).await?);
    Ok(())
}

fn main() -> Result<(), Failure> {
    if std::env::args().any(|argument| argument == "--as-signer") {
        return serve();
    }
    tokio::runtime::Runtime::new()?.block_on(pay())
}
