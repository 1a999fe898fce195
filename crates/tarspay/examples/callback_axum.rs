//! A server that takes callbacks with axum. Run it, then point an order's `notifyUrl` at it:
//!
//! ```sh
//! cargo run -p tarspay --example callback_axum --features axum -- 127.0.0.1:8788
//! ```
//!
//! It trusts the gateway's own key, or the one in `TARSPAY_SYSTEM_PUBLIC_KEY` (a sandbox prints its key when it starts).
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its terminal")]

use axum::Router;
use axum::extract::{FromRef, State};
use axum::routing::post;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tarspay::types::{Callback, OrderState, PayOrderId};
use tarspay::{Acknowledged, CallbackVerifier, Verified};
use tokio::net::TcpListener;

/// The states that each order was acted upon, the last one last. A real handler keeps this in its database.
pub type Orders = Arc<Mutex<HashMap<PayOrderId, Vec<OrderState>>>>;

#[derive(Clone, FromRef)]
struct App {
    verifier: CallbackVerifier,
    orders: Orders,
}

async fn on_callback(State(orders): State<Orders>, callback: Verified<Callback>) -> Acknowledged {
    let mut orders = orders.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    // The same callback can come several times, and late: only a state that can follow the one we know counts.
    let states = orders.entry(callback.pay_order_id.clone()).or_default();
    let known = states.last().copied();
    if known.is_none_or(|known| callback.state != known && callback.state.can_follow(known)) {
        println!("order {} is now {}", callback.merchant_order_no, callback.state);
        states.push(callback.state);
    }
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
    let verifier = match std::env::var("TARSPAY_SYSTEM_PUBLIC_KEY") {
        Ok(key) => CallbackVerifier::trusting(key.parse()?),
        Err(_) => CallbackVerifier::production(),
    };
    let listener = TcpListener::bind(&address).await?;
    println!("waiting for callbacks at http://{}/tarspay/notify", listener.local_addr()?);
    Ok(axum::serve(listener, router(verifier, Orders::default())).await?)
}
