//! The pages for people: what is in the sandbox, and the cashier page that `payUrl` points to, as plain HTML.
//!
//! Like the control API they only call methods of [`Sandbox`]. A GET looks, a step is a form that is posted, and its
//! response is a redirect. Everything works without a script; the only one keeps the log up to date, and shows local times.

mod call;
mod cashier;
mod home;
mod layout;
mod lists;
mod log;
mod orders;

use crate::guard;
use crate::input::Input;
use crate::sandbox::Sandbox;
use crate::web::{self, Form, OperatorRequest, Refused, Web, form_input};
use axum::Router;
use axum::http::{Method, StatusCode, header, request::Parts};
use axum::middleware;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{self, MethodRouter};
use layout::html;
use maud::Markup;
use orders::Taking;
use std::sync::Arc;
use tarspay_types::PayOrderId;

/// Nothing from elsewhere, no inline script or style, and no frame around it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

static FORM: Form = Form {
    read: only_own_forms,
    refuse: |refused| html(refused.status, &layout::refusal(refused.status, &sentence(&refused.message))),
    headers: &[
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-frame-options", "DENY"),
        // Not `no-referrer`: browsers then hide the origin of our own forms, too, which the guard asks for.
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
    ],
};

pub(crate) fn router<S: Clone + Send + Sync + 'static>(sandbox: Arc<Sandbox>) -> Router<S> {
    let web = Web { sandbox, form: &FORM };
    Router::new()
        .route("/", show(home::overview))
        .route("/merchants", show(lists::merchants))
        .route("/orders", show(orders::list))
        .route("/orders/{id}", show(|it| orders::page(it, None)))
        .route("/orders/{id}/{step}", step("orders", orders::by_operator))
        .route("/calls", show(log::calls))
        .route("/calls/{number}", show(call::page))
        .route("/callbacks", show(lists::callbacks))
        .route(
            "/callbacks/test",
            routing::post(test_callback).get(async || html(StatusCode::OK, &home::tested("", None))),
        )
        .route("/clock/{step}", routing::post(change_clock).get(async || Redirect::to("/")))
        .route("/log", show(log::log))
        .route("/pay/{id}", show(cashier::visit))
        .route("/pay/{id}/{step}", step("pay", cashier::by_payer))
        .route("/page/log", show(log::news))
        .route("/page/style.css", file("text/css", include_str!("page/style.css")))
        .route("/page/page.js", file("text/javascript", include_str!("page/page.js")))
        .route("/page/icon.svg", file("image/svg+xml", include_str!("page/icon.svg")))
        .layer(middleware::from_fn_with_state(web.clone(), web::guarded))
        .with_state(web)
}

/// Whether a request that no route takes is for a page rather than for the merchant API, which has POST only. A browser
/// that looks for anything gets a page.
pub(crate) fn has(head: &Parts) -> bool {
    let first = head.uri.path().split('/').nth(1).unwrap_or_default();
    match head.method {
        Method::GET => {
            header(head, "accept").is_some_and(|accept| accept.contains("text/html"))
                || matches!(
                    first,
                    "" | "callbacks" | "calls" | "clock" | "log" | "merchants" | "orders" | "page" | "pay"
                )
        }
        Method::POST => matches!(first, "callbacks" | "clock" | "orders" | "pay"),
        _ => false,
    }
}

pub(crate) fn not_found(head: &Parts) -> Response {
    let missing = || match head.uri.path() {
        path if path.starts_with("/api/") => {
            let message =
                "this is the address of a call of the gateway, which takes a signed POST, and no page";
            Refused::unknown("unknown_page", message)
        }
        _ => no_such("page"),
    };
    let refused = guard::refuse_web_pages(head).map_or_else(Refused::forbidden, |()| missing());
    web::finish(&FORM, refused.into_response())
}

fn no_such(thing: &str) -> Refused {
    Refused::unknown("unknown_page", format!("there is no such {thing}"))
}

/// The order that the path names. A text that cannot be an order number is an unknown one.
fn order_id(it: &OperatorRequest) -> Result<PayOrderId, Refused> {
    it.id.parse().map_err(|_| no_such("order"))
}

/// Where a list continues; by default at its beginning.
fn before(it: &OperatorRequest) -> Result<i64, Refused> {
    Ok(it.input.number("before")?.unwrap_or(i64::MAX))
}

fn show(show: fn(&OperatorRequest) -> Result<Markup, Refused>) -> MethodRouter<Web> {
    routing::get(async move |it: OperatorRequest| {
        it.run(move |it| Ok(html(StatusCode::OK, &show(it)?))).await
    })
}

/// A step of an order. Its address, loaded again after a refusal, leads back to the page of the order.
fn step(place: &'static str, take: Taking) -> MethodRouter<Web> {
    routing::post(async move |it: OperatorRequest| it.run(move |it| orders::post(it, place, take)).await)
        .get(async move |it: OperatorRequest| Ok::<_, Refused>(see_other(place, &order_id(&it)?)))
}

async fn change_clock(it: OperatorRequest) -> Result<Redirect, Refused> {
    it.run(home::change_clock).await.map(|()| Redirect::to("/"))
}

async fn test_callback(it: OperatorRequest) -> Result<Response, Refused> {
    let url = it.input.text("url")?.unwrap_or_default();
    let sent = web::send_test_callback(&it).await;
    let status = sent.as_ref().map_or_else(|refused| refused.status, |_| StatusCode::OK);
    Ok(html(status, &home::tested(url, Some(&sent))))
}

/// After a step: the page of what it has changed, so that loading it again repeats nothing.
fn see_other(place: &str, order: &PayOrderId) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("/{place}/{order}"))]).into_response()
}

fn file(kind: &'static str, text: &'static str) -> MethodRouter<Web> {
    routing::get(async move || ([(header::CONTENT_TYPE, format!("{kind}; charset=utf-8"))], text))
}

fn header<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}

/// Every current browser says so when a form comes from one of our pages; programs say nothing.
fn only_own_forms(head: &Parts, body: &[u8]) -> Result<Input, Refused> {
    if !matches!(header(head, "sec-fetch-site"), None | Some("same-origin" | "none")) {
        return Err(Refused::forbidden("pages of another origin cannot post forms to the sandbox"));
    }
    let kind = header(head, "content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(form_input(body));
    }
    Err("a form is posted as application/x-www-form-urlencoded".to_owned().into())
}

/// Refusals are written to stand inside a sentence: "no order P1".
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
