//! The control API: every route, what it refuses, and a whole life by HTTP alone.

mod clock;
mod events;
mod faults;
mod merchants;
mod orders;
mod refusals;
mod scenarios;
mod whole;

use crate::http::{Request, Response};
use serde_json::Value;
use tarspay_sandbox::Sandbox;

async fn send(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> Response {
    let host = sandbox.address().to_string();
    let request = Request::post(&format!("/_sandbox/{path}"), body).method(method).header("Host", &host);
    let response = request.send(sandbox.address()).await;
    assert_eq!(response.header("content-type"), Some("application/json;charset=utf-8"));
    let secret = sandbox.merchant().private_key().expose_hex();
    assert!(!response.body.to_lowercase().contains(secret.as_str()), "{path} shows the private key");
    response
}

pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> Value {
    let response = send(sandbox, "GET", path, "").await;
    assert_eq!(response.status, 200, "{path}: {response:?}");
    response.json()
}

async fn post(sandbox: &Sandbox, path: &str, body: &Value) -> Value {
    let response = send(sandbox, "POST", path, &body.to_string()).await;
    assert_eq!(response.status, 200, "{path} {body}: {response:?}");
    response.json()
}

/// A refusal: its kind and its text.
async fn refused(sandbox: &Sandbox, status: u16, method: &str, path: &str, body: &str) -> (String, String) {
    let response = send(sandbox, method, path, body).await;
    assert_eq!(response.status, status, "{method} {path} {body}: {response:?}");
    let json = response.json();
    assert_eq!(json.as_object().unwrap().len(), 1);
    let text = |name: &str| json["error"][name].as_str().unwrap().to_owned();
    (text("kind"), text("message"))
}
