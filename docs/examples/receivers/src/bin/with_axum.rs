use axum::{Router, extract::FromRef, extract::State, http::StatusCode, routing::post};
use receivers::Orders;
use tarspay::{Acknowledged, CallbackVerifier, Verified, types::Callback};

#[derive(Clone, FromRef)]
struct App {
    verifier: CallbackVerifier,
    orders: Orders,
}

async fn notify(State(app): State<App>, callback: Verified<Callback>) -> Result<Acknowledged, StatusCode> {
    let stored = tokio::task::spawn_blocking(move || app.orders.store(&callback)).await;
    if matches!(stored, Ok(Ok(_))) { Ok(Acknowledged) } else { Err(StatusCode::INTERNAL_SERVER_ERROR) }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let app = App { verifier: CallbackVerifier::from_env()?.prepared(), orders: Orders::open()? };
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8788".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/tarspay/notify", listener.local_addr()?);
    Ok(axum::serve(listener, Router::new().route("/tarspay/notify", post(notify)).with_state(app)).await?)
}
