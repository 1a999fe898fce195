//! The routes. `/checkout` and `/payout` are for the shop alone: put your own authentication before them. Only
//! `/tarspay/notify` is for the internet.

use crate::{Asked, Merchant, Result, Shown};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use tarspay::CallbackVerifier;
use tarspay_inbox::{Error, ErrorKind};

pub fn router(verifier: CallbackVerifier, merchant: Merchant) -> Router {
    Router::new()
        .route("/checkout", post(checkout))
        .route("/payout", post(payout))
        .route_service("/tarspay/notify", merchant.inbox.receiver(verifier))
        .with_state(merchant)
}

type Response = std::result::Result<Json<Shown>, (StatusCode, String)>;

async fn checkout(State(merchant): State<Merchant>, Json(asked): Json<Asked>) -> Response {
    respond(async move { merchant.checkout(asked).await }).await
}

async fn payout(State(merchant): State<Merchant>, Json(asked): Json<Asked>) -> Response {
    respond(async move { merchant.payout(asked).await }).await
}

/// In a task, which goes on when the shop closes its connection.
async fn respond(placing: impl Future<Output = Result<Shown>> + Send + 'static) -> Response {
    let placed = tokio::spawn(placing).await.map_err(Into::into).and_then(|placed| placed);
    placed.map(Json).map_err(|error| match error.downcast_ref::<Error>() {
        Some(refused) if refused.kind() == ErrorKind::Invalid => {
            (StatusCode::UNPROCESSABLE_ENTITY, refused.to_string())
        }
        Some(refused) if refused.kind() == ErrorKind::OtherRequest => {
            (StatusCode::CONFLICT, refused.to_string())
        }
        _ => {
            eprintln!("{error}");
            (StatusCode::INTERNAL_SERVER_ERROR, "ask again with the same reference".to_owned())
        }
    })
}
