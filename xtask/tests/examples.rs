//! The visible lines of the pages' examples compile when pasted, and the examples of the tour do what they say.
//!
//! `build.rs` extracts them. An example is a program or a list of items. It is compiled as a module, without any line
//! added.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test, and examples that print")]

use tarspay::sign::CallbackText;
use tarspay::types::market::{bangladesh, brazil, india, kenya};
use tarspay::types::{
    Amount, Currency, DepositRequest, News, NotifyUrl, OrderState, OrderStatus, PayOrderId, WayCode,
    WithdrawalRequest,
};
use tarspay::{CallbackVerifier, Client, Credentials};
use tarspay_sandbox::Sandbox;

#[allow(dead_code, unused_imports, unreachable_pub, reason = "most examples are only compiled")]
#[allow(clippy::all, clippy::pedantic, clippy::expect_used, reason = "they are written for a page")]
mod pages {
    include!(concat!(env!("OUT_DIR"), "/examples.rs"));
}

/// Makes one example of the tour callable.
macro_rules! example {
    ($module:ident: $file:literal, $function:item) => {
        #[allow(clippy::all, clippy::pedantic, clippy::expect_used, reason = "they are written for a page")]
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
    in_brazil: "/tour_5.rs",
    pub(super) async fn run(client: &Client, trx_id: TrxId) { in_brazil(client, trx_id).await.unwrap(); }
);
example!(
    paid_by: "/tour_6.rs",
    pub(super) async fn run(client: &Client, trx_id: TrxId, order: PayOrderId, utr: Utr) {
        paid_by(client, trx_id, order, utr).await.unwrap();
    }
);
example!(
    place: "/tour_7.rs",
    pub(super) async fn run(client: &Client, request: &DepositRequest) -> Option<Placed<Deposit>> {
        place(client, request).await.unwrap()
    }
);

example!(
    signer: "/tour_8.rs",
    pub(super) fn run(key: tarspay::sign::PrivateKey, merchant_no: MerchantNo) -> Credentials {
        let public_key = key.public_key();
        credentials(Kms(Box::new(move |digest| Ok(key.sign(&(*digest).into()).to_der()))), merchant_no, public_key)
    }
);
example!(show: "/tour_9.rs", pub(super) fn run(client: &Client) { show(client).unwrap() });
example!(
    limited: "/tour_10.rs",
    pub(super) fn run(credentials: Credentials) -> Client { one_at_a_time(credentials).unwrap() }
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

    let body = String::from(sandbox.callbacks_of(&id).unwrap().pop().unwrap().body);
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

/// Places a deposit of 500, and gives the gateway's number of it.
async fn deposit(client: &Client, number: &str, way: WayCode, currency: Currency) -> PayOrderId {
    let url = NotifyUrl::new("https://shop.example/tarspay/notify").unwrap();
    let amount = Amount::from(500_u32);
    let request = DepositRequest::new(number.parse().unwrap(), way, currency, amount, url)
        .customer_name("A")
        .customer_email("a@shop.example")
        .customer_contact("01011111111")
        .description("buy card");
    client.place_deposit(&request).await.unwrap().pay_order_id().unwrap().clone()
}

#[tokio::test]
async fn the_tour_makes_the_calls_of_one_market() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client_of(&sandbox);
    let id = deposit(&client, "B1", brazil::way::PIX, brazil::CURRENCY).await;
    let trx_id = sandbox.pay(&id).unwrap().trx_id.unwrap();
    let url = NotifyUrl::new("https://shop.example/tarspay/notify").unwrap();
    let (way, amount) = (brazil::way::PIX, Amount::from(500_u32));
    let withdrawal = WithdrawalRequest::new("W1".parse().unwrap(), way, brazil::CURRENCY, amount, url);
    let placed = client.place_withdrawal(&withdrawal).await.unwrap();
    sandbox.pay(placed.pay_order_id().unwrap()).unwrap();
    in_brazil::run(&client, trx_id).await;

    let order = deposit(&client, "D1", bangladesh::way::EWALLET_BKASH, bangladesh::CURRENCY).await;
    deposit(&client, "D2", india::way::UPI, india::CURRENCY).await;
    for reference in ["BI63CWYFV9", "231500000000"] {
        sandbox.record_transfer(&reference.parse().unwrap(), amount).unwrap();
    }
    let (trx_id, utr) = ("BI63CWYFV9".parse().unwrap(), "231500000000".parse().unwrap());
    paid_by::run(&client, trx_id, order, utr).await;
}

#[tokio::test]
async fn the_tour_signs_elsewhere() {
    let sandbox = Sandbox::start().await.unwrap();
    let merchant = sandbox.merchant();
    let credentials = signer::run(merchant.private_key().clone(), merchant.merchant_no().clone());
    assert!(limited::run(credentials.clone()).base_url().starts_with("https://"));
    Client::builder(credentials).base_url(sandbox.base_url()).build().unwrap().balance().await.unwrap();
}

#[test]
fn the_tour_needs_no_async_code() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let client = client_of(&sandbox);
    runtime.block_on(pay_in::run(&client));
    sandbox.pay(&sandbox.orders().unwrap().pop().unwrap().pay_order_id).unwrap();
    let merchant = sandbox.merchant();
    let credentials = Credentials::new(merchant.merchant_no().clone(), merchant.private_key().clone());
    show::run(&Client::builder(credentials).base_url(sandbox.base_url()).build_blocking().unwrap());
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
