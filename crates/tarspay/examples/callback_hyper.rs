//! A server that takes callbacks with plain hyper and the `tower` layer:
//!
//! ```sh
//! TARSPAY_MERCHANT_ID=M1688443086 \
//!     cargo run -p tarspay --example callback_hyper --features tower -- 127.0.0.1:8789
//! ```
//!
//! It trusts the gateway's own key, or the one in `TARSPAY_SYSTEM_PUBLIC_KEY` (a sandbox prints its
//! key when it starts). What a callback does to an order is in `shared/orders.rs`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its terminal")]

#[path = "shared/orders.rs"]
pub mod orders;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use orders::{Order, Orders};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tarspay::types::{Amount, BizType, Callback, Currency};
use tarspay::{CallbackLayer, CallbackVerifier, Verified};
use tokio::net::TcpListener;
use tower_layer::Layer as _;
use tower_service::Service;

/// Your handler. It gets verified callbacks only. If it returns an error, the gateway sends the
/// callback again.
#[derive(Clone)]
struct Store(Orders);

impl Service<Verified<Callback>> for Store {
    type Response = ();
    type Error = Infallible;
    type Future = Ready<Result<(), Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, callback: Verified<Callback>) -> Self::Future {
        self.0.books().book(callback.get());
        ready(Ok(()))
    }
}

/// Serves every connection in a task of its own.
///
/// # Errors
///
/// When no more connections can be accepted.
pub async fn serve(listener: TcpListener, verifier: CallbackVerifier, orders: Orders) -> std::io::Result<()> {
    let service = CallbackLayer::new(verifier).layer(Store(orders));
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            // With a timer, hyper closes a connection whose head does not come within 30 seconds.
            let http = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = http.await {
                eprintln!("a connection broke: {error}");
            }
        });
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8789".to_owned());
    let verifier = CallbackVerifier::from_env()?;
    // Yours are stored when they are placed; this one stands for them.
    let orders = Orders::default();
    let order = Order::new(BizType::DEPOSIT, Amount::from(1500_u32), Currency::KES);
    orders.books().orders.insert("D1659318251029".parse()?, order);

    let listener = TcpListener::bind(&address).await?;
    println!("waiting for callbacks at http://{}", listener.local_addr()?);
    Ok(serve(listener, verifier, orders).await?)
}
