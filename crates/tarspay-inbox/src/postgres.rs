//! PostgreSQL: a few connections, no session state, and nothing that `PgBouncer` in transaction
//! mode does not carry.

use crate::Error;
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
        postgres.session().await?.reuse();
        Ok(postgres)
    }

    pub(crate) async fn session(&self) -> Result<Session, Error> {
        let pool = &self.0;
        let permit = acquire(&pool.free, PATIENCE).await?;
        let client = match pool.take_idle() {
            Some(client) => client,
            None => pool.connect().await?,
        };
        Ok(Session { client, pool: Arc::clone(pool), permits: vec![permit] })
    }

    pub(crate) async fn session_for_handler(&self) -> Result<Session, Error> {
        let permit = acquire(&self.0.for_handlers, 6 * PATIENCE).await?;
        let mut session = self.session().await?;
        session.permits.push(permit);
        Ok(session)
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
    permits: Vec<OwnedSemaphorePermit>,
}

impl Session {
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn reuse(self) {
        self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(self.client);
    }

    pub(crate) async fn query(&mut self, sql: &str, parameters: Vec<Parameter>) -> Result<Vec<Row>, Error> {
        let rows = self.client.query_typed(sql, &typed(&parameters)).await.map_err(cannot)?;
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let names: Arc<[String]> = first.columns().iter().map(|column| column.name().to_owned()).collect();
        rows.iter().map(|row| read(row, &names)).collect()
    }

    pub(crate) async fn execute(&mut self, sql: &str, parameters: Vec<Parameter>) -> Result<u64, Error> {
        self.client.execute_typed(sql, &typed(&parameters)).await.map_err(cannot)
    }

    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await.map_err(cannot)
    }
}

/// A parameter with its type, so that the server need not be asked for it.
pub(crate) struct Parameter(Box<dyn ToSql + Send + Sync>, Type);

fn typed(parameters: &[Parameter]) -> Vec<(&(dyn ToSql + Sync), Type)> {
    parameters.iter().map(|Parameter(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect()
}

impl From<Value> for Parameter {
    fn from(value: Value) -> Self {
        match value.0 {
            Data::Int(value) => Self(Box::new(value), Type::INT8),
            Data::Text(value) => Self(Box::new(value), Type::TEXT),
            Data::Bytes(value) => Self(Box::new(value), Type::BYTEA),
        }
    }
}

pub(crate) fn single(parameters: Vec<Value>) -> Vec<Parameter> {
    parameters.into_iter().map(Parameter::from).collect()
}

/// An array for each parameter of the sets, for a statement over `unnest`.
pub(crate) fn columns(sets: Vec<Vec<Value>>) -> Vec<Parameter> {
    enum Column {
        Int(Vec<Option<i64>>),
        Text(Vec<Option<String>>),
        Bytes(Vec<Option<Vec<u8>>>),
    }
    let mut columns: Vec<Column> = Vec::new();
    for set in sets {
        for (at, Value(data)) in set.into_iter().enumerate() {
            if at == columns.len() {
                columns.push(match &data {
                    Data::Int(_) => Column::Int(Vec::new()),
                    Data::Text(_) => Column::Text(Vec::new()),
                    Data::Bytes(_) => Column::Bytes(Vec::new()),
                });
            }
            match (columns.get_mut(at), data) {
                (Some(Column::Int(column)), Data::Int(value)) => column.push(value),
                (Some(Column::Text(column)), Data::Text(value)) => column.push(value),
                (Some(Column::Bytes(column)), Data::Bytes(value)) => column.push(value),
                // Every set of a statement has the same types.
                _ => {}
            }
        }
    }
    let array = |column| match column {
        Column::Int(values) => Parameter(Box::new(values), Type::INT8_ARRAY),
        Column::Text(values) => Parameter(Box::new(values), Type::TEXT_ARRAY),
        Column::Bytes(values) => Parameter(Box::new(values), Type::BYTEA_ARRAY),
    };
    columns.into_iter().map(array).collect()
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
