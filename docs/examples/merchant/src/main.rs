//! Run it with an address to listen on. From the environment: the variables of `Client::from_env` and
//! `CallbackVerifier::from_env`, `DATABASE`, and `NOTIFY_URL`, under which the gateway reaches `/tarspay/notify`.

use merchant::{Merchant, Result, book, router};
use std::env::{args, var};
use std::time::Duration;
use tarspay::{CallbackVerifier, Client};
use tokio::net::TcpListener;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let merchant = Merchant::open(var("DATABASE")?, Client::from_env()?, var("NOTIFY_URL")?.parse()?).await?;
    let verifier = CallbackVerifier::from_env()?.prepared();
    let listener = TcpListener::bind(args().nth(1).unwrap_or("127.0.0.1:8788".into())).await?;
    println!("http://{}", listener.local_addr()?);
    let (worker, inbox) = (merchant.worker(), merchant.inbox.clone());
    tokio::spawn(async move { worker.run(book).await });
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(DAY).await;
            if let Err(error) = inbox.prune(90 * DAY).await {
                eprintln!("the inbox was not pruned: {error}");
            }
        }
    });
    Ok(axum::serve(listener, router(verifier, merchant)).await?)
}
