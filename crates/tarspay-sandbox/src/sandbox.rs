//! The handle of a running sandbox, and what the sandbox is made of.

use crate::clock::SandboxClock;
use crate::error::Error;
use crate::event::{EventKind, EventLog};
use crate::explain::Explainer;
use crate::faults::Faults;
use crate::keys::{ApiKey, Keys};
use crate::plan;
use crate::recorded::RecordedCalls;
use crate::schedule::Message;
use crate::store::merchants::{self, Balance};
use crate::store::{Settings, Store, Tx};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tarspay_sign::{CallbackText, PrivateKey, PublicKey, Signature};
use tarspay_types::{Amount, MerchantNo, market};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const TEST_MERCHANT_NO: &str = "M1688443086";
const TEST_BALANCE: u32 = 1_000_000;

/// How long `stop` waits for clients that are still sending. Responding takes no time; a client that has stopped in the
/// middle of a request must not keep its operator waiting.
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
    pub(crate) shared: Arc<Shared>,
    /// What ends with this handle; `None` in the one of the control API and the page.
    pub(crate) running: Option<Running>,
}

pub(crate) struct Running {
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) server: JoinHandle<()>,
    pub(crate) timekeeper: JoinHandle<()>,
}

impl Sandbox {
    /// The URL for local clients: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The key that checks this sandbox's callbacks, in place of the gateway's system key.
    pub fn system_public_key(&self) -> PublicKey {
        self.shared.system_key.public_key()
    }

    /// The merchant that is there from the start, with a million in every market's currency.
    pub fn merchant(&self) -> &TestMerchant {
        &self.shared.merchant
    }

    /// Signs a callback as this sandbox would send it: the value for the header `X-RESP-SIGNATURE`.
    pub fn sign_callback(&self, text: &CallbackText) -> Signature {
        text.sign(&self.shared.system_key)
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
            self.shared.store.close();
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
        f.debug_struct("Sandbox").field("base_url", &self.shared.base_url).finish_non_exhaustive()
    }
}

/// What a running sandbox is made of, shared by its server, its timekeeper and its handle.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) clock: Arc<SandboxClock>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) explainer: Explainer,
    pub(crate) faults: Faults,
    /// Whether a scenario was ever played, whose faults may apply to a call.
    pub(crate) has_plans: AtomicBool,
    pub(crate) events: Arc<EventLog>,
    pub(crate) calls: RecordedCalls,
    pub(crate) timekeeper: UnboundedSender<Message>,
    pub(crate) system_key: PrivateKey,
    pub(crate) merchant: TestMerchant,
    pub(crate) address: SocketAddr,
    /// `http://127.0.0.1:PORT`.
    pub(crate) base_url: String,
}

impl Shared {
    /// Does all that is due about orders, in slices.
    pub(crate) fn catch_up(&self) -> Result<(), Error> {
        let slice = |tx: &Tx<'_>| plan::catch_up(tx).map(|next| next.is_some_and(|next| next <= tx.now));
        while self.store.run(slice)? {}
        Ok(())
    }

    /// Writes to the event log, and gives the number of the event.
    pub(crate) fn report(&self, event: EventKind) -> u64 {
        self.events.push(self.clock.now(), event)
    }
}

/// The merchant that every sandbox has from the start, with its own key pair in each sandbox.
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

    /// Writes it with its key and its money.
    pub(crate) fn first_day(&self, tx: &Tx<'_>) -> Result<ApiKey, Error> {
        let key = ApiKey::new(self.private_key.public_key(), self.merchant_no.clone());
        merchants::add(tx, &self.merchant_no)?;
        merchants::put_key(tx, &key)?;
        let balance = Balance { available: Amount::from(TEST_BALANCE), ..Balance::ZERO };
        merchants::set_balance(tx, &self.merchant_no, None, balance)?;
        for currency in market::ALL.iter().filter_map(|market| market.currency()) {
            merchants::set_balance(tx, &self.merchant_no, Some(currency), balance)?;
        }
        Ok(key)
    }
}
