//! A server that responds to a balance query and to the creation of a deposit, each with one body.

use super::calls::BALANCE_PATH;
use crate::shell::{Failure, say};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const BALANCE: &str = r#"{"code":0,"msg":"SUCCESS","data":{"mchNo":"M1688443086","availableAmount":"1000.00","frozenAmount":"0.00"}}"#;
/// Prints its address and serves until it is killed.
///
/// # Errors
///
/// If it cannot listen.
pub(crate) fn run() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::to("make a runtime", error))?;
    runtime.block_on(serve()).map_err(|error| Failure::to("serve", error))
}

async fn serve() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&listener.local_addr()?.to_string());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A client that goes away ends its connection, and that is all.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(respond)));
    }
}

async fn respond(request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    let is_balance = request.uri().path() == BALANCE_PATH;
    let body = request.into_body().collect().await?.to_bytes();
    let response = if is_balance { Bytes::from_static(BALANCE.as_bytes()) } else { deposit(&body).into() };
    Ok(Response::new(Full::new(response)))
}

/// The deposit that a request creates: it names the request's own number.
fn deposit(request: &[u8]) -> String {
    let members: serde_json::Value = serde_json::from_slice(request).unwrap_or_default();
    let number = &members["mchOrderNo"];
    format!(
        r#"{{"code":0,"msg":"SUCCESS","data":{{"mchNo":"M1688443086","mchOrderNo":{number},"payOrderId":"P1734517376779485186","orderState":0,"payData":"https://pay.example/cashier/P1734517376779485186","payDataType":"payUrl"}}}}"#
    )
}
