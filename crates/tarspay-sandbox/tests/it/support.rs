//! What tests of orders share: valid requests made from the markets' own data, and a receiver of callbacks.

use crate::Caller;
use crate::http::{Response, in_time};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tarspay_sandbox::{EventKind, EventTail, Order, Sandbox};
use tarspay_types::market::{Field, Format, Market, Offer};
use tarspay_types::{Amount, PayOrderId, WayCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

pub(crate) const DEPOSIT: &str = "/api/pay/unifiedOrder";
pub(crate) const QUERY_DEPOSIT: &str = "/api/payInInfo";
pub(crate) const WITHDRAWAL: &str = "/api/payOut/unifiedOrder";
pub(crate) const QUERY_WITHDRAWAL: &str = "/api/payOutInfo";

/// Nobody listens there, and nobody is asked: it is `https`.
pub(crate) const NOWHERE: &str = "https://127.0.0.1/notify";

pub(crate) fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

/// A request with all that the market requires for this way.
pub(crate) fn valid(market: &Market, offer: &Offer, way: &WayCode, number: &str) -> Value {
    let minimum = offer.way(way).and_then(tarspay_types::market::Way::minimum);
    let mut body = json!({
        "mchOrderNo": number,
        "wayCode": way,
        "currency": market.currency().expect("a market with orders has a currency"),
        "amount": minimum.unwrap_or_else(|| amount("1000")),
        "notifyUrl": NOWHERE,
    });
    for field in offer.fields() {
        if field.is_required_with(way.as_str()) && body.get(field.name()).is_none() {
            body[field.name()] = Value::from(fitting(field));
        }
    }
    body
}

fn fitting(field: &Field) -> String {
    match field.format() {
        Some(Format::Digits { prefix, count, .. }) => format!("{prefix:0<count$}"),
        Some(Format::StartsWith(prefix)) => format!("{prefix}700000001"),
        Some(Format::Email) => "payer@shop.example".to_owned(),
        _ => field.example().unwrap_or("12345").to_owned(),
    }
}

/// A Kenyan deposit with some members changed; null takes one out.
pub(crate) fn kenya(number: &str, changes: &Value) -> Value {
    let mut body = json!({
        "mchOrderNo": number, "wayCode": "CASHIER", "currency": "KES", "amount": "100", "notifyUrl": NOWHERE,
    });
    merge(&mut body, changes);
    body
}

/// A Kenyan withdrawal with some members changed.
pub(crate) fn payout(number: &str, changes: &Value) -> Value {
    let mut body = kenya(number, &json!({ "wayCode": "EWALLET_MPESA", "customerContact": "254115555076" }));
    merge(&mut body, changes);
    body
}

fn merge(body: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
}

impl Caller {
    /// Sends a body with the merchant's number, correctly signed.
    pub(crate) async fn call(&self, sandbox: &Sandbox, path: &str, body: &Value) -> Response {
        let mut body = body.clone();
        if body.get("mchNo").is_none() {
            body["mchNo"] = Value::from(self.merchant_no.as_str());
        }
        self.signed(path, self.next_nonce(), &body.to_string()).send(sandbox.address()).await
    }

    /// The data of a call that is accepted.
    pub(crate) async fn data(&self, sandbox: &Sandbox, path: &str, body: &Value) -> Value {
        let response = self.call(sandbox, path, body).await;
        assert_eq!((response.status, response.code()), (200, 0), "{path} {body}: {response:?}");
        response.json()["data"].clone()
    }

    /// Creates an order that is accepted.
    pub(crate) async fn create(&self, sandbox: &Sandbox, path: &str, body: &Value) -> PayOrderId {
        let data = self.data(sandbox, path, body).await;
        PayOrderId::new(data["payOrderId"].as_str().unwrap()).unwrap()
    }

    /// A Kenyan deposit of 100 whose callbacks go there.
    pub(crate) async fn deposit_to(&self, sandbox: &Sandbox, number: &str, url: &str) -> PayOrderId {
        self.create(sandbox, DEPOSIT, &kenya(number, &json!({ "notifyUrl": url }))).await
    }
}

/// The amounts and the state of an order in short.
pub(crate) fn short(order: &Order) -> (i64, String, String) {
    (order.state.code(), order.pay_amount.to_string(), order.fee.to_string())
}

/// Waits for an event after the tail was made.
pub(crate) async fn until(tail: &mut EventTail, is_it: impl Fn(&EventKind) -> bool) {
    in_time(async { while !is_it(&tail.next().await.unwrap().kind) {} }).await;
}

/// One request that a receiver got.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn signature(&self) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find_map(|(name, value)| name.eq_ignore_ascii_case("X-RESP-SIGNATURE").then_some(value))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A merchant's server, written by hand. It responses `OK` once its script is at an end.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    arrived: Arc<Notify>,
}

/// How a receiver responses.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    /// A status and a body.
    With(u16, &'static str),
    /// Nothing; the connection is closed.
    Close,
    /// Nothing; the connection stays open.
    Silence,
}

impl Receiver {
    pub(crate) async fn ok() -> Self {
        Self::scripted([]).await
    }

    pub(crate) async fn scripted(script: impl IntoIterator<Item = Reply>) -> Self {
        Self::responding(script.into_iter().collect(), Reply::With(200, "OK")).await
    }

    pub(crate) async fn always(reply: Reply) -> Self {
        Self::responding(VecDeque::new(), reply).await
    }

    /// Has this done before the first response, which is `OK` as all others.
    pub(crate) async fn first_does(first: impl Fn() + Send + Sync + 'static) -> Self {
        let count = std::sync::atomic::AtomicU32::new(0);
        Self::serving(move |_| {
            if count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
                first();
            }
            Reply::With(200, "OK")
        })
        .await
    }

    async fn responding(script: VecDeque<Reply>, at_last: Reply) -> Self {
        let script = Mutex::new(script);
        Self::serving(move |_| script.lock().unwrap().pop_front().unwrap_or(at_last)).await
    }

    pub(crate) async fn serving(reply: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, reply)
    }

    pub(crate) fn on(
        listener: TcpListener,
        reply: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (log, reply) = (Arc::clone(&received), Arc::new(reply));
        let arrived = Arc::new(Notify::new());
        let bell = Arc::clone(&arrived);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, reply, bell) = (Arc::clone(&log), Arc::clone(&reply), Arc::clone(&bell));
                tokio::spawn(async move {
                    let Some((mut stream, request)) = read(stream).await else { return };
                    let reply = reply(&request);
                    log.lock().unwrap().push(request);
                    bell.notify_waiters();
                    match reply {
                        Reply::With(status, body) => {
                            let head =
                                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", body.len());
                            let _ = stream.write_all((head + body).as_bytes()).await;
                        }
                        Reply::Close => {}
                        Reply::Silence => std::future::pending().await,
                    }
                });
            }
        });
        Self { address, received, arrived }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/notify?shop=1", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn until(&self, count: usize) -> Vec<Received> {
        in_time(async {
            loop {
                let arrival = self.arrived.notified();
                tokio::pin!(arrival);
                arrival.as_mut().enable();
                let received = self.received();
                if received.len() >= count {
                    return received;
                }
                arrival.await;
            }
        })
        .await
    }
}

async fn read(mut stream: TcpStream) -> Option<(TcpStream, Received)> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse::<usize>().unwrap());
    while bytes.len() < head_end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(bytes[head_end + 4..].to_vec()).unwrap();
    Some((stream, Received { head, body }))
}
