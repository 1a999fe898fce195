//! The server: one port for the merchant API, the control API and the pages, and connections that a fault can cut.

use crate::faults::End;
use crate::gateway::Response as Handled;
use crate::gateway::call::{Call, Refusal};
use crate::guard::{ArrivedAt, MAX_BODY_BYTES, json};
use crate::sandbox::{Sandbox, Shared};
use crate::{api, page};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tarspay_types::{Decode as _, ErrorCode, Members, OrderState};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Sleep;

/// How long to wait after the system could not give a connection, usually because there are too many.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Names the mistakes behind a signature that was refused.
const EXPLAIN_HEADER: HeaderName = HeaderName::from_static("x-sandbox-explain");

/// Marks a response in whose place the connection is closed.
#[derive(Clone, Copy)]
struct CloseConnection;

/// The address that a request came from.
#[derive(Clone, Copy)]
struct Peer(IpAddr);

/// Serves until `stopped` is ready, then finishes the responses it is writing. Dropped, it ends all connections.
pub(crate) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    handle: Arc<Sandbox>,
    stopped: impl Future<Output = ()> + Send + 'static,
) {
    let (stop, stopping) = watch::channel(false);
    let router = Router::new()
        .merge(api::router(Arc::clone(&handle), stopping))
        .merge(page::router(handle))
        // A POST to the address of a page is a call, too.
        .method_not_allowed_fallback(call)
        .fallback(call)
        .with_state(shared);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            // A sandbox that is stopped accepts nothing more, even if more is waiting.
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
    stop.send_replace(true);
    graceful.shutdown().await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, watcher: Watcher) {
    // Responses are small and wait for nothing.
    let _ = stream.set_nodelay(true);
    let arrived_at = stream.local_addr().map(|address| ArrivedAt(address.ip().to_canonical())).ok();
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        // An address of IPv4 stays one where a socket of IPv6 takes both.
        request.extensions_mut().insert(Peer(peer.ip().to_canonical()));
        if let Some(arrived_at) = arrived_at {
            request.extensions_mut().insert(arrived_at);
        }
        let response = router.call(request);
        async move {
            let Ok(response) = response.await;
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
    // An error concerns this connection only, also one that a fault causes.
    let _ = watcher.watch(connection).await;
}

/// A call of the merchant API, with the faults that apply to it.
async fn call(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if page::has(&head.method, head.uri.path()) {
        return page::not_found(&head);
    }
    if head.method != Method::POST {
        let refusal = Refusal::new(ErrorCode::SYSTEM_ERROR, "every call of the gateway is a POST");
        return json(StatusCode::METHOD_NOT_ALLOWED, refusal.to_json());
    }
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        let message = format!("the body is cut short or larger than {MAX_BODY_BYTES} bytes");
        let refusal = Refusal::new(ErrorCode::SYSTEM_ERROR, message);
        return json(StatusCode::PAYLOAD_TOO_LARGE, refusal.to_json());
    };
    let headers = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let peer = head.extensions.get().map_or(IpAddr::from([127, 0, 0, 1]), |Peer(ip)| *ip);
    let call = Call::new((head.uri.path(), head.uri.query()), headers, &body, peer);
    let faults = shared.faults.of_call(call.path, call.order_no.as_ref());
    if !faults.delay.is_zero() {
        tokio::time::sleep(faults.delay).await;
    }
    if let Some(end) = faults.before {
        return ended(end);
    }
    // The status of a refused call is not documented; the sandbox responds with HTTP 200 and the envelope.
    let Handled { json: mut envelope, explained, faults: planned } = shared.handle(&call).await;
    if !planned.delay.is_zero() {
        tokio::time::sleep(planned.delay).await;
    }
    // Injected faults take precedence over those of a scenario.
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
        json(StatusCode::OK, Body::new(FaultyBody::new(envelope, truncate, slow)))
    };
    if let Some(names) = explained.and_then(|names| HeaderValue::try_from(names).ok()) {
        response.headers_mut().insert(EXPLAIN_HEADER, names);
    }
    response
}

/// The response of a fault in place of the gateway.
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

/// The response with another state in its data; unchanged if it has none.
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

/// A body that is sent step by step. Its announced length is that of the whole response, whatever is sent of it.
struct FaultyBody {
    steps: VecDeque<Step>,
    announced: u64,
    sleep: Option<Pin<Box<Sleep>>>,
}

enum Step {
    Send(Bytes),
    /// Lets the connection write what it has so far.
    Flush,
    Wait(Duration),
    /// Ends the connection.
    Cut,
}

impl FaultyBody {
    /// A body of which only `truncate` bytes are sent, or the rest only this long after the first byte.
    fn new(body: Vec<u8>, truncate: Option<usize>, slow: Option<Duration>) -> Self {
        let mut body = Bytes::from(body);
        let announced = body.len() as u64;
        let is_cut = truncate.is_some_and(|bytes| bytes < body.len());
        body.truncate(truncate.unwrap_or(body.len()));
        let mut steps = VecDeque::new();
        if let Some(duration) = slow {
            steps.push_back(Step::Send(body.split_to(body.len().min(1))));
            steps.push_back(Step::Wait(duration));
        }
        steps.push_back(Step::Send(body));
        if is_cut {
            // What was sent must be on its way before the connection ends.
            steps.push_back(Step::Flush);
            steps.push_back(Step::Cut);
        }
        Self { steps, announced, sleep: None }
    }
}

impl HttpBody for FaultyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(sleep) = &mut self.sleep {
            ready!(sleep.as_mut().poll(context));
            self.sleep = None;
        }
        loop {
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Send(bytes)) if bytes.is_empty() => {}
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Flush) => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Wait(duration)) => {
                    let mut sleep = Box::pin(tokio::time::sleep(duration));
                    if sleep.as_mut().poll(context).is_pending() {
                        self.sleep = Some(sleep);
                        return Poll::Pending;
                    }
                }
                Some(Step::Cut) => {
                    return Poll::Ready(Some(Err(io::Error::other("a fault cut the response"))));
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
