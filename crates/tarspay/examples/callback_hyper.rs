//! A server that takes callbacks with plain hyper and the `tower` layer:
//!
//! ```sh
//! cargo run -p tarspay --example callback_hyper --features tower -- 127.0.0.1:8789
//! ```
//!
//! It trusts the gateway's own key, or the one in `TARSPAY_SYSTEM_PUBLIC_KEY` (a sandbox prints its key when it starts).
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its terminal")]

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tarspay::types::Callback;
use tarspay::{CallbackLayer, CallbackVerifier, Verified};
use tokio::net::TcpListener;
use tower_layer::Layer as _;
use tower_service::Service;

/// Your handler: it sees verified callbacks and nothing else. When it returns an error, the gateway sends again.
#[derive(Clone)]
struct Store;

impl Service<Verified<Callback>> for Store {
    type Response = ();
    type Error = Infallible;
    type Future = Ready<Result<(), Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, callback: Verified<Callback>) -> Self::Future {
        println!("order {} is now {}", callback.merchant_order_no, callback.state);
        ready(Ok(()))
    }
}

/// Serves every connection in a task of its own.
///
/// # Errors
///
/// When no more connections can be accepted.
pub async fn serve(listener: TcpListener, verifier: CallbackVerifier) -> std::io::Result<()> {
    let service = CallbackLayer::new(verifier).layer(Store);
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
                eprintln!("a connection broke: {error}");
            }
        });
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8789".to_owned());
    let verifier = match std::env::var("TARSPAY_SYSTEM_PUBLIC_KEY") {
        Ok(key) => CallbackVerifier::trusting(key.parse()?),
        Err(_) => CallbackVerifier::production(),
    };
    let listener = TcpListener::bind(&address).await?;
    println!("waiting for callbacks at http://{}", listener.local_addr()?);
    Ok(serve(listener, verifier).await?)
}
