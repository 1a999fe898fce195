//! The promise of placing, under every fault at once: between client and sandbox stands a proxy
//! that loses, cuts, delays, repeats and falsifies. What it does to a request follows from a seed,
//! the order, the path and how often the path was called for the order, so one seed is one run.

use std::collections::HashMap;
use std::future::{Future, IntoFuture};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tarspay::sign::PrivateKey;
use tarspay::types::{
    Amount, Currency, DepositRequest, MerchantNo, NotifyUrl, WayCode, WithdrawalRequest, market,
};
use tarspay::{Client, Credentials, Error, ErrorKind, Matches, Place, Placed, RetryPolicy};
use tarspay_sandbox::Sandbox;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// What happens to one request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fault {
    None,
    /// The connection breaks before the gateway sees the request.
    LostRequest,
    /// The gateway acts, and its response is lost.
    LostResponse,
    /// The gateway acts, and half of its response arrives.
    CutResponse,
    /// A proxy responds in the gateway's place, before or after it acted.
    BadGatewayBefore,
    BadGatewayAfter,
    /// The gateway acts, and nothing arrives until the client has given up.
    SlowResponse,
    /// The response arrives twice on one connection.
    DoubleResponse,
    /// The request arrives twice at the gateway; the client sees the second response.
    DoubleRequest,
    /// The response is lost, and the request arrives only after the next look-up.
    LandsLate,
    /// The first look-up after a creation does not show the order.
    Stale,
    /// The caller drops the placing, before or after the gateway has acted.
    DroppedBefore,
    DroppedAfter,
}

const FAULTS: [Fault; 12] = [
    Fault::LostRequest,
    Fault::LostResponse,
    Fault::CutResponse,
    Fault::BadGatewayBefore,
    Fault::BadGatewayAfter,
    Fault::SlowResponse,
    Fault::DoubleResponse,
    Fault::DoubleRequest,
    Fault::LandsLate,
    Fault::Stale,
    Fault::DroppedBefore,
    Fault::DroppedAfter,
];

const BAD_GATEWAY: &[u8] =
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
const NOT_FOUND: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"code\":5003018}";

/// Long beside the time that a look-up takes, so that only the second one after an attempt is
/// believed.
const QUIET: Duration = Duration::from_secs(1);

/// Reads one HTTP message with a Content-Length.
async fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text[..end].lines().find_map(|line| line.strip_prefix("content-length:"));
            if bytes.len() >= end + 4 + length.map_or(0, |length| length.trim().parse().unwrap()) {
                return Some(bytes);
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

/// What the proxy knows of one order.
#[derive(Default)]
struct Traffic {
    calls: HashMap<String, u32>,
    /// Creations on their way, and whether an order was looked up since.
    late: Vec<Vec<u8>>,
    looked_up: bool,
    dropped: Arc<Notify>,
}

struct Chaos {
    seed: u64,
    gateway: String,
    orders: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Traffic>>>>,
    seen: Mutex<HashMap<Fault, u32>>,
}

impl Chaos {
    async fn start(gateway: &str, seed: u64) -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let gateway = gateway.trim_start_matches("http://").to_owned();
        let chaos = Arc::new(Self { seed, gateway, orders: Mutex::default(), seen: Mutex::default() });
        let proxy = Arc::clone(&chaos);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let proxy = Arc::clone(&proxy);
                tokio::spawn(async move { proxy.serve(client).await });
            }
        });
        (chaos, base_url)
    }

    fn traffic(&self, order_no: &str) -> Arc<tokio::sync::Mutex<Traffic>> {
        Arc::clone(self.orders.lock().unwrap().entry(order_no.to_owned()).or_default())
    }

    /// Every third request, on average, meets a fault.
    fn fault(&self, order_no: &str, path: &str, call: u32) -> Fault {
        let mut hasher = DefaultHasher::new();
        (self.seed, order_no, path, call).hash(&mut hasher);
        let number = usize::try_from(hasher.finish() % (3 * FAULTS.len() as u64)).unwrap();
        FAULTS.get(number).copied().unwrap_or(Fault::None)
    }

    async fn forward(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.gateway).await.unwrap();
        stream.write_all(request).await.unwrap();
        read_message(&mut stream).await.unwrap_or_default()
    }

    async fn serve(&self, mut client: TcpStream) {
        while let Some(request) = read_message(&mut client).await {
            let Some(response) = self.respond(&mut client, &request).await else { return };
            let closes = response == BAD_GATEWAY;
            if client.write_all(&response).await.is_err() || closes {
                return;
            }
        }
    }

    /// The bytes to write, or `None` to close the connection.
    async fn respond(&self, client: &mut TcpStream, request: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(request).unwrap();
        let path = text.split(' ').nth(1).unwrap();
        let body: serde_json::Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
        let order_no = body["mchOrderNo"].as_str().unwrap();
        let creates = path.ends_with("/unifiedOrder");

        let traffic = self.traffic(order_no);
        let mut traffic = traffic.lock().await;
        let calls = traffic.calls.entry(path.to_owned()).or_default();
        *calls += 1;
        let fault = self.fault(order_no, path, *calls);
        *self.seen.lock().unwrap().entry(fault).or_default() += 1;

        let is_first_look_up = !creates && !traffic.looked_up;
        traffic.looked_up = !creates;
        if !creates && !is_first_look_up {
            for late in std::mem::take(&mut traffic.late) {
                self.forward(&late).await;
            }
        }
        let response = match fault {
            Fault::LostRequest => return None,
            Fault::LandsLate if creates => {
                traffic.late.push(request.to_vec());
                return None;
            }
            Fault::BadGatewayBefore => return Some(BAD_GATEWAY.to_vec()),
            Fault::Stale if is_first_look_up => return Some(NOT_FOUND.to_vec()),
            Fault::DroppedBefore => Vec::new(),
            Fault::DoubleRequest => {
                self.forward(request).await;
                self.forward(request).await
            }
            _ => self.forward(request).await,
        };
        if creates {
            for late in std::mem::take(&mut traffic.late) {
                self.forward(&late).await;
            }
        }
        let dropped = Arc::clone(&traffic.dropped);
        drop(traffic);
        match fault {
            Fault::LostResponse => None,
            Fault::CutResponse => {
                let _ = client.write_all(&response[..response.len() / 2]).await;
                None
            }
            Fault::BadGatewayAfter => Some(BAD_GATEWAY.to_vec()),
            Fault::SlowResponse | Fault::DroppedBefore | Fault::DroppedAfter => {
                if fault != Fault::SlowResponse {
                    dropped.notify_one();
                }
                // Until the client goes away.
                let _ = client.read(&mut [0]).await;
                None
            }
            Fault::DoubleResponse => Some([response.clone(), response].concat()),
            _ => Some(response),
        }
    }
}

/// What one intent came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Created,
    Recovered,
    AlreadyExisted,
    Refused,
}

/// Awaits a placing, unless the proxy says that it is dropped.
async fn unless_dropped<'a, R>(place: Place<'a, R>, dropped: &Notify) -> Option<Result<End, Error>>
where
    R: tarspay::OrderRequest,
    Place<'a, R>: IntoFuture<Output = Result<Placed<R::Response>, Error>>,
    <Place<'a, R> as IntoFuture>::IntoFuture: Future,
    R::Response: std::fmt::Debug,
{
    let placed = tokio::select! {
        placed = place.into_future() => placed,
        () = dropped.notified() => return None,
    };
    Some(placed.map(|placed| {
        assert_ne!(placed.matches(), Matches::No, "{placed:?}");
        match placed {
            Placed::Created { .. } => End::Created,
            Placed::Recovered { .. } => End::Recovered,
            _ => End::AlreadyExisted,
        }
    }))
}

/// Places one order, and takes it up again while its outcome is unknown, as a merchant would.
async fn pursue(client: Client, dropped: Arc<Notify>, number: u32) -> (String, End) {
    let order_no = format!("ORDER-{number}");
    let notify_url = NotifyUrl::new("https://shop.example/notify").unwrap();
    let amount = Amount::from(100 + number);
    // Few attempts leave much to be taken up again, many leave little.
    let policy = RetryPolicy::default()
        .attempts([1, 2, 3, 12][number as usize / 2 % 4])
        .waits(Duration::from_millis(1), Duration::from_millis(4));
    let mut sent_before = false;
    loop {
        let placed = if number.is_multiple_of(2) {
            let number = order_no.parse().unwrap();
            let request =
                DepositRequest::new(number, WayCode::CASHIER, Currency::KES, amount, notify_url.clone());
            let place =
                if sent_before { client.resume_deposit(&request) } else { client.place_deposit(&request) };
            unless_dropped(place.retry(policy), &dropped).await
        } else {
            // Every tenth intent is one that the gateway must refuse: more than the merchant has.
            let amount = if number % 10 == 1 { Amount::parse("99999999999").unwrap() } else { amount };
            let way = market::kenya::way::EWALLET_MPESA;
            let number = order_no.parse().unwrap();
            let request = WithdrawalRequest::new(number, way, Currency::KES, amount, notify_url.clone())
                .customer_contact("254115555076");
            let place = if sent_before {
                client.resume_withdrawal(&request)
            } else {
                client.place_withdrawal(&request)
            };
            unless_dropped(place.retry(policy), &dropped).await
        };
        match placed {
            None => sent_before = true,
            Some(Ok(end)) => return (order_no, end),
            Some(Err(error)) => match error.kind() {
                ErrorKind::Rejected => return (order_no, End::Refused),
                ErrorKind::OutcomeUnknown => sent_before = true,
                kind => assert!(kind == ErrorKind::NotSent && !sent_before, "{error:?}"),
            },
        }
    }
}

async fn intents(count: u32, seed: u64) {
    let sandbox = Sandbox::start().await.unwrap();
    let key = PrivateKey::generate().unwrap();
    let merchant: MerchantNo = "M-CHAOS".parse().unwrap();
    sandbox.register(merchant.clone(), key.public_key());
    sandbox.set_balance(&merchant, Amount::parse("1000000000").unwrap(), Amount::from(0_u32)).unwrap();
    let (chaos, base_url) = Chaos::start(sandbox.base_url(), seed).await;
    let client = Client::builder(Credentials::new(merchant, key))
        .base_url(&base_url)
        .retry_budget(1_000_000)
        .quiet_time(QUIET)
        .transport(|transport| transport.response_head_timeout(Duration::from_millis(700)))
        .build()
        .unwrap();

    let mut tasks = JoinSet::new();
    for number in 0..count {
        let dropped = Arc::clone(&chaos.traffic(&format!("ORDER-{number}")).lock().await.dropped);
        tasks.spawn(pursue(client.clone(), dropped, number));
    }
    let ends: HashMap<_, _> = tasks.join_all().await.into_iter().collect();

    let orders = sandbox.orders().unwrap();
    let mut existing = HashMap::new();
    for order in &orders {
        let double = existing.insert(order.merchant_order_no.to_string(), order.amount);
        assert_eq!(double, None, "{} exists twice", order.merchant_order_no);
    }
    for number in 0..count {
        let order_no = format!("ORDER-{number}");
        let (end, order) = (ends[&order_no], existing.remove(&order_no));
        let is_too_much = number % 2 == 1 && number % 10 == 1;
        assert_eq!(end == End::Refused, is_too_much, "{order_no} is {end:?}");
        let amount = (!is_too_much).then(|| Amount::from(100 + number));
        assert_eq!(order, amount, "{order_no} is reported as {end:?}");
    }
    assert!(existing.is_empty(), "an order that nobody asked for");
    let met = chaos.seen.lock().unwrap();
    for fault in FAULTS {
        assert!(met.contains_key(&fault), "{fault:?} never happened");
    }
    for end in [End::Created, End::Recovered, End::Refused] {
        assert!(ends.values().any(|seen| *seen == end), "{end:?} never happened");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_through_every_fault_are_each_created_once_or_refused() {
    intents(600, 1).await;
}
