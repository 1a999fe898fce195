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
    let answer = request.send(sandbox.address()).await;
    assert_eq!(answer.header("content-type"), Some("application/json;charset=utf-8"));
    let secret = sandbox.merchant().private_key().expose_hex();
    assert!(!answer.body.to_lowercase().contains(secret.as_str()), "{path} shows the private key");
    answer
}

pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> Value {
    let answer = send(sandbox, "GET", path, "").await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

async fn post(sandbox: &Sandbox, path: &str, body: &Value) -> Value {
    let answer = send(sandbox, "POST", path, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{path} {body}: {answer:?}");
    answer.json()
}

/// A refusal: its kind and its text.
async fn refused(sandbox: &Sandbox, status: u16, method: &str, path: &str, body: &str) -> (String, String) {
    let answer = send(sandbox, method, path, body).await;
    assert_eq!(answer.status, status, "{method} {path} {body}: {answer:?}");
    let json = answer.json();
    assert_eq!(json.as_object().unwrap().len(), 1);
    let text = |name: &str| json["error"][name].as_str().unwrap().to_owned();
    (text("kind"), text("message"))
}
