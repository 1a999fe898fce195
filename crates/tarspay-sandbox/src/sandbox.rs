//! The handle of a running sandbox: where it is, who its test merchant is, and its end.

use crate::Error;
use crate::builder::Builder;
use crate::control::TimeControl;
use crate::engine::Engine;
use crate::event::{Event, EventTail};
use crate::fault::{Fault, FaultId};
use crate::keys::{ApiKey, MerchantStatus};
use crate::store::balances::{self, Purse};
use crate::store::{Tx, keys};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tarspay_sign::{CallbackText, PrivateKey, PublicKey, Signature};
use tarspay_types::{Amount, MerchantNo, market};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const TEST_MERCHANT_NO: &str = "M1688443086";
const TEST_BALANCE: u32 = 1_000_000;

/// How long `stop` waits for clients that are still sending. Answering takes no time; a client that has stopped in the
/// middle of a request must not keep its owner waiting.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// A running local gateway. It stops when it is dropped.
///
/// It checks each call in this order: the three headers, the key, the signature over the body as it came, what the
/// merchant and the key may do, the nonce, the merchant number, the order number where one is created, then the rest. Two
/// rules are the sandbox's own, where the gateway's are not documented: a nonce is within five minutes of the clock, and no
/// nonce is used twice with one key. Refusals come as HTTP 200 with a code of the documented table and a text that says
/// why.
///
/// The methods that change something write it before they return, which takes no longer than one write to the disk. They
/// can be called from anywhere, inside and outside the runtime.
pub struct Sandbox {
    pub(crate) engine: Arc<Engine>,
    address: SocketAddr,
    merchant: Arc<TestMerchant>,
    /// What ends with this handle; nothing in the one of the control API.
    running: Option<Running>,
}

/// The tasks of a sandbox.
pub(crate) struct Running {
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) server: JoinHandle<()>,
    pub(crate) timekeeper: JoinHandle<()>,
}

impl Sandbox {
    pub(crate) fn new(
        engine: Arc<Engine>,
        address: SocketAddr,
        merchant: Arc<TestMerchant>,
        running: Option<Running>,
    ) -> Self {
        Self { engine, address, merchant, running }
    }

    /// Starts on a free port of 127.0.0.1, with a test merchant and new keys. Needs a tokio runtime with I/O and time
    /// enabled, as `#[tokio::main]` and `#[tokio::test]` make it.
    ///
    /// # Errors
    ///
    /// As [`Builder::start`].
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Settings before the start.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Where programs of this machine find it: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.engine.base_url
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that checks this sandbox's callbacks, in place of the gateway's system key.
    pub fn system_public_key(&self) -> PublicKey {
        self.engine.system_key.public_key()
    }

    /// The merchant that is there from the start, with a million in every market's currency.
    pub fn merchant(&self) -> &TestMerchant {
        &self.merchant
    }

    /// Signs a callback as this sandbox would send it: the value for the header `X-RESP-SIGNATURE`.
    pub fn sign_callback(&self, text: &CallbackText) -> Signature {
        text.sign(&self.engine.system_key)
    }

    /// The clock that orders time out by, and callbacks are sent again by.
    pub fn clock(&self) -> TimeControl<'_> {
        TimeControl::new(&self.engine)
    }

    /// Has something go wrong. See [`Fault`].
    pub fn inject(&self, fault: Fault) -> FaultId {
        self.engine.faults.add(fault)
    }

    /// The faults that have not struck to their end, in the order in which they were injected.
    pub fn faults(&self) -> Vec<(FaultId, Fault)> {
        self.engine.faults.all()
    }

    /// Takes a fault back; `false` if it is gone already.
    pub fn clear_fault(&self, fault: FaultId) -> bool {
        self.engine.faults.remove(fault)
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.engine.faults.clear();
    }

    /// What has happened, the latest 10,000 events.
    pub fn events(&self) -> Vec<Event> {
        self.engine.events.all()
    }

    /// What happens from now on.
    pub fn tail(&self) -> EventTail {
        self.engine.events.tail()
    }

    /// Stops taking calls, finishes those under way, and returns when the port and the file are free. A client that has
    /// stopped in the middle of a request is waited for no longer than three seconds. A callback that is under way is sent
    /// again when the file is used again.
    pub async fn stop(mut self) {
        if let Some(Running { stop, server, timekeeper }) = &mut self.running {
            if let Some(stop) = stop.take() {
                // An error means that the server has ended already.
                let _ = stop.send(());
            }
            let _ = tokio::time::timeout(STOP_PATIENCE, server).await;
            timekeeper.abort();
            let _ = timekeeper.await;
            self.engine.store.close();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Ends the wait for clients that are still sending; the port has been free since `stop`, or is now.
        if let Some(Running { server, timekeeper, .. }) = &self.running {
            server.abort();
            timekeeper.abort();
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("base_url", &self.engine.base_url).finish_non_exhaustive()
    }
}

/// The merchant that every sandbox has from the start, with a key pair of its own for this sandbox.
#[derive(Clone, Debug)]
pub struct TestMerchant {
    merchant_no: MerchantNo,
    private_key: PrivateKey,
}

impl TestMerchant {
    pub(crate) fn new(private_key: PrivateKey) -> Self {
        #[expect(clippy::expect_used, reason = "a constant; every start of a sandbox reads it")]
        let merchant_no = MerchantNo::new(TEST_MERCHANT_NO).expect("a merchant number without faults");
        Self { merchant_no, private_key }
    }

    /// The merchant number, as in the gateway's examples.
    pub fn merchant_no(&self) -> &MerchantNo {
        &self.merchant_no
    }

    /// The private key; its public key is registered.
    pub fn private_key(&self) -> &PrivateKey {
        &self.private_key
    }

    /// Registers it with its money, unless the state knows it from an earlier start.
    pub(crate) async fn settle_in(&self, engine: &Engine) -> Result<(), Error> {
        let merchant = self.clone();
        let new = engine
            .store
            .call(move |tx| match keys::status(tx, &merchant.merchant_no)? {
                Some(_) => Ok(None),
                None => merchant.first_day(tx).map(Some),
            })
            .await?;
        if let Some(key) = new {
            engine.keys.set(key);
        }
        Ok(())
    }

    /// Writes it with its key and its money.
    pub(crate) fn first_day(&self, tx: &Tx<'_>) -> Result<ApiKey, Error> {
        let key = ApiKey {
            key: self.private_key.public_key(),
            owner: self.merchant_no.clone(),
            owner_status: MerchantStatus::Active,
            bound_ip: None,
            expires_at: None,
            disabled: false,
        };
        keys::add_merchant(tx, &self.merchant_no)?;
        keys::put(tx, &key)?;
        let purse = Purse { available: Amount::from(TEST_BALANCE), ..Purse::EMPTY };
        balances::set_own(tx, &self.merchant_no, purse)?;
        for currency in market::ALL.iter().filter_map(|market| market.currency()) {
            balances::set(tx, &self.merchant_no, currency, purse)?;
        }
        Ok(key)
    }
}
