//! What users of `tarspay-sandbox` rely on, over real sockets and with requests written byte by byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its helpers"
)]

mod accepted;
mod addresses;
mod callbacks;
mod clock;
mod codes;
mod control_api;
mod control_api_guard;
mod events;
mod explained;
mod faults;
mod fuzz;
mod hostile;
mod http;
mod ledger;
mod lifecycle;
mod limits;
mod many;
mod matrix;
mod merchants;
mod mutated;
mod nonces;
mod order_life;
mod page;
mod page_guard;
mod parity;
mod refused;
mod restart;
mod scenario_rules;
mod scenarios;
mod secrecy;
mod support;
mod time;
mod vectors;

use http::Request;
use tarspay_sandbox::Sandbox;
use tarspay_sign::{Nonce, NonceSource, Parameters, PrivateKey, RequestToSign, SystemClock};
use tarspay_types::MerchantNo;

pub(crate) const BALANCE: &str = "/api/balanceInfo";

/// A merchant who signs: a key, its merchant number, and nonces that are never used twice.
pub(crate) struct Caller {
    pub(crate) key: PrivateKey,
    pub(crate) merchant_no: MerchantNo,
    nonces: NonceSource,
}

impl Caller {
    pub(crate) fn new(key: PrivateKey, merchant_no: &MerchantNo) -> Self {
        Self { key, merchant_no: merchant_no.clone(), nonces: NonceSource::with_clock(SystemClock) }
    }

    /// The test merchant of a sandbox.
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let merchant = sandbox.merchant();
        Self::new(merchant.private_key().clone(), merchant.merchant_no())
    }

    /// The test merchant of a sandbox whose clock stands at this time.
    pub(crate) fn at(sandbox: &Sandbox, now: u64) -> Self {
        Self { nonces: NonceSource::with_clock(move || now), ..Self::of(sandbox) }
    }

    pub(crate) fn next_nonce(&self) -> Nonce {
        self.nonces.next_nonce()
    }

    /// The body of a balance query.
    pub(crate) fn body(&self) -> String {
        format!(r#"{{"mchNo":"{}"}}"#, self.merchant_no)
    }

    /// A correctly signed balance query.
    pub(crate) fn balance_query(&self) -> Request {
        self.signed(BALANCE, self.next_nonce(), &self.body())
    }

    /// A call whose values stand in its path.
    pub(crate) fn signed_without_body(&self, path: &str) -> Request {
        let signed = RequestToSign::new(path, self.next_nonce(), Parameters::none()).unwrap().sign(&self.key);
        signed
            .headers()
            .pairs()
            .into_iter()
            .fold(Request::post(path, ""), |request, (name, value)| request.header(name, value))
    }

    /// The body as it is given, under a signature over this path, nonce and body.
    pub(crate) fn signed(&self, path: &str, nonce: Nonce, body: &str) -> Request {
        let parameters = Parameters::from_json(body.as_bytes()).unwrap();
        let signed = RequestToSign::new(path, nonce, parameters).unwrap().sign(&self.key);
        signed
            .headers()
            .pairs()
            .into_iter()
            .fold(Request::post(path, body), |request, (name, value)| request.header(name, value))
    }
}

pub(crate) fn merchant_no(text: &str) -> MerchantNo {
    MerchantNo::new(text).unwrap()
}
