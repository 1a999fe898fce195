//! The merchant's processes: receiver, worker and placer, each until it is killed.

use crate::{Dice, from_environment};
use std::convert::Infallible;
use std::io::stdin;
use std::net::TcpListener;
use std::os::fd::AsFd as _;
use std::panic::resume_unwind;
use std::process::exit;
use std::sync::Mutex;
use std::time::Duration;
use tarspay::types::market::kenya::{CURRENCY, way::EWALLET_MPESA};
use tarspay::types::{
    Amount, DepositRequest, Direction, MerchantOrderNo, NotifyUrl, OrderStatus, WithdrawalRequest,
};
use tarspay::{CallbackVerifier, Client, Credentials};
use tarspay_inbox::{Error, ErrorKind, Fact, Inbox};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What happens to an order, by the first letter of its number: its direction, and what the sandbox does after which
/// time. `never` has every callback of it lost.
pub(crate) const KINDS: [(&str, &str, &str); 13] = [
    ("a", "deposit", "pay 0s"),
    ("b", "deposit", "open 1s, pay 2s"),
    ("c", "deposit", "pay_partially 0s 40, pay 300ms"),
    ("d", "deposit", "pay_partially 0s 40, pay_partially 200ms 30"),
    ("e", "deposit", "fail 500ms"),
    ("f", "deposit", "expire 500ms"),
    ("g", "deposit", "expire 500ms, pay 2s"),
    ("h", "deposit", "pay 0s, refund 6h"),
    ("i", "deposit", "pay 0s never"),
    ("j", "withdrawal", "pay 1s"),
    ("k", "withdrawal", "fail 500ms"),
    ("l", "withdrawal", "reject 500ms"),
    ("m", "withdrawal", "pay 0s, refund 500ms"),
];

/// So long a worker has an order.
const LEASE: Duration = Duration::from_secs(3);

/// How many orders the placer has under way at once.
const AT_ONCE: u32 = 32;

/// The money that the n-th order asks for, in hundredths, and its kind.
pub(crate) fn order(seed: u64, n: u32) -> (usize, u32) {
    let mut dice = Dice(seed ^ (u64::from(n) << 20));
    let kind = dice.below(KINDS.len().try_into().unwrap()) as usize;
    // Withdrawals have whole amounts in this market.
    let hundredths = if KINDS[kind].1 == "deposit" {
        dice.below(25_000_000 - 10_000) + 10_000
    } else {
        100 * (dice.below(69_000) + 100)
    };
    (kind, hundredths)
}

pub(crate) fn number(seed: u64, n: u32) -> String {
    format!("{}{n}", KINDS[order(seed, n).0].0)
}

/// In hundredths.
pub(crate) fn hundredths(amount: Amount) -> i64 {
    let text = String::from(amount);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    assert!(fraction.len() <= 2, "{text}");
    format!("{whole}{fraction:0<2}").parse().unwrap()
}

/// The process of this role.
pub(crate) async fn run(role: &str) -> Infallible {
    match role {
        "receiver" => receive(inbox().await).await,
        "worker" => work(inbox().await).await,
        _ => place(inbox().await).await,
    }
}

/// The database may be down because it was killed.
async fn inbox() -> Inbox {
    let address: String = from_environment("TARSPAY_PROOF_DATABASE").unwrap();
    loop {
        let builder = crate::builder(&address).ask_between(Duration::from_secs(2), Duration::from_secs(20));
        match builder.placing_takes(Duration::from_secs(10)).open().await {
            Ok(inbox) => return inbox,
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

fn client() -> Client {
    let base_url: String = from_environment("TARSPAY_API_URL").unwrap();
    let client = Client::builder(Credentials::from_env().unwrap()).base_url(base_url);
    // What a killed process has sent is there at once: the gateway is on this machine.
    client.quiet_time(Duration::from_millis(200)).build().unwrap()
}

/// Accepts at the socket that is its standard input, which outlives it.
async fn receive(inbox: Inbox) -> Infallible {
    let listener = TcpListener::from(stdin().as_fd().try_clone_to_owned().unwrap());
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let verifier = CallbackVerifier::from_env().unwrap().prepared();
    let routes = axum::Router::new().route_service("/notify", inbox.receiver(verifier));
    panic!("the server ended: {:?}", axum::serve(listener, routes).await)
}

async fn work(inbox: Inbox) -> Infallible {
    let worker = inbox.worker(&client()).lease(LEASE).poll(Duration::from_millis(200));
    // Those that a kill or a lost lease ends count too.
    let worker = worker.retry(Duration::from_millis(100), Duration::from_secs(2)).attempts(20);
    let dice = Mutex::new(Dice(from_environment("TARSPAY_PROOF_SEED").unwrap()));
    worker
        .run(move |fact| {
            let fault = dice.lock().unwrap().below(1000);
            async move {
                // Of its own, so that it goes on when the lease has ended, and tries to settle.
                let booked = tokio::spawn(book(fact, fault)).await;
                booked.unwrap_or_else(|error| resume_unwind(error.into_panic()))
            }
        })
        .await;
    panic!("a worker runs until it is killed")
}

/// The merchant's handler: books what has moved. It fails in some of a thousand cases.
async fn book(fact: Fact, fault: u32) -> Result<(), Error> {
    match fault {
        0..5 => return Ok(()),
        // Without the message of a panic.
        5..10 => resume_unwind(Box::new(())),
        10..20 => sleep(LEASE + Duration::from_millis(500)).await,
        _ => {}
    }
    let booked = |status: Option<OrderStatus>| status.and_then(OrderStatus::paid).map_or(0, hundredths);
    let moved = booked(Some(fact.status())) - booked(fact.previous());
    let moved = if fact.direction() == Some(Direction::Withdrawal) { -moved } else { moved };
    let mut tx = fact.begin().await?;
    let number = fact.merchant_order_no().as_str();
    let values = [number.into(), fact.state().code().into(), moved.into(), fact.effect_key().into()];
    tx.execute("INSERT INTO ledger (number, state, moved, effect) VALUES ($1, $2, $3, $4)", values).await?;
    if (20..28).contains(&fault) {
        // Rolled back, with what it has written.
        tx.execute("INSERT INTO no_such_table VALUES (1)", []).await?;
    }
    tx.commit().await
}

/// Places one group of orders after the other, and prints where the next one begins. After a kill the whole group is
/// placed again.
async fn place(inbox: Inbox) -> Infallible {
    let client = client();
    let seed: u64 = from_environment("TARSPAY_PROOF_SEED").unwrap();
    let notify_url: NotifyUrl = from_environment("TARSPAY_PROOF_NOTIFY_URL").unwrap();
    let mut next: u32 = from_environment("TARSPAY_PROOF_FROM").unwrap();
    let orders: u32 = from_environment("TARSPAY_PROOF_ORDERS").unwrap();
    while next < orders {
        let mut group = JoinSet::new();
        let end = orders.min(next + AT_ONCE);
        for n in next..end {
            group.spawn(place_one(inbox.clone(), client.clone(), notify_url.clone(), seed, n));
        }
        group.join_all().await;
        next = end;
        println!("{next}");
    }
    exit(0)
}

async fn place_one(inbox: Inbox, client: Client, notify_url: NotifyUrl, seed: u64, n: u32) {
    let (kind, money) = order(seed, n);
    let number: MerchantOrderNo = number(seed, n).parse().unwrap();
    // A whole amount must have no decimals in this market.
    let amount = if money % 100 == 0 {
        Amount::from(money / 100)
    } else {
        Amount::from_minor(money.into(), 2).unwrap()
    };
    loop {
        let placed = if KINDS[kind].1 == "deposit" {
            let request =
                DepositRequest::new(number.clone(), EWALLET_MPESA, CURRENCY, amount, notify_url.clone());
            inbox.place_deposit(&client, &request.customer_contact("254115555076")).await
        } else {
            let request =
                WithdrawalRequest::new(number.clone(), EWALLET_MPESA, CURRENCY, amount, notify_url.clone());
            inbox.place_withdrawal(&client, &request.customer_contact("254115555076")).await
        };
        match placed {
            Ok(_) => return,
            // The database was killed; the same request is taken up.
            Err(error) if error.kind() == ErrorKind::Database => sleep(Duration::from_millis(50)).await,
            Err(error) => panic!("{number}: {error}"),
        }
    }
}
