//! A merchant with a real client and a server for its callbacks, beside a sandbox.

use axum::Router;
use axum::extract::{FromRef, State};
use axum::routing::post;
use tarspay::sign::{Digest, NonceSource, Parameters, PrivateKey, RequestToSign, SystemClock};
use tarspay::transport::Transport;
use tarspay::types::{
    Amount, BalanceQuery, Callback, Currency, DepositRequest, MerchantOrderNo, NotifyUrl, OrderState,
    PayOrderId, Request as _, WayCode,
};
use tarspay::{Acknowledged, CallbackVerifier, Client, Credentials, Verified};
use tarspay_sandbox::Sandbox;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    client: Client,
    pub(crate) notify_url: NotifyUrl,
    told: mpsc::UnboundedReceiver<Callback>,
}

pub(crate) struct Placed {
    pub(crate) pay_order_id: PayOrderId,
    pub(crate) pay_url: String,
}

#[derive(Clone)]
struct Inbox {
    verifier: CallbackVerifier,
    told: mpsc::UnboundedSender<Callback>,
}

impl FromRef<Inbox> for CallbackVerifier {
    fn from_ref(inbox: &Inbox) -> Self {
        inbox.verifier.clone()
    }
}

async fn on_callback(State(inbox): State<Inbox>, callback: Verified<Callback>) -> Acknowledged {
    inbox.told.send(callback.into_inner()).unwrap();
    Acknowledged
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let merchant = sandbox.merchant();
        let credentials = Credentials::new(merchant.merchant_no().clone(), merchant.private_key().clone());
        let client = Client::builder(credentials).base_url(sandbox.base_url()).build().unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let notify_url = format!("http://{}/notify", listener.local_addr().unwrap()).parse().unwrap();
        let (sender, told) = mpsc::unbounded_channel();
        let merchant_no = merchant.merchant_no().clone();
        let verifier = CallbackVerifier::trusting(merchant_no, sandbox.system_public_key());
        let inbox = Inbox { verifier, told: sender };
        let router = Router::new().route("/notify", post(on_callback)).with_state(inbox);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { sandbox, client, notify_url, told }
    }

    pub(crate) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.base_url())
    }

    pub(crate) async fn deposit(&self, way: WayCode, currency: Currency, amount: &str) -> Placed {
        let number = self.sandbox.orders().unwrap().len();
        let number: MerchantOrderNo = format!("D165931825{number:04}").parse().unwrap();
        let amount = Amount::parse(amount).unwrap();
        let mut request = DepositRequest::new(number.clone(), way, currency, amount, self.notify_url.clone());
        request.customer_contact = Some("9123456789".into());
        self.client.place_deposit(&request).await.unwrap();
        let merchant_no = self.sandbox.merchant().merchant_no();
        let order = self.sandbox.order_by_number(merchant_no, &number).unwrap();
        Placed {
            pay_url: self.page(&format!("/pay/{}", order.pay_order_id)),
            pay_order_id: order.pay_order_id,
        }
    }

    /// A call whose members were signed in the wrong order.
    pub(crate) async fn unsorted(&self) {
        let merchant = self.sandbox.merchant();
        let body = format!(r#"{{"mchNo":"{}","currency":"KES"}}"#, merchant.merchant_no());
        let nonce = NonceSource::with_clock(SystemClock).next_nonce();
        let text = format!("POST|/api/balanceInfo|{nonce}|mchNo={}&currency=KES", merchant.merchant_no());
        let signature = merchant.private_key().sign(&Digest::of(&text)).to_string();
        let (key, nonce) = (merchant.private_key().public_key().to_string(), nonce.to_string());
        let headers = [
            ("X-API-KEY", key.as_str()),
            ("X-API-NONCE", nonce.as_str()),
            ("X-API-SIGNATURE", signature.as_str()),
        ];
        let transport = Transport::builder(self.sandbox.base_url()).build().unwrap();
        let response = transport.post("/api/balanceInfo", &headers, body.into_bytes()).await.unwrap();
        assert!(String::from_utf8_lossy(response.body()).contains("sign error"));
    }

    /// A call in the merchant's name that somebody else has signed.
    pub(crate) async fn wrong_signature(&self) {
        let merchant = self.sandbox.merchant();
        let request = BalanceQuery::new();
        let body = Parameters::from_value(&request.body(merchant.merchant_no()).unwrap()).unwrap();
        let nonce = NonceSource::with_clock(SystemClock).next_nonce();
        let forger = PrivateKey::generate().unwrap();
        let signed = RequestToSign::new(&request.path(), nonce, body).unwrap().sign(&forger);
        let key = merchant.private_key().public_key().to_string();
        let headers = signed.headers().pairs().map(|(name, value)| {
            (name, if name == tarspay::sign::API_KEY_HEADER { key.as_str() } else { value })
        });
        let transport = Transport::builder(self.sandbox.base_url()).build().unwrap();
        let answer = transport.post(signed.path(), &headers, signed.body().to_vec()).await.unwrap();
        assert!(String::from_utf8_lossy(answer.body()).contains("sign error"));
    }

    /// The next callback, which is verified by now.
    pub(crate) async fn told(&mut self) -> Callback {
        let callback = tokio::time::timeout(crate::driver::PATIENCE, self.told.recv()).await;
        callback.expect("the callback comes in time").expect("the server runs")
    }

    pub(crate) fn state(&self, placed: &Placed) -> OrderState {
        self.sandbox.order(&placed.pay_order_id).unwrap().state
    }

    /// Waits for the callback about an order, which is verified by now; those about others are passed over.
    pub(crate) async fn is_told(&mut self, placed: &Placed, state: OrderState) {
        loop {
            let callback = self.told().await;
            if callback.pay_order_id == placed.pay_order_id {
                assert_eq!(callback.state, state);
                return;
            }
        }
    }
}
