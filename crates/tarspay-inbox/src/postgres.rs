//! PostgreSQL: a few connections, no session state, and nothing that `PgBouncer` in transaction
//! mode does not carry.

use crate::Error;
use crate::engine::Parameters;
use crate::tls::MakeTls;
use crate::value::{Data, Row, Value};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config};

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(crate) struct Postgres(Arc<Pool>);

struct Pool {
    config: Config,
    tls: MakeTls,
    idle: Mutex<Vec<Client>>,
    free: Arc<Semaphore>,
    /// Fewer, so that slow handlers do not keep the inbox from storing callbacks.
    for_handlers: Arc<Semaphore>,
}

impl Postgres {
    /// Connects once, so that a wrong address shows at the start.
    pub(crate) async fn open(config: &str, connections: usize, roots: Option<&[u8]>) -> Result<Self, Error> {
        // The parser's error names a key, never a value.
        let mut config = config.parse::<Config>().map_err(cannot)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        let tls = MakeTls::new(roots)?;
        let permits = |connections: usize| Arc::new(Semaphore::new(connections.clamp(1, 10_000)));
        let (free, for_handlers) = (permits(connections), permits(connections.saturating_sub(2)));
        let postgres = Self(Arc::new(Pool { config, tls, idle: Mutex::default(), free, for_handlers }));
        postgres.session(false).await?.reuse();
        Ok(postgres)
    }

    pub(crate) async fn session(&self, for_handler: bool) -> Result<Session, Error> {
        let pool = &self.0;
        let mut permits = Vec::new();
        if for_handler {
            permits.push(acquire(&pool.for_handlers, 6 * PATIENCE).await?);
        }
        permits.push(acquire(&pool.free, PATIENCE).await?);
        let client = match pool.take_idle() {
            Some(client) => client,
            None => pool.connect().await?,
        };
        Ok(Session { client, pool: Arc::clone(pool), _permits: permits })
    }
}

async fn acquire(free: &Arc<Semaphore>, patience: Duration) -> Result<OwnedSemaphorePermit, Error> {
    let permit = timeout(patience, Arc::clone(free).acquire_owned()).await;
    let permit = permit.map_err(|_| Error::unavailable("all connections to PostgreSQL are in use"))?;
    permit.map_err(Error::damaged)
}

impl Pool {
    fn take_idle(&self) -> Option<Client> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|client| !client.is_closed());
        idle.pop()
    }

    async fn connect(&self) -> Result<Client, Error> {
        let (client, connection) = self.config.connect(self.tls.clone()).await.map_err(cannot)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to PostgreSQL has ended");
            }
        });
        Ok(client)
    }
}

/// A connection that one caller has. Dropped without [`reuse`](Self::reuse), as after every error,
/// it is closed, and the server rolls back.
pub(crate) struct Session {
    client: Client,
    pool: Arc<Pool>,
    _permits: Vec<OwnedSemaphorePermit>,
}

impl Session {
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn reuse(self) {
        self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(self.client);
    }

    pub(crate) async fn query(&mut self, sql: &str, parameters: Parameters) -> Result<Vec<Row>, Error> {
        let parameters = arrays_or_values(parameters);
        let rows = self.client.query_typed(sql, &typed(&parameters)).await.map_err(cannot)?;
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let names: Arc<[String]> = first.columns().iter().map(|column| column.name().to_owned()).collect();
        rows.iter().map(|row| read(row, &names)).collect()
    }

    pub(crate) async fn execute(&mut self, sql: &str, parameters: Parameters) -> Result<u64, Error> {
        let parameters = arrays_or_values(parameters);
        self.client.execute_typed(sql, &typed(&parameters)).await.map_err(cannot)
    }

    /// A statement is its own transaction.
    pub(crate) async fn execute_in_transaction(
        &mut self,
        sql: &str,
        sets: Vec<Vec<Value>>,
    ) -> Result<(), Error> {
        self.execute(sql, Parameters::Many(sets)).await.map(drop)
    }

    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await.map_err(cannot)
    }
}

/// A parameter with its type, so that the server need not be asked for it.
struct Parameter(Box<dyn ToSql + Send + Sync>, Type);

fn typed(parameters: &[Parameter]) -> Vec<(&(dyn ToSql + Sync), Type)> {
    parameters.iter().map(|Parameter(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect()
}

fn arrays_or_values(parameters: Parameters) -> Vec<Parameter> {
    match parameters {
        Parameters::One(values) => values.into_iter().map(|Value(data)| value(data)).collect(),
        Parameters::Many(sets) => {
            let mut columns: Vec<Vec<Data>> = Vec::new();
            for set in sets {
                columns.resize_with(set.len(), Vec::new);
                columns.iter_mut().zip(set).for_each(|(column, Value(data))| column.push(data));
            }
            columns.into_iter().map(array).collect()
        }
    }
}

fn value(data: Data) -> Parameter {
    match data {
        Data::Int(value) => Parameter(Box::new(value), Type::INT8),
        Data::Text(value) => Parameter(Box::new(value), Type::TEXT),
        Data::Bytes(value) => Parameter(Box::new(value), Type::BYTEA),
    }
}

/// One parameter of each set, which have one type, for a statement over `unnest`.
fn array(column: Vec<Data>) -> Parameter {
    macro_rules! array {
        ($kind:ident, $of:expr) => {{
            let values =
                column.into_iter().map(|data| if let Data::$kind(value) = data { value } else { None });
            Parameter(Box::new(values.collect::<Vec<_>>()), $of)
        }};
    }
    match column.first() {
        Some(Data::Int(_)) => array!(Int, Type::INT8_ARRAY),
        Some(Data::Bytes(_)) => array!(Bytes, Type::BYTEA_ARRAY),
        _ => array!(Text, Type::TEXT_ARRAY),
    }
}

fn read(row: &tokio_postgres::Row, names: &Arc<[String]>) -> Result<Row, Error> {
    let value = |(at, column): (usize, &tokio_postgres::Column)| {
        Ok(Value(match *column.type_() {
            Type::INT8 => Data::Int(row.try_get(at).map_err(cannot)?),
            Type::INT4 => Data::Int(row.try_get::<_, Option<i32>>(at).map_err(cannot)?.map(i64::from)),
            Type::INT2 => Data::Int(row.try_get::<_, Option<i16>>(at).map_err(cannot)?.map(i64::from)),
            Type::BOOL => Data::Int(row.try_get::<_, Option<bool>>(at).map_err(cannot)?.map(i64::from)),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => {
                Data::Text(row.try_get(at).map_err(cannot)?)
            }
            Type::BYTEA => Data::Bytes(row.try_get(at).map_err(cannot)?),
            _ => return Err(Error::column(column.name())),
        }))
    };
    let values = row.columns().iter().enumerate().map(value).collect::<Result<_, Error>>()?;
    Ok(Row { names: Arc::clone(names), values })
}

/// Without the details of the database's message, which can repeat values.
fn cannot(error: tokio_postgres::Error) -> Error {
    let text = match (error.as_db_error(), std::error::Error::source(&error)) {
        (Some(said), _) => format!("{} ({})", said.message(), said.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    };
    Error::database(&text, error)
}
