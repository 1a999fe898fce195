//! The page for people: what is in the sandbox, and the cashier page that `payUrl` points to, as plain HTML.
//!
//! Like the control API it is a thin layer over the methods of [`Sandbox`]. A look is a GET, a step a form that is posted
//! and answered by a redirect. Everything works without a script; the one there is keeps the log up to date.

mod actions;
mod callbacks;
mod cashier;
mod home;
mod layout;
mod log;
mod merchants;
mod orders;
mod problem;
mod qr;
mod show;

use crate::server::MAX_BODY_BYTES;
use crate::{Sandbox, guard};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Method, StatusCode, header, request};
use axum::response::{IntoResponse as _, Response};
use maud::Markup;
use problem::Problem;
use std::sync::Arc;

/// How many entries a list shows at a time.
const AT_ONCE: usize = 20;

/// Nothing from elsewhere, no inline script or style, and no frame around it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(crate) struct Page {
    sandbox: Arc<Sandbox>,
}

impl Page {
    /// Over a handle with which nothing ends.
    pub(crate) fn new(sandbox: Arc<Sandbox>) -> Self {
        Self { sandbox }
    }

    /// Whether a request is one for this page rather than for the gateway, which has POST alone.
    pub(crate) fn has(method: &Method, path: &str) -> bool {
        let first = path.split('/').nth(1).unwrap_or_default();
        match *method {
            Method::GET => {
                matches!(first, "" | "callbacks" | "log" | "merchants" | "orders" | "page" | "pay")
            }
            Method::POST => matches!(first, "orders" | "pay"),
            _ => false,
        }
    }

    pub(crate) async fn answer(&self, head: &request::Parts, body: Body) -> Response {
        let answered = self.try_answer(head, body).await;
        secured(answered.unwrap_or_else(|problem| html(problem.status, &problem.page())))
    }

    async fn try_answer(&self, head: &request::Parts, body: Body) -> Result<Response, Problem> {
        guard::check(head).map_err(Problem::forbidden)?;
        let is_post = head.method == Method::POST;
        let values = if is_post {
            only_own_forms(head)?;
            let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| Problem::too_large())?;
            Values::read(&body)
        } else {
            Values::read(head.uri.query().unwrap_or_default().as_bytes())
        };
        let path = head.uri.path().to_owned();
        // The store may have to wait for the disk, which the runtime has no time for.
        let sandbox = Arc::clone(&self.sandbox);
        tokio::task::spawn_blocking(move || {
            let segments: Vec<_> = path.split('/').skip(1).collect();
            if is_post {
                actions::post(&sandbox, &segments, &values)
            } else {
                get(&sandbox, &segments, &values)
            }
        })
        .await
        .unwrap_or_else(|_| Err(Problem::internal()))
    }
}

fn get(sandbox: &Sandbox, segments: &[&str], query: &Values) -> Result<Response, Problem> {
    let page = match segments {
        [""] => home::page(sandbox)?,
        ["merchants"] => merchants::page(sandbox, query.get("after").unwrap_or_default())?,
        ["orders"] => orders::list_page(sandbox, query.before()?)?,
        ["orders", id] => orders::page(sandbox, &show::order_id(id)?, None)?,
        ["callbacks"] => callbacks::list_page(sandbox, query.before()?)?,
        ["log"] => log::page(sandbox, query.before()?),
        ["pay", id] => cashier::page(sandbox, &show::order_id(id)?, None)?,
        // The address of a form that was refused, loaded again.
        ["orders" | "pay", id, _] => {
            return Ok(see_other(&format!("/{}/{}", segments[0], show::order_id(id)?)));
        }
        ["page", "log"] => log::news(sandbox, query.number("after")?.unwrap_or(0)),
        ["page", "style.css"] => return Ok(file("text/css", include_str!("page/style.css"))),
        ["page", "log.js"] => return Ok(file("text/javascript", include_str!("page/log.js"))),
        ["page", "icon.svg"] => return Ok(file("image/svg+xml", include_str!("page/icon.svg"))),
        _ => return Err(Problem::not_found("There is no such page.")),
    };
    Ok(html(StatusCode::OK, &page))
}

/// A form of a page of ours says so, in every browser of these years; programs say nothing.
fn only_own_forms(head: &request::Parts) -> Result<(), Problem> {
    let header = |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if !matches!(header("sec-fetch-site"), None | Some("same-origin" | "none")) {
        return Err(Problem::forbidden("Pages of another origin cannot post forms to the sandbox."));
    }
    let kind = header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(());
    }
    Err(Problem::wrong("A form is posted as application/x-www-form-urlencoded."))
}

/// The values of a form or a query.
struct Values(Vec<(String, String)>);

impl Values {
    fn read(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let read = |text: &str| {
            text.parse()
                .map_err(|_| Problem::wrong(format!("\u{201c}{name}\u{201d} must be a whole number.")))
        };
        self.get(name).map(read).transpose()
    }

    /// Where a list goes on; at first before all there is.
    fn before(&self) -> Result<i64, Problem> {
        Ok(self.number("before")?.unwrap_or(i64::MAX))
    }
}

fn html(status: StatusCode, page: &Markup) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.0.clone()).into_response()
}

fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, format!("{kind}; charset=utf-8"))], text).into_response()
}

/// After a step: the page of what it has changed, so that loading it again repeats nothing.
fn see_other(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}

fn secured(mut response: Response) -> Response {
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        // Not `no-referrer`: browsers then hide the origin of our own forms, too, which the guard asks for.
        ("referrer-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
