//! A database with an inbox and a table of payments, and a sandbox for the orders.

use crate::postgres::Postgres;
use drivers::PAYMENTS;
use std::time::Duration;
use tarspay::types::market::kenya;
use tarspay::types::{DepositRequest, MerchantOrderNo, PayOrderId};
use tarspay::{Client, Credentials};
use tarspay_inbox::{Builder, Fact, Inbox, Worker};
use tarspay_sandbox::Sandbox;
use tokio::sync::mpsc;

enum Base {
    Sqlite(tempfile::TempDir),
    Postgres(Postgres),
}

pub struct World {
    base: Base,
    sandbox: Sandbox,
    inbox: Inbox,
    client: Client,
}

impl World {
    pub async fn in_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::sqlite(folder.path().join("shop.db"));
        Self::start(Base::Sqlite(folder), inbox).await
    }

    /// `None` if PostgreSQL is not installed.
    pub async fn in_postgres() -> Option<Self> {
        let postgres = Postgres::start()?;
        let inbox = Inbox::postgres(&postgres.address());
        Some(Self::start(Base::Postgres(postgres), inbox).await)
    }

    async fn start(base: Base, inbox: Builder) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let merchant = sandbox.merchant();
        let credentials = Credentials::new(merchant.merchant_no().clone(), merchant.private_key().clone());
        let client = Client::builder(credentials).base_url(sandbox.base_url()).build().unwrap();
        // No callback comes, so it is asked for at once.
        let inbox = inbox.ask_between(Duration::ZERO, Duration::ZERO).open().await.unwrap();
        inbox.migrate().await.unwrap();
        let world = Self { base, sandbox, inbox, client };
        world.run(PAYMENTS).await;
        world
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.base, Base::Sqlite(_))
    }

    pub fn file(&self) -> String {
        let Base::Sqlite(folder) = &self.base else { panic!("not SQLite") };
        folder.path().join("shop.db").to_str().unwrap().to_owned()
    }

    pub fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }

    fn server(&self) -> &Postgres {
        let Base::Postgres(postgres) = &self.base else { panic!("not PostgreSQL") };
        postgres
    }

    pub fn address(&self) -> String {
        self.server().address()
    }

    async fn postgres(&self) -> tokio_postgres::Client {
        crate::careless::connect(&self.address()).await
    }

    pub async fn pool(&self) -> sqlx::PgPool {
        let options = sqlx::postgres::PgConnectOptions::new().socket(self.server().folder());
        sqlx::PgPool::connect_with(options.username("shop").database("postgres")).await.unwrap()
    }

    pub fn worker(&self) -> Worker {
        self.inbox.worker(&self.client)
    }

    /// Places a deposit, and pays it.
    pub async fn pay(&self, number: &str) {
        let id = self.place(number).await;
        self.sandbox.pay(&id).unwrap();
    }

    async fn place(&self, number: &str) -> PayOrderId {
        let (number, url) = (number.parse().unwrap(), "http://127.0.0.1:1/".parse().unwrap());
        let (way, amount) = (kenya::way::CASHIER, "1500".parse().unwrap());
        let request = DepositRequest::new(number, way, kenya::CURRENCY, amount, url);
        let order = self.inbox.place_deposit(&self.client, &request).await.unwrap();
        order.pay_order_id.unwrap()
    }

    /// Pays a part of a new order.
    pub async fn pay_part(&self, number: &str, part: &str) {
        let id = self.place(number).await;
        self.sandbox.pay_partially(&id, part.parse().unwrap()).unwrap();
    }

    /// Pays the rest, and has the order asked for, since no callback comes.
    pub async fn pay_rest(&self, number: &str) {
        let id = self.place(number).await;
        self.sandbox.pay(&id).unwrap();
        self.run("UPDATE tarspay_orders SET ask_at = 0").await;
    }

    pub async fn end_lease(&self, number: &str) {
        let sql = "UPDATE tarspay_orders SET leased_until = 0, apply_at = 0 WHERE number =";
        self.run(&format!("{sql} '{number}'")).await;
    }

    async fn run(&self, sql: &str) {
        match &self.base {
            Base::Sqlite(_) => self.sqlite().execute_batch(sql).unwrap(),
            Base::Postgres(_) => self.postgres().await.batch_execute(sql).await.unwrap(),
        }
    }

    /// The fact that a new order is paid.
    pub async fn fact(&self, number: &str, lease: Duration) -> Fact {
        self.pay(number).await;
        self.again(number, lease).await
    }

    /// The fact of an order, with a lease of its own. The handler that had it has gone.
    pub async fn again(&self, number: &str, lease: Duration) -> Fact {
        let (give, mut facts) = mpsc::unbounded_channel();
        let worker = self.worker().lease(lease).concurrency(1);
        let run = worker.run(move |fact| {
            give.send(fact).unwrap();
            std::future::pending::<Result<(), String>>()
        });
        let fact = tokio::select! {
            () = run => unreachable!(),
            fact = facts.recv() => fact.unwrap(),
        };
        assert_eq!(fact.merchant_order_no().as_str(), number);
        fact
    }

    pub async fn is_applied(&self, number: &str) -> bool {
        let number: MerchantOrderNo = number.parse().unwrap();
        let order = self.inbox.order(self.client.merchant_no(), &number).await.unwrap().unwrap();
        order.applied.is_some()
    }

    /// By a connection of its own, so that only what was committed is seen.
    pub async fn payments(&self) -> Vec<String> {
        let sql = "SELECT number || ' ' || paid FROM payments ORDER BY number";
        match &self.base {
            Base::Sqlite(_) => {
                let connection = self.sqlite();
                let mut statement = connection.prepare(sql).unwrap();
                let rows = statement.query_map([], |row| row.get(0)).unwrap();
                rows.map(Result::unwrap).collect()
            }
            Base::Postgres(_) => {
                let rows = self.postgres().await.query(sql, &[]).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }
}
