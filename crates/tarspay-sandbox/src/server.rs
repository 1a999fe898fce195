//! The server: one port for the merchant API, the control API and the pages, and connections that a fault can cut.

use crate::error::lock;
use crate::fault::FaultKind;
use crate::gateway::Response as Handled;
use crate::gateway::call::{Call, Refusal};
use crate::guard::{self, CLIENT_TIMEOUT, Local, json};
use crate::recorded::{self, RecordedCall};
use crate::sandbox::{Sandbox, Shared};
use crate::{api, page};
use axum::Router;
use axum::body::Body;
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
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tarspay_types::{Decode as _, ErrorCode, Members, OrderState};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, Sleep};

/// How long to wait after the system could not give a connection, usually because there are too many.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a connection keeps its place while it waits for its client and others wait for a place.
const PLACE: Duration = Duration::from_secs(1);

/// The most bytes of a connection that are buffered, and so the longest head.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// What keeps pages of other origins from making something else of a response, or from embedding it.
const FOREIGN_PAGES: [(HeaderName, HeaderValue); 2] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Names the mistakes behind a signature that was refused.
const EXPLAIN_HEADER: HeaderName = HeaderName::from_static("x-sandbox-explain");

/// Marks a response in whose place the connection is closed.
#[derive(Clone, Copy)]
struct CloseConnection;

/// Serves until `stopped` is ready, then finishes the responses it is writing. Dropped, it ends all connections.
pub(crate) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    handle: Arc<Sandbox>,
    stopped: impl Future<Output = ()> + Send + 'static,
) {
    let (stop, stopping) = watch::channel(false);
    let most = shared.settings.connections;
    let public_name = shared.settings.public_name.as_deref().map(Arc::from);
    let router = Router::new()
        .merge(api::router(Arc::clone(&handle), stopping))
        .merge(page::router(handle))
        // A POST to the address of a page is a call, too.
        .method_not_allowed_fallback(call)
        .fallback(call)
        .with_state(shared);
    let graceful = GracefulShutdown::new();
    let (tasks, ended) = (JoinSet::new(), Arc::default());
    let mut connections = Connections { most, tasks, open: Vec::new(), ended };
    tokio::pin!(stopped);
    loop {
        let now = Instant::now();
        let room = connections.room(now);
        let has_room = room.is_some_and(|from| from <= now);
        tokio::select! {
            // A sandbox that is stopped accepts nothing more, even if more is waiting.
            biased;
            () = &mut stopped => break,
            Some(ended) = connections.tasks.join_next_with_id() => connections.remove(&ended),
            () = connections.ended.notified(), if !has_room => {}
            () = tokio::time::sleep_until(room.unwrap_or(now)), if !has_room && room.is_some() => {}
            accepted = listener.accept(), if has_room => match accepted {
                Ok((stream, peer)) => {
                    let (router, watcher) = (router.clone(), graceful.watcher());
                    let name = public_name.clone();
                    connections.add(|turn| connection(stream, peer, router, watcher, turn, name));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    stop.send_replace(true);
    graceful.shutdown().await;
}

/// The connections that are open, in the order of their coming. One more than the limit takes the place of the one that has
/// waited longest for its client, and at least for [`PLACE`]; until there is one, it is not accepted.
struct Connections {
    most: usize,
    tasks: JoinSet<()>,
    open: Vec<(AbortHandle, Arc<Turn>)>,
    /// A request has its response: its connection waits for its client again.
    ended: Arc<Notify>,
}

/// Whose turn it is on a connection.
struct Turn {
    state: Mutex<TurnState>,
    ended: Arc<Notify>,
}

#[derive(Clone, Copy, PartialEq)]
enum TurnState {
    /// The client's since then: for a head, a body, or to read its response.
    Waiting(Instant),
    /// A request has come whole, and is being handled.
    Busy,
    /// Its place is needed.
    Closed,
}

impl Turn {
    /// An error if its place was needed meanwhile.
    fn change(&self, to: TurnState) -> io::Result<()> {
        let mut state = lock(&self.state);
        if *state == TurnState::Closed {
            return Err(io::Error::other("the place of this connection was needed for another one"));
        }
        *state = to;
        self.ended.notify_one();
        Ok(())
    }
}

impl Connections {
    /// The one that has waited longest, and since when.
    fn longest_waiting(&self) -> Option<(usize, Instant)> {
        let waiting = self.open.iter().enumerate().filter_map(|(at, (_, turn))| match *lock(&turn.state) {
            TurnState::Waiting(since) => Some((at, since)),
            TurnState::Busy | TurnState::Closed => None,
        });
        waiting.min_by_key(|(_, since)| *since)
    }

    /// When there is room for another one; `None` if all are busy.
    fn room(&self, now: Instant) -> Option<Instant> {
        if self.open.len() < self.most {
            return Some(now);
        }
        self.longest_waiting().map(|(_, since)| since + PLACE)
    }

    fn add<F: Future<Output = ()> + Send + 'static>(&mut self, run: impl FnOnce(Arc<Turn>) -> F) {
        while self.open.len() >= self.most {
            // If all are busy again, this one is dropped.
            let Some((at, since)) = self.longest_waiting() else { return };
            let (task, turn) = &self.open[at];
            let mut state = lock(&turn.state);
            if *state == TurnState::Waiting(since) {
                *state = TurnState::Closed;
                drop(state);
                task.abort();
                self.open.remove(at);
            }
        }
        let state = Mutex::new(TurnState::Waiting(Instant::now()));
        let turn = Arc::new(Turn { state, ended: Arc::clone(&self.ended) });
        self.open.push((self.tasks.spawn(run(Arc::clone(&turn))), turn));
    }

    fn remove(&mut self, ended: &Result<(Id, ()), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        self.open.retain(|(task, _)| task.id() != id);
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
    turn: Arc<Turn>,
    public_name: Option<Arc<str>>,
) {
    // Responses are small and wait for nothing.
    let _ = stream.set_nodelay(true);
    // An address of IPv4 stays one where a socket of IPv6 takes both.
    let ip = stream.local_addr().map(|address| address.ip().to_canonical()).ok();
    let local = Local { peer: peer.ip().to_canonical(), ip, public_name };
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(local.clone());
        let turn = Arc::clone(&turn);
        let router = router.clone();
        async move {
            let is_whole = request.body().is_end_stream();
            turn.change(if is_whole { TurnState::Busy } else { TurnState::Waiting(Instant::now()) })?;
            let request = request.map(|body| Arriving { body, turn: Arc::clone(&turn) });
            let Ok(mut response) = router.call(request).await;
            response.headers_mut().extend(FOREIGN_PAGES);
            turn.change(TurnState::Waiting(Instant::now()))?;
            if response.extensions().get::<CloseConnection>().is_some() {
                return Err(io::Error::other("a fault closed the connection"));
            }
            Ok(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Also the longest time between two requests.
        .header_read_timeout(CLIENT_TIMEOUT)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // An error concerns this connection only, also one that a fault causes.
    let _ = watcher.watch(connection).await;
}

/// The body of a request, with whose end the connection no longer waits for its client.
struct Arriving {
    body: Incoming,
    turn: Arc<Turn>,
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() {
            self.turn.change(TurnState::Busy)?;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A call of the merchant API, with the faults that apply to it.
async fn call(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if page::has(&head) {
        return page::not_found(&head);
    }
    if head.method != Method::POST {
        let refusal = Refusal::new(ErrorCode::SYSTEM_ERROR, "every call of the gateway is a POST");
        return json(StatusCode::METHOD_NOT_ALLOWED, refusal.to_json());
    }
    let body = match guard::read(body).await {
        Ok(body) => body,
        Err((status, message)) => {
            return json(status, Refusal::new(ErrorCode::SYSTEM_ERROR, message).to_json());
        }
    };
    let headers = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let peer = head.extensions.get::<Local>().map_or(Ipv4Addr::LOCALHOST.into(), |local| local.peer);
    let call = Call::new((head.uri.path(), head.uri.query()), headers, &body, peer);
    let faults = shared.faults.of_call(call.path, call.order_no.as_ref());
    if !faults.delay.is_zero() {
        tokio::time::sleep(faults.delay).await;
    }
    if let Some(end) = faults.before {
        return ended(&end);
    }
    // The status of a refused call is not documented; the sandbox responds with HTTP 200 and the envelope.
    let Handled { json: mut envelope, explained, faults: planned, number, signed_text } =
        shared.handle(&call).await;
    // Injected faults take precedence over those of a scenario.
    let (end, state) = (faults.after.or(planned.after), faults.state.or(planned.state));
    let (truncate, slow) = (faults.truncate.or(planned.truncate), faults.slow.or(planned.slow));
    let made = [
        end.as_ref().map(ToString::to_string),
        state.map(|state| FaultKind::UnknownState { state }.to_string()),
        truncate.map(|bytes| FaultKind::Truncate { bytes }.to_string()),
        slow.map(|millis| FaultKind::SlowResponse { millis }.to_string()),
    ];
    let made: Vec<_> = made.into_iter().flatten().collect();
    let mut recorded = RecordedCall::new(number, shared.clock.now(), &call, &envelope);
    recorded.signed_text = signed_text.map(|signed| recorded::text(&signed));
    recorded.fault = (!made.is_empty()).then(|| made.join(", "));
    shared.calls.add(recorded);
    if !planned.delay.is_zero() {
        tokio::time::sleep(planned.delay).await;
    }
    if let Some(end) = end {
        return ended(&end);
    }
    if let Some(state) = state {
        envelope = with_state(envelope, state);
    }
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
fn ended(fault: &FaultKind) -> Response {
    match fault {
        FaultKind::HttpStatus { status } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CONTENT_TYPE, "text/html")], format!("<h1>{status}</h1>\n")).into_response()
        }
        FaultKind::Refuse { code } => json(StatusCode::OK, Refusal::new(*code, code.to_string()).to_json()),
        _ => {
            let mut response = Response::default();
            response.extensions_mut().insert(CloseConnection);
            response
        }
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
}

enum Step {
    Send(Bytes),
    /// Lets the connection write what it has so far.
    Flush,
    Wait(Pin<Box<Sleep>>),
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
            steps.push_back(Step::Wait(Box::pin(tokio::time::sleep(duration))));
        }
        steps.push_back(Step::Send(body));
        if is_cut {
            // What was sent must be on its way before the connection ends.
            steps.push_back(Step::Flush);
            steps.push_back(Step::Cut);
        }
        Self { steps, announced }
    }
}

impl HttpBody for FaultyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(Step::Wait(sleep)) = self.steps.front_mut() {
                ready!(sleep.as_mut().poll(context));
            }
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Wait(_)) => {}
                Some(Step::Send(bytes)) if bytes.is_empty() => {}
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Flush) => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
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

#[cfg(test)]
mod tests {
    use crate::Sandbox;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    const HEALTH: &[u8] = b"GET /_sandbox/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    async fn with_two_connections() -> Sandbox {
        let mut builder = Sandbox::builder();
        builder.settings.connections = 2;
        builder.start().await.unwrap()
    }

    async fn sent(sandbox: &Sandbox, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    async fn read(mut stream: TcpStream) -> String {
        let mut bytes = Vec::new();
        // A connection that is closed for another one may be reset.
        let _ = stream.read_to_end(&mut bytes).await;
        String::from_utf8(bytes).unwrap()
    }

    // No real time passes: tokio's clock jumps when there is nothing to do.
    #[tokio::test(start_paused = true)]
    async fn one_connection_too_many_takes_the_place_of_the_one_that_has_waited_longest() {
        let sandbox = with_two_connections().await;
        let first = sent(&sandbox, b"POST /api/bal").await;
        let mut second = sent(&sandbox, b"POST /api/bal").await;
        assert!(read(sent(&sandbox, HEALTH).await).await.starts_with("HTTP/1.1 200"));
        assert_eq!(read(first).await, "");
        // The second one still has its place.
        let rest = b"anceInfo HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        second.write_all(rest).await.unwrap();
        assert!(read(second).await.starts_with("HTTP/1.1 200"));
        // However many do not go on, others get in.
        let mut half = Vec::new();
        for at in 0..20 {
            let body = b"POST /api/balanceInfo HTTP/1.1\r\nContent-Length: 9\r\n\r\n{";
            half.push(sent(&sandbox, if at % 2 == 0 { b"POST /api/bal" } else { body }).await);
            assert!(read(sent(&sandbox, HEALTH).await).await.starts_with("HTTP/1.1 200"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_handled_keeps_its_connection_and_others_wait_for_it() {
        let sandbox = with_two_connections().await;
        let slow = b"GET /_sandbox/events?wait_millis=25000 HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let busy = [sent(&sandbox, slow).await, sent(&sandbox, slow).await];
        let start = tokio::time::Instant::now();
        assert!(read(sent(&sandbox, HEALTH).await).await.starts_with("HTTP/1.1 200"));
        assert!(start.elapsed() >= Duration::from_secs(25));
        for stream in busy {
            assert!(read(stream).await.starts_with("HTTP/1.1 200"));
        }
    }

    #[tokio::test]
    async fn a_burst_of_connections_is_served_however_many_come_at_once() {
        let sandbox = with_two_connections().await;
        let mut all = Vec::new();
        for _ in 0..20 {
            all.push(sent(&sandbox, HEALTH).await);
        }
        for stream in all {
            assert!(read(stream).await.starts_with("HTTP/1.1 200"));
        }
    }
}
