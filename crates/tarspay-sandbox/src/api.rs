//! The control API: everything the operator of a sandbox can do, over HTTP and JSON under `/_sandbox/`, for programs in
//! any language.
//!
//! Each route calls methods of [`Sandbox`] and shows the views that they return. A GET looks, with its members in the
//! query; a POST changes something, with its members in a JSON object.

mod merchants;
mod orders;
mod request;
mod sandbox;

use crate::guard;
use crate::input::Input;
use crate::sandbox::Sandbox;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodRouter};
use request::{Id, Refused};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::watch;

const ROOT: &str = "/_sandbox";

/// What the routes share.
#[derive(Clone)]
struct Api {
    sandbox: Arc<Sandbox>,
    /// Becomes true when the sandbox stops.
    stopping: watch::Receiver<bool>,
}

/// Does what a route stands for. The text is what the path names.
type Run = fn(&Sandbox, &str, &Input) -> Result<Value, Refused>;

/// The names that the input of a route may have.
type Names = &'static [&'static str];

const CALLBACKS: Names = &["pay_order_id", "after", "limit"];
const FEE: Names = &["currency", "direction", "fixed", "basis_points"];

pub(crate) fn router<S: Clone + Send + Sync + 'static>(
    sandbox: Arc<Sandbox>,
    stopping: watch::Receiver<bool>,
) -> Router<S> {
    let routes = Router::new()
        .route("/health", get(&[], sandbox::health))
        .route("/reset", post(&[], sandbox::reset))
        .route("/merchants", get(&[], merchants::list))
        .route("/merchants/", get(&[], merchants::one))
        .route("/merchants/{merchant_no}", get(&[], merchants::one))
        .route(
            "/merchants/{merchant_no}/keys",
            post(&["public_key", "bound_ip", "expires_in_millis", "disabled"], merchants::register),
        )
        .route("/merchants/{merchant_no}/status", post(&["status"], merchants::set_status))
        .route(
            "/merchants/{merchant_no}/balances",
            get_post(merchants::balances, Some(&["currency", "available", "frozen"]), merchants::set_balance),
        )
        .route("/merchants/{merchant_no}/fees", post(FEE, merchants::set_merchant_fee))
        .route("/fees", post(FEE, merchants::set_fee))
        .route("/orders", get(&["merchant_no", "merchant_order_no", "state", "after", "limit"], orders::list))
        .route("/orders/", get(&[], orders::one))
        .route("/orders/{id}", get(&[], orders::one))
        .route("/orders/{id}/open", post(&[], orders::open))
        .route("/orders/{id}/pay", post(&[], orders::pay))
        .route("/orders/{id}/partial", post(&["amount"], orders::partial))
        .route("/orders/{id}/fail", post(&["reason"], orders::fail))
        .route("/orders/{id}/reject", post(&["reason"], orders::reject))
        .route("/orders/{id}/refund", post(&[], orders::refund))
        .route("/orders/{id}/expire", post(&[], orders::expire))
        .route("/transfers", post(&["reference", "amount"], orders::record_transfer))
        .route("/callbacks", get(CALLBACKS, orders::callbacks))
        .route("/callbacks/", get(&[], orders::callback))
        .route("/callbacks/sign", post(&["body"], orders::sign))
        .route("/callbacks/settle", routing::post(settle).fallback(async || Refused::method("POST")))
        .route("/callbacks/{id}", get(&[], orders::callback))
        .route("/callbacks/{id}/attempts", get(&["after", "limit"], orders::attempts))
        .route("/callbacks/{id}/resend", post(&[], orders::resend))
        .route(
            "/scenarios",
            get_post(sandbox::scenarios, Some(&["shipped", "scenario", "toml"]), sandbox::play),
        )
        .route("/scenarios/clear", post(&[], sandbox::clear_scenarios))
        .route("/scenarios/{name}/clear", post(&[], sandbox::clear_scenario))
        .route("/faults", get_post(sandbox::faults, None, sandbox::inject))
        .route("/faults/clear", post(&[], sandbox::clear_faults))
        .route("/faults/{id}/clear", post(&[], sandbox::clear_fault))
        .route("/clock", get(&[], sandbox::clock))
        .route("/clock/advance", post(&["millis"], sandbox::advance))
        .route("/clock/freeze", post(&[], sandbox::freeze))
        .route("/clock/resume", post(&[], sandbox::resume))
        .route("/events", routing::get(events).fallback(async || Refused::method("GET")))
        .fallback(unknown_path);
    Router::new()
        // Not among the nested ones, which have no path that ends here.
        .route(&format!("{ROOT}/"), routing::any(unknown_path))
        .nest(ROOT, routes)
        .layer(middleware::from_fn(guarded))
        .with_state(Api { sandbox, stopping })
}

fn get(names: Names, run: Run) -> MethodRouter<Api> {
    routing::get(move |api, id, input| respond(api, id, input, Some(names), run))
        .fallback(async || Refused::method("GET"))
}

fn post(names: Names, run: Run) -> MethodRouter<Api> {
    routing::post(move |api, id, input| respond(api, id, input, Some(names), run))
        .fallback(async || Refused::method("POST"))
}

/// A change without names refuses unknown members by itself.
fn get_post(look: Run, names: Option<Names>, change: Run) -> MethodRouter<Api> {
    routing::get(move |api, id, input| respond(api, id, input, Some(&[]), look))
        .post(move |api, id, input| respond(api, id, input, names, change))
        .fallback(async || Refused::method("GET, POST"))
}

async fn respond(
    State(api): State<Api>,
    id: Id,
    input: Input,
    names: Option<Names>,
    run: Run,
) -> Result<Response, Refused> {
    if let Some(names) = names {
        input.only(names)?;
    }
    blocking(&api, id, input, run).await
}

/// Runs beside the runtime: a change waits for the disk.
async fn blocking(api: &Api, id: Id, input: Input, run: Run) -> Result<Response, Refused> {
    let sandbox = Arc::clone(&api.sandbox);
    let value = tokio::task::spawn_blocking(move || run(&sandbox, &id.0, &input))
        .await
        .unwrap_or_else(|_| Err(Refused::internal()))?;
    // One line, as terminals like it.
    Ok(guard::json(StatusCode::OK, format!("{value}\n")))
}

async fn settle(State(api): State<Api>, id: Id, input: Input) -> Result<Response, Refused> {
    input.only(CALLBACKS)?;
    api.sandbox.settle().await;
    blocking(&api, id, input, orders::callbacks).await
}

async fn events(State(api): State<Api>, id: Id, input: Input) -> Result<Response, Refused> {
    input.only(&["after", "limit", "wait_millis"])?;
    sandbox::wait_for_event(&api.sandbox, &input, api.stopping.clone()).await?;
    blocking(&api, id, input, sandbox::events).await
}

async fn unknown_path(request: Request) -> Refused {
    let path = request.uri().path();
    let path = path.strip_prefix(ROOT).unwrap_or(path).escape_debug();
    Refused::unknown("unknown_path", format!("there is nothing at {ROOT}{path}"))
}

async fn guarded(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let mut response = match guard::check(&head) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(why) => Refused::new(StatusCode::FORBIDDEN, "forbidden", why).into_response(),
    };
    guard::set(&mut response, &guard::FOREIGN_PAGES);
    response
}
