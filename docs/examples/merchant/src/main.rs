//! Run it with an address to listen on. From the environment: the variables of `Client::from_env` and
//! `CallbackVerifier::from_env`, `DATABASE`, and `NOTIFY_URL`, under which the gateway reaches `/tarspay/notify`.

use merchant::{Merchant, router};
use receivers::{Orders, Result};
use std::time::Duration;
use tarspay::types::NotifyUrl;
use tarspay::{CallbackVerifier, Client};
use tokio::net::TcpListener;
use tokio::time::interval;

const MINUTE: Duration = Duration::from_secs(60);
/// Longer than a placing takes, so that no order is resumed while it is being placed.
const AGE: Duration = Duration::from_secs(10 * 60);

#[tokio::main]
async fn main() -> Result<()> {
    let notify_url = NotifyUrl::new(std::env::var("NOTIFY_URL")?)?;
    let merchant = Merchant::new(Client::from_env()?, Orders::open()?, notify_url)?;
    let verifier = CallbackVerifier::from_env()?.prepared();

    let left = merchant.unfinished(Duration::ZERO).await?;
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8788".into());
    let listener = TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    tokio::spawn(follow(merchant.clone(), left));
    Ok(axum::serve(listener, router(verifier, merchant)).await?)
}

/// Resumes what an earlier run left, then asks every minute for the orders whose callback has not come, and once a day
/// for those that have ended.
async fn follow(merchant: Merchant, left: Vec<merchant::Due>) {
    merchant.reconcile(left).await;
    let mut ticks = interval(MINUTE);
    for minute in 1_u64.. {
        ticks.tick().await;
        let due =
            if minute % (24 * 60) == 0 { merchant.settled().await } else { merchant.unfinished(AGE).await };
        match due {
            Ok(orders) => merchant.reconcile(orders).await,
            Err(error) => eprintln!("the orders cannot be read: {error}"),
        }
    }
}
