//! A server that takes callbacks with axum. Run it, then point an order's `notifyUrl` at it:
//!
//! ```sh
//! TARSPAY_MERCHANT_ID=M1688443086 \
//!     cargo run -p tarspay --example callback_axum --features axum -- 127.0.0.1:8788
//! ```
//!
//! It trusts the gateway's own key, or the one in `TARSPAY_SYSTEM_PUBLIC_KEY` (a sandbox prints its
//! key when it starts). What a callback does to an order is in `shared/orders.rs`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its terminal")]

#[path = "shared/orders.rs"]
pub mod orders;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::routing::post;
use orders::{Order, Orders};
use tarspay::types::{Amount, BizType, Callback, Currency};
use tarspay::{Acknowledged, CallbackVerifier, Verified};
use tokio::net::TcpListener;

#[derive(Clone, FromRef)]
struct App {
    verifier: CallbackVerifier,
    orders: Orders,
}

async fn on_callback(State(orders): State<Orders>, callback: Verified<Callback>) -> Acknowledged {
    orders.books().book(callback.get());
    // Only after it is stored.
    Acknowledged
}

/// The routes of this server.
pub fn router(verifier: CallbackVerifier, orders: Orders) -> Router {
    Router::new().route("/tarspay/notify", post(on_callback)).with_state(App { verifier, orders })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8788".to_owned());
    let verifier = CallbackVerifier::from_env()?;
    // Yours are stored when they are placed; this one stands for them.
    let orders = Orders::default();
    let order = Order::new(BizType::DEPOSIT, Amount::from(1500_u32), Currency::KES);
    orders.books().orders.insert("D1659318251029".parse()?, order);

    let listener = TcpListener::bind(&address).await?;
    println!("waiting for callbacks at http://{}/tarspay/notify", listener.local_addr()?);
    Ok(axum::serve(listener, router(verifier, orders)).await?)
}
