//! A database, a sandbox, an inbox between the two, and a receiver that the sandbox reaches.

use crate::postgres::{Postgres, in_memory};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tarspay::types::market::kenya;
use tarspay::types::{Amount, DepositRequest, MerchantOrderNo, NotifyUrl, PayOrderId, WithdrawalRequest};
use tarspay::{CallbackVerifier, Client, Credentials, RetryPolicy};
use tarspay_inbox::{Builder, Error, Fact, Inbox, Worker};
use tarspay_sandbox::Sandbox;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

pub(crate) const DEPOSIT: &str = "/api/pay/unifiedOrder";
pub(crate) const WITHDRAWAL: &str = "/api/payOut/unifiedOrder";
pub(crate) const QUERY: &str = "/api/payInInfo";

/// A database of the test's own; in PostgreSQL a schema, which is made sooner.
#[derive(Clone)]
pub(crate) enum Base {
    Sqlite(Arc<tempfile::TempDir>),
    Postgres { server: Arc<Postgres>, name: String },
}

impl Base {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(Arc::new(in_memory()))
    }

    /// One server for all tests that run at a time.
    pub(crate) async fn postgres() -> Option<Self> {
        static SERVER: Mutex<(Weak<Postgres>, u32)> = Mutex::new((Weak::new(), 0));
        let (server, name) = {
            let mut known = SERVER.lock().unwrap();
            let server = match known.0.upgrade() {
                Some(server) => server,
                None => Arc::new(Postgres::start()?),
            };
            *known = (Arc::downgrade(&server), known.1 + 1);
            (server, format!("test{}", known.1))
        };
        connect(&server.address("public"))
            .await
            .batch_execute(&format!("CREATE SCHEMA {name}"))
            .await
            .unwrap();
        Some(Self::Postgres { server, name })
    }

    pub(crate) fn builder(&self) -> Builder {
        match self {
            Self::Sqlite(folder) => Inbox::sqlite(folder.path().join("shop.db")),
            Self::Postgres { server, name } => Inbox::postgres(&server.address(name)),
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    pub(crate) fn sqlite_connection(&self) -> rusqlite::Connection {
        let Self::Sqlite(folder) = self else { panic!("not SQLite") };
        let connection = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection
    }

    pub(crate) async fn postgres_client(&self) -> tokio_postgres::Client {
        self.postgres_client_of("shop").await
    }

    pub(crate) async fn postgres_client_of(&self, role: &str) -> tokio_postgres::Client {
        let Self::Postgres { server, name } = self else { panic!("not PostgreSQL") };
        connect(&server.address(name).replace("user=shop", &format!("user={role}"))).await
    }

    /// Roles are of the whole server, so they begin with the name of the schema.
    pub(crate) fn schema(&self) -> &str {
        let Self::Postgres { name, .. } = self else { panic!("not PostgreSQL") };
        name
    }

    /// Runs statements by a connection that is not the inbox's.
    pub(crate) async fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(_) => self.sqlite_connection().execute_batch(sql).unwrap(),
            Self::Postgres { .. } => self.postgres_client().await.batch_execute(sql).await.unwrap(),
        }
    }

    /// The column `c` of a query, a text for each row; NULL is `-`.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(_) => {
                let connection = self.sqlite_connection();
                let sql = format!("SELECT coalesce(CAST(c AS TEXT), '-') FROM ({sql})");
                let mut statement = connection.prepare(&sql).unwrap();
                let rows = statement.query_map([], |row| row.get(0)).unwrap();
                rows.map(Result::unwrap).collect()
            }
            Self::Postgres { .. } => {
                let client = self.postgres_client().await;
                let sql = format!("SELECT coalesce(c::text, '-') FROM ({sql}) AS t");
                client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// The lines of a plan.
    pub(crate) async fn plan(&self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(_) => {
                let connection = self.sqlite_connection();
                let mut statement = connection.prepare(sql).unwrap();
                let rows = statement.query_map([], |row| row.get("detail")).unwrap();
                rows.map(Result::unwrap).collect()
            }
            Self::Postgres { .. } => {
                let client = self.postgres_client().await;
                client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// Has the clock of the database stand still.
    pub(crate) async fn freeze(&self) {
        let view =
            if self.is_sqlite() { "DROP VIEW tarspay_now; CREATE VIEW" } else { "CREATE OR REPLACE VIEW" };
        self.run(&format!(
            "CREATE TABLE test_clock AS SELECT ms FROM tarspay_now; {view} tarspay_now AS SELECT ms FROM test_clock"
        ))
        .await;
    }

    /// After [`freeze`](Self::freeze).
    pub(crate) async fn advance(&self, by: Duration) {
        self.run(&format!("UPDATE test_clock SET ms = ms + {}", by.as_millis())).await;
    }
}

async fn connect(address: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// One on each engine. A machine without PostgreSQL has none on it, and says so.
pub(crate) async fn worlds() -> Vec<World> {
    let mut worlds = vec![World::on(Base::sqlite()).await];
    if let Some(base) = Base::postgres().await {
        worlds.push(World::on(base).await);
    }
    worlds
}

pub(crate) struct World {
    pub(crate) base: Base,
    pub(crate) sandbox: Sandbox,
    pub(crate) inbox: Inbox,
    pub(crate) client: Client,
    pub(crate) address: String,
}

impl World {
    /// The clock of the database stands still.
    pub(crate) async fn on(base: Base) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let inbox = base.builder().open().await.unwrap();
        inbox.migrate().await.unwrap();
        base.freeze().await;
        base.run("CREATE TABLE ledger (number TEXT NOT NULL, state BIGINT NOT NULL, paid TEXT, effect TEXT NOT NULL)")
            .await;
        let client = client(&sandbox, sandbox.base_url());
        let address = serve(&inbox, verifier(&sandbox)).await;
        Self { base, sandbox, inbox, client, address }
    }

    /// The same database, as another process opens it.
    pub(crate) async fn restart(&self) -> Inbox {
        self.base.builder().open().await.unwrap()
    }

    /// A client of a gateway that nobody runs.
    pub(crate) fn client_of_nobody(&self) -> Client {
        client(&self.sandbox, "http://127.0.0.1:1")
    }

    pub(crate) fn deposit(&self, number: &str, amount: &str) -> DepositRequest {
        let (number, amount) = (number.parse().unwrap(), Amount::parse(amount).unwrap());
        let way = kenya::way::EWALLET_MPESA;
        DepositRequest::new(number, way, kenya::CURRENCY, amount, self.notify_url())
            .customer_contact("254115555076")
    }

    pub(crate) fn withdrawal(&self, number: &str, amount: &str) -> WithdrawalRequest {
        let (number, amount) = (number.parse().unwrap(), Amount::parse(amount).unwrap());
        let way = kenya::way::EWALLET_MPESA;
        WithdrawalRequest::new(number, way, kenya::CURRENCY, amount, self.notify_url())
            .customer_contact("254115555076")
    }

    fn notify_url(&self) -> NotifyUrl {
        NotifyUrl::new(format!("http://{}/notify", self.address)).unwrap()
    }

    /// Places a deposit that has to be created.
    pub(crate) async fn placed(&self, number: &str, amount: &str) -> PayOrderId {
        let order = self.inbox.place_deposit(&self.client, &self.deposit(number, amount)).await.unwrap();
        order.pay_order_id.unwrap()
    }

    /// Has every callback that is due sent and taken into its order, without applying it.
    pub(crate) async fn deliver(&self) {
        self.sandbox.settle().await;
    }

    pub(crate) fn worker(&self) -> Worker {
        self.inbox.worker(&self.client)
    }

    /// Applies all that is due, into the ledger.
    pub(crate) async fn drain(&self) {
        self.worker().drain(book).await;
    }

    /// Number, state, and amount paid, in the order of booking.
    pub(crate) async fn ledger(&self) -> Vec<String> {
        self.base.rows("SELECT number || ' ' || state || ' ' || coalesce(paid, '-') AS c FROM ledger").await
    }

    pub(crate) async fn order(&self, number: &str) -> tarspay_inbox::Order {
        let number: MerchantOrderNo = number.parse().unwrap();
        self.inbox.order(self.client.merchant_no(), &number).await.unwrap().unwrap()
    }

    /// Posts to the receiver; returns status and body of the response.
    pub(crate) async fn post(&self, signature: Option<&str>, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let signature = signature.map(|hex| format!("X-RESP-SIGNATURE: {hex}\r\n")).unwrap_or_default();
        let head = format!(
            "POST /notify HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{signature}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + body).as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        let (head, text) = response.split_once("\r\n\r\n").unwrap_or_default();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), text.to_owned())
    }
}

/// The effect of all tests: a row in the merchant's table.
pub(crate) async fn book(fact: Fact) -> Result<(), Error> {
    let mut tx = fact.begin().await?;
    let sql = "INSERT INTO ledger (number, state, paid, effect) VALUES ($1, $2, $3, $4)";
    let (number, paid) = (fact.merchant_order_no().as_str(), fact.status().paid());
    let values = [number.into(), fact.state().code().into(), paid.into(), fact.effect_key().into()];
    tx.execute(sql, values).await?;
    tx.commit().await
}

pub(crate) fn client(sandbox: &Sandbox, base_url: &str) -> Client {
    let merchant = sandbox.merchant();
    Client::builder(Credentials::new(merchant.merchant_no().clone(), merchant.private_key().clone()))
        .base_url(base_url)
        .retry(RetryPolicy::none())
        .quiet_time(Duration::ZERO)
        .build()
        .unwrap()
}

pub(crate) fn verifier(sandbox: &Sandbox) -> CallbackVerifier {
    CallbackVerifier::trusting(sandbox.merchant().merchant_no().clone(), sandbox.system_public_key())
        .prepared()
}

/// The address of a server with a receiver.
pub(crate) async fn serve(inbox: &Inbox, verifier: CallbackVerifier) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let routes = axum::Router::new().route_service("/notify", inbox.receiver(verifier));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// A way to the sandbox that holds the first response until it is opened.
pub(crate) struct Gate {
    pub(crate) client: Client,
    held: Option<oneshot::Receiver<()>>,
    opened: Option<oneshot::Sender<()>>,
}

impl Gate {
    pub(crate) async fn of(sandbox: &Sandbox) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = client(sandbox, &format!("http://{}", listener.local_addr().unwrap()));
        let (holds, held) = oneshot::channel();
        let (opened, opens) = oneshot::channel();
        let gateway = sandbox.base_url().strip_prefix("http://").unwrap().to_owned();
        tokio::spawn(async move {
            let mut first = Some((holds, opens));
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(gateway.trim_end_matches('/')).await.unwrap();
                let (first, (mut requests, mut back), (mut responses, mut out)) =
                    (first.take(), near.into_split(), far.into_split());
                tokio::spawn(async move { tokio::io::copy(&mut requests, &mut out).await });
                tokio::spawn(async move {
                    if let Some((holds, opens)) = first {
                        let mut byte = [0];
                        responses.read_exact(&mut byte).await.unwrap();
                        holds.send(()).unwrap();
                        opens.await.unwrap();
                        back.write_all(&byte).await.unwrap();
                    }
                    tokio::io::copy(&mut responses, &mut back).await
                });
            }
        });
        Self { client, held: Some(held), opened: Some(opened) }
    }

    /// Waits until the gateway has answered.
    pub(crate) async fn holds(&mut self) {
        self.held.take().unwrap().await.unwrap();
    }

    pub(crate) fn open(&mut self) {
        self.opened.take().unwrap().send(()).unwrap();
    }
}
