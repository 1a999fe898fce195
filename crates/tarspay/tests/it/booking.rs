//! What the example handlers book, from the sandbox's own callbacks and from signed ones.

use crate::{example_axum, example_hyper};
use example_axum::orders::{Order, Orders};
use std::net::SocketAddr;
use tarspay::sign::PrivateKey;
use tarspay::transport::Transport;
use tarspay::types::{
    Amount, BizType, Callback, Currency, DepositRequest, MerchantNo, MerchantOrderNo, NotifyUrl, OrderState,
    PayOrderId, market::kenya,
};
use tarspay::{CallbackVerifier, Client, Credentials, SignedCallback};
use tarspay_sandbox::{CallbackStatus, Sandbox};
use tokio::net::TcpListener;

const NUMBER: &str = "D1659318251029";

fn number() -> MerchantOrderNo {
    NUMBER.parse().unwrap()
}

/// Orders with one deposit of 1500 KES that was stored and has no response yet.
fn one_deposit() -> Orders {
    let orders = Orders::default();
    let order = Order::new(BizType::DEPOSIT, Amount::from(1500_u32), Currency::KES);
    orders.books().orders.insert(number(), order);
    orders
}

/// Every status that was applied to the deposit, the one at its creation left out.
fn applied(orders: &Orders) -> Vec<(i64, String)> {
    let shown = |amount: Option<Amount>| amount.map_or_else(String::new, |amount| amount.to_string());
    let books = orders.books();
    let history = books.orders[&number()].history.iter().skip(1);
    history.map(|status| (status.state.code(), shown(status.pay_amount))).collect()
}

fn expected(statuses: &[(i64, &str)]) -> Vec<(i64, String)> {
    statuses.iter().map(|(state, amount)| (*state, (*amount).to_owned())).collect()
}

/// Serves the axum example.
async fn serve(verifier: CallbackVerifier, orders: Orders) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, example_axum::router(verifier, orders)).await });
    address
}

/// A merchant of the sandbox, and its deposit of `NUMBER`.
struct Merchant {
    no: MerchantNo,
    client: Client,
}

impl Merchant {
    fn new(sandbox: &Sandbox, no: MerchantNo, key: PrivateKey) -> Self {
        let client =
            Client::builder(Credentials::new(no.clone(), key)).base_url(sandbox.base_url()).build().unwrap();
        Self { no, client }
    }

    fn of(sandbox: &Sandbox) -> Self {
        let merchant = sandbox.merchant();
        Self::new(sandbox, merchant.merchant_no().clone(), merchant.private_key().clone())
    }

    fn stranger(sandbox: &Sandbox) -> Self {
        let (no, key): (MerchantNo, _) = ("M77".parse().unwrap(), PrivateKey::generate().unwrap());
        sandbox.register(no.clone(), key.public_key());
        Self::new(sandbox, no, key)
    }

    async fn place(&self, sandbox: &Sandbox, receiver: SocketAddr) -> PayOrderId {
        let request = DepositRequest::new(
            number(),
            kenya::way::EWALLET_MPESA,
            kenya::CURRENCY,
            Amount::from(1500_u32),
            NotifyUrl::new(format!("http://{receiver}/tarspay/notify")).unwrap(),
        )
        .customer_contact("254115555076");
        self.client.place_deposit(&request).await.unwrap();
        sandbox.order_by_number(&self.no, &number()).unwrap().pay_order_id
    }
}

#[tokio::test]
async fn each_part_payment_is_booked_once_and_the_query_tells_the_total() {
    let sandbox = Sandbox::start().await.unwrap();
    let (merchant, orders) = (Merchant::of(&sandbox), one_deposit());
    let verifier = CallbackVerifier::trusting(merchant.no.clone(), sandbox.system_public_key());
    let id = merchant.place(&sandbox, serve(verifier, orders.clone()).await).await;
    orders.books().created(&number(), &id);

    sandbox.pay_partially(&id, Amount::from(400_u32)).unwrap();
    sandbox.settle().await;
    assert_eq!(applied(&orders), expected(&[(9, "400")]));
    sandbox.pay_partially(&id, Amount::from(500_u32)).unwrap();
    sandbox.settle().await;
    assert_eq!(applied(&orders), expected(&[(9, "400"), (9, "900")]), "two pieces of news");

    // Both come again, and late: nothing new.
    for callback in sandbox.callbacks().unwrap() {
        sandbox.resend(callback.id).unwrap();
    }
    sandbox.settle().await;
    assert_eq!(applied(&orders).len(), 2);

    assert!(orders.books().to_query.contains(&number()));
    let info = merchant.client.query_deposit(number()).await.unwrap();
    orders.books().learn(&number(), info.status());
    assert!(orders.books().to_query.is_empty());
    assert_eq!(applied(&orders).len(), 2, "the query says the same total");

    sandbox.pay(&id).unwrap();
    sandbox.settle().await;
    assert_eq!(applied(&orders), expected(&[(9, "400"), (9, "900"), (2, "1500")]));
    assert!(orders.books().for_a_person.is_empty());
}

#[tokio::test]
async fn a_success_of_another_merchant_with_our_number_and_amount_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let (merchant, stranger, orders) = (Merchant::of(&sandbox), Merchant::stranger(&sandbox), one_deposit());
    let verifier = CallbackVerifier::trusting(merchant.no.clone(), sandbox.system_public_key());
    let receiver = serve(verifier, orders.clone()).await;

    // The stranger's deposit has our number, amount and notify URL, and comes before the response
    // to ours.
    let foreign = stranger.place(&sandbox, receiver).await;
    sandbox.pay(&foreign).unwrap();
    sandbox.settle().await;
    let callback = sandbox.callbacks_of(&foreign).unwrap().remove(0);
    assert_ne!(callback.status, CallbackStatus::Delivered);
    assert_eq!(callback.attempts[0].http_status, Some(403));
    assert!(applied(&orders).is_empty() && orders.books().orders[&number()].pay_order_id.is_none());

    // Ours, with the same number, is taken.
    let own = merchant.place(&sandbox, receiver).await;
    sandbox.pay(&own).unwrap();
    sandbox.settle().await;
    assert_eq!(applied(&orders), expected(&[(2, "1500")]));
    assert_eq!(orders.books().orders[&number()].pay_order_id.as_ref(), Some(&own));
    assert!(orders.books().for_a_person.is_empty(), "nothing of the stranger's reaches the handler");
}

/// A callback that fits the deposit, as the gateway sends it.
fn callback(state: OrderState, pay_amount: u32) -> Callback {
    let mut callback = Callback::new("P1".parse().unwrap(), number(), state);
    callback.biz_type = Some(BizType::DEPOSIT);
    callback.order_amount = Some(Amount::parse("1500.00").unwrap());
    callback.pay_amount = Some(Amount::from(pay_amount));
    callback.currency = Some(Currency::KES);
    callback
}

#[test]
fn a_callback_that_overtakes_the_response_to_the_creation_is_matched_by_what_was_placed() {
    type Change = fn(&mut Callback);
    let changes: [(&str, Change); 7] = [
        ("another amount", |it| it.order_amount = Some(Amount::from(1_u32))),
        ("no amount", |it| it.order_amount = None),
        ("another currency", |it| it.currency = Some(Currency::IDR)),
        ("no currency", |it| it.currency = None),
        ("a withdrawal", |it| it.biz_type = Some(BizType::WITHDRAWAL)),
        ("no direction", |it| it.biz_type = None),
        ("another number", |it| it.merchant_order_no = "D2".parse().unwrap()),
    ];
    for (what, change) in changes {
        let orders = one_deposit();
        let mut other = callback(OrderState::SUCCESS, 1500);
        change(&mut other);
        orders.books().book(&other);
        assert!(applied(&orders).is_empty(), "{what}");
        assert!(orders.books().orders[&number()].pay_order_id.is_none(), "{what}");
        assert_eq!(orders.books().for_a_person.len(), 1, "{what}");
        // It does not keep the right one out.
        orders.books().book(&callback(OrderState::SUCCESS, 1500));
        assert_eq!(applied(&orders), expected(&[(2, "1500")]), "{what}");
        assert_eq!(orders.books().orders[&number()].pay_order_id, Some("P1".parse().unwrap()), "{what}");
    }
}

#[test]
fn the_gateways_number_decides_as_soon_as_it_is_known() {
    let known: PayOrderId = "P1".parse().unwrap();
    for early in [false, true] {
        let orders = one_deposit();
        if early {
            orders.books().book(&callback(OrderState::PARTLY_PAID, 400));
        }
        orders.books().created(&number(), &known);
        let before = applied(&orders);
        let mut other = callback(OrderState::SUCCESS, 1500);
        other.pay_order_id = "P2".parse().unwrap();
        orders.books().book(&other);
        assert_eq!((applied(&orders), orders.books().for_a_person.len()), (before, 1));
        // With the number nothing else need be there.
        let mut bare = Callback::new(known.clone(), number(), OrderState::SUCCESS);
        bare.pay_amount = Some(Amount::from(1500_u32));
        orders.books().book(&bare);
        assert_eq!(applied(&orders).last(), Some(&(2, "1500".to_owned())));
        // A response that names another number is for a person.
        orders.books().created(&number(), &"P2".parse().unwrap());
        assert_eq!(orders.books().for_a_person.len(), 2);
        assert_eq!(orders.books().orders[&number()].pay_order_id.as_ref(), Some(&known));
    }
}

#[test]
fn every_callback_of_a_part_has_the_order_queried_and_the_query_counts() {
    let orders = one_deposit();
    let is_to_query = || orders.books().to_query.contains(&number());
    orders.books().book(&callback(OrderState::PARTLY_PAID, 500));
    let learn = |paid| {
        let status = callback(OrderState::PARTLY_PAID, paid).status();
        orders.books().learn(&number(), status);
    };
    assert!(is_to_query());
    learn(500);
    assert!(!is_to_query());
    // A second part of 500, reported by its own amount, looks like a repetition.
    orders.books().book(&callback(OrderState::PARTLY_PAID, 500));
    assert_eq!(applied(&orders), expected(&[(9, "500")]));
    assert!(is_to_query());
    learn(1000);
    assert_eq!(applied(&orders), expected(&[(9, "500"), (9, "1000")]));
    // A smaller part is news too, and then the total is asked for.
    orders.books().book(&callback(OrderState::PARTLY_PAID, 200));
    assert!(is_to_query());
    learn(1200);
    assert_eq!(applied(&orders).last(), Some(&(9, "1200".to_owned())));
}

#[test]
fn a_contradiction_changes_nothing_and_is_shown_to_a_person() {
    let orders = one_deposit();
    orders.books().book(&callback(OrderState::SUCCESS, 1500));
    orders.books().book(&callback(OrderState::FAILED, 1500));
    assert_eq!(applied(&orders), expected(&[(2, "1500")]));
    assert_eq!(orders.books().for_a_person.len(), 1);
    assert!(orders.books().to_query.contains(&number()));
}

/// Posts a callback of M1, and returns the status and the text of the response.
async fn post(receiver: &Transport, callback: &Callback, key: &PrivateKey) -> (u16, String) {
    let signed = SignedCallback::new(&"M1".parse().unwrap(), callback, key).unwrap();
    let response =
        receiver.post("/tarspay/notify", &[signed.header()], signed.body().to_owned()).await.unwrap();
    (response.status(), String::from_utf8(response.body().to_vec()).unwrap())
}

#[tokio::test]
async fn the_axum_example_acts_once_and_never_backwards() {
    let (key, orders) = (PrivateKey::generate().unwrap(), one_deposit());
    let verifier = CallbackVerifier::trusting("M1".parse().unwrap(), key.public_key());
    let address = serve(verifier, orders.clone()).await;
    let receiver = Transport::builder(&format!("http://{address}")).build().unwrap();
    let acts = expected(&[(9, "400"), (9, "900"), (2, "1500"), (5, "1500")]);
    // Replayed and late ones change nothing; more money, and a refund, do.
    for (state, paid, acted) in [
        (OrderState::PARTLY_PAID, 400, 1),
        (OrderState::PARTLY_PAID, 400, 1),
        (OrderState::PARTLY_PAID, 900, 2),
        (OrderState::PARTLY_PAID, 400, 2),
        (OrderState::SUCCESS, 1500, 3),
        (OrderState::SUCCESS, 1500, 3),
        (OrderState::PROCESSING, 0, 3),
        (OrderState::PARTLY_PAID, 900, 3),
        (OrderState::REFUNDED, 1500, 4),
        (OrderState::SUCCESS, 1500, 4),
    ] {
        assert_eq!(post(&receiver, &callback(state, paid), &key).await, (200, "OK".to_owned()));
        assert_eq!(applied(&orders), acts[..acted], "{state} {paid}");
    }
    assert!(orders.books().for_a_person.is_empty());
}

#[tokio::test]
async fn the_axum_example_acknowledges_an_unknown_order_and_keeps_it_for_a_person() {
    let (key, orders) = (PrivateKey::generate().unwrap(), one_deposit());
    let verifier = CallbackVerifier::trusting("M1".parse().unwrap(), key.public_key());
    let address = serve(verifier, orders.clone()).await;
    let receiver = Transport::builder(&format!("http://{address}")).build().unwrap();
    let mut unknown = callback(OrderState::SUCCESS, 1500);
    unknown.merchant_order_no = "D2".parse().unwrap();
    assert_eq!(post(&receiver, &unknown, &key).await, (200, "OK".to_owned()));
    assert_eq!(orders.books().for_a_person.len(), 1);
    assert!(applied(&orders).is_empty());
}

#[tokio::test]
async fn the_hyper_example_books_a_callback_and_refuses_what_is_not_ours() {
    let key = PrivateKey::generate().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let receiver = Transport::builder(&format!("http://{}", listener.local_addr().unwrap())).build().unwrap();
    let orders = example_hyper::orders::Orders::default();
    let order = example_hyper::orders::Order::new(BizType::DEPOSIT, Amount::from(1500_u32), Currency::KES);
    orders.books().orders.insert(number(), order);
    let verifier = CallbackVerifier::trusting("M1".parse().unwrap(), key.public_key());
    tokio::spawn(example_hyper::serve(listener, verifier, orders.clone()));

    let success = callback(OrderState::SUCCESS, 1500);
    let foreign = SignedCallback::new(&"M77".parse().unwrap(), &success, &key).unwrap();
    let refused = receiver.post("/", &[foreign.header()], foreign.body().to_owned()).await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(post(&receiver, &success, &PrivateKey::generate().unwrap()).await.0, 401);
    assert_eq!(orders.books().orders[&number()].history.len(), 1);
    assert_eq!(post(&receiver, &success, &key).await, (200, "OK".to_owned()));
    assert_eq!(orders.books().orders[&number()].status(), success.status());
}
