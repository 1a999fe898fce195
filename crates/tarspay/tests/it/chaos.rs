//! The promise of placing, under every fault at once: between client and sandbox stands a proxy that loses, cuts, delays and
//! falsifies.

use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tarspay::sign::PrivateKey;
use tarspay::types::{
    Amount, Currency, DepositRequest, ErrorCode, MerchantNo, NotifyUrl, WayCode, WithdrawRequest, market,
};
use tarspay::{Client, Credentials, Environment, ErrorKind, Placement, RetryPolicy};
use tarspay_sandbox::Sandbox;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What happens to one request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fault {
    None,
    /// The connection breaks before the gateway sees the request.
    LostRequest,
    /// The gateway acts, and its answer is lost.
    LostAnswer,
    /// The gateway acts, and half of its answer arrives.
    CutAnswer,
    /// A proxy answers in the gateway's place, before or after it acted.
    BadGatewayBefore,
    BadGatewayAfter,
    /// The gateway acts, and nothing arrives until the client has given up.
    SlowAnswer,
    /// The answer arrives twice on one connection.
    DoubleAnswer,
    /// The request arrives twice at the gateway; the client sees the second answer.
    DoubleRequest,
}

const FAULTS: [Fault; 8] = [
    Fault::LostRequest,
    Fault::LostAnswer,
    Fault::CutAnswer,
    Fault::BadGatewayBefore,
    Fault::BadGatewayAfter,
    Fault::SlowAnswer,
    Fault::DoubleAnswer,
    Fault::DoubleRequest,
];

const BAD_GATEWAY: &[u8] =
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";

type Dice = Arc<Mutex<TestRng>>;

/// Every second request, on average, meets a fault.
fn throw(dice: &Dice) -> Fault {
    let number = dice.lock().unwrap().next_u32() as usize;
    FAULTS.get(number % (2 * FAULTS.len())).copied().unwrap_or(Fault::None)
}

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

async fn forward(gateway: &str, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(gateway).await.unwrap();
    stream.write_all(request).await.unwrap();
    read_message(&mut stream).await.unwrap_or_default()
}

async fn serve(mut client: TcpStream, gateway: String, dice: Dice, seen: Arc<Mutex<HashMap<Fault, u32>>>) {
    while let Some(request) = read_message(&mut client).await {
        let fault = throw(&dice);
        *seen.lock().unwrap().entry(fault).or_default() += 1;
        let answer = match fault {
            Fault::LostRequest => return,
            Fault::BadGatewayBefore => BAD_GATEWAY.to_vec(),
            Fault::DoubleRequest => {
                forward(&gateway, &request).await;
                forward(&gateway, &request).await
            }
            _ => forward(&gateway, &request).await,
        };
        let sent = match fault {
            Fault::LostAnswer => return,
            Fault::CutAnswer => {
                let _ = client.write_all(&answer[..answer.len() / 2]).await;
                return;
            }
            Fault::BadGatewayAfter => client.write_all(BAD_GATEWAY).await,
            Fault::SlowAnswer => {
                // Until the client goes away.
                let _ = client.read(&mut [0]).await;
                return;
            }
            Fault::DoubleAnswer => client.write_all(&[answer.clone(), answer].concat()).await,
            _ => client.write_all(&answer).await,
        };
        if sent.is_err() || matches!(fault, Fault::BadGatewayBefore | Fault::BadGatewayAfter) {
            return;
        }
    }
}

struct Chaos {
    base_url: String,
    seen: Arc<Mutex<HashMap<Fault, u32>>>,
}

async fn chaos_before(gateway: &str) -> Chaos {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let dice: Dice = Arc::new(Mutex::new(TestRng::deterministic_rng(RngAlgorithm::ChaCha)));
    let seen = Arc::default();
    let (gateway, counted) = (gateway.trim_start_matches("http://").to_owned(), Arc::clone(&seen));
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(client, gateway.clone(), Arc::clone(&dice), Arc::clone(&counted)));
        }
    });
    Chaos { base_url, seen }
}

/// What one intent came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Created,
    Recovered,
    Refused,
}

/// Places one order, and takes it up again while its outcome is unknown, as a merchant would.
async fn pursue(client: Client, number: u32) -> (String, End) {
    let order_no = format!("ORDER-{number}");
    let amount = Amount::from(100 + number);
    let notify_url = NotifyUrl::new("https://shop.example/notify").unwrap();
    let mut sent_before = false;
    loop {
        // Every tenth intent is one that the gateway must refuse: more than the merchant has.
        let placed = if number.is_multiple_of(2) {
            let request = DepositRequest::new(
                order_no.parse().unwrap(),
                WayCode::CASHIER,
                Currency::KES,
                amount,
                notify_url.clone(),
            );
            let place = client.place_deposit(&request);
            let place = if sent_before { place.perhaps_sent_before() } else { place };
            place.await.map(|placed| placed.placement)
        } else {
            let amount = if number % 10 == 1 { Amount::parse("99999999999").unwrap() } else { amount };
            let request = WithdrawRequest::new(
                order_no.parse().unwrap(),
                market::kenya::way::EWALLET_MPESA,
                Currency::KES,
                amount,
                notify_url.clone(),
            )
            .customer_contact("254115555076");
            let place = client.place_withdraw(&request);
            let place = if sent_before { place.perhaps_sent_before() } else { place };
            place.await.map(|placed| placed.placement)
        };
        match placed {
            Ok(Placement::Created) => return (order_no, End::Created),
            Ok(_) => return (order_no, End::Recovered),
            Err(error) if error.kind() == ErrorKind::Rejected => return (order_no, End::Refused),
            // In doubt, and the gateway has no money for it: an order that is never found was refused for this reason.
            Err(error) if error.is_outcome_unknown() && error.code() == Some(ErrorCode::BALANCE_TOO_LOW) => {
                return (order_no, End::Refused);
            }
            Err(error) if error.is_outcome_unknown() => sent_before = true,
            Err(error) => assert!(error.is_not_sent(), "{error:?}"),
        }
    }
}

async fn intents(count: u32) {
    let sandbox = Sandbox::start().await.unwrap();
    let key = PrivateKey::generate().unwrap();
    let merchant: MerchantNo = "M-CHAOS".parse().unwrap();
    sandbox.register(merchant.clone(), key.public_key());
    sandbox.set_balance(&merchant, Amount::parse("1000000000").unwrap(), Amount::from(0_u32)).unwrap();
    let chaos = chaos_before(sandbox.base_url()).await;
    let client = Client::builder(Credentials::new(merchant, key))
        .environment(Environment::custom(&chaos.base_url))
        .retry(RetryPolicy::default().attempts(12).waits(Duration::from_millis(1), Duration::from_millis(4)))
        .retry_budget(1_000_000)
        .transport(|transport| transport.answer_head_timeout(Duration::from_millis(1_500)))
        .build()
        .unwrap();

    let mut tasks = JoinSet::new();
    let mut ends = HashMap::new();
    for number in 0..count {
        // Sixty-four at a time.
        if tasks.len() == 64 {
            ends.extend([tasks.join_next().await.unwrap().unwrap()]);
        }
        tasks.spawn(pursue(client.clone(), number));
    }
    while let Some(end) = tasks.join_next().await {
        ends.extend([end.unwrap()]);
    }

    let orders = sandbox.orders().unwrap();
    let mut existing = HashMap::new();
    for order in &orders {
        let double = existing.insert(order.merchant_order_no.to_string(), order.amount);
        assert_eq!(double, None, "{} exists twice", order.merchant_order_no);
    }
    assert_eq!(ends.len(), count as usize, "every intent has come to an end");
    for number in 0..count {
        let order_no = format!("ORDER-{number}");
        let (end, order) = (ends[&order_no], existing.get(&order_no));
        match order {
            Some(amount) => {
                assert_ne!(end, End::Refused, "{order_no} exists and was reported refused");
                assert_eq!(*amount, Amount::from(100 + number), "{order_no}");
            }
            None => assert_eq!(end, End::Refused, "{order_no} does not exist and was reported placed"),
        }
        assert_eq!(end == End::Refused, number % 10 == 1, "{order_no}: only what is too much is refused");
    }
    let wanted = ends.values().filter(|end| **end != End::Refused).count();
    assert_eq!(orders.len(), wanted, "an order that nobody asked for");
    let seen = chaos.seen.lock().unwrap();
    for fault in FAULTS {
        assert!(seen.contains_key(&fault), "{fault:?} never happened");
    }
    assert!(ends.values().any(|end| *end == End::Recovered) && ends.values().any(|end| *end == End::Created));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_orders_through_every_fault_are_each_created_once_or_refused() {
    intents(2_000).await;
}
