//! HTTP around the gateway: one port, a limit on bodies, the same envelope for every answer, and connections that a
//! fault can cut.

use crate::answer_body::ResponseBody;
use crate::control_api::ControlApi;
use crate::engine::Engine;
use crate::faults::End;
use crate::gateway::{Answer, Call};
use crate::page::Page;
use crate::refusal::Refusal;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tarspay_types::{Decode as _, ErrorCode, Members, MerchantOrderNo, OrderState};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The largest body, in bytes. The longest documented one has about 500.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// How long to wait after the system could not give a connection, usually because there are too many.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Names the mistakes behind a signature that was refused.
const EXPLAIN_HEADER: HeaderName = HeaderName::from_static("x-sandbox-explain");

/// Marks a response in whose place the connection is closed.
#[derive(Clone, Copy)]
struct CloseConnection;

/// Where a request came from.
#[derive(Clone, Copy)]
struct Peer(IpAddr);

/// The address of this machine at which a request has arrived.
#[derive(Clone, Copy)]
pub(crate) struct ArrivedAt(pub(crate) IpAddr);

#[derive(Clone)]
struct Shared {
    engine: Arc<Engine>,
    api: Arc<ControlApi>,
    page: Arc<Page>,
}

/// Serves until `stopped` is ready, then finishes the answers it is writing. Dropped, it ends all connections.
pub(crate) async fn serve(
    listener: TcpListener,
    engine: Arc<Engine>,
    api: ControlApi,
    page: Page,
    stopped: impl Future<Output = ()> + Send + 'static,
) {
    let api = Arc::new(api);
    let shared = Shared { engine, api: Arc::clone(&api), page: Arc::new(page) };
    let router = Router::new().fallback(answer).with_state(shared);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            // A sandbox that is stopped takes nothing more, even if there is more to take.
            biased;
            () = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, router.clone(), graceful.watcher()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    api.stop();
    graceful.shutdown().await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, watcher: Watcher) {
    // Answers are small and wait for nothing.
    let _ = stream.set_nodelay(true);
    let arrived_at = stream.local_addr().map(|address| ArrivedAt(address.ip().to_canonical())).ok();
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        // An address of IPv4 stays one where a socket of IPv6 takes both.
        request.extensions_mut().insert(Peer(peer.ip().to_canonical()));
        if let Some(arrived_at) = arrived_at {
            request.extensions_mut().insert(arrived_at);
        }
        let answer = router.call(request);
        async move {
            let Ok(response) = answer.await;
            if response.extensions().get::<CloseConnection>().is_some() {
                return Err(io::Error::other("a fault closed the connection"));
            }
            Ok(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service);
    // The error of a connection is its own, also the one that a fault makes.
    let _ = watcher.watch(connection).await;
}

async fn answer(State(Shared { engine, api, page }): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if ControlApi::has(head.uri.path()) {
        return api.answer(&head, body).await;
    }
    if Page::has(&head.method, head.uri.path()) {
        return page.answer(&head, body).await;
    }
    if head.method != Method::POST {
        let refusal = Refusal::new(ErrorCode::SYSTEM_ERROR, "every call of the gateway is a POST");
        return json(StatusCode::METHOD_NOT_ALLOWED, refusal.to_json());
    }
    let body = match read_limited(body).await {
        Ok(body) => body,
        Err((status, refusal)) => return json(status, refusal.to_json()),
    };
    let call = Call {
        path: head.uri.path(),
        query: head.uri.query(),
        header: &|name| head.headers.get(name).and_then(|value| value.to_str().ok()),
        body: &body,
        order_no: order_no(&body),
        peer: head.extensions.get().map_or(IpAddr::from([127, 0, 0, 1]), |Peer(ip)| *ip),
    };
    let faults = engine.faults.of_call(call.path, call.order_no.as_ref());
    if !faults.delay.is_zero() {
        tokio::time::sleep(faults.delay).await;
    }
    if let Some(end) = faults.before {
        return ended(end);
    }
    // How the gateway answers a refused call is not documented; the sandbox keeps to HTTP 200 and the envelope.
    let Answer { json: mut envelope, explained, faults: planned } = engine.answer(&call).await;
    if !planned.delay.is_zero() {
        tokio::time::sleep(planned.delay).await;
    }
    // What was asked for by itself goes before what a scenario wants.
    if let Some(end) = faults.after.or(planned.after) {
        return ended(end);
    }
    if let Some(state) = faults.state.or(planned.state) {
        envelope = with_state(envelope, state);
    }
    let (truncate, slow) = (faults.truncate.or(planned.truncate), faults.slow.or(planned.slow));
    let mut response = if truncate.is_none() && slow.is_none() {
        json(StatusCode::OK, envelope)
    } else {
        json(StatusCode::OK, Body::new(ResponseBody::new(envelope, truncate, slow)))
    };
    if let Some(names) = explained.and_then(|names| HeaderValue::try_from(names).ok()) {
        response.headers_mut().insert(EXPLAIN_HEADER, names);
    }
    response
}

/// What a fault answers in the place of the gateway.
fn ended(end: End) -> Response {
    match end {
        End::Drop => {
            let mut response = Response::default();
            response.extensions_mut().insert(CloseConnection);
            response
        }
        End::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CONTENT_TYPE, "text/html")], format!("<h1>{status}</h1>\n")).into_response()
        }
        End::Refuse(code) => json(StatusCode::OK, Refusal::new(code, code.to_string()).to_json()),
    }
}

/// The answer with another state in its data; unchanged if it tells none.
fn with_state(envelope: Vec<u8>, state: OrderState) -> Vec<u8> {
    let changed = || -> Option<Vec<u8>> {
        let mut members = Members::from_slice(&envelope).ok()?;
        let mut data = Members::from_json(members.get("data")?).ok()?;
        let name = ["state", "orderState"].into_iter().find(|name| data.get(name).is_some())?;
        data.insert(name, &state).ok()?;
        members.insert("data", &data).ok()?;
        serde_json::to_vec(&members).ok()
    };
    changed().unwrap_or(envelope)
}

/// The merchant's number of the order that a body names.
fn order_no(body: &[u8]) -> Option<MerchantOrderNo> {
    let members = Members::from_slice(body).ok()?;
    MerchantOrderNo::from_json(members.get("mchOrderNo")?).ok()
}

async fn read_limited(body: Body) -> Result<Vec<u8>, (StatusCode, Refusal)> {
    to_bytes(body, MAX_BODY_BYTES).await.map(Vec::from).map_err(|_| {
        let message = format!("the body is cut short or larger than {MAX_BODY_BYTES} bytes");
        (StatusCode::PAYLOAD_TOO_LARGE, Refusal::new(ErrorCode::SYSTEM_ERROR, message))
    })
}

pub(crate) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json;charset=utf-8")], body.into()).into_response()
}
