//! The visible lines of the pages' examples compile when pasted, and the examples of the tour do what they say.
//!
//! `build.rs` extracts them. An example is a program or a list of items. It is compiled as a module, without any line
//! added.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test, and examples that print")]

use tarspay::sign::CallbackText;
use tarspay::types::{Amount, DepositRequest, News, NotifyUrl, OrderState, OrderStatus, market::kenya};
use tarspay::{CallbackVerifier, Client, Credentials};
use tarspay_sandbox::Sandbox;

#[allow(dead_code, unused_imports, unreachable_pub, reason = "most examples are only compiled")]
#[allow(clippy::all, clippy::pedantic, reason = "they are written for a page")]
mod pages {
    include!(concat!(env!("OUT_DIR"), "/examples.rs"));
}

/// Makes one example of the tour callable.
macro_rules! example {
    ($module:ident: $file:literal, $function:item) => {
        mod $module {
            include!(concat!(env!("OUT_DIR"), $file));

            $function
        }
    };
}

example!(pay_in: "/tour_1.rs", pub(super) async fn run(client: &Client) { pay_in(client).await.unwrap() });
example!(
    on_callback: "/tour_2.rs",
    pub(super) fn run(verifier: &CallbackVerifier, signature: &str, body: &str, stored: OrderStatus) -> News {
        on_callback(verifier, Some(signature), body.as_bytes(), |_| stored).unwrap()
    }
);
example!(
    is_paid: "/tour_3.rs",
    pub(super) async fn run(client: &Client, order: MerchantOrderNo) -> bool { is_paid(client, order).await.unwrap() }
);
example!(pay_out: "/tour_4.rs", pub(super) async fn run(client: &Client) { pay_out(client).await.unwrap() });
example!(
    place: "/tour_5.rs",
    pub(super) async fn run(client: &Client, request: &DepositRequest) -> Option<Placed<Deposit>> {
        place(client, request).await.unwrap()
    }
);

fn client_of(sandbox: &Sandbox) -> Client {
    let merchant = sandbox.merchant();
    let credentials = Credentials::new(merchant.merchant_no().clone(), merchant.private_key().clone());
    Client::builder(credentials).base_url(sandbox.base_url()).build().unwrap()
}

#[tokio::test]
async fn the_tour_follows_a_deposit_to_its_callback() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client_of(&sandbox);
    pay_in::run(&client).await;
    let id = sandbox.orders().unwrap().pop().unwrap().pay_order_id;
    sandbox.pay(&id).unwrap();

    let body = sandbox.callbacks_of(&id).unwrap().pop().unwrap().body;
    let text = CallbackText::from_json(body.as_bytes()).unwrap();
    let signature = sandbox.sign_callback(&text).to_string();
    let verifier = CallbackVerifier::trusting(client.merchant_no().clone(), sandbox.system_public_key());
    let stored = OrderStatus::new(OrderState::PROCESSING, None);
    assert_eq!(on_callback::run(&verifier, &signature, &body, stored), News::StateChanged);
    let stored = OrderStatus::new(OrderState::SUCCESS, Some(Amount::parse("1500").unwrap()));
    assert_eq!(on_callback::run(&verifier, &signature, &body, stored), News::Nothing);

    assert!(is_paid::run(&client, "D1659318251029".parse().unwrap()).await);
}

#[tokio::test]
async fn the_tour_follows_a_withdrawal_to_its_end() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client_of(&sandbox);
    let rejected = async {
        loop {
            if let Some(order) = sandbox.orders().unwrap().pop() {
                return sandbox.reject(&order.pay_order_id, "wallet closed").unwrap();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(pay_out::run(&client), rejected);
    let order = sandbox.orders().unwrap().pop().unwrap();
    assert!(order.state.counts_as_failure());
}

#[tokio::test]
async fn the_tour_places_an_order() {
    let sandbox = Sandbox::start().await.unwrap();
    let request = DepositRequest::new(
        "D1".parse().unwrap(),
        kenya::way::EWALLET_MPESA,
        kenya::CURRENCY,
        Amount::parse("1500").unwrap(),
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    )
    .customer_contact("254115555076");
    let client = client_of(&sandbox);
    assert!(place::run(&client, &request).await.is_some());
}
