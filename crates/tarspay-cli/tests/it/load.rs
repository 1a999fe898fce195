//! A hundred thousand orders: how fast they are taken, and that the memory of the sandbox does not grow with them.
//!
//! Ignored by default, as it takes minutes: `cargo test --release -p tarspay-cli --test it load -- --ignored --nocapture`.

use crate::running::Running;
use crate::{Files, as_argument, text};
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use tarspay::sign::{NonceSource, Parameters, PrivateKey, RequestToSign, SignaturePolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const ORDERS: usize = 100_000;

/// Before this, caches and the event log fill up.
const SETTLED: usize = 20_000;

const CONNECTIONS: usize = 32;

/// What may be added from there on: the nonces of the last five minutes, and what the allocator keeps.
const MOST_GROWTH_KIB: u64 = 8 * 1024;

/// Requests that create deposits, signed before the time is taken.
fn signed(
    key: &PrivateKey,
    nonces: &NonceSource,
    merchant_no: &str,
    numbers: std::ops::Range<usize>,
) -> Vec<String> {
    numbers
        .map(|number| {
            let body = format!(
                r#"{{"amount":"100","currency":"KES","mchNo":"{merchant_no}","mchOrderNo":"LOAD-{number}","notifyUrl":"http://127.0.0.1:9/","wayCode":"CASHIER"}}"#
            );
            let path = "/api/pay/unifiedOrder";
            let parameters = Parameters::from_json(body.as_bytes()).unwrap();
            let signed = RequestToSign::new(path, nonces.next_nonce(), parameters).unwrap().sign(key);
            let mut request = format!("POST {path} HTTP/1.1\r\nHost: sandbox\r\nContent-Length: {}\r\n", body.len());
            for (name, value) in signed.headers().pairs() {
                write!(request, "{name}: {value}\r\n").unwrap();
            }
            request + "\r\n" + &body
        })
        .collect()
}

/// One request after the other on one connection; each must be accepted.
async fn send(address: String, requests: Vec<String>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 8 * 1024];
    for request in requests {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut length = 0;
        loop {
            let read = stream.read(&mut buffer[length..]).await.unwrap();
            assert_ne!(read, 0, "the connection ends");
            length += read;
            let answer = std::str::from_utf8(&buffer[..length]).unwrap();
            if let Some((head, body)) = answer.split_once("\r\n\r\n") {
                let expected = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                if body.len() == expected.parse::<usize>().unwrap() {
                    assert!(body.starts_with(r#"{"code":0,"#), "{body}");
                    break;
                }
            }
        }
    }
}

async fn create(address: &str, requests: Vec<String>) -> Duration {
    let share = requests.len().div_ceil(CONNECTIONS);
    let start = Instant::now();
    let mut at_work = JoinSet::new();
    for part in requests.chunks(share) {
        at_work.spawn(send(address.to_owned(), part.to_vec()));
    }
    while let Some(done) = at_work.join_next().await {
        done.unwrap();
    }
    start.elapsed()
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn memory_does_not_grow_with_the_orders() {
    let files = Files::new();
    let file = as_argument(&files.path("state.db"));
    let running = Running::start(&["--json", "--data", &file]);
    let ready: serde_json::Value = serde_json::from_str(&running.ready).unwrap();
    let address = text(&ready, "base_url").trim_start_matches("http://").to_owned();
    let key = PrivateKey::from_hex(text(&ready, "private_key")).unwrap();
    let nonces = NonceSource::default();
    let merchant_no = text(&ready, "merchant_no");

    let digest = tarspay::sign::Digest::of("a text");
    let signature = key.sign(&digest);
    let (public, start) = (key.public_key(), Instant::now());
    for _ in 0..2_000 {
        public.verify(&digest, &signature, SignaturePolicy::AcceptHighS).unwrap();
    }
    let ceiling = 2_000.0 / start.elapsed().as_secs_f64();

    create(&address, signed(&key, &nonces, merchant_no, 0..SETTLED)).await;
    let settled = running.resident_kib();
    let requests = signed(&key, &nonces, merchant_no, SETTLED..ORDERS);
    let taken = create(&address, requests).await;
    let last = running.resident_kib();
    let rate = f64::from(u32::try_from(ORDERS - SETTLED).unwrap()) / taken.as_secs_f64();
    println!(
        "{rate:.0} deposits per second; one core verifies {ceiling:.0} signatures per second ({:.2}); \
         {settled} KiB after {SETTLED} orders, {last} KiB after {ORDERS}",
        rate / ceiling
    );
    assert!(last < settled + MOST_GROWTH_KIB, "{settled} KiB have become {last} KiB");
}
