//! The client: one typed request in, one typed answer out.

use crate::retry::{RetryBudget, RetryPolicy};
use crate::sign::{NonceSource, Parameters, RequestToSign, SignedRequest};
use crate::transport::{self, Transport};
use crate::types::{
    BalanceRequest, Decode as _, DepositQuery, DepositRequest, Envelope, MerchantNo, MerchantOrderNo,
    Request, WithdrawQuery, WithdrawRequest,
};
use crate::{Call, Credentials, Environment, Error, Place, RawRequest, Wait, trace};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

const CONTENT_TYPE: (&str, &str) = ("Content-Type", "application/json;charset=utf-8");

/// A client of the gateway for one merchant. Cheap to clone; clones share connections and nonces, and may be used from
/// many tasks. It needs a tokio runtime.
///
/// Make one and keep it, since each client has connections of its own.
///
/// # Several clients, several instances
///
/// Clients of one key in one process share their nonces, unless the builder is [given](ClientBuilder::nonces) a source.
/// Processes cannot share them. If you run several instances of a service, give each a key of its own. With one key for
/// all of them, two calls in one millisecond can have one nonce, and a gateway that takes each nonce once refuses the
/// second call for its signature (5003008). Queries are then repeated with a fresh nonce, and placing looks the order up
/// and sends it again.
///
/// ```
/// use tarspay::{Client, Credentials, Environment};
/// use tarspay_sandbox::Sandbox;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::start().await?;
/// let merchant = sandbox.merchant();
///
/// let credentials = Credentials::new(merchant.merchant_no().clone(), merchant.private_key().clone());
/// let client = Client::builder(credentials)
///     .environment(Environment::custom(sandbox.base_url())) // left out: production
///     .build()?;
/// let balance = client.balance().await?;
/// assert_eq!(balance.available_amount.to_string(), "1000000");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    credentials: Credentials,
    nonces: Arc<NonceSource>,
    transport: Transport,
    retry: RetryPolicy,
    budget: RetryBudget,
}

/// Below this, no attempt is begun: the transport takes no shorter deadline.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(1);

/// The transport takes no longer one.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(60 * 60);

/// How many retries the calls of a client have together, unless told otherwise.
const DEFAULT_RETRY_BUDGET: u32 = 50;

impl Client {
    /// A client of the production gateway with all defaults.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`].
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder(credentials).build()
    }

    /// Settings before the first call.
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder {
            credentials,
            environment: Environment::default(),
            nonces: None,
            retry: RetryPolicy::default(),
            retry_budget: DEFAULT_RETRY_BUDGET,
            adjust: Box::new(|builder| builder),
        }
    }

    /// The merchant's balance.
    pub fn balance(&self) -> Call<BalanceRequest> {
        self.call(BalanceRequest::new())
    }

    /// Makes any call of [`types`](crate::types), or one of your own.
    ///
    /// To create an order use [`place_deposit`](Self::place_deposit) or [`place_withdraw`](Self::place_withdraw): they
    /// know what to do when the answer is lost.
    pub fn call<R: Request>(&self, request: R) -> Call<R> {
        Call::new(self.clone(), request)
    }

    /// Calls an endpoint that this version does not know: a path, and the members of its body as any value that
    /// serializes to a flat JSON object. `mchNo` is added. The answer's `data` comes as it is, `None` if there is none.
    ///
    /// Nobody knows what such a call does, so it is repeated only if it was not sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) if the value is no JSON object.
    pub fn call_raw(
        &self,
        path: impl Into<String>,
        members: &(impl Serialize + ?Sized),
    ) -> Result<Call<RawRequest>, Error> {
        Ok(self.call(RawRequest::new(path, members)?))
    }

    /// Places a deposit: creates it once, whatever happens on the way, and never reports one as failed that exists.
    ///
    /// The request is held to the rules of its market first; see [`Place`] for the options and
    /// [`Placed`](crate::Placed) for what comes back.
    pub fn place_deposit<'a>(&'a self, request: &'a DepositRequest) -> Place<'a, DepositRequest> {
        Place::new(self, request)
    }

    /// Places a withdraw, as [`place_deposit`](Self::place_deposit) does a deposit.
    pub fn place_withdraw<'a>(&'a self, request: &'a WithdrawRequest) -> Place<'a, WithdrawRequest> {
        Place::new(self, request)
    }

    /// Where a deposit stands, by the merchant's number. A refusal does not prove that there is no such order.
    pub fn deposit(&self, merchant_order_no: MerchantOrderNo) -> Call<DepositQuery> {
        self.call(DepositQuery::by_merchant_order_no(merchant_order_no))
    }

    /// Where a withdraw stands, by the merchant's number. A refusal does not prove that there is no such order.
    pub fn withdraw(&self, merchant_order_no: MerchantOrderNo) -> Call<WithdrawQuery> {
        self.call(WithdrawQuery::by_merchant_order_no(merchant_order_no))
    }

    /// Follows a deposit until it has ended.
    pub fn wait_for_deposit(&self, merchant_order_no: MerchantOrderNo) -> Wait<'_, DepositQuery> {
        Wait::new(self, merchant_order_no)
    }

    /// Follows a withdraw until it has ended.
    pub fn wait_for_withdraw(&self, merchant_order_no: MerchantOrderNo) -> Wait<'_, WithdrawQuery> {
        Wait::new(self, merchant_order_no)
    }

    /// One attempt, with a nonce and a signature of its own.
    pub(crate) async fn attempt<R: Request>(
        &self,
        request: &R,
        remaining: Option<Duration>,
    ) -> Result<R::Answer, Error> {
        let result = self.exchange(request, remaining).await;
        if result.as_ref().err().is_none_or(|error| error.status().is_some()) {
            self.0.budget.answered();
        }
        trace::attempt(request, result.as_ref().err());
        result
    }

    async fn exchange<R: Request>(
        &self,
        request: &R,
        remaining: Option<Duration>,
    ) -> Result<R::Answer, Error> {
        if remaining.is_some_and(|remaining| remaining < SHORTEST_ATTEMPT) {
            return Err(Error::out_of_time());
        }
        let path = request.path();
        let (headers, body) = self.sign(request, &path)?.into_parts();
        let [key, nonce, signature] = headers.pairs();
        let headers = [key, nonce, signature, CONTENT_TYPE];
        // A request without a body has no type of it either.
        let headers = if body.is_empty() { &headers[..3] } else { &headers[..] };
        let transport = &self.0.transport;
        let answer = match remaining {
            None => transport.post(&path, headers, body).await,
            Some(remaining) => {
                transport.post_within(remaining.min(LONGEST_ATTEMPT), &path, headers, body).await
            }
        }
        .map_err(Error::transport)?;
        // The gateway's HTTP status for a failing answer is not documented, so a refusal is read whatever it is. Success
        // is believed only where both say so: an intermediary may well answer 502 with a JSON of its own.
        let status = answer.status();
        let envelope = Envelope::<R::Answer>::from_slice(answer.body())
            .map_err(|error| Error::unreadable_answer(status, error))?;
        if envelope.code.is_success() && !(200..300).contains(&status) {
            return Err(Error::contradictory(status));
        }
        envelope.into_result().map_err(|error| Error::no_answer(status, error))
    }

    pub(crate) fn retry_policy(&self) -> RetryPolicy {
        self.0.retry
    }

    /// Takes one retry from the budget that all calls share.
    pub(crate) fn take_retry(&self) -> bool {
        self.0.budget.take()
    }

    /// Whose client this is.
    pub fn merchant_no(&self) -> &MerchantNo {
        self.0.credentials.merchant_no()
    }

    /// The gateway that is called.
    pub fn base_url(&self) -> &str {
        self.0.transport.base_url()
    }

    fn sign<R: Request>(&self, request: &R, path: &str) -> Result<SignedRequest, Error> {
        let parameters = match request.body(self.merchant_no()).map_err(Error::invalid_request)? {
            Some(body) => Parameters::from_json(body.get().as_bytes()).map_err(Error::cannot_sign)?,
            None => Parameters::none(),
        };
        let nonce = self.0.nonces.next_nonce();
        let request = RequestToSign::new(path, nonce, parameters).map_err(Error::cannot_sign)?;
        Ok(request.sign(self.0.credentials.private_key()))
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
    environment: Environment,
    nonces: Option<Arc<NonceSource>>,
    retry: RetryPolicy,
    retry_budget: u32,
    adjust: Box<dyn FnOnce(transport::Builder) -> transport::Builder + Send>,
}

impl ClientBuilder {
    /// Which gateway to call; production at first.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Takes nonces from this source. By default they come from [`NonceSource::shared`], with all other clients of the key.
    /// To bring a clock of your own, give one source to all of them.
    pub fn nonces(mut self, nonces: Arc<NonceSource>) -> Self {
        self.nonces = Some(nonces);
        self
    }

    /// How often a call is attempted that may be repeated, and how long is waited between.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many retries all calls of the client have together; 50 at first. Each retry takes one, each answer of the
    /// gateway gives a tenth back. When they are used up, calls are attempted once, so that a broken gateway is not
    /// hammered.
    pub fn retry_budget(mut self, retries: u32) -> Self {
        self.retry_budget = retries;
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
    /// [`Invalid`](crate::ErrorKind::Invalid) if the base URL, or a setting of the transport, cannot be used; the source
    /// says which.
    pub fn build(self) -> Result<Client, Error> {
        let builder = Transport::builder(self.environment.base_url())
            .user_agent(concat!("tarspay/", env!("CARGO_PKG_VERSION")));
        let transport = (self.adjust)(builder).build().map_err(Error::transport)?;
        let nonces =
            self.nonces.unwrap_or_else(|| NonceSource::shared(&self.credentials.private_key().public_key()));
        let budget = RetryBudget::new(self.retry_budget);
        Ok(Client(Arc::new(Inner {
            credentials: self.credentials,
            nonces,
            transport,
            retry: self.retry,
            budget,
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("credentials", &self.credentials)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}
