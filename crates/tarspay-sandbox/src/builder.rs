//! The settings of a sandbox, and its start.

use crate::clock::SandboxClock;
use crate::error::{Error, ErrorKind};
use crate::event::EventLog;
use crate::explain::Explainer;
use crate::faults::Faults;
use crate::keys::Keys;
use crate::recorded::RecordedCalls;
use crate::sandbox::{Running, Sandbox, Shared, TestMerchant};
use crate::server;
use crate::store::{self, Context, Settings, Store, Tx, callbacks, merchants, plans};
use crate::timekeeper::Timekeeper;
use axum::http::uri::Authority;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tarspay_sign::{Clock, PrivateKey, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// Settings of a [`Sandbox`].
pub struct Builder {
    listen: String,
    trusts_the_network: bool,
    clock: Box<dyn Clock>,
    data: Option<PathBuf>,
    pub(crate) settings: Settings,
    /// Host and port, where the port is not the one that is listened on.
    public_name: Option<String>,
}

/// # Start
impl Sandbox {
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
        Builder {
            listen: "127.0.0.1:0".to_owned(),
            trusts_the_network: false,
            clock: Box::new(SystemClock),
            data: None,
            settings: Settings::default(),
            public_name: None,
        }
    }
}

impl Builder {
    /// The IP address and port to listen on; `127.0.0.1:0`, a free port, by default. Loopback only, unless
    /// [`listen_on_network_and_trust_it`](Builder::listen_on_network_and_trust_it) is called too: the sandbox trusts
    /// whoever can reach it.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// Lets [`listen`](Builder::listen) name an address that other machines can reach, such as `0.0.0.0:8787`. Whoever
    /// reaches it controls it: they move its orders, read all that merchants have sent, and have callbacks sent to this
    /// machine's loopback. For containers and closed networks only.
    ///
    /// The control API still takes no request of a web page: the header `Host` must be loopback, the IP address at which
    /// the request has arrived, or the [public name](Builder::public_name).
    #[must_use]
    pub fn listen_on_network_and_trust_it(mut self) -> Self {
        self.trusts_the_network = true;
        self
    }

    /// The host name that clients reach the sandbox by, such as `sandbox` between containers; with a port, as
    /// `sandbox:80`, if that differs from the one it listens on. [`base_url`](Sandbox::base_url) and pay URLs have it, and
    /// the control API and the pages accept it in the header `Host`. Choose a name that nobody else can point at this
    /// machine: a web page under that name can drive the sandbox.
    #[must_use]
    pub fn public_name(mut self, name: impl Into<String>) -> Self {
        self.public_name = Some(name.into());
        self
    }

    /// The clock that nonces are checked against, and that [`Sandbox::clock`] starts from; the system's by default.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The file to keep the state in; in memory by default. It is a plain file under any name, also `:memory:`, and a new one
    /// is made. On Unix it becomes readable only by its owner if it is not, with the files of `SQLite` beside it: it holds
    /// the keys of the sandbox and of its test merchant. What is acknowledged is in the file: merchants, keys, balances,
    /// orders, callbacks that are due. Faults, events and used nonces are not.
    #[must_use]
    pub fn data(mut self, file: impl Into<PathBuf>) -> Self {
        self.data = Some(file.into());
        self
    }

    /// How long a deposit waits for its payer before it times out; 30 minutes by default.
    #[must_use]
    pub fn deposit_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.deposit_lifetime = lifetime;
        self
    }

    /// Refuses amounts beyond the published limits with 500321. By default they are accepted with a warning in the
    /// event log, since the vendor's own examples break them.
    #[must_use]
    pub fn enforce_limits(mut self) -> Self {
        self.settings.enforces_limits = true;
        self
    }

    /// Sends a callback for every end of an order. By default only for success, failure and partial payment, which are
    /// documented; merchants then learn of refunds, timeouts and rejections by a query.
    #[must_use]
    pub fn notify_all_ends(mut self) -> Self {
        self.settings.notifies_all_ends = true;
        self
    }

    /// Lets callbacks go to this host, by its whole name or its IP address, besides loopback. Still over `http` only.
    #[must_use]
    pub fn allow_receiver(mut self, host: impl Into<String>) -> Self {
        self.settings.allowed_receivers.push(host.into());
        self
    }

    /// Whether the mistake behind a refused signature is looked for, as by default, and reported: in the header
    /// `X-Sandbox-Explain`, the text of the refusal and [`EventKind::Called`](crate::EventKind::Called). It takes some
    /// at most 10 milliseconds of a core beside the runtime, for refused signatures only; accepted calls do not wait for it.
    #[must_use]
    pub fn explain(mut self, explain: bool) -> Self {
        self.settings.explains = explain;
        self
    }

    /// How long a receiver may take to respond to a callback, in real time; 10 seconds by default.
    #[must_use]
    pub fn callback_timeout(mut self, timeout: Duration) -> Self {
        self.settings.callback_timeout = timeout;
        self
    }

    /// Binds the address, opens the state, makes the keys if there are none yet, and serves on the current tokio
    /// runtime.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAddress`] if the address is not an IP address with a port, or not one of loopback, or the public
    /// name or the host of a receiver is not a host,
    /// [`ErrorKind::Bind`] if it cannot be bound, [`ErrorKind::RandomSource`] if no key can be made,
    /// [`ErrorKind::Store`] if the file cannot be used.
    pub async fn start(mut self) -> Result<Sandbox, Error> {
        let address = address(&self.listen, self.trusts_the_network)?;
        let public = self.public_name.as_deref().map(public_name).transpose()?;
        if let Some(host) = self.settings.allowed_receivers.iter().find(|host| !is_host(host)) {
            let reason = format!(
                "{host:?} is not the host of a receiver; write a name or an IP address alone, such as shop"
            );
            return Err(Error::new(ErrorKind::InvalidAddress, reason));
        }
        self.settings.public_name = public.as_ref().map(|public| public.host().to_owned());
        let cannot_bind = |source| {
            Error::new(
                ErrorKind::Bind,
                format!("cannot listen on {address}; choose another port, or 0 for a free one"),
            )
            .with_source(source)
        };
        let listener = TcpListener::bind(address).await.map_err(cannot_bind)?;
        let address = listener.local_addr().map_err(cannot_bind)?;

        let connection = match self.data {
            None => store::open::open(None)?,
            Some(file) => open_file(file).await?,
        };
        let clock = Arc::new(SandboxClock::new(self.clock, store::open::latest_time(&connection)?));
        let events = Arc::new(EventLog::new());
        let settings = Arc::new(self.settings);
        let (timekeeper, messages) = mpsc::unbounded_channel();
        let context = Context {
            clock: Arc::clone(&clock),
            settings: Arc::clone(&settings),
            events: Arc::clone(&events),
            timekeeper: timekeeper.clone(),
        };
        let store = Store::start(connection, context).map_err(|source| {
            Error::new(ErrorKind::Store, "no thread can be started for the state").with_source(source)
        })?;
        let loaded = store.call(|tx| {
            let merchant = TestMerchant::new(kept_key(tx, "test_merchant_key")?);
            if merchants::status(tx, merchant.merchant_no())?.is_none() {
                merchant.first_day(tx)?;
            }
            let (keys, deliveries) = (merchants::all_keys(tx)?, callbacks::deliveries(tx)?);
            let has_plans = plans::has_any(tx)?;
            Ok::<_, Error>((kept_key(tx, "system_key")?, merchant, keys, deliveries, has_plans))
        });
        let (system_key, merchant, keys, deliveries, has_plans) = loaded.await?;
        let (keys, has_plans) = (Arc::new(Keys::new(keys)), AtomicBool::new(has_plans));
        let explainer = Explainer::new(settings.explains, Arc::clone(&keys), system_key.public_key());
        let faults = Faults::new(Arc::clone(&clock), Arc::clone(&events));
        let base_url = match public {
            Some(public) if public.port().is_none() => format!("http://{public}:{}", address.port()),
            Some(public) => format!("http://{public}"),
            None => format!("http://{}", reachable(address)),
        };
        let shared = Arc::new(Shared {
            store,
            clock,
            settings,
            keys,
            explainer,
            faults,
            has_plans,
            events,
            calls: RecordedCalls::default(),
            timekeeper,
            system_key,
            merchant,
            address,
            base_url,
        });

        let timekeeper = tokio::spawn(Timekeeper::new(Arc::clone(&shared), deliveries).run(messages));
        let (stop, stopped) = oneshot::channel::<()>();
        let handle = Arc::new(Sandbox { shared: Arc::clone(&shared), running: None });
        let server = tokio::spawn(server::serve(listener, Arc::clone(&shared), handle, async {
            // A dropped sender means the same: stop.
            let _ = stopped.await;
        }));
        Ok(Sandbox { shared, running: Some(Running { stop: Some(stop), server, timekeeper }) })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("listen", &self.listen)
            .field("trusts_the_network", &self.trusts_the_network)
            .field("data", &self.data)
            .field("settings", &self.settings)
            .field("public_name", &self.public_name)
            .finish_non_exhaustive()
    }
}

/// Opens a file beside the runtime: it may have to wait for a sandbox of the same runtime that is ending.
async fn open_file(file: PathBuf) -> Result<rusqlite::Connection, Error> {
    tokio::task::spawn_blocking(move || store::open::open(Some(&file))).await.map_err(|source| {
        Error::new(ErrorKind::Store, "the file was not opened, as the runtime is ending").with_source(source)
    })?
}

/// A key of the sandbox's own, made at its first start.
fn kept_key(tx: &Tx<'_>, name: &str) -> Result<PrivateKey, Error> {
    let text = store::open::setting(tx, name, || {
        let key = PrivateKey::generate().map_err(|source| {
            let reason = "no key can be made: the operating system gave no random bytes";
            Error::new(ErrorKind::RandomSource, reason).with_source(source)
        })?;
        Ok(key.expose_hex().to_string())
    })?;
    PrivateKey::from_hex(&text).map_err(|source| {
        Error::new(ErrorKind::Store, "a key of the sandbox is damaged; choose a new file").with_source(source)
    })
}

/// The address for local clients: a wildcard bind address cannot be connected to.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// An IP address without brackets, or a name.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
    };
    host.parse::<IpAddr>().is_ok() || host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
}

fn public_name(name: &str) -> Result<Authority, Error> {
    let has_port = |public: &Authority| public.port().is_some() && !public.as_str().contains('@');
    let is_host = |public: &Authority| public.as_str() == public.host() || has_port(public);
    name.parse().ok().filter(is_host).ok_or_else(|| {
        let reason = format!("{name:?} is not a public name; write a host, such as sandbox or sandbox:8080");
        Error::new(ErrorKind::InvalidAddress, reason)
    })
}

fn address(listen: &str, trusts_the_network: bool) -> Result<SocketAddr, Error> {
    let address: SocketAddr = listen.parse().map_err(|source| {
        Error::new(
            ErrorKind::InvalidAddress,
            format!("{listen:?} is not an address to listen on; write IP and port, such as 127.0.0.1:8080 or [::1]:8080"),
        )
        .with_source(source)
    })?;
    if address.ip().is_loopback() || trusts_the_network {
        return Ok(address);
    }
    Err(Error::new(
        ErrorKind::InvalidAddress,
        format!(
            "{address} is not a loopback address: whoever reaches the sandbox controls it. Listen on 127.0.0.0/8 or [::1], \
             or state that the network is trusted"
        ),
    ))
}
