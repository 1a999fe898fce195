//! The pages for people: what is in the sandbox, and the cashier page that `payUrl` points to, as plain HTML.
//!
//! Like the control API they only call methods of [`Sandbox`]. A GET looks, a step is a form that is posted, and its
//! response is a redirect. Everything works without a script; the only one keeps the log up to date.

mod actions;
mod callbacks;
mod cashier;
mod home;
mod layout;
mod log;
mod merchants;
mod orders;
mod request;

use crate::guard;
use crate::sandbox::Sandbox;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header, request::Parts};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodRouter};
use layout::{html, see_other};
use maud::Markup;
use request::{Problem, Target, Values};
use std::sync::Arc;

/// Nothing from elsewhere, no inline script or style, and no frame around it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

type Show = fn(&Sandbox, &Target, &Values) -> Result<Markup, Problem>;

pub(crate) fn router<S: Clone + Send + Sync + 'static>(sandbox: Arc<Sandbox>) -> Router<S> {
    Router::new()
        .route("/", show(|sandbox, _, _| home::page(sandbox)))
        .route("/merchants", show(|sandbox, _, query| merchants::page(sandbox, query)))
        .route("/orders", show(|sandbox, _, query| orders::list_page(sandbox, query.before()?)))
        .route("/orders/{id}", show(|sandbox, target, _| orders::page(sandbox, &target.order()?, None)))
        .route("/orders/{id}/{step}", step("orders", actions::by_operator))
        .route("/callbacks", show(|sandbox, _, query| callbacks::list_page(sandbox, query.before()?)))
        .route("/log", show(|sandbox, _, query| Ok(log::page(sandbox, query.before()?))))
        .route("/pay/{id}", show(|sandbox, target, _| cashier::visit(sandbox, target)))
        .route("/pay/{id}/{step}", step("pay", actions::by_payer))
        .route("/page/log", show(log::news))
        .route("/page/style.css", file("text/css", include_str!("page/style.css")))
        .route("/page/log.js", file("text/javascript", include_str!("page/log.js")))
        .route("/page/icon.svg", file("image/svg+xml", include_str!("page/icon.svg")))
        .layer(middleware::from_fn(guarded))
        .with_state(sandbox)
}

/// Whether a path that no route has is one of the pages' rather than of the merchant API, which has POST only.
pub(crate) fn has(method: &Method, path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    match *method {
        Method::GET => matches!(first, "" | "callbacks" | "log" | "merchants" | "orders" | "page" | "pay"),
        Method::POST => matches!(first, "orders" | "pay"),
        _ => false,
    }
}

pub(crate) fn not_found(head: &Parts) -> Response {
    let problem = match guard::check(head) {
        Ok(()) => Problem::not_found("There is no such page."),
        Err(why) => Problem::forbidden(why),
    };
    secured(problem.into_response())
}

fn show(show: Show) -> MethodRouter<Arc<Sandbox>> {
    routing::get(async move |State(sandbox): State<Arc<Sandbox>>, target: Target, query: Values| {
        blocking(move || Ok(html(StatusCode::OK, &show(&sandbox, &target, &query)?))).await
    })
}

/// A step of an order. Its address, loaded again after a refusal, leads back to the page of the order.
fn step(place: &'static str, take: actions::Step) -> MethodRouter<Arc<Sandbox>> {
    routing::post(async move |State(sandbox): State<Arc<Sandbox>>, target: Target, form: Values| {
        blocking(move || actions::post(&sandbox, place, &target, &form, take)).await
    })
    .get(async move |target: Target| {
        let order = target.order()?;
        Ok::<_, Problem>(see_other(&format!("/{place}/{order}")))
    })
}

fn file(kind: &'static str, text: &'static str) -> MethodRouter<Arc<Sandbox>> {
    routing::get(async move || ([(header::CONTENT_TYPE, format!("{kind}; charset=utf-8"))], text))
}

/// Runs beside the runtime: the store may have to wait for the disk.
async fn blocking(
    job: impl FnOnce() -> Result<Response, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    tokio::task::spawn_blocking(job).await.unwrap_or_else(|_| Err(Problem::internal()))
}

async fn guarded(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    secured(match guard::check(&head) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(why) => Problem::forbidden(why).into_response(),
    })
}

fn secured(mut response: Response) -> Response {
    guard::set(&mut response, &guard::FOREIGN_PAGES);
    guard::set(
        &mut response,
        &[
            ("content-security-policy", CONTENT_SECURITY_POLICY),
            ("x-frame-options", "DENY"),
            // Not `no-referrer`: browsers then hide the origin of our own forms, too, which the guard asks for.
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
        ],
    );
    response
}
