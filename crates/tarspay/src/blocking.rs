//! The client for programs without async code (feature `blocking`).
//!
//! ```no_run
//! fn main() -> Result<(), tarspay::Error> {
//!     let client = tarspay::blocking::Client::from_env()?;
//!     println!("{} available", client.balance()?.available_amount);
//!     Ok(())
//! }
//! ```

use crate::types::{
    Balance, Deposit, DepositRequest, Direction, MerchantNo, MerchantOrderNo, Order, RawJson, Request,
    Withdrawal, WithdrawalRequest,
};
use crate::{ClientBuilder, Credentials, Error, Placed, Waited};
use serde::Serialize;
use std::future::IntoFuture;
use std::sync::Arc;
use std::{fmt, io, thread};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// [`tarspay::Client`](crate::Client) with methods that block the thread.
///
/// Cheap to clone, and may be used from several threads at once. It has a thread of its own, which
/// drives its connections and ends with the last clone. Make one with [`new`](Self::new),
/// [`from_env`](Self::from_env), or [`ClientBuilder::build_blocking`].
///
/// A method returns [`Invalid`](crate::ErrorKind::Invalid) in a thread of an async runtime, which it
/// would block, `spawn_blocking` included. Use the async client there.
#[derive(Clone)]
pub struct Client {
    client: crate::Client,
    driver: Arc<Driver>,
}

/// The runtime in a thread of its own. It ends when this is dropped.
struct Driver {
    handle: Handle,
    _ends: oneshot::Sender<()>,
}

impl Driver {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (ends, ended) = oneshot::channel();
        thread::Builder::new().name("tarspay".to_owned()).spawn(move || runtime.block_on(ended))?;
        Ok(Self { handle, _ends: ends })
    }
}

impl Client {
    /// As [`Client::new`](crate::Client::new).
    ///
    /// # Errors
    ///
    /// As there; also if no thread can be started.
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::of(crate::Client::new(credentials)?)
    }

    /// As [`Client::from_env`](crate::Client::from_env).
    ///
    /// # Errors
    ///
    /// As there; also if no thread can be started.
    pub fn from_env() -> Result<Self, Error> {
        Self::of(crate::Client::from_env()?)
    }

    fn of(client: crate::Client) -> Result<Self, Error> {
        let cannot =
            |error| Error::invalid("the thread of the blocking client cannot be started").caused_by(error);
        Ok(Self { client, driver: Arc::new(Driver::start().map_err(cannot)?) })
    }

    /// Runs a call of the async client to its end, with options that only that client has:
    ///
    /// ```
    /// # fn run(client: &tarspay::blocking::Client) -> Result<(), tarspay::Error> {
    /// # use std::time::Duration;
    /// let balance = client.run(|client| client.balance().deadline(Duration::from_secs(5)))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the call; [`Invalid`](crate::ErrorKind::Invalid) in a thread of an async runtime.
    pub fn run<'a, F, T>(&'a self, call: impl FnOnce(&'a crate::Client) -> F) -> Result<T, Error>
    where
        F: IntoFuture<Output = Result<T, Error>>,
    {
        if Handle::try_current().is_ok() {
            return Err(Error::invalid(
                "the blocking client was called in a thread of an async runtime, which it would block; use \
                 `tarspay::Client` there, or a thread of your own",
            ));
        }
        self.driver.handle.block_on(call(&self.client).into_future())
    }

    /// The merchant number.
    pub fn merchant_no(&self) -> &MerchantNo {
        self.client.merchant_no()
    }

    /// The base URL of the gateway.
    pub fn base_url(&self) -> &str {
        self.client.base_url()
    }

    /// As [`Client::call`](crate::Client::call).
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn call<R>(&self, request: R) -> Result<R::Response, Error>
    where
        R: Request<Response: Send> + Send + Sync + 'static,
    {
        self.run(|client| client.call(request))
    }

    /// As [`Client::call_raw`](crate::Client::call_raw).
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn call_raw<T>(&self, path: impl Into<String>, members: T) -> Result<Option<RawJson>, Error>
    where
        T: Serialize + Send + Sync + 'static,
    {
        self.run(|client| client.call_raw(path, members))
    }
}

/// The methods that differ only in their types.
macro_rules! methods {
    ($($name:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {
        impl Client {
            $(
                #[doc = concat!("As [`Client::", stringify!($name), "`](crate::Client::", stringify!($name), ").")]
                ///
                /// # Errors
                ///
                /// As [`run`](Self::run).
                pub fn $name(&self, $($argument: $type),*) -> Result<$output, Error> {
                    self.run(|client| client.$name($($argument),*))
                }
            )*
        }
    };
}

methods! {
    balance() -> Balance;
    place_deposit(request: &DepositRequest) -> Placed<Deposit>;
    place_withdrawal(request: &WithdrawalRequest) -> Placed<Withdrawal>;
    resume_deposit(request: &DepositRequest) -> Placed<Deposit>;
    resume_withdrawal(request: &WithdrawalRequest) -> Placed<Withdrawal>;
    query_deposit(merchant_order_no: MerchantOrderNo) -> Order;
    query_withdrawal(merchant_order_no: MerchantOrderNo) -> Order;
    query_order(direction: Direction, merchant_order_no: MerchantOrderNo) -> Order;
    wait_for_deposit(merchant_order_no: MerchantOrderNo) -> Waited;
    wait_for_withdrawal(merchant_order_no: MerchantOrderNo) -> Waited;
    wait_for_order(direction: Direction, merchant_order_no: MerchantOrderNo) -> Waited;
}

impl ClientBuilder {
    /// Checks the settings and makes a client that blocks.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build); also if no thread can be started.
    pub fn build_blocking(self) -> Result<Client, Error> {
        Client::of(self.build()?)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.fmt(f)
    }
}
