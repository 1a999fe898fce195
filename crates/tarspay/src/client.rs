//! The client: one typed request in, one typed response out.

use crate::engine::Engine;
use crate::retry::{Random, RetryBudget, RetryPolicy};
use crate::sign::NonceSource;
use crate::transport::{self, Connect, Transport};
use crate::types::{
    BalanceQuery, DepositRequest, Direction, MerchantNo, MerchantOrderNo, OrderQuery, Request,
    WithdrawalRequest,
};
use crate::{Call, Credentials, Error, Place, RawRequest, Wait, env};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A client of the gateway for one merchant. Cheap to clone; clones share connections and nonces,
/// and may be used from many tasks. It needs a tokio runtime.
///
/// Make one and keep it, because each client has its own connections.
///
/// # Several clients, several instances
///
/// Clients of one key in one process share their nonces, unless the builder is
/// [given](ClientBuilder::nonces) a source. Processes cannot share them. If you run several
/// instances of a service, give each a key of its own. With one key for all of them, two calls in
/// one millisecond can have one nonce, and a gateway that takes each nonce once refuses the second
/// call for its signature (5003008). Queries are then repeated with a fresh nonce, and placing
/// looks the order up and sends it again.
///
/// ```
/// use tarspay::{Client, Credentials};
/// use tarspay_sandbox::Sandbox;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::start().await?;
/// let merchant = sandbox.merchant();
///
/// let credentials = Credentials::new(merchant.merchant_no().clone(), merchant.private_key().clone());
/// let client = Client::builder(credentials)
///     .base_url(sandbox.base_url()) // left out: production
///     .build()?;
/// let balance = client.balance().await?;
/// assert_eq!(balance.available_amount.to_string(), "1000000");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Engine>);

/// The gateway's documented base URL (`docs/wire.md`, section 1).
pub const PRODUCTION_URL: &str = "https://payment.tarspay.com";

/// The retry budget by default.
const DEFAULT_RETRY_BUDGET: u32 = 50;

/// The quiet time by default; see [`ClientBuilder::quiet_time`].
const DEFAULT_QUIET_TIME: Duration = Duration::from_secs(5);

impl Client {
    /// A client of the production gateway with all defaults.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`].
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder(credentials).build()
    }

    /// Makes a client from the environment. An empty variable counts as not set.
    ///
    /// | variable | what it holds |
    /// |---|---|
    /// | `TARSPAY_MERCHANT_ID`, `TARSPAY_PRIVATE_KEY` | the [credentials](Credentials::from_env) |
    /// | `TARSPAY_API_URL` | the [base URL](ClientBuilder::base_url); default: production |
    /// | `TARSPAY_PROXY` | the URL of a [proxy](crate::transport::Builder::proxy), with its user and password |
    /// | `TARSPAY_PLAIN_HTTP_HOST` | a host for [`allow_plain_http_to`](ClientBuilder::allow_plain_http_to) |
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid), naming the variable that is missing or cannot be
    /// used.
    pub fn from_env() -> Result<Self, Error> {
        let mut builder = Self::builder(Credentials::from_env()?);
        if let Some(base_url) = env::text("TARSPAY_API_URL")? {
            builder = builder.base_url(base_url);
        }
        if let Some(host) = env::text("TARSPAY_PLAIN_HTTP_HOST")? {
            builder = builder.allow_plain_http_to(host);
        }
        if let Some(url) = env::text("TARSPAY_PROXY")? {
            builder = builder.transport(move |transport| transport.proxy(&url));
        }
        builder.build()
    }

    /// Settings before the first call.
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder {
            credentials,
            base_url: PRODUCTION_URL.to_owned(),
            nonces: None,
            retry: RetryPolicy::default(),
            retry_budget: DEFAULT_RETRY_BUDGET,
            quiet_time: DEFAULT_QUIET_TIME,
            random: Random::default(),
            max_in_flight: None,
            adjust: Box::new(|builder| builder),
        }
    }

    /// The merchant's balance.
    pub fn balance(&self) -> Call<BalanceQuery> {
        self.call(BalanceQuery::new())
    }

    /// Makes any call of [`types`](crate::types), or a request type of your own.
    ///
    /// To create an order use [`place_deposit`](Self::place_deposit) or
    /// [`place_withdrawal`](Self::place_withdrawal): they handle a lost response.
    pub fn call<R: Request>(&self, request: R) -> Call<R> {
        Call::new(self.clone(), request)
    }

    /// Calls an endpoint that this version does not know. The members of the body are any value
    /// that serializes to a flat JSON object. `mchNo` is added. The result is the response's `data`
    /// as received, or `None` if it is missing.
    ///
    /// The effect of the call is unknown, so it is repeated only if it was not sent. Any other
    /// value is [`Invalid`](crate::ErrorKind::Invalid) when the call is awaited.
    ///
    /// ```
    /// # async fn call(client: tarspay::Client) -> Result<(), tarspay::Error> {
    /// let members = std::collections::BTreeMap::from([("utr", "231500000000")]);
    /// if let Some(data) = client.call_raw("/api/tomorrow", members).await? {
    ///     println!("{}", data.get());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn call_raw<T: Serialize>(&self, path: impl Into<String>, members: T) -> Call<RawRequest<T>> {
        self.call(RawRequest { path: path.into(), members })
    }

    /// Places a deposit: creates it once, even if a response is lost, and never reports an existing
    /// one as failed.
    ///
    /// First the request is checked against the rules of its market. See [`Place`] for the options
    /// and [`Placed`](crate::Placed) for the result.
    pub fn place_deposit<'a>(&'a self, request: &'a DepositRequest) -> Place<'a, DepositRequest> {
        Place::new(self, request)
    }

    /// Places a withdrawal, as [`place_deposit`](Self::place_deposit) does a deposit.
    pub fn place_withdrawal<'a>(&'a self, request: &'a WithdrawalRequest) -> Place<'a, WithdrawalRequest> {
        Place::new(self, request)
    }

    /// Resumes a deposit that may have been sent before: by a process that crashed, a dropped
    /// future, or a placing that ended in [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown). It
    /// is looked up first, and placed with the same number if it does not exist.
    pub fn resume_deposit<'a>(&'a self, request: &'a DepositRequest) -> Place<'a, DepositRequest> {
        Place::resume(self, request)
    }

    /// Resumes a withdrawal that may have been sent before, as
    /// [`resume_deposit`](Self::resume_deposit) does a deposit.
    pub fn resume_withdrawal<'a>(&'a self, request: &'a WithdrawalRequest) -> Place<'a, WithdrawalRequest> {
        Place::resume(self, request)
    }

    /// Queries a deposit by the merchant's number. A refusal does not prove that the order does not
    /// exist.
    pub fn query_deposit(&self, merchant_order_no: MerchantOrderNo) -> Call<OrderQuery> {
        self.query_order(Direction::Deposit, merchant_order_no)
    }

    /// Queries a withdrawal by the merchant's number. A refusal does not prove that the order does
    /// not exist.
    pub fn query_withdrawal(&self, merchant_order_no: MerchantOrderNo) -> Call<OrderQuery> {
        self.query_order(Direction::Withdrawal, merchant_order_no)
    }

    /// Queries an order of either kind, for tables that hold both: [`query_deposit`](Self::query_deposit) or
    /// [`query_withdrawal`](Self::query_withdrawal).
    pub fn query_order(&self, direction: Direction, merchant_order_no: MerchantOrderNo) -> Call<OrderQuery> {
        self.call(OrderQuery::new(direction, merchant_order_no))
    }

    /// Queries a deposit until it has ended.
    pub fn wait_for_deposit(&self, merchant_order_no: MerchantOrderNo) -> Wait {
        self.wait_for_order(Direction::Deposit, merchant_order_no)
    }

    /// Queries a withdrawal until it has ended.
    pub fn wait_for_withdrawal(&self, merchant_order_no: MerchantOrderNo) -> Wait {
        self.wait_for_order(Direction::Withdrawal, merchant_order_no)
    }

    /// Queries an order of either kind until it has ended.
    pub fn wait_for_order(&self, direction: Direction, merchant_order_no: MerchantOrderNo) -> Wait {
        Wait::new(self.clone(), OrderQuery::new(direction, merchant_order_no))
    }

    /// The merchant number.
    pub fn merchant_no(&self) -> &MerchantNo {
        self.0.credentials.merchant_no()
    }

    /// The base URL of the gateway.
    pub fn base_url(&self) -> &str {
        self.0.transport.base_url()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("credentials", &self.0.credentials)
            .field("base_url", &self.base_url())
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Client`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    credentials: Credentials,
    base_url: String,
    nonces: Option<Arc<NonceSource>>,
    retry: RetryPolicy,
    retry_budget: u32,
    quiet_time: Duration,
    random: Random,
    max_in_flight: Option<usize>,
    adjust: Box<dyn FnOnce(transport::Builder) -> transport::Builder + Send>,
}

impl ClientBuilder {
    /// The gateway's base URL: scheme, host and port, no path. Default: [`PRODUCTION_URL`]; the
    /// documentation names no test environment. Plain HTTP is allowed to this machine only, for a
    /// sandbox.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// Allows plain HTTP to this one host, for a sandbox in a closed network, as between containers:
    /// `allow_plain_http_to("sandbox")` for the base URL `http://sandbox:8787`. **Everybody on the
    /// way can read and change what is sent.** See
    /// [`transport::Builder::allow_plain_http_to`](crate::transport::Builder::allow_plain_http_to).
    pub fn allow_plain_http_to(self, host: impl Into<String>) -> Self {
        let host = host.into();
        self.transport(move |transport| transport.allow_plain_http_to(&host))
    }

    /// Takes nonces from this source. By default they come from [`NonceSource::shared`], with all
    /// other clients of the key. To use your own clock, give one source to all of them:
    /// [`NonceSource::with_clock`]. Waits and deadlines run by tokio's clock.
    #[doc(alias = "clock")]
    pub fn nonces(mut self, nonces: Arc<NonceSource>) -> Self {
        self.nonces = Some(nonces);
        self
    }

    /// How often a call that may be repeated is attempted, and the waits between.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The retry budget that all calls of the client share. Default: 50. Each retry takes one from
    /// it, each response of the gateway gives a tenth back. When it is used up, calls are attempted
    /// once, so that a broken gateway is not overloaded. The look-ups of an order in doubt do not
    /// take from it; they are few.
    pub fn retry_budget(mut self, retries: u32) -> Self {
        self.retry_budget = retries;
        self
    }

    /// How long a copy of a request that was sent can take to reach the gateway and to be seen by
    /// its queries. Default: 5 seconds.
    ///
    /// A placing believes "no such order" only when this time has passed since something was sent
    /// last: before it reports an order as rejected because of a code that an existing order can
    /// cause, and before it sends a withdrawal again. So a withdrawal that is refused for the
    /// balance takes this long. Nothing is documented about such copies; the default is inferred
    /// (`docs/wire.md`, section 12). Raise it where a proxy between you and the gateway repeats
    /// requests late.
    pub fn quiet_time(mut self, quiet_time: Duration) -> Self {
        self.quiet_time = quiet_time;
        self
    }

    /// Where the random half of the waits between attempts comes from: numbers over the whole range of
    /// `u64`, one for each wait. By default the operating system seeds it. A source with a seed of your
    /// own makes the same waits each time, for a simulation or a test. With the crate `rand` it is
    /// `move || rng.next_u64()`; without it:
    ///
    /// ```
    /// # fn with(credentials: tarspay::Credentials) -> Result<tarspay::Client, tarspay::Error> {
    /// use std::hash::{DefaultHasher, Hasher as _};
    ///
    /// let mut state = DefaultHasher::new();
    /// state.write_u64(7); // the seed
    /// tarspay::Client::builder(credentials)
    ///     .random(move || {
    ///         state.write_u8(0);
    ///         state.finish()
    ///     })
    ///     .build()
    /// # }
    /// ```
    #[doc(alias = "jitter")]
    pub fn random(mut self, random: impl FnMut() -> u64 + Send + 'static) -> Self {
        self.random = Random::new(random);
        self
    }

    /// Reaches the gateway by a connector of yours, in place of TCP and a proxy. See [`Connect`]; the
    /// feature `testing` has one that leads to a scripted gateway.
    pub fn connector(self, connector: impl Connect + 'static) -> Self {
        self.transport(|transport| transport.connector(connector))
    }

    /// The most attempts of all clones of the client that are in flight at once: being signed, sent,
    /// or waiting for a response. Default: no limit.
    ///
    /// Further ones wait, and go in the order in which they came. The wait counts within the
    /// deadline of the call. A call whose deadline passes in it was [not
    /// sent](crate::ErrorKind::NotSent).
    pub fn max_in_flight(mut self, attempts: usize) -> Self {
        self.max_in_flight = Some(attempts);
        self
    }

    /// Adjusts the transport: deadlines, limits, a proxy, root certificates.
    ///
    /// ```
    /// # fn with(credentials: tarspay::Credentials) -> Result<tarspay::Client, tarspay::Error> {
    /// use std::time::Duration;
    ///
    /// tarspay::Client::builder(credentials)
    ///     .transport(|transport| transport.proxy("http://10.0.0.7:3128").call_timeout(Duration::from_secs(20)))
    ///     .build()
    /// # }
    /// ```
    pub fn transport(
        mut self,
        adjust: impl FnOnce(transport::Builder) -> transport::Builder + Send + 'static,
    ) -> Self {
        let before = self.adjust;
        self.adjust = Box::new(move |builder| adjust(before(builder)));
        self
    }

    /// Checks the settings and makes the client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) if the base URL, or a setting of the transport,
    /// cannot be used; the source says which.
    pub fn build(self) -> Result<Client, Error> {
        if self.max_in_flight == Some(0) {
            return Err(Error::invalid("max_in_flight is 0, so no call could be made; set at least 1"));
        }
        let builder =
            Transport::builder(&self.base_url).user_agent(concat!("tarspay/", env!("CARGO_PKG_VERSION")));
        let transport = (self.adjust)(builder).build().map_err(Error::transport)?;
        let nonces = self.nonces.unwrap_or_else(|| NonceSource::shared(&self.credentials.public_key()));
        Ok(Client(Arc::new(Engine {
            credentials: self.credentials,
            nonces,
            transport,
            retry: self.retry,
            budget: RetryBudget::new(self.retry_budget),
            quiet_time: self.quiet_time,
            random: self.random,
            slots: self.max_in_flight.map(|most| Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}
