//! Nonces of clients: never one twice with one key, however many clients and tasks there are.

use crate::calls::client;
use crate::scripted::read_request;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use tarspay::sign::{NonceSource, PrivateKey};
use tarspay::{Client, Credentials};
use tarspay_sandbox::Sandbox;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clones_work_from_many_tasks_and_never_share_a_nonce() {
    // The sandbox refuses a nonce that was used before, so every success proves its nonce unique.
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.balance().await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

/// Responds to every balance query and keeps the nonces in the order in which they came.
struct Collector {
    base_url: String,
    nonces: Arc<Mutex<Vec<u64>>>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let nonces = Arc::default();
        let seen = Arc::clone(&nonces);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Self::serve(stream, Arc::clone(&seen)));
            }
        });
        Self { base_url, nonces }
    }

    async fn serve(mut stream: TcpStream, nonces: Arc<Mutex<Vec<u64>>>) {
        const BODY: &str =
            r#"{"code":0,"msg":"SUCCESS","data":{"availableAmount":"1","frozenAmount":"0","machNo":"M1"}}"#;
        while let Some(request) = read_request(&mut stream).await {
            let head = request.to_ascii_lowercase();
            let nonce = head.lines().find_map(|line| line.strip_prefix("x-api-nonce:")).unwrap();
            nonces.lock().unwrap().push(nonce.trim().parse().unwrap());
            let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{BODY}", BODY.len());
            let _ = stream.write_all(response.as_bytes()).await;
        }
    }

    fn client(&self, key: &PrivateKey, nonces: Option<Arc<NonceSource>>) -> Client {
        let builder =
            Client::builder(Credentials::new("M1".parse().unwrap(), key.clone())).base_url(&self.base_url);
        let builder = if let Some(nonces) = nonces { builder.nonces(nonces) } else { builder };
        builder.build().unwrap()
    }

    fn nonces(&self) -> Vec<u64> {
        std::mem::take(&mut self.nonces.lock().unwrap())
    }
}

/// Each task asks for the balance so many times, one after another.
async fn ask(clients: impl IntoIterator<Item = Client>, times: usize) {
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|client| {
            tokio::spawn(async move {
                for _ in 0..times {
                    client.balance().await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_one_key_never_share_a_nonce() {
    let gateway = Collector::start().await;
    let key = PrivateKey::generate().unwrap();
    ask((0..8).map(|_| gateway.client(&key, None)), 50).await;
    let nonces = gateway.nonces();
    assert_eq!(nonces.iter().collect::<HashSet<_>>().len(), nonces.len());
    assert_eq!(nonces.len(), 400);
}

#[tokio::test]
async fn a_client_that_is_made_for_each_call_repeats_no_nonce() {
    let gateway = Collector::start().await;
    let key = PrivateKey::generate().unwrap();
    for _ in 0..50 {
        gateway.client(&key, None).balance().await.unwrap();
    }
    assert!(gateway.nonces().is_sorted_by(|a, b| a < b));
}

#[tokio::test]
async fn a_source_that_was_given_is_shared_by_its_clients_alone() {
    let gateway = Collector::start().await;
    let key = PrivateKey::generate().unwrap();
    let given = Arc::new(NonceSource::with_clock(|| 1_704_180_814_988));
    let two = [0, 1].map(|_| gateway.client(&key, Some(Arc::clone(&given))));
    for client in two.into_iter().chain([gateway.client(&key, None)]) {
        client.balance().await.unwrap();
    }
    let nonces = gateway.nonces();
    assert_eq!(nonces[..2], [1_704_180_814_988, 1_704_180_814_989]);
    assert!(nonces[2] > 1_704_180_814_989, "the clock of the system");
}

/// What a gateway would refuse that wants each nonce higher than all before: run with `--release`
/// and `--nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_calls_overtake_each_other_and_share_no_nonce() {
    let gateway = Collector::start().await;
    let client = gateway.client(&PrivateKey::generate().unwrap(), None);
    for at_once in [1, 4, 16, 64] {
        ask((0..at_once).map(|_| client.clone()), 640 / at_once).await;
        let nonces = gateway.nonces();
        let mut highest = 0;
        let mut overtaken = 0;
        for &nonce in &nonces {
            overtaken += usize::from(nonce < highest);
            highest = highest.max(nonce);
        }
        println!("{at_once} at once: {overtaken} of {} overtaken", nonces.len());
        assert_eq!(nonces.iter().collect::<HashSet<_>>().len(), 640);
    }
}
