//! The control API: what the owner of a sandbox can do, by HTTP and JSON under `/_sandbox/`, for programs in any language.
//!
//! It is a thin layer over the methods of [`Sandbox`]. A look is a GET with its members in the query, a change a POST
//! with its members in a JSON object.

mod callbacks;
mod faults;
mod input;
mod merchants;
mod orders;
mod refused;
mod routes;
mod scenarios;
mod shown;
mod time;

pub(crate) use faults::read as read_fault;

use crate::server::{self, MAX_BODY_BYTES};
use crate::{Sandbox, guard};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Method, StatusCode, header, request};
use axum::response::Response;
use input::Input;
use refused::Refused;
use routes::{First, Resource};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::watch;

const ROOT: &str = "/_sandbox";

pub(crate) struct ControlApi {
    sandbox: Arc<Sandbox>,
    stopping: watch::Sender<bool>,
}

impl ControlApi {
    /// Over a handle with which nothing ends.
    pub(crate) fn new(sandbox: Arc<Sandbox>) -> Self {
        Self { sandbox, stopping: watch::Sender::new(false) }
    }

    /// Whether a path is one of this API rather than of the gateway.
    pub(crate) fn has(path: &str) -> bool {
        path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Has those answered at once who wait for events.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    pub(crate) async fn answer(&self, head: &request::Parts, body: Body) -> Response {
        match self.value(head, body).await {
            Ok(value) => json(StatusCode::OK, &value),
            Err(refused) => {
                let mut response = json(refused.status, &refused.to_json());
                if let Some(allowed) = refused.allowed {
                    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
                }
                response
            }
        }
    }

    async fn value(&self, head: &request::Parts, body: Body) -> Result<Value, Refused> {
        guard::check(head).map_err(|why| Refused::new(StatusCode::FORBIDDEN, "forbidden", why))?;
        let path = head.uri.path().strip_prefix(ROOT).unwrap_or_default();
        let segments = routes::segments(path)?;
        let resource = Resource::find(&segments).ok_or_else(|| {
            Refused::unknown("unknown_path", format!("there is nothing at {ROOT}{}", path.escape_debug()))
        })?;
        let action = resource.action(&head.method)?;
        let query = head.uri.query().unwrap_or_default();
        let input = if head.method == Method::GET {
            Input::from_query(query)?
        } else if query.is_empty() {
            Input::from_body(&read(body).await?)?
        } else {
            return Err(Refused::invalid("a POST has its members in a JSON body, and no query"));
        };
        input.only(action.members)?;
        match action.first {
            First::Nothing => {}
            First::Settle => self.sandbox.settle().await,
            First::Event => {
                time::wait_for_event(&self.sandbox, &input, self.stopping.subscribe()).await?;
            }
        }
        // A change waits for the disk, which the runtime has no time for.
        let sandbox = Arc::clone(&self.sandbox);
        tokio::task::spawn_blocking(move || {
            let id = segments.get(1).map_or("", String::as_str);
            (action.run)(&sandbox, id, &input)
        })
        .await
        .unwrap_or_else(|_| Err(Refused::internal("the sandbox is stopping or has a fault")))
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Refused> {
    to_bytes(body, MAX_BODY_BYTES).await.map(Vec::from).map_err(|_| {
        let message = format!("the body is cut short or larger than {MAX_BODY_BYTES} bytes");
        Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    })
}

/// One line, as terminals like it.
fn json(status: StatusCode, value: &Value) -> Response {
    server::json(status, format!("{value}\n"))
}
