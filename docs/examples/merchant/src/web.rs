//! The routes. `/checkout` and `/payout` are for the shop alone: put your own authentication before them. Only
//! `/tarspay/notify` is for the internet.

use crate::{Asked, Merchant, Shown};
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use receivers::Result;
use tarspay::types::Callback;
use tarspay::{Acknowledged, CallbackVerifier, ErrorKind, Verified};

#[derive(Clone)]
struct App(CallbackVerifier, Merchant);

impl FromRef<App> for CallbackVerifier {
    fn from_ref(app: &App) -> Self {
        app.0.clone()
    }
}

pub fn router(verifier: CallbackVerifier, merchant: Merchant) -> Router {
    Router::new()
        .route("/checkout", post(checkout))
        .route("/payout", post(payout))
        .route("/tarspay/notify", post(notify))
        .with_state(App(verifier, merchant))
}

type Response = std::result::Result<Json<Shown>, (StatusCode, String)>;

async fn checkout(State(App(_, merchant)): State<App>, Json(asked): Json<Asked>) -> Response {
    respond(async move { merchant.checkout(asked).await }).await
}

async fn payout(State(App(_, merchant)): State<App>, Json(asked): Json<Asked>) -> Response {
    respond(async move { merchant.payout(asked).await }).await
}

async fn notify(
    State(App(_, merchant)): State<App>,
    callback: Verified<Callback>,
) -> std::result::Result<Acknowledged, StatusCode> {
    merchant.store(callback).await.map(|()| Acknowledged).map_err(|error| {
        eprintln!("a callback was not stored: {error}"); // the gateway sends it again
        StatusCode::INTERNAL_SERVER_ERROR
    })
}

/// In a task, which goes on when the shop closes its connection.
async fn respond(placing: impl Future<Output = Result<Shown>> + Send + 'static) -> Response {
    let placed = tokio::spawn(placing).await.map_err(Into::into).and_then(|placed| placed);
    placed.map(Json).map_err(|error| match error.downcast_ref::<tarspay::Error>() {
        Some(refused) if refused.kind() == ErrorKind::Invalid => {
            (StatusCode::UNPROCESSABLE_ENTITY, refused.to_string())
        }
        _ => {
            eprintln!("{error}");
            (StatusCode::INTERNAL_SERVER_ERROR, "ask again with the same reference".to_owned())
        }
    })
}
